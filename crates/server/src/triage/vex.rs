//! Decisions as documents for others: what was decided about which components.
//!
//! Source: <https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md>, and `vulnerabilities` of
//! <https://cyclonedx.org/docs/1.6/json/>.
#![allow(clippy::indexing_slicing, reason = "fields of an object that is made right here")]

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::state::{JUSTIFICATIONS, State};
use crate::moment::{self, now};
use crate::store::triage::Statement;

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenVEX 0.2.0.
    OpenVex,
    /// CycloneDX 1.6.
    CycloneDx,
}

/// A document of statements; `product` is what has the components, where it is one image.
pub fn export(format: Format, statements: &[Statement], product: Option<&str>) -> Value {
    match format {
        Format::OpenVex => open_vex(statements, product),
        Format::CycloneDx => cyclonedx(statements, product),
    }
}

fn open_vex(statements: &[Statement], product: Option<&str>) -> Value {
    let all: Vec<Value> = statements.iter().map(|it| open_vex_statement(it, product)).collect();
    let content = serde_json::to_vec(&all).unwrap_or_default();
    let id = plimsoll_supply::hash::hex(Sha256::digest(content).get(..16).unwrap_or_default());
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": format!("https://openvex.dev/docs/public/vex-{id}"),
        "author": "plimsoll",
        "timestamp": moment::timestamp(now()).to_string(),
        "version": 1,
        "tooling": concat!("plimsoll ", env!("CARGO_PKG_VERSION")),
        "statements": all,
    })
}

fn open_vex_statement(it: &Statement, product: Option<&str>) -> Value {
    let decision = &it.decision;
    let products = match product {
        Some(product) => json!([{"@id": product, "subcomponents": [{"@id": it.purl}]}]),
        None => json!([{"@id": it.purl}]),
    };
    let aliases: Vec<&str> = it.aliases.lines().collect();
    let mut said = json!({
        "vulnerability": {"name": decision.weakness, "aliases": aliases},
        "products": products,
        "timestamp": moment::timestamp(decision.changed).to_string(),
        "status": match state(it) {
            State::NotAffected => "not_affected",
            State::InTriage => "under_investigation",
            State::Fixed => "fixed",
            State::Affected | State::Accepted => "affected",
        },
    });
    match state(it) {
        State::NotAffected => {
            if !decision.justification.is_empty() {
                said["justification"] = json!(decision.justification);
            }
            // One of the two must be there.
            if !decision.statement.is_empty() || decision.justification.is_empty() {
                said["impact_statement"] = json!(statement(it));
            }
        }
        State::Affected | State::Accepted => said["action_statement"] = json!(statement(it)),
        State::InTriage | State::Fixed => {
            if !decision.statement.is_empty() {
                said["status_notes"] = json!(decision.statement);
            }
        }
    }
    said
}

fn cyclonedx(statements: &[Statement], product: Option<&str>) -> Value {
    let mut components: Vec<&str> = statements.iter().map(|it| it.purl.as_str()).collect();
    components.sort_unstable();
    components.dedup();
    let component = |purl: &&str| {
        let bare = purl.split(['?', '#']).next().unwrap_or(purl);
        let name = bare.rsplit('/').next().unwrap_or(bare);
        let (name, version) = name.split_once('@').unwrap_or((name, ""));
        json!({"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl})
    };
    let mut document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"timestamp": moment::timestamp(now()).to_string()},
        "components": components.iter().map(component).collect::<Vec<_>>(),
        "vulnerabilities": statements.iter().map(vulnerability).collect::<Vec<_>>(),
    });
    if let Some(product) = product {
        document["metadata"]["component"] =
            json!({"type": "container", "bom-ref": product, "name": product, "purl": product});
    }
    document
}

fn vulnerability(it: &Statement) -> Value {
    let decision = &it.decision;
    let mut analysis = json!({
        "state": match state(it) {
            State::NotAffected => "not_affected",
            State::InTriage => "in_triage",
            State::Fixed => "resolved",
            State::Affected | State::Accepted => "exploitable",
        },
        "firstIssued": moment::timestamp(decision.created).to_string(),
        "lastUpdated": moment::timestamp(decision.changed).to_string(),
    });
    let theirs = JUSTIFICATIONS.iter().find(|(ours, _)| *ours == decision.justification);
    if let Some((_, theirs)) = theirs.filter(|_| state(it) == State::NotAffected) {
        analysis["justification"] = json!(theirs);
    }
    if state(it) == State::Accepted {
        analysis["response"] = json!(["will_not_fix"]);
    }
    if !decision.statement.is_empty() || state(it) == State::Accepted {
        analysis["detail"] = json!(statement(it));
    }
    json!({"id": decision.weakness, "analysis": analysis, "affects": [{"ref": it.purl}]})
}

/// Somebody who stored another word is taken for undecided.
fn state(it: &Statement) -> State {
    State::parse(&it.decision.state).unwrap_or(State::InTriage)
}

/// What was said, with what has to be said in any case.
fn statement(it: &Statement) -> String {
    let said = it.decision.statement.as_str();
    match (state(it), it.decision.until) {
        (State::Accepted, Some(until)) => {
            let date = moment::timestamp(until).date();
            format!("Accepted until {date}. {said}").trim_end().to_owned()
        }
        (State::Accepted, None) => format!("Accepted. {said}").trim_end().to_owned(),
        (_, _) if said.is_empty() => "No further statement.".into(),
        _ => said.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::triage::Decision;

    fn said(state: &str, justification: &str, until: Option<i64>) -> Statement {
        Statement {
            decision: Decision {
                weakness: "CVE-2026-1".into(),
                state: state.into(),
                justification: justification.into(),
                until,
                ..Decision::default()
            },
            component: 1,
            purl: "pkg:npm/lodash@4.17.4".into(),
            aliases: "GHSA-1".into(),
        }
    }

    #[test]
    fn each_state_has_what_openvex_asks_of_it() {
        let one = |it: &Statement| open_vex_statement(it, Some("pkg:oci/app"));
        let path = "vulnerable_code_not_in_execute_path";
        assert_eq!(one(&said("not_affected", path, None))["justification"], path);
        assert!(one(&said("not_affected", "", None))["impact_statement"].is_string());
        assert!(one(&said("affected", "", None))["action_statement"].is_string());
        assert_eq!(one(&said("in_triage", "", None))["status"], "under_investigation");
        let accepted = one(&said("accepted", "", Some(0)));
        assert_eq!(accepted["status"], "affected");
        assert_eq!(accepted["action_statement"], "Accepted until 1970-01-01.");
        assert_eq!(accepted["products"][0]["subcomponents"][0]["@id"], "pkg:npm/lodash@4.17.4");
    }

    #[test]
    fn cyclonedx_has_its_own_words() {
        let all = [said("not_affected", "component_not_present", None), said("accepted", "", None)];
        let document = export(Format::CycloneDx, &all, None);
        assert_eq!(document["components"].as_array().unwrap().len(), 1);
        assert_eq!(document["components"][0]["version"], "4.17.4");
        let analysis = |at: usize| document["vulnerabilities"][at]["analysis"].clone();
        assert_eq!(analysis(0)["justification"], "code_not_present");
        assert_eq!(analysis(1)["state"], "exploitable");
        assert_eq!(analysis(1)["response"][0], "will_not_fix");
    }
}
