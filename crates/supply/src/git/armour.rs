//! Detached signatures of `OpenPGP`, made into messages that hold what they sign.
//!
//! Source: RFC 4880, sections 6.2 (armour), 6.1 (its checksum), 11.3 (messages).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::Error;

const WHAT: &str = "OpenPGP signature";

/// The first line of the armour.
pub(super) const BEGIN: &str = "-----BEGIN PGP SIGNATURE-----";
const END: &str = "-----END PGP SIGNATURE-----";

/// The longest signature in its armour, in bytes: 64 KiB.
const MAX_BYTES: usize = 64 << 10;

/// The packets in an armour, with nothing behind it.
pub(super) fn unarmoured(text: &[u8]) -> Result<Vec<u8>, Error> {
    let broken = |why: &str| Error::malformed(WHAT, why);
    if text.len() > MAX_BYTES {
        return Err(broken(&format!("more than {MAX_BYTES} bytes")));
    }
    let text = std::str::from_utf8(text).map_err(|_| broken("it is not UTF-8"))?;
    let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
    if lines.next() != Some(BEGIN) {
        return Err(broken("its first line is not that of one"));
    }
    // Headers such as `Version`, which mean nothing.
    for line in lines.by_ref() {
        if line.is_empty() {
            break;
        }
        if !["Version: ", "Comment: ", "Hash: ", "Charset: ", "MessageID: "]
            .iter()
            .any(|name| line.starts_with(name))
        {
            return Err(broken("its headers do not end with an empty line"));
        }
    }
    let mut body = String::new();
    let mut checksum = None;
    let mut is_ended = false;
    for line in lines.by_ref() {
        match line.strip_prefix('=') {
            _ if line == END => {
                is_ended = true;
                break;
            }
            _ if checksum.is_some() => return Err(broken("something behind its checksum")),
            Some(sum) => checksum = Some(sum),
            None => body.push_str(line),
        }
    }
    if !is_ended {
        return Err(broken("it does not end"));
    }
    if lines.next().is_some() {
        return Err(broken("something stands behind it that is not signed"));
    }
    let decode = |text: &str| STANDARD.decode(text).map_err(|error| broken(&error.to_string()));
    let packets = decode(&body)?;
    let [_, sum @ ..] = crc24(&packets).to_be_bytes();
    if checksum.is_some_and(|it| decode(it).ok().as_deref() != Some(&sum[..])) {
        return Err(broken("its checksum is another"));
    }
    Ok(packets)
}

/// The checksum of an armour.
fn crc24(bytes: &[u8]) -> u32 {
    let mut sum: u32 = 0x00b7_04ce;
    for byte in bytes {
        sum ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            sum <<= 1;
            if sum & 0x0100_0000 != 0 {
                sum ^= 0x0186_4cfb;
            }
        }
    }
    sum & 0x00ff_ffff
}

/// A signed message: the signature's packets, and `content` in a packet of binary data without a
/// name and a date, neither of which a signature covers.
pub(super) fn message(signature: &[u8], content: &[u8]) -> Vec<u8> {
    const LITERAL: u8 = 0xcb;
    const FIELDS: &[u8] = &[b'b', 0, 0, 0, 0, 0];
    let length = u32::try_from(FIELDS.len() + content.len()).unwrap_or(u32::MAX);
    [signature, &[LITERAL, 0xff], &length.to_be_bytes(), FIELDS, content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(crc24(b""), 0x00b7_04ce);
        assert_eq!(crc24(b"123456789"), 0x0021_cf02);
    }

    #[test]
    fn an_armour_is_read_as_it_is_written() {
        let body = STANDARD.encode(b"123456789");
        let sum = STANDARD.encode([0x21, 0xcf, 0x02]);
        let good = format!("{BEGIN}\nComment: x\n\n{body}\n={sum}\n{END}\n");
        assert_eq!(unarmoured(good.as_bytes()).as_deref(), Ok(&b"123456789"[..]));
        for wrong in [
            format!("{good}more\n"),
            format!("{good}\n"),
            good.replace("=I", "=J"),
            good.replace("Comment", "Comet"),
            good.replace(END, ""),
            format!(" {good}"),
        ] {
            assert!(unarmoured(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
