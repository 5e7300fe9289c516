//! Whom a verifier trusts: authorities, transparency logs and timestamp services.
//!
//! A `trusted_root.json` is read lazily: the document is parsed, but a key or certificate only
//! when a signature names it. Source: `sigstore_trustroot.proto` of sigstore/protobuf-specs.

use plimsoll_model::Timestamp;
use serde::Deserialize;

use crate::certificate::{Authority, Certificate};
use crate::error::Error;
use crate::hash::hex;
use crate::json::{self, Bytes};
use crate::key::{PublicKey, RsaPadding, Scheme};

/// The trusted root of Sigstore's public instance, as it was when this version was made.
pub const PUBLIC_GOOD: &str = include_str!("../trust/public-good-trusted-root.json");

/// A span of time of which both ends are part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// The first moment, `None` for since ever.
    pub start: Option<Timestamp>,
    /// The last moment, `None` for until now and on.
    pub end: Option<Timestamp>,
}

impl Span {
    /// Whether `time` is inside.
    pub fn contains(self, time: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= time) && self.end.is_none_or(|end| time <= end)
    }
}

impl std::fmt::Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |end: Option<Timestamp>, open: &str| {
            end.map_or_else(|| open.to_owned(), |time| time.to_string())
        };
        write!(f, "{} to {}", text(self.start, "any time"), text(self.end, "now"))
    }
}

/// What is trusted.
#[derive(Debug, Clone, Default)]
pub struct TrustedRoot {
    /// Where it was read from, for messages.
    pub origin: String,
    /// The SHA-256 digest of its bytes.
    pub digest: [u8; 32],
    document: Document,
}

/// A transparency log whose key is trusted.
#[derive(Debug, Clone)]
pub struct TrustedLog {
    /// Where the log is.
    pub base_url: String,
    /// How entries and timestamps name the log.
    pub id: Vec<u8>,
    /// What it signs with.
    pub key: PublicKey,
    /// How it signs.
    pub scheme: Scheme,
    /// When the key counts.
    pub span: Span,
}

impl TrustedLog {
    /// The host in the log's address, which is its name in checkpoints.
    pub fn host(&self) -> &str {
        let rest = self.base_url.split_once("://").map_or(self.base_url.as_str(), |(_, it)| it);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        host.split_once(':').map_or(host, |(host, _)| host)
    }
}

/// An authority that is trusted for a span of time.
#[derive(Debug, Clone)]
pub struct TrustedAuthority {
    /// Where it is.
    pub uri: String,
    /// Its certificates.
    pub authority: Authority,
    /// The certificate that it signs timestamps with itself, where the root names it.
    pub leaf: Option<Certificate>,
    /// When it counts.
    pub span: Span,
}

impl TrustedRoot {
    /// The trusted root of the public instance that is built in.
    pub fn public_good() -> Result<Self, Error> {
        Self::from_json("the built-in trusted root", PUBLIC_GOOD.as_bytes())
    }

    /// Reads a `trusted_root.json`; `origin` says where it comes from.
    pub fn from_json(origin: impl Into<String>, bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(broken(format!("{} bytes, more than {MAX_BYTES}", bytes.len())));
        }
        let document: Document = json::document("trusted root", bytes)?;
        match document.media_type.as_str() {
            "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
            | "application/vnd.dev.sigstore.trustedroot.v0.2+json" => {}
            other => return Err(Error::unsupported("trusted root", format!("`{other}`"))),
        }
        Ok(Self { origin: origin.into(), digest: crate::hash::sha256(bytes), document })
    }

    /// Reads several trusted roots, one a line, as `gh attestation trusted-root` prints them, or
    /// one over all lines.
    pub fn all_from_json(origin: &str, bytes: &[u8]) -> Result<Vec<Self>, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(broken(format!("{} bytes, more than {MAX_BYTES}", bytes.len())));
        }
        let lines = json::lines("trusted root", bytes);
        if lines.len() > MAX_ROOTS {
            return Err(broken(format!("{} roots, more than {MAX_ROOTS}", lines.len())));
        }
        let numbered = lines.iter().enumerate();
        numbered
            .map(|(at, line)| match lines.len() {
                1 => Self::from_json(origin, line),
                _ => Self::from_json(format!("root {} of {origin}", at + 1), line),
            })
            .collect()
    }

    /// Whether it names any log of artefacts.
    pub fn has_logs(&self) -> bool {
        !self.document.tlogs.is_empty()
    }

    /// Whether it names any log of certificates.
    pub fn has_certificate_logs(&self) -> bool {
        !self.document.ctlogs.is_empty()
    }

    /// The log of artefacts with the identifier `id`.
    pub fn log(&self, id: &[u8]) -> Result<Option<TrustedLog>, Error> {
        find(&self.document.tlogs, id)
    }

    /// The log of certificates with the identifier `id`.
    pub fn certificate_log(&self, id: &[u8]) -> Result<Option<TrustedLog>, Error> {
        find(&self.document.ctlogs, id)
    }

    /// The identifiers of the logs of artefacts, in hexadecimal, with their addresses.
    pub fn logs(&self) -> impl Iterator<Item = (String, &str)> {
        self.document.tlogs.iter().map(|log| (hex(&log.log_id.key_id.0), log.base_url.as_str()))
    }

    /// The authorities that issue certificates to signers.
    pub fn authorities(&self) -> impl Iterator<Item = Result<TrustedAuthority, Error>> {
        self.document.certificate_authorities.iter().map(|it| it.read(false))
    }

    /// The services that sign timestamps.
    pub fn timestamp_authorities(&self) -> impl Iterator<Item = Result<TrustedAuthority, Error>> {
        self.document.timestamp_authorities.iter().map(|it| it.read(true))
    }

    /// Whether a certificate with these bytes is one that paths may end at.
    pub fn is_root(&self, der: &[u8]) -> bool {
        self.document
            .certificate_authorities
            .iter()
            .filter_map(|it| it.cert_chain.certificates.last())
            .any(|certificate| certificate.raw_bytes.0 == der)
    }
}

/// The largest trusted root that is read, in bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The most roots in one file.
const MAX_ROOTS: usize = 16;

fn find(logs: &[LogInstance], id: &[u8]) -> Result<Option<TrustedLog>, Error> {
    logs.iter().find(|log| log.log_id.key_id.0 == id).map(LogInstance::read).transpose()
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    media_type: String,
    #[serde(default)]
    tlogs: Vec<LogInstance>,
    #[serde(default)]
    certificate_authorities: Vec<AuthorityInstance>,
    #[serde(default)]
    ctlogs: Vec<LogInstance>,
    #[serde(default)]
    timestamp_authorities: Vec<AuthorityInstance>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogInstance {
    #[serde(default)]
    base_url: String,
    hash_algorithm: String,
    public_key: KeyInstance,
    log_id: LogId,
}

impl LogInstance {
    fn read(&self) -> Result<TrustedLog, Error> {
        if self.hash_algorithm != "SHA2_256" {
            return Err(Error::unsupported("log", format!("hash `{}`", self.hash_algorithm)));
        }
        let key = PublicKey::from_der(&self.public_key.raw_bytes.0)?;
        let scheme = self.public_key.scheme(&key)?;
        Ok(TrustedLog {
            base_url: self.base_url.clone(),
            id: self.log_id.key_id.0.clone(),
            key,
            scheme,
            span: self.public_key.valid_for.read()?,
        })
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogId {
    key_id: Bytes,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyInstance {
    raw_bytes: Bytes,
    #[serde(default)]
    key_details: String,
    #[serde(default)]
    valid_for: TimeRange,
}

impl KeyInstance {
    /// How the key signs: as `keyDetails` says, which must fit the key.
    fn scheme(&self, key: &PublicKey) -> Result<Scheme, Error> {
        let default = key.default_scheme();
        let details = self.key_details.as_str();
        let fits = match default {
            Scheme::Ecdsa(_) => [
                "",
                "PKIX_ECDSA_P256_SHA_256",
                "PKIX_ECDSA_P384_SHA_384",
                "PKIX_ECDSA_P521_SHA_512",
            ]
            .contains(&details),
            Scheme::Rsa(_, hash) if details.starts_with("PKIX_RSA_PSS") => {
                return Ok(Scheme::Rsa(RsaPadding::Pss, hash));
            }
            Scheme::Rsa(..) => {
                ["", "PKCS1_RSA_PKCS1V5"].contains(&details)
                    || details.starts_with("PKIX_RSA_PKCS1V15")
            }
            Scheme::Ed25519 | Scheme::Ed25519ph => ["", "PKIX_ED25519"].contains(&details),
        };
        if fits { Ok(default) } else { Err(broken(format!("`{details}` is no key for {default}"))) }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorityInstance {
    #[serde(default)]
    uri: String,
    cert_chain: CertChain,
    #[serde(default)]
    valid_for: TimeRange,
}

impl AuthorityInstance {
    fn read(&self, signs_itself: bool) -> Result<TrustedAuthority, Error> {
        let mut certificates = self
            .cert_chain
            .certificates
            .iter()
            .map(|it| Certificate::from_der(&it.raw_bytes.0))
            .collect::<Result<Vec<_>, _>>()?;
        let root = certificates.pop().ok_or_else(|| broken("an authority without certificates"))?;
        let leaf = match certificates.first() {
            Some(first) if signs_itself && !first.authority()?.issues() => {
                Some(certificates.remove(0))
            }
            _ => None,
        };
        Ok(TrustedAuthority {
            uri: self.uri.clone(),
            authority: Authority { roots: vec![root], intermediates: certificates },
            leaf,
            span: self.valid_for.read()?,
        })
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
struct CertChain {
    #[serde(default)]
    certificates: Vec<RawCertificate>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCertificate {
    raw_bytes: Bytes,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct TimeRange {
    start: Option<String>,
    end: Option<String>,
}

impl TimeRange {
    fn read(&self) -> Result<Span, Error> {
        let read = |text: &Option<String>| {
            text.as_deref()
                .map(|text| text.parse().map_err(|_| broken(format!("`{text}` is no time"))))
                .transpose()
        };
        Ok(Span { start: read(&self.start)?, end: read(&self.end)? })
    }
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("trusted root", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_root_is_whole() {
        let root = TrustedRoot::public_good().expect("root");
        assert!(root.logs().count() >= 2);
        for (id, url) in root.logs() {
            let id = crate::hash::from_hex(&id).expect("hex");
            let log = root.log(&id).expect("log").expect("known");
            assert!(url.ends_with(log.host()), "{url}");
        }
        for authority in root.authorities() {
            let authority = authority.expect("authority");
            assert!(authority.authority.roots.iter().all(Certificate::is_self_issued));
            assert!(authority.leaf.is_none());
        }
        for service in root.timestamp_authorities() {
            assert!(service.expect("service").leaf.is_some());
        }
    }

    #[test]
    fn several_roots_stand_on_a_line_each() {
        let line =
            serde_json::from_str::<serde_json::Value>(PUBLIC_GOOD).expect("JSON").to_string();
        let count =
            |text: &str| TrustedRoot::all_from_json("x", text.as_bytes()).map(|it| it.len());
        assert_eq!(count(PUBLIC_GOOD), Ok(1));
        assert_eq!(count(&line), Ok(1));
        assert_eq!(count(&format!("{line}\n\n{line}\n")), Ok(2));
        assert!(count(&format!("{line}\n{{}}\n")).is_err());
        assert!(count("").is_err());
        assert!(count(&format!("{line}\n").repeat(17)).is_err());
    }

    #[test]
    fn both_ends_of_a_span_are_inside() {
        let at = Timestamp::from_unix;
        let span = Span { start: Some(at(1)), end: Some(at(3)) };
        let inside: Vec<bool> = (0..5).map(|time| span.contains(at(time))).collect();
        assert_eq!(inside, [false, true, true, true, false]);
    }
}
