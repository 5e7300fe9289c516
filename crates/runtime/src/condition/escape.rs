//! What stands between quotes.
//!
//! After libsinsp's `unescape_str` in `filter/escaping.cpp`, whose messages these are. A backslash
//! before a blank stands for itself there, for the sake of old rules.

use super::ast::Literal;

/// The text of a quoted string, quotes included.
pub(super) fn unescape(quoted: &[u8]) -> Result<Literal, String> {
    let (quote, inner) = match quoted {
        [quote, inner @ .., _] => (*quote, inner),
        _ => return Ok(Literal(Vec::new())),
    };
    let mut text = Vec::with_capacity(inner.len());
    let mut rest = inner.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            text.push(byte);
            continue;
        }
        // A backslash at the end stands for nothing.
        let Some(escaped) = rest.next() else { break };
        text.push(match escaped {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b' ' | b'\\' => b'\\',
            b'/' => b'/',
            b'"' | b'\'' if escaped == quote => escaped,
            b'"' => return Err("invalid \\\" escape in '-quoted string".to_owned()),
            b'\'' => return Err("invalid \\' escape in \"-quoted string".to_owned()),
            b'x' => {
                let (Some(high), Some(low)) = (rest.next(), rest.next()) else {
                    return Err("truncated hex char escape sequence".to_owned());
                };
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (Some(upper), Some(lower)) = (digit(high), digit(low)) else {
                    let shown = String::from_utf8_lossy(&[high, low]).into_owned();
                    return Err(format!("invalid hex char escape sequence: {shown}"));
                };
                u8::try_from(upper * 16 + lower).unwrap_or_default()
            }
            other => {
                let shown = String::from_utf8_lossy(&[other]).into_owned();
                return Err(format!("unsupported string escape sequence: \\{shown}"));
            }
        });
    }
    Ok(Literal(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_those_of_libsinsp() {
        let good: [(&str, &[u8]); 6] = [
            (r#""a\tb""#, b"a\tb"),
            (r"'it\'s'", b"it's"),
            (r#""\x41\xff""#, b"A\xff"),
            (r#""a\ b""#, b"a\\b"),
            (r#""""#, b""),
            ("\"\u{e4}\"", "\u{e4}".as_bytes()),
        ];
        for (quoted, text) in good {
            assert_eq!(unescape(quoted.as_bytes()).unwrap().0, text, "{quoted}");
        }
        for quoted in [r#""\x4""#, r#""\xzz""#, r#""\q""#, r#""\'""#, r#"'\"'"#] {
            assert!(unescape(quoted.as_bytes()).is_err(), "{quoted}");
        }
    }
}
