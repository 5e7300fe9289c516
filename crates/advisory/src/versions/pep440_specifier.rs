//! Python's version specifiers: `>=1.0, <2.0, !=1.4`, `~=2.2`, `==1.1.*`.
//!
//! Pre-releases count like any version, as an advisory means it: pip's habit to leave them out
//! of what it installs is not followed. What the operators themselves say of them is: `<2.0`
//! does not hold for `2.0rc1`. `||` parts alternatives, which PEP 440 does not have.
//!
//! Source: <https://packaging.python.org/specifications/version-specifiers/#version-specifiers>.

use std::cmp::Ordering;

use super::pep440::{self, Standard, Version};
use super::{Scheme, VersionError};

const SCHEME: Scheme = Scheme::Pep440;
const OPERATORS: [&str; 9] = ["===", "~=", "==", "!=", "<=", ">=", "<", ">", "="];

pub(super) fn satisfies(version: &str, constraint: &str) -> Result<bool, VersionError> {
    let parsed = pep440::parse(version).map_err(|why| SCHEME.error(version, why))?;
    let mut inside = false;
    for alternative in constraint.split("||") {
        let mut all = true;
        for clause in alternative.split(',').map(str::trim).filter(|clause| !clause.is_empty()) {
            all &= holds(version.trim(), &parsed, clause)?;
        }
        inside |= all;
    }
    Ok(inside)
}

fn holds(text: &str, version: &Version<'_>, clause: &str) -> Result<bool, VersionError> {
    let operator = OPERATORS.into_iter().find(|operator| clause.starts_with(operator));
    let bound = clause.get(operator.map_or(0, str::len)..).unwrap_or_default().trim();
    if operator == Some("===") {
        return Ok(text.eq_ignore_ascii_case(bound));
    }
    if let Some(prefix) = bound.strip_suffix(".*") {
        let equal = has_prefix(version, prefix)
            .ok_or_else(|| SCHEME.error(bound, "it has a star and is no release"))?;
        return match operator {
            None | Some("==" | "=") => Ok(equal),
            Some("!=") => Ok(!equal),
            _ => Err(SCHEME.error(bound, "a star goes with `==` and `!=` only")),
        };
    }
    let parsed = pep440::parse(bound).map_err(|why| SCHEME.error(bound, why))?;
    let (Version::Standard(version), Version::Standard(bound_version)) = (version, &parsed) else {
        let order = pep440::compare(version, &parsed);
        return match operator {
            None | Some("==" | "=") => Ok(order.is_eq()),
            Some("!=") => Ok(order.is_ne()),
            Some("<") => Ok(order.is_lt()),
            Some("<=") => Ok(order.is_le()),
            Some(">") => Ok(order.is_gt()),
            Some(">=") => Ok(order.is_ge()),
            _ => Err(SCHEME.error(bound, "`~=` needs a version by PEP 440")),
        };
    };
    let public = Standard { local: None, ..*version };
    let equal = || {
        let version = if bound_version.local.is_none() { &public } else { version };
        version.compare(bound_version).is_eq()
    };
    match operator {
        None | Some("==" | "=") => Ok(equal()),
        Some("!=") => Ok(!equal()),
        Some("<") => Ok(before(version, bound_version)),
        Some("<=") => Ok(public.compare(bound_version).is_le()),
        Some(">") => Ok(after(version, bound_version)),
        Some(">=") => Ok(public.compare(bound_version).is_ge()),
        _ => compatible(&public, bound_version)
            .ok_or_else(|| SCHEME.error(bound, "`~=` needs two numbers or more")),
    }
}

fn has_prefix(version: &Version<'_>, prefix: &str) -> Option<bool> {
    let prefix = pep440::standard(prefix)?;
    let plain = Standard { pre: None, post: None, dev: None, local: None, ..prefix };
    if plain.compare(&prefix) != Ordering::Equal {
        return None;
    }
    Some(match version {
        Version::Standard(version) => version.begins_with(prefix.epoch, prefix.release),
        Version::Legacy(_) => false,
    })
}

fn before(version: &Standard<'_>, bound: &Standard<'_>) -> bool {
    let first_prerelease = Standard { dev: Some(b"0"), local: None, ..*bound };
    let prerelease_of_it = !bound.is_prerelease()
        && version.is_prerelease()
        && version.compare(&first_prerelease).is_ge();
    version.compare(bound).is_lt() && !prerelease_of_it
}

fn after(version: &Standard<'_>, bound: &Standard<'_>) -> bool {
    let variant_of_it = version.has_base_of(bound)
        && ((version.post.is_some() && bound.post.is_none()) || version.local.is_some());
    version.compare(bound).is_gt() && !variant_of_it
}

fn compatible(version: &Standard<'_>, bound: &Standard<'_>) -> Option<bool> {
    let last = bound.release.iter().rposition(|&byte| byte == b'.')?;
    let prefix = bound.release.get(..last)?;
    Some(version.compare(bound).is_ge() && version.begins_with(bound.epoch, prefix))
}
