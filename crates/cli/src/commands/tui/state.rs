//! What a person sees and has chosen, and what keys do to it. No terminal is known here.

use plimsoll_model::Scan;
use plimsoll_report::text;

use super::contents::Contents;
use super::files::{Files, Wanted};
use super::findings::Findings;
use super::keys::Key;
use super::layers::Layers;
use super::list::Step;
use super::narrow::{Narrow, Pin};
use super::order::Order as _;
use super::packages::Packages;
use super::popup::{Content, Popup};
use super::search::Search;
use super::tree::Tree;
use super::{detail, fixes};
use crate::commands::explain::explained;

/// One of the four lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pane {
    Layers,
    Files,
    Packages,
    Findings,
}

impl Pane {
    pub(super) const ALL: [Self; 4] = [Self::Layers, Self::Files, Self::Packages, Self::Findings];

    fn away(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|pane| *pane == self).unwrap_or(0);
        Self::ALL.get((at + by) % Self::ALL.len()).copied().unwrap_or(self)
    }

    /// The pane that stands to the left or the right of it.
    fn beside(self, is_right: bool) -> Self {
        match (self, is_right) {
            (Self::Layers, true) => Self::Packages,
            (Self::Files, true) => Self::Findings,
            (Self::Packages, false) => Self::Layers,
            (Self::Findings, false) => Self::Files,
            (pane, _) => pane,
        }
    }
}

/// What a key leads to outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// It goes on.
    On,
    /// The person leaves.
    Quit,
    /// The person stops the program for a while, as by Ctrl-Z.
    Suspend,
}

/// Everything there is to show.
pub(super) struct State {
    pub(super) contents: Contents,
    pub(super) focus: Pane,
    pub(super) layers: Layers,
    pub(super) files: Files,
    pub(super) packages: Packages,
    pub(super) findings: Findings,
    /// What was chosen, the last at the end; one of a kind.
    pub(super) pins: Vec<Pin>,
    pub(super) only_fixable: bool,
    /// Only what the chosen layer does itself.
    pub(super) only_layer: bool,
    /// The pane that has the focus is shown alone.
    pub(super) is_alone: bool,
    pub(super) search: Search,
    pub(super) popup: Option<Popup>,
    /// What the last key could not do.
    pub(super) message: Option<String>,
}

impl State {
    /// All of a scan, nothing chosen.
    pub(super) fn new(scan: Scan) -> Self {
        let contents = Contents::of(scan);
        let layers = Layers::of(&contents);
        let mut state = Self {
            contents,
            focus: Pane::Layers,
            layers,
            files: Files::default(),
            packages: Packages::default(),
            findings: Findings::default(),
            pins: Vec::new(),
            only_fixable: false,
            only_layer: false,
            is_alone: false,
            search: Search::default(),
            popup: None,
            message: None,
        };
        state.stack();
        state
    }

    /// The scan, when all has been seen.
    pub(super) fn into_scan(self) -> Scan {
        self.contents.scan
    }

    /// What a key does.
    pub(super) fn press(&mut self, key: Key) -> Flow {
        self.message = None;
        match key {
            Key::Ctrl('c') => return Flow::Quit,
            Key::Ctrl('z') => return Flow::Suspend,
            _ if self.search.is_typed => self.type_search(key),
            _ if self.popup.is_some() => self.press_popup(key),
            Key::Char('q') => return Flow::Quit,
            _ => self.press_pane(key),
        }
        Flow::On
    }

    fn press_pane(&mut self, key: Key) {
        if let Some(step) = step(key) {
            return self.step(step);
        }
        match key {
            Key::Tab => self.focus = self.focus.away(1),
            Key::BackTab => self.focus = self.focus.away(3),
            Key::Char(digit @ '1'..='4') => {
                let at = usize::from(u8::try_from(digit).unwrap_or(b'1').saturating_sub(b'1'));
                self.focus = Pane::ALL.get(at).copied().unwrap_or(self.focus);
            }
            Key::Left | Key::Char('h') if self.focus == Pane::Files => self.files.fold(),
            Key::Right | Key::Char('l') if self.focus == Pane::Files => self.files.unfold(),
            Key::Left | Key::Char('h') => self.focus = self.focus.beside(false),
            Key::Right | Key::Char('l') => self.focus = self.focus.beside(true),
            Key::Char('+') if self.focus == Pane::Files => self.files.unfold_all(true),
            Key::Char('-') if self.focus == Pane::Files => self.files.unfold_all(false),
            Key::Char(' ') => self.choose(),
            Key::Esc => self.widen(),
            Key::Enter => self.open(),
            Key::Char('e') => self.explain(),
            Key::Char('f') => self.open_changes(),
            Key::Char('s') => self.sort(),
            Key::Char('o') => {
                self.only_fixable = !self.only_fixable;
                self.narrow();
            }
            Key::Char('a') => {
                self.only_layer = !self.only_layer;
                if self.only_layer && self.layers.chosen().is_none() {
                    self.message =
                        Some("choose a layer first: all layers together change nothing".into());
                }
                self.narrow();
            }
            Key::Char('z') => self.is_alone = !self.is_alone,
            Key::Char('?') => self.popup = Some(detail::help()),
            Key::Char('/') => self.search = Search { text: String::new(), is_typed: true },
            Key::Char('n') => self.seek(true, false),
            Key::Char('N') => self.seek(false, false),
            _ => {}
        }
    }

    fn step(&mut self, step: Step) {
        match self.focus {
            Pane::Layers => {
                let before = self.layers.chosen();
                self.layers.list.step(step, self.layers.rows());
                if self.layers.chosen() != before {
                    self.stack();
                }
            }
            Pane::Files => self.files.list.step(step, self.files.rows.len()),
            Pane::Packages => self.packages.list.step(step, self.packages.rows.len()),
            Pane::Findings => self.findings.list.step(step, self.findings.rows.len()),
        }
    }

    /// Puts layers on top of each other up to the chosen one.
    pub(super) fn stack(&mut self) {
        let top = self.contents.listing.layers.len().saturating_sub(1);
        let chosen = self.layers.chosen();
        let tree = Tree::of(&self.contents.listing, chosen.unwrap_or(top), chosen.is_some());
        self.files.replace(tree);
        self.narrow();
    }

    /// What the lists are narrowed to.
    pub(super) fn narrowed(&self) -> Narrow<'_> {
        let layer = self.layers.chosen();
        Narrow { layer, pins: &self.pins, only_fixable: self.only_fixable }
    }

    /// Makes the lists anew.
    fn narrow(&mut self) {
        let layer = self.layers.chosen();
        let narrow = Narrow { layer, pins: &self.pins, only_fixable: self.only_fixable };
        self.packages.arrange(&self.contents, &narrow);
        self.findings.arrange(&self.contents, &narrow);
        let packages = narrow.packages_of_files(&self.contents);
        let files = packages.map(|packages| self.contents.files_of(&packages));
        let only_touched = self.only_layer && layer.is_some();
        self.files.show(&Wanted { files: files.as_deref(), only_touched });
    }

    /// Chooses the row that the cursor is on, or takes that back.
    fn choose(&mut self) {
        let pin = match self.focus {
            Pane::Layers => {
                self.message = Some("the layer under the cursor is chosen already".into());
                return;
            }
            Pane::Files => self.files.chosen().map(|at| Pin::File {
                path: self.files.tree.path(at),
                packages: self.files.packages_at(at, &self.contents),
            }),
            Pane::Packages => self.packages.chosen().map(Pin::Package),
            Pane::Findings => self.findings.chosen().map(Pin::Finding),
        };
        if let Some(pin) = pin {
            self.pin(pin);
        }
    }

    fn pin(&mut self, pin: Pin) {
        let is_there = self.pins.contains(&pin);
        self.pins.retain(|other| !other.is_like(&pin));
        if !is_there {
            self.pins.push(pin);
        }
        self.narrow();
    }

    /// Takes the last choice back.
    fn widen(&mut self) {
        if self.pins.pop().is_some() {
            self.narrow();
        } else if self.layers.chosen().is_some() {
            self.layers.list.cursor = 0;
            self.stack();
        } else if self.only_fixable || self.is_alone {
            self.only_fixable = false;
            self.is_alone = false;
            self.narrow();
        }
    }

    fn open(&mut self) {
        self.popup = match self.focus {
            Pane::Layers => match self.layers.chosen() {
                Some(at) => detail::layer(at, &self.contents),
                None => Some(detail::image(&self.contents)),
            },
            Pane::Files => {
                self.files.chosen().and_then(|at| detail::file(at, &self.files, &self.contents))
            }
            Pane::Packages => {
                self.packages.chosen().and_then(|at| detail::package(at, &self.contents))
            }
            Pane::Findings => {
                self.findings.chosen().and_then(|at| detail::finding(at, &self.contents))
            }
        };
    }

    /// Opens what `plimsoll explain` says of the finding, or of all findings of the package.
    fn explain(&mut self) {
        let chosen = match self.focus {
            Pane::Findings => self.findings.chosen().into_iter().collect(),
            Pane::Packages => self
                .packages
                .chosen()
                .and_then(|at| self.contents.package(at))
                .map(|(_, facts)| facts.findings.clone())
                .unwrap_or_default(),
            _ => Vec::new(),
        };
        let layers = &self.contents.scan.inventory.layers;
        let findings = chosen.iter().filter_map(|at| self.contents.finding(*at));
        let said: Vec<String> = findings.map(|finding| explained(finding, layers)).collect();
        if said.is_empty() {
            self.message = Some("there is no finding here to explain".into());
            return;
        }
        self.popup = Some(Popup::text("Why", &said.join("\n")));
    }

    /// Opens what one change clears of what is shown.
    fn open_changes(&mut self) {
        let changes = fixes::changes(&self.contents, &self.findings.rows);
        if changes.is_empty() {
            self.message = Some("nothing that is shown has a fix".into());
            return;
        }
        let fixable = self.findings.rows.iter().filter_map(|at| self.contents.finding(*at));
        let fixable = fixable.filter(|finding| finding.fix.nearest().is_some()).count();
        let shown = text::plural(self.findings.rows.len(), "finding");
        let title = format!("What one change clears · {shown}, {fixable} with a fix");
        self.popup = Some(Popup::changes(title, changes));
    }

    fn sort(&mut self) {
        match self.focus {
            Pane::Layers => {
                self.layers.sort = self.layers.sort.next();
                self.layers.arrange(&self.contents);
            }
            Pane::Files => {
                self.files.sort = self.files.sort.next();
                let at = self.files.chosen();
                self.files.arrange();
                if let Some(at) = at {
                    self.files.go_to(at);
                }
            }
            Pane::Packages => {
                self.packages.sort = self.packages.sort.next();
                self.narrow();
            }
            Pane::Findings => {
                self.findings.sort = self.findings.sort.next();
                self.narrow();
            }
        }
    }

    fn press_popup(&mut self, key: Key) {
        let Some(popup) = &mut self.popup else { return };
        // Of a text, drawing knows how many lines it has.
        let rows = match &popup.content {
            Content::Text(_) => usize::MAX,
            Content::Changes(changes) => changes.len(),
        };
        if let Some(step) = step(key) {
            popup.list.step(step, rows);
            return;
        }
        match (key, &popup.content) {
            (Key::Char(' ') | Key::Enter, Content::Changes(changes)) => {
                if let Some(change) = changes.get(popup.list.cursor) {
                    let pin =
                        Pin::Fix { name: change.name.clone(), findings: change.clears.clone() };
                    self.popup = None;
                    self.pin(pin);
                }
            }
            (Key::Char(' '), Content::Text(_)) => popup.list.step(Step::PageDown, rows),
            (Key::Char('e'), Content::Text(_)) => {
                self.popup = None;
                self.explain();
            }
            (Key::Esc | Key::Enter | Key::Char('q' | '?' | 'f'), _) => self.popup = None,
            _ => {}
        }
    }
}

/// How far a key moves a cursor, if it does.
fn step(key: Key) -> Option<Step> {
    Some(match key {
        Key::Up | Key::Char('k') => Step::Up,
        Key::Down | Key::Char('j') => Step::Down,
        Key::PageUp | Key::Ctrl('b' | 'u') => Step::PageUp,
        Key::PageDown | Key::Ctrl('f' | 'd') => Step::PageDown,
        Key::Home | Key::Char('g') => Step::First,
        Key::End | Key::Char('G') => Step::Last,
        _ => return None,
    })
}
