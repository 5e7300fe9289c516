//! What is open over the panes, in the middle of the screen.

use plimsoll_report::text;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, BorderType, Clear};

use super::draw::put;
use super::popup::{Content, Popup, fold};
use super::row::Row;
use super::state::State;
use super::theme::{Theme, short};

/// Draws the popup of a state that has one.
pub(super) fn draw(state: &mut State, frame: &mut Frame<'_>, area: Rect, theme: Theme) {
    let width = area.width.saturating_sub(4).min(110).max(area.width.min(20));
    let most = area.height.saturating_sub(2).max(area.height.min(3));
    let Some(popup) = &mut state.popup else { return };
    let inner_width = usize::from(width.saturating_sub(4));
    let lines = match &popup.content {
        Content::Text(lines) => fold(lines, inner_width),
        Content::Changes(_) => Vec::new(),
    };
    let rows = match &popup.content {
        Content::Text(_) => lines.len(),
        Content::Changes(changes) => changes.len().saturating_add(2),
    };
    let height = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(2).min(most);
    let place = Rect {
        x: area.x.saturating_add(area.width.saturating_sub(width) / 2),
        y: area.y.saturating_add(area.height.saturating_sub(height) / 2),
        width,
        height,
    };
    frame.render_widget(Clear, place);
    let title = format!(" {} ", text::shorten(&popup.title, inner_width));
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.focus())
        .title(Line::styled(title, theme.strong()));
    frame.render_widget(block, place);
    let inner = Rect {
        x: place.x.saturating_add(2).min(area.right()),
        y: place.y.saturating_add(1).min(area.bottom()),
        width: place.width.saturating_sub(4),
        height: place.height.saturating_sub(2),
    };
    if matches!(popup.content, Content::Text(_)) {
        draw_text(popup, &lines, frame, inner, theme);
    } else {
        draw_changes(popup, frame, inner, theme);
    }
}

fn draw_text(popup: &mut Popup, lines: &[String], frame: &mut Frame<'_>, area: Rect, theme: Theme) {
    let height = usize::from(area.height);
    popup.list.cursor = popup.list.cursor.min(lines.len().saturating_sub(height));
    popup.list.page(height);
    let shown = lines.iter().skip(popup.list.cursor).take(height);
    for (line, y) in shown.zip(0..) {
        let style = if line.starts_with(' ') { Style::new() } else { theme.strong() };
        put(frame, area, y, &Line::styled(line.as_str(), style));
    }
}

fn draw_changes(popup: &mut Popup, frame: &mut Frame<'_>, area: Rect, theme: Theme) {
    let Content::Changes(changes) = &popup.content else { return };
    let width = usize::from(area.width);
    let faint = theme.faint();
    let head = Row::new(width).right(6, "clears", faint).right(7, "severe", faint);
    put(frame, area, 0, &head.cell(5, "worst", faint).last("change", faint).line());
    let height = usize::from(area.height.saturating_sub(2));
    for (row, y) in popup.list.window(changes.len(), height).zip(1..) {
        let Some(change) = changes.get(row) else { continue };
        let line = Row::new(width)
            .right(6, &change.clears.len().to_string(), Style::new())
            .right(7, &change.severe.to_string(), Style::new())
            .cell(5, short(Some(change.worst)), theme.level(Some(change.worst)))
            .last(&change.name, Style::new())
            .line();
        put(frame, area, y, &line);
        if row == popup.list.cursor {
            let place = Rect { y: area.y.saturating_add(y), height: 1, ..area };
            frame.buffer_mut().set_style(place, theme.cursor(true));
        }
    }
    let hint = "Space shows which findings it clears, Esc closes";
    put(frame, area, area.height.saturating_sub(1), &Line::styled(hint, faint));
}
