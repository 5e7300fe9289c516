//! A row of the pane of files.

use plimsoll_model::{FileKind, ListedFile};
use plimsoll_report::text;
use ratatui::style::Style;
use ratatui::text::Line;

use super::contents::Contents;
use super::files::Files;
use super::row::Row;
use super::theme::Theme;
use super::tree::Change;

/// From this width on modes and owners have room.
const WIDE: usize = 54;

pub(super) fn head(width: usize, theme: Theme) -> Line<'static> {
    let faint = theme.faint();
    let mut row = Row::new(width).put("  ".into(), faint);
    if width >= WIDE {
        row = row.cell(10, "mode", faint).right(9, "owner", faint);
    }
    row.right(SIZE, "size", faint).last("name", faint).line()
}

const SIZE: usize = 7;

pub(super) fn line(
    files: &Files,
    row: usize,
    contents: &Contents,
    width: usize,
    theme: Theme,
) -> Line<'static> {
    let Some(place) = files.rows.get(row) else { return Line::default() };
    let Some(node) = files.tree.node(place.node) else { return Line::default() };
    let stored = files.stored(place.node, contents);
    let style = theme.change(node.change);
    let sign = match node.change {
        Change::None if node.is_touched => "· ",
        Change::None => "  ",
        Change::Added => "+ ",
        Change::Changed => "~ ",
        Change::Removed => "- ",
    };
    let mut cells = Row::new(width).put(sign.into(), style);
    if width >= WIDE {
        let owner = stored.map(|file| format!("{}:{}", file.uid, file.gid)).unwrap_or_default();
        cells = cells.cell(10, &mode(stored, node.is_folder), theme.faint());
        cells = cells.right(9, &owner, theme.faint());
    }
    cells = cells.right(SIZE, &text::bytes(files.size(node)), Style::new());
    // However deep a file lies, half of the room is for its name.
    let indent = place.depth.saturating_mul(2).min(cells.rest() / 2);
    let mark = match (node.children.is_empty(), files.is_open(place.node)) {
        (true, _) => "  ",
        (false, true) => "▾ ",
        (false, false) => "▸ ",
    };
    let slash = if node.is_folder { "/" } else { "" };
    let link = stored.filter(|file| !file.link.is_empty());
    let link = link.map(|file| format!(" → {}", file.link)).unwrap_or_default();
    cells
        .put(format!("{}{mark}", " ".repeat(indent)), Style::new())
        .last(&format!("{}{slash}{link}", node.name), style)
        .line()
}

/// `drwxr-xr-x`, with the letters of `ls -l`.
pub(super) fn mode(stored: Option<&ListedFile>, is_folder: bool) -> String {
    let Some(file) = stored else { return if is_folder { "d" } else { "" }.into() };
    let kind = match file.kind {
        FileKind::Folder => 'd',
        FileKind::Symlink => 'l',
        FileKind::HardLink => 'h',
        FileKind::Special => 's',
        _ => '-',
    };
    let mut letters = String::from(kind);
    // Read, write and execute for owner, group and others; the bit that changes the last letter.
    for (shift, special, set, unset) in
        [(6, 0o4000, 's', 'S'), (3, 0o2000, 's', 'S'), (0, 0o1000, 't', 'T')]
    {
        let bits = file.mode >> shift;
        letters.push(if bits & 4 != 0 { 'r' } else { '-' });
        letters.push(if bits & 2 != 0 { 'w' } else { '-' });
        letters.push(match (bits & 1 != 0, file.mode & special != 0) {
            (true, true) => set,
            (false, true) => unset,
            (true, false) => 'x',
            (false, false) => '-',
        });
    }
    letters
}
