//! A jar's `META-INF/MANIFEST.MF`, main section.
//!
//! Lines are at most 72 bytes; one that begins with a space continues the one above it.
//!
//! Source: <https://docs.oracle.com/en/java/javase/21/docs/specs/jar/jar.html#jar-manifest>.

use std::collections::HashMap;

/// The main attributes, their names in lower case.
#[derive(Debug, Default)]
pub(crate) struct Manifest(HashMap<String, String>);

impl Manifest {
    /// Reads the main section: all up to the first blank line.
    pub(crate) fn parse(text: &str) -> Self {
        let mut attributes: HashMap<String, String> = HashMap::new();
        let mut last: Option<String> = None;
        for line in text.lines() {
            if line.is_empty() {
                if attributes.is_empty() {
                    continue;
                }
                break;
            }
            if let Some(more) = line.strip_prefix(' ') {
                let value = last.as_ref().and_then(|key| attributes.get_mut(key));
                if let Some(value) = value {
                    value.push_str(more);
                }
            } else if let Some((key, value)) = line.split_once(':') {
                let key = key.to_ascii_lowercase();
                attributes.insert(key.clone(), value.strip_prefix(' ').unwrap_or(value).to_owned());
                last = Some(key);
            }
        }
        Self(attributes)
    }

    /// An attribute (its name in lower case), where it has a value that is no open property.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?.trim();
        (!value.is_empty() && !value.contains("${") && value != "null" && value != "unspecified")
            .then_some(value)
    }

    /// Version of the implementation, and whether it is merely the bundle's, which is forced
    /// into three numbers and a word.
    pub(crate) fn version(&self) -> Option<(&str, bool)> {
        let stated = ["implementation-version", "plugin-version", "specification-version"];
        let has_digit = |text: &&str| text.contains(|c: char| c.is_ascii_digit());
        let version = |name: &&str| self.get(name).map(first_word).filter(has_digit);
        let (exact, rough) = stated.split_at(2);
        exact
            .iter()
            .find_map(version)
            .map(|version| (version, false))
            .or_else(|| version(&"bundle-version").map(|version| (version, true)))
            .or_else(|| rough.iter().find_map(version).map(|version| (version, true)))
    }

    /// Names under which it may be known, best first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let keys = [
            "implementation-title",
            "short-name",
            "extension-name",
            "bundle-symbolicname",
            "automatic-module-name",
        ];
        keys.into_iter().filter_map(|key| self.get(key)).map(|value| {
            // Directives follow a symbolic name: `org.a;singleton:=true`.
            value.split(';').next().unwrap_or(value).trim()
        })
    }

    /// A name that has the form of an artefact's: no spaces, no capitals in a Java package.
    pub(crate) fn artifact(&self) -> Option<&str> {
        self.names().find(|name| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        })
    }
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or(text).trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_joined_and_later_sections_left() {
        let manifest = Manifest::parse(
            "Manifest-Version: 1.0\r\nImplementation-Title: data-ma\r\n pper\r\nBundle-SymbolicName: org.a;singleton:=true\r\n\
             Bundle-Version: 1.2.0.Final\r\n\r\nName: x\r\nImplementation-Version: 9\r\n",
        );
        assert_eq!(manifest.artifact(), Some("data-mapper"));
        assert_eq!(manifest.names().nth(1), Some("org.a"));
        assert_eq!(manifest.version(), Some(("1.2.0.Final", true)));
    }

    #[test]
    fn open_properties_are_no_values() {
        let manifest =
            Manifest::parse("Implementation-Version: ${version}\nImplementation-Title: A b\n");
        assert_eq!((manifest.version(), manifest.artifact()), (None, None));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*") {
            Manifest::parse(&text).version();
        }
    }
}
