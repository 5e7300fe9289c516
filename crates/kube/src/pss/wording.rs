//! Words as Kubernetes puts them together.
//!
//! After `policy/helpers.go`; sets are sorted by bytes, as Go's are.

use std::collections::BTreeSet;

/// `"a", "b"`
pub(super) fn quoted<'t>(items: impl IntoIterator<Item = &'t str>) -> String {
    let items: Vec<&str> = items.into_iter().collect();
    if items.is_empty() { String::new() } else { format!("\"{}\"", items.join("\", \"")) }
}

/// One word for one, another for any other number.
pub(super) fn plural<'w>(one: &'w str, many: &'w str, count: usize) -> &'w str {
    if count == 1 { one } else { many }
}

/// `container "a"`, `containers "a", "b"`.
pub(super) fn containers(names: &[&str]) -> String {
    let word = plural("container", "containers", names.len());
    format!("{word} {}", quoted(names.iter().copied()))
}

/// Who sets something: the pod, containers, or both.
pub(super) fn setters(pod: bool, names: &[&str]) -> String {
    let pod = pod.then(|| "pod".to_owned());
    let containers = (!names.is_empty()).then(|| containers(names));
    pod.into_iter().chain(containers).collect::<Vec<_>>().join(" and ")
}

/// The items of a set, quoted.
pub(super) fn quoted_set(items: &BTreeSet<&str>) -> String {
    quoted(items.iter().copied())
}

/// A text as Go's `%q` writes it: <https://pkg.go.dev/strconv#Quote>
pub(super) fn go_quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for one in text.chars() {
        match one {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            low if u32::from(low) < 0x20 || low == '\u{7f}' => {
                quoted.extend(["\\x", &format!("{:02x}", u32::from(low))]);
            }
            odd if odd.is_control() || odd != ' ' && odd.is_whitespace() || odd == '\u{feff}' => {
                quoted.extend(["\\u", &format!("{:04x}", u32::from(odd))]);
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_as_go_does() {
        assert_eq!(go_quoted("a\"b\\\n\u{1}é\u{85}"), r#""a\"b\\\n\x01é\u0085""#);
    }

    #[test]
    fn setters_are_joined() {
        assert_eq!(setters(true, &["a", "b"]), "pod and containers \"a\", \"b\"");
        assert_eq!(setters(false, &["a"]), "container \"a\"");
    }
}
