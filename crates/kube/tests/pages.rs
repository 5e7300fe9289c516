//! The pages of the rules in `docs/kube-rules` and `docs/netpol-rules`: made from the rules, so that they
//! cannot differ.
//!
//! `UPDATE_DOCS=1 cargo test -p plimsoll-kube --test pages` writes them.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::fmt::Write;

use plimsoll_kube::pss::{self, Check, Profile};
use plimsoll_kube::{Mending, Rule, netpol, rules};
use plimsoll_model::text::Level;
use plimsoll_testkit::assert_pages;

fn check(rule: &Rule) -> Option<&'static Check> {
    pss::all().find(|check| check.rule.id == rule.id)
}

/// In which profile and since which version a check is asked.
fn standing(check: &Check) -> String {
    let profile = match check.profile {
        Profile::Baseline => "baseline and restricted",
        _ => "restricted",
    };
    let mut text = format!("\n\nPod Security Standards: {profile}");
    let versions: Vec<String> =
        check.revisions.iter().map(|one| format!("v1.{}", one.since)).collect();
    if let Some((first, later)) = versions.split_first() {
        if first != "v1.0" {
            write!(text, ", since {first}").unwrap();
        }
        if !later.is_empty() {
            write!(text, "; judged otherwise since {}", later.join(", ")).unwrap();
        }
    }
    let overrides = check.revisions.iter().flat_map(|one| one.overrides).next();
    if let Some(overridden) = overrides {
        write!(text, ". In restricted it stands for `{overridden}`").unwrap();
    }
    text + "."
}

fn page(rule: &Rule) -> String {
    let aliases = if rule.aliases.is_empty() {
        String::new()
    } else {
        format!(" · also called {}", rule.aliases.join(", "))
    };
    let level = match rule.level {
        Level::Ignore => "off unless it is given a level".to_owned(),
        level => level.to_string(),
    };
    let standing = check(rule).map(standing).unwrap_or_default();
    let fields = rule.fields.iter().fold(String::new(), |text, field| text + "- `" + field + "`\n");
    let fields = if fields.is_empty() {
        fields
    } else {
        format!("\n\n## Looks at\n\n{}", fields.trim_end())
    };
    let (bad, good) = (rule.bad.trim_end(), rule.good.trim_end());
    format!(
        "# {}: {}\n\n{level}{aliases}{standing}\n\n{}\n\n## Instead of\n\n```yaml\n{bad}\n```\n\n## \
         Write\n\n```yaml\n{good}\n```{fields}\n\n## Mending\n\n{}\n\n## Source\n\n<{}>\n",
        rule.id,
        rule.title,
        rule.why,
        rule.mending.about(),
        rule.source,
    )
}

fn index() -> String {
    let mut text = String::from(
        "# Rules of `plimsoll kube lint`\n\nMade from the rules themselves. `plimsoll kube lint \
         --explain RULE` prints a page.\n\n| rule | level | profile | mended by | |\n| --- | --- | \
         --- | --- | --- |\n",
    );
    for rule in rules::pages() {
        let mending = match rule.mending {
            Mending::None => "",
            Mending::Safe => "`--fix`",
            Mending::Unsafe => "`--unsafe-fixes`",
        };
        let level = if rule.level == Level::Ignore { "off" } else { rule.level.name() };
        let profile = check(rule).map_or("", |check| check.profile.name());
        let title = rule.title;
        writeln!(text, "| [{0}]({0}.md) | {level} | {profile} | {mending} | {title} |", rule.id)
            .unwrap();
    }
    text
}

#[test]
fn the_pages_say_what_the_rules_say() {
    let mut wanted: BTreeMap<String, String> =
        rules::pages().map(|rule| (format!("{}.md", rule.id), page(rule))).collect();
    wanted.insert("README.md".into(), index());
    assert_pages("kube-rules", &wanted, "plimsoll-kube");
}

#[test]
fn the_pages_of_network_policies_say_what_their_checks_say() {
    let mut wanted: BTreeMap<String, String> =
        netpol::pages().map(|rule| (format!("{}.md", rule.id), page(rule))).collect();
    let mut index = String::from(
        "# Checks of `plimsoll kube netpol check`\n\nMade from the checks themselves. `plimsoll kube \
         netpol check --explain RULE` prints a page.\n\n| rule | level | |\n| --- | --- | --- |\n",
    );
    for rule in netpol::pages() {
        writeln!(index, "| [{0}]({0}.md) | {1} | {2} |", rule.id, rule.level.name(), rule.title)
            .unwrap();
    }
    wanted.insert("README.md".into(), index);
    assert_pages("netpol-rules", &wanted, "plimsoll-kube");
}
