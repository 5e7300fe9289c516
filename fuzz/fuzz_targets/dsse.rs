//! An envelope of any bytes: its type and payload can be told apart in what is signed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_supply::dsse::Envelope;
use plimsoll_supply::intoto::Statement;

fuzz_target!(|bytes: &[u8]| {
    let Ok(envelope) = Envelope::parse(bytes) else { return };
    let signed = envelope.pre_authentication_encoding();
    assert!(signed.ends_with(&envelope.payload.0));
    let head = format!("DSSEv1 {} {} ", envelope.payload_type.len(), envelope.payload_type);
    assert!(signed.starts_with(head.as_bytes()));
    let _ = Statement::of(&envelope);
});
