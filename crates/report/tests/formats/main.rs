//! Reports as people and programs get them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod gitlab;
mod hostile;
mod json;
mod sample;
mod sarif;
mod table;

use plimsoll_model::Scan;
use plimsoll_report::{Format, Style};

/// The report as text.
fn report(format: &str, scan: &Scan, style: &Style) -> String {
    let mut out = Vec::new();
    (Format::named(format).unwrap().write)(scan, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn every_format_is_found_by_its_own_name() {
    for format in Format::ALL {
        assert_eq!(Format::named(format.name).map(|found| found.about), Some(format.about));
    }
    assert!(Format::named("TABLE").is_none());
}
