//! Textual encoding of keys and certificates.
//!
//! As Go and OpenSSL do, text around and between the blocks is passed over, and lines may be of
//! any length. Source: RFC 7468.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::error::Error;

/// One block between `-----BEGIN LABEL-----` and `-----END LABEL-----`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What the block says it is, such as `PUBLIC KEY`.
    pub label: String,
    /// The bytes that it holds.
    pub bytes: Vec<u8>,
}

/// Whether `bytes` look like text with a block rather than like DER.
pub fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(BEGIN.len()).any(|window| window == BEGIN.as_bytes())
}

/// Every block of `text`, in order.
pub fn blocks(text: &str) -> Result<Vec<Block>, Error> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(label) = line.trim().strip_prefix(BEGIN).and_then(|it| it.strip_suffix(DASHES))
        else {
            continue;
        };
        let end = format!("-----END {label}-----");
        // A private key may be in it: its letters are not left behind in memory.
        let mut body = Zeroizing::new(String::with_capacity(text.len()));
        loop {
            let line = lines.next().ok_or_else(|| broken(format!("no `{end}`")))?.trim();
            if line == end {
                break;
            }
            if line.contains(':') {
                return Err(broken(format!("`{label}` has headers")));
            }
            body.push_str(line);
        }
        let bytes = STANDARD
            .decode(body.as_bytes())
            .map_err(|error| broken(format!("`{label}` is not base64: {error}")))?;
        found.push(Block { label: label.to_owned(), bytes });
    }
    Ok(found)
}

/// Whether nothing follows the last block of `text` but the end of its line, as Go's readers of
/// certificates ask.
pub(crate) fn ends_with_block(text: &str) -> bool {
    let last = text.strip_suffix('\n').unwrap_or(text);
    let last = last.strip_suffix('\r').unwrap_or(last);
    last.rsplit('\n').next().is_some_and(|line| line.trim().starts_with(END))
}

/// The one block of `text`.
pub fn only_block(text: &str) -> Result<Block, Error> {
    let mut found = blocks(text)?;
    match (found.pop(), found.len()) {
        (Some(block), 0) => Ok(block),
        (None, _) => Err(broken("no block")),
        (Some(_), more) => Err(broken(format!("{} blocks where one is due", more + 1))),
    }
}

/// A block as text, 64 letters a line.
pub fn encode(label: &str, bytes: &[u8]) -> String {
    let body = STANDARD.encode(bytes);
    let mut text = format!("{BEGIN}{label}{DASHES}\n");
    for (at, letter) in body.char_indices() {
        if at > 0 && at % 64 == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    text + "\n-----END " + label + DASHES + "\n"
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("PEM", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_between_other_text() {
        let text = format!(
            "a key\n{}\n{}bye",
            encode("PUBLIC KEY", &[1; 100]),
            encode("CERTIFICATE", &[2; 48])
        );
        let found = blocks(&text).expect("blocks");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], Block { label: "PUBLIC KEY".into(), bytes: vec![1; 100] });
        assert!(only_block(&text).is_err());
    }

    #[test]
    fn a_block_without_an_end_or_with_other_letters_is_refused() {
        assert!(blocks("-----BEGIN A-----\nAAAA\n").is_err());
        assert!(blocks("-----BEGIN A-----\n%%%%\n-----END A-----\n").is_err());
        assert!(blocks("-----BEGIN A-----\nProc-Type: 4\n-----END A-----\n").is_err());
    }
}
