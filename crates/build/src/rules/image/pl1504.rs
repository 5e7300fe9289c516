//! Passwords in commands.

use crate::Span;
use crate::context::{Commands, Context};
use crate::finding::Level;
use crate::rule::{Findings, Mending, Rule};
use crate::shell::Invocation;

pub(super) static RULE: Rule = Rule {
    id: "PL1504",
    aliases: &["CIS-4.10", "CIS-DI-0010", "DKL-LI-0001"],
    level: Level::Warning,
    title: "Set no password in a build, and none that is empty",
    why: "A RUN is kept in the history of the image as it was written: every container has the \
          password, and whoever has the image knows it. Without one, nobody is asked. Lock accounts \
          that nobody logs in to, and give passwords to a container when it starts.",
    bad: "FROM debian:12\nRUN echo 'root:Zx81pqRt' | chpasswd\n",
    good: "FROM debian:12\nRUN passwd -l root\n",
    mending: Mending::None,
    source: "https://github.com/goodwithtech/dockle/blob/master/CHECKPOINT.md#dkl-li-0001",
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for commands in context.runs() {
        for (index, program) in commands.invocations.iter().enumerate() {
            let inner = program.through_wrappers();
            let found = match inner.program() {
                "chpasswd" => {
                    piped(commands, index).filter(|_| !inner.has_flag(&["e", "encrypted"]))
                }
                "passwd" if inner.has_flag(&["d", "delete"]) => Some((
                    inner.command().span,
                    "this takes the password away: nobody is asked for one",
                )),
                "passwd" => piped(commands, index),
                _ => argument(&inner),
            };
            if let Some((span, what)) = found {
                findings.report(commands.text.line, commands.text.source_span(span), what);
            }
        }
        report_variables(commands, findings);
    }
}

const KEPT: &str = "this password is kept in the history of the image";
const EMPTY: &str = "this password is empty: nobody is asked for one";

/// What an `echo` or `printf` before it in the same pipeline writes, if it is no variable.
fn piped(commands: Commands<'_>, index: usize) -> Option<(Span, &'static str)> {
    let program = commands.invocations.get(index)?;
    let before = commands.invocations.iter().find(|one| {
        std::ptr::eq(one.place.pipeline, program.place.pipeline)
            && one.place.position.saturating_add(1) == program.place.position
    })?;
    if !matches!(before.program(), "echo" | "printf") {
        return None;
    }
    let written = before.args().iter().find(|one| {
        let (_, password) = one.text.split_once(':').unwrap_or(("", &one.text));
        !one.is_flag() && is_written(password) && password != "%s\\n"
    })?;
    Some((written.span, KEPT))
}

/// Whether it is the value itself, and no variable, substitution or file.
fn is_written(text: &str) -> bool {
    !text.is_empty() && !text.contains(['$', '`', '{', '<', '%'])
}

/// A password among the arguments of a program.
fn argument(program: &Invocation<'_>) -> Option<(Span, &'static str)> {
    let (flags, login): (&[&str], bool) = match program.program() {
        "useradd" | "usermod" => (&["p", "password"], false),
        "sshpass" => (&["p"], false),
        "docker" | "podman" | "helm" | "buildah" | "skopeo" => {
            program.args().iter().find(|one| one.text == "login")?;
            (&["p", "password"], false)
        }
        "curl" => (&["u", "user", "proxy-user", "U"], true),
        "wget" => (&["password", "http-password", "ftp-password"], false),
        "mysql" | "mysqladmin" | "mysqldump" | "mariadb" => (&["password"], false),
        "az" => {
            program.args().iter().find(|one| one.text == "login")?;
            (&["p", "password"], false)
        }
        _ => return None,
    };
    let values = program.values_of(flags);
    let value = values.first()?;
    let text = if login { value.text.split_once(':')?.1 } else { value.text };
    let account = matches!(program.program(), "useradd" | "usermod");
    if account && text.is_empty() {
        return Some((value.arg.span, EMPTY));
    }
    // `*`, `!` and `x` lock an account.
    let locked = account && (text.starts_with(['*', '!']) || text == "x");
    (is_written(text) && !locked).then_some((value.arg.span, KEPT))
}

/// Variables of one command that are passwords for it.
fn report_variables(commands: Commands<'_>, findings: &mut Findings<'_>) {
    let source = commands.text.text.text();
    for placed in commands.text.script.simple_commands() {
        for assignment in &placed.command.assignments {
            let known = matches!(assignment.name.as_str(), "PGPASSWORD" | "MYSQL_PWD" | "SSHPASS");
            let value = assignment.word().map(|word| word.text(source));
            if known && value.is_some_and(|value| is_written(&value)) {
                let place = commands.text.source_span(assignment.span);
                findings.report(commands.text.line, place, KEPT);
            }
        }
    }
}
