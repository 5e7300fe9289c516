//! Basic encoding rules, as far as gpgsm makes use of them, brought to definite lengths.
//!
//! What is signed in it is distinguished already, so that nothing of that changes.
//! Source: ITU-T X.690, sections 8.1.3.6 (indefinite lengths) and 8.7.3 (texts in parts).

use crate::der;
use crate::error::Error;

/// How deep values may lie in each other.
const MAX_DEPTH: usize = 24;

/// A text of octets in parts.
const PARTS: u8 = der::OCTET_STRING | 0x20;

/// The one value that `bytes` are, with definite lengths.
pub(crate) fn definite(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut rest = bytes;
    let value = value(&mut rest, 0)?;
    if rest.is_empty() { Ok(value) } else { Err(broken("bytes after the end")) }
}

fn value(rest: &mut &[u8], depth: usize) -> Result<Vec<u8>, Error> {
    let is_indefinite = rest.get(1) == Some(&0x80);
    if !is_indefinite {
        let mut reader = der::Reader::new(rest);
        let found = reader.next()?;
        *rest = rest.get(found.whole.len()..).unwrap_or_default();
        // Within definite lengths there may be indefinite ones, but only in what holds values.
        if found.tag & 0x20 == 0 {
            return Ok(found.whole.to_vec());
        }
        let mut inside = found.content;
        let content = values(&mut inside, depth, false)?;
        return Ok(encoded(found.tag, &content));
    }
    let tag = rest.first().copied().unwrap_or_default();
    if tag & 0x20 == 0 || tag & 0x1f == 0x1f {
        return Err(broken("an indefinite length of what holds no values"));
    }
    *rest = rest.get(2..).unwrap_or_default();
    let content = values(rest, depth, true)?;
    Ok(encoded(tag, &content))
}

/// Values up to the end, or to the mark of the end.
fn values(rest: &mut &[u8], depth: usize, to_mark: bool) -> Result<Vec<Vec<u8>>, Error> {
    if depth == MAX_DEPTH {
        return Err(broken("values too deep in each other"));
    }
    let mut found = Vec::new();
    loop {
        match (rest.get(..2), to_mark) {
            (Some([0, 0]), true) => {
                *rest = rest.get(2..).unwrap_or_default();
                return Ok(found);
            }
            _ if rest.is_empty() && !to_mark => return Ok(found),
            _ => found.push(value(rest, depth + 1)?),
        }
    }
}

fn encoded(tag: u8, values: &[Vec<u8>]) -> Vec<u8> {
    let parts: Vec<&[u8]> = values.iter().map(Vec::as_slice).collect();
    if tag == PARTS && parts.iter().all(|it| it.first() == Some(&der::OCTET_STRING)) {
        let texts: Vec<&[u8]> = parts.iter().map(|it| octets(it)).collect();
        return der::encode(der::OCTET_STRING, &texts);
    }
    der::encode(tag, &parts)
}

fn octets(bytes: &[u8]) -> &[u8] {
    der::Reader::only(bytes, der::OCTET_STRING).map(|it| it.content).unwrap_or_default()
}

fn broken(why: &str) -> Error {
    Error::malformed("BER", why)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn indefinite_lengths_become_definite_at_any_depth() {
        let ber = [
            0x30, 0x80, 0x02, 0x01, 0x05, 0x31, 0x80, 0, 0, 0x24, 0x80, 4, 1, 7, 4, 1, 8, 0, 0, 0,
            0,
        ];
        let der = [0x30, 9, 0x02, 0x01, 0x05, 0x31, 0, 4, 2, 7, 8];
        assert_eq!(definite(&ber), Ok(der.to_vec()));
        assert_eq!(definite(&der), Ok(der.to_vec()));
        let deep = [[0x30, 0x80].repeat(100_000), vec![0; 200_000]].concat();
        assert!(definite(&deep).is_err());
        for bad in [&ber[..20], &[0x04, 0x80, 0, 0], &[0x30, 0x80], &[]] {
            assert!(definite(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_what_was_made_definite_stays_so(
            bytes in prop::collection::vec(prop_oneof![Just(0_u8), Just(0x30), Just(0x80), any::<u8>()], 0..80),
        ) {
            if let Ok(once) = definite(&bytes) {
                prop_assert_eq!(definite(&once), Ok(once.clone()));
            }
        }
    }
}
