//! The matrix as a picture: a row for each sender, a column for each port of each receiver.

use std::fmt::Write as _;
use std::io::{self, Write};

use plimsoll_kube::netpol::{Matrix, Row};

use super::{Pairs, ReachFormat, Target};
use crate::style::Style;
use crate::text;

pub(super) const FORMAT: ReachFormat =
    ReachFormat { name: "svg", about: "a picture of the matrix", write };

/// More rows or columns make a picture that nobody can look at.
const MOST: usize = 200;
const CELL: usize = 22;
const GAP: usize = 2;
const MARGIN: usize = 28;
/// The advance of a character of the labels, in hundredths.
const ADVANCE: usize = 660;
const LABEL: usize = 48;
const LEGEND: usize = 64;

const BACKGROUND: &str = "#16181d";
const FOREGROUND: &str = "#d7dae0";
const FAINT: &str = "#7f8794";

/// What a cell says, with its letters, which say it without the colour, and its colour.
type Look = (&'static str, &'static str, &'static str);

const LOOKS: [Look; 5] = [
    ("allowed", "", "#4fb477"),
    ("denied by the receiver (ingress)", "i", "#e0636f"),
    ("denied by the sender (egress)", "e", "#e0a44f"),
    ("denied by both", "ie", "#b04a58"),
    ("the pod itself", "", "#3a3f4a"),
];

fn write(pairs: &Pairs<'_>, _: &Style, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(picture(pairs).as_bytes())
}

fn picture(pairs: &Pairs<'_>) -> String {
    let network = pairs.network;
    let all = network.cluster.pods.len();
    let senders: Vec<usize> = (0..all.min(MOST)).collect();
    let columns: Vec<Target<'_>> = pairs.targets().take(MOST + 1).collect();
    let is_cut = all > MOST || columns.len() > MOST;
    let columns = columns.get(..MOST).unwrap_or(&columns);
    let name = |pod: usize| text::shorten(&text::one_line(network.name(pod)), LABEL);
    let label =
        |target: &Target<'_>| format!("{} {}/{}", name(target.to), target.port, target.protocol);
    let units = |characters: usize| characters * ADVANCE / 100;
    let left =
        units(senders.iter().map(|pod| text::width(&name(*pod))).max().unwrap_or(0)) + MARGIN + 10;
    let tall = units(columns.iter().map(|one| text::width(&label(one))).max().unwrap_or(0));
    // Labels of columns lean by 45 degrees: 0.71 of their length either way.
    let lean = tall * 71 / 100;
    let top = MARGIN + 36 + lean;
    let wide = (left + columns.len() * (CELL + GAP) + lean + MARGIN).max(910);
    let high = top + senders.len() * (CELL + GAP) + LEGEND + MARGIN;

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{high}\" \
         viewBox=\"0 0 {wide} {high}\" role=\"img\" aria-label=\"who may reach whom\">\n\
         <rect width=\"{wide}\" height=\"{high}\" rx=\"10\" fill=\"{BACKGROUND}\"/>\n\
         <g font-family=\"ui-monospace,'SFMono-Regular',Menlo,Consolas,'DejaVu Sans Mono',monospace\" \
         font-size=\"11\" fill=\"{FOREGROUND}\">\n\
         <text x=\"{MARGIN}\" y=\"{}\" font-size=\"14\" font-weight=\"bold\">Who may reach whom</text>\n\
         <text x=\"{MARGIN}\" y=\"{}\" fill=\"{FAINT}\">rows send, columns receive</text>\n",
        MARGIN + 6,
        MARGIN + 24,
    );
    for (index, target) in columns.iter().enumerate() {
        let (x, y) = (left + index * (CELL + GAP) + CELL / 2, top - 8);
        let text = escaped(&label(target));
        // Writing to a `String` cannot fail.
        let _ = writeln!(svg, "<text transform=\"translate({x} {y}) rotate(-45)\">{text}</text>");
    }
    for (index, from) in senders.iter().enumerate() {
        let y = top + index * (CELL + GAP) + 15;
        let text = escaped(&name(*from));
        let _ =
            writeln!(svg, "<text x=\"{}\" y=\"{y}\" text-anchor=\"end\">{text}</text>", left - 8);
    }
    let mut matrix = Matrix::new(network);
    for (column, target) in columns.iter().enumerate() {
        let Some(row) = matrix.row(target.to, target.port, target.protocol) else { continue };
        for (index, from) in senders.iter().enumerate() {
            let (x, y) = (left + column * (CELL + GAP), top + index * (CELL + GAP));
            let look = look(&row, *from);
            let title = format!("{} → {}: {}", name(*from), label(target), look.0);
            cell(&mut svg, (x, y), look, &title);
        }
    }
    legend(&mut svg, high - LEGEND, is_cut.then_some(all));
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn cell(svg: &mut String, (x, y): (usize, usize), (_, letters, colour): Look, title: &str) {
    let title = escaped(title);
    let _ = writeln!(
        svg,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{CELL}\" height=\"{CELL}\" rx=\"4\" \
         fill=\"{colour}\"><title>{title}</title></rect>"
    );
    if !letters.is_empty() {
        let (middle, base) = (x + CELL / 2, y + 15);
        let _ = writeln!(
            svg,
            "<text x=\"{middle}\" y=\"{base}\" text-anchor=\"middle\" fill=\"{BACKGROUND}\">\
             {letters}</text>"
        );
    }
}

fn legend(svg: &mut String, top: usize, cut: Option<usize>) {
    let mut x = MARGIN;
    for look in LOOKS {
        let (word, ..) = look;
        cell(svg, (x, top + 6), look, word);
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{}\">{word}</text>", x + CELL + 7, top + 21);
        x += CELL + 24 + text::width(word) * ADVANCE / 100;
    }
    if let Some(all) = cut {
        let _ = writeln!(
            svg,
            "<text x=\"{MARGIN}\" y=\"{}\" fill=\"{FAINT}\">the first {MOST} rows and columns; \
             there are {all} pods</text>",
            top + 46
        );
    }
}

fn look(row: &Row, from: usize) -> Look {
    let [allowed, ingress, egress, both, itself] = LOOKS;
    match (row.ingress(from), row.egress(from)) {
        _ if from == row.to => itself,
        (true, true) => allowed,
        (false, true) => ingress,
        (true, false) => egress,
        (false, false) => both,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
