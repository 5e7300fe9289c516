//! `RUN`: what its programs do, one after the other.

use std::collections::BTreeSet;

use crate::bases::{Base, Shell};
use crate::context::Commands;
use crate::scope::Scope;
use crate::script::{Form, Program};
use crate::shell::{AndOrOp, Arg, Condition, Invocation};
use crate::syntax::{Expander, Instruction};
use crate::{ShellText, Span};

use super::accounts;
use super::event::{Effect, Opaque, Writer};
use super::packages::{self, Call};
use super::paths::{absolute, base_name, is_within, may_hold_commands};
use super::programs::{Brings, brings};

/// An effect, the words that say it, and whether it surely happens.
pub(super) type Found = (Effect, Span, bool);

/// Reads the effects of one shell text, one after the other.
pub(super) struct Run<'r> {
    text: &'r ShellText,
    scope: Scope<'r>,
    /// The names that the script itself gives values to.
    assigned: BTreeSet<&'r str>,
    /// The folder that it is in; `None` once that is not known.
    folder: Option<String>,
    /// Whether the script has functions, whose names look like programs.
    has_functions: bool,
    /// Where something is mounted, which is no part of the layer.
    mounts: Vec<String>,
    busybox: Option<bool>,
    found: Vec<Found>,
}

/// The effects of a `RUN`.
pub(super) fn run(
    commands: Commands<'_>,
    instruction: &Instruction,
    scope: Scope<'_>,
    folder: Option<&str>,
    base: Option<&Base>,
) -> Vec<Found> {
    let text = commands.text;
    let whole =
        text.source_span(Span::new(0, plimsoll_model::text::offset(text.text.text().len())));
    let is_shell = text.form == Form::Exec || text.script.dialect.is_posix_family();
    if !is_shell || !text.script.errors.is_empty() {
        return vec![(Effect::Opaque(Opaque::All), whole, true)];
    }
    let mounts = instruction.mounts().filter_map(|mount| absolute(folder, &mount.target?));
    let busybox = base.and_then(|base| base.shell.as_ref()).map(|shell| shell.kind == Shell::Ash);
    let mut run = Run {
        text,
        scope,
        assigned: assigned(commands.invocations),
        folder: folder.map(str::to_owned),
        has_functions: commands.invocations.iter().any(|program| program.place.in_function),
        mounts: mounts.collect(),
        busybox,
        found: Vec::new(),
    };
    for program in commands.invocations {
        run.program(program);
    }
    let content = text.text.text();
    if ["/etc/passwd", "/etc/group"].iter().any(|file| content.contains(file)) {
        run.found.push((Effect::OtherAccounts, whole, true));
    }
    run.found
}

/// The programs that a command of another instruction calls: `CMD`, `ENTRYPOINT`, `HEALTHCHECK`.
pub(super) fn calls(commands: Commands<'_>) -> Vec<Found> {
    let found = commands.invocations.iter().filter_map(|program| {
        let span = commands.text.source_span(program.name_span());
        let call =
            Effect::Call { program: program.name().to_owned(), guarded: is_guarded(program) };
        (!program.name().contains(['$', '`'])).then_some((call, span, is_certain(program)))
    });
    found.collect()
}

/// Whether the program runs in every build: in no branch, loop or function, and behind `&&` alone.
pub(super) fn is_certain(program: &Program<'_>) -> bool {
    let place = &program.place;
    let before = place.and_or.rest.iter().take(place.pipeline_index);
    place.is_top_level()
        && !place.in_function
        && !place.in_loop
        && before.clone().all(|(operator, ..)| *operator == AndOrOp::And)
}

/// Whether a failure of the program is looked at or passed over.
fn is_guarded(program: &Program<'_>) -> bool {
    let place = &program.place;
    !is_certain(program)
        || matches!(place.condition, Some(Condition::If | Condition::While | Condition::Not))
        || place.and_or.rest.iter().skip(place.pipeline_index).any(|(op, ..)| *op == AndOrOp::Or)
}

/// The variables that a script gives values to.
fn assigned<'r>(programs: &'r [Program<'r>]) -> BTreeSet<&'r str> {
    let mut names = BTreeSet::new();
    for program in programs {
        names.extend(program.command().assignments.iter().map(|one| one.name.as_str()));
        if matches!(program.name(), "export" | "read" | "local" | "declare" | "eval") {
            let words = program.args().iter().map(|arg| &*arg.text);
            names.extend(words.map(|word| word.split('=').next().unwrap_or(word)));
        }
    }
    names
}

impl Run<'_> {
    fn add(&mut self, effect: Effect, span: Span, certain: bool) {
        if let Effect::Write { path, .. } | Effect::Delete { path, .. } | Effect::Reown { path, .. } =
            &effect
            && self.mounts.iter().any(|mount| is_within(path, mount))
        {
            return;
        }
        self.found.push((effect, self.text.source_span(span), certain));
    }

    /// A word with the variables of the file in it; `None` where the shell has to know more.
    fn word(&self, arg: &Arg<'_>) -> Option<String> {
        self.expand(&arg.text)
    }

    fn expand(&self, text: &str) -> Option<String> {
        if !text.contains('$') {
            return (!text.contains('`')).then(|| text.to_owned());
        }
        if text.contains("$(") || text.contains(['`', '\\', '\'', '"']) {
            return None;
        }
        let keep = Expander { keep_unset: true, ..Expander::new('\\') };
        let done = keep.expand(text, &self.scope).ok()?;
        let own = done.used.iter().any(|name| self.assigned.contains(name.as_str()));
        (!own && !done.text.contains('$')).then_some(done.text)
    }

    /// A word as an absolute path.
    fn path(&self, arg: &Arg<'_>) -> Option<String> {
        absolute(self.folder.as_deref(), &self.word(arg)?)
    }

    fn program(&mut self, program: &Program<'_>) {
        let certain = is_certain(program);
        let span = program.name_span();
        let inner = program.through_wrappers();
        let names = program.wrappers().iter().chain(inner.wrappers()).map(|one| &one.text);
        let names: Vec<String> =
            names.map(ToString::to_string).chain([inner.name().to_owned()]).collect();
        let guarded = is_guarded(program) || self.has_functions;
        for name in names {
            // `exec` and `command` are the shell's own.
            if let Some(program) = self.expand(&name) {
                self.add(Effect::Call { program, guarded }, span, certain);
            }
        }
        let called = inner.program();
        if inner.name().contains(['$', '`']) {
            self.add(Effect::Opaque(Opaque::All), span, certain);
        } else if called == "cd" {
            self.change_folder(&inner, certain);
        } else if let Some(call) = packages::call(&inner) {
            self.packages(program, &inner, &call, certain);
        } else if let Some(call) = accounts::call(&inner, self.busybox) {
            self.account(&inner, call, certain, guarded);
        } else {
            self.files(&inner, certain);
            match brings(called) {
                Brings::Nothing => {}
                Brings::Tools => self.add(Effect::Opaque(Opaque::Tools), span, certain),
                Brings::Anything => self.add(Effect::Opaque(Opaque::All), span, certain),
            }
        }
    }

    fn change_folder(&mut self, program: &Invocation<'_>, certain: bool) {
        self.folder = match program.operands().as_slice() {
            [one] if certain => self.path(one),
            _ => None,
        };
    }

    fn packages(
        &mut self,
        program: &Program<'_>,
        inner: &Invocation<'_>,
        call: &Call<'_, '_>,
        certain: bool,
    ) {
        let span = inner.name_span();
        self.caches(inner, certain);
        match call {
            Call::Idle => {}
            Call::Unknown => self.add(Effect::Opaque(Opaque::All), span, certain),
            Call::Install { manager, words, group } => {
                let group = group.and_then(|group| self.expand(group));
                let mut is_unknown = packages::reads_more(program, inner);
                for arg in words {
                    let word = self.word(arg);
                    // A variable may hold several packages, and `apt-get install x-` removes.
                    let parts = word.iter().flat_map(|word| word.split_ascii_whitespace());
                    let mut any = false;
                    for part in parts {
                        any = true;
                        match packages::name(*manager, part) {
                            Some(name) => self.add(
                                Effect::Install {
                                    manager: *manager,
                                    package: name.to_owned(),
                                    group: group.clone(),
                                },
                                arg.span,
                                certain,
                            ),
                            None => is_unknown = true,
                        }
                    }
                    is_unknown |= !any;
                }
                if is_unknown {
                    self.add(Effect::Opaque(Opaque::All), span, certain);
                }
            }
            Call::Remove { manager, words, sweeps } => {
                let forgiven = is_guarded(program);
                let manager = *manager;
                if *sweeps {
                    let all = Effect::Uninstall { manager, package: None, forgiven };
                    self.add(all, span, certain);
                }
                for arg in words {
                    let word = self.word(arg);
                    let Some(word) = word else {
                        self.add(Effect::UninstallOthers, arg.span, certain);
                        continue;
                    };
                    for part in word.split_ascii_whitespace() {
                        let name = packages::name(manager, part).map(str::to_owned);
                        let gone = match name {
                            Some(name) => {
                                Effect::Uninstall { manager, package: Some(name), forgiven }
                            }
                            None => Effect::UninstallOthers,
                        };
                        self.add(gone, arg.span, certain);
                    }
                }
            }
        }
    }

    /// Lists and archives that package managers leave, and what clears them.
    fn caches(&mut self, program: &Invocation<'_>, certain: bool) {
        let first = program.subcommand().unwrap_or_default();
        let has = |word: &str| program.args().iter().any(|arg| arg.text == word);
        let (path, by, clears) = match program.program() {
            "apt-get" | "apt" if has("update") => ("/var/lib/apt/lists", "apt-get update", false),
            "apk" if has("update") || has("add") && !has("--no-cache") => {
                ("/var/cache/apk", "apk", false)
            }
            "yum" => ("/var/cache/yum", "yum", first == "clean"),
            "dnf" => ("/var/cache/dnf", "dnf", first == "clean"),
            _ => return,
        };
        let span = program.name_span();
        let path = path.to_owned();
        if clears {
            let program = if by == "yum" { "yum clean" } else { "dnf clean" };
            self.add(Effect::Delete { path, program }, span, certain);
        } else if ["apt-get update", "apk"].contains(&by) || has("install") || has("update") {
            self.add(Effect::Write { path, by: Writer::Program(by) }, span, certain);
        }
    }

    fn account(
        &mut self,
        program: &Invocation<'_>,
        call: accounts::Call,
        certain: bool,
        guarded: bool,
    ) {
        let span = program.command().span;
        match call {
            accounts::Call::Member => {}
            accounts::Call::Other => self.add(Effect::OtherAccounts, span, certain),
            accounts::Call::New(mut new) => {
                new.name_may_exist |= guarded;
                new.id_may_exist |= guarded;
                self.add(Effect::Account(new), span, certain);
            }
        }
    }

    /// Files that programs make, remove or give to others.
    fn files(&mut self, program: &Invocation<'_>, certain: bool) {
        match program.program() {
            "rm" | "unlink" => {
                for arg in program.operands() {
                    if let Some(path) = self.path(arg).filter(|path| path != "/") {
                        self.add(Effect::Delete { path, program: "rm" }, arg.span, certain);
                    }
                }
            }
            "mkdir" => {
                for arg in program.operands_after(&["m", "mode"]) {
                    self.write(arg, Writer::Folder, certain);
                }
            }
            "curl" => {
                for value in program.values_of(&["o", "output"]) {
                    self.write_text(value.text, value.arg.span, "curl", certain);
                }
                if program.has_flag(&["O", "remote-name"]) {
                    self.write_url(program, "curl", certain);
                }
                self.write_output(program, "curl", certain);
            }
            "wget" => match program.values_of(&["O", "output-document"]).first() {
                Some(value) => {
                    self.write_text(value.text, value.arg.span, "wget", certain);
                    self.write_output(program, "wget", certain);
                }
                None if program.has_flag(&["P", "directory-prefix", "i", "r"]) => {
                    self.add(Effect::WriteElsewhere, program.name_span(), certain);
                }
                None => self.write_url(program, "wget", certain),
            },
            "git" => {
                let words =
                    program.operands_after(&["b", "branch", "depth", "c", "o", "origin", "j"]);
                if let [clone, url, rest @ ..] = words.as_slice()
                    && clone.text == "clone"
                {
                    if let Some(folder) = rest.first() {
                        self.write(folder, Writer::Program("git clone"), certain);
                    } else {
                        let name = base_name(&url.text).trim_end_matches(".git").to_owned();
                        self.write_text(&name, url.span, "git clone", certain);
                    }
                }
            }
            "tar" | "unzip" => self.unpack(program, certain),
            "cp" | "mv" | "ln" | "install" => self.place(program, certain),
            name @ ("chown" | "chmod" | "chgrp") => {
                let name = match name {
                    "chown" => "chown",
                    "chmod" => "chmod",
                    _ => "chgrp",
                };
                let operands = program.operands_after(&["reference"]);
                if program.has_flag(&["R", "recursive"])
                    && let [to, paths @ ..] = operands.as_slice()
                    && let Some(to) = self.word(to)
                {
                    for arg in paths {
                        if let Some(path) = self.path(arg) {
                            let to = to.clone();
                            self.add(Effect::Reown { path, program: name, to }, arg.span, certain);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn write(&mut self, arg: &Arg<'_>, by: Writer, certain: bool) {
        let path = self.path(arg);
        self.write_path(path, arg.span, by, certain);
    }

    fn write_text(&mut self, text: &str, span: Span, by: &'static str, certain: bool) {
        if text == "-" || text.starts_with("/dev/") {
            return;
        }
        let path = self.expand(text).and_then(|text| absolute(self.folder.as_deref(), &text));
        self.write_path(path, span, Writer::Program(by), certain);
    }

    fn write_path(&mut self, path: Option<String>, span: Span, by: Writer, certain: bool) {
        let effect = match path {
            Some(path) => Effect::Write { path, by },
            None => Effect::WriteElsewhere,
        };
        self.add(effect, span, certain);
    }

    /// `curl … > file`
    fn write_output(&mut self, program: &Invocation<'_>, by: &'static str, certain: bool) {
        use crate::shell::RedirectOperator::{Append, Clobber, Write};
        for redirect in &program.command().redirects {
            if matches!(redirect.operator, Write | Append | Clobber)
                && redirect.descriptor.is_none()
            {
                let text = redirect.target.text(self.text.text.text());
                self.write_text(&text, redirect.target.span, by, certain);
            }
        }
    }

    /// A download that is named after its address.
    fn write_url(&mut self, program: &Invocation<'_>, by: &'static str, certain: bool) {
        for arg in program.args().iter().filter(|arg| !arg.is_flag()) {
            let url = self.word(arg).filter(|url| !url.contains(['?', '#']));
            let is_url = |url: &str| url.contains("://") && !url.ends_with('/');
            match url {
                Some(url) if is_url(&url) => {
                    self.write_text(base_name(&url), arg.span, by, certain);
                }
                _ => self.add(Effect::WriteElsewhere, arg.span, certain),
            }
        }
    }

    fn unpack(&mut self, program: &Invocation<'_>, certain: bool) {
        let (flags, by): (&[&str], _) = match program.program() {
            "tar" => (&["C", "directory"], "tar"),
            _ => (&["d"], "unzip"),
        };
        let Some(value) = program.values_of(flags).into_iter().next() else { return };
        let target =
            self.expand(value.text).and_then(|text| absolute(self.folder.as_deref(), &text));
        let span = value.arg.span;
        match target {
            None => self.add(Effect::Opaque(Opaque::Commands), span, certain),
            Some(path) => {
                if may_hold_commands(&path) {
                    self.add(Effect::Opaque(Opaque::Commands), span, certain);
                }
                // What is in a folder that is not its own cannot be told from what was there.
                if path.matches('/').count() > 1 && !path.starts_with("/usr") {
                    self.add(Effect::Write { path, by: Writer::Program(by) }, span, certain);
                }
            }
        }
    }

    /// `cp`, `mv`, `ln` and `install` put the last operand where the others are.
    fn place(&mut self, program: &Invocation<'_>, certain: bool) {
        let operands = program.operands_after(&["t", "m", "o", "g"]);
        let Some((target, sources)) = operands.split_last() else { return };
        if program.program() == "mv" {
            for arg in sources {
                if let Some(path) = self.path(arg) {
                    self.add(Effect::Delete { path, program: "mv" }, arg.span, certain);
                }
            }
        }
        let to_command = self.path(target).is_none_or(|path| may_hold_commands(&path));
        let is_named =
            sources.iter().all(|arg| self.path(arg).is_some_and(|path| !path.contains('*')));
        if to_command && (!is_named || program.has_flag(&["r", "R", "a", "t"])) {
            self.add(Effect::Opaque(Opaque::Commands), target.span, certain);
        }
        if matches!(program.program(), "cp" | "mv")
            && let [_] = sources
            && !target.text.ends_with('/')
        {
            let by = if program.program() == "cp" { "cp" } else { "mv" };
            self.write(target, Writer::Program(by), certain);
        }
    }
}
