//! A picture of a terminal: text with ANSI colours enters, an SVG leaves.
//!
//! Only what colours text is understood (ECMA-48 "select graphic rendition"); all other sequences
//! and controls are dropped. Every run of text states its place and width, so that columns meet
//! in whatever monospace font the viewer has.

use std::fmt::Write;

use unicode_width::UnicodeWidthChar;

use crate::text::width;

/// Size of a character and a line, in the units of the picture.
const FONT: usize = 14;
/// Tenths of a unit: 8.4 is the advance of most monospace fonts at that size.
const ADVANCE: usize = 84;
const LINE: usize = 20;
const MARGIN: usize = 20;
const BAR: usize = 36;
/// A longer line or text is cut, so that no input makes a picture that nothing can show.
const COLUMNS: usize = 400;
const LINES: usize = 5000;

const BACKGROUND: &str = "#16181d";
const FOREGROUND: &str = "#d7dae0";
/// The 16 colours of a terminal, the bright ones behind the dark ones.
const PALETTE: [&str; 16] = [
    "#5c6370", "#f06b75", "#8fcf7a", "#e8c06a", "#6cb3f5", "#cf8ae0", "#5cc4cf", "#d7dae0",
    "#7f8794", "#ff7b86", "#a5e08f", "#ffd580", "#86c5ff", "#e0a3ee", "#74d9e4", "#ffffff",
];

/// An SVG of a dark terminal that shows the text, with a title in its bar.
///
/// ```
/// let svg = plimsoll_report::picture::svg("$ true", "\u{1b}[1;31mCRITICAL\u{1b}[0m a < b\n");
/// assert!(svg.starts_with("<svg ") && svg.contains("a &lt; b"));
/// ```
pub fn svg(title: &str, ansi: &str) -> String {
    let lines = lines(ansi);
    let columns = lines.iter().map(|line| line.iter().map(|run| width(&run.text)).sum()).max();
    let columns: usize = columns.unwrap_or(0);
    let (wide, high) =
        (MARGIN * 2 + units(columns.max(40)), BAR + MARGIN + LINE * lines.len().max(1));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" \
         viewBox=\"0 0 {wide} {high}\" role=\"img\" aria-label=\"{label}\">\n\
         <rect width=\"{wide}\" height=\"{high}\" rx=\"10\" fill=\"{BACKGROUND}\"/>\n\
         <circle cx=\"22\" cy=\"18\" r=\"6\" fill=\"{red}\"/><circle cx=\"42\" cy=\"18\" r=\"6\" \
         fill=\"{yellow}\"/><circle cx=\"62\" cy=\"18\" r=\"6\" fill=\"{green}\"/>\n\
         <g font-family=\"ui-monospace,'SFMono-Regular',Menlo,Consolas,'DejaVu Sans \
         Mono','Liberation Mono',monospace\" font-size=\"{FONT}\" fill=\"{FOREGROUND}\">\n",
        label = escaped(title),
        red = colour(1),
        yellow = colour(3),
        green = colour(2),
    );
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        svg,
        "<text x=\"{}\" y=\"23\" text-anchor=\"middle\" fill=\"{}\">{}</text>",
        wide / 2,
        colour(8),
        escaped(title)
    );
    for (at, line) in lines.iter().enumerate() {
        let y = BAR + LINE * at + FONT;
        let mut column = 0;
        for run in line {
            let span = width(&run.text);
            draw(&mut svg, run, column, span, y);
            column += span;
        }
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn draw(svg: &mut String, run: &Run, column: usize, span: usize, y: usize) {
    let (x, length) = (MARGIN + units(column), units(span));
    if let Some(background) = &run.look.background {
        let top = y.saturating_sub(FONT);
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{top}\" width=\"{length}\" height=\"{LINE}\" fill=\"{background}\"/>"
        );
    }
    let mut looks = String::new();
    if let Some(foreground) = &run.look.foreground {
        let _ = write!(looks, " fill=\"{foreground}\"");
    }
    if run.look.bold {
        looks.push_str(" font-weight=\"bold\"");
    }
    if run.look.faint {
        looks.push_str(" opacity=\"0.65\"");
    }
    for (start, words) in phrases(&run.text) {
        let (x, length) = (MARGIN + units(column + start), units(width(words)));
        let _ = writeln!(
            svg,
            "<text x=\"{x}\" y=\"{y}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\"{looks}>{}</text>",
            escaped(words)
        );
    }
}

/// Pieces without spaces at their ends or two in a row, each with its first column: viewers do
/// not agree on whether other spaces count.
fn phrases(text: &str) -> Vec<(usize, &str)> {
    let mut phrases = Vec::new();
    let mut column = 0;
    for piece in text.split("  ") {
        let words = piece.trim_matches(' ');
        if !words.is_empty() {
            let lead = piece.len() - piece.trim_start_matches(' ').len();
            phrases.push((column + lead, words));
        }
        column += width(piece) + 2;
    }
    phrases
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Look {
    bold: bool,
    faint: bool,
    foreground: Option<String>,
    background: Option<String>,
}

/// Characters side by side that look alike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Run {
    look: Look,
    text: String,
}

fn lines(ansi: &str) -> Vec<Vec<Run>> {
    let mut look = Look::default();
    let mut lines = Vec::new();
    for line in ansi.lines().take(LINES) {
        let mut runs: Vec<Run> = Vec::new();
        let mut column = 0;
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            if c == '\u{1b}' {
                sequence(&mut chars, &mut look);
                continue;
            }
            let Some(columns) = c.width().filter(|_| !c.is_control()) else { continue };
            column += columns;
            if column > COLUMNS {
                break;
            }
            match runs.last_mut().filter(|run| run.look == look) {
                Some(run) => run.text.push(c),
                None => runs.push(Run { look: look.clone(), text: c.into() }),
            }
        }
        lines.push(runs);
    }
    lines
}

/// Reads a sequence behind its escape character; those that do not colour change nothing.
fn sequence(chars: &mut std::str::Chars<'_>, look: &mut Look) {
    match chars.next() {
        Some('[') => {
            let mut parameters = String::new();
            for c in chars.by_ref() {
                match c {
                    '0'..='?' => parameters.push(c),
                    ' '..='/' => {}
                    'm' => return select(&parameters, look),
                    _ => return,
                }
            }
        }
        // An operating system command, such as a title or a link, ends with BEL or `ESC \`.
        Some(']') => {
            let mut escape = false;
            for c in chars.by_ref() {
                if c == '\u{7}' || (escape && c == '\\') {
                    return;
                }
                escape = c == '\u{1b}';
            }
        }
        _ => {}
    }
}

fn select(parameters: &str, look: &mut Look) {
    let mut codes = parameters.split([';', ':']).map(|code| match code {
        "" => Some(0),
        code => code.parse::<u8>().ok(),
    });
    while let Some(code) = codes.next() {
        match code {
            Some(0) => *look = Look::default(),
            Some(1) => look.bold = true,
            Some(2) => look.faint = true,
            Some(22) => (look.bold, look.faint) = (false, false),
            Some(code @ 30..=37) => look.foreground = Some(colour(code - 30)),
            Some(38) => look.foreground = extended(&mut codes),
            Some(39) => look.foreground = None,
            Some(code @ 40..=47) => look.background = Some(colour(code - 40)),
            Some(48) => look.background = extended(&mut codes),
            Some(49) => look.background = None,
            Some(code @ 90..=97) => look.foreground = Some(colour(code - 82)),
            Some(code @ 100..=107) => look.background = Some(colour(code - 92)),
            _ => {}
        }
    }
}

/// `5;N` is one of 256 colours, `2;R;G;B` any.
fn extended(codes: &mut impl Iterator<Item = Option<u8>>) -> Option<String> {
    let mut next = || codes.next().flatten();
    match next()? {
        5 => {
            let index = next()?;
            Some(match index {
                0..=15 => colour(index),
                16..=231 => {
                    let level = |step: u8| if step == 0 { 0 } else { 55 + step * 40 };
                    let cube = index - 16;
                    let (r, g, b) = (level(cube / 36), level(cube / 6 % 6), level(cube % 6));
                    format!("#{r:02x}{g:02x}{b:02x}")
                }
                232..=255 => {
                    let grey = 8 + (index - 232) * 10;
                    format!("#{grey:02x}{grey:02x}{grey:02x}")
                }
            })
        }
        2 => {
            let (r, g, b) = (next()?, next()?, next()?);
            Some(format!("#{r:02x}{g:02x}{b:02x}"))
        }
        _ => None,
    }
}

fn colour(index: u8) -> String {
    PALETTE.get(usize::from(index)).copied().unwrap_or(FOREGROUND).to_owned()
}

fn units(columns: usize) -> usize {
    (columns * ADVANCE).div_ceil(10)
}

/// For XML 1.0, which has no form at all for most control characters.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_start_where_the_sequence_stands_and_end_at_the_reset() {
        let lines = lines("a\u{1b}[1;31mb\u{1b}[0mc\u{1b}[38;5;208md\u{1b}[38;2;1;2;3me");
        let looks: Vec<(String, Option<String>)> =
            lines[0].iter().map(|run| (run.text.clone(), run.look.foreground.clone())).collect();
        assert_eq!(
            looks,
            [
                ("a".into(), None),
                ("b".into(), Some(colour(1))),
                ("c".into(), None),
                ("d".into(), Some("#ff8700".into())),
                ("e".into(), Some("#010203".into())),
            ]
        );
    }

    #[test]
    fn what_does_not_colour_leaves_no_trace() {
        let svg = svg("t", "\u{1b}[2J\u{1b}]0;title\u{7}\u{1b}]8;;https://x\u{1b}\\<a>\u{8}&\n");
        assert!(svg.contains(">&lt;a&gt;&amp;</text>"), "{svg}");
        assert!(!svg.contains("title\u{7}") && !svg.contains("https://x"));
    }

    #[test]
    fn words_keep_their_columns_however_many_spaces_are_between() {
        assert_eq!(phrases(" a b   c  "), [(1, "a b"), (7, "c")]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics_and_no_mark_up_leaks(text in "(\u{1b}\\[[0-9;:]{0,12}m|.|\n){0,40}") {
            let svg = svg(&text, &text);
            proptest::prop_assert!(svg.chars().all(|c| c == '\n' || !c.is_control()));
            let body = svg.split_once("<g ").unwrap().1;
            for part in body.split('<').skip(1) {
                let known = ["text ", "/text>", "rect ", "/g>", "/svg>"];
                proptest::prop_assert!(known.iter().any(|tag| part.starts_with(tag)), "{}", part);
            }
        }
    }
}
