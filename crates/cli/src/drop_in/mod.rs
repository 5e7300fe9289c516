//! Other programs' command lines: `plimsoll as TOOL …`, and the same where the program is called by
//! that name.
//!
//! A tool is one file: a clap parser with the tool's own flags, and what they come to here. Of every
//! flag it is known how near it comes: the same, near (its help says how it differs), without effect
//! here, or not here at all, which is an error that names our own way. `docs/drop-in.md` is written
//! from that.
//!
//! To add one: write its file, name its module here, and add it to [`TOOLS`].

mod anchore;
mod clair_scanner;
mod cosign;
mod coverage;
mod dockle;
mod falco;
mod grype;
mod hadolint;
mod install;
mod other;
mod scanned;
mod skipped;
mod slsa_verifier;
mod snyk;
mod syft;
mod trivy;
mod unknown;
mod words;

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::builder::FalseyValueParser;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches};

use crate::exit::{self, Codes, Outcome, tell};
use crate::output;

pub(crate) use coverage::print as print_coverage;
pub(crate) use install::install;
pub(crate) use other::{Absent, Effect, Other};
pub(crate) use unknown::unknown;

/// The registry.
pub(crate) const TOOLS: &[&Tool] = &[
    &trivy::TOOL,
    &hadolint::TOOL,
    &syft::TOOL,
    &grype::TOOL,
    &cosign::TOOL,
    &slsa_verifier::TOOL,
    &falco::TOOL,
    &snyk::TOOL,
    &clair_scanner::TOOL,
    &dockle::TOOL,
];

/// Long flags and their values, as the settings' file of a program gives them.
type Settings = Vec<(String, String)>;

/// A program whose command line is understood.
pub(crate) struct Tool {
    /// As it is called.
    pub(crate) name: &'static str,
    /// The release whose flags and layouts these are.
    pub(crate) release: &'static str,
    /// Our own way, which errors name.
    own: &'static str,
    /// What its variables begin with, where every flag has one.
    variables: Option<&'static str>,
    /// Whether a switch may be given a value, `--quiet=false`, as programs in Go have it.
    has_go_switches: bool,
    /// Whether one dash before a long flag is enough, `-exit-code`.
    has_single_dashes: bool,
    codes: Codes,
    command: fn() -> clap::Command,
    /// Flags that its parser does not list because they do nothing here.
    others: &'static [Other],
    /// Flags of ours that its commands take too, though the tool's own do not: the command, and which.
    ours: &'static [(&'static str, &'static [&'static str])],
    /// Commands that are not here.
    absent: &'static [Absent],
    /// Settings of its file.
    settings: Option<fn(&ArgMatches) -> anyhow::Result<Settings>>,
    run: fn(&ArgMatches) -> anyhow::Result<Outcome>,
}

/// The heading under which flags stand that differ from the tool's.
pub(crate) const NEAR: &str = "Near";

/// The tool of that name.
pub(crate) fn named(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().copied().find(|tool| tool.name == name)
}

/// The tool that the program was called as.
pub(crate) fn called(program: &OsStr) -> Option<&'static Tool> {
    named(Path::new(program).file_name()?.to_str()?)
}

/// Runs a tool's command line and says what the shell is told.
pub(crate) fn run(tool: &'static Tool, words: Vec<OsString>) -> u8 {
    match parsed(tool, words) {
        Ok(Ok(matches)) => exit::code_of((tool.run)(&matches), tool.codes),
        Ok(Err(error)) => refused(tool, &error),
        Err(error) => exit::code_of(Err(error), tool.codes),
    }
}

/// The command line, with what variables and the tool's file say beside it.
fn parsed(
    tool: &'static Tool,
    words: Vec<OsString>,
) -> anyhow::Result<Result<ArgMatches, clap::Error>> {
    if let Some(absent) = tool.absent.iter().find(|it| it.is_called(&words)) {
        let why = format!("{}: `{}` is not here: {}", tool.name, absent.name, absent.own);
        return Err(exit::Usage(why).into());
    }
    let command = tool.command();
    let words = if tool.has_single_dashes { doubled(&command, words) } else { words };
    let named = std::iter::once(OsString::from(tool.name)).chain(words.iter().cloned());
    let mut matches = match command.clone().try_get_matches_from(named) {
        Ok(matches) => matches,
        Err(error) => return Ok(Err(error)),
    };
    if let Some(settings) = tool.settings {
        let added = added(tool, &command, &matches, settings(&matches)?);
        if !added.is_empty() {
            let (path, _, _) = leaf(&command, &matches);
            let mut all = vec![OsString::from(tool.name)];
            let at = path.last().and_then(|name| {
                let known = |word: &OsString| is_called(&command, word, name);
                words.iter().position(known)
            });
            let (front, back) = words.split_at(at.map_or(0, |at| at.saturating_add(1)));
            all.extend(front.iter().cloned());
            all.extend(added.into_iter().map(OsString::from));
            all.extend(back.iter().cloned());
            matches = match command.clone().try_get_matches_from(all) {
                Ok(matches) => matches,
                Err(error) => return Ok(Err(error)),
            };
        }
    }
    let (_, leaf, found) = leaf(&command, &matches);
    for other in tool.others {
        if !leaf.get_arguments().any(|arg| other.is(arg)) || !other.is_meant(found) {
            continue;
        }
        let shown = other.shown();
        match other.effect {
            Effect::Silent => {}
            Effect::Told(why) => tell(&format!("note: {}: `{shown}`: {why}", tool.name)),
            Effect::Refused(own) => {
                let why = format!("{}: `{shown}` is not here: {own}", tool.name);
                return Err(exit::Usage(why).into());
            }
        }
    }
    Ok(Ok(matches))
}

/// Whether the command line or a variable says something of a flag.
fn is_said(found: &ArgMatches, id: &str) -> bool {
    let source = found.try_contains_id(id).ok().and_then(|_| found.value_source(id));
    !matches!(source, None | Some(ValueSource::DefaultValue))
}

/// Whether a flag has that name.
fn has_long(arg: &Arg, name: &str) -> bool {
    arg.get_long() == Some(name) || arg.get_all_aliases().is_some_and(|all| all.contains(&name))
}

/// Words in which each long flag of the command has two dashes.
fn doubled(command: &clap::Command, words: Vec<OsString>) -> Vec<OsString> {
    let is_long = |name: &str| command.get_arguments().any(|arg| has_long(arg, name));
    let double = |word: OsString| {
        let name = word.to_str().and_then(|text| text.strip_prefix('-'));
        let name = name.filter(|name| name.len() > 1 && !name.starts_with('-'));
        match name {
            Some(name) if is_long(name.split('=').next().unwrap_or(name)) => {
                OsString::from(format!("--{name}"))
            }
            _ => word,
        }
    };
    words.into_iter().map(double).collect()
}

fn is_called(command: &clap::Command, word: &OsStr, name: &str) -> bool {
    let of = command.find_subcommand(name);
    word == name || of.is_some_and(|it| it.get_all_aliases().any(|alias| word == alias))
}

/// The settings that neither the command line nor a variable overrules, as flags.
fn added(
    tool: &Tool,
    command: &clap::Command,
    matches: &ArgMatches,
    settings: Settings,
) -> Vec<String> {
    let (_, leaf, found) = leaf(command, matches);
    let mut flags = Vec::new();
    for (long, value) in settings {
        let Some(arg) = leaf.get_arguments().find(|arg| arg.get_long() == Some(&long)) else {
            tell(&format!("note: {}: the settings' `{long}` does nothing here", tool.name));
            continue;
        };
        let id = arg.get_id().as_str();
        if !is_said(found, id) {
            flags.push(format!("--{long}={value}"));
        }
    }
    flags
}

/// The innermost command that was asked for, and the names that lead to it.
fn leaf<'a>(
    command: &'a clap::Command,
    matches: &'a ArgMatches,
) -> (Vec<&'a str>, &'a clap::Command, &'a ArgMatches) {
    let mut at = (Vec::new(), command, matches);
    while let Some((name, matches)) = at.2.subcommand() {
        let Some(command) = at.1.find_subcommand(name) else { break };
        at.0.push(name);
        at = (at.0, command, matches);
    }
    at
}

/// What clap found wrong, in one line where it is a flag or command that is not here.
fn refused(tool: &Tool, error: &clap::Error) -> u8 {
    if exit::is_help(error) {
        let _ = error.print();
        return if error.use_stderr() { tool.codes.usage } else { 0 };
    }
    let context = |kind| error.get(kind).map(ToString::to_string);
    let what = match error.kind() {
        ErrorKind::UnknownArgument => context(clap::error::ContextKind::InvalidArg),
        ErrorKind::InvalidSubcommand => context(clap::error::ContextKind::InvalidSubcommand),
        _ => None,
    };
    if let Some(what) = what {
        tell(&format!(
            "error: {}: `{}` is not understood here; Plimsoll's own way: {} (`plimsoll as \
         --coverage` lists what is)",
            tool.name,
            what.escape_debug(),
            tool.own
        ));
    } else {
        let text = exit::paragraphs(error).into_iter().next().unwrap_or_default();
        let text = text.strip_prefix("error: ").unwrap_or(&text);
        tell(&format!("error: {}: {text}", tool.name));
    }
    tool.codes.usage
}

impl Tool {
    /// Its release, and ours.
    fn version(&self) -> String {
        format!("{} (Plimsoll {})", self.release, env!("CARGO_PKG_VERSION"))
    }

    /// Prints that behind what the tool writes in front of it.
    fn print_version(&self, front: &str) -> anyhow::Result<Outcome> {
        output::write(None, |out| writeln!(out, "{front}{}", self.version()))?;
        Ok(Outcome::Clean)
    }

    /// Its parser, with what all tools have in common.
    pub(crate) fn command(&self) -> clap::Command {
        let command = (self.command)()
            .name(self.name)
            .version(self.version())
            .disable_version_flag(true)
            .arg(
                Arg::new("version")
                    .long("version")
                    .action(ArgAction::Version)
                    .help("Print version"),
            )
            .args_override_self(true)
            .disable_help_subcommand(true);
        let mut command = self.complete(command);
        command.build();
        command
    }

    fn complete(&self, command: clap::Command) -> clap::Command {
        let names: Vec<String> =
            command.get_subcommands().map(|it| it.get_name().to_owned()).collect();
        let mut command = command;
        // A command that takes arguments of its own is one that people end with.
        if names.is_empty() || command.get_positionals().next().is_some() {
            for other in self.others {
                if command.get_arguments().any(|arg| has_long(arg, other.long)) {
                    continue;
                }
                let is_taken = other.short.is_some()
                    && command.get_arguments().any(|arg| arg.get_short() == other.short);
                let arg = other.arg();
                command = command.arg(if is_taken { arg.short(None::<char>) } else { arg });
            }
        }
        for name in names {
            command = command.mut_subcommand(name, |sub| self.complete(sub));
        }
        command.mut_args(|arg| self.adapt(arg))
    }

    fn adapt(&self, arg: Arg) -> Arg {
        let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
        let Some(long) = arg.get_long().map(str::to_owned) else { return arg };
        let mut arg = arg;
        if is_switch && self.has_go_switches {
            arg = arg
                .action(ArgAction::Set)
                .num_args(0..=1)
                .require_equals(true)
                .default_value("false")
                .default_missing_value("true")
                .value_parser(FalseyValueParser::new())
                .hide_default_value(true);
        }
        let Some(prefix) = self.variables else { return arg };
        let name = format!("{prefix}{}", long.to_ascii_uppercase().replace(['-', '.'], "_"));
        let is_set = env::var_os(&name).is_some_and(|value| !value.is_empty());
        if is_set && (!is_switch || self.has_go_switches) { arg.env(name) } else { arg }
    }
}
