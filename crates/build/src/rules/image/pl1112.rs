//! Tools in the image that is shipped, which only `RUN` needed.

use super::pl1111::{is_application, report};
use crate::context::Context;
use crate::finding::Level;
use crate::flow::{Effect, Flow, base_name};
use crate::rule::{Findings, Mending, Rule};
use crate::script::Form;
use crate::syntax::Keyword;

pub(super) static RULE: Rule = Rule {
    id: "PL1112",
    aliases: &[],
    level: Level::Info,
    title: "Leave download tools out of the image that is shipped",
    why: "curl, wget and git fetch what an intruder wants to bring as well as what a build needs, \
          and each has vulnerabilities of its own. Where only RUN calls them, remove them in the \
          same RUN, or fetch in an earlier stage; ADD fetches without any of them.",
    bad: "FROM debian:12-slim\nRUN apt-get update && apt-get install -y curl && \
          curl -fsSLo /usr/bin/tool https://example.org/tool\nCOPY app /app\nCMD [\"/app\"]\n",
    good: "FROM debian:12-slim\nADD --chmod=755 https://example.org/tool /usr/bin/tool\n\
           COPY app /app\nCMD [\"/app\"]\n",
    mending: Mending::None,
    source: "https://docs.docker.com/build/building/best-practices/#dont-install-unnecessary-packages",
    check,
};

const TOOLS: &[&str] = &["curl", "wget", "git", "aria2", "subversion", "mercurial"];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(last) = context.final_stage() else { return };
    let flow = context.flow();
    if !is_application(context, last.index) || runs_scripts(context, last.index) {
        return;
    }
    let counts = |package: &str| {
        TOOLS.contains(&package) && calls(context, flow, last.index, package) == (true, false)
    };
    report(flow, last.index, findings, counts, |names, line| {
        let (them, calls) = if names.contains(',') { ("them", "call") } else { ("it", "calls") };
        format!(
            "only RUN {calls} {names}: fetch in an earlier stage or by ADD, or remove {them} in the \
             RUN of line {line}"
        )
    });
}

/// Whether `RUN` calls a command, and whether anything calls it in the container.
fn calls(context: &Context<'_>, flow: &Flow, stage: usize, command: &str) -> (bool, bool) {
    let command = match command {
        "aria2" => "aria2c",
        "subversion" => "svn",
        "mercurial" => "hg",
        same => same,
    };
    let (mut by_run, mut by_container) = (false, false);
    for event in flow.events(stage) {
        let Effect::Call { program, .. } = &event.effect else { continue };
        let instruction = context.file.instructions.get(event.instruction);
        let is_run = instruction.is_some_and(|one| one.keyword == Keyword::Run);
        let is_it = base_name(program) == command;
        by_run |= is_it && is_run;
        by_container |= is_it && !is_run;
    }
    (by_run, by_container)
}

/// Whether the container runs a script or a shell, which may call anything.
fn runs_scripts(context: &Context<'_>, stage: usize) -> bool {
    let flow = context.flow();
    let chain = flow.chain_set(stage);
    let is_script = |word: &str| {
        word.ends_with(".sh")
            || word.contains("entrypoint")
            || word.contains("start")
            || ["sh", "bash", "ash", "dash", "make", "supervisord"].contains(&base_name(word))
    };
    let mut own = context.all_commands().filter(|commands| {
        commands.text.keyword != Keyword::Run
            && commands.text.stage.is_some_and(|stage| chain.contains(&stage))
    });
    let calls_any = own.any(|commands| {
        commands.text.form != Form::Exec
            || commands.text.text.text().split_ascii_whitespace().any(is_script)
    });
    let has_entrypoint = context
        .steps_of(Keyword::Entrypoint)
        .any(|step| step.stage.is_some_and(|stage| chain.contains(&stage)));
    let by_base = match flow.base(stage) {
        _ if has_entrypoint => false,
        None => true,
        // The official images' own script calls no download tool.
        Some(base) => base
            .entrypoint
            .iter()
            .flatten()
            .any(|word| is_script(word) && word != "docker-entrypoint.sh"),
    };
    calls_any || by_base
}

#[cfg(test)]
mod tests {
    use super::super::tests::said;

    #[test]
    fn a_tool_that_only_run_calls_is_named() {
        let text = "FROM debian:12\nRUN apt-get install -y curl git && curl x && git clone y\n\
                    COPY a /a\nCMD [\"/a\"]\n";
        let message = "2: only RUN call curl, git: fetch in an earlier stage or by ADD, or remove \
                       them in the RUN of line 2";
        assert_eq!(said("PL1112", text), [message]);
    }

    #[test]
    fn a_tool_that_the_container_may_call_is_left_alone() {
        for text in [
            "FROM debian:12\nRUN apt-get install -y curl\nCOPY a /a\nCMD [\"/a\"]\n",
            "FROM debian:12\nRUN apt-get install -y curl && curl x\nCOPY a /a\n\
             HEALTHCHECK CMD [\"curl\", \"x\"]\nCMD [\"/a\"]\n",
            "FROM debian:12\nRUN apt-get install -y curl && curl x\nCOPY a.sh /\nCMD [\"/a.sh\"]\n",
            "FROM debian:12\nRUN apt-get install -y curl && curl x\nCOPY a /a\nCMD /a\n",
            "FROM debian:12\nRUN apt-get install -y curl && curl x && apt-get purge -y curl\n\
             COPY a /a\nCMD [\"/a\"]\n",
        ] {
            assert_eq!(said("PL1112", text), [""; 0], "{text}");
        }
    }
}
