//! Which commands and flags of which tool are the same here, near, or not: in Markdown, from the parsers.

use std::io::{self, Write};

use clap::{Arg, ArgAction};

use super::{Effect, NEAR, Other, TOOLS, Tool};

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
            writeln!(out, "| all | {} | {word} | {} |", flag(other), cell(why))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn flag(other: &Other) -> String {
    let short = other.short.map(|short| format!("`-{short}`, ")).unwrap_or_default();
    format!("{short}`--{}`", other.long)
}

fn add(tool: &Tool, command: &clap::Command, path: &str, out: &mut dyn Write) -> io::Result<()> {
    let is_other = |arg: &&Arg| tool.others.iter().any(|other| arg.get_id() == other.long);
    let is_own = |arg: &&Arg| {
        let is_talk = matches!(
            arg.get_action(),
            ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
        );
        let is_told_above = arg.is_global_set() && path.contains(' ');
        !is_other(arg) && !is_talk && !is_told_above
    };
    for arg in command.get_arguments().filter(is_own) {
        let short = arg.get_short().map(|short| format!("`-{short}`"));
        let long = arg.get_long().map(|long| format!("`--{long}`"));
        let mut names: Vec<String> = short.into_iter().chain(long).collect();
        if names.is_empty() {
            names.push(format!("`{}`", arg.get_id().as_str().to_ascii_uppercase()));
        }
        let here = if arg.get_help_heading() == Some(NEAR) { "near" } else { "same" };
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        writeln!(out, "| `{path}` | {} | {here} | {} |", names.join(", "), cell(&help))?;
    }
    for sub in command.get_subcommands() {
        add(tool, sub, &format!("{path} {}", sub.get_name()), out)?;
    }
    Ok(())
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
