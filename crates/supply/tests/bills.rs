//! What is in a bill, in both standards, and that both say the same.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod sample;

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::Inventory;
use plimsoll_supply::Format;
use serde_json::Value;

fn text(format: &str, inventory: &Inventory) -> String {
    let mut out = Vec::new();
    (Format::named(format).unwrap().write)(inventory, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn bill(format: &str, inventory: &Inventory) -> Value {
    serde_json::from_str(&text(format, inventory)).unwrap()
}

/// The document without its time, which the environment may pin, and its serial number, which
/// changes with the program's version.
fn steady(format: &str) -> String {
    let varies = ["\"timestamp\":", "\"created\":", "\"serialNumber\":", "\"documentNamespace\":"];
    let text = text(format, &sample::inventory());
    let lines = text.lines().filter(|line| !varies.iter().any(|key| line.contains(key)));
    lines.collect::<Vec<_>>().join("\n").replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

type Edges = BTreeMap<String, BTreeSet<String>>;

fn cyclonedx_edges(document: &Value) -> Edges {
    let name = |value: &Value| value.as_str().unwrap().to_owned();
    let dependencies = document["dependencies"].as_array().unwrap();
    let all = dependencies.iter().map(|dependency| {
        let on = dependency["dependsOn"].as_array().unwrap().iter().map(name).collect();
        (name(&dependency["ref"]), on)
    });
    all.filter(|(_, on): &(String, BTreeSet<String>)| !on.is_empty()).collect()
}

fn spdx_edges(document: &Value, kind: &str) -> Edges {
    let mut edges = Edges::new();
    for relationship in document["relationships"].as_array().unwrap() {
        if relationship["relationshipType"] == kind {
            let end = |key: &str| {
                relationship[key].as_str().unwrap().trim_start_matches("SPDXRef-").to_owned()
            };
            edges.entry(end("spdxElementId")).or_default().insert(end("relatedSpdxElement"));
        }
    }
    edges
}

#[test]
fn cyclonedx_has_this_shape() {
    insta::assert_snapshot!("cyclonedx", steady("cyclonedx-json"));
}

#[test]
fn spdx_has_this_shape() {
    insta::assert_snapshot!("spdx", steady("spdx-json"));
}

#[test]
fn both_standards_have_the_same_edges() {
    for inventory in [sample::inventory(), sample::hostile(), Inventory::default()] {
        let cyclonedx = cyclonedx_edges(&bill("cyclonedx-json", &inventory));
        let spdx = spdx_edges(&bill("spdx-json", &inventory), "DEPENDS_ON");
        assert_eq!(cyclonedx, spdx);
    }
}

#[test]
fn every_component_is_reached_from_the_root_and_no_id_is_given_twice() {
    for inventory in [sample::inventory(), sample::hostile()] {
        let document = bill("cyclonedx-json", &inventory);
        let edges = cyclonedx_edges(&document);
        let mut reached = BTreeSet::new();
        let mut open = vec!["root".to_owned()];
        while let Some(at) = open.pop() {
            if reached.insert(at.clone()) {
                open.extend(edges.get(&at).cloned().unwrap_or_default());
            }
        }
        let components = document["components"].as_array().unwrap();
        let ids: BTreeSet<String> =
            components.iter().map(|c| c["bom-ref"].as_str().unwrap().to_owned()).collect();
        assert_eq!(ids.len(), components.len());
        assert_eq!(&reached - &["root".to_owned()].into(), ids);
    }
}

#[test]
fn spdx_says_what_it_describes_and_what_that_contains() {
    let document = bill("spdx-json", &sample::inventory());
    assert_eq!(spdx_edges(&document, "DESCRIBES")["DOCUMENT"], ["root".to_owned()].into());
    let packages = document["packages"].as_array().unwrap();
    assert_eq!(spdx_edges(&document, "CONTAINS")["root"].len(), packages.len() - 1);
}

#[test]
fn what_a_later_layer_removed_is_in_no_bill() {
    for format in ["cyclonedx-json", "spdx-json"] {
        assert!(!text(format, &sample::inventory()).contains("curl"), "{format}");
    }
}

#[test]
fn the_same_image_gives_the_same_bytes_and_another_one_another_number() {
    for (format, number) in [("cyclonedx-json", "serialNumber"), ("spdx-json", "documentNamespace")]
    {
        assert_eq!(text(format, &sample::inventory()), text(format, &sample::inventory()));
        let mut other = sample::inventory();
        other.packages[0].version.push('1');
        let one = bill(format, &sample::inventory())[number].clone();
        assert_ne!(one, bill(format, &other)[number]);
        let pattern = one.as_str().unwrap();
        assert!(pattern.starts_with("urn:uuid:") && pattern.len() == 45, "{pattern}");
    }
}

#[test]
fn ids_do_not_change_when_other_packages_come_and_go() {
    let ids = |inventory: &Inventory| -> BTreeSet<String> {
        let document = bill("spdx-json", inventory);
        let packages = document["packages"].as_array().unwrap();
        packages.iter().map(|package| package["SPDXID"].as_str().unwrap().to_owned()).collect()
    };
    let whole = sample::inventory();
    let mut less = sample::inventory();
    less.packages.remove(0);
    assert!(ids(&less).is_subset(&ids(&whole)));
}

#[test]
fn a_partial_bill_says_so() {
    let inventory = sample::hostile();
    assert_eq!(bill("cyclonedx-json", &inventory)["compositions"][0]["aggregate"], "incomplete");
    let spdx = bill("spdx-json", &inventory);
    assert!(spdx["creationInfo"]["comment"].as_str().unwrap().contains("packages may be missing"));
}
