//! What is signed: that an image of this name has this manifest.
//!
//! Every field that matters is there once, and critical ones are all known.
//! Source: `docs/containers-signature.5.md` and `signature/simple.go` of containers/image.

use serde_json::{Map, Value};

use crate::error::Error;
use crate::json;

/// A payload of simple signing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Payload {
    pub(super) digest: String,
    pub(super) reference: String,
}

/// The type of a payload that is signed by `OpenPGP`.
pub(super) const ATOMIC: &str = "atomic container signature";

/// The type of one that cosign signs.
pub(super) const COSIGN: &str = "cosign container image signature";

/// Reads a payload whose type is `kind`.
pub(super) fn read(bytes: &[u8], kind: &str) -> Result<Payload, Error> {
    let Value::Object(whole) = json::value("signed payload", bytes)? else {
        return Err(broken("no object"));
    };
    only(&whole, &["critical", "optional"])?;
    match whole.get("optional") {
        Some(Value::Object(optional)) => check_optional(optional)?,
        Some(Value::Null) if kind == COSIGN => {}
        _ => return Err(broken("`optional` is no object")),
    }
    let critical = object(&whole, "critical")?;
    only(critical, &["type", "image", "identity"])?;
    let found = text(critical, "type")?;
    if found != kind {
        return Err(broken(format!("it is of type `{found}`, not `{kind}`")));
    }
    let image = object(critical, "image")?;
    only(image, &["docker-manifest-digest"])?;
    let identity = object(critical, "identity")?;
    only(identity, &["docker-reference"])?;
    Ok(Payload {
        digest: text(image, "docker-manifest-digest")?.to_owned(),
        reference: text(identity, "docker-reference")?.to_owned(),
    })
}

fn check_optional(optional: &Map<String, Value>) -> Result<(), Error> {
    let text = |it: &Value| it.is_string();
    let whole = |it: &Value| it.as_f64().is_some_and(|number| number.fract() == 0.0);
    let fits =
        optional.get("creator").is_none_or(text) && optional.get("timestamp").is_none_or(whole);
    if fits { Ok(()) } else { Err(broken("`creator` is no text, or `timestamp` no whole number")) }
}

/// Checks that an object has these fields and no other.
fn only(object: &Map<String, Value>, due: &[&str]) -> Result<(), Error> {
    if let Some(missing) = due.iter().find(|name| !object.contains_key(**name)) {
        return Err(broken(format!("no field `{missing}`")));
    }
    match object.keys().find(|name| !due.contains(&name.as_str())) {
        Some(other) => Err(broken(format!("the field `{other}` is not known"))),
        None => Ok(()),
    }
}

fn object<'a>(of: &'a Map<String, Value>, name: &str) -> Result<&'a Map<String, Value>, Error> {
    of.get(name).and_then(Value::as_object).ok_or_else(|| broken(format!("`{name}` is no object")))
}

fn text<'a>(of: &'a Map<String, Value>, name: &str) -> Result<&'a str, Error> {
    of.get(name).and_then(Value::as_str).ok_or_else(|| broken(format!("`{name}` is no text")))
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("signed payload", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"critical": {"type": "atomic container signature",
        "image": {"docker-manifest-digest": "sha256:00"},
        "identity": {"docker-reference": "a/b:1"}}, "optional": {"timestamp": 1, "creator": "c"}}"#;

    #[test]
    fn a_payload_is_read_whole_or_not_at_all() {
        let payload = read(GOOD.as_bytes(), ATOMIC).expect("payload");
        assert_eq!((payload.digest.as_str(), payload.reference.as_str()), ("sha256:00", "a/b:1"));
        assert!(read(GOOD.as_bytes(), COSIGN).is_err());
        for (from, to) in [
            (r#""critical": {"#, r#""critical": {"more": 1, "#),
            (r#""image": {"#, r#""image": {"more": 1, "#),
            (r#""optional": {"#, r#""more": 1, "optional": {"#),
            (r#""timestamp": 1"#, r#""timestamp": 1.5"#),
            (r#""timestamp": 1"#, r#""timestamp": 1, "timestamp": 1"#),
            (r#""docker-reference": "a/b:1""#, r#""docker-reference": 1"#),
            (r#""optional": {"timestamp": 1, "creator": "c"}"#, r#""optional": null"#),
        ] {
            let bent = GOOD.replace(from, to);
            assert_ne!(bent, GOOD);
            assert!(read(bent.as_bytes(), ATOMIC).is_err(), "{bent}");
        }
    }
}
