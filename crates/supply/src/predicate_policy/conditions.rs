//! Policies on predicates as the conditions of a policy file.

use plimsoll_model::Timestamp;
use serde_json::Value;

use super::{Language, Source, check_size, evaluate};
use crate::quorum::{Condition, Conditions};

/// Judges conditions in CEL and in Rego.
#[derive(Debug, Clone, Copy)]
pub struct PredicatePolicies {
    /// What `now` is in a policy.
    pub now: Timestamp,
}

impl Conditions for PredicatePolicies {
    fn languages(&self) -> &[&'static str] {
        &["cel", "rego"]
    }

    fn check(&self, condition: &Condition, statement: &Value) -> Result<(), String> {
        // A condition stands in a policy file and has no file of its own.
        let name = format!("policy.{}", condition.language);
        let language =
            Language::of_file(&name, &condition.text).map_err(|error| error.to_string())?;
        let source = Source { name: &name, text: &condition.text, language };
        let verdict = check_size(&source)
            .and_then(|()| evaluate(&source, statement.clone(), self.now))
            .map_err(|error| error.to_string())?;
        if verdict.allowed { Ok(()) } else { Err(verdict.reasons.join("; ")) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_condition_is_met_or_says_why_not() {
        let policies = PredicatePolicies { now: Timestamp::from_unix(0) };
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [],
            "predicateType": "https://example.com/p",
            "predicate": {"level": 3},
        });
        let ask = |language: &str, text: &str| {
            let condition = Condition { language: language.into(), text: text.into() };
            policies.check(&condition, &statement)
        };
        assert_eq!(ask("cel", "predicate.level >= 3"), Ok(()));
        let refused = ask("cel", "predicate.level > 3").unwrap_err();
        assert!(refused.contains("predicate.level"), "{refused}");
        let rego = "package sigstore\nisCompliant { input.predicate.level == 3 }\n";
        assert_eq!(ask("rego", rego), Ok(()));
        assert!(ask("rego", &rego.replace("== 3", "== 4")).is_err());
    }
}
