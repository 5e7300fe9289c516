//! `JUnit`'s XML, a test case a finding, as hadolint writes it: Jenkins, GitLab and Azure show it.
//!
//! Source: <https://github.com/testmoapp/junitxml>.

use std::io::{self, Write};

use super::{Judged, LintFormat};
use crate::Style;
use crate::escape::xml;

pub(super) const FORMAT: LintFormat =
    LintFormat { name: "junit", about: "JUnit's XML, a test case a finding", write };

fn write(all: &[Judged<'_>], _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let count: usize = all.iter().map(|judged| judged.findings.len()).sum();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"Plimsoll\" tests=\"{count}\" failures=\"{count}\" errors=\"0\">"
    )?;
    for judged in all {
        let failures = judged.findings.len();
        let name = xml(judged.path);
        writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{failures}\" failures=\"{failures}\" errors=\"0\">"
        )?;
        for finding in &judged.findings {
            let (start, _) = judged.place(finding);
            let (id, message, level) =
                (xml(finding.rule.id), xml(finding.message), finding.level.name());
            writeln!(
                out,
                "    <testcase id=\"hadolint.rule.{id}\" name=\"{id}\" classname=\"{name}\">\
                 <failure id=\"{id}\" message=\"{message}\" type=\"{level}\">File: {name}\n\
                 Line: {}\n{level}: {message}\n</failure></testcase>",
                start.line
            )?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}
