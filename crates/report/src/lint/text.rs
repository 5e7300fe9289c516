//! One line a finding: as hadolint writes to a terminal, and as the GNU coding standards have it.
//!
//! <https://www.gnu.org/prep/standards/html_node/Errors.html>

use std::io::{self, Write};

use super::{Judged, LintFormat};
use crate::Style;
use crate::text::one_line;

pub(super) const FORMAT: LintFormat =
    LintFormat { name: "text", about: "one line a finding: FILE:LINE RULE level: message", write };

pub(super) const GNU: LintFormat =
    LintFormat { name: "gnu", about: "FILE:LINE:COLUMN: level: message [RULE]", write: gnu };

/// hadolint's own reading of them.
pub(super) const HADOLINT_GNU: LintFormat = LintFormat {
    name: "hadolint-gnu",
    about: "as `hadolint -f gnu`: hadolint:FILE:LINE: RULE level: message",
    write: |all, _, out| lines("hadolint:", ": ", all, out),
};

fn write(all: &[Judged<'_>], _: &Style, out: &mut dyn Write) -> io::Result<()> {
    lines("", " ", all, out)
}

fn lines(front: &str, gap: &str, all: &[Judged<'_>], out: &mut dyn Write) -> io::Result<()> {
    for judged in all {
        for finding in &judged.findings {
            let (id, message) = (finding.rule.id, one_line(finding.message));
            let path = one_line(judged.path);
            writeln!(out, "{front}{path}:{}{gap}{id} {}: {message}", finding.line, finding.level)?;
        }
    }
    Ok(())
}

fn gnu(all: &[Judged<'_>], _: &Style, out: &mut dyn Write) -> io::Result<()> {
    for judged in all {
        for finding in &judged.findings {
            let (start, end) = judged.place(finding);
            let path = one_line(judged.path);
            let (level, id) = (finding.level, finding.rule.id);
            let message = one_line(finding.message);
            writeln!(
                out,
                "{path}:{}.{}-{}.{}: {level}: {message} [{id}]",
                start.line, start.column, end.line, end.column
            )?;
        }
    }
    Ok(())
}
