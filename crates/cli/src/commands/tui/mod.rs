//! `plimsoll tui`: look around in an image.

mod contents;
mod tree;

use crate::exit::Outcome;
/// Look around in an image
#[derive(Debug, clap::Args)]
pub(crate) struct Tui {}
impl Tui {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        Ok(Outcome::Clean)
    }
}
