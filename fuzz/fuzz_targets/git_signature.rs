//! Tags and commits of Git, signatures and keys of SSH, the file of allowed signers, and signatures
//! under certificates, of any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_supply::git::{Commit, Tag, certificate_of};
use plimsoll_supply::key::pem;
use plimsoll_supply::ssh::{AllowedSigners, Key, Signature};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    match kind % 7 {
        0 => {
            if let Ok(tag) = Tag::parse(bytes, 40) {
                let signature = tag.signature.unwrap_or_default();
                assert!(tag.payload.len() + signature.len() <= bytes.len());
            }
        }
        1 => drop(Commit::parse(bytes, 64)),
        2 => drop(Signature::from_armour(bytes)),
        3 => {
            if let Ok(signature) = Signature::from_blob(bytes) {
                let _ = signature.verify("git", b"message");
            }
        }
        4 => drop(Key::from_blob(bytes)),
        5 => drop(AllowedSigners::parse(bytes)),
        _ => {
            let armour = pem::encode("SIGNED MESSAGE", bytes);
            assert!(certificate_of(armour.as_bytes(), b"content").is_err());
        }
    }
});
