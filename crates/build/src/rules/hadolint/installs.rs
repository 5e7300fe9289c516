//! What the rules about system package managers share: which words of a command are packages,
//! whether it asks questions, whether its cache stays in the layer.

use crate::context::{Commands, Context};
use crate::finding::Edit;
use crate::rule::Findings;
use crate::script::{Form, Program};
use crate::shell::Arg;
use crate::syntax::{Expander, MountKind};

/// A package manager as its rules see it.
pub(crate) struct Manager {
    /// The program's names.
    pub(crate) programs: &'static [&'static str],
    /// The subcommands that install.
    pub(crate) install: &'static [&'static str],
    /// The flags that take a value.
    pub(crate) with_values: &'static [&'static str],
}

pub(crate) const APT: Manager = Manager {
    programs: &["apt-get"],
    install: &["install"],
    with_values: &[
        "c",
        "config-file",
        "o",
        "option",
        "t",
        "target-release",
        "a",
        "host-architecture",
    ],
};
pub(crate) const APK: Manager = Manager {
    programs: &["apk"],
    install: &["add"],
    with_values: &["t", "virtual", "X", "repository", "p", "root", "repositories-file", "wait"],
};
pub(crate) const YUM: Manager = Manager {
    programs: &["yum"],
    install: &["install", "groupinstall", "localinstall"],
    with_values: &["c", "config", "x", "exclude", "enablerepo", "disablerepo", "setopt"],
};
pub(crate) const DNF: Manager = Manager {
    programs: &["dnf", "microdnf"],
    install: &["install", "in", "groupinstall", "localinstall"],
    with_values: &["c", "config", "x", "exclude", "enablerepo", "disablerepo", "setopt", "repo"],
};
pub(crate) const ZYPPER: Manager = Manager {
    programs: &["zypper"],
    install: &["install", "in"],
    with_values: &["r", "repo", "from", "t", "type", "root"],
};

impl Manager {
    /// Whether the program is this manager.
    pub(crate) fn is(&self, program: &Program<'_>) -> bool {
        self.programs.contains(&program.name())
    }

    /// The word that makes the program install; `None` where it does something else.
    pub(crate) fn installing<'i, 'a>(&self, program: &'i Program<'a>) -> Option<&'i Arg<'a>> {
        if !self.is(program) {
            return None;
        }
        program.args().iter().find(|one| self.install.contains(&&*one.text))
    }

    /// The packages that the program is asked to install.
    pub(crate) fn packages<'i, 'a>(&self, program: &'i Program<'a>) -> Vec<&'i Arg<'a>> {
        let Some(install) = self.installing(program) else { return Vec::new() };
        let operands = program.operands_after(self.with_values);
        operands.into_iter().filter(|one| one.span != install.span).collect()
    }
}

/// A word with the variables of the file in it expanded; others stay.
fn expanded(context: &Context<'_>, commands: Commands<'_>, text: &str) -> String {
    let scope = context.scopes.at(commands.text.stage, commands.text.instruction);
    let keep = Expander { keep_unset: true, ..Expander::new('\\') };
    let done = Some(text).filter(|text| text.contains('$')).map(|text| keep.expand(text, &scope));
    done.and_then(Result::ok).map_or_else(|| text.to_owned(), |done| done.text)
}

/// Reports each package without a version.
pub(crate) fn report_unpinned(
    context: &Context<'_>,
    findings: &mut Findings<'_>,
    manager: &Manager,
    is_pinned: fn(&str) -> bool,
    message: fn(&str) -> String,
) {
    for commands in context.runs() {
        for program in commands.invocations {
            let module = program.args().iter().any(|one| one.text == "module");
            for package in manager.packages(program) {
                let text = expanded(context, commands, &package.text);
                let pinned =
                    if module { text.contains(':') || text == "module" } else { is_pinned(&text) };
                if !pinned {
                    let place = commands.text.source_span(package.span);
                    findings.report(commands.text.line, place, message(&package.text));
                }
            }
        }
    }
}

/// Reports each command that would wait for an answer.
pub(crate) fn report_asking(
    context: &Context<'_>,
    findings: &mut Findings<'_>,
    manager: &Manager,
    answers: fn(&Program<'_>) -> bool,
    message: &'static str,
) {
    for commands in context.runs() {
        for program in commands.invocations {
            if let Some(install) = manager.installing(program)
                && !answers(program)
            {
                let place = commands.text.source_span(install.span);
                let reported = findings.report(commands.text.line, place, message);
                if commands.text.form != Form::Exec {
                    reported.safe_fix("add -y", vec![Edit::insert(place.end, " -y")]);
                }
            }
        }
    }
}

/// Whether a cache or memory is mounted at one of the paths.
pub(crate) fn mounts(context: &Context<'_>, commands: Commands<'_>, paths: &[&str]) -> bool {
    context.instruction_of(commands.text).is_some_and(|instruction| {
        instruction.triggered().mounts().any(|mount| {
            matches!(mount.kind, MountKind::Cache | MountKind::Tmpfs)
                && mount.target.is_some_and(|target| paths.contains(&target.trim_end_matches('/')))
        })
    })
}

/// Whether the program removes something at or below one of the paths.
pub(crate) fn removes(program: &Program<'_>, paths: &[&str]) -> bool {
    program.name() == "rm"
        && program.args().iter().any(|one| paths.iter().any(|path| one.text.starts_with(path)))
}

/// Reports the last program of a text behind which a cache stays, with an edit that cleans it;
/// only in the texts that `counts` lets through.
pub(crate) fn report_uncleaned(
    context: &Context<'_>,
    findings: &mut Findings<'_>,
    fills: fn(&Program<'_>) -> bool,
    cleans: fn(&Program<'_>) -> bool,
    cleaning: fn(&Program<'_>) -> String,
    message: &'static str,
    counts: impl Fn(Commands<'_>) -> bool,
) {
    for commands in context.runs() {
        let all = commands.invocations;
        let Some(last) = all.iter().rposition(|one| fills(one)) else { continue };
        let behind = all.get(last..).unwrap_or_default();
        let of_same = |one: &Program<'_>| {
            one.name() == "rm" || all.get(last).is_some_and(|filler| filler.name() == one.name())
        };
        if behind.iter().any(|one| cleans(one) && of_same(one)) || !counts(commands) {
            continue;
        }
        let Some(program) = all.get(last) else { continue };
        let span = commands.text.source_span(program.command().span);
        let reported = findings.report(commands.text.line, span, message);
        let simple = program.place.is_top_level()
            && program.place.is_alone()
            && commands.text.form == Form::Shell
            && program.command().redirects.is_empty()
            && program
                .place
                .and_or
                .rest
                .iter()
                .all(|(operator, _, _)| *operator == crate::shell::AndOrOp::And);
        if simple {
            let text = format!(" && {}", cleaning(program));
            reported.safe_fix("clean in the same layer", vec![Edit::insert(span.end, text)]);
        }
    }
}
