//! Workflow commands that GitHub shows beside the lines of a pull request.
//!
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use std::io::{self, Write};

use super::{Judged, LintFormat, three_levels};
use crate::Style;

pub(super) const FORMAT: LintFormat =
    LintFormat { name: "github", about: "annotations of GitHub's workflows", write };

fn write(all: &[Judged<'_>], _: &Style, out: &mut dyn Write) -> io::Result<()> {
    for judged in all {
        for finding in &judged.findings {
            let (start, end) = judged.place(finding);
            // A column counts only where both are in one line.
            let columns = if start.line == end.line {
                format!(",col={},endColumn={}", start.column, end.column)
            } else {
                String::new()
            };
            writeln!(
                out,
                "::{} file={},line={},endLine={}{columns},title={}::{}",
                three_levels(finding.level, "notice"),
                property(judged.path),
                start.line,
                end.line,
                property(finding.rule.id),
                data(finding.message),
            )?;
        }
    }
    Ok(())
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
