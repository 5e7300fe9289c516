//! A `plimsoll.toml` of any text, read against a judge with a setting of every kind.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_model::gate::{Effect, Practice, Rule};
use plimsoll_policy::gate::{Key, Kind, Page, Policy, Preset};

const fn key(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, preset: None, about: "" }
}

static PAGE: Page = Page {
    name: "judge",
    title: "",
    rules: &[Rule {
        id: "judge.rule",
        title: "",
        why: "",
        fix: "",
        practice: Practice::Scan,
        effect: Effect::Deny,
        exit_code: Rule::DENIED,
    }],
    keys: &[
        key("flag", Kind::Flag),
        key("number", Kind::Number),
        key("length", Kind::Length),
        key("text", Kind::Text),
        key("choice", Kind::Choice(&["one", "two"])),
        key("texts", Kind::Texts),
        Key { name: "preset", kind: Kind::Length, preset: Some(Preset::days(7)), about: "" },
    ],
};

fuzz_target!(|text: &str| {
    match Policy::read(text, &[&PAGE]) {
        Ok(policy) => {
            // What is preset holds unless it is set, and nobody's exception is without an end.
            assert!(policy.settings(&PAGE).seconds("preset").is_some());
            assert!(policy.exceptions.iter().all(|one| !one.owner.is_empty()));
        }
        Err(errors) => assert!(!errors.is_empty()),
    }
});
