//! Which role may speak for which target.
//!
//! Source: sections 4.5 and 5.6.7 of the TUF specification; hash bins in short form are TAP 15.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::TufError;
use super::key::{RawKey, Signers};
use super::metadata::{Document, TOP_LEVEL, first_twice};
use crate::hash::{hex, sha256};

/// What a role hands on to others.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Delegations {
    keys: BTreeMap<String, RawKey>,
    roles: Option<Vec<Delegated>>,
    succinct_roles: Option<Bins>,
}

#[derive(Debug, Clone, Deserialize)]
struct Delegated {
    name: String,
    #[serde(flatten)]
    signers: Signers,
    #[serde(default)]
    terminating: bool,
    paths: Option<Vec<String>>,
    path_hash_prefixes: Option<Vec<String>>,
}

/// Roles that share all targets among them by the first bits of the name's digest.
#[derive(Debug, Clone, Deserialize)]
struct Bins {
    #[serde(flatten)]
    signers: Signers,
    bit_length: u32,
    name_prefix: String,
}

/// The most roles and patterns of one role.
const MAX_DELEGATIONS: usize = 16_384;

/// The longest name of a role, in bytes, so that a file can have it when it is escaped.
const MAX_NAME: usize = 64;

impl Delegations {
    pub(super) fn check(&self) -> Result<(), TufError> {
        match (&self.roles, &self.succinct_roles) {
            (Some(roles), None) => check_roles(roles),
            (None, Some(bins)) => {
                bins.signers.check(&bins.name_prefix)?;
                check_name(&bins.name_prefix)?;
                if (1..=32).contains(&bins.bit_length) {
                    Ok(())
                } else {
                    Err(TufError::malformed(format!("hash bins of {} bits", bins.bit_length)))
                }
            }
            _ => Err(TufError::malformed("not exactly one of roles and succinct_roles")),
        }
    }

    /// The roles that may speak for `target`, in order, each with whether it has the last word.
    pub(super) fn roles_for(&self, target: &str) -> Vec<(String, bool)> {
        if let Some(bins) = &self.succinct_roles {
            return vec![(bins.role_for(target), true)];
        }
        let roles = self.roles.iter().flatten();
        let named = roles.filter(|role| role.speaks_for(target));
        named.map(|role| (role.name.clone(), role.terminating)).collect()
    }

    /// Checks that the holders of `role` signed `document`.
    pub(super) fn verify<T>(
        &self,
        role: &str,
        document: &Document<T>,
        by: &str,
    ) -> Result<(), TufError> {
        let named = self.roles.iter().flatten().find(|it| it.name == role);
        let bins = self.succinct_roles.as_ref().filter(|bins| bins.has(role));
        let signers = named.map(|it| &it.signers).or(bins.map(|bins| &bins.signers));
        let signers = signers
            .ok_or_else(|| TufError::malformed(format!("`{by}` delegates nothing to `{role}`")))?;
        signers.verify(&self.keys, document, role, by)
    }
}

fn check_roles(roles: &[Delegated]) -> Result<(), TufError> {
    let patterns = |role: &Delegated| {
        role.paths.iter().chain(&role.path_hash_prefixes).map(Vec::len).sum::<usize>()
    };
    if roles.len() > MAX_DELEGATIONS || roles.iter().map(patterns).sum::<usize>() > MAX_DELEGATIONS
    {
        let most = MAX_DELEGATIONS.to_string();
        return Err(TufError::TooMuch { what: "delegations".into(), most });
    }
    if let Some(name) = first_twice(roles.iter().map(|role| role.name.as_str())) {
        return Err(TufError::malformed(format!("the role `{name}` is there twice")));
    }
    for role in roles {
        check_name(&role.name)?;
        role.signers.check(&role.name)?;
        if role.paths.is_some() == role.path_hash_prefixes.is_some() {
            let why = format!("`{}`: not exactly one of paths and path_hash_prefixes", role.name);
            return Err(TufError::malformed(why));
        }
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), TufError> {
    if name.is_empty() || name.len() > MAX_NAME || TOP_LEVEL.contains(&name) {
        return Err(TufError::malformed(format!("`{name}` as the name of a role")));
    }
    Ok(())
}

impl Delegated {
    fn speaks_for(&self, target: &str) -> bool {
        if let Some(prefixes) = &self.path_hash_prefixes {
            let digest = hex(&sha256(target.as_bytes()));
            return prefixes.iter().any(|prefix| digest.starts_with(prefix.as_str()));
        }
        self.paths.iter().flatten().any(|pattern| matches_path(pattern, target))
    }
}

impl Bins {
    fn role_for(&self, target: &str) -> String {
        let [a, b, c, d, ..] = sha256(target.as_bytes());
        let bin = u64::from(u32::from_be_bytes([a, b, c, d])) >> (32 - self.bit_length.min(32));
        format!("{}-{bin:0width$x}", self.name_prefix, width = self.digits())
    }

    fn has(&self, role: &str) -> bool {
        let Some(bin) = role.strip_prefix(&self.name_prefix).and_then(|it| it.strip_prefix('-'))
        else {
            return false;
        };
        let plain = bin.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = u64::from_str_radix(bin, 16);
        plain && bin.len() == self.digits() && number.is_ok_and(|it| it >> self.bit_length == 0)
    }

    /// As many as the greatest number has.
    fn digits(&self) -> usize {
        self.bit_length.div_ceil(4) as usize
    }
}

/// Whether `pattern` stands for `path`: `*` and `?` stand for letters of one part of the path.
fn matches_path(pattern: &str, path: &str) -> bool {
    let mut patterns = pattern.split('/');
    let mut parts = path.split('/');
    loop {
        match (patterns.next(), parts.next()) {
            (None, None) => return true,
            (Some(pattern), Some(part)) if matches_part(pattern.as_bytes(), part.as_bytes()) => {}
            _ => return false,
        }
    }
}

/// Goes back only to the last `*`, so that no pattern takes longer than the product of lengths.
fn matches_part(pattern: &[u8], part: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(letter) = part.get(from) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(wanted) if *wanted == b'?' || wanted == letter => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((behind, taken)) => {
                    at = behind + 1;
                    from = taken + 1;
                    star = Some((behind, taken + 1));
                }
                None => return false,
            },
        }
    }
    pattern.get(at..).is_none_or(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::{Bins, Signers, matches_path};

    #[test]
    fn a_wildcard_stays_in_its_part_of_the_path() {
        for (pattern, path, wanted) in [
            ("*.doc", "a.doc", true),
            ("*.doc", "a/b.doc", false),
            ("releases/*/*", "releases/x/y", true),
            ("releases/*/*", "releases/x", false),
            ("foo-?.tgz", "foo-1.tgz", true),
            ("foo-?.tgz", "foo-11.tgz", false),
            ("*a*b*c", "xxaxxbxxc", true),
            ("*a*b*c", "xxaxxbxx", false),
            ("README.md", "readme.md", false),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(matches_path(pattern, path), wanted, "{pattern} {path}");
        }
    }

    #[test]
    fn bins_are_named_by_the_first_bits_and_have_no_others() {
        let signers = Signers { key_ids: Vec::new(), threshold: 1 };
        let bins = Bins { signers, bit_length: 5, name_prefix: "bin".into() };
        // The digest of `a` begins with ca: 11001 is 0x19.
        assert_eq!(bins.role_for("a"), "bin-19");
        assert!(bins.has("bin-19") && bins.has("bin-00") && bins.has("bin-1f"));
        for other in ["bin-20", "bin-1F", "bin-9", "bin-019", "bin-", "bin", "nib-19"] {
            assert!(!bins.has(other), "{other}");
        }
    }
}
