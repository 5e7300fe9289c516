//! The bills before the standards' own validators.
//!
//! `PLIMSOLL_PYTHON` names a Python that has `cyclonedx-python-lib[validation]`, `spdx-tools` and
//! `ntia-conformance-checker`, and `PLIMSOLL_SPDX_SCHEMA` the file `spdx-schema.json` of SPDX 2.3;
//! what is not there is skipped.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod sample;

use std::path::PathBuf;
use std::process::Command;

use plimsoll_model::Inventory;
use plimsoll_supply::Format;

const CYCLONEDX: &str = "
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
sys.exit(str(error) if error else 0)
";

const SPDX: &str = "
import sys
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
errors = validate_full_spdx_document(parse_file(sys.argv[1]))
sys.exit('\\n'.join(error.validation_message for error in errors) or 0)
";

const NTIA: &str = "
import sys
from ntia_conformance_checker import SbomChecker
checker = SbomChecker(sys.argv[1])
sys.exit(0 if checker.doc_author and checker.doc_timestamp and checker.dependency_relationships
    and not checker.components_without_identifiers else 'misses minimum elements')
";

fn inventories() -> [(&'static str, Inventory); 3] {
    [
        ("image", sample::inventory()),
        ("hostile", sample::hostile()),
        ("empty", Inventory::default()),
    ]
}

/// Runs a script on a bill of each inventory, where its first import works.
fn judge(format: &str, suffix: &str, module: &str, script: &str, only: Option<&str>) {
    let python = std::env::var("PLIMSOLL_PYTHON").unwrap_or_else(|_| "python3".into());
    let probe = Command::new(&python).args(["-c", &format!("import {module}")]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        println!("skipped: `{python}` cannot import {module}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, inventory) in inventories() {
        if only.is_some_and(|only| only != name) {
            continue;
        }
        let path = folder.path().join(format!("{name}{suffix}"));
        let mut file = std::fs::File::create(&path).unwrap();
        (Format::named(format).unwrap().write)(&inventory, &mut file).unwrap();
        let output = Command::new(&python).arg("-c").arg(script).arg(&path).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {said}");
    }
}

#[test]
fn cyclonedx_is_valid_by_its_strict_schema() {
    judge("cyclonedx-json", ".cdx.json", "cyclonedx.validation.json", CYCLONEDX, None);
}

#[test]
fn spdx_is_valid_by_its_tools() {
    judge("spdx-json", ".spdx.json", "spdx_tools.spdx.validation", SPDX, None);
}

#[test]
fn spdx_has_the_minimum_elements_that_an_inventory_knows() {
    judge("spdx-json", ".spdx.json", "ntia_conformance_checker", NTIA, Some("image"));
}

#[test]
fn spdx_is_valid_by_its_schema() {
    let Some(path) = std::env::var_os("PLIMSOLL_SPDX_SCHEMA").map(PathBuf::from) else {
        println!("skipped: PLIMSOLL_SPDX_SCHEMA names no spdx-schema.json");
        return;
    };
    let schema: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, inventory) in inventories() {
        let mut out = Vec::new();
        (Format::named("spdx-json").unwrap().write)(&inventory, &mut out).unwrap();
        let document = serde_json::from_slice(&out).unwrap();
        let complaints: Vec<String> = validator
            .iter_errors(&document)
            .map(|e| format!("{name} {}: {e}", e.instance_path()))
            .collect();
        assert_eq!(complaints, Vec::<String>::new());
    }
}
