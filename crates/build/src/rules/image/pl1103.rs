//! Small files that are copied, used once and removed in a later layer.

use super::pl1102::wasted;
use crate::build_context::weight;
use crate::context::Context;
use crate::finding::Level;
use crate::flow::{Effect, Writer};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "PL1103",
    aliases: &[],
    level: Level::Info,
    title: "Mount a file that one RUN needs instead of copying and removing it",
    why: "A copied file stays in its layer whatever is removed later. A bind mount shows it to one \
          RUN and leaves nothing in the image, neither a layer nor what is written in the file.",
    bad: "FROM python:3.12-slim\nCOPY requirements.txt /tmp/requirements.txt\n\
          RUN pip install --no-cache-dir -r /tmp/requirements.txt && rm /tmp/requirements.txt\n",
    good: "FROM python:3.12-slim\n\
           RUN --mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt \
           pip install --no-cache-dir -r /tmp/requirements.txt\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/#run---mounttypebind",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(last) = context.final_stage() else { return };
    let flow = context.flow();
    for event in flow.events(last.index).filter(|event| event.certain) {
        let Effect::Delete { path: pattern, program: "rm" } = &event.effect else { continue };
        // What is large is another rule's.
        let Some(added) = wasted(flow, last.index, event, |_, by| by == Writer::CopyFile) else {
            continue;
        };
        if super::pl1102::is_reported(flow, last.index, event) {
            continue;
        }
        let weight = weight(context, added.instruction);
        let bytes = weight.map(|weight| format!(" ({weight})")).unwrap_or_default();
        let message = format!(
            "{pattern}{bytes} stays in the layer of line {} though it is removed here: mount it with \
             --mount=type=bind where it is needed",
            added.line
        );
        findings.report(event.line, event.span, message).related(added.span, "copied here");
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;

    #[test]
    fn a_copied_file_that_is_removed_stays() {
        let text = "FROM debian:12\nCOPY setup.sh /tmp/\nRUN /tmp/setup.sh && rm /tmp/setup.sh\n";
        let message = "3: /tmp/setup.sh stays in the layer of line 2 though it is removed here: \
                       mount it with --mount=type=bind where it is needed";
        assert_eq!(said("PL1103", text), [message]);
        let text = "FROM debian:12\nCOPY a.sh b.jar /tmp/\nRUN rm -r /tmp/*\n";
        assert_eq!(said("PL1103", text), [""; 0]);
        assert_eq!(said("PL1102", text).len(), 1);
    }
}
