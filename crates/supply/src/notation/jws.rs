//! An envelope in JSON: a JWS in its flattened form.
//!
//! Source: `specs/signature-envelope-jws.md` of notaryproject/specifications, RFC 7515.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use plimsoll_model::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::envelope::{
    self, AUTHENTIC_SIGNING_TIME, Algorithm, Critical, EXPIRY, Envelope, PLUGIN, SCHEME,
    SIGNING_TIME, SignedAttributes, SigningScheme,
};
use crate::error::Error;
use crate::json;

#[derive(Deserialize)]
struct Written {
    payload: String,
    protected: String,
    header: Header,
    signature: String,
}

/// What is not signed.
#[derive(Deserialize)]
struct Header {
    x5c: Vec<String>,
    #[serde(rename = "io.cncf.notary.timestampSignature")]
    timestamp: Option<String>,
    #[serde(rename = "io.cncf.notary.signingAgent")]
    signing_agent: Option<String>,
}

/// The names that the specification defines.
const DEFINED: [&str; 7] =
    ["alg", "cty", "crit", EXPIRY, SCHEME, SIGNING_TIME, AUTHENTIC_SIGNING_TIME];

pub(super) fn read(bytes: &[u8]) -> Result<Envelope, Error> {
    let written: Written = json::document("envelope", bytes)?;
    let protected = url_safe("protected", &written.protected)?;
    let Value::Object(protected) = json::value("protected header", &protected)? else {
        return Err(broken("a protected header that is no object"));
    };
    let attributes = attributes(&protected)?;
    let certificates = written.header.x5c.iter().map(|text| standard("x5c", text));
    let certificates: Vec<Vec<u8>> = certificates.collect::<Result<_, _>>()?;
    let timestamp = written.header.timestamp.map(|text| standard(envelope::TIMESTAMP, &text));
    Ok(Envelope {
        content_type: text(&protected, "cty")?.unwrap_or_default().to_owned(),
        payload: url_safe("payload", &written.payload)?,
        algorithm: Algorithm::named(text(&protected, "alg")?.unwrap_or_default())?,
        attributes,
        chain: envelope::chain(certificates.iter().map(Vec::as_slice))?,
        signing_agent: written.header.signing_agent,
        timestamp: timestamp.transpose()?,
        signed: format!("{}.{}", written.protected, written.payload).into_bytes(),
        signature: url_safe("signature", &written.signature)?,
    })
}

fn attributes(protected: &Map<String, Value>) -> Result<SignedAttributes, Error> {
    let scheme = SigningScheme::named(text(protected, SCHEME)?.unwrap_or_default())?;
    let expiry = time(protected, EXPIRY)?;
    let listed = match protected.get("crit") {
        Some(Value::Array(names)) => names
            .iter()
            .map(|name| name.as_str().ok_or_else(|| broken("a critical name that is no text")))
            .collect::<Result<_, _>>()?,
        _ => return Err(broken("no list `crit`")),
    };
    let extended =
        protected.keys().map(String::as_str).filter(|name| !DEFINED.contains(name)).collect();
    let critical = Critical { listed, extended }.check(scheme, expiry.is_some())?;
    let signing_time = time(protected, SIGNING_TIME)?;
    let authentic = time(protected, AUTHENTIC_SIGNING_TIME)?;
    Ok(SignedAttributes {
        scheme,
        signing_time: envelope::time_of(scheme, signing_time, authentic)?,
        expiry,
        critical,
        plugin: text(protected, PLUGIN)?.map(str::to_owned),
    })
}

fn text<'a>(protected: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Error> {
    match protected.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(broken(format!("`{name}` is no text"))),
    }
}

/// A date with a time of day and a zone.
fn time(protected: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, Error> {
    let Some(text) = text(protected, name)? else { return Ok(None) };
    let time = text.parse().ok().filter(|_| text.len() > "2026-01-01".len());
    time.map(Some).ok_or_else(|| broken(format!("`{name}` is no time of RFC 3339")))
}

fn url_safe(what: &str, text: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD.decode(text).map_err(|error| broken(format!("`{what}`: {error}")))
}

fn standard(what: &str, text: &str) -> Result<Vec<u8>, Error> {
    STANDARD.decode(text).map_err(|error| broken(format!("`{what}`: {error}")))
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("envelope", why)
}
