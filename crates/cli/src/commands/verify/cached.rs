//! Images that passed, kept in a folder of the user's own for a while.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::PathBuf;
use std::time::Duration;

use plimsoll_model::Timestamp;
use plimsoll_supply::quorum::Passed;

use super::image::Part;
use super::print::signers;
use crate::exit::{Usage, tell};
use crate::{clock, duration, paths};

/// The largest file of a pass, in bytes.
const MAX_BYTES: u64 = 64 << 10;

/// How many files there may be before those that are too old are taken away.
const MANY: usize = 10_000;

/// Passes of before.
pub(super) struct Cache {
    folder: PathBuf,
    now: Timestamp,
    /// How long a pass may be used, in seconds.
    life: i64,
}

impl Cache {
    /// Passes of the last `life`. Whoever else may write to the folder could forge one, so then
    /// there is no cache.
    pub(super) fn open(life: Duration) -> Option<Self> {
        let folder = paths::cache_dir().join("verified");
        let own = || -> io::Result<bool> {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
            let about = fs::symlink_metadata(&folder)?;
            // Whoever makes a file now is the user that this runs as.
            let mine = tempfile::tempfile_in(&folder)?.metadata()?.uid();
            Ok(about.is_dir() && about.mode() & 0o022 == 0 && about.uid() == mine)
        };
        if !own().unwrap_or(false) {
            let shown = folder.display();
            tell(&format!("note: nothing is kept: `{shown}` is not a folder of this user alone"));
            return None;
        }
        let life = i64::try_from(life.as_secs()).unwrap_or(i64::MAX);
        let cache = Self { folder, now: clock::now(), life };
        cache.clear();
        Some(cache)
    }

    /// Who signed what has this key, where that passed not too long ago.
    pub(super) fn find(&self, key: &str) -> Option<Vec<String>> {
        let mut bytes = Vec::new();
        fs::File::open(self.folder.join(key)).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
        let passed: Passed = serde_json::from_slice(&bytes).ok()?;
        passed.holds(key, self.now, self.life).then_some(passed.signers)
    }

    /// Keeps a pass, unless it rests on what time it is.
    pub(super) fn keep(&self, key: &str, parts: &[Part]) {
        if parts.iter().any(|part| part.judgement.rests_on_clock || !part.judgement.verified) {
            return;
        }
        let signers = parts.iter().flat_map(|part| signers(&part.judgement)).collect();
        let passed = Passed { key: key.to_owned(), verified_at: self.now.as_unix(), signers };
        let write = || -> io::Result<()> {
            let mut partial = tempfile::NamedTempFile::new_in(&self.folder)?;
            partial.write_all(&serde_json::to_vec(&passed)?)?;
            partial.persist(self.folder.join(key)).map(drop).map_err(|error| error.error)
        };
        if let Err(error) = write() {
            tell(&format!("note: what was verified is not kept: {error}"));
        }
    }

    /// Takes away what is too old, once there is much.
    fn clear(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let entries: Vec<fs::DirEntry> = entries.flatten().collect();
        if entries.len() < MANY {
            return;
        }
        for entry in entries {
            let changed = entry.metadata().map(|about| about.mtime());
            let age = changed.map(|changed| self.now.as_unix().saturating_sub(changed));
            if age.is_ok_and(|age| age >= self.life) {
                // Another run may have taken it away.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// `90s`, `15m`, `1h`, `1d`; at most a week.
pub(super) fn life(text: &str) -> Result<Duration, Usage> {
    const WEEK: u64 = 7 * 24 * 3600;
    let wrong = || Usage(format!("`{text}` is no time to keep a pass: 90s, 15m, 1h, at most 7d"));
    let seconds = duration::seconds(text).filter(|seconds| (1..=WEEK).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::life;

    #[test]
    fn a_life_has_a_unit_and_an_end() {
        let seconds = |text: &str| life(text).ok().map(|life| life.as_secs());
        assert_eq!(
            (seconds("90s"), seconds("2h"), seconds("7d")),
            (Some(90), Some(7200), Some(604_800))
        );
        for wrong in ["", "h", "1", "0s", "8d", "-1s", "1é", "99999999999999999999d"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}
