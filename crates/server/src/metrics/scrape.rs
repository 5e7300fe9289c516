//! What is looked up when somebody asks.

use prometheus_client::encoding::text::encode;

use super::{MAX_SERIES, Metrics, labels};
use crate::app::App;
use crate::error::{Error, Result};
use crate::moment;
use crate::store::{components, findings, images};

impl Metrics {
    /// Everything as text.
    pub async fn text(&self, app: &App) -> Result<String> {
        let mut read = app.store.read().await?;
        self.images.set(images::count(&mut read).await?);
        self.components.set(components::count(&mut read).await?);
        let alike = findings::tally(&mut read).await?;
        drop(read);
        self.findings.clear();
        for it in alike.iter().take(MAX_SERIES) {
            let severity = findings::severity_of(it.severity);
            let of = [
                ("severity", severity.name()),
                ("fix_state", it.fix_state.as_str()),
                ("kind", it.kind.as_str()),
            ];
            self.findings.get_or_create(&labels(&of)).set(it.count);
        }
        let now = moment::now();
        let depth = app.queue.depth().await?;
        self.queue_depth.clear();
        for handler in crate::jobs::ALL {
            self.queue_depth.get_or_create(&labels(&[("kind", handler.kind())])).set(0);
        }
        for it in &depth {
            self.queue_depth.get_or_create(&labels(&[("kind", it.kind.as_str())])).set(it.jobs);
        }
        let oldest = depth.iter().map(|it| it.oldest).min().unwrap_or(now);
        self.queue_oldest.set(now.saturating_sub(oldest) / 1000);
        self.feed_age.clear();
        self.feed_records.clear();
        for feed in app.advisories.current().database.data().feeds.iter().take(MAX_SERIES) {
            let of = labels(&[("feed", feed.name.as_str())]);
            if let Some(newest) = feed.newest {
                let age = now.saturating_sub(moment::of(newest)) / 1000;
                self.feed_age.get_or_create(&of).set(age.max(0));
            }
            self.feed_records
                .get_or_create(&of)
                .set(i64::try_from(feed.records).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(|_| Error::Damaged("a metric"))?;
        Ok(text)
    }
}
