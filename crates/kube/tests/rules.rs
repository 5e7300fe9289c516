//! What every rule promises on its page: its bad example violates it, its good one does not, and
//! where it mends, it mends the bad one.
#![allow(clippy::print_stdout, reason = "a test says what it counted")]

use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::{Config, Estate, Mending, Rule, fix, lint, rules};
use plimsoll_model::text::{Level, Safety, Source};

/// The rule alone, on.
fn only(rule: &Rule) -> Config {
    let mut config = Config {
        levels: rules::pages().map(|rule| (rule.id.to_owned(), Level::Ignore)).collect(),
        ..Config::default()
    };
    let level = if rule.level == Level::Ignore { Level::Warning } else { rule.level };
    config.levels.insert(rule.id.to_owned(), level);
    config
}

fn count(rule: &Rule, text: &str) -> usize {
    let manifest = Manifest::parse(Source::new(text));
    lint(&manifest, &Estate::of([&manifest]), &only(rule)).len()
}

#[test]
fn the_bad_example_of_each_rule_violates_it_and_the_good_one_does_not() {
    let mut wrong = Vec::new();
    for rule in rules::pages() {
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
    for rule in rules::pages() {
        let most = match rule.mending {
            Mending::None => continue,
            Mending::Safe => Safety::Safe,
            Mending::Unsafe => Safety::Unsafe,
        };
        let fixed = fix(rule.bad, &Estate::default(), &only(rule), most);
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
    let mut ids: Vec<&str> = rules::pages().map(|rule| rule.id).collect();
    println!("{} rules", ids.len());
    ids.sort_unstable();
    let twice: Vec<&[&str]> = ids.windows(2).filter(|pair| pair.first() == pair.get(1)).collect();
    assert!(twice.is_empty(), "{twice:?}");
    for rule in rules::pages() {
        assert!(rule.why.len() > 20, "{} says too little", rule.id);
        assert!(!rule.title.ends_with('.'), "{}", rule.id);
        assert!(rule.source.starts_with("https://"), "{}", rule.id);
    }
}
