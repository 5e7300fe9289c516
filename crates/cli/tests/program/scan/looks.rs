//! Colours and widths: `NO_COLOR`, `CLICOLOR_FORCE`, `COLUMNS`.

use crate::machine::Machine;
use crate::sample;

const SCAN: &str = "scan docker-archive:app.tar";
const ESCAPE: char = '\u{1b}';

fn table(machine: &Machine, variables: &[(&str, &str)]) -> String {
    machine.run_with(variables, SCAN).ended(0).out
}

#[test]
fn a_pipe_gets_no_colour_unless_it_is_forced() {
    let machine = sample::machine();
    let plain = table(&machine, &[]);
    assert!(!plain.contains(ESCAPE));
    assert!(table(&machine, &[("CLICOLOR_FORCE", "1")]).contains(ESCAPE));
    for variables in [
        &[("CLICOLOR_FORCE", "0")][..],
        &[("CLICOLOR_FORCE", "")],
        &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")],
        &[("NO_COLOR", "1")],
    ] {
        assert_eq!(table(&machine, variables), plain, "{variables:?}");
    }
}

#[test]
fn columns_bound_the_width_and_nonsense_in_it_does_not() {
    let machine = sample::machine();
    let plain = table(&machine, &[]);
    for columns in ["80", "120"] {
        let narrow = table(&machine, &[("COLUMNS", columns)]);
        let most: usize = columns.parse().unwrap();
        assert!(narrow.lines().all(|line| line.chars().count() <= most), "{narrow}");
        assert!(narrow.contains("CVE-2025-1004"), "{narrow}");
    }
    for columns in ["", "0", "wide", "-5"] {
        assert_eq!(table(&machine, &[("COLUMNS", columns)]), plain, "{columns}");
    }
}

#[test]
fn a_file_has_neither_colours_nor_a_width() {
    let machine = sample::machine();
    let plain = table(&machine, &[]);
    machine
        .run_with(&[("CLICOLOR_FORCE", "1"), ("COLUMNS", "80")], &format!("{SCAN} -o table=a.txt"))
        .ended(0);
    assert_eq!(machine.read("a.txt"), plain);
}
