//! Colour and width of what a person reads.

use std::env;
use std::io::{self, IsTerminal};

use plimsoll_report::Style;

/// Colour and width where a person reads. <https://no-color.org> and
/// <https://bixense.com/clicolors/> say what the variables mean; an empty one is the same as none.
pub(crate) fn stdout_style() -> Style {
    let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let is_terminal = io::stdout().is_terminal();
    let understood = is_terminal && variable("TERM").as_deref() != Some("dumb");
    let forced = variable("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    let columns = variable("COLUMNS").and_then(|text| text.parse().ok()).filter(|width| *width > 0);
    let width = columns.or_else(|| is_terminal.then(terminal_width).flatten());
    Style { width, colour: variable("NO_COLOR").is_none() && (understood || forced) }
}

fn terminal_width() -> Option<u16> {
    rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| size.ws_col).filter(|w| *w > 0)
}
