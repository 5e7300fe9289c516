//! Why a rule is not true: the last line of each of its bodies that was evaluated, with what it
//! read from the statement, and the same for the rules that this line names.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::OnceLock;

use regex::Regex;
use regorus::Engine;
use serde_json::Value;

use crate::predicate_policy::{MAX_REASONS, shown};

/// How many rules a reason goes through.
const MAX_DEPTH: usize = 6;

/// A policy's file and which of its lines were evaluated.
struct Covered {
    name: String,
    text: String,
    lines: BTreeSet<usize>,
}

/// The reasons for which `rule` did not become true.
pub(super) fn rule(engine: &Engine, rule: &str, statement: &Value) -> Vec<String> {
    let Ok(report) = engine.get_coverage_report() else { return Vec::new() };
    let as_lines = |lines: BTreeSet<u32>| {
        lines.into_iter().filter_map(|line| usize::try_from(line).ok()).collect()
    };
    let mut reasons = Vec::new();
    for file in report.files {
        let covered = Covered { name: file.path, text: file.code, lines: as_lines(file.covered) };
        let mut seen = BTreeSet::new();
        covered.explain(rule, statement, MAX_DEPTH, &mut seen, &mut reasons);
    }
    reasons
}

impl Covered {
    fn explain(
        &self,
        rule: &str,
        statement: &Value,
        depth: usize,
        seen: &mut BTreeSet<String>,
        reasons: &mut Vec<String>,
    ) {
        if depth == 0 || !seen.insert(rule.to_owned()) {
            return;
        }
        for body in heads(&self.text, rule) {
            // The last line that was reached is the one that was not true.
            let stopped = self.lines.range(body).next_back().copied();
            let Some(line) = stopped.filter(|_| reasons.len() <= MAX_REASONS) else { continue };
            let Some(code) = self.text.lines().nth(line.saturating_sub(1)) else { continue };
            let column = code.len() - code.trim_start().len() + 1;
            let shown_code = code.trim();
            if is_value(shown_code, rule) {
                continue;
            }
            let given = inputs(code, statement);
            let given = if given.is_empty() { String::new() } else { format!(": {given}") };
            let name = &self.name;
            reasons.push(format!(
                "{name}:{line}:{column}: `{rule}` is not true: it stopped at `{shown_code}`{given}"
            ));
            for word in words(code).filter(|word| *word != rule) {
                self.explain(word, statement, depth - 1, seen, reasons);
            }
        }
    }
}

/// A default, or a rule that is a mere value, stops nowhere.
fn is_value(code: &str, rule: &str) -> bool {
    code.starts_with("default ")
        || code.starts_with(&format!("{rule} = "))
        || code.starts_with(&format!("{rule} := "))
}

/// The lines of each rule of this name, head and body.
pub(super) fn heads<'t>(
    text: &'t str,
    rule: &'t str,
) -> impl Iterator<Item = RangeInclusive<usize>> + 't {
    let lines: Vec<&str> = text.lines().collect();
    let starts = lines.iter().enumerate().filter_map(move |(at, line)| {
        let line = line.strip_prefix("default ").unwrap_or(line);
        let rest = line.strip_prefix(rule)?;
        let ends = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        ends.then_some(at)
    });
    let bodies: Vec<_> = starts
        .map(|start| {
            let depth_of = |line: &&str| {
                let count = |letter| line.matches(letter).count();
                (count('{'), count('}'))
            };
            let (mut open, mut end) = (0_usize, start);
            for (at, line) in lines.iter().enumerate().skip(start) {
                let (opens, closes) = depth_of(line);
                open = (open + opens).saturating_sub(closes);
                end = at;
                if open == 0 {
                    break;
                }
            }
            start + 1..=end + 1
        })
        .collect();
    bodies.into_iter()
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// What a line reads from the statement: `input.predicate.builder.id` is "…".
fn inputs(code: &str, statement: &Value) -> String {
    static INPUT: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = r#"\binput(?:\.[A-Za-z_]\w*|\["[^"\]]*"\]|\[\d+\])+"#;
    let Some(regex) = INPUT.get_or_init(|| Regex::new(pattern).ok()) else { return String::new() };
    let mut said: Vec<String> = Vec::new();
    for path in regex.find_iter(code) {
        let one = match at(path.as_str(), statement) {
            Some(found) => format!("`{}` is {}", path.as_str(), shown(found)),
            None => format!("`{}` is not there", path.as_str()),
        };
        if !said.contains(&one) {
            said.push(one);
        }
    }
    said.join(", ")
}

/// The value at a path such as `input.predicate["a"][0]`.
fn at<'v>(path: &str, statement: &'v Value) -> Option<&'v Value> {
    let steps = path.strip_prefix("input")?;
    let steps = steps.split(['.', '[', ']', '"']).filter(|step| !step.is_empty());
    steps.into_iter().try_fold(statement, |value, step| match value {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    })
}
