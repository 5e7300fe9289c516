//! Rego about a statement, evaluated as cosign and Sigstore's policy controller do.
//!
//! Both read Rego of version 0 and give the whole statement as `input`. Cosign asks that
//! `data.signature.allow` is true and nothing else; the controller asks `data.sigstore.isCompliant`.
//! Functions that reach the network or the machine (`http.send`, `opa.runtime`) are not there.
//!
//! Source: <https://github.com/sigstore/cosign/blob/main/pkg/cosign/rego/rego.go>.

mod explain;
mod strict;

use std::num::NonZeroU32;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value as Rego};
use serde_json::Value;

use super::{PolicyError, TIME, Verdict, shown};

/// The longest list that `numbers.range` makes; the engine's own knows no bound.
const MAX_RANGE: i64 = 1_000_000;

/// The query of cosign.
const ALLOW: &str = "data.signature.allow";

/// The query of the policy controller.
const IS_COMPLIANT: &str = "data.sigstore.isCompliant";

/// The package that a policy says to be in.
pub(super) fn package(text: &str) -> Option<&str> {
    let line = text.lines().map(str::trim).find_map(|line| line.strip_prefix("package "))?;
    line.split(['#', ' ', '\t', ';']).find(|word| !word.is_empty())
}

/// Whether it can be read.
pub(super) fn check(name: &str, text: &str) -> Result<(), PolicyError> {
    loaded(name, text).map(drop)
}

/// Cosign's verdict.
pub(super) fn allow(name: &str, text: &str, statement: &Value) -> Result<Verdict, PolicyError> {
    let mut engine = loaded(name, text)?;
    let result = match asked(&mut engine, name, text, statement, ALLOW) {
        Ok(result) => result,
        Err(verdict) => return Ok(verdict),
    };
    let mut messages = messages(&mut engine, "data.signature.deny");
    if result == Rego::Bool(true) {
        let note = |message| format!("{name}: `deny` does not count beside `allow`: {message}");
        let notes = messages.into_iter().map(note).collect();
        return Ok(Verdict { notes, ..Verdict::allowed() });
    }
    messages = messages.into_iter().map(|it| format!("{name}: `deny` says {it}")).collect();
    let mut reasons = match &result {
        Rego::Bool(_) => explain::rule(&engine, "allow", statement),
        Rego::Undefined => {
            let mut reasons = explain::rule(&engine, "allow", statement);
            if package(text) != Some("signature") {
                let found = package(text).unwrap_or_default();
                let why = format!(
                    "{name}: `{ALLOW}` is not there: the package is `{found}`, and cosign asks \
                     `package signature`"
                );
                reasons.insert(0, why);
            }
            reasons
        }
        other => vec![format!(
            "{name}: `{ALLOW}` is {}, and only `true` allows: give messages in `deny[msg]`, and \
             let `allow` be a rule without a key",
            shown(&json(other))
        )],
    };
    reasons.extend(messages);
    if reasons.is_empty() {
        reasons.push(format!("{name}: `{ALLOW}` is {}", shown(&json(&result))));
    }
    Ok(Verdict::refused(reasons))
}

/// The policy controller's verdict.
pub(super) fn is_compliant(
    name: &str,
    text: &str,
    statement: &Value,
) -> Result<Verdict, PolicyError> {
    let mut engine = loaded(name, text)?;
    let result = match asked(&mut engine, name, text, statement, IS_COMPLIANT) {
        Ok(result) => result,
        Err(verdict) => return Ok(verdict),
    };
    let field = |it: &Value, name: &str| it.get(name).and_then(Value::as_str).map(str::to_owned);
    let said = |word: &str, found: Option<String>| {
        found.filter(|text| !text.is_empty()).map(|text| format!("{name}: {word}: {text}"))
    };
    let json = json(&result);
    match &json {
        Value::Bool(true) => Ok(Verdict::allowed()),
        Value::Array(results) => {
            let is_good = |it: &&Value| it.get("result") == Some(&Value::Bool(true));
            if let Some(good) = results.iter().find(is_good) {
                let notes = said("warning", field(good, "warning")).into_iter().collect();
                return Ok(Verdict { notes, ..Verdict::allowed() });
            }
            let errors = results.iter().filter_map(|it| said("error", field(it, "error")));
            let mut reasons: Vec<String> = errors.collect();
            if reasons.is_empty() {
                reasons.push(format!("{name}: no object of `{IS_COMPLIANT}` has a true `result`"));
            }
            let notes = results.iter().filter_map(|it| said("warning", field(it, "warning")));
            Ok(Verdict { notes: notes.collect(), ..Verdict::refused(reasons) })
        }
        _ => {
            let mut reasons = explain::rule(&engine, "isCompliant", statement);
            if reasons.is_empty() {
                let found =
                    if result == Rego::Undefined { "not there".into() } else { shown(&json) };
                reasons.push(format!("{name}: `{IS_COMPLIANT}` is {found}"));
            }
            Ok(Verdict::refused(reasons))
        }
    }
}

/// An engine with the policy in it.
fn loaded(name: &str, text: &str) -> Result<Engine, PolicyError> {
    let mut engine = Engine::new();
    engine.set_rego_v0(true);
    engine.set_gather_prints(true);
    engine.set_execution_timer_config(ExecutionTimerConfig {
        limit: TIME,
        check_interval: NonZeroU32::new(64).unwrap_or(NonZeroU32::MIN),
    });
    // An extension goes before the engine's own function; none of these can be there twice.
    for (function, arity) in [("numbers.range", 2), ("numbers.range_step", 3)] {
        let range = |arguments: Vec<Rego>| range(&arguments);
        let _ = engine.add_extension(function.to_owned(), arity, Box::new(range));
    }
    let re_match = |arguments: Vec<Rego>| re_match(&arguments);
    let _ = engine.add_extension("re_match".to_owned(), 2, Box::new(re_match));
    let malformed =
        |(line, column, why)| PolicyError::Malformed { name: name.to_owned(), line, column, why };
    // Before the engine, which would warn of it on standard error.
    strict::check(text).map_err(malformed)?;
    engine
        .add_policy(name.to_owned(), text.to_owned())
        .map_err(|error| malformed(parted(&error)))?;
    engine.set_enable_coverage(true);
    Ok(engine)
}

/// What a query says of the statement, or the refusal of a policy that fails on the way.
fn asked(
    engine: &mut Engine,
    name: &str,
    text: &str,
    statement: &Value,
    query: &str,
) -> Result<Rego, Verdict> {
    let failed = |error: &anyhow::Error| {
        let (line, column, why) = parted(error);
        Verdict::refused(vec![format!("{name}:{line}:{column}: {why}")])
    };
    let input = Rego::from(statement.clone());
    engine.set_input(input);
    if !declares(text, query) {
        return Ok(Rego::Undefined);
    }
    engine.eval_rule(query.to_owned()).map_err(|error| failed(&error))
}

/// Whether there is a rule of this name; the engine calls a query for another an error.
fn declares(text: &str, query: &str) -> bool {
    let (path, rule) = query.rsplit_once('.').unwrap_or_default();
    package(text) == path.strip_prefix("data.") && explain::heads(text, rule).next().is_some()
}

/// The texts in a set or list of messages.
fn messages(engine: &mut Engine, query: &str) -> Vec<String> {
    match engine.eval_rule(query.to_owned()).map(|it| json(&it)) {
        Ok(Value::Array(messages)) => messages
            .iter()
            .map(|it| it.as_str().map_or_else(|| shown(it), |text| shown(&Value::from(text))))
            .collect(),
        Ok(Value::String(message)) => vec![shown(&Value::from(message))],
        _ => Vec::new(),
    }
}

fn json(value: &Rego) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// `numbers.range` and `numbers.range_step` with a bound.
fn range(arguments: &[Rego]) -> anyhow::Result<Rego> {
    let whole = |at: usize| arguments.get(at).and_then(|it| it.as_i64().ok());
    let step = if arguments.len() > 2 { whole(2).filter(|step| *step > 0) } else { Some(1) };
    let (Some(from), Some(to), Some(step)) = (whole(0), whole(1), step) else {
        return Ok(Rego::Undefined);
    };
    let distance = to.abs_diff(from) / step.unsigned_abs();
    if distance >= MAX_RANGE.unsigned_abs() {
        anyhow::bail!("`numbers.range` of more than {MAX_RANGE} numbers");
    }
    let sign = if to < from { -1 } else { 1 };
    let count = i64::try_from(distance).unwrap_or(0);
    Ok(Rego::from((0..=count).map(|at| Rego::from(from + sign * step * at)).collect::<Vec<_>>()))
}

/// The older name of `regex.match`, which policies for Rego of version 0 have and the engine lacks.
fn re_match(arguments: &[Rego]) -> anyhow::Result<Rego> {
    let [Rego::String(pattern), Rego::String(text)] = arguments else {
        return Ok(Rego::Undefined);
    };
    Ok(Rego::Bool(regex::Regex::new(pattern)?.is_match(text)))
}

/// Line, column and message of the engine's error, which it writes below a picture of the line.
fn parted(error: &anyhow::Error) -> (usize, usize, String) {
    let text = error.to_string();
    let place = text.lines().find_map(|line| {
        let (rest, column) = line.strip_prefix("--> ")?.rsplit_once(':')?;
        let (_, line) = rest.rsplit_once(':')?;
        Some((line.parse().ok()?, column.parse().ok()?))
    });
    let (line, column) = place.unwrap_or((1, 1));
    let why = text
        .lines()
        .find_map(|line| line.strip_prefix("error: "))
        .or_else(|| text.lines().find(|line| !line.trim().is_empty()))
        .unwrap_or("it is no Rego");
    (line, column, why.trim().to_owned())
}
