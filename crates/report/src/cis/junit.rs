//! A test for each check, for build servers.
//!
//! <https://github.com/testmoapp/junitxml>

use std::io::{self, Write};

use plimsoll_kube::cis::{BENCHMARK, State};

use super::{CisFormat, CisReport};
use crate::Style;
use crate::escape::xml;

pub(super) const FORMAT: CisFormat =
    CisFormat { name: "junit", about: "a test for each check", write };

fn write(report: &CisReport<'_>, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let found = report.found;
    let skipped = ["manual", "absent"].iter().map(|word| found.count(word)).sum::<usize>();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuite name=\"{BENCHMARK} {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" \
         skipped=\"{skipped}\">",
        xml(&report.name),
        found.checks.len(),
        found.count("fail"),
        found.count("unread")
    )?;
    for (check, state) in &found.checks {
        let said = xml(&state.said().join("\n"));
        write!(
            out,
            "  <testcase classname=\"{BENCHMARK}\" name=\"{} {}\"",
            check.id,
            xml(check.title)
        )?;
        match state {
            State::Pass => writeln!(out, "/>")?,
            State::Fail(_) => writeln!(
                out,
                "><failure message=\"{}\">{said}</failure></testcase>",
                xml(check.remedy)
            )?,
            State::Unread(_) => writeln!(out, "><error>{said}</error></testcase>")?,
            State::Manual(_) | State::Absent(_) => {
                writeln!(out, "><skipped message=\"{said}\"/></testcase>")?;
            }
        }
    }
    writeln!(out, "</testsuite>")
}
