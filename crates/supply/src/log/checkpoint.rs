//! Checkpoints: a log's signed word about its tree.
//!
//! A signature of a log or witness that is not known is passed over; at least one must be the
//! log's own. Sources: <https://github.com/C2SP/C2SP/blob/main/tlog-checkpoint.md>,
//! <https://github.com/C2SP/C2SP/blob/main/signed-note.md>.

use crate::error::Error;
use crate::json::Bytes;
use crate::trust::TrustedLog;

/// A checkpoint whose signatures were not checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name: its first line.
    pub origin: String,
    /// How many entries the tree has.
    pub size: u64,
    /// The tree's root.
    pub root: Vec<u8>,
    /// What was signed.
    text: String,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    name: String,
    key_hint: [u8; 4],
    bytes: Vec<u8>,
}

/// The longest checkpoint that is read, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// The most signatures that a checkpoint may carry.
const MAX_SIGNATURES: usize = 64;

impl Checkpoint {
    /// Reads a signed note whose text is a checkpoint.
    pub fn parse(note: &str) -> Result<Self, Error> {
        if note.len() > MAX_BYTES {
            return Err(broken(format!("{} bytes, more than {MAX_BYTES}", note.len())));
        }
        let (text, signatures) = note
            .rsplit_once("\n\n")
            .ok_or_else(|| broken("no blank line between text and signatures"))?;
        let signatures = signatures
            .strip_suffix('\n')
            .ok_or_else(|| broken("no signature, or none that ends with its line"))?;
        if signatures.split('\n').count() > MAX_SIGNATURES {
            return Err(broken(format!("more than {MAX_SIGNATURES} signatures")));
        }
        let signatures = signatures.split('\n').map(signature).collect::<Result<Vec<_>, _>>()?;

        let mut lines = text.split('\n');
        let origin = lines.next().unwrap_or_default().to_owned();
        let size = lines.next().ok_or_else(|| broken("no size"))?;
        let canonical = size == "0" || !size.starts_with('0');
        let size = size
            .parse()
            .ok()
            .filter(|_| canonical && size.bytes().all(|byte| byte.is_ascii_digit()))
            .ok_or_else(|| broken(format!("the size `{size}` is not a number")))?;
        let root = lines.next().ok_or_else(|| broken("no root hash"))?;
        let root = Bytes::decode(root)
            .filter(|root| root.0.len() == 32)
            .ok_or_else(|| broken("the root hash is not base64 of 32 bytes"))?
            .0;
        if origin.is_empty() {
            return Err(broken("no origin"));
        }
        Ok(Self { origin, size, root, text: format!("{text}\n"), signatures })
    }

    /// Checks that one of the signatures is that of `log`, under its name.
    ///
    /// The name of a log of Rekor v2 is its host; older ones add a number to it.
    pub fn verify(&self, log: &TrustedLog) -> Result<(), Error> {
        let name = match self.origin.split_once(" - ") {
            Some((name, tree)) if tree.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ if self.origin == log.host() => self.origin.as_str(),
            _ => {
                let host = log.host();
                return Err(broken(format!("it is of `{}`, not of `{host}`", self.origin)));
            }
        };
        let hint = log.id.get(..4).unwrap_or_default();
        let own = self.signatures.iter().filter(|it| it.name == name && it.key_hint == hint);
        let mut last = broken("it has no signature of the log");
        for signature in own {
            match log.key.verify_with(log.scheme, self.text.as_bytes(), &signature.bytes) {
                Ok(()) => return Ok(()),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// One line: an em dash, the name, and base64 of key hint and signature.
fn signature(line: &str) -> Result<Signature, Error> {
    let bad =
        || broken(format!("`{}` is no signature line", line.chars().take(40).collect::<String>()));
    let (name, encoded) =
        line.strip_prefix("— ").and_then(|it| it.split_once(' ')).ok_or_else(bad)?;
    let bytes = Bytes::decode(encoded).ok_or_else(bad)?.0;
    let (hint, rest) = bytes.split_first_chunk::<4>().ok_or_else(bad)?;
    if name.is_empty() || name.contains('+') || name.contains(char::is_whitespace) {
        return Err(bad());
    }
    Ok(Signature { name: name.to_owned(), key_hint: *hint, bytes: rest.to_vec() })
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("checkpoint", why)
}
