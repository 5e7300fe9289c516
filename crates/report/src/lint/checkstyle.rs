//! The XML of Checkstyle, which most build servers read.
//!
//! <https://checkstyle.org/>

use std::io::{self, Write};

use super::{Judged, LintFormat, three_levels};
use crate::Style;

pub(super) const FORMAT: LintFormat =
    LintFormat { name: "checkstyle", about: "Checkstyle's XML, for build servers", write };

fn write(all: &[Judged<'_>], _: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"4.3\">")?;
    for judged in all {
        writeln!(out, "  <file name=\"{}\">", escaped(judged.path))?;
        for finding in &judged.findings {
            let (start, _) = judged.place(finding);
            writeln!(
                out,
                "    <error line=\"{}\" column=\"{}\" severity=\"{}\" message=\"{}\" \
                 source=\"{}\"/>",
                start.line,
                start.column,
                three_levels(finding.level, "info"),
                escaped(finding.message),
                escaped(finding.rule.id),
            )?;
        }
        writeln!(out, "  </file>")?;
    }
    writeln!(out, "</checkstyle>")
}

/// Text of an attribute; a character that XML 1.0 cannot hold becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            control if control.is_control() => escaped.push('\u{fffd}'),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_attribute() {
        assert_eq!(escaped("a\"><b\u{1b}&\n"), "a&quot;&gt;&lt;b\u{fffd}&amp;&#10;");
    }
}
