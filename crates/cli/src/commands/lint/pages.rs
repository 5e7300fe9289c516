//! `--explain RULE` and `--list-rules`.

use std::io::{self, Write};

use plimsoll_build::rules;
use plimsoll_report::lint::Rule as Page;

use crate::exit::{Outcome, Usage};

pub(super) fn explain(name: &str) -> anyhow::Result<Outcome> {
    let rule = rules::named(name).ok_or_else(|| {
        Usage(format!("there is no rule `{name}`: `plimsoll lint --list-rules` lists them"))
    })?;
    io::stdout().write_all(Page::from(rule).page(rule.mending.about()).as_bytes())?;
    Ok(Outcome::Clean)
}

pub(super) fn list() -> anyhow::Result<Outcome> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for rule in rules::all() {
        writeln!(out, "{:<34} {:<8} {}", rule.id, rule.level, rule.title)?;
    }
    out.flush()?;
    Ok(Outcome::Clean)
}
