//! Wrong settings of `plimsoll lint`: named with their place and what is allowed.

use crate::machine::Machine;

fn machine() -> Machine {
    let machine = Machine::new();
    machine.write("Dockerfile", "FROM scratch\n");
    machine
}

#[test]
fn a_wrong_hadolint_file_is_named_with_line_and_column() {
    let machine = machine();
    machine.write(".hadolint.yaml", "ignored: []\nfailure-threshold: loud\n");
    let err = machine.run("lint Dockerfile").ended(2).err;
    assert!(err.contains(".hadolint.yaml:2:20: "), "{err}");
    assert!(err.contains("`loud` is no level: it is error, warning"), "{err}");
    machine.write(".hadolint.yaml", "ignored: [DL3008\noverride:\n");
    let err = machine.run("lint Dockerfile").ended(2).err;
    assert!(err.contains(".hadolint.yaml:"), "{err}");
    machine.write(".hadolint.yaml", "ignored: DL3008\n");
    let err = machine.run("lint Dockerfile").ended(2).err;
    assert!(err.contains(".hadolint.yaml:1:10: "), "{err}");
}

#[test]
fn a_wrong_table_of_plimsoll_toml_is_named_with_line_and_column() {
    let machine = machine();
    machine.write("plimsoll.toml", "[lint]\nignored = [\"DL3007\"]\nstrict-label = true\n");
    let err = machine.run("lint Dockerfile").ended(2).err;
    assert!(err.contains("plimsoll.toml:3:1: unknown field `strict-label`"), "{err}");
    assert!(err.contains("`strict-labels`"), "{err}");
    machine.write("plimsoll.toml", "[lint]\nlevels = { DL3008 = \"loud\" }\n");
    let err = machine.run("lint Dockerfile").ended(2).err;
    assert!(err.contains("plimsoll.toml:2:21: `loud` is no level"), "{err}");
}

#[test]
fn a_wrong_variable_is_named_with_what_is_allowed() {
    let machine = machine();
    for (name, value, told) in [
        ("HADOLINT_FAILURE_THRESHOLD", "loud", "it is error, warning"),
        ("HADOLINT_NOFAIL", "perhaps", "is neither true nor false"),
        ("HADOLINT_REQUIRE_LABELS", "a:number", "it is text, url"),
        ("HADOLINT_FORMAT", "picture", "sarif"),
    ] {
        let err = machine.run_with(&[(name, value)], "lint Dockerfile").ended(2).err;
        assert!(err.contains(told), "{name}: {err}");
        assert!(name == "HADOLINT_FORMAT" || err.contains(name), "{name}: {err}");
    }
}

#[test]
fn a_rule_that_there_is_not_is_told_with_the_nearest() {
    let machine = machine();
    machine.write(".hadolint.yaml", "ignored: [DL30088, SC1091]\n");
    let err = machine.run("lint Dockerfile").ended(0).err;
    let told =
        "warning: the settings name `DL30088`, which no rule is called: did you mean `DL3008`?";
    assert!(err.contains(told), "{err}");
    assert!(!err.contains("SC1091"), "{err}");
}
