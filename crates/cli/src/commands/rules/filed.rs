//! How events find a rule, and what it costs to ask it, in words.

use std::fmt::Write as _;

use plimsoll_runtime::engine::{Engine, Filing, Matching};
use plimsoll_runtime::events::EventCode;
use plimsoll_runtime::fields::Source;
use plimsoll_runtime::loader::Rule;

use super::files::Loaded;

/// How events find the rule among all that are on, and what it costs to ask it: for all types of
/// events, or for those that differ.
pub(super) fn costs(rule: &Rule, loaded: &Loaded) -> Vec<(&'static str, String)> {
    let rules = loaded.loader.definitions().rules.iter();
    let judged: Vec<&Rule> = rules.filter(|it| it.enabled || it.name == rule.name).collect();
    let Some(at) = judged.iter().position(|it| it.name == rule.name) else { return Vec::new() };
    let mut engine = Engine::new(judged, Matching::All);
    let codes: Vec<EventCode> = match &rule.event_types {
        Some(types) => types.iter().filter_map(|name| EventCode::named(name)).collect(),
        // One stands for all, because nothing in it asks for the type.
        None if rule.source == Source::Syscall => EventCode::named("read").into_iter().collect(),
        None => EventCode::named("pluginevent").into_iter().collect(),
    };
    let mut by_filing: Vec<(Filing, Vec<&str>)> = Vec::new();
    for code in codes {
        let Some(filing) = engine.filing(at, code) else { continue };
        match by_filing.iter_mut().find(|(known, _)| *known == filing) {
            Some((_, names)) => names.push(code.name()),
            None => by_filing.push((filing, vec![code.name()])),
        }
    }
    let one = by_filing.len() == 1;
    let mut lines = Vec::new();
    for (filing, names) in &by_filing {
        let of = if one { String::new() } else { format!("{}: ", names.join(", ")) };
        lines.push(("Filed", format!("{of}{}", under(filing))));
    }
    for (filing, names) in &by_filing {
        let of = if one { String::new() } else { format!("{}: ", names.join(", ")) };
        lines.push(("Cost", format!("{of}{}", cost(filing))));
    }
    lines
}

/// How many values are shown.
const VALUES: usize = 8;

fn under(filing: &Filing) -> String {
    if filing.under.is_empty() {
        return "under nothing: every such event is judged".to_owned();
    }
    let of_field = filing.under.iter().map(|under| {
        let shown: Vec<&str> = under.values.iter().take(VALUES).map(String::as_str).collect();
        let more = match under.values.len().saturating_sub(VALUES) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{} {} {}{more}", under.field, under.operator, shown.join(", "))
    });
    format!("under {}", of_field.collect::<Vec<_>>().join("; or "))
}

fn cost(filing: &Filing) -> String {
    let many = if filing.comparisons == 1 { "comparison" } else { "comparisons" };
    let mut text = format!("{} for {} {many}", filing.cost, filing.comparisons);
    for (at, (comparison, cost)) in filing.dear.iter().take(3).enumerate() {
        let lead = if at == 0 { ", of which " } else { ", " };
        let mut shown: String = comparison.chars().take(60).collect();
        if shown.len() < comparison.len() {
            shown.push('…');
        }
        let _ = write!(text, "{lead}{cost} for `{shown}`");
    }
    text
}
