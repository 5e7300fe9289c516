//! Exceptions: who is spared which rule, by whose word, why and until when.

use plimsoll_model::Timestamp;
use serde::Deserialize;

/// An exception. What a list leaves out is anything; none has an end.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// What people call it.
    pub name: String,
    /// Who answers for it.
    pub owner: String,
    /// Why it is there.
    pub reason: String,
    /// The first moment when it no longer counts.
    pub expires: Timestamp,
    /// Rules, by id; `*` stands for any letters.
    pub rules: Vec<String>,
    /// Namespaces.
    #[serde(default)]
    pub namespaces: Vec<String>,
    /// Kinds of objects.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Names of objects.
    #[serde(default)]
    pub workloads: Vec<String>,
    /// Containers, for rules that look at one.
    #[serde(default)]
    pub containers: Vec<String>,
    /// Images, for rules about images.
    #[serde(default)]
    pub images: Vec<String>,
}

/// What an exception is asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case<'c> {
    /// The rule that is violated.
    pub(crate) rule: &'c str,
    /// The object's namespace.
    pub(crate) namespace: &'c str,
    /// Its kind.
    pub(crate) kind: &'c str,
    /// Its name, or what its name begins with.
    pub(crate) name: &'c str,
    /// The containers that violate it; none where it is the object as a whole.
    pub(crate) containers: &'c [&'c str],
    /// The image that violates it.
    pub(crate) image: Option<&'c str>,
}

/// What the exceptions say of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spared<'e> {
    /// Nothing.
    No,
    /// One holds.
    By(&'e str),
    /// One did.
    Expired(&'e str),
}

/// Whether any exception is for a case at a moment.
pub(crate) fn spared<'e>(all: &'e [Exception], case: &Case<'_>, now: Timestamp) -> Spared<'e> {
    let mut answer = Spared::No;
    for exception in all.iter().filter(|one| one.fits(case)) {
        if now < exception.expires {
            return Spared::By(&exception.name);
        }
        answer = Spared::Expired(&exception.name);
    }
    answer
}

impl Exception {
    /// What is wrong with it as it is written.
    pub(crate) fn check(&self) -> Result<(), String> {
        let name = &self.name;
        for (what, text) in [("name", name), ("owner", &self.owner), ("reason", &self.reason)] {
            if text.trim().is_empty() {
                return Err(format!("exception `{name}`: `{what}` says nothing"));
            }
        }
        if self.rules.is_empty() {
            return Err(format!("exception `{name}`: `rules` names none"));
        }
        Ok(())
    }

    fn fits(&self, case: &Case<'_>) -> bool {
        let any = |patterns: &[String], value: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, value))
        };
        let containers = self.containers.is_empty()
            || !case.containers.is_empty()
                && case.containers.iter().all(|one| any(&self.containers, one));
        self.rules.iter().any(|rule| matches_rule(rule, case.rule))
            && any(&self.namespaces, case.namespace)
            && any(&self.kinds, case.kind)
            && any(&self.workloads, case.name)
            && containers
            && (self.images.is_empty() || case.image.is_some_and(|image| any(&self.images, image)))
    }
}

fn matches_rule(pattern: &str, rule: &str) -> bool {
    matches(&pattern.to_ascii_lowercase(), &rule.to_ascii_lowercase())
}

/// Whether `text` is `pattern` with letters in place of each `*`; the time is their product at most.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at.saturating_add(part.len())..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exception(more: &str) -> Exception {
        let text = format!(
            "{{name: e, owner: o, reason: r, expires: 2027-01-31, rules: ['PK2*', hostPorts]{more}}}"
        );
        serde_saphyr::from_str(&text).unwrap()
    }

    const CASE: Case<'_> = Case {
        rule: "PK2001",
        namespace: "shop",
        kind: "Pod",
        name: "web-5d8f",
        containers: &["app"],
        image: None,
    };

    fn at(date: &str) -> Timestamp {
        date.parse().unwrap()
    }

    #[test]
    fn an_exception_ends() {
        let all = [exception("")];
        assert_eq!(spared(&all, &CASE, at("2027-01-30")), Spared::By("e"));
        assert_eq!(spared(&all, &CASE, at("2027-01-31")), Spared::Expired("e"));
        let other = Case { rule: "PK1001", ..CASE };
        assert_eq!(spared(&all, &other, at("2027-01-30")), Spared::No);
    }

    #[test]
    fn every_list_that_is_there_must_fit() {
        let now = at("2026-12-01");
        let fits =
            |more: &str, case: &Case<'_>| spared(&[exception(more)], case, now) == Spared::By("e");
        assert!(fits(", workloads: ['web-*'], kinds: [Pod], namespaces: [shop]", &CASE));
        assert!(!fits(", workloads: ['api-*']", &CASE));
        assert!(fits(", containers: [app, side]", &CASE));
        let two = Case { containers: &["app", "other"], ..CASE };
        assert!(!fits(", containers: [app]", &two));
        assert!(!fits(", containers: [app]", &Case { containers: &[], ..CASE }));
        assert!(!fits(", images: ['registry.example/*']", &CASE));
        let image = Case { image: Some("registry.example/a:1"), ..CASE };
        assert!(fits(", images: ['registry.example/*']", &image));
    }

    #[test]
    fn a_star_is_any_letters() {
        for (pattern, text, wanted) in [
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "acb", false),
            ("*", "", true),
            ("a**b*", "a-b-", true),
            ("ab", "abc", false),
            ("*b*b", "b", false),
        ] {
            assert_eq!(matches(pattern, text), wanted, "{pattern} {text}");
        }
    }
}
