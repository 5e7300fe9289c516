//! One ignore comment, read.
//!
//! hadolint's grammar is strict: codes of capital letters and digits, commas between, and behind
//! them nothing but a `#` with a reason. A comment that comes near it and is not it counts for
//! nothing there, so it counts for nothing here, and a rule says so.

use crate::date::Date;

/// Whose comment it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// `# hadolint ignore=`
    Hadolint,
    /// `# plimsoll ignore=`
    Plimsoll,
    /// `# shellcheck disable=`
    Shellcheck,
}

/// What it holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The next instruction, or the next line within one.
    Next,
    /// The stage whose `FROM` follows.
    Stage,
    /// The file.
    Global,
}

/// An ignore comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pragma {
    pub(crate) tool: Tool,
    pub(crate) reach: Reach,
    /// The rules that it names.
    pub(crate) rules: Vec<String>,
    /// The last day on which it counts.
    pub(crate) until: Option<Date>,
}

/// Why a comment that looks like an ignore comment is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PragmaError {
    #[error("`{0}` is no code of a rule: codes are written like DL3008, with commas between")]
    Code(String),
    #[error("`{0}` stands behind the codes: write `#` before a reason")]
    Behind(String),
    #[error("no rule is named behind `=`")]
    Empty,
    #[error("{0}")]
    Date(#[from] crate::date::DateError),
    #[error("`{0}` is no part of it: behind the rules come until=DATE and reason=TEXT")]
    Field(String),
}

impl Pragma {
    /// Reads a comment, `#` and all; `None` for other comments.
    pub(crate) fn parse(comment: &str) -> Result<Option<Self>, PragmaError> {
        let Some(text) = comment.strip_prefix('#') else { return Ok(None) };
        let text = text.trim();
        let tools = [
            ("hadolint", Tool::Hadolint),
            ("plimsoll", Tool::Plimsoll),
            ("shellcheck", Tool::Shellcheck),
        ];
        let found = tools.iter().find_map(|(name, tool)| Some((*tool, word(text, name)?)));
        let Some((tool, text)) = found else { return Ok(None) };
        let reaches = [("global", Reach::Global), ("stage", Reach::Stage)];
        let reach = reaches.iter().find_map(|(name, reach)| Some((*reach, word(text, name)?)));
        let (reach, text) =
            reach.filter(|_| tool != Tool::Shellcheck).unwrap_or((Reach::Next, text));
        let verb = if tool == Tool::Shellcheck { "disable" } else { "ignore" };
        let list = text.strip_prefix(verb).and_then(|rest| rest.trim_start().strip_prefix('='));
        let Some(list) = list.map(str::trim_start) else { return Ok(None) };
        let mut pragma = Self { tool, reach, rules: Vec::new(), until: None };
        match tool {
            Tool::Hadolint => pragma.hadolint(list)?,
            Tool::Plimsoll => pragma.plimsoll(list)?,
            Tool::Shellcheck => {
                let codes = list.split_whitespace().next().unwrap_or_default();
                pragma.rules = codes.split(',').map(str::to_owned).collect();
            }
        }
        Ok(Some(pragma))
    }

    fn hadolint(&mut self, list: &str) -> Result<(), PragmaError> {
        let codes = list.split_once('#').map_or(list, |(codes, _)| codes);
        for code in codes.split(',').map(str::trim) {
            let end = code.find(|one: char| !one.is_ascii_digit() && !"DLSC".contains(one));
            let (name, behind) =
                code.split_at_checked(end.unwrap_or(code.len())).unwrap_or((code, ""));
            match (name, behind.trim_start()) {
                ("", "") => return Err(PragmaError::Empty),
                (_, "") => self.rules.push(name.to_owned()),
                (name, rest) if !name.is_empty() && behind.starts_with(char::is_whitespace) => {
                    return Err(PragmaError::Behind(rest.to_owned()));
                }
                _ => return Err(PragmaError::Code(code.to_owned())),
            }
        }
        Ok(())
    }

    fn plimsoll(&mut self, list: &str) -> Result<(), PragmaError> {
        let mut rest = list;
        loop {
            let end = rest.find(|one: char| one == ',' || one.is_whitespace());
            let (name, behind) =
                rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, ""));
            if name.is_empty() {
                return Err(PragmaError::Empty);
            }
            self.rules.push(name.to_owned());
            let behind = behind.trim_start();
            let Some(next) = behind.strip_prefix(',') else {
                rest = behind;
                break;
            };
            rest = next.trim_start();
        }
        while !rest.is_empty() && !rest.starts_with('#') && !rest.starts_with("reason=") {
            let field = rest.split_whitespace().next().unwrap_or_default();
            let Some(date) = field.strip_prefix("until=") else {
                return Err(PragmaError::Field(field.to_owned()));
            };
            self.until = Some(date.parse()?);
            rest = rest.get(field.len()..).unwrap_or_default().trim_start();
        }
        Ok(())
    }

    /// Whether its last day is over.
    pub(crate) fn is_expired(&self, today: Option<Date>) -> bool {
        self.until.zip(today).is_some_and(|(until, today)| today > until)
    }
}

/// What stands behind a word and the blanks that end it.
fn word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let rest = text.strip_prefix(word)?;
    rest.starts_with(char::is_whitespace).then(|| rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(comment: &str) -> Option<Vec<String>> {
        Pragma::parse(comment).ok().flatten().map(|pragma| pragma.rules)
    }

    #[test]
    fn blanks_and_a_reason_behind_a_hash_are_read() {
        for comment in [
            "# hadolint ignore=DL3020,SC2086",
            "#\thadolint  ignore = DL3020 , SC2086",
            "# hadolint ignore=DL3020,SC2086 # because, of it",
            "# hadolint ignore=DL3020,SC2086#x",
        ] {
            assert_eq!(rules(comment).as_deref(), Some(&["DL3020".into(), "SC2086".into()][..]));
        }
    }

    #[test]
    fn what_hadolint_does_not_read_is_told() {
        let error = |comment: &str| Pragma::parse(comment).map_err(|error| error.to_string());
        assert!(
            error("# hadolint ignore=DL3020 because").is_err_and(|why| why.contains("`because`"))
        );
        assert!(error("# hadolint ignore=dl3020").is_err_and(|why| why.contains("`dl3020`")));
        for wrong in ["DL3020,", ",DL3020", "DL3020;DL3021", "all", "", "DL3020\\"] {
            assert!(error(&format!("# hadolint ignore={wrong}")).is_err(), "{wrong}");
        }
        for other in ["## hadolint ignore=x", "# Hadolint ignore=x", "# hadolint: ignore=x"] {
            assert_eq!(error(other), Ok(None), "{other}");
        }
        assert_eq!(error("# hadolint shell=sh"), Ok(None));
    }

    #[test]
    fn our_own_comments_have_a_last_day_and_a_reason() {
        let text = "# plimsoll global ignore=DL3008, StageNameCasing until=2027-01-31 reason=a, b";
        let pragma = Pragma::parse(text).ok().flatten();
        assert!(pragma.is_some_and(|pragma| {
            pragma.rules == ["DL3008", "StageNameCasing"]
                && pragma.reach == Reach::Global
                && pragma.is_expired("2027-02-01".parse().ok())
                && !pragma.is_expired("2027-01-31".parse().ok())
                && !pragma.is_expired(None)
        }));
        assert!(Pragma::parse("# plimsoll ignore=DL3008 until=soon").is_err());
        assert!(Pragma::parse("# plimsoll ignore=DL3008 because").is_err());
    }
}
