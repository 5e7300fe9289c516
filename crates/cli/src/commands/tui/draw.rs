//! The screen: two lines about the image, four panes, two lines about the row and the keys.
//!
//! A small terminal has one pane at a time.

use plimsoll_report::text;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::order::Order as _;
use super::row::Row;
use super::state::{Pane, State};
use super::theme::{Theme, short};
use super::{detail, draw_popup, file_row, findings, layers, packages};

/// Below this there is room for one pane.
const COLUMNS: u16 = 70;
const LINES: u16 = 16;

/// From this height on columns have headings.
const WITH_HEAD: u16 = 5;

/// The keys that one needs first.
const HINT: &str = "Tab · Space narrow · Esc widen · Enter open · e why · f fixes · / · ? help · q";

/// Where the panes are; those without room are empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Panes {
    of: [Rect; 4],
    /// The line between left and right.
    between: Option<u16>,
}

fn panes(body: Rect, state: &State) -> Panes {
    let mut panes = Panes::default();
    let place = |pane: Pane| Pane::ALL.iter().position(|other| *other == pane);
    if state.is_alone || body.width < COLUMNS || body.height < LINES.saturating_sub(4) {
        if let Some(area) = place(state.focus).and_then(|at| panes.of.get_mut(at)) {
            *area = body;
        }
        return panes;
    }
    // A little more for the left, where instructions and trees are, unless there is room for both.
    let left = body.width * if body.width < 100 { 13 } else { 12 } / 25;
    let right = body.width.saturating_sub(left).saturating_sub(1);
    let between = body.x.saturating_add(left);
    let column = between.saturating_add(1);
    let layers = u16::try_from(state.layers.rows()).unwrap_or(u16::MAX).saturating_add(2);
    let layers = layers.clamp(4, (body.height * 2 / 5).max(4));
    let packages = body.height / 2;
    let split = |x, width, above: u16| {
        let below = body.height.saturating_sub(above);
        let upper = Rect { x, y: body.y, width, height: above };
        (upper, Rect { x, y: body.y.saturating_add(above), width, height: below })
    };
    let (upper_left, lower_left) = split(body.x, left, layers);
    let (upper_right, lower_right) = split(column, right, packages);
    Panes { of: [upper_left, lower_left, upper_right, lower_right], between: Some(between) }
}

/// Draws all of it.
pub(super) fn draw(state: &mut State, frame: &mut Frame<'_>, theme: Theme) {
    let area = frame.area();
    let edge = if area.height < 8 { 0 } else { 2 };
    let body = Rect {
        y: area.y.saturating_add(edge),
        height: area.height.saturating_sub(edge.saturating_mul(2)),
        ..area
    };
    if edge > 0 {
        header(state, frame, Rect { height: edge, ..area }, theme);
        let y = area.y.saturating_add(area.height).saturating_sub(edge);
        footer(state, frame, Rect { y, height: edge, ..area }, theme);
    }
    let panes = panes(body, state);
    if let Some(x) = panes.between {
        for y in body.y..body.y.saturating_add(body.height) {
            frame.buffer_mut().set_string(x, y, "│", theme.faint());
        }
    }
    for (pane, area) in Pane::ALL.into_iter().zip(panes.of) {
        if area.width > 0 && area.height > 0 {
            draw_pane(state, pane, frame, area, theme);
        }
    }
    if state.popup.is_some() {
        draw_popup::draw(state, frame, area, theme);
    }
}

/// Puts a line into a row of an area, if the area has that row.
pub(super) fn put(frame: &mut Frame<'_>, area: Rect, row: u16, line: &Line<'_>) {
    if row < area.height {
        frame.buffer_mut().set_line(area.x, area.y.saturating_add(row), line, area.width);
    }
}

fn header(state: &State, frame: &mut Frame<'_>, area: Rect, theme: Theme) {
    let width = usize::from(area.width);
    let inventory = &state.contents.scan.inventory;
    let artifact = &inventory.artifact;
    let name = artifact.names.first().unwrap_or(&artifact.reference);
    let levels = state.contents.levels();
    let counts = plimsoll_model::Severity::ALL.iter().zip(levels).filter(|(_, count)| *count > 0);
    let mut first =
        vec![Span::styled(text::shorten_middle(&text::one_line(name), width / 2), theme.strong())];
    if let Some(distro) = &inventory.distro {
        let called = if distro.name.is_empty() { &distro.id } else { &distro.name };
        first.push(Span::styled(format!("  {}", text::one_line(called)), theme.faint()));
    }
    let mut second: Vec<Span<'_>> = Vec::new();
    for (level, count) in counts {
        let said = format!("{count} {}  ", short(Some(*level)));
        second.push(Span::styled(said, theme.level(Some(*level))));
    }
    if second.is_empty() {
        second.push(Span::styled("no findings  ", theme.good()));
    }
    if inventory.is_partial() {
        second.push(Span::styled("only partly read  ", theme.warning()));
    }
    if state.contents.scan.data.starter {
        second.push(Span::styled("starter advisories only  ", theme.warning()));
    }
    let (bytes, wasted) = state.contents.bytes();
    let share = wasted.saturating_mul(100).checked_div(bytes).unwrap_or(0);
    let said =
        format!("{} of files, {} ({share}%) wasted", text::bytes(bytes), text::bytes(wasted));
    second.push(Span::styled(said, theme.faint()));
    put(frame, area, 0, &Line::from(first));
    put(frame, area, 1, &Line::from(second));
}

/// What is shown, and what keys there are, or what is being typed.
fn footer(state: &State, frame: &mut Frame<'_>, area: Rect, theme: Theme) {
    let width = usize::from(area.width);
    let mut first = Row::new(width);
    let crumbs = crumbs(state);
    if !crumbs.is_empty() {
        first = first.put(format!("[{crumbs}] "), theme.warning());
    }
    put(frame, area, 0, &first.last(&under_cursor(state), Style::new()).line());
    let second = Row::new(width);
    let second = if let Some(message) = &state.message {
        second.last(message, theme.warning())
    } else if state.search.is_typed {
        second
            .put("/".into(), theme.strong())
            .last(&format!("{}_", state.search.text), Style::new())
    } else {
        second.last(HINT, theme.faint())
    };
    put(frame, area, 1, &second.line());
}

/// What narrows the lists.
fn crumbs(state: &State) -> String {
    let mut crumbs: Vec<String> = Vec::new();
    crumbs.extend(state.layers.chosen().map(|at| format!("#{at}")));
    for pin in &state.pins {
        crumbs.push(text::shorten_middle(&pin.name(&state.contents), 28));
    }
    if state.only_fixable {
        crumbs.push("fixable".to_owned());
    }
    crumbs.join(" › ")
}

/// What does not fit into the row that the cursor is on.
fn under_cursor(state: &State) -> String {
    let contents = &state.contents;
    match state.focus {
        Pane::Layers => match state.layers.chosen().and_then(|at| contents.layers.get(at)) {
            Some(layer) => {
                format!("{} · findings: {}", layer.instruction, detail::levels(&layer.levels))
            }
            None => contents.scan.inventory.artifact.reference.clone(),
        },
        Pane::Files => state.files.chosen().map_or(String::new(), |at| {
            let stored = state.files.stored(at, contents);
            let mode = file_row::mode(stored, true);
            let owner = stored.map(|it| format!(" {}:{}", it.uid, it.gid)).unwrap_or_default();
            format!("{mode}{owner} /{}", state.files.tree.path(at))
        }),
        Pane::Packages => {
            let found = state.packages.chosen().and_then(|at| contents.package(at));
            found.map_or(String::new(), |(package, facts)| {
                let place = package.locations.first().map_or("", |it| it.path.as_str());
                let count = text::plural(facts.findings.len(), "finding");
                let name = &package.name;
                format!(
                    "{name} {} · {count}, {} with a fix · {place}",
                    package.version, facts.fixable
                )
            })
        }
        Pane::Findings => {
            let found = state.findings.chosen().and_then(|at| contents.finding(at));
            found.map_or(String::new(), |finding| {
                let package = &finding.package;
                let exploited = if finding.kev.is_some() { "exploited · " } else { "" };
                format!("{exploited}{} {} · {}", package.name, package.version, finding.title)
            })
        }
    }
}

fn draw_pane(state: &mut State, pane: Pane, frame: &mut Frame<'_>, area: Rect, theme: Theme) {
    let is_focused = state.focus == pane;
    put(frame, area, 0, &title(state, pane, usize::from(area.width), theme));
    // A column for the sign of what was chosen.
    let inner = Rect {
        x: area.x.saturating_add(1),
        y: area.y.saturating_add(1),
        width: area.width.saturating_sub(1),
        height: area.height.saturating_sub(1),
    };
    let width = usize::from(inner.width);
    let mut top = 0;
    if inner.height >= WITH_HEAD {
        let head = match pane {
            Pane::Layers => layers::head(width, theme),
            Pane::Files => file_row::head(width, theme),
            Pane::Packages => packages::head(width, theme),
            Pane::Findings => findings::head(width, theme),
        };
        put(frame, inner, 0, &head);
        top = 1;
    }
    let height = usize::from(inner.height.saturating_sub(top));
    let (rows, list) = match pane {
        Pane::Layers => (state.layers.rows(), &mut state.layers.list),
        Pane::Files => (state.files.rows.len(), &mut state.files.list),
        Pane::Packages => (state.packages.rows.len(), &mut state.packages.list),
        Pane::Findings => (state.findings.rows.len(), &mut state.findings.list),
    };
    let window = list.window(rows, height);
    let cursor = list.cursor;
    if rows == 0 {
        put(frame, inner, top, &Line::styled(nothing(state, pane), theme.faint()));
    }
    for (row, y) in window.zip(top..) {
        let line = line(state, pane, row, width, theme);
        put(frame, inner, y, &line);
        let place = Rect { y: inner.y.saturating_add(y), height: 1, ..area };
        if is_chosen(state, pane, row) {
            frame.buffer_mut().set_stringn(place.x, place.y, "●", 1, theme.warning());
        }
        if row == cursor {
            frame.buffer_mut().set_style(place, theme.cursor(is_focused));
        }
    }
}

fn line(state: &State, pane: Pane, row: usize, width: usize, theme: Theme) -> Line<'static> {
    let contents = &state.contents;
    match pane {
        Pane::Layers => {
            let layer = state.layers.at(row);
            let is_dim = layer.is_some_and(|at| !state.narrowed().has_layer(at, contents));
            layers::line(&state.layers, row, contents, width, theme, is_dim)
        }
        Pane::Files => file_row::line(&state.files, row, contents, width, theme),
        Pane::Packages => {
            let at = state.packages.rows.get(row);
            at.map_or_else(Line::default, |at| packages::line(*at, contents, width, theme))
        }
        Pane::Findings => {
            let at = state.findings.rows.get(row);
            at.map_or_else(Line::default, |at| findings::line(*at, contents, width, theme))
        }
    }
}

fn is_chosen(state: &State, pane: Pane, row: usize) -> bool {
    use super::narrow::Pin;
    state.pins.iter().any(|pin| match (pane, pin) {
        (Pane::Files, Pin::File { path, .. }) => state
            .files
            .rows
            .get(row)
            .is_some_and(|place| state.files.tree.path(place.node) == *path),
        (Pane::Packages, Pin::Package(at)) => state.packages.rows.get(row) == Some(at),
        (Pane::Findings, Pin::Finding(at)) => state.findings.rows.get(row) == Some(at),
        _ => false,
    }) || (pane == Pane::Layers && row > 0 && state.layers.list.cursor == row)
}

/// What an empty list says.
fn nothing(state: &State, pane: Pane) -> &'static str {
    let is_narrow = !state.pins.is_empty() || state.layers.chosen().is_some() || state.only_fixable;
    match (pane, is_narrow) {
        (Pane::Files, true) => "no listed file belongs to this",
        (Pane::Packages, true) => "no package here; Esc shows more",
        (Pane::Findings, true) => "no finding here; Esc shows more",
        (Pane::Packages, false) => "no package was recognised",
        (Pane::Findings, false) => "no findings",
        _ => "nothing",
    }
}

/// The pane's name, how much it shows of what there is, and in which order.
fn title(state: &State, pane: Pane, width: usize, theme: Theme) -> Line<'static> {
    let contents = &state.contents;
    let of = |shown: usize, all: usize| {
        if shown == all { format!("{all}") } else { format!("{shown} of {all}") }
    };
    let (name, count, order) = match pane {
        Pane::Layers => {
            ("Layers", format!("{}", state.layers.order.len()), state.layers.sort.name())
        }
        Pane::Files => {
            let what = match (state.layers.chosen(), state.only_layer) {
                (Some(at), true) => format!("by #{at} alone"),
                (Some(at), false) => format!("up to #{at}"),
                (None, _) => String::new(),
            };
            let omitted = state.files.tree.omitted;
            let cut = if omitted > 0 {
                format!(" and {} that are not listed", text::grouped(omitted))
            } else {
                String::new()
            };
            let count = format!("{}{cut} {what}", state.files.count);
            ("Files", count.trim_end().to_owned(), state.files.sort.name())
        }
        Pane::Packages => (
            "Packages",
            of(state.packages.rows.len(), contents.packages.len()),
            state.packages.sort.name(),
        ),
        Pane::Findings => {
            let all = contents.levels().iter().sum();
            ("Findings", of(state.findings.rows.len(), all), state.findings.sort.name())
        }
    };
    let is_focused = state.focus == pane;
    let (rule, style) = if is_focused { ("━", theme.focus()) } else { ("─", theme.faint()) };
    let said = format!("{rule}{rule} {name} {count} · {order} ");
    let said = text::shorten(&said, width);
    let rest = width.saturating_sub(text::width(&said));
    Line::styled(format!("{said}{}", rule.repeat(rest)), style)
}
