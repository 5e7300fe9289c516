//! The entry of a log that gitsign keeps in a signature: a protocol buffer without the entry's body,
//! which follows from the signature.
//!
//! Sources: `sigstore_rekor.proto` of sigstore/protobuf-specs; `internal/rekor/oid` of sigstore/gitsign.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::certificate::Certificate;
use crate::error::Error;
use crate::hash::{hex, sha256};
use crate::key::pem;
use crate::log::{Entry, InclusionProof};

/// The most fields of one message, and the most hashes of a proof.
const MAX_FIELDS: usize = 128;

/// Reads an entry about the signature of a certificate's holder over `message`.
pub(super) fn read(
    bytes: &[u8],
    message: &[u8],
    signature: &[u8],
    certificate: &Certificate,
) -> Result<Entry, Error> {
    let mut entry = Entry {
        index: 0,
        log_id: Vec::new(),
        kind_version: None,
        integrated_time: 0,
        promise: None,
        proof: None,
        body: body(message, signature, certificate),
    };
    for field in fields(bytes)? {
        match field {
            (1, Field::Number(index)) => entry.index = index,
            (2, Field::Bytes(id)) => entry.log_id = only(id, 1)?.to_vec(),
            (3, Field::Bytes(kind)) => {
                let text = |number| -> Result<String, Error> {
                    let bytes = only(kind, number)?.to_vec();
                    String::from_utf8(bytes).map_err(|_| broken("a kind of no text"))
                };
                entry.kind_version = Some((text(1)?, text(2)?));
            }
            (4, Field::Number(time)) => entry.integrated_time = time,
            (5, Field::Bytes(promise)) => entry.promise = Some(only(promise, 1)?.to_vec()),
            (6, Field::Bytes(found)) => entry.proof = Some(proof(found)?),
            _ => {}
        }
    }
    Ok(entry)
}

/// What the log has, byte for byte.
fn body(message: &[u8], signature: &[u8], certificate: &Certificate) -> Vec<u8> {
    let pem = pem::encode("CERTIFICATE", certificate.der());
    // Keys in the order of RFC 8785; no text in it needs an escape.
    let body = json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": hex(&sha256(message))}},
            "signature": {
                "content": STANDARD.encode(signature),
                "publicKey": {"content": STANDARD.encode(pem)},
            },
        },
    });
    body.to_string().into_bytes()
}

fn proof(bytes: &[u8]) -> Result<InclusionProof, Error> {
    let mut proof = InclusionProof {
        index: 0,
        tree_size: 0,
        root: Vec::new(),
        hashes: Vec::new(),
        checkpoint: String::new(),
    };
    for field in fields(bytes)? {
        match field {
            (1, Field::Number(index)) => proof.index = index,
            (2, Field::Bytes(root)) => proof.root = root.to_vec(),
            (3, Field::Number(size)) => proof.tree_size = size,
            (4, Field::Bytes(hash)) => proof.hashes.push(hash.to_vec()),
            (5, Field::Bytes(checkpoint)) => {
                let text = only(checkpoint, 1)?.to_vec();
                proof.checkpoint =
                    String::from_utf8(text).map_err(|_| broken("a checkpoint of no text"))?;
            }
            _ => {}
        }
    }
    Ok(proof)
}

/// The bytes in the field with a number; none are empty.
fn only(bytes: &[u8], number: u64) -> Result<&[u8], Error> {
    let found = fields(bytes)?.into_iter().rev().find_map(|field| match field {
        (at, Field::Bytes(bytes)) if at == number => Some(bytes),
        _ => None,
    });
    Ok(found.unwrap_or_default())
}

enum Field<'a> {
    Number(i64),
    Bytes(&'a [u8]),
}

/// The fields of a message with their numbers.
fn fields(mut rest: &[u8]) -> Result<Vec<(u64, Field<'_>)>, Error> {
    let mut found = Vec::new();
    while !rest.is_empty() {
        if found.len() == MAX_FIELDS {
            return Err(broken(format!("more than {MAX_FIELDS} fields")));
        }
        let key = varint(&mut rest)?;
        let field = match key & 7 {
            0 => Field::Number(varint(&mut rest)?.cast_signed()),
            2 => {
                let length = usize::try_from(varint(&mut rest)?).unwrap_or(usize::MAX);
                let split = rest.split_at_checked(length);
                let (bytes, behind) = split.ok_or_else(|| broken("a field is cut off"))?;
                rest = behind;
                Field::Bytes(bytes)
            }
            other => return Err(broken(format!("a field of kind {other}"))),
        };
        found.push((key >> 3, field));
    }
    Ok(found)
}

fn varint(rest: &mut &[u8]) -> Result<u64, Error> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, behind) = rest.split_first().ok_or_else(|| broken("a number is cut off"))?;
        *rest = behind;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(broken("a number of over 64 bits"))
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("log entry", why)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_are_numbers_and_bytes() {
        let bytes = [0x08, 0xac, 0x02, 0x12, 2, b'a', b'b'];
        let found = fields(&bytes).expect("fields");
        assert!(matches!(found.as_slice(), [(1, Field::Number(300)), (2, Field::Bytes(b"ab"))]));
        for bad in [&bytes[..1], &bytes[..6], &[0x0d, 0, 0, 0, 0], &[0x80; 11]] {
            assert!(fields(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = proof(&bytes);
            let _ = only(&bytes, 1);
        }
    }
}
