//! What can be decided about a weakness.
//!
//! Source: <https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>, to which `accepted` is added.

use crate::error::{Error, Result};

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It does no harm here.
    NotAffected,
    /// Somebody looks at it.
    InTriage,
    /// It is to be mended.
    Affected,
    /// It is mended in a way that the version does not show.
    Fixed,
    /// The risk is taken, mostly for a time.
    Accepted,
}

impl State {
    /// Each of them.
    pub const ALL: [Self; 5] =
        [Self::NotAffected, Self::InTriage, Self::Affected, Self::Fixed, Self::Accepted];

    /// In a word, as the API and the store have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotAffected => "not_affected",
            Self::InTriage => "in_triage",
            Self::Affected => "affected",
            Self::Fixed => "fixed",
            Self::Accepted => "accepted",
        }
    }

    /// The inverse of [`State::name`].
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name).ok_or_else(|| {
            let all: Vec<&str> = Self::ALL.into_iter().map(Self::name).collect();
            Error::Refused(format!("`state` is `{name}`: expected one of {}", all.join(", ")))
        })
    }
}

/// Why something does no harm, and what CycloneDX calls that.
pub const JUSTIFICATIONS: [(&str, &str); 5] = [
    ("component_not_present", "code_not_present"),
    ("vulnerable_code_not_present", "code_not_present"),
    ("vulnerable_code_not_in_execute_path", "code_not_reachable"),
    ("vulnerable_code_cannot_be_controlled_by_adversary", "requires_environment"),
    ("inline_mitigations_already_exist", "protected_by_mitigating_control"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_back_and_others_are_refused_with_all_names() {
        for state in State::ALL {
            assert_eq!(State::parse(state.name()).unwrap(), state);
        }
        assert!(State::parse("maybe").unwrap_err().to_string().contains("in_triage, affected"));
    }
}
