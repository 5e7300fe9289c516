//! A network where Falco takes addresses only.

use plimsoll_model::text::Level;

use super::{Finding, Lint, each_check, field_name, place};
use crate::check::is_network;
use crate::condition::ast::RightKind;
use crate::loader::Definitions;

pub(super) static LINT: Lint = Lint {
    id: "network-on-address-field",
    level: Level::Warning,
    title: "a field of addresses is compared with a network",
    why: "Falco refuses to load a rule that compares `fd.sip` or another field of addresses with a \
          network, `10.0.0.0/8`. Plimsoll judges it as it is meant; other engines do not. The \
          fields of networks, `fd.snet`, mean the same everywhere.",
    bad: "not fd.sip in (10.0.0.0/8)",
    good: "not fd.snet in (10.0.0.0/8)",
    check,
};

fn check(definitions: &Definitions, found: &mut Vec<Finding>) {
    for rule in &definitions.rules {
        each_check(&rule.condition, false, &mut |check| {
            let Some(name) = field_name(check.left) else { return };
            let Some(side) = name.strip_prefix("fd.").and_then(|side| side.strip_suffix("ip"))
            else {
                return;
            };
            let values = match &check.right.kind {
                RightKind::Value(value) => std::slice::from_ref(value),
                RightKind::List(values) => values,
                RightKind::Operand(_) => return,
            };
            let Some(network) = values.iter().find(|value| is_network(&value.text())) else {
                return;
            };
            found.push(Finding {
                lint: &LINT,
                item: rule.name.clone(),
                message: format!(
                    "`{name}` has addresses and `{}` is a network: Falco does not load this rule; \
                     write `fd.{side}net`",
                    network.text()
                ),
                place: place(rule, check.left.at, name),
            });
        });
    }
}
