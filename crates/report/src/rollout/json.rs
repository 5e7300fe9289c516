//! Everything about each namespace, for programs.

use std::io::{self, Write};

use plimsoll_kube::pss::{Blocker, Profile, Rollout, Violation};
use plimsoll_model::text::Safety;
use serde_json::{Value, json};

use super::RolloutFormat;
use crate::Style;

pub(super) const FORMAT: RolloutFormat =
    RolloutFormat { name: "json", about: "everything about each namespace", write };

/// The name and version of the layout.
const SCHEMA: &str = "plimsoll.pss-plan/v1";

fn write(rollouts: &[Rollout], _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let namespaces: Vec<Value> = rollouts.iter().map(namespace).collect();
    serde_json::to_writer_pretty(
        &mut *out,
        &json!({ "schema": SCHEMA, "namespaces": namespaces }),
    )?;
    writeln!(out)
}

fn namespace(one: &Rollout) -> Value {
    let modes = one.modes.map(|modes| {
        json!({
            "enforce": modes.enforce.to_string(),
            "audit": modes.audit.to_string(),
            "warn": modes.warn.to_string(),
        })
    });
    let advice = one.advice();
    let blocked = |profile| one.blockers(profile).iter().map(blocker).collect::<Vec<_>>();
    json!({
        "namespace": one.namespace,
        "labels": modes,
        "workloads": one.workloads,
        "meets": one.meets.name(),
        "blocked": {
            "baseline": blocked(Profile::Baseline),
            "restricted": blocked(Profile::Restricted),
        },
        "dryRunWarnings": {
            "baseline": one.warnings(Profile::Baseline),
            "restricted": one.warnings(Profile::Restricted),
        },
        "advice": {
            "enforce": advice.enforce.to_string(),
            "audit": advice.next.to_string(),
            "warn": advice.next.to_string(),
            "command": one.command(),
            "done": one.is_labelled(),
        },
    })
}

fn blocker(one: &Blocker) -> Value {
    let forbidden: Vec<Value> = one.forbidden.iter().map(violation).collect();
    json!({
        "object": one.object,
        "file": one.path,
        "line": one.line,
        "changedAfterItsTemplate": one.changed,
        "forbidden": forbidden,
    })
}

fn violation(one: &Violation) -> Value {
    let fix = one.fix.map(|safety| match safety {
        Safety::Safe => "safe",
        Safety::Unsafe => "unsafe",
    });
    json!({ "check": one.check, "message": one.message, "fix": fix })
}
