//! A text is typed and looked for in the pane that has the focus.

use plimsoll_report::text;

use super::files::has;
use super::keys::Key;
use super::state::{Pane, State};

/// Text that is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) text: String,
    /// Whether it is still being typed.
    pub(super) is_typed: bool,
}

/// The longest text that is looked for.
const MAX_SEARCH: usize = 200;

impl State {
    /// What a key does while a text is typed.
    pub(super) fn type_search(&mut self, key: Key) {
        match key {
            Key::Esc => self.search = Search::default(),
            Key::Enter => {
                self.search.is_typed = false;
                self.seek(true, true);
            }
            Key::Backspace => self.search.is_typed = self.search.text.pop().is_some(),
            Key::Char(letter) if self.search.text.len() < MAX_SEARCH && !letter.is_control() => {
                self.search.text.push(letter);
            }
            _ => {}
        }
    }

    /// Goes to the next row that has the text in it, or to the one before.
    pub(super) fn seek(&mut self, is_forward: bool, from_here: bool) {
        let wanted = self.search.text.clone();
        if wanted.is_empty() {
            self.message = Some("nothing is looked for: type / and a text".into());
            return;
        }
        let is_found = match self.focus {
            Pane::Files => self.files.seek(&wanted, is_forward, from_here),
            pane => self.seek_row(pane, &wanted, is_forward, from_here),
        };
        if !is_found {
            self.message = Some(format!("nothing here has `{}`", text::one_line(&wanted)));
        }
    }

    fn seek_row(&mut self, pane: Pane, wanted: &str, is_forward: bool, from_here: bool) -> bool {
        let contents = &self.contents;
        let (list, rows) = match pane {
            Pane::Layers => (&self.layers.list, self.layers.rows()),
            Pane::Packages => (&self.packages.list, self.packages.rows.len()),
            _ => (&self.findings.list, self.findings.rows.len()),
        };
        let is_match = |row: usize| match pane {
            Pane::Layers => has(self.layers.said(row, contents), wanted),
            Pane::Packages => {
                let package = self.packages.rows.get(row).and_then(|at| contents.package(*at));
                package.is_some_and(|(package, _)| {
                    has(&package.name, wanted) || has(&package.version, wanted)
                })
            }
            _ => {
                let finding = self.findings.rows.get(row).and_then(|at| contents.finding(*at));
                finding.is_some_and(|finding| {
                    has(&finding.id, wanted)
                        || has(&finding.package.name, wanted)
                        || finding.aliases.iter().any(|alias| has(alias, wanted))
                })
            }
        };
        let Some(row) = list.seek(rows, is_forward, from_here, is_match) else { return false };
        match pane {
            Pane::Layers => {
                self.layers.list.cursor = row;
                self.stack();
            }
            Pane::Packages => self.packages.list.cursor = row,
            _ => self.findings.list.cursor = row,
        }
        true
    }
}
