//! `--explain-rule`, `--list-rules` and `--schema`.

use std::fmt::Write as _;
use std::io::{self, Write};

use plimsoll_model::gate::Rule;
use plimsoll_policy::gate::{Page, Policy, schema as schema_of};

use super::judges;
use crate::exit::{Outcome, Usage};

/// The page of a rule, in Markdown.
pub(super) fn explain(name: &str) -> anyhow::Result<Outcome> {
    let pages = judges::pages();
    let rules = || pages.iter().flat_map(|page| page.rules.iter().map(move |rule| (*page, rule)));
    let (page, rule) = rules().find(|(_, rule)| rule.id == name).ok_or_else(|| {
        Usage(format!("there is no rule `{name}`: `plimsoll gate --list-rules` lists them"))
    })?;
    io::stdout().write_all(text(page, rule).as_bytes())?;
    Ok(Outcome::Clean)
}

fn text(page: &Page, rule: &Rule) -> String {
    let mut text = format!(
        "# {}: {}\n\n{}\n\nHow it is mended: {}\n\nBy default a violation comes to `{}`; in a policy:\n\n\
         ```toml\n[gate.rules]\n{} = \"{}\"\n```\n",
        rule.id, rule.title, rule.why, rule.fix, rule.effect, rule.id, rule.effect
    );
    if !page.keys.is_empty() {
        let _ = write!(text, "\nSettings in `[gate.{}]`:\n\n", page.name);
        for key in page.keys {
            let preset =
                key.preset.map_or_else(String::new, |it| format!(" [default: {}]", it.written()));
            let _ = writeln!(text, "- `{}`: {}{preset}", key.name, key.about);
        }
    }
    text
}

/// All rules, with what they come to by a policy.
pub(super) fn list(policy: &Policy) -> anyhow::Result<Outcome> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for rule in judges::pages().iter().flat_map(|page| page.rules) {
        writeln!(out, "{:<24} {:<5} {}", rule.id, policy.effect(rule).name(), rule.title)?;
    }
    out.flush()?;
    Ok(Outcome::Clean)
}

/// The JSON schema of a policy.
pub(super) fn schema() -> anyhow::Result<Outcome> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, &schema_of(&judges::pages()))?;
    writeln!(out)?;
    out.flush()?;
    Ok(Outcome::Clean)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own_a_reason_and_a_fix() {
        let mut seen = BTreeSet::new();
        for page in judges::pages() {
            assert!(seen.insert(page.name.to_owned()), "{} twice", page.name);
            for rule in page.rules {
                assert!(seen.insert(rule.id.to_owned()), "{} twice", rule.id);
                assert_eq!(rule.judge(), page.name, "{}", rule.id);
                for (what, text) in [("title", rule.title), ("why", rule.why), ("fix", rule.fix)] {
                    assert!(text.len() > 10, "{} has no {what}", rule.id);
                }
                assert!(!rule.title.ends_with('.') && rule.why.ends_with('.'), "{}", rule.id);
                assert!(rule.fix.ends_with('.'), "{}", rule.id);
            }
            for key in page.keys {
                assert!(!key.about.ends_with('.') && !key.about.is_empty(), "{}", key.name);
            }
        }
    }

    #[test]
    fn what_is_preset_is_read_back_as_it_is_written() {
        for page in judges::pages() {
            for key in page.keys {
                let Some(preset) = key.preset else { continue };
                let text = format!("[gate.{}]\n{} = {}\n", page.name, key.name, preset.written());
                let read = Policy::read(&text, &judges::pages());
                assert!(read.is_ok(), "{text}: {read:?}");
            }
        }
    }
}
