//! Package URLs against the specification's own tests.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::path::PathBuf;

use plimsoll_model::Purl;
use serde_json::{Value, json};

fn tests() -> Vec<(String, Value)> {
    let shared = std::env::var_os("PLIMSOLL_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let folder = shared.join("data/versions/purl");
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("skipped: `{}` is not there", folder.display());
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut all = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "json")) {
        let document: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        all.extend(document["tests"].as_array().unwrap().iter().map(|t| (name.clone(), t.clone())));
    }
    all
}

fn parts(purl: &Purl) -> Value {
    let text = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
    json!({
        "type": text(&purl.kind), "namespace": text(&purl.namespace), "name": text(&purl.name),
        "version": text(&purl.version), "subpath": text(&purl.subpath),
        "qualifiers": if purl.qualifiers.is_empty() { Value::Null } else { json!(purl.qualifiers) },
    })
}

fn built(input: &Value) -> Option<Purl> {
    let text = |key: &str| input[key].as_str().unwrap_or_default().to_owned();
    let qualifiers = input["qualifiers"].as_object().into_iter().flatten();
    Purl {
        kind: text("type"),
        namespace: text("namespace"),
        name: text("name"),
        version: text("version"),
        qualifiers: qualifiers
            .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
            .collect(),
        subpath: text("subpath"),
    }
    .canonical()
    .ok()
}

/// Whether one test of the specification holds, and what came out.
fn outcome(case: &Value) -> (bool, String) {
    let fails = case["expected_failure"].as_bool().unwrap_or(false);
    let expected = &case["expected_output"];
    let shown = |purl: Option<&Purl>| purl.map_or("nothing".into(), ToString::to_string);
    let purl = match case["input"].as_str() {
        Some(text) => text.parse::<Purl>().ok(),
        None => built(&case["input"]),
    };
    let holds = match (&purl, case["test_type"].as_str().unwrap()) {
        (None, _) => fails,
        (Some(_), _) if fails => false,
        (Some(purl), "parse") => parts(purl) == *expected,
        (Some(purl), _) => {
            let text = purl.to_string();
            same(&text, expected.as_str().unwrap())
                && text.parse::<Purl>().ok().as_ref() == Some(purl)
        }
    };
    (holds, shown(purl.as_ref()))
}

/// Escapes of a qualifier's slashes and colons are written both ways in the specification's tests.
fn same(ours: &str, theirs: &str) -> bool {
    let plain = |text: &str| text.replace("%2F", "/").replace("%3A", ":");
    ours == theirs || plain(ours) == plain(theirs)
}

#[test]
fn every_required_test_of_the_specification_holds() {
    let mut failures = Vec::new();
    let (mut required, mut recommended) = ((0, 0), (0, 0));
    for (file, test) in tests() {
        let (holds, shown) = outcome(&test);
        let is_required = test["test_group"] == "required";
        let count = if is_required { &mut required } else { &mut recommended };
        count.0 += usize::from(holds);
        count.1 += 1;
        if is_required && !holds {
            failures.push(format!(
                "{file}: {} gave {shown}, expected {}",
                test["input"], test["expected_output"]
            ));
        }
    }
    println!("required {required:?}, recommended {recommended:?}");
    assert!(failures.is_empty(), "{failures:#?}");
}

proptest::proptest! {
    #[test]
    fn what_was_read_is_written_so_that_it_reads_the_same(text in "pkg:[a-z]{1,6}/([a-zA-Z%@.]{0,6}/){0,2}[a-zA-Z@%0-9]{0,8}(\\?[a-z]=[^&]{0,4})?(#.{0,4})?") {
        if let Ok(purl) = text.parse::<Purl>() {
            proptest::prop_assert_eq!(purl.to_string().parse::<Purl>().ok(), Some(purl));
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = text.parse::<Purl>();
        let _ = format!("pkg:{text}").parse::<Purl>();
    }
}
