//! The one form of JSON that TUF signs: keys in order, no space, and nothing escaped but the
//! quotation mark and the backslash.
//!
//! Source: <http://wiki.laptop.org/go/Canonical_JSON>, which section 4.2 of the TUF specification
//! names.

use serde_json::Value;

use super::TufError;

/// The canonical form of `value`; a number in it that is not whole is an error.
pub(crate) fn encode(value: &Value) -> Result<Vec<u8>, TufError> {
    let mut out = Vec::new();
    write(value, &mut out)?;
    Ok(out)
}

/// `serde_json` bounds the depth of what it read at 128, so this recursion ends.
fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), TufError> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) if number.is_f64() => {
            return Err(TufError::malformed(format!("`{number}` is no whole number")));
        }
        Value::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by(|a, b| a.0.cmp(b.0));
            out.push(b'{');
            for (at, (key, item)) in entries.into_iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_text(key, out);
                out.push(b':');
                write(item, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::encode;

    #[test]
    fn keys_are_in_order_and_only_two_letters_are_escaped() {
        let value = json!({"b": [1, -2, true, null], "a": "\"\\\n\u{e9}", "B": {}});
        let encoded = encode(&value).expect("canonical");
        assert_eq!(
            encoded,
            "{\"B\":{},\"a\":\"\\\"\\\\\n\u{e9}\",\"b\":[1,-2,true,null]}".as_bytes()
        );
        assert!(encode(&json!({"a": 1.5})).is_err());
    }
}
