//! Whether a certificate of a chain was revoked.
//!
//! Lists that are at hand are asked first. Where there is none, those that the certificate names are
//! asked for. A certificate that names neither list nor service cannot be revoked; one that names
//! only a service stays unknown, because no service is asked.

use plimsoll_model::Timestamp;

use crate::certificate::Certificate;
use crate::certificate::crl::{Revocation, RevocationList, RevocationSources};

/// Where lists come from.
pub trait RevocationLists {
    /// The lists that the user named.
    fn given(&self) -> &[RevocationList];

    /// The list at `url`, or why there is none.
    fn fetch(&self, url: &str) -> Result<RevocationList, String>;
}

/// No list at all.
#[derive(Debug, Clone, Copy)]
pub struct NoLists;

impl RevocationLists for NoLists {
    fn given(&self) -> &[RevocationList] {
        &[]
    }

    fn fetch(&self, _: &str) -> Result<RevocationList, String> {
        Err("it was not asked for; name one with --crl".into())
    }
}

/// The most lists that one certificate may name.
const MAX_LISTS: usize = 8;

/// Checks every certificate of a chain but its root; says what was seen.
pub(super) fn check(
    chain: &[Certificate],
    lists: &dyn RevocationLists,
    signed: Option<Timestamp>,
    now: Timestamp,
) -> Result<String, String> {
    let (mut asked, mut without) = (0, 0);
    for pair in chain.windows(2) {
        let [certificate, issuer] = pair else { continue };
        if status(certificate, issuer, lists, signed, now)? {
            asked += 1;
        } else {
            without += 1;
        }
    }
    Ok(format!("{asked} looked up and on no list, {without} that name none"))
}

/// Whether a list was asked; an error where it was revoked or where that is not known.
fn status(
    certificate: &Certificate,
    issuer: &Certificate,
    lists: &dyn RevocationLists,
    signed: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, String> {
    let sources = RevocationSources::of(certificate).map_err(|error| error.to_string())?;
    let ask = |list: &RevocationList, place: &str| {
        let wrong = |error| format!("the list {place}: {error}");
        list.verify(issuer, now).map_err(wrong)?;
        match list.status(certificate, signed).map_err(wrong)? {
            Revocation::Good => Ok(()),
            Revocation::Revoked(at) => Err(format!("`{certificate}` was revoked at {at}")),
        }
    };
    let mut given = lists.given().iter().filter(|list| list.is_about(certificate)).peekable();
    if given.peek().is_some() {
        given.try_for_each(|list| ask(list, "that was given"))?;
        return Ok(true);
    }
    for url in sources.lists.iter().take(MAX_LISTS) {
        let list = lists.fetch(url).map_err(|why| {
            format!("whether `{certificate}` was revoked is not known: the list at {url}: {why}")
        })?;
        ask(&list, &format!("at {url}"))?;
    }
    match (sources.lists.len(), sources.ocsp) {
        (0, false) => Ok(false),
        (0, true) => Err(format!(
            "whether `{certificate}` was revoked is not known: it names a service (OCSP), which is \
             not asked"
        )),
        (1..=MAX_LISTS, _) => Ok(true),
        _ => Err(format!("`{certificate}` names more than {MAX_LISTS} lists")),
    }
}
