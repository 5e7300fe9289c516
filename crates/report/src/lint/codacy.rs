//! Results for Codacy, one JSON object a line.
//!
//! <https://github.com/codacy/codacy-example-tool>

use std::io::{self, Write};

use serde_json::json;

use super::{Judged, LintFormat};
use crate::Style;

pub(super) const FORMAT: LintFormat =
    LintFormat { name: "codacy", about: "results for Codacy, one a line", write };

fn write(all: &[Judged<'_>], _: &Style, out: &mut dyn Write) -> io::Result<()> {
    for judged in all {
        for finding in &judged.findings {
            let result = json!({
                "filename": judged.path,
                "line": judged.place(finding).0.line,
                "message": finding.message,
                "patternId": finding.rule.id,
            });
            serde_json::to_writer(&mut *out, &result)?;
            out.write_all(b"\n")?;
        }
    }
    Ok(())
}
