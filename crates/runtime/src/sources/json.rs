//! The fields that any JSON event has, as the plugin `json` reads them.

use std::borrow::Cow;

use super::Json;
use crate::event::{Arena, FieldRef, Value, Values};

/// The value of `json.value[/a/b]` and its kin; none of other fields.
pub(super) fn field<'e>(
    document: &'e Json,
    time: u64,
    field: &FieldRef,
    arena: &'e Arena,
) -> Option<Values<'e>> {
    Some(match field.name {
        "json.value" | "jevt.value" => {
            let pointer = field.key().unwrap_or_default();
            match at(document, pointer) {
                Some(found) => Values::One(Value::text(found.shown(arena))),
                None => Values::Absent,
            }
        }
        "json.obj" | "jevt.obj" => {
            let mut text = String::new();
            document.pretty(0, &mut text);
            Values::text(Some(arena.alloc_str(&text)))
        }
        "json.rawtime" | "jevt.rawtime" => Values::text(Some(arena.alloc_str(&time.to_string()))),
        _ => return None,
    })
}

/// What a pointer of RFC 6901 stands for; its first slash may be missing.
fn at<'d>(document: &'d Json, pointer: &str) -> Option<&'d Json> {
    if pointer.is_empty() {
        return Some(document);
    }
    let pointer = pointer.strip_prefix('/').unwrap_or(pointer);
    pointer.split('/').try_fold(document, |value, key| {
        let key: Cow<'_, str> = if key.contains('~') {
            key.replace("~1", "/").replace("~0", "~").into()
        } else {
            key.into()
        };
        value.get(&key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_reach_into_documents() {
        let document: Json =
            serde_json::from_str(r#"{"a":{"b/c":[1,{"d":"x"}]},"e":null}"#).unwrap();
        let arena = Arena::new();
        let shown = |pointer| at(&document, pointer).map(|found| found.shown(&arena).to_owned());
        assert_eq!(shown("/a/b~1c/1/d").as_deref(), Some("x"));
        assert_eq!(shown("a/b~1c").as_deref(), Some(r#"[1,{"d":"x"}]"#));
        assert_eq!(shown("/e").as_deref(), Some("null"));
        assert_eq!(shown("/a/none"), None);
    }
}
