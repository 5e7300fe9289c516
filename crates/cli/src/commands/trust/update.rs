//! `plimsoll trust update`: fetches the newest trusted root.

use std::io::{self, Write as _};

use plimsoll_supply::tuf::Anchor;

use crate::clock;
use crate::exit::{Outcome, Usage};
use crate::output;
use crate::trust::{Kept, Source, Updated};

/// Fetch the newest trusted root, and check it by TUF
///
/// A failed update changes nothing that verification reads. Roots and versions that were verified
/// before the failure stay known, so that nobody can hand out older ones later.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll trust update
  plimsoll trust update --mirror /media/tuf
  plimsoll trust update --of github

Exit codes: 0 up to date, 2 wrong usage, 3 the update failed and nothing was changed.")]
pub(super) struct Update {
    /// URL or folder of the repository, for machines that reach only a copy
    #[arg(long, value_name = "URL|DIR")]
    mirror: Option<String>,

    /// Whose repository: Sigstore's public one or that of `trust init`, or GitHub's
    #[arg(long, value_name = "NAME", default_value = "sigstore", value_parser = ["sigstore", "github"])]
    of: String,
}

impl Update {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let kept = Kept::named(&self.of);
        let mut source = match kept.source()? {
            Some(source) => source,
            None => known(&self.of)?,
        };
        if let Some(mirror) = self.mirror {
            source.mirror = mirror;
        }
        let updated = kept.update(source, clock::now())?;
        print(&self.of, &updated)?;
        Ok(Outcome::Clean)
    }
}

fn known(name: &str) -> anyhow::Result<Source> {
    let anchor =
        Anchor::named(name).ok_or_else(|| Usage(format!("no repository is called `{name}`")))??;
    let anchor_name = Some(anchor.name);
    Ok(Source { mirror: anchor.url, anchor: anchor_name, updated: None, fresh_until: None })
}

/// Says what came of it.
pub(super) fn print(name: &str, updated: &Updated) -> io::Result<()> {
    let what = if updated.changed { "a new trusted root" } else { "nothing new" };
    let Updated { root_version, fresh_until, .. } = updated;
    let mut out = output::stdout();
    writeln!(out, "{name}: {what}, by root {root_version}; fresh until {fresh_until}")
}
