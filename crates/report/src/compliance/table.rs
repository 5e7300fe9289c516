//! A line for each control, with what is against it below; for people.

use std::io::{self, Write};

use plimsoll_kube::compliance::{Report, State};

use super::{ComplianceFormat, score, word};
use crate::style::{Role, Style};
use crate::text;

pub(super) const FORMAT: ComplianceFormat =
    ComplianceFormat { name: "text", about: "a line for each control, for people", write };

/// How many places are shown of one control.
const SHOWN: usize = 5;

fn write(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}\n", style.paint(Role::Strong, report.standard.title))?;
    let width = report.controls.iter().map(|(control, _)| control.id.len()).max().unwrap_or(0);
    for (control, state) in &report.controls {
        let role = match state {
            State::Pass => Role::Good,
            State::Fail(_) => Role::Bad,
            State::NotJudged(_) => Role::Faint,
        };
        let word = style.paint(role, &format!("{:<10}", word(state)));
        let (id, severity, title) = (control.id, control.severity, control.title);
        writeln!(out, "{id:<width$}  {word}  {severity:<8}  {title}")?;
        let indent = " ".repeat(width.saturating_add(2));
        match state {
            State::Pass => {}
            State::Fail(failures) => {
                for one in failures.iter().take(SHOWN) {
                    let (file, message) = (text::one_line(&one.file), text::one_line(&one.message));
                    writeln!(out, "{indent}{file}:{}: {message}", one.line)?;
                }
                if let Some(more) = failures.len().checked_sub(SHOWN).filter(|more| *more > 0) {
                    writeln!(out, "{indent}and {more} more")?;
                }
            }
            State::NotJudged(why) => {
                writeln!(out, "{indent}{}", style.paint(Role::Faint, why))?;
            }
        }
    }
    writeln!(out, "\n{}", score(report))
}
