//! Shell forms in images without a shell.

use crate::context::Context;
use crate::finding::Level;
use crate::flow::Until;
use crate::rule::{Findings, Mending, Rule};
use crate::script::Form;
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1108",
    aliases: &[],
    level: Level::Warning,
    title: "Use no shell form where the image has no shell",
    why: "The shell form is run by /bin/sh -c. Images like scratch and distroless have none: RUN \
          fails the build, and CMD, ENTRYPOINT and HEALTHCHECK fail in every container. Do the work \
          of RUN in an earlier stage, and write the others as JSON arrays.",
    bad: "FROM gcr.io/distroless/static-debian12\nCOPY app /app\nCMD /app --serve\n",
    good: "FROM gcr.io/distroless/static-debian12\nCOPY app /app\nCMD [\"/app\", \"--serve\"]\n",
    mending: Mending::None,
    source: "https://docs.docker.com/reference/dockerfile/#shell-and-exec-form",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let flow = context.flow();
    for commands in context.all_commands().filter(|commands| !commands.text.onbuild) {
        let text = commands.text;
        let (Some(stage), Some(instruction)) = (text.stage, context.instruction_of(text)) else {
            continue;
        };
        // Another shell is looked for elsewhere.
        if text.form == Form::Exec || !text.shell.is_empty() || !instruction.heredocs.is_empty() {
            continue;
        }
        let until = if text.keyword == Keyword::Run {
            Until::Instruction(text.instruction)
        } else {
            Until::End
        };
        if !flow.lacks_command(stage, until, "/bin/sh") {
            continue;
        }
        let Some(base) = flow.base(stage) else { continue };
        let what = match text.keyword {
            Keyword::Run => "RUN fails: do its work in an earlier stage",
            _ => "write it as a JSON array",
        };
        let message = format!("{} has no /bin/sh: {what}", base.name);
        findings.report(text.line, instruction.name.span, message);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;

    #[test]
    fn each_shell_form_is_found() {
        let text = "FROM scratch\nCOPY a /a\nHEALTHCHECK CMD /a check\nENTRYPOINT /a\n\
                    FROM gcr.io/distroless/cc-debian12\nCOPY a /a\nRUN /a setup\n";
        insta::assert_snapshot!(said("PL1108", text).join("\n"), @r"
        3: scratch has no /bin/sh: write it as a JSON array
        4: scratch has no /bin/sh: write it as a JSON array
        7: gcr.io/distroless/cc-debian12 has no /bin/sh: RUN fails: do its work in an earlier stage
        ");
    }

    #[test]
    fn where_a_shell_may_be_nothing_is_said() {
        for text in [
            "FROM scratch\nADD rootfs.tar.gz /\nRUN ls\n",
            "FROM scratch\nCOPY --from=a / /\nCMD ls\n",
            "FROM scratch\nCOPY --from=busybox /bin/sh /bin/sh\nRUN x\n",
            "FROM gcr.io/distroless/base-debian12:debug\nSHELL [\"/busybox/sh\", \"-c\"]\nRUN ls\n",
            "FROM scratch\nCOPY a /a\nCMD [\"/a\"]\n",
            "FROM ours/app\nRUN ls\n",
        ] {
            assert_eq!(said("PL1108", text), [""; 0], "{text}");
        }
    }
}
