//! Files that are removed in a later layer than the one that they are in.

use crate::build_context::weight;
use crate::context::Context;
use crate::finding::Level;
use crate::flow::{Effect, Event, Flow, Writer, base_name, covers, is_within};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "PL1102",
    aliases: &[],
    level: Level::Warning,
    title: "Remove files in the instruction that brings them",
    why: "A later layer can hide a file of an earlier one and not take it out of the image: the \
          bytes are pulled all the same, and whoever has the image can read them. Download, unpack \
          and remove in one RUN, mount what is only needed for a moment, or do the work in a stage \
          of which only the outcome is copied.",
    bad: "FROM debian:12-slim\nADD https://example.org/tool.tar.gz /tmp/tool.tar.gz\n\
          RUN tar -xzf /tmp/tool.tar.gz -C /opt\nRUN rm /tmp/tool.tar.gz\n",
    good: "FROM debian:12-slim\nRUN --mount=type=bind,source=tool.tar.gz,target=/tmp/tool.tar.gz \
           tar -xzf /tmp/tool.tar.gz -C /opt\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/building/best-practices/#use-multi-stage-builds",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(last) = context.final_stage() else { return };
    let flow = context.flow();
    for event in flow.events(last.index).filter(|event| event.certain) {
        let Effect::Delete { path, program } = &event.effect else { continue };
        let Some(added) = wasted(flow, last.index, event, is_large) else { continue };
        let line = added.line;
        let weight = weight(context, added.instruction);
        let bytes = weight.as_deref().unwrap_or("the bytes");
        let message = match *program {
            "mv" => {
                let bytes = weight.as_ref().map(|weight| format!(" with {weight}"));
                let bytes = bytes.unwrap_or_default();
                format!(
                    "to move {path} here stores it twice: it stays in the layer of line {line}{bytes}"
                )
            }
            "rm" => format!(
                "to remove {path} here frees nothing: {bytes} stay in the layer of line {line}"
            ),
            clean => {
                format!("{clean} here frees nothing: {bytes} stay in the layer of line {line}")
            }
        };
        findings.report(event.line, event.span, message).related(added.span, "it comes from here");
    }
}

/// The event of an earlier layer that made what an event deletes, if it is of the kind wanted.
pub(super) fn wasted<'f>(
    flow: &'f Flow,
    stage: usize,
    event: &Event,
    wanted: fn(&str, Writer) -> bool,
) -> Option<&'f Event> {
    let Effect::Delete { path: pattern, .. } = &event.effect else { return None };
    let made = |other: &&Event| match &other.effect {
        Effect::Write { path, by } => *by != Writer::Folder && deletes(pattern, path),
        _ => false,
    };
    // What this layer brings itself may be all that it removes.
    let own = |other: &&Event| other.instruction == event.instruction;
    if flow.events(stage).filter(own).any(|other| made(&other)) {
        return None;
    }
    let before = |other: &&Event| other.instruction < event.instruction;
    let made = flow.events(stage).filter(before).rev().filter(|other| {
        let Effect::Write { path, by } = &other.effect else { return false };
        other.certain && made(other) && wanted(path, *by)
    });
    made.take(MOST_WRITERS).find(|other| {
        matches!(&other.effect, Effect::Write { path, .. } if stays(flow, stage, other, event, path))
    })
}

/// How many writers of a path, from the last one back, are looked at.
pub(super) const MOST_WRITERS: usize = 16;

/// Whether this rule reports a deletion.
pub(super) fn is_reported(flow: &Flow, stage: usize, event: &Event) -> bool {
    wasted(flow, stage, event, is_large).is_some()
}

/// Whether a removal of `pattern` takes what was written at `path` away.
fn deletes(pattern: &str, path: &str) -> bool {
    covers(pattern, path) || pattern.strip_suffix("/*").is_some_and(|folder| folder == path)
}

/// Whether what an event wrote is there until another one deletes it.
fn stays(flow: &Flow, stage: usize, made: &Event, deleted: &Event, path: &str) -> bool {
    let mut between = flow
        .events(stage)
        .skip_while(|other| !std::ptr::eq(*other, made))
        .take_while(|other| !std::ptr::eq(*other, deleted));
    !between.any(|other| match &other.effect {
        // A cache that is cleared in part is cleared as far as anybody knows.
        Effect::Delete { path: pattern, .. } => deletes(pattern, path) || is_within(pattern, path),
        _ => false,
    })
}

/// Whether it is worth a layer: a download, a tree, an archive.
fn is_large(path: &str, by: Writer) -> bool {
    const ARCHIVES: &[&str] = &[
        ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".zip", ".deb", ".rpm", ".jar", ".war",
        ".iso", ".bin", ".run", ".whl", ".exe", ".msi", ".7z", ".apk",
    ];
    match by {
        Writer::CopyTree => !base_name(path).is_empty() && !is_script_folder(path),
        Writer::CopyFile => ARCHIVES.iter().any(|end| path.ends_with(end)),
        Writer::Program(_) => true,
        Writer::Folder => false,
    }
}

/// A source without an end to its name may be a script as well as a folder.
fn is_script_folder(path: &str) -> bool {
    base_name(path).contains('.')
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;

    #[test]
    fn downloads_trees_archives_and_caches_stay_in_their_layer() {
        let text = "FROM debian:12\nWORKDIR /src\nCOPY . .\n\
                    RUN curl -fsSLo /tmp/a.tgz https://e.org/a.tgz\n\
                    RUN apt-get update && apt-get install -y tzdata\nCOPY a.jar /opt/\n\
                    RUN rm -rf /tmp/* /src /var/lib/apt/lists/*\nRUN mv /opt/a.jar /b.jar\n";
        insta::assert_snapshot!(said("PL1102", text).join("\n"), @r"
        7: to remove /tmp/* here frees nothing: the bytes stay in the layer of line 4
        7: to remove /src here frees nothing: the bytes stay in the layer of line 3
        7: to remove /var/lib/apt/lists/* here frees nothing: the bytes stay in the layer of line 5
        8: to move /opt/a.jar here stores it twice: it stays in the layer of line 6
        ");
    }

    #[test]
    fn what_is_not_surely_in_an_earlier_layer_is_left_alone() {
        for text in [
            "FROM debian:12\nRUN curl -o /a https://e.org && rm /a\n",
            "FROM debian:12\nRUN curl -o /a https://e.org && rm /a\nRUN rm -f /a\n",
            "FROM debian:12\nRUN rm -rf /usr/share/doc\n",
            "FROM debian:12\nCOPY . /app\nRUN rm -rf /app/test\n",
            "FROM debian:12\nRUN mkdir /x\nRUN rm -r /x\n",
            "FROM debian:12\nCOPY a.jar /a.jar\nRUN test -d /x || rm /a.jar\n",
            "FROM debian:12\nRUN apt-get update && rm -rf /var/lib/apt/lists/*\n\
             RUN apt-get update && apt-get install -y x && rm -rf /var/lib/apt/lists/*\n",
            "FROM debian:12 AS a\nCOPY . /src\nRUN rm -rf /src\nFROM scratch\nCOPY --from=a /b /b\n",
            "FROM debian:12\nRUN --mount=type=cache,target=/c curl -o /c/a https://e.org\nRUN rm /c/a\n",
        ] {
            assert_eq!(said("PL1102", text), [""; 0], "{text}");
        }
    }
}
