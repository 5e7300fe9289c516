//! Cases: events, and the alerts that they have to raise.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use plimsoll_runtime::coverage::Coverage;
use plimsoll_runtime::engine::{Engine, Matching};
use plimsoll_runtime::event::{Next, Stream};
use plimsoll_runtime::loader::Rule;
use serde::Deserialize;

use super::{capture, inline};
use crate::commands::lint::files::read;
use crate::commands::rules::files::{Loaded, every_source};
use crate::exit::{Outcome, Usage, tell};
use crate::output;

/// A case of a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "case")]
    title: String,
    /// Captures and logs, relative to the file.
    #[serde(default)]
    replay: Vec<PathBuf>,
    /// Events of logs that stand in the file itself.
    #[serde(default)]
    events: Vec<serde_json::Value>,
    /// How many alerts each rule has to raise.
    #[serde(default)]
    expect: BTreeMap<String, u64>,
    /// Whether other rules may raise alerts as well.
    #[serde(default)]
    others: bool,
}

/// Runs the cases and prints how each ends, and which rules none of them made fire.
pub(crate) fn run(
    cases: &[PathBuf],
    rules: &[PathBuf],
    require_coverage: bool,
    show_parts: bool,
) -> anyhow::Result<Outcome> {
    let loaded = Loaded::read(rules, every_source())?;
    if !loaded.is_good() {
        loaded.tell_errors();
        return Ok(Outcome::Gate(1));
    }
    let rules: Vec<&Rule> =
        loaded.loader.definitions().rules.iter().filter(|rule| rule.enabled).collect();
    let names: BTreeSet<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    let mut fired = BTreeSet::new();
    let mut coverage = Coverage::new(rules.iter().copied());
    let (mut ran, mut failed) = (0_u32, 0_u32);
    let mut out = output::stdout();
    for path in cases {
        let shown = path.display();
        let text = read(path).with_context(|| format!("cannot read `{shown}`"))?;
        let text = String::from_utf8(text).map_err(|_| Usage(format!("`{shown}` is no UTF-8")))?;
        let cases: Vec<Case> = serde_saphyr::from_str(&text).map_err(|error| {
            Usage(format!("`{shown}` is no file of cases: {}", error.without_snippet()))
        })?;
        for case in cases {
            if let Some(name) = case.expect.keys().find(|name| !names.contains(name.as_str())) {
                let why = format!("case `{}`: there is no rule `{name}` that is on", case.title);
                return Err(Usage(why).into());
            }
            let counts =
                judge(&case, path.parent().unwrap_or(Path::new(".")), &rules, &mut coverage)
                    .with_context(|| format!("case `{}`", case.title))?;
            fired.extend(counts.keys().copied());
            let differences = differences(&case, &counts);
            ran = ran.saturating_add(1);
            if differences.is_empty() {
                writeln!(out, "ok      {}", case.title)?;
                continue;
            }
            failed = failed.saturating_add(1);
            writeln!(out, "FAILED  {}", case.title)?;
            for difference in differences {
                writeln!(out, "          {difference}")?;
            }
        }
    }
    let silent: Vec<&str> = names.iter().copied().filter(|name| !fired.contains(name)).collect();
    tell(&format!(
        "{ran} cases, {failed} failed; {} of {} rules fired",
        names.len().saturating_sub(silent.len()),
        names.len()
    ));
    for name in &silent {
        tell(&format!("  never: {name}"));
    }
    if show_parts {
        tell_parts(&rules, &coverage);
    }
    let is_good = failed == 0 && (silent.is_empty() || !require_coverage);
    Ok(if is_good { Outcome::Clean } else { Outcome::Gate(1) })
}

/// How many alerts each rule raises.
fn judge<'r>(
    case: &Case,
    folder: &Path,
    rules: &[&'r Rule],
    coverage: &mut Coverage,
) -> anyhow::Result<BTreeMap<&'r str, u64>> {
    let mut engine = Engine::new(rules.iter().copied(), Matching::All);
    let mut streams: Vec<Box<dyn Stream>> = Vec::new();
    for path in &case.replay {
        let path = folder.join(path);
        let stream = capture::open(&path, None);
        streams.push(stream.with_context(|| format!("cannot read `{}`", path.display()))?);
    }
    streams.extend(inline::streams(&case.events)?);
    let mut counts = BTreeMap::new();
    let mut matched = Vec::new();
    for mut stream in streams {
        while let Some(next) = stream.next()? {
            match next {
                Next::Skipped(why) => return Err(anyhow::anyhow!("no event: {why}")),
                Next::Damaged(why) => return Err(anyhow::anyhow!("events are missing: {why}")),
                Next::Event(event) => {
                    engine.judge(event, &mut matched);
                    coverage.note(event);
                }
                Next::Call(call) => {
                    engine.judge(&call, &mut matched);
                    coverage.note(&call);
                }
            }
            for rule in matched.iter().filter_map(|at| rules.get(*at)) {
                let count: &mut u64 = counts.entry(rule.name.as_str()).or_default();
                *count = count.saturating_add(1);
            }
        }
    }
    Ok(counts)
}

/// What is otherwise than expected, a line each.
fn differences(case: &Case, counts: &BTreeMap<&str, u64>) -> Vec<String> {
    let expected = case.expect.iter().filter_map(|(name, wanted)| {
        let count = counts.get(name.as_str()).copied().unwrap_or(0);
        (count != *wanted).then(|| format!("`{name}` raised {count} alerts and not {wanted}"))
    });
    let others = counts
        .iter()
        .filter(|(name, _)| !case.others && !case.expect.contains_key(**name))
        .map(|(name, count)| format!("`{name}` raised {count} alerts and none was expected"));
    expected.chain(others).collect()
}

/// Which parts of conditions were not seen both to hold and to fail.
fn tell_parts(rules: &[&Rule], coverage: &Coverage) {
    for (at, rule) in rules.iter().enumerate() {
        let (all, covered) = coverage.parts(at).fold((0_u32, 0_u32), |(all, covered), part| {
            (all.saturating_add(1), covered.saturating_add(part.is_covered().into()))
        });
        tell(&format!("{}: {covered} of {all} parts seen to hold and to fail", rule.name));
        for part in coverage.parts(at).filter(|part| !part.is_covered()) {
            let lacks = match (part.held, part.failed) {
                (true, _) => "never failed",
                (false, true) => "never held",
                (false, false) => "never asked",
            };
            tell(&format!("  {lacks}: {}", part.text));
        }
    }
}
