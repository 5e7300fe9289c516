//! `plimsoll trust status`: which roots count, and how old they are.

use std::io::Write as _;

use plimsoll_model::Timestamp;

use crate::clock;
use crate::exit::Outcome;
use crate::output;
use crate::trust::{BUILT_IN_OF, Kept, Source};

/// Say which trusted roots count, where they come from and how old they are
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 fresh or built in, 4 a fetched root is past its time.")]
pub(super) struct Status {}

impl Status {
    pub(super) fn run(self) -> anyhow::Result<Outcome> {
        let Self {} = self;
        let now = clock::now();
        let mut out = output::stdout();
        let mut outcome = Outcome::Clean;
        for name in ["sigstore", "github"] {
            let kept = Kept::named(name);
            let (Some(source), Some(root)) = (kept.source()?, kept.root()?) else {
                let built_in = match name {
                    "sigstore" => format!("built in, of {BUILT_IN_OF} ({})", age(BUILT_IN_OF, now)),
                    _ => "none; `plimsoll trust update --of github` fetches it".into(),
                };
                writeln!(out, "{name}: {built_in}")?;
                continue;
            };
            let anchor = source.anchor.as_deref().unwrap_or("a root of one's own");
            writeln!(out, "{name}: from {}, begun at {anchor}", source.mirror)?;
            writeln!(
                out,
                "  root {} until {}, {} of {} keys",
                root.version, root.expires, root.threshold, root.keys
            )?;
            writeln!(out, "  {}", freshness(&source, now))?;
            writeln!(out, "  kept in {}", kept.folder().display())?;
            if source.fresh_until.is_none_or(|until| until <= now) {
                outcome = Outcome::Gate(4);
            }
        }
        Ok(outcome)
    }
}

fn freshness(source: &Source, now: Timestamp) -> String {
    match (source.updated, source.fresh_until) {
        (Some(updated), Some(until)) if now < until => {
            format!("updated {updated}, fresh until {until}")
        }
        (Some(updated), Some(until)) => format!("updated {updated}, STALE since {until}"),
        _ => "never updated".into(),
    }
}

/// How many days ago a date was.
fn age(date: &str, now: Timestamp) -> String {
    let days = date.parse::<Timestamp>().map_or(0, |then| then.days_until(now));
    format!("{} days old", days.max(0))
}
