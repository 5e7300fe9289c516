//! Where two claims part.

use serde_json::Value;

use super::ScanClaim;

/// The first place where the reproducible parts of two claims differ, as a JSON pointer with both
/// values; `None` where they are the same bytes.
///
/// The program's own digest does not count: builds for several machines must agree on all else.
pub fn first_difference(claimed: &ScanClaim, again: &ScanClaim) -> Option<String> {
    let part = |claim: &ScanClaim| {
        let mut scan = claim.scan.clone();
        scan.scanner.digest.clear();
        serde_json::to_value(scan).unwrap_or_default()
    };
    differ("/scan", &part(claimed), &part(again))
}

fn differ(path: &str, claimed: &Value, again: &Value) -> Option<String> {
    match (claimed, again) {
        (Value::Object(left), Value::Object(right)) => {
            let mut keys: Vec<&String> = left.keys().chain(right.keys()).collect();
            keys.sort();
            keys.dedup();
            let of = |map: &serde_json::Map<String, Value>, key: &str| {
                map.get(key).cloned().unwrap_or_default()
            };
            keys.into_iter()
                .find_map(|key| differ(&format!("{path}/{key}"), &of(left, key), &of(right, key)))
        }
        (Value::Array(left), Value::Array(right)) => {
            let mut pairs = left.iter().zip(right).enumerate();
            let inside = pairs.find_map(|(at, (left, right))| {
                let path = format!("{path}/{at}");
                // A list that lacks an entry differs there as a whole, not field by field.
                if named(left) == named(right) {
                    differ(&path, left, right)
                } else {
                    Some(said(&path, left, right))
                }
            });
            inside.or_else(|| {
                let at = left.len().min(right.len());
                let (left, right) = (left.get(at), right.get(at));
                (left != right).then(|| {
                    let none = Value::Null;
                    said(&format!("{path}/{at}"), left.unwrap_or(&none), right.unwrap_or(&none))
                })
            })
        }
        (left, right) if left == right => None,
        (left, right) => Some(said(path, left, right)),
    }
}

fn named(value: &Value) -> Vec<&Value> {
    ["id", "name", "package"].iter().filter_map(|field| value.get(field)).collect()
}

fn said(path: &str, claimed: &Value, again: &Value) -> String {
    let short = |value: &Value| {
        let text = value.to_string();
        let cut: String = text.chars().take(200).collect();
        if cut.len() < text.len() { format!("{cut}…") } else { cut }
    };
    format!("{path}: claimed {}, found again {}", short(claimed), short(again))
}
