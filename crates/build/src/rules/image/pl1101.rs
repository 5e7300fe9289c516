//! Packages that are removed in a later layer than the one that installed them.

use super::pl1111::listed;
use crate::context::Context;
use crate::finding::Level;
use crate::flow::{Effect, Event, Flow};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "PL1101",
    aliases: &[],
    level: Level::Warning,
    title: "Remove packages in the instruction that installs them",
    why: "Each RUN is a layer of its own, and a layer can only hide what an earlier one holds. \
          Packages that a later RUN removes are pulled with every copy of the image all the same. \
          Install, use and remove them in one RUN, or do the work in a stage of which only the \
          outcome is copied.",
    bad: "FROM alpine:3.20\nRUN apk add --no-cache gcc musl-dev\nCOPY . /src\nRUN make -C /src\n\
          RUN apk del gcc musl-dev\n",
    good: "FROM alpine:3.20\nCOPY . /src\nRUN apk add --no-cache --virtual .build gcc musl-dev && \
           make -C /src && apk del .build\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/building/best-practices/#use-multi-stage-builds",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(last) = context.final_stage() else { return };
    let flow = context.flow();
    // One finding for each pair of layers.
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for event in flow.events(last.index) {
        let Effect::Uninstall { package, .. } = &event.effect else { continue };
        let Some(added) = added(flow, last.index, event) else { continue };
        let of_pair = |pair: &&mut Pair<'_>| {
            pair.removed.instruction == event.instruction
                && pair.added.instruction == added.instruction
        };
        match pairs.iter_mut().rev().take(MOST_PAIRS).find(of_pair) {
            Some(pair) => pair.names.extend(package.as_deref()),
            None => pairs.push(Pair {
                removed: event,
                added,
                names: package.as_deref().into_iter().collect(),
            }),
        }
    }
    for Pair { removed, added, names } in pairs {
        let what = match names.as_slice() {
            [] => "autoremove".to_owned(),
            names => format!("to remove {}", listed(names)),
        };
        let message = format!(
            "{what} here frees nothing: the bytes stay in the layer of line {}",
            added.line
        );
        findings.report(removed.line, removed.span, message).related(added.span, "installed here");
    }
}

/// How many pairs back a removal is counted to one.
const MOST_PAIRS: usize = 16;

/// What one layer removes of what another one brought.
struct Pair<'f> {
    removed: &'f Event,
    added: &'f Event,
    names: Vec<&'f str>,
}

/// The installation in an earlier layer of what an event removes.
fn added<'f>(flow: &'f Flow, stage: usize, event: &Event) -> Option<&'f Event> {
    let Effect::Uninstall { manager, package, .. } = &event.effect else { return None };
    let brings = |other: &&Event| match &other.effect {
        Effect::Install { manager: by, package: name, group } => {
            by == manager
                && package.as_ref().is_none_or(|gone| name == gone || group.as_ref() == Some(gone))
        }
        _ => false,
    };
    // What is installed again in this layer is removed from this layer; what is left over is only
    // swept where nothing else is done.
    let own = |other: &&Event| other.instruction == event.instruction;
    let sweeps_own = package.is_none()
        && flow.events(stage).filter(own).any(|other| {
            matches!(
                other.effect,
                Effect::Install { .. }
                    | Effect::Uninstall { package: Some(_), .. }
                    | Effect::UninstallOthers
                    | Effect::Opaque(_)
            )
        });
    if sweeps_own || flow.events(stage).filter(own).any(|other| brings(&other)) {
        return None;
    }
    let before = |other: &&Event| other.instruction < event.instruction;
    let added = flow.events(stage).filter(before).rfind(|other| other.certain && brings(other))?;
    // What was removed in its own layer, or since, is gone.
    let gone = flow.events(stage).filter(before).any(|other| match &other.effect {
        Effect::UninstallOthers => other.instruction >= added.instruction,
        Effect::Uninstall { package: of, .. } => {
            other.instruction >= added.instruction
                && match (of, package, &added.effect) {
                    (None, None, _) => true,
                    (Some(of), _, Effect::Install { package, group, .. }) => {
                        of == package || group.as_ref() == Some(of)
                    }
                    _ => false,
                }
        }
        _ => false,
    });
    (!gone).then_some(added)
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;

    #[test]
    fn the_line_that_installed_is_named() {
        let text = "FROM debian:12\nRUN apt-get update && apt-get install -y gcc make curl\n\
                    RUN make\nRUN apt-get purge -y gcc make && apt-get autoremove -y\n";
        let message =
            "4: to remove gcc, make here frees nothing: the bytes stay in the layer of line 2";
        assert_eq!(said("PL1101", text), [message]);
        let text =
            "FROM alpine:3.20\nRUN apk add --virtual .deps gcc\nRUN make\nRUN apk del .deps\n";
        let message =
            "4: to remove .deps here frees nothing: the bytes stay in the layer of line 2";
        assert_eq!(said("PL1101", text), [message]);
        let text = "FROM debian:12\nRUN apt-get install -y gcc\nRUN apt-get autoremove\n";
        assert_eq!(said("PL1101", text).len(), 1);
    }

    #[test]
    fn what_costs_no_layer_is_left_alone() {
        for text in [
            "FROM alpine:3.20\nRUN apk add -t .d gcc && apk del .d\n",
            "FROM alpine:3.20 AS a\nRUN apk add gcc\nRUN apk del gcc\nFROM scratch\nCOPY --from=a / /\n",
            "FROM alpine:3.20\nRUN apk add gcc && apk del gcc\nRUN apk add -t .d gcc && apk del .d\n",
            "FROM alpine:3.20\nRUN if x; then apk add gcc; fi\nRUN apk del gcc\n",
            "FROM node:20-alpine\nRUN apk del libstdc++\n",
            "FROM debian:12\nRUN apt-get install -y curl\nRUN d='gcc' && apt-get install -y $d && \
             apt-get purge -y --auto-remove $d\n",
        ] {
            assert_eq!(said("PL1101", text), [""; 0], "{text}");
        }
    }
}
