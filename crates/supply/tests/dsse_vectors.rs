//! The test vectors of the DSSE protocol.

use plimsoll_supply::dsse::Envelope;
use plimsoll_supply::key::PublicKey;
use plimsoll_testkit::shared_records;

/// The key in the section of the vectors: `X` and `Y` on P-256.
fn key(section: &str) -> PublicKey {
    let number = |name: &str| {
        let line = section.lines().find_map(|line| line.strip_prefix(name)).expect("a number");
        decimal(line.trim())
    };
    // A `SubjectPublicKeyInfo` of P-256 up to its point.
    let mut spki = vec![
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
        0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ];
    spki.extend(number("X:"));
    spki.extend(number("Y:"));
    PublicKey::from_der(&spki).expect("key")
}

/// A decimal number as 32 bytes, the most significant first.
fn decimal(digits: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    for digit in digits.bytes() {
        let mut carry = u32::from(digit - b'0');
        for byte in bytes.iter_mut().rev() {
            let value = u32::from(*byte) * 10 + carry;
            *byte = u8::try_from(value & 0xff).expect("a byte");
            carry = value >> 8;
        }
    }
    bytes
}

#[test]
fn the_encoding_and_the_signature_of_the_protocol_are_ours() {
    for vector in shared_records("sign/dsse/vectors.jsonl") {
        let envelope =
            Envelope::parse(vector["envelope"].to_string().as_bytes()).expect("envelope");
        let encoded = envelope.pre_authentication_encoding();
        assert_eq!(encoded, vector["pae"].as_str().expect("text").as_bytes());
        let key = key(vector["section"].as_str().expect("text"));
        envelope.verify(&key).expect("the signature of the vector");
        let mut other = envelope.clone();
        other.payload_type.push('x');
        assert!(other.verify(&key).is_err(), "the type is part of what is signed");
        let mut other = envelope;
        other.payload.0.push(b'!');
        assert!(other.verify(&key).is_err(), "the payload is part of what is signed");
    }
}
