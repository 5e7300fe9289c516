//! Prometheus' Alertmanager, which groups, silences and routes by its own rules.
//!
//! Source: <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>.
#![allow(clippy::indexing_slicing, reason = "fields of an object that is made right here")]

use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::{Channel, Message, Setting, Web, text};
use crate::error::{Error, Result};
use crate::moment::{self, now};

/// How long an alert stands unless it is taken back.
const STANDS: i64 = 30 * 24 * 60 * 60 * 1000;

/// The channel.
#[derive(Debug)]
pub(super) struct Alertmanager;

#[async_trait]
impl Channel for Alertmanager {
    fn kind(&self) -> &'static str {
        "alertmanager"
    }

    fn settings(&self) -> &'static [Setting] {
        const { &[Setting::needed("url"), Setting::optional_secret("token")] }
    }

    async fn send(&self, web: &Web, settings: &Value, message: &Message) -> Result<()> {
        let url = format!("{}/api/v2/alerts", text(settings, "url").trim_end_matches('/'));
        let mut headers = HeaderMap::new();
        let token = text(settings, "token");
        if !token.is_empty() {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|_| Error::Refused("`token` cannot be sent".into()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        web.post(&url, headers, "application/json", body(message).to_string()).await
    }
}

fn body(message: &Message) -> Value {
    let time = |at| moment::timestamp(at).to_string();
    let is_finding = message.cause.as_ref().is_some_and(|cause| cause.key() == message.key);
    let mut labels = json!({
        "alertname": if is_finding { "PlimsollFinding" } else { "PlimsollNotice" },
        "severity": message.severity.name(),
    });
    if let Some(cause) = &message.cause {
        labels["weakness"] = json!(cause.weakness);
        labels["package"] = json!(cause.package);
        labels["kind"] = json!(cause.kind);
        if !cause.base.is_empty() {
            labels["base"] = json!(cause.base);
        }
    }
    if !is_finding {
        labels["notice"] = json!(message.key);
    }
    let mut alert = json!({
        "labels": labels,
        "annotations": {
            "summary": message.title,
            "description": message.summary,
            "advice": message.advice(),
            "images": message.images.to_string(),
        },
        "endsAt": time(if message.is_open { now().saturating_add(STANDS) } else { now() }),
    });
    if !message.link.is_empty() {
        alert["generatorURL"] = json!(message.link);
    }
    json!([alert])
}
