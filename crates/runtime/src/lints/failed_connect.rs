//! A rule on connections that fires on those that failed.

use plimsoll_model::text::Level;

use super::{Finding, Lint, each_check, field_name, place};
use crate::loader::Definitions;

pub(super) static LINT: Lint = Lint {
    id: "failed-connect",
    level: Level::Info,
    title: "a rule on `connect` does not ask whether it succeeded",
    why: "A call that failed is an event too. Every retry to a port that nobody listens at fires the \
          rule, although nothing was reached.",
    bad: "evt.type = connect and container",
    good: "evt.type = connect and evt.failed = false and container",
    check,
};

fn check(definitions: &Definitions, found: &mut Vec<Finding>) {
    for rule in &definitions.rules {
        if rule.event_types.as_deref().is_none_or(|types| types != ["connect"]) {
            continue;
        }
        let mut asks = false;
        let mut first = None;
        each_check(&rule.condition, false, &mut |check| {
            let name = field_name(check.left).unwrap_or_default();
            asks |= matches!(name, "evt.failed" | "evt.res" | "evt.rawres")
                || name.starts_with("evt.arg.res")
                || name.starts_with("evt.rawarg.res");
            if name == "evt.type" {
                first.get_or_insert(check.left.at);
            }
        });
        let (false, Some(at)) = (asks, first) else { continue };
        found.push(Finding {
            lint: &LINT,
            item: rule.name.clone(),
            message:
                "the rule fires on connections that failed as well: add `evt.failed = false`, \
                      or `evt.res in (SUCCESS, EINPROGRESS)`"
                    .to_owned(),
            place: place(rule, at, "evt.type"),
        });
    }
}
