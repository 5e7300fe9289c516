//! `plimsoll tui`: look around in an image, from its layers to its findings.
//!
//! A scan and the files of the image enter; nothing leaves but what is on the screen. `state` has what
//! is shown and what keys do to it and knows no terminal; `draw` and the files of the panes make
//! rows of it; `screen` alone has a terminal. All text of an image passes `plimsoll_report::text`.

mod contents;
mod detail;
mod draw;
mod draw_popup;
mod file_row;
mod files;
mod findings;
mod fixes;
mod keys;
mod layers;
mod list;
mod narrow;
mod order;
mod packages;
mod popup;
mod row;
mod screen;
mod search;
mod state;
#[cfg(test)]
mod tests;
mod theme;
mod tree;

use std::path::PathBuf;

use anyhow::Context;

use self::screen::{Happening, Screen};
use self::state::{Flow, State};
use self::theme::Theme;
use super::{explain, scan};
use crate::clock;
use crate::exit::Outcome;
use crate::style::stdout_style;
use crate::target::{Reading, tell_problems};

/// Look around in an image: layers, files, packages, findings and what clears them
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll tui nginx:latest
  plimsoll tui docker-archive:app.tar
  plimsoll tui dir:.
  NO_COLOR=1 plimsoll tui registry:registry.example/app:1.2

`?` tells all keys; Tab goes to the next pane, Space narrows to a row, Esc widens, `e` tells why, `f` what
clears most, `q` leaves.

Exit codes: 0 looked at, 2 wrong usage or no terminal, 3 failed or only partly read.")]
pub(crate) struct Tui {
    /// `nginx:latest` (docker, then the registry), `docker:`, `podman:`, `registry:`,
    /// `docker-archive:`, `oci-archive:`, `oci-dir:`, `dir:` or `rootfs:`
    #[arg(value_name = "REF")]
    reference: String,

    /// Folder of the advisory database
    #[arg(long, value_name = "DIR")]
    db: Option<PathBuf>,

    /// Judge what lock files in an image ask for as well, installed or not
    #[arg(long)]
    declared: bool,

    #[command(flatten)]
    reading: Reading,
}

impl Tui {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        screen::check()?;
        let database = scan::open_database(self.db.clone())?;
        let inventory = self.reading.files(&self.reference)?;
        tell_problems(&inventory);
        // A folder is a project, whose lock files say what will be installed.
        let declared = self.declared || inventory.artifact.source == "dir";
        let scan = scan::matched(inventory, &database, declared, clock::now())?;
        let is_partial = scan.inventory.is_partial();
        let mut state = State::new(scan);
        let theme = Theme { has_colour: stdout_style().colour };
        let ended = show(&mut state, theme);
        explain::remember(state.into_scan());
        if let Some(signal) = ended? {
            screen::die(signal);
        }
        Ok(if is_partial { Outcome::Partial } else { Outcome::Clean })
    }
}

/// Shows it until the person leaves; the signal, if one ended it.
fn show(state: &mut State, theme: Theme) -> anyhow::Result<Option<i32>> {
    let mut screen = Screen::enter()?;
    loop {
        screen.terminal.draw(|frame| draw::draw(state, frame, theme)).context("cannot draw")?;
        match screen.next() {
            Happening::Key(key) => {
                // What was typed ahead is drawn once.
                let mut next = Some(key);
                while let Some(key) = next {
                    match state.press(key) {
                        Flow::On => {}
                        Flow::Quit => return Ok(None),
                        Flow::Suspend => screen.suspend()?,
                    }
                    next = screen.more();
                }
            }
            Happening::Redraw => screen.redraw_all()?,
            Happening::Signal(signal) => return Ok(Some(signal)),
            Happening::Gone => return Ok(None),
        }
    }
}
