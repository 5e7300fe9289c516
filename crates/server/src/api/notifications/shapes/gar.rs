//! Google's registry.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Heard, named, text};

/// Google's message by Pub/Sub, as it pushes it.
pub(super) fn read(value: &Value) -> Result<Heard, String> {
    let data = text(value, &["message", "data"]);
    let inner = if data.is_empty() {
        value.clone()
    } else {
        let bytes = STANDARD.decode(data).map_err(|error| error.to_string())?;
        serde_json::from_slice(&bytes).map_err(|error| error.to_string())?
    };
    match text(&inner, &["action"]).as_str() {
        "INSERT" => {}
        "" => return Err("it has no `action`".into()),
        _ => return Ok(Heard::default()),
    }
    let (digest, tag) = (text(&inner, &["digest"]), text(&inner, &["tag"]));
    let mut pushed = named(&digest).or_else(|| named(&tag)).ok_or("it names no image")?;
    if let Some(tagged) = named(&tag) {
        pushed.tag = tagged.tag;
    }
    Ok(Heard { pushed: vec![pushed], reply: None })
}
