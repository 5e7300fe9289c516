//! What is said of rules that load and do not mean what they say, each with its place.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use plimsoll_runtime::lints::{ALL, lint};
use plimsoll_runtime::loader::{Loader, Options};

const MACROS: &str = "
- macro: bin_dir
  condition: fd.directory in (/bin, /sbin, /usr/bin, /usr/sbin)
- macro: open_write
  condition: (evt.type in (open, openat, openat2) and evt.is_open_write=true)
";

/// Two rules as guides to container security have them.
const RULES: &str = "
- rule: Write below binary dir
  desc: Detect writes to binary directories
  condition: >
    bin_dir and evt.dir = < and open_write
  output: >
    File below a known binary directory opened for writing
    (user=%user.name command=%proc.cmdline file=%fd.name)
  priority: ERROR
  tags: [filesystem, mitre_persistence]

- rule: Unexpected network activity
  desc: Detect unexpected network connections
  condition: >
    evt.type = connect and
    container.id != host and
    not fd.sip in (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16)
  output: >
    Unexpected network connection
    (user=%user.name command=%proc.cmdline connection=%fd.name)
  priority: WARNING
  tags: [network]
";

/// What is said of the last of these files: `LINE:COLUMN ID`.
fn said(files: &[&str]) -> Vec<String> {
    let mut loader = Loader::new(Options::default());
    let mut warnings = Vec::new();
    for (at, text) in files.iter().enumerate() {
        let report = loader.load(&format!("{at}.yaml"), text);
        assert!(report.is_loaded(), "{:?}", report.errors);
        warnings = report.warnings;
    }
    let last = u16::try_from(files.len() - 1).unwrap();
    let place = |offset: u32| {
        let (_, source) = loader.file(last).unwrap();
        let position = source.position(offset);
        format!("{}:{}", position.line, position.column)
    };
    let falco = warnings
        .iter()
        .filter(|it| it.context.place.file == last)
        .map(|it| format!("{} {}", place(it.context.place.offset), it.code.name()));
    let own = lint(loader.definitions());
    let own = own
        .iter()
        .filter(|it| it.place.file == last)
        .map(|it| format!("{} {}", place(it.place.offset), it.lint.id));
    falco.chain(own).collect()
}

#[test]
fn the_rules_of_a_guide_load_and_what_is_wrong_with_them_is_said_at_its_place() {
    assert_eq!(
        said(&[MACROS, RULES]),
        [
            "5:17 LOAD_DEPRECATED_ITEM",
            "5:5 missing-exception",
            "15:5 failed-connect",
            "17:9 forgotten-networks",
            "17:9 network-on-address-field",
        ]
    );
}

#[test]
fn every_lint_finds_its_bad_example_and_not_its_good_one() {
    let rule = |condition: &str| {
        format!("- rule: a\n  desc: a\n  condition: '{condition}'\n  output: a\n  priority: INFO\n")
    };
    for own in ALL {
        let finds = |example: &str| {
            let (before, text) = if example.starts_with('-') {
                ("- list: shell_binaries\n  items: [sh]\n", example.to_owned())
            } else {
                let condition = example.replace(" container", " container.id != host");
                let asked =
                    if condition.contains("evt.type") { "" } else { "evt.type = open and " };
                ("", rule(&format!("{asked}{condition}")))
            };
            said(&[before, &text]).iter().any(|said| said.ends_with(own.id))
        };
        assert!(finds(own.bad), "{}", own.id);
        assert!(!finds(own.good), "{}", own.id);
    }
}

#[test]
fn a_rule_that_asks_for_some_addresses_forgets_none() {
    let rule = "
- rule: a
  desc: a
  condition: evt.type = sendto and not fd.snet in (10.0.0.0/8) and fd.sip = 169.254.169.254
  output: a
  priority: INFO
";
    assert_eq!(said(&[rule]), [""; 0]);
}
