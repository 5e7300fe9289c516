//! Variables that only bash has.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Dialect;
use crate::shell::Part;
use super::unquoted::texts;

pub(super) static RULE: Rule = Rule {
    id: "SC3028",
    aliases: &[],
    level: Level::Warning,
    title: "Do not count on variables of bash in sh",
    why: "sh gives them no value: the command runs with nothing in their place.",
    bad: "FROM debian:12\nRUN echo \"$RANDOM\"\n",
    good: "FROM debian:12\nSHELL [\"/bin/bash\", \"-c\"]\nRUN echo \"$RANDOM\"\n",
    mending: Mending::None,
    source: "https://www.shellcheck.net/wiki/SC3028",
    check,
};

const OF_BASH: [&str; 8] = [
    "RANDOM", "SECONDS", "BASH_SOURCE", "BASH_VERSION", "HOSTNAME", "HOSTTYPE", "MACHTYPE", "OSTYPE",
];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for text in texts(context).filter(|text| text.script.dialect != Dialect::Bash && text.script.dialect != Dialect::Ksh) {
        for program in &text.programs() {
            let mut open: Vec<&Part> =
                program.command().words.iter().flat_map(|word| &word.parts).collect();
            while let Some(part) = open.pop() {
                match part {
                    Part::DoubleQuoted { parts, .. } => open.extend(parts),
                    Part::Parameter(parameter) if OF_BASH.contains(&parameter.name.as_str()) => {
                        let place = text.source_span(parameter.span);
                        let message = format!("In POSIX sh, {} is undefined.", parameter.name);
                        findings.report(text.line, place, message);
                    }
                    _ => {}
                }
            }
        }
    }
}
