//! slsa-verifier on provenance of real builds: exit codes, what is on stdout, and the verdict's words.
//!
//! It asks Sigstore's repository for its trusted root, which no test reaches: `slsa_verifier/build` makes it with
//! the root from a file. What was published without a proof of the log it would look up there, and is left out.

use std::collections::BTreeSet;

use plimsoll_testkit::{shared, shared_records};
use serde_json::{Value, json};

use super::differences::{Comparison, Differences};
use super::{text, theirs};
use crate::machine::{Machine, Ran};
use crate::peers::peer;

const PAGE: &str = "from-slsa-verifier.md";

const COMPARISON: Comparison =
    Comparison { known_by: &[], kinds: &[], left_out: &[], told: &["exit code", "last line"] };

/// The command line of a case, with files by their paths.
fn words(case: &Value, builder: &Value) -> Option<String> {
    let folder = shared("sign/slsa")?;
    let at = |name: &Value| folder.join(text(name)).display().to_string();
    let command = text(&case["command"]);
    let mut words = vec![command.clone()];
    let mut add = |flag: &str, value: &Value| {
        if let Some(value) = value.as_str() {
            words.push(format!("{flag}={value}"));
        }
    };
    if command == "verify-vsa" {
        let anything = json!("anything");
        if case["subject_digests"].is_null() {
            add("--subject-digest", &json!("sha256:00"));
        }
        add("--attestation-path", &json!(at(&case["provenance"])));
        add("--public-key-path", &json!(at(&case["public_key"])));
        for (flag, field) in [
            ("--public-key-id", "public_key_id"),
            ("--verifier-id", "verifier_id"),
            ("--resource-uri", "resource_uri"),
        ] {
            // Some cases leave out what the command line asks for.
            let is_asked = case[field].is_null() && field != "public_key_id";
            add(flag, if is_asked { &anything } else { &case[field] });
        }
        for (flag, field) in
            [("--subject-digest", "subject_digests"), ("--verified-level", "verified_levels")]
        {
            case[field].as_array().into_iter().flatten().for_each(|it| add(flag, it));
        }
        words.push("--print-attestation".to_owned());
        return Some(words.join(" "));
    }
    let is_github = command == "verify-github-attestation";
    let flag = if is_github { "--attestation-path" } else { "--provenance-path" };
    add(flag, &json!(at(&case["provenance"])));
    for (flag, field) in [
        ("--source-uri", "source_uri"),
        ("--source-branch", "source_branch"),
        ("--source-tag", "source_tag"),
        ("--source-versioned-tag", "source_versioned_tag"),
    ] {
        add(flag, &case[field]);
    }
    add("--builder-id", builder);
    for (name, value) in case["build_workflow_inputs"].as_object().into_iter().flatten() {
        add("--build-workflow-input", &json!(format!("{name}={}", text(value))));
    }
    let print = if is_github { "--print-attestation" } else { "--print-provenance" };
    words.push(print.to_owned());
    for artifact in case["artifacts"].as_array()? {
        words.push(folder.join(artifact["file"].as_str()?).display().to_string());
    }
    Some(words.join(" "))
}

/// One case of each kind: its command, where it was built, and how it ends.
fn cases() -> Vec<Value> {
    let mut seen = BTreeSet::new();
    let commands = ["verify-artifact", "verify-github-attestation", "verify-vsa"];
    let is_asked = |case: &Value| {
        commands.contains(&text(&case["command"]).as_str()) && case["log_entry"] != "online"
    };
    let kind = |case: &Value| {
        let provenance = text(&case["provenance"]);
        let builder = provenance.split('/').nth(1).unwrap_or_default().to_owned();
        format!("{} {builder} {} {}", case["command"], case["expect"], case["error"])
    };
    let all = shared_records("sign/slsa/cases.jsonl");
    all.into_iter().filter(is_asked).filter(|case| seen.insert(kind(case))).collect()
}

/// Exit code, statement, and the last line of stderr up to its reason.
fn document(ran: &Ran) -> Value {
    let last = ran.err.lines().last().unwrap_or_default();
    let last = last.split(": ").take(2).collect::<Vec<_>>().join(": ");
    let statement: Value = serde_json::from_str(&ran.out).unwrap_or(Value::Null);
    json!({"exit code": ran.code.to_string(), "last line": last, "statement": statement})
}

#[test]
fn slsa_verifiers_verdicts_on_real_builds_are_ours() {
    let Some(verifier) = peer("slsa-verifier") else { return };
    let Some(root) = shared("sign/trust/public-good-trusted-root.json") else { return };
    let root = root.display().to_string();
    let machine = Machine::new();
    let mut differences = Differences::default();
    let (mut passed, mut refused) = (0, 0);
    for case in cases() {
        let none = json!([null]);
        let builders = if case["builder_ids"].is_array() { &case["builder_ids"] } else { &none };
        let Some(words) = words(&case, &builders[0]) else { continue };
        let real = theirs(&verifier, &machine, &[("SIGSTORE_TRUSTED_ROOT", root.as_str())], &words);
        let ours = machine.run(&format!("as slsa-verifier {words}"));
        if real.code == 0 {
            passed += 1;
        } else {
            refused += 1;
        }
        differences.compare(&COMPARISON, &words, &document(&real), &document(&ours));
    }
    println!("{passed} passed, {refused} refused");
    assert!(passed >= 5 && refused >= 10, "{passed} passed, {refused} refused");
    differences.are_those_of(PAGE, "## Its verdicts, side by side", true);
}

#[test]
fn wrong_usage_ends_with_slsa_verifiers_codes() {
    let Some(verifier) = peer("slsa-verifier") else { return };
    let machine = Machine::new();
    machine.write("app", "content");
    for words in [
        "verify-artifact app",
        "verify-artifact app --source-uri github.com/a/b --provenance-path missing.jsonl",
        "verify-artifact missing --source-uri github.com/a/b --provenance-path app",
        "verify-vsa --attestation-path app",
        "verify-nothing app",
        "verify-artifact app --no-such-flag",
        "version",
    ] {
        let real = theirs(&verifier, &machine, &[("SIGSTORE_TRUSTED_ROOT", "missing")], words);
        let ours = machine.run(&format!("as slsa-verifier {words}"));
        assert_eq!(ours.code, real.code, "{words}: {}{}", real.said(), ours.said());
    }
}
