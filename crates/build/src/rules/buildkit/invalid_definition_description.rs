//! Comments that describe a stage or an argument, and do not name it.

use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "InvalidDefinitionDescription",
    aliases: &[],
    level: Level::Ignore,
    title: "Begin the comment on a stage or argument with its name",
    why: "`docker build --call=outline` shows the comment right above an ARG or a named FROM as \
          its description, if it begins with the name. A comment that is not meant so is parted \
          by an empty comment. The check is experimental: it is off unless it is given a level, or \
          a `# check=experimental=InvalidDefinitionDescription` turns it on.",
    bad: "FROM alpine:3.20\n# the version\nARG version=1\n",
    good: "FROM alpine:3.20\n# version is that of the program\nARG version=1\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/build-checks/invalid-definition-description/",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for step in context.steps().filter(|step| !step.onbuild) {
        let instruction = step.instruction;
        let words = instruction.arguments.words();
        let names: Vec<String> = match instruction.keyword {
            Keyword::From => {
                let stage = step.stage.and_then(|stage| context.stages.get(stage));
                let name = stage.and_then(|stage| stage.name.as_ref());
                name.map(|name| name.text.to_lowercase()).into_iter().collect()
            }
            Keyword::Arg => {
                let name = |text: &str| text.split('=').next().unwrap_or_default().to_owned();
                words.iter().map(|word| name(&word.text)).collect()
            }
            _ => continue,
        };
        let comments = context.file.comments.get(instruction.comments.clone()).unwrap_or_default();
        let Some((comment, first)) = comments.last().zip(names.first()) else { continue };
        let text = context.file.source.slice(comment.span).strip_prefix('#').unwrap_or_default();
        let text = text.trim();
        let described = text.split(' ').next().unwrap_or_default();
        if text.is_empty() || names.iter().any(|name| name == described) {
            continue;
        }
        let name = if names.len() > 1 { "<arg_key>" } else { first };
        let message = format!(
            "Comment for {} should follow the format: `# {name} <description>`",
            instruction.keyword
        );
        findings.report(step.line, comment.span, message);
    }
}
