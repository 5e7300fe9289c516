//! The commit and the tag that provenance says an artefact was built from.

use serde_json::Value;

use super::git::{normalize_uri, split_uri};

/// What was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRevision {
    /// The commit's id in hexadecimal.
    pub commit: String,
    /// The tag that the build was started for, without `refs/tags/`.
    pub tag: Option<String>,
}

impl SourceRevision {
    /// Reads what a verified statement, of SLSA provenance 0.2 or 1, says of the repository
    /// `source_uri`. Where it says two things, it says nothing.
    pub fn of(statement: &[u8], source_uri: &str) -> Option<Self> {
        let statement: Value = serde_json::from_slice(statement).ok()?;
        let predicate = statement.get("predicate")?;
        let lists = [
            predicate.pointer("/buildDefinition/resolvedDependencies"),
            predicate.pointer("/materials"),
        ];
        let wanted = normalize_uri(source_uri);
        let mut found: Option<Self> = None;
        let config = predicate.pointer("/invocation/configSource");
        for entry in lists.into_iter().flatten().filter_map(Value::as_array).flatten().chain(config)
        {
            let Some(uri) = entry.get("uri").and_then(Value::as_str) else { continue };
            let (repository, reference) = split_uri(uri).unwrap_or((uri, ""));
            if normalize_uri(repository).trim_end_matches(".git") != wanted {
                continue;
            }
            let digest =
                |name: &str| entry.pointer(&format!("/digest/{name}")).and_then(Value::as_str);
            let Some(commit) = digest("gitCommit").or_else(|| digest("sha1")) else { continue };
            let tag = reference.strip_prefix("refs/tags/").map(str::to_owned);
            match &mut found {
                None => found = Some(Self { commit: commit.to_owned(), tag }),
                Some(before) if before.commit != commit => return None,
                Some(before) => before.tag = before.tag.take().or(tag),
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_provenance_name_commit_and_tag() {
        let uri = "git+https://github.com/org/app@refs/tags/v1.2";
        let first = serde_json::json!({"predicate": {
            "invocation": {"configSource": {"uri": uri, "digest": {"sha1": "ab"}}},
            "materials": [{"uri": uri, "digest": {"sha1": "ab"}}],
        }});
        let second = serde_json::json!({"predicate": {"buildDefinition": {"resolvedDependencies": [
            {"uri": "git+https://github.com/org/other@refs/tags/v9", "digest": {"gitCommit": "cd"}},
            {"uri": uri, "digest": {"gitCommit": "ab"}},
        ]}}});
        let expected = Some(SourceRevision { commit: "ab".into(), tag: Some("v1.2".into()) });
        for statement in [&first, &second] {
            let bytes = statement.to_string();
            assert_eq!(SourceRevision::of(bytes.as_bytes(), "github.com/org/app"), expected);
            assert_eq!(SourceRevision::of(bytes.as_bytes(), "github.com/org/ap"), None);
        }
        let two = first.to_string().replacen("\"ab\"", "\"ef\"", 1);
        assert_eq!(SourceRevision::of(two.as_bytes(), "github.com/org/app"), None);
    }
}
