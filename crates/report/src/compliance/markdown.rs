//! A table of the controls, for a page or the comment of a merge request.

use std::io::{self, Write};

use plimsoll_kube::compliance::{Report, State};

use super::{ComplianceFormat, score, word};
use crate::Style;
use crate::text;

pub(super) const FORMAT: ComplianceFormat =
    ComplianceFormat { name: "markdown", about: "a table, for a page", write };

/// How many places are shown of one control.
const SHOWN: usize = 5;

fn write(report: &Report, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# [{}]({})\n", report.standard.title, report.standard.source)?;
    writeln!(out, "{}\n", score(report))?;
    writeln!(out, "| control | | severity | state | |\n| --- | --- | --- | --- | --- |")?;
    for (control, state) in &report.controls {
        let said = match state {
            State::Pass => String::new(),
            State::NotJudged(why) => why.clone(),
            State::Fail(failures) => {
                let place = |one: &plimsoll_kube::compliance::Failure| {
                    format!("{}:{}: {}", cell(&one.file), one.line, cell(&one.message))
                };
                let mut places: Vec<String> = failures.iter().take(SHOWN).map(place).collect();
                if let Some(more) = failures.len().checked_sub(SHOWN).filter(|more| *more > 0) {
                    places.push(format!("and {more} more"));
                }
                places.join("<br>")
            }
        };
        let (id, title, severity) = (control.id, control.title, control.severity);
        writeln!(out, "| {id} | {title} | {severity} | {} | {said} |", word(state))?;
    }
    Ok(())
}

/// A stranger's words in a cell, in which they are no markup.
fn cell(words: &str) -> String {
    let mut cell = String::new();
    for letter in text::one_line(words).chars() {
        match letter {
            '<' => cell.push_str("&lt;"),
            '&' => cell.push_str("&amp;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' => cell.extend(['\\', letter]),
            _ => cell.push(letter),
        }
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_manifest_are_no_markup() {
        assert_eq!(cell("a|b <img> `c`\nd"), "a\\|b &lt;img> \\`c\\` d");
    }
}
