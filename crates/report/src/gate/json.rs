//! Every ruling with everything that speaks against it, for programs.

use std::io::{self, Write};

use plimsoll_model::gate::{Decision, Exception, Ruling, State, Violation};
use serde_json::{Value, json};

use super::{GateFormat, Looks};

pub(super) const FORMAT: GateFormat =
    GateFormat { name: "json", about: "every ruling, in a layout of our own", write };

/// The name and version of the layout: `docs/schema/gate-v1.schema.json`.
const SCHEMA: &str = "plimsoll.gate/v1";

fn write(decision: &Decision, _: &Looks<'_>, out: &mut dyn Write) -> io::Result<()> {
    let subjects: Vec<Value> = decision
        .subjects
        .iter()
        .map(|one| {
            let digest = one.digest.as_ref().map(ToString::to_string);
            json!({ "name": one.name, "kind": one.kind, "digest": digest })
        })
        .collect();
    let count = |state| decision.count(state);
    let document = json!({
        "schema": SCHEMA,
        "verdict": decision.word(),
        "exit_code": decision.exit_code(),
        "decided_at": decision.decided_at.to_string(),
        "policy": { "file": decision.policy, "sha256": decision.policy_sha256 },
        "subjects": subjects,
        "totals": {
            "deny": count(State::Denied), "unknown": count(State::Unknown),
            "warn": count(State::Warned), "excepted": count(State::Excepted),
            "pass": count(State::Passed), "not_asked": count(State::NotAsked),
        },
        "rulings": decision.rulings.iter().map(|one| ruling(one, decision)).collect::<Vec<_>>(),
        "exceptions": decision.exceptions.iter().map(exception).collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn ruling(one: &Ruling, decision: &Decision) -> Value {
    let rule = one.rule;
    json!({
        "rule": rule.id,
        "judge": rule.judge(),
        "practice": rule.practice.title(),
        "title": rule.title,
        "reason": rule.why,
        "fix": rule.fix,
        "effect": one.effect.name(),
        "subject": one.subject,
        "state": one.state.word().replace(' ', "_"),
        "why": one.why,
        "violations":
            one.violations.iter().map(|it| violation(it, decision)).collect::<Vec<_>>(),
    })
}

fn violation(one: &Violation, decision: &Decision) -> Value {
    let known = |number: u32| (number > 0).then_some(number);
    let place = one.place.as_ref().map(|place| {
        json!({ "file": place.file, "line": known(place.line), "column": known(place.column) })
    });
    let excepted = one.excepted.and_then(|number| decision.exceptions.get(number)).map(|it| {
        json!({ "owner": it.owner, "reason": it.reason, "expires": it.expires, "line": it.line })
    });
    json!({
        "id": if one.id.is_empty() { None } else { Some(&one.id) },
        "message": one.message,
        "place": place,
        "fix": one.fix,
        "excepted": excepted,
    })
}

fn exception(one: &Exception) -> Value {
    json!({
        "rule": one.rule, "id": one.id, "subject": one.subject, "path": one.path,
        "owner": one.owner, "reason": one.reason, "expires": one.expires,
        "expired": one.expired, "covers": one.used, "line": one.line,
    })
}
