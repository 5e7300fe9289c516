//! Slack, by an incoming webhook.
//!
//! Source: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/>.

use async_trait::async_trait;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{Channel, Message, Setting, Web, text};
use crate::error::Result;

/// The channel.
#[derive(Debug)]
pub(super) struct Slack;

#[async_trait]
impl Channel for Slack {
    fn kind(&self) -> &'static str {
        "slack"
    }

    fn settings(&self) -> &'static [Setting] {
        const { &[Setting::secret("url")] }
    }

    async fn send(&self, web: &Web, settings: &Value, message: &Message) -> Result<()> {
        let body = body(message).to_string();
        web.post(text(settings, "url"), HeaderMap::new(), "application/json", body).await
    }
}

/// `&`, `<` and `>` are orders to Slack.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn body(message: &Message) -> Value {
    let title = plain(&message.title);
    let heading = if message.link.is_empty() {
        format!("*{title}*")
    } else {
        format!("*<{}|{title}>*", message.link)
    };
    let mut lines = vec![heading, plain(&message.summary), plain(&message.advice())];
    if message.exploited {
        lines.insert(1, ":rotating_light: known to be exploited".into());
    }
    lines.retain(|line| !line.is_empty());
    let section =
        |text: String| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
    let mut blocks = vec![section(lines.join("\n").chars().take(2_900).collect())];
    if !message.examples.is_empty() {
        let shown: String = plain(&message.shown_examples()).chars().take(1_900).collect();
        blocks.push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": shown}]}));
    }
    json!({"text": title, "blocks": blocks})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_an_advisory_is_an_order_to_slack() {
        let mut message = Message::test("https://plimsoll.example/");
        message.summary = "<!channel> & more".into();
        let text = body(&message)["blocks"][0]["text"]["text"].as_str().unwrap().to_owned();
        assert!(text.contains("&lt;!channel&gt; &amp; more"), "{text}");
        assert!(text.starts_with("*<https://plimsoll.example/|Plimsoll: a test message>*"));
    }
}
