//! YAML documents as JSON values, with bounds on depth, nodes and what aliases expand to.

use serde_json::Value;

/// Nodes of one document: a lock file of a large repository has some 100,000.
const MAX_NODES: usize = 1_000_000;

/// Reads a file of one document, or says what is wrong and where. An empty file is null.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    Ok(documents(text)?.into_iter().next().unwrap_or_default())
}

/// Reads all documents of a file.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>, String> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: MAX_NODES,
            max_events: 4 * MAX_NODES,
            max_depth: 64,
            max_aliases: 1_000,
            max_anchors: 1_000,
        },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins,
        with_snippet: false,
    };
    let all = serde_saphyr::from_str_multiple_with_options::<Value, Vec<Value>>(text, options);
    all.map_err(|error| error.to_string())
}

/// A scalar as text: versions such as `1.0` are numbers to YAML.
pub(crate) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_a_value_and_an_empty_one_null() {
        assert_eq!(parse("a:\n  '@b/c': {d: 'x'}\n").unwrap()["a"]["@b/c"]["d"], "x");
        assert_eq!(parse("").unwrap(), Value::Null);
        assert_eq!(documents("---\na: 1\n---\nb: 2\n").unwrap().len(), 2);
        assert_eq!(parse("# only words\n").unwrap(), Value::Null);
    }

    #[test]
    fn depth_and_aliases_are_bounded() {
        assert!(parse(&"[".repeat(10_000)).is_err());
        let line = |at: usize| format!("a{at}: &a{at} [*a{0}, *a{0}, *a{0}, *a{0}]\n", at - 1);
        let bomb: Vec<String> = (1..40).map(line).collect();
        assert!(parse(&format!("a0: &a0 [x]\n{}", bomb.concat())).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[a-c:\\[\\]{}&*'\"\n -]{0,60}") {
            let _ = parse(&text);
        }
    }
}
