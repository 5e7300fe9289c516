//! Private networks are excepted, loopback and IPv6 are not.

use plimsoll_model::text::Level;

use super::{Finding, Lint, each_check, field_name, place};
use crate::condition::ast::RightKind;
use crate::loader::Definitions;

pub(super) static LINT: Lint = Lint {
    id: "forgotten-networks",
    level: Level::Warning,
    title: "private networks are excepted, loopback or IPv6 are not",
    why: "A rule on connections to the outside that excepts 10.0.0.0/8, 172.16.0.0/12 and \
          192.168.0.0/16 fires on every connection of a machine with itself (127.0.0.0/8, ::1) and \
          on all of IPv6, where nothing is excepted: fe80::/10 and fc00::/7 are as private.",
    bad: "not fd.snet in (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16)",
    good: "not fd.snet in (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 127.0.0.0/8, \"::1/128\", \
           \"fe80::/10\", \"fc00::/7\")",
    check,
};

fn check(definitions: &Definitions, found: &mut Vec<Finding>) {
    for rule in &definitions.rules {
        // The exceptions may be spread over several comparisons; all of them together count.
        let mut excepted: Vec<String> = Vec::new();
        let (mut first, mut is_narrow) = (None, false);
        each_check(&rule.condition, false, &mut |check| {
            let name = field_name(check.left).unwrap_or_default();
            let of_peers =
                name.starts_with("fd.") && (name.ends_with("ip") || name.ends_with("net"));
            if !of_peers {
                return;
            }
            if check.negated == (check.op.name == "!=") {
                // A rule that asks for some addresses fires on no others.
                is_narrow = true;
                return;
            }
            match &check.right.kind {
                RightKind::List(values) => {
                    excepted.extend(values.iter().map(|value| value.text().into_owned()));
                }
                RightKind::Value(value) => excepted.push(value.text().into_owned()),
                RightKind::Operand(_) => return,
            }
            first.get_or_insert((check.left.at, name));
        });
        let (Some((at, name)), false) = (first, is_narrow) else { continue };
        let has = |part: &dyn Fn(&str) -> bool| excepted.iter().any(|value| part(value));
        let private = ["10.", "172.16.", "192.168."];
        if !has(&|value| private.iter().any(|begin| value.starts_with(begin))) {
            continue;
        }
        let mut is_ipv4 = false;
        each_check(&rule.condition, false, &mut |check| {
            let RightKind::Value(value) = &check.right.kind else { return };
            is_ipv4 |= match field_name(check.left) {
                Some("fd.type") => value.is("ipv4"),
                Some("fd.typechar") => {
                    value.is("4") && !rule.condition.to_string().contains("typechar = 6")
                }
                _ => false,
            } && !check.negated;
        });
        let mut forgotten = Vec::new();
        if !has(&|value| value.starts_with("127.")) {
            forgotten.push("loopback (127.0.0.0/8, ::1)");
        }
        if !has(&|value| value.contains(':')) && !is_ipv4 {
            forgotten.push("IPv6 (::1, fe80::/10, fc00::/7)");
        }
        if forgotten.is_empty() {
            continue;
        }
        found.push(Finding {
            lint: &LINT,
            item: rule.name.clone(),
            message: format!(
                "private networks are excepted and {} not: the rule fires on them",
                match forgotten.as_slice() {
                    [one] => format!("{one} is"),
                    all => format!("{} are", all.join(" and ")),
                }
            ),
            place: place(rule, at, name),
        });
    }
}
