//! Python's constraints: `>=1.0, <2, !=1.5.*`, `~=1.4`, `===1.0`.
//!
//! Advisories state ranges of affected versions, so a pre-release inside the bounds is inside:
//! the rule by which installers leave pre-releases out does not apply.
//!
//! Source: <https://packaging.python.org/specifications/version-specifiers/#version-specifiers>.

use std::cmp::Ordering;

use super::pep440::{self, Standard};
use super::{Scheme, VersionError, digits};

const OPERATORS: [&str; 8] = ["===", "~=", "==", "!=", "<=", ">=", "<", ">"];

pub(super) fn satisfies(version: &str, constraint: &str) -> Result<bool, VersionError> {
    let mut any = false;
    for alternative in constraint.split("||") {
        let mut all = true;
        for clause in alternative.split(',').map(str::trim).filter(|clause| !clause.is_empty()) {
            all &= clause_holds(version, clause)?;
        }
        any |= all;
    }
    Ok(any)
}

fn clause_holds(version: &str, clause: &str) -> Result<bool, VersionError> {
    let operator = OPERATORS.iter().find(|operator| clause.starts_with(**operator));
    let operator = operator.copied().unwrap_or("");
    let bound = clause.get(operator.len()..).unwrap_or_default().trim();
    if operator == "===" {
        return Ok(version.trim().eq_ignore_ascii_case(bound));
    }
    let prefix = bound.strip_suffix(".*");
    let read = |text| pep440::standard(str::trim(text));
    let (Some(installed), Some(stated)) = (read(version), read(prefix.unwrap_or(bound))) else {
        return legacy(version, operator, bound);
    };
    let order = pep440::public(&installed, &stated);
    Ok(match operator {
        "" | "==" if prefix.is_some() => begins_with(&installed, &stated),
        "!=" if prefix.is_some() => !begins_with(&installed, &stated),
        "" | "==" => equal(version, &installed, bound, &stated)?,
        "!=" => !equal(version, &installed, bound, &stated)?,
        "<=" => order.is_le(),
        ">=" => order.is_ge(),
        // Neither a pre-release of the bound is before it, nor a post-release behind it.
        "<" => {
            order.is_lt()
                && (is_early(&stated)
                    || !(is_early(&installed) && same_release(&installed, &stated)))
        }
        ">" => {
            let post = installed.post.is_some() && stated.post.is_none();
            order.is_gt() && !(post && same_release(&installed, &stated))
        }
        _ => order.is_ge() && begins_with(&installed, &without_last(&stated)),
    })
}

/// Versions from before PEP 440 have an order, but no prefixes.
fn legacy(version: &str, operator: &str, bound: &str) -> Result<bool, VersionError> {
    let order = Scheme::Pep440.compare(version, bound)?;
    Ok(match operator {
        "" | "==" => order.is_eq(),
        "!=" => order.is_ne(),
        "<=" => order.is_le(),
        ">=" | "~=" => order.is_ge(),
        "<" => order.is_lt(),
        _ => order.is_gt(),
    })
}

/// A local part counts where the bound has one.
fn equal(
    version: &str,
    installed: &Standard<'_>,
    bound: &str,
    stated: &Standard<'_>,
) -> Result<bool, VersionError> {
    if stated.local.is_some() {
        return Ok(Scheme::Pep440.compare(version, bound)?.is_eq());
    }
    Ok(pep440::public(installed, stated).is_eq())
}

fn is_early(version: &Standard<'_>) -> bool {
    version.pre.is_some() || version.dev.is_some()
}

fn same_release(a: &Standard<'_>, b: &Standard<'_>) -> bool {
    digits::compare(a.epoch, b.epoch) == Ordering::Equal
        && super::semver::numbers(a.release, b.release) == Ordering::Equal
}

fn begins_with(version: &Standard<'_>, start: &Standard<'_>) -> bool {
    if digits::compare(version.epoch, start.epoch).is_ne() {
        return false;
    }
    let mut numbers = version.release.split(|&byte| byte == b'.');
    let stated = start.release.split(|&byte| byte == b'.');
    stated.into_iter().all(|number| digits::compare(numbers.next().unwrap_or(b"0"), number).is_eq())
}

/// `~=1.4.5` is `>=1.4.5, ==1.4.*`.
fn without_last<'v>(version: &Standard<'v>) -> Standard<'v> {
    let end = version.release.iter().rposition(|&byte| byte == b'.');
    let release = end.and_then(|end| version.release.get(..end)).unwrap_or(version.release);
    Standard { epoch: version.epoch, release, ..Standard::default() }
}
