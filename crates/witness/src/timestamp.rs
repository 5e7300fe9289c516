//! The time of a signature, vouched for by an authority of RFC 3161.

use plimsoll_supply::hash::sha256;
use plimsoll_supply::timestamp::TimestampResponse;

use crate::web::{Web, WitnessError, address};

/// Sigstore's public instance.
pub const PUBLIC_GOOD: &str = "https://timestamp.sigstore.dev/api/v1/timestamp";

/// `TimeStampReq` of version 1 with a SHA-256 imprint that begins behind these bytes. Section 2.4.1.
const BEFORE: [u8; 24] = [
    0x30, 0x39, // the request
    0x02, 0x01, 0x01, // version 1
    0x30, 0x31, // the imprint
    0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, // SHA-256
    0x05, 0x00, // no parameters
    0x04, 0x20, // 32 bytes
];

/// The authority's certificates are wanted in the answer.
const BEHIND: [u8; 3] = [0x01, 0x01, 0xff];

/// Has the authority at `url` stamp a signature: a `TimeStampResp` in DER. The authority learns
/// the signature's digest and nothing else.
pub fn stamp(web: &Web, url: &str, signature: &[u8]) -> Result<Vec<u8>, WitnessError> {
    let url = address(url, "")?;
    let query = [&BEFORE[..], &sha256(signature), &BEHIND].concat();
    let request = web
        .post(&url)
        .header("Content-Type", "application/timestamp-query")
        .header("Accept", "application/timestamp-reply")
        .body(query);
    let answer = Web::send(&url, request)?.accepted()?;
    let response = TimestampResponse::from_der(&answer.body)
        .map_err(|error| answer.useless(&error.to_string()))?;
    if response.is_about(signature) {
        Ok(answer.body)
    } else {
        Err(answer.useless("a timestamp of something else"))
    }
}
