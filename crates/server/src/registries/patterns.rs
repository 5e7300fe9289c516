//! Which names are meant: `team/**, !team/scratch-*`.

use glob::{MatchOptions, Pattern};

use crate::error::{Error, Result};

/// How many patterns there may be.
const MOST: usize = 100;

/// Patterns of which one must fit, and none of those with `!`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patterns {
    wanted: Vec<Pattern>,
    unwanted: Vec<Pattern>,
}

impl Patterns {
    /// Patterns with commas between them: `*` and `?` stay between slashes, `**` does not. Nothing
    /// at all means everything.
    pub fn parse(what: &str, text: &str) -> Result<Self> {
        let mut patterns = Self { wanted: Vec::new(), unwanted: Vec::new() };
        for part in text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
            let (list, part) = match part.strip_prefix('!') {
                Some(part) => (&mut patterns.unwanted, part.trim()),
                None => (&mut patterns.wanted, part),
            };
            let pattern = Pattern::new(part)
                .map_err(|error| Error::Refused(format!("`{what}` has `{part}`: {}", error.msg)))?;
            list.push(pattern);
        }
        if patterns.wanted.len() + patterns.unwanted.len() > MOST {
            return Err(Error::Refused(format!("`{what}` has more than {MOST} patterns")));
        }
        Ok(patterns)
    }

    /// Whether a name is meant.
    pub fn fit(&self, name: &str) -> bool {
        let any = |list: &[Pattern]| list.iter().any(|it| it.matches_with(name, OPTIONS));
        (self.wanted.is_empty() || any(&self.wanted)) && !any(&self.unwanted)
    }

    /// The names themselves, where no pattern stands for more than one: they need not be looked up.
    pub fn literal(&self) -> Option<Vec<&str>> {
        let plain = |it: &Pattern| !it.as_str().contains(['*', '?', '[']);
        let all = !self.wanted.is_empty() && self.wanted.iter().all(plain);
        all.then(|| self.wanted.iter().map(Pattern::as_str).filter(|it| self.fit(it)).collect())
    }
}

const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_must_fit_and_none_of_the_unwanted() {
        let patterns = Patterns::parse("repositories", "team/**, base/*, !team/scratch-*").unwrap();
        for name in ["team/app", "team/deep/app", "base/debian"] {
            assert!(patterns.fit(name), "{name}");
        }
        for name in ["team/scratch-1", "base/deep/er", "other/app"] {
            assert!(!patterns.fit(name), "{name}");
        }
        assert!(Patterns::parse("tags", "").unwrap().fit("anything"));
        assert!(!Patterns::parse("tags", "!*-dev").unwrap().fit("1.2-dev"));
        assert_eq!(patterns.literal(), None);
        assert_eq!(Patterns::parse("it", "a/b, c").unwrap().literal(), Some(vec!["a/b", "c"]));
        assert!(Patterns::parse("tags", "[").unwrap_err().to_string().contains("`tags` has `[`"));
    }
}
