//! `COPY --from` of a path that the stage does not have.

use super::pl1116::copies;
use crate::context::Context;
use crate::finding::Level;
use crate::flow::{Effect, Flow, Writer, base_name, covers, is_within, stage_called};
use crate::rule::{Findings, Mending, Rule};

pub(super) static RULE: Rule = Rule {
    id: "PL1114",
    aliases: &[],
    level: Level::Warning,
    title: "COPY --from takes only what the stage has",
    why: "The build fails where the path is not there. It is reported where all that the stage does \
          can be read: nothing in it runs a script, and nothing copies or writes to that place.",
    bad: "FROM alpine:3.20 AS fetch\nRUN wget -O /tmp/tool https://example.org/tool\n\
          FROM scratch\nCOPY --from=fetch /opt/tool /tool\n",
    good: "FROM alpine:3.20 AS fetch\nRUN wget -O /opt/tool https://example.org/tool\n\
           FROM scratch\nCOPY --from=fetch /opt/tool /tool\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/#copy---from",
    check,
};

/// Where images have files that no Dockerfile names; elsewhere a small base has nothing.
const OF_IMAGES: &[&str] = &[
    "/bin", "/dev", "/etc", "/home", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys",
    "/usr", "/var", "/go", "/media", "/mnt", "/srv",
];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let flow = context.flow();
    for step in copies(context) {
        let Some(name) = step.instruction.flag_value("from") else { continue };
        let Some(stage) = stage_called(context, name, step.stage) else { continue };
        let words = step.instruction.arguments.words();
        let Some((_, sources)) = words.split_last() else { continue };
        for source in sources {
            let Ok(path) = context.expand(&source.text, step) else { continue };
            let path = path.text.trim_end_matches('/');
            if path.contains(['*', '?', '[', '$']) || path.is_empty() {
                continue;
            }
            let path = format!("/{}", path.trim_start_matches('/').trim_start_matches("./"));
            if surely_lacks(flow, stage, &path) && !redirects(context, stage) {
                let message = format!("the stage {name} has no {path}: nothing in it writes there");
                findings.report(step.line, source.span, message);
            }
        }
    }
}

/// Whether nothing in a stage can have made a path.
fn surely_lacks(flow: &Flow, stage: usize, path: &str) -> bool {
    let Some(base) = flow.base(stage) else { return false };
    let is_empty = base.name == "scratch";
    // Images of languages have folders of their own.
    let is_plain = ["alpine", "debian", "ubuntu", "busybox"]
        .contains(&base.name.split(':').next().unwrap_or_default());
    let of_image = path.contains("/..") || OF_IMAGES.iter().any(|folder| is_within(path, folder));
    if !is_empty && (!is_plain || of_image) {
        return false;
    }
    flow.events(stage).all(|event| match &event.effect {
        Effect::Opaque(_) | Effect::WriteElsewhere => false,
        Effect::Write { path: written, by } => {
            let tree = matches!(by, Writer::CopyTree | Writer::Program(_));
            !(covers(path, written) || tree && is_within(path, written))
        }
        Effect::Call { program, .. } => READABLE.contains(&base_name(program)),
        _ => true,
    })
}

/// Whether a shell writes to files itself, which are not followed.
fn redirects(context: &Context<'_>, stage: usize) -> bool {
    let chain = context.flow().chain_set(stage);
    context.all_commands().any(|commands| {
        commands.text.stage.is_some_and(|stage| chain.contains(&stage))
            && commands.text.text.text().contains('>')
    })
}

/// Programs of which all that they write is followed, or that write nothing.
const READABLE: &[&str] = &[
    "apk",
    "apt-get",
    "cd",
    "chmod",
    "chown",
    "curl",
    "echo",
    "ls",
    "mkdir",
    "rm",
    "set",
    "sha256sum",
    "test",
    "true",
    "update-ca-certificates",
    "wget",
    "git",
    "addgroup",
    "adduser",
    "useradd",
    "groupadd",
    "cat",
    "[",
    "export",
];

#[cfg(test)]
mod tests {
    use super::super::tests::said;

    #[test]
    fn a_path_that_nothing_writes_is_named() {
        let text =
            "FROM scratch AS a\nCOPY x.txt /in/\nFROM scratch\nCOPY --from=a /in/y.txt /out/\n";
        let message = "4: the stage a has no /in/y.txt: nothing in it writes there";
        assert_eq!(said("PL1114", text), [message]);
    }

    #[test]
    fn what_may_be_there_is_left_alone() {
        for text in [
            "FROM scratch AS a\nCOPY . /in/\nFROM scratch\nCOPY --from=a /in/y.txt /out/\n",
            "FROM scratch AS a\nCOPY x.txt /in/\nFROM scratch\nCOPY --from=a /in /out/\n",
            "FROM alpine:3.20 AS a\nRUN make\nFROM scratch\nCOPY --from=a /app /app\n",
            "FROM alpine:3.20 AS a\nRUN echo x > /app\nFROM scratch\nCOPY --from=a /app /app\n",
            "FROM alpine:3.20 AS a\nFROM scratch\nCOPY --from=a /etc/ssl/cert.pem /c\n",
            "FROM golang:1.23 AS a\nFROM scratch\nCOPY --from=a /app /c\n",
            "FROM alpine:3.20 AS a\nRUN cd /x && wget https://e.org/$V.gz\nFROM scratch\n\
             COPY --from=a /x/y.gz /c\n",
        ] {
            assert_eq!(said("PL1114", text), [""; 0], "{text}");
        }
    }
}
