//! What rules cost: each alone and all together, on the events of a capture.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use plimsoll_runtime::engine::{Engine, Matching};
use plimsoll_runtime::event::{Event, Next};
use plimsoll_runtime::loader::Rule;
use serde_json::json;

use super::capture;
use crate::commands::rules::files::{Loaded, every_source};
use crate::exit::{Outcome, tell};

/// How often an event is judged between two looks at the clock, whose own cost would hide a rule's.
const TIMES: u32 = 16;

/// What is asked.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) rules: Vec<PathBuf>,
    pub(crate) captures: Vec<PathBuf>,
    pub(crate) max_events: u64,
    pub(crate) json: bool,
}

/// Rules that are judged together, with the time that it took.
struct Timed {
    engine: Engine,
    spent: Duration,
    alerts: u64,
}

impl Timed {
    fn new<'r>(rules: impl IntoIterator<Item = &'r Rule>) -> Self {
        let engine = Engine::new(rules, Matching::All);
        Self { engine, spent: Duration::ZERO, alerts: 0 }
    }

    /// Judges an event and gives how long that took.
    fn judge(&mut self, event: &dyn Event, matched: &mut Vec<usize>) -> Duration {
        // Once before, because a program is made when the first event of its type comes.
        self.engine.judge(event, matched);
        self.alerts = self.alerts.saturating_add(matched.len() as u64);
        let begin = Instant::now();
        for _ in 0..TIMES {
            self.engine.judge(event, matched);
            std::hint::black_box(&matched);
        }
        let spent = begin.elapsed() / TIMES;
        self.spent = self.spent.saturating_add(spent);
        spent
    }
}

#[derive(Default)]
struct OfType {
    events: u64,
    spent: Duration,
}

/// Judges the events again and again and prints what the rules cost.
pub(crate) fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    let loaded = Loaded::read(&plan.rules, every_source())?;
    if !loaded.is_good() {
        loaded.tell_errors();
        return Ok(Outcome::Gate(1));
    }
    let rules: Vec<&Rule> =
        loaded.loader.definitions().rules.iter().filter(|rule| rule.enabled).collect();
    let mut together = Timed::new(rules.iter().copied());
    let mut alone: Vec<Timed> = rules.iter().map(|rule| Timed::new([*rule])).collect();
    let mut types: BTreeMap<&'static str, OfType> = BTreeMap::new();
    let mut matched = Vec::new();
    let (mut events, mut is_whole) = (0_u64, true);
    for path in &plan.captures {
        is_whole &= of_capture(path, plan.max_events, &mut events, &mut |event| {
            let spent = together.judge(event, &mut matched);
            let of_type = types.entry(event.code().name()).or_default();
            of_type.events = of_type.events.saturating_add(1);
            of_type.spent = of_type.spent.saturating_add(spent);
            for rule in &mut alone {
                rule.judge(event, &mut matched);
            }
        })?;
    }
    let mut by_rule: Vec<(&Rule, &Timed)> = rules.iter().copied().zip(&alone).collect();
    by_rule.sort_by_key(|(_, timed)| std::cmp::Reverse(timed.spent));
    let mut by_type: Vec<(&str, OfType)> = types.into_iter().collect();
    by_type.sort_by_key(|(_, of_type)| std::cmp::Reverse(of_type.spent));
    if plan.json {
        as_json(events, &together, &by_rule, &by_type)?;
    } else {
        as_table(events, &together, &by_rule, &by_type)?;
    }
    Ok(if is_whole && events > 0 { Outcome::Clean } else { Outcome::Partial })
}

/// Hands over the events of a capture up to a number; false where some could not be read.
fn of_capture(
    path: &Path,
    max_events: u64,
    events: &mut u64,
    each: &mut dyn FnMut(&dyn Event),
) -> anyhow::Result<bool> {
    let shown = path.display();
    let what = || format!("cannot read `{shown}`");
    let mut stream = capture::open(path, None).with_context(what)?;
    let mut is_whole = true;
    while *events < max_events
        && let Some(next) = stream.next().with_context(what)?
    {
        match next {
            Next::Event(event) => each(event),
            Next::Call(call) => each(&call),
            Next::Damaged(why) => {
                tell(&format!("error: {shown}: {why}"));
                is_whole = false;
                continue;
            }
            Next::Skipped(_) => continue,
        }
        *events = events.saturating_add(1);
    }
    Ok(is_whole)
}

/// Nanoseconds for each of so many events.
#[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
fn each(spent: Duration, events: u64) -> f64 {
    spent.as_nanos() as f64 / events.max(1) as f64
}

fn as_table(
    events: u64,
    together: &Timed,
    by_rule: &[(&Rule, &Timed)],
    by_type: &[(&str, OfType)],
) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let spent = each(together.spent, events);
    writeln!(out, "{events} events, {} rules: {spent:.0} ns an event together", by_rule.len())?;
    writeln!(out, "\nns an event  alerts  rule alone")?;
    for (rule, timed) in by_rule {
        let (spent, alerts) = (each(timed.spent, events), timed.alerts);
        writeln!(out, "{spent:>11.1}  {alerts:>6}  {}", rule.name)?;
    }
    writeln!(out, "\nns an event  events  type, all rules together")?;
    for (name, of_type) in by_type {
        let spent = each(of_type.spent, of_type.events);
        writeln!(out, "{spent:>11.1}  {:>6}  {name}", of_type.events)?;
    }
    out.flush()
}

fn as_json(
    events: u64,
    together: &Timed,
    by_rule: &[(&Rule, &Timed)],
    by_type: &[(&str, OfType)],
) -> io::Result<()> {
    let rules: Vec<_> = by_rule
        .iter()
        .map(|(rule, timed)| {
            let spent = each(timed.spent, events);
            json!({ "rule": rule.name, "ns_per_event": spent, "alerts": timed.alerts })
        })
        .collect();
    let types: Vec<_> = by_type
        .iter()
        .map(|(name, of_type)| {
            let spent = each(of_type.spent, of_type.events);
            json!({ "type": name, "ns_per_event": spent, "events": of_type.events })
        })
        .collect();
    let all = json!({
        "events": events,
        "ns_per_event": each(together.spent, events),
        "rules": rules,
        "types": types,
    });
    writeln!(io::stdout().lock(), "{all:#}")
}
