//! What is looked up when somebody asks.

use prometheus_client::encoding::{prometheus_text, text};

use prometheus_client::registry::Registry;

use super::limits::cut;
use super::{Metrics, labels};
use crate::app::App;
use crate::error::{Error, Result};
use crate::moment;
use crate::store::{components, findings};

/// In which form metrics are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// OpenMetrics, with exemplars.
    OpenMetrics,
    /// What Prometheus has always taken.
    Text,
}

impl Format {
    /// What an `Accept` asks for.
    pub fn of(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Self::OpenMetrics } else { Self::Text }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => prometheus_text::CONTENT_TYPE,
        }
    }

    pub(super) fn encode(self, registry: &Registry) -> Result<String> {
        let mut written = String::new();
        match self {
            Self::OpenMetrics => text::encode(&mut written, registry),
            Self::Text => prometheus_text::encode(&mut written, registry),
        }
        .map_err(|_| Error::Damaged("a metric"))?;
        Ok(written)
    }
}

impl Metrics {
    /// Looks up what the estate is like, which takes longer the more images there are; whoever
    /// scrapes gets what was looked up last.
    pub async fn measure(&self, app: &App) -> Result<()> {
        let mut memory = self.memory.lock().await;
        super::measure::measure(app, &self.estate, &mut memory).await
    }

    /// Everything as text.
    pub async fn text(&self, app: &App, format: Format) -> Result<String> {
        // Nobody looks while things are counted anew.
        let _gate = self.estate.gate.lock().await;
        let mut read = app.store.read().await?;
        self.components.set(components::count(&mut read).await?);
        let alike = findings::tally(&mut read).await?;
        drop(read);
        self.findings.clear();
        let (alike, rest) = cut(alike, self.limits.findings);
        self.estate.swallowed.inc_by(rest.len() as u64);
        if !rest.is_empty() {
            let of = [("severity", "other"), ("fix_state", "other"), ("kind", "other")];
            let count = rest.iter().map(|it| it.count).sum();
            self.findings.get_or_create(&labels(&of)).set(count);
        }
        for it in &alike {
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
        let current = app.advisories.current();
        let feeds = &current.database.data().feeds;
        let left_out = feeds.len().saturating_sub(self.limits.feeds);
        self.estate.swallowed.inc_by(left_out as u64);
        for feed in feeds.iter().take(self.limits.feeds) {
            let of = labels(&[("feed", feed.name.as_str())]);
            if let Some(newest) = feed.newest {
                let age = now.saturating_sub(moment::of(newest)) / 1000;
                self.feed_age.get_or_create(&of).set(age.max(0));
            }
            self.feed_records
                .get_or_create(&of)
                .set(i64::try_from(feed.records).unwrap_or(i64::MAX));
        }
        format.encode(&self.registry)
    }
}
