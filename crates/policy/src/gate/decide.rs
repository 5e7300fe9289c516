//! From what judges answered to a decision.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::Timestamp;
use plimsoll_model::gate::{Decision, Effect, Exception, Rule, Ruling, State, Subject, Violation};

use super::page::Page;
use super::read::Policy;

/// What a judge said of a subject by one rule.
#[derive(Debug)]
enum Answer {
    Passed(String),
    Violated(Vec<Violation>),
    Unknown(String),
    NotAsked(String),
}

/// What judges said, each rule of each subject once; the last word counts, but violations add up.
#[derive(Debug, Default)]
pub struct Answers {
    said: BTreeMap<(&'static str, String), Answer>,
    /// Judges and subjects that have nothing to do with each other.
    apart: BTreeSet<(&'static str, String)>,
}

impl Answers {
    /// The subject meets the rule, by what was seen.
    pub fn passed(&mut self, rule: &'static str, subject: &str, seen: impl Into<String>) {
        self.say(rule, subject, Answer::Passed(seen.into()));
    }

    /// What speaks against the subject; where that is nothing it passes, by what was seen.
    pub fn judged(
        &mut self,
        rule: &'static str,
        subject: &str,
        violations: Vec<Violation>,
        seen: impl Into<String>,
    ) {
        let answer = if violations.is_empty() {
            Answer::Passed(seen.into())
        } else {
            Answer::Violated(violations)
        };
        self.say(rule, subject, answer);
    }

    /// Adds what speaks against the subject, and says nothing where that is nothing.
    pub fn add(&mut self, rule: &'static str, subject: &str, violations: Vec<Violation>) {
        if !violations.is_empty() {
            self.say(rule, subject, Answer::Violated(violations));
        }
    }

    /// The subject passes unless something was said of it before.
    pub fn settle(&mut self, rule: &'static str, subject: &str, seen: &str) {
        let key = (rule, subject.to_owned());
        self.said.entry(key).or_insert_with(|| Answer::Passed(seen.to_owned()));
    }

    /// The rule is about nothing that the subject has, unless something was said of it before.
    pub fn settle_not_asked(&mut self, rule: &'static str, subject: &str, why: &str) {
        let key = (rule, subject.to_owned());
        self.said.entry(key).or_insert_with(|| Answer::NotAsked(why.to_owned()));
    }

    /// It could not be judged, unless something was said of it before.
    pub fn settle_unknown(&mut self, rule: &'static str, subject: &str, why: &str) {
        let key = (rule, subject.to_owned());
        self.said.entry(key).or_insert_with(|| Answer::Unknown(why.to_owned()));
    }

    /// It could not be judged, and why.
    pub fn unknown(&mut self, rule: &'static str, subject: &str, why: impl Into<String>) {
        self.say(rule, subject, Answer::Unknown(why.into()));
    }

    /// The rule is about nothing that the subject has, and why.
    pub fn not_asked(&mut self, rule: &'static str, subject: &str, why: impl Into<String>) {
        self.say(rule, subject, Answer::NotAsked(why.into()));
    }

    /// The judge has nothing to do with the subject: no rule of it is told.
    pub fn not_about(&mut self, page: &'static Page, subject: &str) {
        self.apart.insert((page.name, subject.to_owned()));
    }

    fn say(&mut self, rule: &'static str, subject: &str, answer: Answer) {
        let key = (rule, subject.to_owned());
        match (self.said.get_mut(&key), answer) {
            (Some(Answer::Violated(before)), Answer::Violated(more)) => before.extend(more),
            // Nothing that is said later makes a violation unsaid.
            (Some(Answer::Violated(_)), _) => {}
            (_, answer) => {
                self.said.insert(key, answer);
            }
        }
    }

    fn take(&mut self, rule: &'static str, subject: &str) -> Answer {
        self.said
            .remove(&(rule, subject.to_owned()))
            .unwrap_or_else(|| Answer::Unknown("the judge did not say".into()))
    }
}

/// Decides about all subjects: what the policy asks, what was answered, and what exceptions cover.
pub fn decide(
    policy: &Policy,
    pages: &[&'static Page],
    subjects: Vec<Subject>,
    mut answers: Answers,
    now: Timestamp,
) -> Decision {
    let mut exceptions: Vec<Exception> =
        policy.exceptions.iter().map(|one| one.told(now)).collect();
    let mut rulings = Vec::new();
    for page in pages {
        for subject in &subjects {
            if answers.apart.contains(&(page.name, subject.name.clone())) {
                continue;
            }
            for rule in page.rules {
                let effect = policy.effect(rule);
                if effect == Effect::Off {
                    continue;
                }
                let answer = answers.take(rule.id, &subject.name);
                rulings.push(ruling(policy, rule, effect, &subject.name, answer, &mut exceptions));
            }
        }
    }
    Decision {
        subjects,
        rulings,
        exceptions,
        policy: policy.file.clone(),
        policy_sha256: policy.sha256.clone(),
        decided_at: now,
    }
}

fn ruling(
    policy: &Policy,
    rule: &'static Rule,
    effect: Effect,
    subject: &str,
    answer: Answer,
    exceptions: &mut [Exception],
) -> Ruling {
    let (state, mut violations, why) = match answer {
        Answer::Passed(seen) => (State::Passed, Vec::new(), seen),
        Answer::Unknown(why) => (State::Unknown, Vec::new(), why),
        Answer::NotAsked(why) => (State::NotAsked, Vec::new(), why),
        Answer::Violated(violations) => (State::Denied, violations, String::new()),
    };
    for violation in &mut violations {
        for (number, exception) in policy.exceptions.iter().enumerate() {
            let Some(told) = exceptions.get_mut(number) else { continue };
            if exception.covers(rule, subject, violation) {
                told.used = told.used.saturating_add(1);
                if !told.expired && violation.excepted.is_none() {
                    violation.excepted = Some(number);
                }
            }
        }
    }
    let stands = violations.iter().any(|one| one.excepted.is_none());
    let state = match (state, effect) {
        (State::Denied, _) if !stands => State::Excepted,
        (State::Denied, Effect::Warn) => State::Warned,
        (state, _) => state,
    };
    Ruling { rule, effect, subject: subject.to_owned(), state, violations, why }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::gate::{Place, Practice};

    use super::*;

    const PAGE: Page = Page {
        name: "dockerfile",
        title: "Dockerfiles",
        rules: &[Rule {
            id: "dockerfile.pinned",
            title: "Pin",
            why: "",
            fix: "",
            practice: Practice::Dockerfiles,
            effect: Effect::Deny,
            exit_code: Rule::DENIED,
        }],
        keys: &[],
    };
    static PAGES: [&Page; 1] = [&PAGE];

    fn decided(text: &str, day: &str) -> Decision {
        let policy = Policy::read(text, &PAGES).unwrap();
        let subject = Subject { name: ".".into(), kind: "folder", digest: None };
        let mut answers = Answers::default();
        let place = |file: &str| Place { file: file.into(), line: 1, column: 6 };
        let violation = |file| Violation::new("moves on").called("DL3007").at(place(file));
        let both = vec![violation("Dockerfile"), violation("./old/Dockerfile")];
        answers.judged("dockerfile.pinned", ".", both, "");
        decide(&policy, &PAGES, vec![subject], answers, day.parse().unwrap())
    }

    fn exception(path: &str, expires: &str) -> String {
        format!(
            "[[gate.exceptions]]\nrule = \"dockerfile.pinned\"\nid = \"dl3007\"\npath = \"{path}\"\n\
             owner = \"team@example.com\"\nreason = \"moves in March\"\nexpires = {expires}\n"
        )
    }

    #[test]
    fn an_exception_lets_through_what_it_is_for_and_nothing_else() {
        let decision = decided(&exception("old/*", "2026-03-31"), "2026-01-02T03:04:05Z");
        assert_eq!(decision.rulings[0].state, State::Denied);
        assert_eq!(decision.rulings[0].standing().count(), 1);
        assert_eq!(decision.exceptions[0].used, 1);
        let decision = decided(&exception("*Dockerfile", "2026-03-31"), "2026-01-02T03:04:05Z");
        assert_eq!((decision.rulings[0].state, decision.exit_code()), (State::Excepted, 0));
    }

    #[test]
    fn an_exception_holds_to_the_end_of_its_last_day_and_not_a_second_longer() {
        let text = exception("*", "2026-03-31");
        assert_eq!(decided(&text, "2026-03-31T23:59:59Z").exit_code(), 0);
        let decision = decided(&text, "2026-04-01T00:00:00Z");
        assert_eq!(decision.exit_code(), 5);
        assert!(decision.exceptions[0].expired && decision.exceptions[0].used == 2);
    }

    #[test]
    fn a_rule_that_warns_lets_through_and_one_that_is_off_is_not_there() {
        let warned = decided("[gate.rules]\ndockerfile.pinned = \"warn\"\n", "2026-01-02");
        assert_eq!((warned.rulings[0].state, warned.exit_code()), (State::Warned, 0));
        let off = decided("[gate.rules]\n\"dockerfile.pinned\" = \"off\"\n", "2026-01-02");
        assert!(off.rulings.is_empty());
    }

    #[test]
    fn what_a_judge_did_not_say_is_not_known_and_what_it_said_against_stays_said() {
        let policy = Policy::default();
        let subject = || vec![Subject { name: "a".into(), kind: "image", digest: None }];
        let now = Timestamp::from_unix(0);
        let decision = decide(&policy, &PAGES, subject(), Answers::default(), now);
        assert_eq!((decision.rulings[0].state, decision.exit_code()), (State::Unknown, 3));
        let mut answers = Answers::default();
        answers.judged("dockerfile.pinned", "a", vec![Violation::new("x")], "");
        answers.passed("dockerfile.pinned", "a", "fine");
        assert_eq!(decide(&policy, &PAGES, subject(), answers, now).exit_code(), 5);
    }
}
