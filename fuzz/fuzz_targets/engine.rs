//! A condition and a log of any bytes: what is loaded is judged on what is read, without a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_runtime::alert::{Formatter, Style};
use plimsoll_runtime::engine::{Engine, Matching};
use plimsoll_runtime::event::Arena;
use plimsoll_runtime::loader::{Loader, Options};
use plimsoll_runtime::sources::{Read, Reader};

fuzz_target!(|input: (&str, &str, &[u8])| {
    let (condition, output, log) = input;
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut loader = Loader::new(Options::default());
    let text = format!(
        "- rule: r\n  desc: d\n  source: k8s_audit\n  condition: {}\n  output: {}\n  priority: INFO\n",
        quoted(condition),
        quoted(output)
    );
    let _ = loader.load("r.yaml", &text);
    let rules = &loader.definitions().rules;
    let mut engine = Engine::new(rules, Matching::All);
    let formatters: Vec<_> =
        rules.iter().map(|rule| Formatter::new(rule, &Style::default(), &[]).unwrap()).collect();
    let mut matched = Vec::new();
    let mut reader = Reader::new(log);
    while let Ok(Some(read)) = reader.read() {
        let Read::Event(event) = read else { continue };
        engine.judge(&event, &mut matched);
        for formatter in &formatters {
            let _ = formatter.alert(&event, "h", &Arena::new()).line(&Style::default());
        }
    }
});
