//! A variable that only bash sets.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::ParameterOperator;

use super::variables::Variables;

pub(super) static RULE: Rule = Rule {
    id: "SC3028",
    aliases: &[],
    level: Level::Warning,
    title: "Do not rely on variables that only bash sets",
    why: "In the `sh` of Debian, Ubuntu and Alpine the variable is empty.",
    bad: "FROM debian:12\nRUN echo \"$RANDOM\" > /etc/seed\n",
    good: "FROM debian:12\nRUN od -An -N4 -tu4 /dev/urandom > /etc/seed\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3028",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for tree in context.plain_shells() {
        for (_, parameter) in tree.parameters() {
            let name = parameter.name.as_str();
            let guarded = matches!(
                parameter.operator,
                Some(
                    ParameterOperator::Default { .. }
                        | ParameterOperator::Alternative { .. }
                        | ParameterOperator::Assign { .. }
                        | ParameterOperator::Require { .. }
                )
            );
            if OF_BASH.contains(&name)
                && !guarded
                && !tree.scope.is_declared(name)
                && !Variables::of(tree).is_assigned(name)
            {
                findings.report(
                    tree.text.line,
                    tree.place(parameter.span),
                    format!("In POSIX sh, {name} is undefined"),
                );
            }
        }
    }
}

const OF_BASH: [&str; 18] = [
    "RANDOM",
    "UID",
    "EUID",
    "HOSTNAME",
    "SECONDS",
    "OSTYPE",
    "HOSTTYPE",
    "MACHTYPE",
    "SHLVL",
    "PIPESTATUS",
    "DIRSTACK",
    "BASH_SOURCE",
    "FUNCNAME",
    "GROUPS",
    "SHELLOPTS",
    "TIMEFORMAT",
    "BASHPID",
    "BASH_REMATCH",
];
