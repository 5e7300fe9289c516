//! The pages of the rules in `docs/rules`: made from the rules, so that they cannot differ.
//!
//! `UPDATE_DOCS=1 cargo test -p plimsoll-build --test pages` writes them.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::fmt::Write;

use plimsoll_build::{Level, Rule, rules};
use plimsoll_testkit::assert_pages;

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
    let (bad, good) = (rule.bad.trim_end(), rule.good.trim_end());
    format!(
        "# {}: {}\n\n{level}{aliases}\n\n{}\n\n## Instead of\n\n```dockerfile\n{bad}\n```\n\n## \
         Write\n\n```dockerfile\n{good}\n```\n\n## Mending\n\n{}\n\n## Source\n\n<{}>\n",
        rule.id,
        rule.title,
        rule.why,
        rule.mending.about(),
        rule.source,
    )
}

fn index() -> String {
    let mut text = String::from(
        "# Rules of `plimsoll lint`\n\nMade from the rules themselves. `plimsoll lint --explain \
         RULE` prints a page.\n\n| rule | level | mended by | |\n| --- | --- | --- | --- |\n",
    );
    for rule in rules::all() {
        let mending = match rule.mending {
            plimsoll_build::Mending::None => "",
            plimsoll_build::Mending::Safe => "`--fix`",
            plimsoll_build::Mending::Unsafe => "`--unsafe-fixes`",
        };
        let level = if rule.level == Level::Ignore { "off" } else { rule.level.name() };
        let title = rule.title.replace('|', "\\|");
        writeln!(text, "| [{0}]({0}.md) | {level} | {mending} | {title} |", rule.id).unwrap();
    }
    text
}

#[test]
fn the_pages_say_what_the_rules_say() {
    let mut wanted: BTreeMap<String, String> =
        rules::all().map(|rule| (format!("{}.md", rule.id), page(rule))).collect();
    wanted.insert("README.md".into(), index());
    assert_pages("rules", &wanted, "plimsoll-build");
}
