//! PagerDuty: an incident a cause, which is over when the cause is.
//!
//! Source: <https://developer.pagerduty.com/docs/events-api-v2-overview>.
#![allow(clippy::indexing_slicing, reason = "fields of an object that is made right here")]

use async_trait::async_trait;
use plimsoll_model::Severity;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{Channel, Message, Setting, Web, text};
use crate::error::Result;

const URL: &str = "https://events.pagerduty.com/v2/enqueue";

/// The channel.
#[derive(Debug)]
pub(super) struct PagerDuty;

#[async_trait]
impl Channel for PagerDuty {
    fn kind(&self) -> &'static str {
        "pagerduty"
    }

    fn settings(&self) -> &'static [Setting] {
        const { &[Setting::secret("routing_key"), Setting::optional("url")] }
    }

    async fn send(&self, web: &Web, settings: &Value, message: &Message) -> Result<()> {
        let body = body(text(settings, "routing_key"), message).to_string();
        let url = Some(text(settings, "url")).filter(|url| !url.is_empty()).unwrap_or(URL);
        web.post(url, HeaderMap::new(), "application/json", body).await
    }
}

fn body(routing_key: &str, message: &Message) -> Value {
    let action = if message.is_open { "trigger" } else { "resolve" };
    let severity = match message.severity {
        Severity::Critical => "critical",
        Severity::High => "error",
        Severity::Medium | Severity::Unknown => "warning",
        Severity::Low | Severity::Negligible => "info",
    };
    let mut said = json!({
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": dedup_key(&message.key),
        "payload": {
            "summary": message.title.chars().take(1_000).collect::<String>(),
            "source": "plimsoll",
            "severity": severity,
            "component": message.cause.as_ref().map(|it| it.package.clone()),
            "group": message.cause.as_ref().map(|it| it.base.clone()),
            "class": message.cause.as_ref().map(|it| it.weakness.clone()),
            "custom_details": {
                "summary": message.summary,
                "advice": message.advice(),
                "images": message.images,
                "examples": message.examples,
                "exploited": message.exploited,
            },
        },
    });
    if !message.link.is_empty() {
        said["links"] = json!([{"href": message.link, "text": "Plimsoll"}]);
    }
    said
}

/// A key may have 255 characters.
fn dedup_key(key: &str) -> String {
    format!("plimsoll {key}").chars().take(255).collect()
}
