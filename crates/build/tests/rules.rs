//! What every rule promises on its page: its bad example violates it, its good one does not, and
//! where it mends, it mends the bad one.
#![allow(clippy::print_stdout, reason = "a test says what it counted")]

use plimsoll_build::bases::{Base, known};
use plimsoll_build::build_context::{BuildContext, IgnoreFile};
use plimsoll_build::syntax::Dockerfile;
use plimsoll_build::{Config, Environment, Level, Mending, Rule, Safety, Source, fix, lint, rules};

/// The rule alone, on.
fn only(rule: &Rule) -> Config {
    let mut config = Config {
        levels: rules::all().map(|rule| (rule.id.to_owned(), Level::Ignore)).collect(),
        ..example_config()
    };
    let level = if rule.level == Level::Ignore { Level::Warning } else { rule.level };
    config.levels.insert(rule.id.to_owned(), level);
    config
}

/// What the examples of rules that need a configuration take for given.
fn example_config() -> Config {
    let text = "trustedRegistries: [docker.io]\nlabel-schema:\n  name: text\n  url: url\n  \
                created: rfc3339\n  licenses: spdx\n  revision: hash\n  version: semver\n  \
                mail: email\nstrict-labels: true\n";
    Config::from_hadolint(text).unwrap_or_default()
}

/// What the examples of rules that ask for the build context or for base images take for given.
fn example_environment(rule: &Rule) -> Environment {
    let ignore = (rule.id != "PL1301").then(|| IgnoreFile::parse(b".env\n"));
    let entries = [".env", ".git", "app"].map(str::to_owned).to_vec();
    let build_context = Some(BuildContext::new(ignore, entries, true));
    let platform = "linux/amd64".parse().ok();
    let measured = known("alpine:3.20").map(|facts| Base { platform, ..facts });
    let bases = measured.map(|base| (base.name.clone(), base)).into_iter().collect();
    Environment { build_context, bases, ..Environment::default() }
}

fn count(rule: &Rule, text: &str) -> usize {
    let file = Dockerfile::parse(Source::new(text));
    lint(&file, &only(rule), &example_environment(rule)).findings.len()
}

#[test]
fn the_bad_example_of_each_rule_violates_it_and_the_good_one_does_not() {
    let mut wrong = Vec::new();
    for rule in rules::all() {
        if count(rule, rule.bad) == 0 {
            wrong.push(format!("{}: the bad example is not found", rule.id));
        }
        if count(rule, rule.good) != 0 {
            wrong.push(format!("{}: the good example is found", rule.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_rule_that_mends_mends_its_bad_example() {
    let mut wrong = Vec::new();
    for rule in rules::all() {
        let most = match rule.mending {
            Mending::None => continue,
            Mending::Safe => Safety::Safe,
            Mending::Unsafe => Safety::Unsafe,
        };
        let fixed = fix(rule.bad, &only(rule), &Environment::default(), most);
        if fixed.made.is_empty() {
            wrong.push(format!("{}: nothing was mended", rule.id));
        } else if count(rule, &fixed.text) != 0 {
            wrong.push(format!("{}: still found in\n{}", rule.id, fixed.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_rule_has_a_name_of_its_own_and_a_page() {
    let mut names: Vec<&str> = rules::all().map(|rule| rule.id).collect();
    println!("{} rules", names.len());
    names.sort_unstable();
    let twice: Vec<&[&str]> = names.windows(2).filter(|pair| pair.first() == pair.get(1)).collect();
    assert!(twice.is_empty(), "{twice:?}");
    // A check of a benchmark or of the builder may be several rules here; no rule may be called
    // like another, but for what the builder finds and hadolint finds in part.
    for rule in rules::all() {
        let mut aliases = rule.aliases.to_vec();
        let is_other = |alias: &&str| names.binary_search(alias).is_ok();
        let others: Vec<&&str> = aliases.iter().filter(|alias| is_other(alias)).collect();
        assert!(others.iter().all(|name| name.contains(char::is_lowercase)), "{}", rule.id);
        aliases.sort_unstable();
        aliases.dedup();
        assert_eq!(aliases.len(), rule.aliases.len(), "{} has a name twice", rule.id);
    }
    for rule in rules::all() {
        assert!(rule.why.len() > 20, "{} says too little", rule.id);
        assert!(!rule.title.ends_with('.'), "{}", rule.id);
        assert!(rule.source.starts_with("https://"), "{}", rule.id);
    }
}
