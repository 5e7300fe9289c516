//! An authority of one's own and the certificate that it issues, renewed in time.
//!
//! A new authority is trusted long before anything is shown that it signed, and the old one until it
//! ends: whoever has either of the two bundles reaches the server.

use std::collections::BTreeMap;

use plimsoll_model::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use serde::{Deserialize, Serialize};

use crate::serve::Pair;

const DAY: i64 = 86_400;

/// How long an authority counts, and how long before its end there is a new one.
const AUTHORITY: (i64, i64) = (365 * DAY, 120 * DAY);

/// How long a certificate counts, and how long before its end there is a new one.
const CERTIFICATE: (i64, i64) = (60 * DAY, 20 * DAY);

/// Names of what is kept; those of a secret of `kubernetes.io/tls` are the API's.
const BUNDLE: &str = "ca.crt";
const AUTHORITY_KEY: &str = "ca.key";
const CHAIN: &str = "tls.crt";
const KEY: &str = "tls.key";
const STATE: &str = "renewal.json";

/// What is kept between one renewal and the next, by name.
pub type Kept = BTreeMap<String, Vec<u8>>;

/// What else has to be known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    /// What the authority is called; each has another name.
    authority: String,
    authority_ends: Timestamp,
    /// The authority before, which is trusted until it ends.
    before_ends: Option<Timestamp>,
    certificate_ends: Timestamp,
    hosts: Vec<String>,
}

/// A certificate that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RotationError(pub String);

impl From<rcgen::Error> for RotationError {
    fn from(error: rcgen::Error) -> Self {
        Self(error.to_string())
    }
}

/// The certificates by which the server is trusted.
pub fn bundle(kept: &Kept) -> Option<&[u8]> {
    kept.get(BUNDLE).map(Vec::as_slice)
}

/// What the server shows.
pub fn pair(kept: &Kept) -> Option<Pair> {
    Some(Pair { certificate: kept.get(CHAIN)?.clone(), key: kept.get(KEY)?.clone() })
}

/// What is to be kept from now on, where that is something else than what is.
pub fn renew(kept: &Kept, hosts: &[String], now: Timestamp) -> Result<Option<Kept>, RotationError> {
    let state: Option<State> = kept.get(STATE).and_then(|text| serde_json::from_slice(text).ok());
    let at = |seconds: i64| Timestamp::from_unix(now.as_unix().saturating_add(seconds));
    let text = |name: &str| {
        kept.get(name).and_then(|bytes| String::from_utf8(bytes.clone()).ok()).unwrap_or_default()
    };
    let is_whole = [BUNDLE, AUTHORITY_KEY, CHAIN, KEY].iter().all(|name| !text(name).is_empty());
    let Some(mut state) = state.filter(|state| is_whole && state.authority_ends > now) else {
        return begin(hosts, now).map(Some);
    };
    let mut kept = kept.clone();
    let (mut is_new, mut is_due) = (false, false);
    if state.before_ends.is_some_and(|end| end <= now) {
        let newest = first(&text(BUNDLE));
        kept.insert(BUNDLE.into(), newest.into_bytes());
        state.before_ends = None;
        is_new = true;
    }
    let mut key = KeyPair::from_pem(&text(AUTHORITY_KEY))?;
    // Nothing of the new one is shown today: who trusts it has to be told before.
    if state.authority_ends < at(AUTHORITY.1) && state.before_ends.is_none() {
        let (name, end) = (authority_name(now), at(AUTHORITY.0));
        let new_key = KeyPair::generate()?;
        let certificate = authority(&name, now, end)?.self_signed(&new_key)?.pem();
        let both = format!("{certificate}{}", first(&text(BUNDLE)));
        kept.insert(BUNDLE.into(), both.into_bytes());
        kept.insert(AUTHORITY_KEY.into(), new_key.serialize_pem().into_bytes());
        state.before_ends = Some(state.authority_ends);
        (state.authority, state.authority_ends) = (name, end);
        key = new_key;
        is_new = true;
    } else if state.certificate_ends < at(CERTIFICATE.1) {
        is_due = true;
    }
    if is_due || state.hosts != hosts {
        let end = at(CERTIFICATE.0);
        let issuer = Issuer::new(authority(&state.authority, now, state.authority_ends)?, key);
        let (certificate, own) = issue(&issuer, hosts, now, end)?;
        kept.insert(CHAIN.into(), certificate.into_bytes());
        kept.insert(KEY.into(), own.into_bytes());
        (state.certificate_ends, state.hosts) = (end, hosts.to_vec());
        is_new = true;
    }
    keep(&mut kept, &state)?;
    Ok(is_new.then_some(kept))
}

fn begin(hosts: &[String], now: Timestamp) -> Result<Kept, RotationError> {
    let at = |seconds: i64| Timestamp::from_unix(now.as_unix().saturating_add(seconds));
    let state = State {
        authority: authority_name(now),
        authority_ends: at(AUTHORITY.0),
        before_ends: None,
        certificate_ends: at(CERTIFICATE.0),
        hosts: hosts.to_vec(),
    };
    let key = KeyPair::generate()?;
    let params = authority(&state.authority, now, state.authority_ends)?;
    let own = params.self_signed(&key)?;
    let key_pem = key.serialize_pem();
    let issuer = Issuer::new(params, key);
    let (certificate, certificate_key) = issue(&issuer, hosts, now, state.certificate_ends)?;
    let mut kept = Kept::new();
    for (name, text) in [
        (BUNDLE, own.pem()),
        (AUTHORITY_KEY, key_pem),
        (CHAIN, certificate),
        (KEY, certificate_key),
    ] {
        kept.insert(name.into(), text.into_bytes());
    }
    keep(&mut kept, &state)?;
    Ok(kept)
}

fn keep(kept: &mut Kept, state: &State) -> Result<(), RotationError> {
    let text = serde_json::to_vec(state).map_err(|error| RotationError(error.to_string()))?;
    kept.insert(STATE.into(), text);
    Ok(())
}

fn authority_name(now: Timestamp) -> String {
    format!("Plimsoll admission {now}")
}

/// The first certificate of a bundle.
fn first(bundle: &str) -> String {
    const END: &str = "-----END CERTIFICATE-----";
    let end = bundle.find(END).map_or(bundle.len(), |at| at.saturating_add(END.len()));
    format!("{}\n", bundle.get(..end).unwrap_or_default())
}

fn authority(
    name: &str,
    now: Timestamp,
    end: Timestamp,
) -> Result<CertificateParams, RotationError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    lasts(&mut params, now, end);
    Ok(params)
}

fn issue(
    issuer: &Issuer<'_, KeyPair>,
    hosts: &[String],
    now: Timestamp,
    end: Timestamp,
) -> Result<(String, String), RotationError> {
    let mut params = CertificateParams::new(hosts.to_vec())?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "plimsoll-admission");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    lasts(&mut params, now, end);
    let key = KeyPair::generate()?;
    Ok((params.signed_by(&key, issuer)?.pem(), key.serialize_pem()))
}

/// From the day before, because clocks differ, to the day of the end.
fn lasts(params: &mut CertificateParams, now: Timestamp, end: Timestamp) {
    let day = |time: Timestamp| {
        let date = time.date();
        let mut parts = date.split('-').map(|part| part.parse::<u16>().unwrap_or(1));
        let mut next = || parts.next().unwrap_or(1);
        let (year, month, day) = (next(), next(), next());
        let small = |part: u16| u8::try_from(part).unwrap_or(1);
        date_time_ymd(i32::from(year), small(month), small(day))
    };
    params.not_before = day(Timestamp::from_unix(now.as_unix().saturating_sub(DAY)));
    params.not_after = day(Timestamp::from_unix(end.as_unix().saturating_add(DAY)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i64) -> Timestamp {
        Timestamp::from_unix(1_800_000_000 + number * DAY)
    }

    fn certificates(kept: &Kept) -> usize {
        String::from_utf8_lossy(&kept[BUNDLE]).matches("BEGIN CERTIFICATE").count()
    }

    fn hosts() -> Vec<String> {
        vec!["plimsoll.plimsoll.svc".to_owned(), "127.0.0.1".to_owned()]
    }

    #[test]
    fn nothing_is_renewed_before_its_time() {
        let kept = renew(&Kept::new(), &hosts(), day(0)).unwrap().unwrap();
        assert_eq!(renew(&kept, &hosts(), day(39)).unwrap(), None);
        let later = renew(&kept, &hosts(), day(41)).unwrap().unwrap();
        assert_eq!(later[BUNDLE], kept[BUNDLE]);
        assert_ne!(later[CHAIN], kept[CHAIN]);
        let other = renew(&kept, &["other.svc".to_owned()], day(1)).unwrap().unwrap();
        assert_ne!(other[CHAIN], kept[CHAIN]);
    }

    #[test]
    fn over_three_years_whoever_has_yesterdays_bundle_trusts_todays_certificate() {
        let mut kept = renew(&Kept::new(), &hosts(), day(0)).unwrap().unwrap();
        let mut authorities = 1;
        for number in 1..1100 {
            let bundle = kept[BUNDLE].clone();
            if let Some(new) = renew(&kept, &hosts(), day(number)).unwrap() {
                let has_new_authority = new[AUTHORITY_KEY] != kept[AUTHORITY_KEY];
                authorities += usize::from(has_new_authority);
                assert!(!has_new_authority || certificates(&new) == 2);
                assert_trusts(&bundle, &new[CHAIN], number);
                kept = new;
            }
            assert_trusts(&kept[BUNDLE], &kept[CHAIN], number);
        }
        assert!((4..=6).contains(&authorities), "{authorities}");
    }

    fn assert_trusts(bundle: &[u8], chain: &[u8], number: i64) {
        use rustls::client::danger::ServerCertVerifier;
        use rustls::pki_types::pem::PemObject;
        use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(bundle) {
            roots.add(certificate.unwrap()).unwrap();
        }
        let certificate = CertificateDer::from_pem_slice(chain).unwrap();
        let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
        let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(
            std::sync::Arc::new(roots),
            provider,
        );
        let seconds = u64::try_from(day(number).as_unix()).unwrap();
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let name = ServerName::try_from("plimsoll.plimsoll.svc").unwrap();
        let outcome =
            verifier.build().unwrap().verify_server_cert(&certificate, &[], &name, &[], now);
        assert!(outcome.is_ok(), "day {number}: {outcome:?}");
    }

    #[test]
    fn what_is_damaged_is_made_anew() {
        let kept = renew(&Kept::new(), &hosts(), day(0)).unwrap().unwrap();
        let mut damaged = kept.clone();
        damaged.remove(KEY);
        assert_ne!(renew(&damaged, &hosts(), day(1)).unwrap().unwrap()[BUNDLE], kept[BUNDLE]);
        let mut odd = kept;
        odd.insert(STATE.into(), b"{".to_vec());
        assert!(renew(&odd, &hosts(), day(1)).unwrap().is_some());
    }
}
