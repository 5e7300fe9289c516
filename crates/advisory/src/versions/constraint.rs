//! Constraints of advisories: `>= 1.0, < 1.2.3 || = 2.0`, Maven's `[1.0,2.0)`, Ruby's `~> 1.2`.
//!
//! A comma is «and», `||` is «or»; what stands without an operator is an equality; an empty
//! constraint holds for everything.

use std::cmp::Ordering;

use super::{Scheme, VersionError, apk, gem, rpm};

const OPERATORS: [&str; 10] = ["~>", "==", "!=", ">=", "<=", "=", ">", "<", "~", "^"];

pub(super) fn satisfies(
    scheme: Scheme,
    version: &str,
    constraint: &str,
) -> Result<bool, VersionError> {
    let mut undecided = None;
    for alternative in constraint.split("||") {
        match all_hold(scheme, version, alternative) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(error) => undecided = Some(error),
        }
    }
    undecided.map_or(Ok(false), Err)
}

fn all_hold(scheme: Scheme, version: &str, alternative: &str) -> Result<bool, VersionError> {
    let text = alternative.trim();
    if text.starts_with(['[', '(']) {
        return intervals(scheme, version, text);
    }
    for clauses in text.split(',') {
        for clause in clauses_of(clauses) {
            if !clause_holds(scheme, version, clause)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// `>=1.0 <2.0` has two clauses, `>= 1.0` has one.
fn clauses_of(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text.trim();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let operator = rest.len() - rest.trim_start_matches(['~', '>', '<', '=', '!', '^']).len();
        let body = rest.get(operator..).unwrap_or_default();
        let blank = body.len() - body.trim_start().len();
        let next = body.get(blank..).unwrap_or_default().find([' ', '>', '<', '=', '!', '^']);
        let end = next.map_or(rest.len(), |at| operator + blank + at);
        let (clause, after) = rest.split_at_checked(end.max(1)).unwrap_or((rest, ""));
        rest = after.trim_start();
        Some(clause)
    })
}

fn clause_holds(scheme: Scheme, version: &str, clause: &str) -> Result<bool, VersionError> {
    let clause = clause.trim();
    let operator = OPERATORS.iter().find(|operator| clause.starts_with(**operator));
    let operator = operator.copied().unwrap_or("");
    let bound = clause.get(operator.len()..).unwrap_or_default().trim();
    let order = order(scheme, version, bound)?;
    Ok(match operator {
        "" | "=" | "==" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        "~" if scheme == Scheme::Apk => {
            let parse = |text| apk::parse(text).map_err(|why| scheme.error(text, why));
            apk::begins_with(&parse(version)?, &parse(bound)?)
        }
        "^" => order.is_ge() && scheme.compare(version, &next_breaking(bound))?.is_lt(),
        _ => order.is_ge() && scheme.compare(version, &gem::bump(bound))?.is_lt(),
    })
}

fn order(scheme: Scheme, version: &str, bound: &str) -> Result<Ordering, VersionError> {
    if scheme != Scheme::Rpm {
        return scheme.compare(version, bound);
    }
    let parse = |text| rpm::parse(text).map_err(|why| scheme.error(text, why));
    Ok(rpm::compare_loose(&parse(version)?, &parse(bound)?))
}

/// `^1.2.3` ends before 2, `^0.2.3` before 0.3, `^0.0.3` before 0.0.4.
fn next_breaking(bound: &str) -> String {
    let numbers: Vec<&str> = bound
        .trim_start_matches('v')
        .split(['.', '-', '+'])
        .take_while(|part| super::digits::is_number(part.as_bytes()))
        .take(3)
        .collect();
    let leading = numbers.iter().take_while(|part| part.trim_start_matches('0').is_empty()).count();
    let kept = (leading + 1).min(numbers.len().max(1));
    let mut bumped: Vec<String> =
        numbers.iter().take(kept).map(|part| (*part).to_owned()).collect();
    if let Some(last) = bumped.last_mut() {
        *last = super::digits::next(last);
    }
    bumped.join(".")
}

/// Maven's and NuGet's intervals, several of them parted by commas: `[1.0,2.0),[3.0]`.
fn intervals(scheme: Scheme, version: &str, text: &str) -> Result<bool, VersionError> {
    let malformed = || scheme.error(text, "an interval of it has no end");
    let mut rest = text;
    while let Some(open) = rest.chars().next() {
        let end = rest.find([']', ')']).ok_or_else(malformed)?;
        let inside = rest.get(1..end).unwrap_or_default();
        let close = rest.get(end..).and_then(|text| text.chars().next()).unwrap_or(')');
        let holds = match inside.split_once(',') {
            None => scheme.compare(version, inside.trim())?.is_eq(),
            Some((low, high)) => {
                let (low, high) = (low.trim(), high.trim());
                let above = low.is_empty() || {
                    let order = scheme.compare(version, low)?;
                    order.is_gt() || (open == '[' && order.is_eq())
                };
                let below = high.is_empty() || {
                    let order = scheme.compare(version, high)?;
                    order.is_lt() || (close == ']' && order.is_eq())
                };
                above && below
            }
        };
        if holds {
            return Ok(true);
        }
        rest = rest.get(end + 1..).unwrap_or_default().trim_start_matches([',', ' ']);
    }
    Ok(false)
}
