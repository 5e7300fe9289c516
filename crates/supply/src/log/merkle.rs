//! Proofs that an entry is in a log's tree.
//!
//! Source: RFC 9162, section 2.1.3.2.

use sha2::{Digest as _, Sha256};

use crate::error::Error;

/// The hash of an entry with the content `body`.
pub fn leaf_hash(body: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update([0]).chain_update(body).finalize().into()
}

fn node_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of the tree of `size` entries of which the one at `index` has the hash `leaf`.
///
/// `path` are the hashes beside the way, from the bottom up; their number must be exact.
pub fn root_from_path(
    index: u64,
    size: u64,
    leaf: [u8; 32],
    path: &[[u8; 32]],
) -> Result<[u8; 32], Error> {
    if index >= size {
        return Err(broken(format!("entry {index} of a tree of {size}")));
    }
    let (mut at, mut last) = (index, size - 1);
    let mut hash = leaf;
    for beside in path {
        if last == 0 {
            return Err(broken("too many hashes"));
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(beside, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, beside);
        }
        at >>= 1;
        last >>= 1;
    }
    if last == 0 { Ok(hash) } else { Err(broken("too few hashes")) }
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("inclusion proof", why)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Root and path by the definition, RFC 9162, sections 2.1.1 and 2.1.3.1.
    fn tree(leaves: &[[u8; 32]], at: usize) -> ([u8; 32], Vec<[u8; 32]>) {
        if let [only] = leaves {
            return (*only, Vec::new());
        }
        let half = leaves.len().next_power_of_two() / 2;
        let (left, right) = leaves.split_at(half);
        let (left_root, left_path) = tree(left, at.min(half - 1));
        let (right_root, right_path) = tree(right, at.saturating_sub(half).min(right.len() - 1));
        let mut path = if at < half { left_path } else { right_path };
        path.push(if at < half { right_root } else { left_root });
        (node_hash(&left_root, &right_root), path)
    }

    proptest! {
        #[test]
        fn a_path_leads_to_the_root_and_no_other_does(
            size in 1_usize..40, at in 0_usize..40, bend in 0_usize..6,
        ) {
            let at = at % size;
            let leaves: Vec<[u8; 32]> =
                (0..size).map(|it| leaf_hash(&it.to_be_bytes())).collect();
            let (root, mut path) = tree(&leaves, at);
            let (index, count) = (at as u64, size as u64);
            prop_assert_eq!(root_from_path(index, count, leaves[at], &path).ok(), Some(root));
            prop_assert_ne!(
                root_from_path(index, count, leaf_hash(b"other"), &path).ok(), Some(root)
            );
            if !path.is_empty() {
                let bend = bend % path.len();
                path[bend][0] ^= 1;
                prop_assert_ne!(root_from_path(index, count, leaves[at], &path).ok(), Some(root));
                path.pop();
                prop_assert!(root_from_path(index, count, leaves[at], &path).is_err());
            }
            path.extend([[0; 32]; 8]);
            prop_assert!(root_from_path(index, count, leaves[at], &path).is_err());
        }
    }
}
