//! Logins that stay in a layer.

use super::lineage::Lineage;
use crate::context::Context;
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Invocation;
use crate::syntax::{Instruction, MountKind};

pub(super) static RULE: Rule = Rule {
    id: "PL1505",
    aliases: &["DS-0031", "AVD-DS-0031", "DS031", "CIS-4.10", "CIS-DI-0010"],
    level: Level::Warning,
    title: "Leave no login behind in a layer",
    why: "`aws configure`, `docker login` and their kin write what they are given to a file of the \
          home folder. It stays in the layer for whoever has the image. Mount the file as a secret \
          for the one command that needs it.",
    bad: "FROM amazon/aws-cli:2.27.0\nARG KEY\nRUN aws configure set aws_secret_access_key $KEY\n",
    good: "FROM amazon/aws-cli:2.27.0\nRUN --mount=type=secret,id=aws,target=/root/.aws/credentials aws s3 ls\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/building/secrets/",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let image = Lineage::new(context);
    for commands in context.runs() {
        let instruction = context.instruction_of(commands.text).map(Instruction::triggered);
        let mounted = instruction.is_some_and(|instruction| {
            instruction.mounts().any(|mount| mount.kind == MountKind::Secret)
        });
        // What is logged out again, or deleted, in the same layer is not in it.
        let removed = commands.invocations.iter().any(|one| {
            let inner = one.through_wrappers();
            inner.args().iter().any(|word| word.text == "logout" || word.text == "revoke")
                || inner.program() == "rm"
                    && inner.args().iter().any(|word| {
                        [".aws", ".docker", ".azure", "gcloud", ".netrc", "doctl", ".config"]
                            .iter()
                            .any(|part| word.text.contains(part))
                    })
        });
        if mounted || removed || !image.holds(commands.text.stage) {
            continue;
        }
        for program in commands.invocations {
            let inner = program.through_wrappers();
            if logs_in(&inner) {
                let place = commands.text.source_span(inner.command().span);
                let message = format!("what {} is given here stays in the layer", inner.program());
                findings.report(commands.text.line, place, message);
            }
        }
    }
}

fn logs_in(program: &Invocation<'_>) -> bool {
    let words: Vec<&str> = program.args().iter().map(|one| &*one.text).collect();
    match (program.program(), words.as_slice()) {
        ("aws", ["configure", "set", key, ..]) => {
            matches!(*key, "aws_access_key_id" | "aws_secret_access_key" | "aws_session_token")
        }
        ("gcloud", ["auth", what, ..]) => *what == "activate-service-account",
        ("docker" | "podman" | "buildah" | "skopeo" | "huggingface-cli", ["login", ..]) => true,
        ("az", ["login", ..]) => program.has_flag(&["p", "password", "federated-token"]),
        ("doctl", ["auth", "init", ..]) => program.has_flag(&["t", "access-token"]),
        ("npm", ["config", "set", name, ..]) => {
            name.contains("_auth") || name.contains("_password")
        }
        _ => false,
    }
}
