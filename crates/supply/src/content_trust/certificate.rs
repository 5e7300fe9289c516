//! The certificates that a root's keys are in: each says which repository it is for.
//!
//! Source: `trustpinning/certs.go` and `tuf/utils/x509.go` of theupdateframework/notary.

use plimsoll_model::Timestamp;

use super::key::RawKey;
use super::metadata::{Role, Root};
use crate::certificate::Certificate;
use crate::der::{self, Reader};

/// A key of the root in its certificate.
#[derive(Debug, Clone)]
pub(super) struct RootCertificate<'r> {
    pub(super) id: &'r str,
    pub(super) key: &'r RawKey,
    pub(super) leaf: Certificate,
    /// Authorities that came with it.
    pub(super) intermediates: Vec<Certificate>,
}

/// How long before its first moment a certificate counts already, for clocks that are behind.
const LEEWAY: i64 = 24 * 60 * 60;

/// The keys of `root` whose certificates are for `gun`, and why the others do not count. Times
/// are looked at where there is a `now`.
pub(super) fn of_root<'r>(
    root: &'r Root,
    gun: &str,
    now: Option<Timestamp>,
) -> (Vec<RootCertificate<'r>>, Vec<String>) {
    let (mut good, mut refused) = (Vec::new(), Vec::new());
    for (id, key) in root.role("root").keys {
        match read(id, key, gun, now) {
            Ok(certificate) => good.push(certificate),
            Err(why) => refused.push(format!("{}: {why}", short(id))),
        }
    }
    (good, refused)
}

/// The role of the root with only those keys.
pub(super) fn role<'r>(root: &Root, certificates: &[RootCertificate<'r>]) -> Role<'r> {
    let keys = certificates.iter().map(|it| (it.id, it.key)).collect();
    Role { keys, threshold: root.role("root").threshold }
}

fn read<'r>(
    id: &'r str,
    key: &'r RawKey,
    gun: &str,
    now: Option<Timestamp>,
) -> Result<RootCertificate<'r>, String> {
    let all = Certificate::all_from_pem(key.public()).map_err(|error| error.to_string())?;
    let mut all = all.into_iter();
    let leaf = all.next().ok_or("no certificate")?;
    let intermediates: Vec<_> = all.collect();
    let is_leaf = |it: &Certificate| it.authority().is_ok_and(|it| !it.issues());
    if !is_leaf(&leaf) || intermediates.iter().any(is_leaf) {
        return Err("the first certificate, and no other, must be no authority's".into());
    }
    let name = common_name(&leaf).ok_or("a certificate without one common name")?;
    if !is_for(&name, gun) {
        return Err(format!("its certificate is for `{name}`"));
    }
    for certificate in intermediates.iter().chain([&leaf]) {
        certificate.signed_with().map_err(|error| error.to_string())?;
        let Some(now) = now else { continue };
        let (from, to) = (certificate.not_before(), certificate.not_after());
        if now.as_unix().saturating_add(LEEWAY) < from.as_unix() || to < now {
            return Err(format!("`{certificate}` is valid from {from} to {to}"));
        }
    }
    Ok(RootCertificate { id, key, leaf, intermediates })
}

/// Whether a certificate with this common name is for the repository: `example.com/team/*` is for
/// all that begins so.
pub(super) fn is_for(common_name: &str, gun: &str) -> bool {
    match common_name.strip_suffix('*') {
        Some(_) => gun.starts_with(common_name.trim_end_matches('*')),
        None => common_name == gun,
    }
}

/// The one common name of the subject.
fn common_name(certificate: &Certificate) -> Option<String> {
    const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
    let mut found = None;
    let mut sets = Reader::only(certificate.subject_der(), der::SEQUENCE).ok()?.reader();
    while !sets.is_empty() {
        let mut set = sets.expect(der::SET).ok()?.reader();
        while !set.is_empty() {
            let mut pair = set.expect(der::SEQUENCE).ok()?.reader();
            if pair.expect(der::OID).ok()?.content == COMMON_NAME {
                let text = std::str::from_utf8(pair.next().ok()?.content).ok()?.to_owned();
                if found.replace(text).is_some() {
                    return None;
                }
            }
        }
    }
    found
}

/// The first letters of a key's name.
pub(super) fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::is_for;

    #[test]
    fn a_certificate_is_for_a_repository_or_for_all_that_begin_so() {
        for (name, wanted) in [
            ("example.com/team/app", true),
            ("example.com/team/*", true),
            ("example.com/te*", true),
            ("*", true),
            ("example.com/team", false),
            ("example.com/team/app2", false),
            ("example.com/other/*", false),
            ("", false),
        ] {
            assert_eq!(is_for(name, "example.com/team/app"), wanted, "{name}");
        }
    }
}
