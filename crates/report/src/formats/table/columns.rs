//! Columns of the table: how wide each is, and how a row fills them.

use std::io::{self, Write};

use super::rows::Row;
use crate::style::{Role, Style};
use crate::text;

const GAP: &str = "  ";
/// Without a terminal a cell may be longer than its column, so that one long name does not
/// push all other rows apart.
const UNBOUNDED: usize = 40;
const NAME_LEAST: usize = 20;
const VERSION_LEAST: usize = 14;
const LAYER_LEAST: usize = 12;
const LAYER_MOST: usize = 24;
const TITLE_LEAST: usize = 18;
/// Up to here a title is worth more than the middle of a long package name.
const TITLE_WISHED: usize = 40;

/// The widths that suit the rows and the terminal.
#[derive(Debug)]
pub(super) struct Columns<'s> {
    style: &'s Style,
    severity: usize,
    id: usize,
    package: usize,
    installed: usize,
    fixed: usize,
    layer: usize,
    /// Where the line is too short for all: the rest goes to a second one.
    second_line: bool,
}

impl<'s> Columns<'s> {
    pub(super) fn fit<'r>(rows: impl Iterator<Item = &'r Row>, style: &'s Style) -> Self {
        let mut columns = Self {
            style,
            severity: "SEVERITY".len(),
            id: "ID".len(),
            package: "PACKAGE".len(),
            installed: "INSTALLED".len(),
            fixed: "FIXED".len(),
            layer: 0,
            second_line: false,
        };
        for row in rows {
            let grow = |column: &mut usize, cell: &str| *column = (*column).max(text::width(cell));
            grow(&mut columns.severity, row.severity.name());
            grow(&mut columns.id, &row.id);
            grow(&mut columns.package, &row.names());
            grow(&mut columns.installed, &row.installed);
            grow(&mut columns.fixed, &row.fixed);
            grow(&mut columns.layer, &row.layer);
        }
        if columns.layer > 0 {
            columns.layer = columns.layer.max("LAYER".len());
        }
        match style.columns() {
            None => columns.leave_unbounded(),
            Some(width) => columns.squeeze(width),
        }
        columns
    }

    fn leave_unbounded(&mut self) {
        for column in
            [&mut self.id, &mut self.package, &mut self.installed, &mut self.fixed, &mut self.layer]
        {
            *column = (*column).min(UNBOUNDED);
        }
    }

    fn squeeze(&mut self, width: usize) {
        self.id = self.id.min(24);
        let frame = self.severity + self.id + GAP.len() * 4;
        let layer = match self.layer.min(LAYER_LEAST) {
            0 => 0,
            columns => columns + GAP.len(),
        };
        let least = [
            frame,
            self.package.min(NAME_LEAST),
            self.installed.min(VERSION_LEAST),
            self.fixed.min(VERSION_LEAST),
            layer,
            TITLE_LEAST,
        ];
        self.second_line = least.iter().sum::<usize>() > width;
        if self.second_line {
            self.shrink(width.saturating_sub(frame), 8, 8);
            self.layer = self.layer.min(LAYER_MOST);
            return;
        }
        let room = |title: usize| width.saturating_sub(frame + layer + title);
        self.shrink(room(TITLE_WISHED), NAME_LEAST, usize::MAX);
        self.shrink(room(TITLE_LEAST), NAME_LEAST, VERSION_LEAST);
        let spare = room(TITLE_WISHED).saturating_sub(self.package + self.installed + self.fixed);
        self.layer = self.layer.min(LAYER_MOST).min(LAYER_LEAST + spare / 2);
    }

    /// Takes from the widest column until the three fit.
    fn shrink(&mut self, room: usize, name_least: usize, version_least: usize) {
        while self.package + self.installed + self.fixed > room {
            let widest = self.package.max(self.installed).max(self.fixed);
            if self.package == widest && self.package > name_least {
                self.package -= 1;
            } else if self.fixed >= self.installed && self.fixed > version_least {
                self.fixed -= 1;
            } else if self.installed > version_least {
                self.installed -= 1;
            } else if self.package > name_least {
                self.package -= 1;
            } else {
                return;
            }
        }
    }

    pub(super) fn head(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut line = [
            text::pad("SEVERITY", self.severity),
            text::pad("ID", self.id),
            text::pad("PACKAGE", self.package),
            text::pad("INSTALLED", self.installed),
            text::pad("FIXED", self.fixed),
        ]
        .join(GAP);
        if !self.second_line {
            if self.layer > 0 {
                line = line + GAP + &text::pad("LAYER", self.layer);
            }
            line = line + GAP + "TITLE";
        }
        writeln!(out, "{}", self.style.paint(Role::Faint, line.trim_end()))
    }

    pub(super) fn row(&self, row: &Row, out: &mut dyn Write) -> io::Result<()> {
        let level = row.severity.name().to_ascii_uppercase();
        let mut line = self.cell(Role::Level(row.severity), &level, self.severity);
        line += GAP;
        line += &self.cell(Role::Plain, &row.id, self.id);
        line += GAP;
        line += &self.cell(Role::Plain, &row.names(), self.package);
        line += GAP;
        line += &self.cell(Role::Plain, &row.installed, self.installed);
        line += GAP;
        line += &self.cell(row.fixed_role, &row.fixed, self.fixed);
        let width = self.style.columns();
        if self.second_line {
            let rest =
                self.rest(row, width.map(|width| width.saturating_sub(self.severity + GAP.len())));
            writeln!(out, "{}", line.trim_end())?;
            if !rest.is_empty() {
                writeln!(out, "{}{rest}", " ".repeat(self.severity + GAP.len()))?;
            }
            return Ok(());
        }
        let frame = self.severity + self.id + self.package + self.installed + self.fixed;
        let rest = self.rest(row, width.map(|width| width.saturating_sub(frame + GAP.len() * 5)));
        writeln!(out, "{}", format!("{line}{GAP}{rest}").trim_end())
    }

    /// Layer, marks and title within that many columns.
    fn rest(&self, row: &Row, columns: Option<usize>) -> String {
        let mut rest = String::new();
        let mut used = 0;
        if self.layer > 0 {
            rest += &self.cell(Role::Faint, &row.layer, self.layer);
            rest += GAP;
            used += self.layer + GAP.len();
        }
        let mut separator = "";
        if !row.loaded.is_empty() {
            let role = if row.loaded_rank == 0 { Role::Bad } else { Role::Faint };
            rest += &self.style.paint(role, &row.loaded);
            used += text::width(&row.loaded) + 3;
            separator = " · ";
        }
        if !row.marks.is_empty() {
            rest += separator;
            rest += &self.style.paint(Role::Bad, &row.marks);
            used += text::width(&row.marks) + 3;
            separator = " · ";
        }
        let room = columns.map(|columns| columns.saturating_sub(used));
        let title = room.map_or_else(|| row.title.clone(), |room| text::shorten(&row.title, room));
        if !title.is_empty() && room != Some(0) {
            rest += separator;
            rest += &title;
        }
        rest.trim_end().to_owned()
    }

    /// A cell in its colour, filled up outside of it.
    fn cell(&self, role: Role, text: &str, columns: usize) -> String {
        let shown = match self.style.width {
            None => text.to_owned(),
            Some(_) if role == Role::Faint => text::shorten(text, columns),
            Some(_) => text::shorten_middle(text, columns),
        };
        let padding = columns.saturating_sub(text::width(&shown));
        format!("{}{}", self.style.paint(role, &shown), " ".repeat(padding))
    }
}
