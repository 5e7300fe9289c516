//! What a gate decided: every rule that was asked, of every subject, with what speaks against it.
//!
//! A rule denies or warns. What could not be judged is said as such and never passes in silence.

use std::fmt;

use crate::{Digest, Timestamp};

/// What a violation of a rule comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The rule is not asked.
    Off,
    /// It is told, and the gate stays open.
    Warn,
    /// The gate closes.
    Deny,
}

impl Effect {
    /// All, with their names.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Off, "off"), (Self::Warn, "warn"), (Self::Deny, "deny")];

    /// In lower case.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(effect, _)| *effect == self).map_or("", |(_, name)| name)
    }

    /// The effect of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(effect, _)| *effect)
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A good practice that rules stand for: a line of the checklist by which a summary is grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Practice {
    /// Secure Dockerfiles.
    Dockerfiles,
    /// Run as non-root.
    NonRoot,
    /// Scan all images.
    Scan,
    /// Use minimal base images.
    MinimalBases,
    /// Regular updates.
    Updates,
    /// Sign images.
    Sign,
    /// Generate SBOMs.
    Sbom,
    /// Prove where images come from.
    Provenance,
    /// Implement runtime protection.
    Runtime,
    /// Configure network policies.
    Network,
    /// Detect what containers do.
    Detection,
}

impl Practice {
    /// All, in the order of a summary, with their titles.
    pub const ALL: [(Self, &'static str); 11] = [
        (Self::Dockerfiles, "Secure Dockerfiles"),
        (Self::NonRoot, "Run as non-root"),
        (Self::Scan, "Scan all images"),
        (Self::MinimalBases, "Use minimal base images"),
        (Self::Updates, "Update regularly"),
        (Self::Sign, "Sign images"),
        (Self::Sbom, "Generate SBOMs"),
        (Self::Provenance, "Prove where images come from"),
        (Self::Runtime, "Protect what runs"),
        (Self::Network, "Configure network policies"),
        (Self::Detection, "Detect threats at run time"),
    ];

    /// What it asks for.
    pub fn title(self) -> &'static str {
        Self::ALL.iter().find(|(practice, _)| *practice == self).map_or("", |(_, title)| title)
    }
}

/// What a gate asks for: the text of a rule's page.
#[derive(Debug)]
pub struct Rule {
    /// Its judge and its name: `signature.signed`.
    pub id: &'static str,
    /// What to do, in one sentence without a full stop.
    pub title: &'static str,
    /// Why, in a sentence or two.
    pub why: &'static str,
    /// How it is mended: the command, or the change.
    pub fix: &'static str,
    /// What it stands for.
    pub practice: Practice,
    /// What a violation comes to, unless a policy says otherwise.
    pub effect: Effect,
    /// The exit code of a denial: 5, or 4 where data is too old.
    pub exit_code: u8,
}

impl Rule {
    /// The exit code of what a policy denies.
    pub const DENIED: u8 = 5;
    /// The exit code of advisory data that is too old.
    pub const STALE: u8 = 4;
    /// The exit code of what could not be judged.
    pub const PARTIAL: u8 = 3;

    /// The judge that asks it.
    pub fn judge(&self) -> &'static str {
        self.id.split_once('.').map_or(self.id, |(judge, _)| judge)
    }
}

/// Where a violation stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as it was found.
    pub file: String,
    /// The line, from 1; 0 where the file as a whole is meant.
    pub line: u32,
    /// The column in characters, from 1; 0 where it is not known.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.file)?;
        match (self.line, self.column) {
            (0, _) => Ok(()),
            (line, 0) => write!(out, ":{line}"),
            (line, column) => write!(out, ":{line}:{column}"),
        }
    }
}

/// What speaks against a subject.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Violation {
    /// What people search for: `CVE-2024-3094`, `DL3007`; empty where there is no such name.
    pub id: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where it stands, where it stands in a file.
    pub place: Option<Place>,
    /// What mends just this one, where more is known than the rule says.
    pub fix: Option<String>,
    /// The exception by which it does not count: an index into [`Decision::exceptions`].
    pub excepted: Option<usize>,
}

impl Violation {
    /// One without a name or a place.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// The same, called so.
    #[must_use]
    pub fn called(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// The same, with what mends it.
    #[must_use]
    pub fn mended_by(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// The same, at a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }
}

/// How a subject came out by a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// The rule is not about such a subject, or about nothing that was found.
    NotAsked,
    /// Nothing speaks against it.
    Passed,
    /// Only exceptions let it pass.
    Excepted,
    /// It violates a rule that warns.
    Warned,
    /// It could not be judged.
    Unknown,
    /// It violates a rule that denies.
    Denied,
}

impl State {
    /// One word, as reports have it.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotAsked => "not asked",
            Self::Passed => "pass",
            Self::Excepted => "excepted",
            Self::Warned => "warn",
            Self::Unknown => "unknown",
            Self::Denied => "deny",
        }
    }
}

/// One rule, asked of one subject.
#[derive(Debug, Clone)]
pub struct Ruling {
    /// The rule.
    pub rule: &'static Rule,
    /// What a violation comes to here.
    pub effect: Effect,
    /// The subject's name, as in [`Decision::subjects`].
    pub subject: String,
    /// How it came out.
    pub state: State,
    /// What speaks against it, what exceptions cover included.
    pub violations: Vec<Violation>,
    /// What a pass rests on, or why it could not be judged or was not asked.
    pub why: String,
}

impl Ruling {
    /// What counts: violations that no exception covers.
    pub fn standing(&self) -> impl Iterator<Item = &Violation> {
        self.violations.iter().filter(|one| one.excepted.is_none())
    }
}

/// What is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// As it was named.
    pub name: String,
    /// `image`, `folder` or `file`.
    pub kind: &'static str,
    /// The digest of an image's manifest, where it has one.
    pub digest: Option<Digest>,
}

/// An exception of a policy, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The rule that it is from, or `judge.*`.
    pub rule: String,
    /// The violation that it is for; all where there is none.
    pub id: Option<String>,
    /// The subjects that it is for, with `*` for any characters; all where there is none.
    pub subject: Option<String>,
    /// The files that it is for, in the same way.
    pub path: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// Why it is made.
    pub reason: String,
    /// The last day on which it holds, `2026-12-31`.
    pub expires: String,
    /// Whether that day has passed.
    pub expired: bool,
    /// How many violations it covers, or would cover if it had not expired.
    pub used: usize,
    /// The line of the policy that it stands on.
    pub line: u32,
}

/// What a gate decided.
#[derive(Debug, Clone)]
pub struct Decision {
    /// What was judged.
    pub subjects: Vec<Subject>,
    /// Every rule that was asked, by judge and subject.
    pub rulings: Vec<Ruling>,
    /// The exceptions of the policy.
    pub exceptions: Vec<Exception>,
    /// The policy's file; `None` for the one that is built in.
    pub policy: Option<String>,
    /// The policy's SHA-256 in hexadecimal, where it is a file.
    pub policy_sha256: Option<String>,
    /// When it was decided.
    pub decided_at: Timestamp,
}

impl Decision {
    /// How many rulings came out so.
    pub fn count(&self, state: State) -> usize {
        self.rulings.iter().filter(|one| one.state == state).count()
    }

    /// Whether the gate is open.
    pub fn is_pass(&self) -> bool {
        self.exit_code() == 0
    }

    /// 5 where a rule denies, which nothing that is not known can undo; else 3 where one that denies
    /// could not be judged, 4 where only the age of advisories is too high, and 0.
    pub fn exit_code(&self) -> u8 {
        let denied = |code: u8| {
            let mut all = self.rulings.iter().filter(|one| one.state == State::Denied);
            all.any(|one| one.rule.exit_code == code)
        };
        let unknown = |one: &Ruling| one.state == State::Unknown && one.effect == Effect::Deny;
        if denied(Rule::DENIED) {
            Rule::DENIED
        } else if self.rulings.iter().any(unknown) {
            Rule::PARTIAL
        } else if denied(Rule::STALE) {
            Rule::STALE
        } else {
            0
        }
    }

    /// One word: `pass`, `deny`, `partial` or `stale`.
    pub fn word(&self) -> &'static str {
        match self.exit_code() {
            0 => "pass",
            Rule::PARTIAL => "partial",
            Rule::STALE => "stale",
            _ => "deny",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Rule = Rule {
        id: "signature.signed",
        title: "",
        why: "",
        fix: "",
        practice: Practice::Sign,
        effect: Effect::Deny,
        exit_code: Rule::DENIED,
    };
    static SIGNED: Rule = PAGE;
    static FRESH: Rule = Rule { id: "findings.fresh", exit_code: Rule::STALE, ..PAGE };

    fn ruling(rule: &'static Rule, state: State, effect: Effect) -> Ruling {
        let (subject, why) = (String::new(), String::new());
        Ruling { rule, effect, subject, state, violations: Vec::new(), why }
    }

    fn code(rulings: Vec<Ruling>) -> u8 {
        let decided_at = Timestamp::from_unix(0);
        let (policy, policy_sha256) = (None, None);
        let (subjects, exceptions) = (Vec::new(), Vec::new());
        Decision { subjects, rulings, exceptions, policy, policy_sha256, decided_at }.exit_code()
    }

    #[test]
    fn a_denial_stands_whatever_is_not_known_and_what_is_not_known_is_no_pass() {
        let denied = ruling(&SIGNED, State::Denied, Effect::Deny);
        let unknown = ruling(&SIGNED, State::Unknown, Effect::Deny);
        let stale = ruling(&FRESH, State::Denied, Effect::Deny);
        assert_eq!(code(vec![unknown.clone(), denied, stale.clone()]), 5);
        assert_eq!(code(vec![stale.clone(), unknown]), 3);
        assert_eq!(code(vec![stale]), 4);
        assert_eq!(code(vec![ruling(&SIGNED, State::Unknown, Effect::Warn)]), 0);
        assert_eq!(code(vec![ruling(&SIGNED, State::Warned, Effect::Warn)]), 0);
    }
}
