//! What an archive's file name says: `NAME-VERSION[-CLASSIFIER].jar`.

/// Name and version in a file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileName<'n> {
    /// All before the version; the whole stem where there is none.
    pub(crate) name: &'n str,
    /// Empty where there is none.
    pub(crate) version: &'n str,
    /// The file name without its extension.
    pub(crate) stem: &'n str,
}

/// Words behind a version that are none of it.
const CLASSIFIERS: [&str; 8] =
    ["-sources", "-javadoc", "-tests", "-test-sources", "-shaded", "-all", "-exec", "-boot"];

impl<'n> FileName<'n> {
    /// Splits the last part of `path`.
    pub(crate) fn of(path: &'n str) -> Self {
        let file = path.rsplit('/').next().unwrap_or(path);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        // The version begins at the first dash (or, rarely, underscore) before a digit.
        let split = stem.char_indices().find(|&(at, c)| {
            let next = stem.get(at + c.len_utf8()..).unwrap_or_default();
            at > 0 && ((c == '-' && is_version(next)) || (c == '_' && is_bundle_version(next)))
        });
        let Some((at, _)) = split else { return Self { name: stem, version: "", stem } };
        let mut version = stem.get(at + 1..).unwrap_or_default();
        for classifier in CLASSIFIERS {
            version = version.strip_suffix(classifier).unwrap_or(version);
        }
        Self { name: stem.get(..at).unwrap_or(stem), version, stem }
    }

    /// Whether the file is named after this artefact.
    pub(crate) fn is_of(&self, artifact: &str) -> bool {
        let rest = self.stem.strip_prefix(artifact);
        !artifact.is_empty()
            && (self.name == artifact
                || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_', '.'])))
    }
}

/// `1.2`, `v1`, `20040616`, `2.0-beta9`; not the `2` of `log4j-1.2-api-…` when letters follow.
fn is_version(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let first = text.split(['-', '_']).next().unwrap_or(text);
    if !first.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    // `1.2-api-2.14.1`: a word, then something that is a version again.
    let later = text.split(['-', '_']).skip(1).collect::<Vec<_>>();
    let word = later.first().is_some_and(|word| word.chars().all(|c| c.is_ascii_alphabetic()));
    let again = later
        .get(1)
        .is_some_and(|part| part.starts_with(|c: char| c.is_ascii_digit()) && part.contains('.'));
    !(word && again)
}

/// `3.7.2.v2012` of a bundle, and not the `2.12-1.0` of a Scala library.
fn is_bundle_version(text: &str) -> bool {
    is_version(text) && text.matches('.').count() >= 2 && !text.contains('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(file: &str) -> (&str, &str) {
        let name = FileName::of(file);
        (name.name, name.version)
    }

    #[test]
    fn the_version_follows_the_name() {
        assert_eq!(of("lib/log4j-core-2.14.1.jar"), ("log4j-core", "2.14.1"));
        assert_eq!(of("log4j-1.2-api-2.14.1.jar"), ("log4j-1.2-api", "2.14.1"));
        assert_eq!(of("guava-31.1-jre.jar"), ("guava", "31.1-jre"));
        assert_eq!(of("commons-io-2.4-sources.jar"), ("commons-io", "2.4"));
        assert_eq!(of("h2.jar"), ("h2", ""));
        assert_eq!(of("commons-logging-1.0.4-20040616.jar"), ("commons-logging", "1.0.4-20040616"));
        assert_eq!(of("akka-actor_2.12-2.5.1.jar"), ("akka-actor_2.12", "2.5.1"));
        assert_eq!(of("org.eclipse.osgi_3.7.2.v2012.jar"), ("org.eclipse.osgi", "3.7.2.v2012"));
    }

    #[test]
    fn a_file_may_be_named_after_an_artefact_without_saying_a_version() {
        assert!(FileName::of("log4j-core.jar").is_of("log4j-core"));
        assert!(FileName::of("log4j-core-latest.jar").is_of("log4j-core"));
        assert!(!FileName::of("log4j-corex-1.jar").is_of("log4j-core"));
    }
}
