//! Entries of a transparency log, and the proofs that a log has them.
//!
//! A log vouches for an entry in two ways: by a signed promise with a time (version 1), and by a
//! proof that the entry is in the tree of a signed checkpoint.
//! Sources: <https://github.com/sigstore/rekor>, <https://github.com/sigstore/rekor-tiles>.

mod body;
mod checkpoint;
pub mod merkle;

use plimsoll_model::Timestamp;
use serde_json::json;

use crate::error::Error;
use crate::hash::hex;
use crate::trust::TrustedLog;

pub use body::{Body, Subject, Verifier};
pub use checkpoint::Checkpoint;

/// An entry as a bundle carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The position over all trees of the log.
    pub index: i64,
    /// Which log has it.
    pub log_id: Vec<u8>,
    /// What the bundle says that it is, such as `hashedrekord` and `0.0.1`.
    pub kind_version: Option<(String, String)>,
    /// When the log took it, in seconds since 1970; 0 where the log says no time.
    pub integrated_time: i64,
    /// The log's signed promise.
    pub promise: Option<Vec<u8>>,
    /// The proof that it is in the tree.
    pub proof: Option<InclusionProof>,
    /// The content, byte for byte as the log has it.
    pub body: Vec<u8>,
}

/// The proof that an entry is in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    /// The position in the tree.
    pub index: i64,
    /// The size of the tree.
    pub tree_size: i64,
    /// The root of the tree.
    pub root: Vec<u8>,
    /// The hashes beside the way to the root.
    pub hashes: Vec<Vec<u8>>,
    /// The log's signed word about the root.
    pub checkpoint: String,
}

/// The most hashes that a proof may have: a tree of 2⁶³ entries needs as many.
const MAX_HASHES: usize = 64;

impl Entry {
    /// When the log took the entry, where it says so.
    pub fn time(&self) -> Option<Timestamp> {
        (self.integrated_time != 0).then(|| Timestamp::from_unix(self.integrated_time))
    }

    /// Checks the promise of `log`: its signature, and that its key counted at the time.
    pub fn verify_promise(&self, promise: &[u8], log: &TrustedLog) -> Result<Timestamp, Error> {
        let broken = |why: String| Error::malformed("log promise", why);
        let time = self.time().ok_or_else(|| broken("a promise without a time".into()))?;
        if !log.span.contains(time) {
            return Err(broken(format!("at {time} the log's key does not count: {}", log.span)));
        }
        // Keys in the order of RFC 8785; no text in it needs an escape.
        let payload = json!({
            "body": crate::json::Bytes(self.body.clone()),
            "integratedTime": self.integrated_time,
            "logID": hex(&self.log_id),
            "logIndex": self.index,
        });
        log.key.verify_with(log.scheme, payload.to_string().as_bytes(), promise)?;
        Ok(time)
    }

    /// Checks that the entry is in the tree that `log` signed a checkpoint of.
    pub fn verify_proof(
        &self,
        proof: &InclusionProof,
        log: &TrustedLog,
        is_v2: bool,
    ) -> Result<Checkpoint, Error> {
        let checkpoint = self.verify_inclusion(proof, is_v2)?;
        checkpoint.verify(log)?;
        Ok(checkpoint)
    }

    /// Checks that the entry is in the tree of the proof's checkpoint, whoever signed that.
    pub fn verify_inclusion(
        &self,
        proof: &InclusionProof,
        is_v2: bool,
    ) -> Result<Checkpoint, Error> {
        let broken = |why: String| Error::malformed("inclusion proof", why);
        let number = |value: i64, what: &str| {
            u64::try_from(value).map_err(|_| broken(format!("the {what} {value} is negative")))
        };
        if proof.hashes.len() > MAX_HASHES {
            return Err(broken(format!("more than {MAX_HASHES} hashes")));
        }
        let hashes = proof
            .hashes
            .iter()
            .map(|hash| hash.as_slice().try_into())
            .collect::<Result<Vec<[u8; 32]>, _>>()
            .map_err(|_| broken("a hash that is not of 32 bytes".into()))?;
        let (index, size) = (number(proof.index, "index")?, number(proof.tree_size, "size")?);
        if is_v2 && proof.index != self.index {
            return Err(broken(format!("index {index}, while the entry's is {}", self.index)));
        }
        let root = merkle::root_from_path(index, size, merkle::leaf_hash(&self.body), &hashes)?;
        if root.as_slice() != proof.root {
            return Err(broken(format!(
                "the path leads to the root {}, not to {}",
                hex(&root),
                hex(&proof.root)
            )));
        }
        let checkpoint = Checkpoint::parse(&proof.checkpoint)?;
        if checkpoint.root != root || checkpoint.size != size {
            return Err(Error::malformed(
                "checkpoint",
                format!(
                    "it is of {} entries with the root {}, the proof of {size} with {}",
                    checkpoint.size,
                    hex(&checkpoint.root),
                    hex(&root)
                ),
            ));
        }
        Ok(checkpoint)
    }
}
