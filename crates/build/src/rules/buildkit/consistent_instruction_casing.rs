//! Keywords in different case.

use crate::context::Context;
use crate::finding::{Edit, Level};
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "ConsistentInstructionCasing",
    aliases: &[],
    level: Level::Style,
    title: "Write all keywords in the same case",
    why: "Keywords in one case are read as keywords.",
    bad: "FROM alpine:3.20\nrun true\nRUN true\n",
    good: "FROM alpine:3.20\nRUN true\nRUN true\n",
    mending: Mending::Safe,
    source: "https://docs.docker.com/reference/build-checks/consistent-instruction-casing/",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    // The builder does not count what stands before the first FROM.
    let first = context.stages.first().map_or(usize::MAX, |stage| stage.from);
    let all = context.file.instructions.iter().skip(first);
    let all = all.filter(|one| one.keyword != Keyword::Unknown);
    let is_upper = |text: &str| !text.chars().any(char::is_lowercase);
    let is_lower = |text: &str| !text.chars().any(char::is_uppercase);
    let upper = all.clone().filter(|one| is_upper(&one.name.text)).count();
    let lower = all.clone().filter(|one| is_lower(&one.name.text)).count();
    for instruction in all {
        let name = &instruction.name;
        let (fits, text, word) = if lower > upper {
            (is_lower(&name.text), name.text.to_lowercase(), "lowercase")
        } else {
            (is_upper(&name.text), name.text.to_uppercase(), "uppercase")
        };
        if !fits {
            let message = format!(
                "Command '{}' should match the case of the command majority ({word})",
                name.text
            );
            findings
                .report(instruction.lines.0, name.span, message)
                .safe_fix("write it like the others", vec![Edit::replace(name.span, text)]);
        }
    }
}
