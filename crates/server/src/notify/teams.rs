//! Microsoft Teams, by a workflow that takes an adaptive card.
//!
//! Source: <https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>.
#![allow(clippy::indexing_slicing, reason = "fields of an object that is made right here")]

use async_trait::async_trait;
use plimsoll_model::Severity;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{Channel, Message, Setting, Web, text};
use crate::error::Result;

/// The channel.
#[derive(Debug)]
pub(super) struct Teams;

#[async_trait]
impl Channel for Teams {
    fn kind(&self) -> &'static str {
        "teams"
    }

    fn settings(&self) -> &'static [Setting] {
        const { &[Setting::secret("url")] }
    }

    async fn send(&self, web: &Web, settings: &Value, message: &Message) -> Result<()> {
        let body = body(message).to_string();
        web.post(text(settings, "url"), HeaderMap::new(), "application/json", body).await
    }
}

/// Brackets make a link in a card: nothing of an image or an advisory leads anywhere.
fn plain(text: &str) -> String {
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

fn body(message: &Message) -> Value {
    let colour = match (message.is_open, message.severity) {
        (false, _) => "good",
        (_, Severity::Critical | Severity::High) => "attention",
        (_, Severity::Medium) => "warning",
        _ => "default",
    };
    let block = |text: &str| json!({"type": "TextBlock", "text": plain(text), "wrap": true});
    let mut title = block(&message.title);
    title["weight"] = json!("bolder");
    title["color"] = json!(colour);
    let mut blocks = vec![title];
    let exploited = if message.exploited { "It is known to be exploited." } else { "" };
    for line in [exploited, &message.summary, &message.advice()] {
        if !line.is_empty() {
            blocks.push(block(line));
        }
    }
    if !message.examples.is_empty() {
        blocks.push(block(&format!("Images: {}", message.shown_examples())));
    }
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
    });
    if !message.link.is_empty() {
        card["actions"] = json!([{"type": "Action.OpenUrl", "title": "Open", "url": message.link}]);
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive", "content": card,
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_an_advisory_is_a_link_in_a_card() {
        let mut message = Message::test("");
        message.title = "[sign in](https://evil.example)".into();
        let card = body(&message);
        let title = &card["attachments"][0]["content"]["body"][0]["text"];
        assert_eq!(title, "\\[sign in\\](https://evil.example)");
    }
}
