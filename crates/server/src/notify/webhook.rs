//! Any program that takes JSON, signed if there is a secret.

use async_trait::async_trait;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;

use super::{Channel, Message, Setting, Web, signature, text};
use crate::error::{Error, Result};
use crate::moment::now;

/// The channel.
#[derive(Debug)]
pub(super) struct Webhook;

#[async_trait]
impl Channel for Webhook {
    fn kind(&self) -> &'static str {
        "webhook"
    }

    fn settings(&self) -> &'static [Setting] {
        const { &[Setting::needed("url"), Setting::optional_secret("secret")] }
    }

    async fn send(&self, web: &Web, settings: &Value, message: &Message) -> Result<()> {
        let refuse = |_| Error::Refused("the message cannot be sent".into());
        let body = serde_json::to_string(message).map_err(|_| Error::Damaged("a message"))?;
        let mut headers = HeaderMap::new();
        let secret = text(settings, "secret");
        if !secret.is_empty() {
            let time = (now() / 1000).to_string();
            let signed = signature(secret, &time, &body)?;
            headers.insert("x-plimsoll-timestamp", HeaderValue::from_str(&time).map_err(refuse)?);
            headers.insert("x-plimsoll-signature", HeaderValue::from_str(&signed).map_err(refuse)?);
        }
        web.post(text(settings, "url"), headers, "application/json", body).await
    }
}
