//! `--explain RULE` and `--list-rules`.

use std::io::{self, Write};

use plimsoll_kube::{Rule, rules};

use crate::exit::{Outcome, Usage};

pub(super) fn explain(name: &str) -> anyhow::Result<Outcome> {
    let rule = rules::named(name).ok_or_else(|| {
        Usage(format!("there is no rule `{name}`: `plimsoll kube lint --list-rules` lists them"))
    })?;
    io::stdout().write_all(page(rule).as_bytes())?;
    Ok(Outcome::Clean)
}

pub(super) fn page(rule: &Rule) -> String {
    let indent =
        |text: &str| text.lines().fold(String::new(), |all, line| all + "    " + line + "\n");
    let aliases = if rule.aliases.is_empty() {
        String::new()
    } else {
        format!("Also called {}.\n", rule.aliases.join(", "))
    };
    format!(
        "{} ({}): {}.\n\n{}\n\nInstead of\n\n{}\nwrite\n\n{}\n{}\n{aliases}See {}\n",
        rule.id,
        rule.level,
        rule.title,
        rule.why,
        indent(rule.bad),
        indent(rule.good),
        rule.mending.about(),
        rule.source,
    )
}

pub(super) fn list() -> anyhow::Result<Outcome> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for rule in rules::pages() {
        writeln!(out, "{:<28} {:<8} {}", rule.id, rule.level, rule.title)?;
    }
    out.flush()?;
    Ok(Outcome::Clean)
}
