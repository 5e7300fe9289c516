//! The table `[gate]` of a `plimsoll.toml`, with the place of everything that is wrong in it.
//!
//! TOML 1.0: <https://toml.io/en/v1.0.0>.

use std::collections::BTreeMap;
use std::fmt;

use plimsoll_model::gate::{Effect, Rule};
use plimsoll_model::text::{Position, Source, offset};
use toml::de::{DeTable, DeValue};

use super::exception::ExceptionRule;
use super::page::{Page, Value};
use super::reading::{Node, Reading};

/// The largest policy, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// The most exceptions of a policy.
const MAX_EXCEPTIONS: usize = 10_000;
/// The tables of a `plimsoll.toml`; those of other commands are theirs to read.
const TABLES: [&str; 2] = ["gate", "lint"];
/// What `[gate]` has beside the tables of judges.
const OWN: [&str; 2] = ["exceptions", "rules"];
/// What an exception has.
const EXCEPTION: [&str; 7] = ["rule", "id", "subject", "path", "owner", "reason", "expires"];

/// What a project decided about its gate. The default is what the rules themselves say.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The file that it is from, as people name it.
    pub file: Option<String>,
    /// The SHA-256 of that file, in hexadecimal.
    pub sha256: Option<String>,
    /// What is let through for a while.
    pub exceptions: Vec<ExceptionRule>,
    effects: BTreeMap<&'static str, Effect>,
    values: BTreeMap<(&'static str, &'static str), Value>,
}

/// What is wrong with a policy: shown as `LINE:COLUMN: what`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// Where in the file, where that is known.
    pub place: Option<Position>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Position { line, column }) = self.place {
            write!(out, "{line}:{column}: ")?;
        }
        out.write_str(&self.message)
    }
}

impl std::error::Error for PolicyError {}

/// The settings of one judge.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'p> {
    policy: &'p Policy,
    page: &'static Page,
}

impl Policy {
    /// Reads a policy against the pages of all judges. All that is wrong is told, by place.
    pub fn read(text: &str, pages: &[&'static Page]) -> Result<Self, Vec<PolicyError>> {
        if text.len() > MAX_BYTES {
            let message = format!("it has more than {MAX_BYTES} bytes");
            return Err(vec![PolicyError { place: None, message }]);
        }
        let root = DeTable::parse(text).map_err(|error| vec![syntax(&error, text)])?;
        let mut reading = Reading::new(text);
        let mut policy = Self::default();
        for (key, value) in root.get_ref() {
            let name: &str = key.get_ref();
            match name {
                "gate" => {
                    if let Some(table) = reading.table("gate", value) {
                        policy.gate(table, pages, &mut reading);
                    }
                }
                name if TABLES.contains(&name) => {}
                name => reading.unknown(key.span().start, "table", name, TABLES),
            }
        }
        if !reading.errors.is_empty() {
            reading.errors.sort_by_key(|error| error.place);
            return Err(reading.errors);
        }
        Ok(policy)
    }

    /// Whether a text has a policy at all, and not only the tables of other commands.
    pub fn is_in(text: &str) -> bool {
        if let Ok(root) = DeTable::parse(text) {
            return root.get_ref().keys().any(|key| key.get_ref().as_ref() == "gate");
        }
        // What is wrong in a policy is to be told, and not to be passed over.
        let is_gate = |line: &str| {
            let name = line.trim().trim_start_matches('[');
            name.strip_prefix("gate").is_some_and(|rest| rest.starts_with([']', '.', ' ', '=']))
        };
        text.lines().any(is_gate)
    }

    /// What a violation of a rule comes to.
    pub fn effect(&self, rule: &Rule) -> Effect {
        self.effects.get(rule.id).copied().unwrap_or(rule.effect)
    }

    /// Changes what a violation of a rule comes to, whatever the file says.
    pub fn set_effect(&mut self, rule: &'static Rule, effect: Effect) {
        self.effects.insert(rule.id, effect);
    }

    /// Whether anything is asked by a judge.
    pub fn asks(&self, page: &Page) -> bool {
        page.rules.iter().any(|rule| self.effect(rule) != Effect::Off)
    }

    /// The settings of a judge.
    pub fn settings(&self, page: &'static Page) -> Settings<'_> {
        Settings { policy: self, page }
    }

    fn gate(&mut self, table: &DeTable<'_>, pages: &[&'static Page], reading: &mut Reading) {
        for (key, value) in table {
            let (name, at): (&str, usize) = (key.get_ref(), key.span().start);
            match name {
                "rules" => {
                    if let Some(table) = reading.table("rules", value) {
                        self.rules(table, "", pages, reading);
                    }
                }
                "exceptions" => self.exceptions(value, pages, reading),
                _ => {
                    let Some(page) = pages.iter().find(|page| page.name == name) else {
                        let judges = pages.iter().map(|page| page.name);
                        reading.unknown(at, "table of `[gate]`", name, judges.chain(OWN));
                        continue;
                    };
                    if let Some(table) = reading.table(name, value) {
                        self.keys(table, page, reading);
                    }
                }
            }
        }
    }

    /// `judge.rule = "deny"`, with or without quotes around it.
    fn rules(
        &mut self,
        table: &DeTable<'_>,
        judge: &str,
        pages: &[&'static Page],
        reading: &mut Reading,
    ) {
        for (key, value) in table {
            let (name, at): (&str, usize) = (key.get_ref(), key.span().start);
            if judge.is_empty()
                && let (DeValue::Table(rules), true) = (value.get_ref(), !name.contains('.'))
            {
                self.rules(rules, name, pages, reading);
                continue;
            }
            let id = if judge.is_empty() { name.to_owned() } else { format!("{judge}.{name}") };
            let Some(rule) = rule_called(&id, pages) else {
                reading.unknown(at, "rule", &id, all_rules(pages).map(|rule| rule.id));
                continue;
            };
            let known = Effect::ALL.map(|(_, name)| name);
            match value.get_ref() {
                DeValue::String(text) => match Effect::named(text) {
                    Some(effect) => self.set_effect(rule, effect),
                    None => reading.unknown(value.span().start, "effect", text, known),
                },
                _ => reading.expected(value, &id, "\"deny\", \"warn\" or \"off\""),
            }
        }
    }

    fn keys(&mut self, table: &DeTable<'_>, page: &'static Page, reading: &mut Reading) {
        for (key, value) in table {
            let name: &str = key.get_ref();
            let Some(known) = page.keys.iter().find(|known| known.name == name) else {
                let what = format!("setting of `[gate.{}]`", page.name);
                let names = page.keys.iter().map(|known| known.name);
                reading.unknown(key.span().start, &what, name, names);
                continue;
            };
            if let Some(value) = reading.value(known.name, known.kind, value) {
                self.values.insert((page.name, known.name), value);
            }
        }
    }

    fn exceptions(&mut self, value: &Node<'_>, pages: &[&'static Page], reading: &mut Reading) {
        let DeValue::Array(all) = value.get_ref() else {
            return reading.expected(value, "exceptions", "tables, as `[[gate.exceptions]]`");
        };
        if all.len() > MAX_EXCEPTIONS {
            let message = format!("there are more than {MAX_EXCEPTIONS} exceptions");
            return reading.wrong(value.span().start, message);
        }
        for one in all {
            if let Some(table) = reading.table("exceptions", one) {
                self.exceptions.extend(exception(table, one.span().start, pages, reading));
            }
        }
    }
}

fn exception(
    table: &DeTable<'_>,
    at: usize,
    pages: &[&'static Page],
    reading: &mut Reading,
) -> Option<ExceptionRule> {
    let mut texts: BTreeMap<&'static str, String> = BTreeMap::new();
    let mut expires = None;
    for (key, value) in table {
        let name: &str = key.get_ref();
        match EXCEPTION.into_iter().find(|known| *known == name) {
            Some("expires") => expires = reading.day("expires", value),
            Some(known) => {
                let text = reading.text(known, value)?;
                if known == "rule" && !is_rule_or_judge(&text, pages) {
                    let ids = all_rules(pages).map(|rule| rule.id);
                    reading.unknown(value.span().start, "rule", &text, ids);
                }
                texts.insert(known, text);
            }
            None => reading.unknown(key.span().start, "key of an exception", name, EXCEPTION),
        }
    }
    // One that nobody answers for, or that never ends, is no exception but a hole.
    for known in ["rule", "owner", "reason", "expires"] {
        let is_there = table.iter().any(|(key, _)| **key.get_ref() == *known);
        if !is_there {
            reading.wrong(at, format!("the exception has no `{known}`"));
        }
    }
    Some(ExceptionRule {
        rule: texts.remove("rule")?,
        id: texts.remove("id"),
        subject: texts.remove("subject"),
        path: texts.remove("path"),
        owner: texts.remove("owner")?,
        reason: texts.remove("reason")?,
        expires: expires?,
        line: reading.line(at),
    })
}

impl Settings<'_> {
    fn get(&self, name: &str) -> Option<Value> {
        let key = self.page.keys.iter().find(|key| key.name == name)?;
        let set = self.policy.values.get(&(self.page.name, key.name)).cloned();
        set.or_else(|| key.default())
    }

    /// Whether a flag is set.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::Flag(true)))
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.get(name) {
            Some(Value::Number(number)) => Some(number),
            _ => None,
        }
    }

    /// A length of time, in seconds.
    pub fn seconds(&self, name: &str) -> Option<u64> {
        match self.get(name) {
            Some(Value::Seconds(seconds)) => Some(seconds),
            _ => None,
        }
    }

    /// A text, or one of some words.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A list of texts; empty where it is not set.
    pub fn texts(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some(Value::Texts(texts)) => texts,
            _ => Vec::new(),
        }
    }
}

/// Every rule of all judges.
fn all_rules<'p>(pages: &'p [&'static Page]) -> impl Iterator<Item = &'static Rule> + 'p {
    pages.iter().flat_map(|page| page.rules)
}

fn rule_called(id: &str, pages: &[&'static Page]) -> Option<&'static Rule> {
    all_rules(pages).find(|rule| rule.id == id)
}

fn is_rule_or_judge(text: &str, pages: &[&'static Page]) -> bool {
    let judge = text.strip_suffix(".*");
    rule_called(text, pages).is_some()
        || judge.is_some_and(|name| pages.iter().any(|page| page.name == name))
}

fn syntax(error: &toml::de::Error, text: &str) -> PolicyError {
    let place = error.span().map(|span| Source::new(text).position(offset(span.start)));
    PolicyError { place, message: error.message().replace('\n', ", ") }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::gate::Practice;

    use super::super::page::{Key, Kind, Preset};
    use super::*;

    static FINDINGS: Page = Page {
        name: "findings",
        title: "Findings",
        rules: &[Rule {
            id: "findings.severity",
            title: "",
            why: "",
            fix: "",
            practice: Practice::Scan,
            effect: Effect::Deny,
            exit_code: Rule::DENIED,
        }],
        keys: &[
            Key {
                name: "severity",
                kind: Kind::Choice(&["critical", "high"]),
                preset: Some(Preset::Text("high")),
                about: "",
            },
            Key { name: "max-age", kind: Kind::Length, preset: Some(Preset::days(7)), about: "" },
            Key { name: "only-fixed", kind: Kind::Flag, preset: None, about: "" },
            Key { name: "files", kind: Kind::Texts, preset: None, about: "" },
            Key { name: "most", kind: Kind::Number, preset: None, about: "" },
        ],
    };
    static PAGES: [&Page; 1] = [&FINDINGS];

    fn told(text: &str) -> Vec<String> {
        Policy::read(text, &PAGES).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn settings_are_read_by_their_kinds_and_the_others_are_preset() {
        let text = "[lint]\nignored = []\n[gate.findings]\nseverity = \"critical\"\n\
                    only-fixed = true\nfiles = [\"a\", \"b\"]\nmost = 1_000\n";
        let policy = Policy::read(text, &PAGES).unwrap();
        let settings = policy.settings(&FINDINGS);
        assert_eq!(settings.text("severity").as_deref(), Some("critical"));
        assert_eq!(settings.seconds("max-age"), Some(604_800));
        assert!(settings.flag("only-fixed"));
        assert_eq!(settings.texts("files"), ["a", "b"]);
        assert_eq!(settings.number("most"), Some(1000));
        assert_eq!(settings.number("severity"), None);
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_place_and_what_was_meant() {
        assert_eq!(told("[gaet]\n"), ["1:2: unknown table `gaet`: did you mean `gate`?"]);
        assert_eq!(
            told("[gate.finding]\n"),
            ["1:7: unknown table of `[gate]` `finding`: did you mean `findings`?"]
        );
        assert_eq!(
            told("[gate.findings]\nonly-fix = true\nseverity = \"hihg\"\n"),
            [
                "2:1: unknown setting of `[gate.findings]` `only-fix`: did you mean `only-fixed`?",
                "3:12: unknown value of `severity` `hihg`: did you mean `high`?"
            ]
        );
        assert_eq!(
            told("[gate.rules]\nfindings.severty = \"deny\"\nfindings.severity = \"dney\"\n"),
            [
                "2:10: unknown rule `findings.severty`: did you mean `findings.severity`?",
                "3:21: unknown effect `dney`: did you mean `deny`?"
            ]
        );
    }

    #[test]
    fn a_value_of_another_kind_is_refused_with_what_is_expected() {
        assert_eq!(
            told("[gate.findings]\nmax-age = 7\nfiles = \"a\"\nmost = -1\nonly-fixed = \"yes\"\n"),
            [
                "2:11: `max-age` is the number 7: expected a length of time, as \"90m\", \"24h\" or \
                 \"7d\"",
                "3:9: `files` is \"a\": expected a list of texts",
                "4:8: `most` is the number -1: expected a whole number",
                "5:14: `only-fixed` is \"yes\": expected true or false",
            ]
        );
        assert_eq!(told("gate = 1\n"), ["1:8: `gate` is the number 1: expected a table"]);
        assert!(told("[gate\n")[0].starts_with("1:"));
    }

    #[test]
    fn an_exception_that_nobody_answers_for_or_that_never_ends_is_refused() {
        let text = "[[gate.exceptions]]\nrule = \"findings.*\"\nowner = \" \"\nreason = \"r\"\n";
        assert_eq!(told(text), ["3:9: `owner` is empty"],);
        let text =
            "[[gate.exceptions]]\nrule = \"findings.x\"\nreason = \"r\"\nexpires = 2026-02-30\n";
        assert!(told(text).iter().any(|one| one.contains("2026-02-30") || one.contains("day")));
        let text = "[[gate.exceptions]]\nrule = \"findings.severity\"\nexpires = \"2026-02-30\"\n";
        assert_eq!(
            told(text),
            [
                "1:1: the exception has no `owner`",
                "1:1: the exception has no `reason`",
                "3:11: `expires` is \"2026-02-30\": expected a day, as 2026-12-31",
            ]
        );
    }

    #[test]
    fn a_file_of_other_commands_has_no_policy() {
        assert!(!Policy::is_in("[lint]\n[lint.gate]\n"));
        for text in ["[gate]\n", "[gate.rules]\n", " [[gate.exceptions]]\n", "gate = {}\n"] {
            assert!(Policy::is_in(text), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".*") {
            let _ = Policy::read(&text, &PAGES);
            let _ = Policy::read(&format!("[gate]\n{text}"), &PAGES);
        }

        #[test]
        fn no_exception_panics(key in "[a-z]{1,8}", value in "(\"[^\"\n\\\\]{0,8}\"|[0-9-]{1,12}|true|\\[\\])") {
            let _ = Policy::read(&format!("[[gate.exceptions]]\n{key} = {value}\n"), &PAGES);
            let _ = Policy::read(&format!("[gate.findings]\n{key} = {value}\n"), &PAGES);
        }
    }
}
