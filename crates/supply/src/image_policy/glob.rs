//! Patterns of image names, as sigstore's policy-controller has them: `*` stands for anything but
//! a slash, `**` for anything.
//!
//! Source: `pkg/apis/glob/glob.go` of sigstore/policy-controller.

use plimsoll_model::{Digest, ImageName};

/// The longest pattern, in bytes.
const MAX_BYTES: usize = 512;

/// A pattern of image names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// Anything but a slash.
    Word,
    /// Anything.
    Path,
}

impl Glob {
    /// Whether it is a pattern of this image's name, with its tag or digest or without: by each of the
    /// two names that Docker's registry has.
    pub fn matches_name(&self, name: &ImageName) -> bool {
        names(name, None, true).iter().any(|it| self.matches(it))
    }

    /// Reads a pattern; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_allowed = |one: char| one.is_ascii_alphanumeric() || "-_:/*.@".contains(one);
        if text.is_empty() || text.len() > MAX_BYTES {
            return Err(format!("a pattern has 1 to {MAX_BYTES} letters"));
        }
        if let Some(odd) = text.chars().find(|one| !is_allowed(*one)) {
            let why = "letters, digits and -_:/.@ stand for themselves, * and ** for anything";
            return Err(format!("`{odd}` is no part of a pattern: {why}"));
        }
        // Both are short for the images of Docker's registry.
        let full = match text {
            "*" => "index.docker.io/library/*",
            "*/*" => "index.docker.io/*/*",
            other => other,
        };
        let mut parts = Vec::new();
        let mut rest = full;
        while let Some(first) = rest.chars().next() {
            let length = if rest.starts_with("**") {
                parts.push(Part::Path);
                2
            } else if first == '*' {
                parts.push(Part::Word);
                1
            } else {
                let length = rest.find('*').unwrap_or(rest.len());
                parts.push(Part::Text(rest.get(..length).unwrap_or_default().to_owned()));
                length
            };
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same as a regular expression (RE2), without its ends.
    pub fn regex(&self) -> String {
        let one = |part: &Part| match part {
            Part::Text(text) => text.replace('.', "[.]"),
            Part::Word => "[^/]*".to_owned(),
            Part::Path => ".*".to_owned(),
        };
        self.parts.iter().map(one).collect()
    }

    /// How many letters stand for themselves: of two patterns the one with more says more.
    pub fn weight(&self) -> usize {
        let own = |part: &Part| if let Part::Text(text) = part { text.len() } else { 0 };
        self.parts.iter().map(own).sum()
    }

    /// Whether the whole text is one of those that the pattern stands for.
    pub fn matches(&self, text: &str) -> bool {
        // Every place in the text that the parts so far can end at.
        let mut ends = vec![false; text.len().saturating_add(1)];
        if let Some(first) = ends.first_mut() {
            *first = true;
        }
        for part in &self.parts {
            let mut next = vec![false; ends.len()];
            let mut open = false;
            for (at, can) in ends.iter().enumerate() {
                match part {
                    Part::Text(own) => {
                        let fits = text.get(at..).is_some_and(|rest| rest.starts_with(own));
                        let end = at.saturating_add(own.len());
                        if let Some(slot) = next.get_mut(end).filter(|_| *can && fits) {
                            *slot = true;
                        }
                    }
                    Part::Word | Part::Path => {
                        let before = at.checked_sub(1).and_then(|at| text.as_bytes().get(at));
                        if *part == Part::Word && before == Some(&b'/') {
                            open = false;
                        }
                        open |= *can;
                        if let Some(slot) = next.get_mut(at) {
                            *slot = open;
                        }
                    }
                }
            }
            ends = next;
        }
        ends.last() == Some(&true)
    }
}

/// Every way to write an image's name that a pattern may mean: with Docker's registry by either of
/// its names, by tag, by digest, and with `bare` without both.
pub(super) fn names(name: &ImageName, digest: Option<&Digest>, bare: bool) -> Vec<String> {
    let registries: &[&str] = match name.registry() {
        "docker.io" => &["index.docker.io", "docker.io"],
        other => &[other],
    };
    let mut all = Vec::new();
    for registry in registries {
        let repository = format!("{registry}/{}", name.repository());
        all.extend(name.tag().map(|tag| format!("{repository}:{tag}")));
        all.extend(name.digest().or(digest).map(|digest| format!("{repository}@{digest}")));
        if bare {
            all.push(repository);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(glob: &str, text: &str) -> bool {
        Glob::parse(glob).unwrap().matches(text)
    }

    #[test]
    fn a_pattern_is_a_regular_expression() {
        let of = |text: &str| Glob::parse(text).unwrap().regex();
        assert_eq!(of("registry.example/**"), "registry[.]example/.*");
        assert_eq!(of("a.b/c/*"), "a[.]b/c/[^/]*");
        assert_eq!(of("*/*"), "index[.]docker[.]io/[^/]*/[^/]*");
    }

    #[test]
    fn one_star_stays_between_slashes_and_two_do_not() {
        assert!(matches("r.io/*/app:*", "r.io/team/app:1.2"));
        assert!(!matches("r.io/*/app:*", "r.io/a/b/app:1.2"));
        assert!(matches("r.io/**", "r.io/a/b/app:1.2"));
        assert!(!matches("r.io/app", "r.io/app:1"), "a pattern means the whole name");
        assert!(!matches("r.io/app", "rxio/app"), "a dot is a dot");
        assert!(matches("**demo**", "r.io/demo/app:1"));
        assert!(matches("*", "index.docker.io/library/nginx:1"));
        assert!(matches("*/*", "index.docker.io/me/app:1"));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        assert!(Glob::parse("r.io/[ab]").unwrap_err().starts_with("`[` is no part"));
        assert!(Glob::parse("").is_err());
        assert!(Glob::parse(&"a".repeat(1000)).is_err());
    }

    #[test]
    fn many_stars_take_no_longer_than_the_square() {
        let glob = Glob::parse(&"a**".repeat(150)).unwrap();
        assert!(!glob.matches(&"a".repeat(149)));
        assert!(glob.matches(&"a".repeat(4000)));
    }

    proptest! {
        #[test]
        fn it_matches_what_the_expression_of_the_original_does(
            glob in "[ab/.:*]{1,8}", text in "[ab/.:]{0,8}"
        ) {
            prop_assume!(glob != "*" && glob != "*/*");
            let expression = glob.replace('.', "\\.").replace("**", "#").replace('*', "[^/]*");
            let expression = format!("^{}$", expression.replace('#', ".*"));
            let expected = regex::Regex::new(&expression).unwrap().is_match(&text);
            prop_assert_eq!(matches(&glob, &text), expected, "{}", expression);
        }
    }
}
