//! The XML of Checkstyle, which most build servers read.
//!
//! <https://checkstyle.org/>

use std::io::{self, Write};

use super::{Judged, LintFormat, three_levels};
use crate::Style;
use crate::escape::xml;

pub(super) const FORMAT: LintFormat =
    LintFormat { name: "checkstyle", about: "Checkstyle's XML, for build servers", write };

fn write(all: &[Judged<'_>], _: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"4.3\">")?;
    for judged in all {
        writeln!(out, "  <file name=\"{}\">", xml(judged.path))?;
        for finding in &judged.findings {
            let (start, _) = judged.place(finding);
            writeln!(
                out,
                "    <error line=\"{}\" column=\"{}\" severity=\"{}\" message=\"{}\" \
                 source=\"{}\"/>",
                start.line,
                start.column,
                three_levels(finding.level, "info"),
                xml(finding.message),
                xml(finding.rule.id),
            )?;
        }
        writeln!(out, "  </file>")?;
    }
    writeln!(out, "</checkstyle>")
}
