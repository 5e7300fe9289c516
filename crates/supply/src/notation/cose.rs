//! An envelope in CBOR: a tagged `COSE_Sign1`.
//!
//! Source: `specs/signature-envelope-cose.md` of notaryproject/specifications, RFC 9052, RFC 9360.

use plimsoll_model::Timestamp;

use super::cbor::{self, Value};
use super::envelope::{
    self, AUTHENTIC_SIGNING_TIME, Algorithm, Critical, EXPIRY, Envelope, PLUGIN, SCHEME,
    SIGNING_AGENT, SIGNING_TIME, SignedAttributes, SigningScheme, TIMESTAMP,
};
use crate::error::Error;

/// The tag of `COSE_Sign1`.
const SIGN1: u64 = 18;

/// The tag of a time in seconds.
const EPOCH: u64 = 1;

const ALGORITHM: Value<'_> = Value::Integer(1);
const CRITICAL: Value<'_> = Value::Integer(2);
const CONTENT_TYPE: Value<'_> = Value::Integer(3);
const CHAIN: Value<'_> = Value::Integer(33);

/// The textual labels that the specification defines.
const DEFINED: [&str; 4] = [EXPIRY, SCHEME, SIGNING_TIME, AUTHENTIC_SIGNING_TIME];

pub(super) fn read(bytes: &[u8]) -> Result<Envelope, Error> {
    let Value::Tag(SIGN1, message) = cbor::read(bytes)? else {
        return Err(broken("no tagged COSE_Sign1"));
    };
    let Value::Array(parts) = *message else { return Err(broken("a message that is no array")) };
    let [
        Value::Bytes(protected_bytes),
        unprotected,
        Value::Bytes(payload),
        Value::Bytes(signature),
    ] = parts.as_slice()
    else {
        return Err(broken("a message without two headers, a payload and a signature"));
    };
    let protected = cbor::read(protected_bytes)?;
    let (Value::Map(signed), Value::Map(unsigned)) = (&protected, unprotected) else {
        return Err(broken("a header that is no map"));
    };
    if signed.iter().any(|(label, _)| unprotected.get(label).is_some()) {
        return Err(broken("a label is signed and unsigned at the same time"));
    }
    if signed.iter().chain(unsigned).any(|(label, _)| !is_label(label)) {
        return Err(broken("a label that is neither number nor text"));
    }
    let Some(Value::Integer(number)) = protected.get(&ALGORITHM) else {
        return Err(broken("no algorithm"));
    };
    let Some(Value::Array(chain)) = unprotected.get(&CHAIN) else {
        return Err(broken("no chain of certificates"));
    };
    let chain: Vec<&[u8]> = chain
        .iter()
        .map(|it| it.bytes().ok_or_else(|| broken("a certificate that is no byte string")))
        .collect::<Result<_, _>>()?;
    let unsigned = |name| unprotected.get(&Value::Text(name));
    let agent = unsigned(SIGNING_AGENT).map(|it| owned_text(SIGNING_AGENT, it)).transpose()?;
    let timestamp = unsigned(TIMESTAMP)
        .map(|it| it.bytes().ok_or_else(|| broken(format!("`{TIMESTAMP}` is no byte string"))));
    Ok(Envelope {
        content_type: protected
            .get(&CONTENT_TYPE)
            .and_then(Value::text)
            .ok_or_else(|| broken("no content type that is a text"))?
            .to_owned(),
        payload: payload.to_vec(),
        algorithm: Algorithm::numbered(*number)?,
        attributes: attributes(&protected, signed)?,
        chain: envelope::chain(chain.into_iter())?,
        signing_agent: agent,
        timestamp: timestamp.transpose()?.map(<[u8]>::to_vec),
        // RFC 9052, section 4.4; there is no further data of the application.
        signed: cbor::array("Signature1", &[protected_bytes, &[], payload]),
        signature: signature.to_vec(),
    })
}

fn is_label(label: &Value<'_>) -> bool {
    matches!(label, Value::Integer(_) | Value::Text(_))
}

fn attributes(
    protected: &Value<'_>,
    entries: &[(Value<'_>, Value<'_>)],
) -> Result<SignedAttributes, Error> {
    let text = |name| protected.get(&Value::Text(name)).map(|value| (name, value));
    let scheme = text(SCHEME).and_then(|(_, value)| value.text()).unwrap_or_default();
    let scheme = SigningScheme::named(scheme)?;
    let expiry = text(EXPIRY).map(time).transpose()?;
    let Some(Value::Array(listed)) = protected.get(&CRITICAL) else {
        return Err(broken("no list of critical labels"));
    };
    // A number that must be understood is one of RFC 9052, and here there is none but these.
    let numbers = [&ALGORITHM, &CONTENT_TYPE];
    let listed: Vec<&str> = listed
        .iter()
        .filter(|label| !numbers.contains(label))
        .map(|label| label.text().ok_or_else(|| broken("a critical label that is not known here")))
        .collect::<Result<_, _>>()?;
    let extended = entries
        .iter()
        .filter_map(|(label, _)| label.text())
        .filter(|name| !DEFINED.contains(name))
        .collect();
    let critical = Critical { listed, extended }.check(scheme, expiry.is_some())?;
    let signing_time = text(SIGNING_TIME).map(time).transpose()?;
    let authentic = text(AUTHENTIC_SIGNING_TIME).map(time).transpose()?;
    let plugin = text(PLUGIN).map(|(name, value)| owned_text(name, value));
    Ok(SignedAttributes {
        scheme,
        signing_time: envelope::time_of(scheme, signing_time, authentic)?,
        expiry,
        critical,
        plugin: plugin.transpose()?,
    })
}

fn owned_text(name: &str, value: &Value<'_>) -> Result<String, Error> {
    value.text().map(str::to_owned).ok_or_else(|| broken(format!("`{name}` is no text")))
}

fn time((name, value): (&str, &Value<'_>)) -> Result<Timestamp, Error> {
    let bad = || broken(format!("`{name}` is no time in whole seconds"));
    let Value::Tag(EPOCH, seconds) = value else { return Err(bad()) };
    let Value::Integer(seconds) = **seconds else { return Err(bad()) };
    // Until the end of the year 9999, as RFC 3339 has it.
    i64::try_from(seconds)
        .ok()
        .filter(|seconds| (0..=253_402_300_799).contains(seconds))
        .map(Timestamp::from_unix)
        .ok_or_else(bad)
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("envelope", why)
}
