//! Signatures of Git under a certificate: by gitsign, gpgsm or smimesign.
//!
//! What is signed are attributes that hold the digest of the object. gitsign adds the entry of a log,
//! and the whole is a bundle of Sigstore's in another dress, which is judged as one.
//! Sources: RFC 5652; `internal/sigstore/compat` of sigstore/gitsign.

use crate::artefact::Artefact;
use crate::ber;
use crate::bundle::{Bundle, Content, Signer};
use crate::certificate::Certificate;
use crate::cms::SignedData;
use crate::der::{self, Reader};
use crate::error::Error;
use crate::key::pem;

use super::entry;

/// The first line of the armour.
pub(super) const BEGIN: &str = "-----BEGIN SIGNED MESSAGE-----";
const END: &str = "-----END SIGNED MESSAGE-----";
const LABEL: &str = "SIGNED MESSAGE";

/// The longest signature in its armour, in bytes.
const MAX_BYTES: usize = 256 << 10;

const WHAT: &str = "X.509 signature";

/// A signature that holds for what it is over, under the certificate that is in it.
pub(super) struct Signed {
    /// The signature with all that is beside it.
    pub(super) bundle: Bundle,
    /// What the signature is over.
    pub(super) message: Artefact,
    /// Whose it says to be.
    pub(super) certificate: Certificate,
}

/// Reads a signature, and checks that it is over `payload`; whether the certificate counts is for
/// the caller to say.
pub(super) fn read(armour: &[u8], payload: &[u8]) -> Result<Signed, Error> {
    let bytes = unarmoured(armour)?;
    let bytes = ber::definite(&bytes)?;
    let data = SignedData::read(Reader::only(&bytes, der::SEQUENCE)?, WHAT)?;
    if data.content_type != DATA || !matches!(data.version, 1 | 3) {
        return Err(broken("it is not about plain data"));
    }
    if data.content.is_some() {
        return Err(broken("it brings its own content"));
    }
    let SignedData { certificates, signer, .. } = data;
    let (own, more): (Vec<_>, Vec<_>) = certificates.into_iter().partition(|it| signer.is(it));
    let [leaf] = own.as_slice() else {
        return Err(broken("the signer's certificate is not in it"));
    };
    signer.check_content(payload)?;
    signer.check_signature(leaf)?;
    let message = signer.message();
    let entries = match signer.unsigned_attribute(LOG_ENTRY)? {
        Some(value) if value.tag == der::OCTET_STRING => {
            vec![entry::read(value.content, &message, &signer.signature, leaf)?]
        }
        Some(_) => return Err(broken("the entry of a log is no octets")),
        None => Vec::new(),
    };
    let timestamps = match signer.unsigned_attribute(TIMESTAMP)? {
        // In a bundle it stands behind the status of a response: granted.
        Some(token) => {
            let granted = der::encode(der::SEQUENCE, &[&[der::INTEGER, 1, 0]]);
            vec![der::encode(der::SEQUENCE, &[&granted, token.whole])]
        }
        None => Vec::new(),
    };
    // A root is trusted because the verifier has it.
    let more = more.into_iter().filter(|it| !it.is_self_issued()).collect();
    let bundle = Bundle {
        version: "cms",
        content: Content::Message { signature: signer.signature.clone(), digest: None },
        signer: Signer::Certificate(Box::new(leaf.clone()), more),
        entries,
        timestamps,
        envelope_bytes: None,
    };
    Ok(Signed { bundle, message: Artefact::bytes(message), certificate: leaf.clone() })
}

/// The certificate of whoever signed `payload`, in an armour as Git keeps it. Whether it counts is not
/// judged.
pub fn certificate_of(armour: &[u8], payload: &[u8]) -> Result<Certificate, Error> {
    read(armour, payload).map(|signed| signed.certificate)
}

/// The bytes in an armour, with nothing around it.
fn unarmoured(text: &[u8]) -> Result<Vec<u8>, Error> {
    if text.len() > MAX_BYTES {
        return Err(broken(format!("more than {MAX_BYTES} bytes")));
    }
    let text = std::str::from_utf8(text).map_err(|_| broken("it is not UTF-8"))?;
    if !(text.starts_with(BEGIN) && text.trim_end_matches('\n').ends_with(END)) {
        return Err(broken("something stands around its armour"));
    }
    let block = pem::only_block(text)?;
    if block.label == LABEL { Ok(block.bytes) } else { Err(broken("another kind of armour")) }
}

/// 1.2.840.113549.1.7.1
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
/// 1.3.6.1.4.1.57264.3.1, gitsign's entry of a log.
const LOG_ENTRY: &[u8] = &[0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 3, 1];
/// 1.2.840.113549.1.9.16.2.14, a timestamp of the signature.
const TIMESTAMP: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x02, 0x0e];

fn broken(why: impl Into<String>) -> Error {
    Error::malformed(WHAT, why)
}
