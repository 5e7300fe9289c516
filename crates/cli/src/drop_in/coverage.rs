//! Which commands and flags of which tool are the same here, near, or not: in Markdown, from the parsers.

use std::io::{self, Write};

use clap::{Arg, ArgAction};

use super::{Effect, NEAR, Other, TOOLS, Tool, has_long};

/// Writes a table for each tool.
pub(crate) fn print(out: &mut dyn Write) -> io::Result<()> {
    for tool in TOOLS {
        writeln!(out, "## `{}` {}\n", tool.name, tool.release)?;
        writeln!(out, "Our own way: {}.\n", tool.own)?;
        writeln!(out, "| command | flag | here | |\n| --- | --- | --- | --- |")?;
        let command = tool.command();
        add(tool, &command, tool.name, out)?;
        for absent in tool.absent {
            let (name, own) = (absent.name, cell(absent.own));
            writeln!(out, "| `{} {name}` | all | no | {own} |", tool.name)?;
        }
        let words = |effect: Effect| match effect {
            Effect::Silent => ("no effect", ""),
            Effect::Told(why) => ("no effect", why),
            Effect::Refused(own) => ("no", own),
        };
        for other in tool.others {
            let (word, why) = words(other.effect);
            let whose = if has_own(&command, other) { "all others" } else { "all" };
            writeln!(out, "| {whose} | {} | {word} | {} |", flag(other), cell(why))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn flag(other: &Other) -> String {
    let short = other.short.map(|short| format!("`-{short}`, ")).unwrap_or_default();
    format!("{short}`{}`", other.shown())
}

/// Whether a command has a flag of that name that does something.
fn has_own(command: &clap::Command, other: &Other) -> bool {
    command.get_arguments().any(|arg| has_long(arg, other.long) && !other.is(arg))
        || command.get_subcommands().any(|sub| has_own(sub, other))
}

fn add(tool: &Tool, command: &clap::Command, path: &str, out: &mut dyn Write) -> io::Result<()> {
    let is_row = |arg: &&Arg| {
        let is_talk = matches!(
            arg.get_action(),
            ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
        );
        let is_told_above = arg.is_global_set() && path.contains(' ');
        !tool.others.iter().any(|other| other.is(arg)) && !is_talk && !is_told_above
    };
    let of_ours = |name: &str| {
        let is_here = |of: &str| of.is_empty() || path == format!("{} {of}", tool.name);
        tool.ours.iter().any(|(of, flags)| is_here(of) && flags.contains(&name))
    };
    for arg in command.get_arguments().filter(is_row) {
        let mut names: Vec<String> = Vec::new();
        let longs = arg.get_long_and_visible_aliases().unwrap_or_default();
        let longs = longs.into_iter().chain(arg.get_aliases().unwrap_or_default());
        // A name that is ours has a row of its own where another one of the flag is the tool's.
        let (own, theirs): (Vec<&str>, Vec<&str>) = longs.partition(|name| of_ours(name));
        names.extend(arg.get_short().map(|short| format!("`-{short}`")));
        names.extend(theirs.iter().map(|long| format!("`--{long}`")));
        if names.is_empty() && own.is_empty() {
            names.push(format!("`{}`", arg.get_id().as_str().to_ascii_uppercase()));
        }
        let here = if arg.get_help_heading() == Some(NEAR) { "near" } else { "same" };
        let own = own.iter().map(|long| format!("`--{long}`")).collect::<Vec<_>>();
        let help = cell(&arg.get_help().map(ToString::to_string).unwrap_or_default());
        for (names, here) in [(names, here), (own, "ours")] {
            if !names.is_empty() {
                writeln!(out, "| `{path}` | {} | {here} | {help} |", names.join(", "))?;
            }
        }
    }
    for sub in command.get_subcommands() {
        add(tool, sub, &format!("{path} {}", sub.get_name()), out)?;
    }
    Ok(())
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
