//! From the spool into the store, in batches.

use std::collections::BTreeMap;

use crate::app::App;
use crate::error::{Error, Result};
use crate::moment::now;
use crate::store::{alerts, settings};

use super::{Alert, Counts};

/// Bytes of a batch.
const BATCH: usize = 1 << 20;

/// Stores everything that waits, and says how many alerts it were.
///
/// # Errors
/// Where the store is away; what was not stored stays in the spool.
pub async fn drain(app: &App) -> Result<u64> {
    let spool = &app.intake.spool;
    let name = format!("runtime.spool.{}", spool.id());
    let said = settings::value(&mut *app.store.read().await?, &name).await?;
    let mut place: u64 = said.and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut stored = 0_u64;
    loop {
        let (lines, next) =
            spool.read(place, BATCH).map_err(|error| Error::Spool(error.to_string()))?;
        if next == place || lines.is_empty() {
            spool.drained(place).map_err(|error| Error::Spool(error.to_string()))?;
            return Ok(stored);
        }
        let at = now();
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        // They were looked at when they came, so none is left out unless the file was touched.
        let batch: Vec<Alert> = lines.filter_map(|line| Alert::parse(line, at).ok()).collect();
        let mut write = app.store.write().await?;
        alerts::add(&mut write, &batch).await?;
        settings::set(&mut write, &name, &next.to_string()).await?;
        write.commit().await?;
        let mut counts: BTreeMap<(&str, &str, &str), u64> = BTreeMap::new();
        for alert in &batch {
            *counts.entry((alert.priority, &alert.rule, &alert.source)).or_default() += 1;
        }
        for ((priority, rule, source), count) in counts {
            app.metrics.estate.alerted(priority, rule, source, count);
        }
        for counts in batch.iter().filter_map(Counts::of) {
            app.metrics.estate.saw(counts.events, &counts.lost);
        }
        stored += batch.len() as u64;
        place = next;
        spool.drained(place).map_err(|error| Error::Spool(error.to_string()))?;
    }
}
