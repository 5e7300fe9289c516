//! A label selector, as the API has it: every requirement must hold.
//!
//! <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/label-selector/>

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Labels of a pod or a namespace.
pub type Labels = BTreeMap<String, String>;

/// A label selector; without a requirement it selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Selector {
    /// What must hold.
    pub requirements: Vec<Requirement>,
}

/// What a label must be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Requirement {
    /// The label's key.
    pub key: String,
    /// What its value must be.
    pub test: Test,
}

/// What the value of a label must be.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Test {
    /// One of these; a pair of `matchLabels` is one value.
    In(BTreeSet<String>),
    /// None of these; an absent label is none of them.
    NotIn(BTreeSet<String>),
    /// Anything, but there.
    Exists,
    /// Absent.
    DoesNotExist,
}

impl Selector {
    /// Whether it selects what has these labels.
    pub fn selects(&self, labels: &Labels) -> bool {
        self.requirements.iter().all(|one| one.test.holds(labels.get(&one.key)))
    }

    /// Whether whatever this selects is selected by the other too, told from the requirements
    /// alone.
    pub fn implies(&self, other: &Self) -> bool {
        self.is_contradictory()
            || other.requirements.iter().all(|wanted| {
                let mut own = self.requirements.iter().filter(|one| one.key == wanted.key);
                own.any(|one| one.test.implies(&wanted.test))
            })
    }

    /// Whether no labels can meet it.
    pub fn is_contradictory(&self) -> bool {
        let keys: BTreeSet<&str> = self.requirements.iter().map(|one| one.key.as_str()).collect();
        keys.into_iter().any(|key| {
            let tests =
                || self.requirements.iter().filter(|one| one.key == key).map(|one| &one.test);
            let absent = tests().all(|test| test.holds(None));
            let first = tests().find_map(|test| match test {
                Test::In(values) => Some(values),
                _ => None,
            });
            let present = match first {
                Some(values) => {
                    values.iter().any(|value| tests().all(|test| test.holds(Some(value))))
                }
                None => !tests().any(|test| *test == Test::DoesNotExist),
            };
            !absent && !present
        })
    }
}

impl Test {
    /// Whether a label with this value, or none, meets it.
    pub(super) fn holds(&self, value: Option<&String>) -> bool {
        match self {
            Self::In(values) => value.is_some_and(|value| values.contains(value)),
            Self::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Self::Exists => value.is_some(),
            Self::DoesNotExist => value.is_none(),
        }
    }

    fn implies(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::In(own), Self::In(other)) => own.is_subset(other),
            (Self::In(own), Self::NotIn(other)) => own.is_disjoint(other),
            (Self::NotIn(own), Self::NotIn(other)) => other.is_subset(own),
            (Self::In(_) | Self::Exists, Self::Exists)
            | (Self::DoesNotExist, Self::DoesNotExist | Self::NotIn(_)) => true,
            _ => false,
        }
    }
}

/// As `kubectl get --selector` takes it: `app=web,tier notin (db)`.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Requirement { key, test }) in self.requirements.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let list = |values: &BTreeSet<String>| {
                values.iter().map(String::as_str).collect::<Vec<_>>().join(",")
            };
            match test {
                Test::In(values) if values.len() == 1 => {
                    write!(f, "{comma}{key}={}", list(values))?;
                }
                Test::In(values) => write!(f, "{comma}{key} in ({})", list(values))?,
                Test::NotIn(values) => write!(f, "{comma}{key} notin ({})", list(values))?,
                Test::Exists => write!(f, "{comma}{key}")?,
                Test::DoesNotExist => write!(f, "{comma}!{key}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(values: &[&str]) -> BTreeSet<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    fn of(tests: &[(&str, Test)]) -> Selector {
        let one =
            |(key, test): &(&str, Test)| Requirement { key: (*key).into(), test: test.clone() };
        Selector { requirements: tests.iter().map(one).collect() }
    }

    #[test]
    fn an_absent_label_is_not_in_any_list() {
        let selector = of(&[("tier", Test::NotIn(set(&["db"])))]);
        assert!(selector.selects(&Labels::new()));
        assert!(!selector.selects(&Labels::from([("tier".into(), "db".into())])));
        assert!(Selector::default().selects(&Labels::new()));
    }

    #[test]
    fn a_narrower_selector_implies_a_wider_one() {
        let narrow = of(&[("a", Test::In(set(&["1"]))), ("b", Test::Exists)]);
        let wide = of(&[("a", Test::In(set(&["1", "2"])))]);
        assert!(narrow.implies(&wide) && !wide.implies(&narrow));
        assert!(narrow.implies(&Selector::default()));
        assert!(narrow.implies(&of(&[("a", Test::NotIn(set(&["3"])))])));
    }

    #[test]
    fn a_contradiction_is_seen() {
        assert!(
            of(&[("a", Test::In(set(&["1"]))), ("a", Test::NotIn(set(&["1"])))]).is_contradictory()
        );
        assert!(of(&[("a", Test::Exists), ("a", Test::DoesNotExist)]).is_contradictory());
        assert!(
            !of(&[("a", Test::NotIn(set(&["1"]))), ("a", Test::DoesNotExist)]).is_contradictory()
        );
    }

    #[test]
    fn it_is_written_as_kubectl_takes_it() {
        let selector = of(&[
            ("app", Test::In(set(&["web"]))),
            ("tier", Test::NotIn(set(&["db", "mq"]))),
            ("x", Test::DoesNotExist),
        ]);
        assert_eq!(selector.to_string(), "app=web,tier notin (db,mq),!x");
    }
}
