//! A laid out graph as SVG, light or dark as the reader's machine is.

use std::fmt::Write as _;

use plimsoll_kube::netpol::{Door, Graph, Grouping};

use super::card::{Arrow, Card, ROW, Sheet, Sort, WIDTH};
use super::place::{BOTTOM, MARGIN, Plan};
use crate::text;

/// The colours of lanes: light and dark.
const HUES: [(&str, &str); 10] = [
    ("#2f6fd0", "#6ea8ff"),
    ("#0f8a72", "#3fcfae"),
    ("#b4540a", "#f2a154"),
    ("#7c4dcc", "#b79bff"),
    ("#c02d63", "#ff86ad"),
    ("#4d7c0f", "#a3d65c"),
    ("#0e7c9c", "#58c9ea"),
    ("#9a6700", "#e3bf4a"),
    ("#a33fa0", "#e79be4"),
    ("#566276", "#a9b6cb"),
];

const STYLE: &str = "\
.pg{--bg:#fbfcfe;--ink:#1b2330;--soft:#5d6879;--card:#fff;--edge:#d5dce6;--row:#f3f6fa;--ok:#0d7f61;\
--open:#b45309;--none:#8b95a5;--out:#55606f}\
@media(prefers-color-scheme:dark){.pg{--bg:#10141b;--ink:#e8edf5;--soft:#98a4b6;--card:#1a202a;\
--edge:#323c4b;--row:#222a36;--ok:#4ad6a8;--open:#f5b04c;--none:#7c889a;--out:#aeb9c9}}\
.pg text{font-family:Inter,'Segoe UI',system-ui,-apple-system,'Helvetica Neue','DejaVu Sans',sans-serif;fill:var(--ink)}\
.pg .m{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:11px}\
.pg .t{font-size:12.5px;font-weight:600}.pg .s{fill:var(--soft);font-size:11px}\
.pg .k{fill:var(--card);stroke:var(--edge)}.pg .r{fill:var(--row)}\
.pg .e{fill:none;stroke:var(--h);stroke-width:1.5;stroke-opacity:.8}.pg .d{stroke-dasharray:5 4}\
.pg .a{fill:var(--h)}.pg .h{fill:var(--h)}.pg .l{fill:var(--h);fill-opacity:.055;stroke:var(--h);stroke-opacity:.28}\
.pg .i{fill:var(--ok);fill-opacity:.14}.pg .o{fill:none;stroke:var(--open);stroke-dasharray:3 2}\
.pg .n{font-size:9px;font-weight:700;letter-spacing:.3px}";

/// The picture.
pub(super) fn picture(graph: &Graph, sheet: &Sheet, plan: &Plan) -> String {
    let (width, height) = (plan.width.ceil(), plan.height.ceil());
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"pg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"what network policies let pass\">\n<style>{STYLE}"
    );
    style(&mut svg, sheet);
    let _ = writeln!(
        svg,
        "</style>\n<rect width=\"{width}\" height=\"{height}\" rx=\"14\" fill=\"var(--bg)\"/>"
    );
    head(&mut svg, graph, sheet);
    for (number, (lane, (top, height))) in sheet.lanes.iter().zip(&plan.lanes).enumerate() {
        let (left, right) = plan.sides;
        let name = text::shorten(&lane.name, 40);
        let _ = writeln!(
            svg,
            "<g class=\"c{hue}\"><rect class=\"l\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{height:.1}\" rx=\"12\"/>\
             <rect class=\"h\" x=\"{:.1}\" y=\"{:.1}\" width=\"9\" height=\"9\" rx=\"2.5\"/>\
             <text class=\"t\" x=\"{:.1}\" y=\"{:.1}\">{}<tspan class=\"s\" dx=\"9\" font-weight=\"400\">{}</tspan></text></g>",
            right - left,
            left + 14.0,
            top + 13.0,
            left + 30.0,
            top + 22.0,
            escaped(&name),
            text::plural(lane.pods, "pod"),
            hue = number % HUES.len(),
        );
    }
    for (arrow, way) in sheet.arrows.iter().zip(&plan.ways) {
        draw_arrow(&mut svg, sheet, *arrow, way);
    }
    for (number, card) in sheet.cards.iter().enumerate() {
        draw_card(&mut svg, number, card);
    }
    legend(&mut svg, sheet, plan.height - BOTTOM + 30.0);
    svg.push_str("</svg>\n");
    svg
}

/// The colours of the lanes, and what happens where somebody points at a card.
fn style(svg: &mut String, sheet: &Sheet) {
    let used = sheet.lanes.len().min(HUES.len());
    for (number, (light, _)) in HUES.iter().enumerate().take(used) {
        let _ = write!(svg, ".pg .c{number}{{--h:{light}}}");
    }
    svg.push_str("@media(prefers-color-scheme:dark){");
    for (number, (_, dark)) in HUES.iter().enumerate().take(used) {
        let _ = write!(svg, ".pg .c{number}{{--h:{dark}}}");
    }
    svg.push_str("}.pg .x{--h:var(--out)}");
    for number in 0..sheet.cards.len() {
        let _ = write!(svg, ".pg:has(#n{number}:hover) .w:not(.n{number}){{opacity:.07}}");
    }
}

fn head(svg: &mut String, graph: &Graph, sheet: &Sheet) {
    let pods: usize = sheet.lanes.iter().map(|lane| lane.pods).sum();
    let what = match graph.grouping {
        Grouping::Alike => "a card for pods that are equal to every policy and in their ports",
        Grouping::Rules => "a card for pods that are equal to every policy",
        Grouping::Namespace => "a card for each namespace: there are too many pods that differ",
    };
    let counted = [
        text::plural(pods, "pod"),
        format!("{} namespace{}", sheet.lanes.len(), if sheet.lanes.len() == 1 { "" } else { "s" }),
        text::plural(sheet.arrows.len(), "arrow"),
        what.to_owned(),
    ];
    let _ = writeln!(
        svg,
        "<text x=\"{MARGIN}\" y=\"42\" font-size=\"19\" font-weight=\"700\">What network policies let pass</text>\n\
         <text class=\"s\" x=\"{MARGIN}\" y=\"64\" font-size=\"12\">{}</text>",
        counted.join(" · ")
    );
}

/// The class that has the colour of what receives.
fn hue(card: Option<&Card>) -> String {
    card.and_then(|card| card.lane).map_or("x".to_owned(), |lane| format!("c{}", lane % HUES.len()))
}

fn draw_arrow(svg: &mut String, sheet: &Sheet, arrow: Arrow, way: &[(f64, f64)]) {
    let (Some(start), Some(end)) = (way.first(), way.last()) else { return };
    let (from, to) = (sheet.cards.get(arrow.from), sheet.cards.get(arrow.to));
    let before = way.len().checked_sub(2).and_then(|at| way.get(at)).unwrap_or(start);
    // The head takes the last seven pixels.
    let side = if before.0 <= end.0 { -1.0 } else { 1.0 };
    let tip = (end.0 + side * 7.0, end.1);
    let mut path = format!("M{:.1} {:.1}", start.0, start.1);
    let mut at = *start;
    for (number, point) in way.iter().enumerate().skip(1) {
        let is_last = number + 1 == way.len();
        let point = if is_last { tip } else { *point };
        if number % 2 == 1 {
            let bow = (point.0 - at.0) * 0.5;
            let _ = write!(
                path,
                "C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
                at.0 + bow,
                at.1,
                point.0 - bow,
                point.1,
                point.0,
                point.1
            );
        } else {
            let _ = write!(path, "H{:.1}", point.0);
        }
        at = point;
    }
    let name = |card: Option<&Card>| card.map(|card| card.title.clone()).unwrap_or_default();
    let ports =
        to.and_then(|to| to.rows.get(arrow.row)).map(|row| row.hint.clone()).unwrap_or_default();
    let some = if arrow.partial { " (some of the pods)" } else { "" };
    let title = escaped(&format!("{} → {} {ports}{some}", name(from), name(to)));
    let dashed = if arrow.partial { " d" } else { "" };
    let _ = writeln!(
        svg,
        "<g class=\"w n{} n{} {}\"><title>{title}</title><path class=\"e{dashed}\" d=\"{path}\"/>\
         <path class=\"a\" d=\"M{:.1} {:.1}l{:.1} -4.2v8.4z\"/></g>",
        arrow.from,
        arrow.to,
        hue(to),
        end.0,
        end.1,
        side * 8.5,
    );
}

fn draw_card(svg: &mut String, number: usize, card: &Card) {
    let (x, y, height) = (card.x, card.y, card.height());
    let hint = escaped(&card.hint);
    let _ = write!(
        svg,
        "<g id=\"n{number}\" class=\"{}\" transform=\"translate({x:.1} {y:.1})\"><title>{hint}</title>",
        hue(Some(card))
    );
    let title = escaped(&card.title);
    let Sort::Pods(doors) = card.sort else {
        let round = if card.sort == Sort::ToOutside { 8.0 } else { 15.0 };
        let base = if card.sort == Sort::ToOutside { 19.0 } else { 19.5 };
        let _ = write!(
            svg,
            "<rect class=\"k\" width=\"{WIDTH}\" height=\"{height:.1}\" rx=\"{round}\" stroke-dasharray=\"4 3\"/>\
             <text class=\"t\" x=\"14\" y=\"{base}\">{title}</text>"
        );
        rows(svg, card);
        svg.push_str("</g>\n");
        return;
    };
    let _ = write!(
        svg,
        "<rect class=\"k\" width=\"{WIDTH}\" height=\"{height:.1}\" rx=\"8\"/>\
         <rect class=\"h\" y=\"9\" width=\"3.5\" height=\"28\" rx=\"1.75\"/>\
         <text class=\"t\" x=\"13\" y=\"19\">{title}</text>"
    );
    let [ingress, egress] = doors;
    if ingress == Door::Node {
        chip(svg, 13.0, "NODE NETWORK", ingress);
    } else {
        let width = chip(svg, 13.0, "IN", ingress);
        chip(svg, 13.0 + width, "OUT", egress);
    }
    if card.pods > 1 {
        let _ = write!(
            svg,
            "<text class=\"s\" x=\"{}\" y=\"36\" text-anchor=\"end\">× {}</text>",
            WIDTH - 11.0,
            card.pods
        );
    }
    rows(svg, card);
    svg.push_str("</g>\n");
}

/// What policies are to a direction; tells how much room it takes.
#[allow(clippy::cast_precision_loss, reason = "words are short")]
fn chip(svg: &mut String, left: f64, word: &str, door: Door) -> f64 {
    let (class, colour) = match door {
        Door::Isolated => ("i", "--ok"),
        Door::Open | Door::Mixed => ("o", "--open"),
        Door::Node => ("o", "--none"),
    };
    let width = (word.len() as f64).mul_add(6.6, 10.0);
    let _ = write!(
        svg,
        "<rect class=\"{class}\" x=\"{left}\" y=\"26\" width=\"{width:.1}\" height=\"13\" rx=\"4\"/>\
         <text class=\"n\" x=\"{:.1}\" y=\"35.8\" text-anchor=\"middle\" style=\"fill:var({colour})\">{word}</text>",
        left + width / 2.0
    );
    width + 5.0
}

fn rows(svg: &mut String, card: &Card) {
    for (number, row) in card.rows.iter().enumerate() {
        let middle = card.entry(number);
        let _ = write!(
            svg,
            "<g><title>{}</title><rect class=\"r\" x=\"7\" y=\"{:.1}\" width=\"{}\" height=\"{}\" rx=\"4\"/>\
             <text class=\"m\" x=\"14\" y=\"{:.1}\">{}</text>",
            escaped(&row.hint),
            middle - (ROW - 3.0) / 2.0,
            WIDTH - 14.0,
            ROW - 3.0,
            middle + 3.8,
            escaped(&row.ports)
        );
        if !row.note.is_empty() {
            let colour = match row.note {
                "open" | "partly open" => "--open",
                "nobody" => "--none",
                _ => "--ok",
            };
            let _ = write!(
                svg,
                "<text class=\"s\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\" style=\"fill:var({colour})\">{}</text>",
                WIDTH - 14.0,
                middle + 3.8,
                row.note
            );
        }
        svg.push_str("</g>");
    }
}

fn legend(svg: &mut String, sheet: &Sheet, top: f64) {
    let _ = write!(svg, "<g transform=\"translate({MARGIN} {top:.1})\">");
    let mut at = -26.0;
    let mut left = 0.0;
    let mut entry = |svg: &mut String, sample: &dyn Fn(&mut String, f64) -> f64, said: &str| {
        let mut part = String::new();
        let room = sample(&mut part, left);
        #[allow(clippy::cast_precision_loss, reason = "words are short")]
        let wide = room + text::width(said) as f64 * 6.1 + 26.0;
        if left > 0.0 && left + wide > 700.0 {
            left = 0.0;
            at += 22.0;
            part.clear();
            sample(&mut part, left);
        }
        let _ = write!(
            svg,
            "<g transform=\"translate(0 {at:.1})\">{part}<text class=\"s\" x=\"{:.1}\" y=\"36\">{said}</text></g>",
            left + room + 3.0
        );
        left += wide;
    };
    entry(svg, &|svg, left| chip(svg, left, "IN", Door::Isolated), "isolated: only arrows get in");
    entry(
        svg,
        &|svg, left| chip(svg, left, "IN", Door::Open),
        "open: whoever is open for OUT too gets in, without an arrow",
    );
    let line = |svg: &mut String, left: f64, dashed: &str| {
        let _ = write!(
            svg,
            "<g class=\"x\"><path class=\"e{dashed}\" d=\"M{left} 32H{}\"/><path class=\"a\" d=\"M{} 32l-8.5 -4.2v8.4z\"/></g>",
            left + 24.0,
            left + 31.0
        );
        35.0
    };
    entry(svg, &|svg, left| line(svg, left, ""), "let pass by a rule; coloured as who receives");
    if sheet.arrows.iter().any(|arrow| arrow.partial) {
        entry(svg, &|svg, left| line(svg, left, " d"), "some of the pods only");
    }
    svg.push_str("</g>\n");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
