//! Syft on the images and the folder, as its JSON has them; its schema, where `make drop-in-peers` has put it.

use std::collections::BTreeMap;
use std::fs;

use plimsoll_testkit::shared;
use serde_json::{Value, json};

use super::differences::{Comparison, Differences};
use super::{inputs, renamed, text, theirs};
use crate::peers::peer;

const PAGE: &str = "from-syft.md";

/// What an artifact is known by: kind, name, version, place.
fn artifact(it: &Value) -> String {
    let place = text(&it["locations"][0]["path"]);
    format!("{} {} {} {place}", text(&it["type"]), text(&it["name"]), text(&it["version"]))
}

fn path(it: &Value) -> String {
    text(&it["path"])
}

/// The document with names for ids, which are hashes of the program's own.
fn named(document: &Value) -> Value {
    let mut names = BTreeMap::from([(text(&document["source"]["id"]), "the source".to_owned())]);
    for it in document["artifacts"].as_array().unwrap() {
        names.insert(text(&it["id"]), artifact(it));
    }
    for it in document["files"].as_array().into_iter().flatten() {
        names.insert(text(&it["id"]), text(&it["location"]["path"]));
    }
    renamed(document, &names)
}

const COMPARISON: Comparison = Comparison {
    known_by: &[
        ("artifacts", artifact),
        ("artifacts[].locations", path),
        ("artifacts[].licenses", |it| text(&it["value"])),
        ("artifactRelationships", |it| {
            format!("{} {} {}", text(&it["type"]), text(&it["parent"]), text(&it["child"]))
        }),
    ],
    kinds: &[
        ("artifacts", |it| text(&it["type"])),
        ("artifactRelationships", |it| text(&it["type"])),
    ],
    left_out: &["descriptor.name", "descriptor.version"],
    told: &["artifacts[].language", "artifacts[].licenses[].type", "source.type"],
};

#[test]
fn syfts_json_is_ours() {
    let Some(syft) = peer("syft") else { return };
    let machine = inputs::machine();
    let mut sources =
        vec!["docker-archive:debian.tar".to_owned(), "alpine.tar".into(), "dir:shop".into()];
    let roots = shared("roots");
    for root in ["alpine-3.20.3", "alpine-3.12.12"] {
        sources.extend(roots.iter().map(|roots| format!("dir:{}", roots.join(root).display())));
    }
    let variables = [("SYFT_CHECK_FOR_APP_UPDATE", "false")];
    let mut differences = Differences::default();
    for source in sources {
        let words = format!("scan -q -o json {source}");
        let real: Value =
            serde_json::from_str(&theirs(&syft, &machine, &variables, &words).ended(0).out)
                .unwrap();
        let ours = machine.run(&format!("as syft {words}")).ended(0).json();
        differences.compare(&COMPARISON, &source, &named(&real), &named(&ours));
    }
    differences.are_those_of(PAGE, "## Its JSON, field by field", roots.is_some());
}

#[test]
fn syfts_schema_takes_ours() {
    let Some(schema) = peer("syft-schema.json") else { return };
    let schema: Value = serde_json::from_slice(&fs::read(schema).unwrap()).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let machine = inputs::machine();
    for source in ["debian.tar", "alpine.tar", "dir:shop"] {
        let ours = machine.run(&format!("as syft -q -o json {source}")).ended(0).json();
        let wrong: Vec<String> = schema.iter_errors(&ours).map(|why| why.to_string()).collect();
        assert!(wrong.is_empty(), "{source}: {wrong:#?}");
        assert_ne!(ours["artifacts"], json!([]), "{source}");
    }
}
