//! Parts of addresses, so that nothing in them means anything: percent-encoding of RFC 3986, section 2.1.

use std::fmt::Write as _;

/// A part of a path or a value of a query of ours. The colon of a digest stays readable.
pub(crate) fn encode(text: &str) -> String {
    encoded(text, b":")
}

/// A value for somebody else's form or query, or for a name before a colon.
pub(crate) fn encode_value(text: &str) -> String {
    encoded(text, b"")
}

fn encoded(text: &str, kept: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        // Section 2.3: unreserved characters.
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || kept.contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_letters_digits_and_four_signs_stay_and_a_colon_where_it_separates_nothing() {
        assert_eq!(encode("sha256:a/b &ü~"), "sha256:a%2Fb%20%26%C3%BC~");
        assert_eq!(encode_value("client:a/b"), "client%3Aa%2Fb");
    }
}
