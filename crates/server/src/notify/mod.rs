//! Tells people what has changed: one message a cause, however many images it is in.
//!
//! ```text
//! events of findings → causes (weakness × package × distribution) → those not told yet
//!   → one job each → a channel, tried again until it goes well
//! ```
//! A new kind of channel is one file with a unit struct that implements [`Channel`], and one line in
//! [`ALL`].
#![allow(clippy::indexing_slicing, reason = "fields of an object that is made right here")]

mod alertmanager;
mod email;
mod message;
mod pagerduty;
mod quiet;
mod round;
mod signature;
mod slack;
mod syslog;
mod teams;
mod web;
mod webhook;

use async_trait::async_trait;
use serde_json::Value;

pub use message::{Cause, Message};
pub use quiet::Quiet;
pub use round::round;
pub use signature::signature;
pub use web::Web;

use crate::error::{Error, Result};

/// How messages leave.
#[async_trait]
pub trait Channel: Send + Sync + std::fmt::Debug {
    /// What the kind is called.
    fn kind(&self) -> &'static str;

    /// Settings that must be there, and what they are.
    fn settings(&self) -> &'static [Setting];

    /// Sends a message.
    ///
    /// # Errors
    /// [`Error::Refused`] where it makes no sense to try again.
    async fn send(&self, web: &Web, settings: &Value, message: &Message) -> Result<()>;
}

/// A setting of a channel.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// What it is called.
    pub name: &'static str,
    /// Whether it must be there.
    pub is_needed: bool,
    /// Whether nobody is shown it again.
    pub is_secret: bool,
}

impl Setting {
    const fn needed(name: &'static str) -> Self {
        Self { name, is_needed: true, is_secret: false }
    }

    const fn secret(name: &'static str) -> Self {
        Self { name, is_needed: true, is_secret: true }
    }

    const fn optional(name: &'static str) -> Self {
        Self { name, is_needed: false, is_secret: false }
    }

    const fn optional_secret(name: &'static str) -> Self {
        Self { name, is_needed: false, is_secret: true }
    }
}

/// The registry.
pub const ALL: &[&dyn Channel] = &[
    &alertmanager::Alertmanager,
    &email::Email,
    &pagerduty::PagerDuty,
    &slack::Slack,
    &syslog::Syslog,
    &teams::Teams,
    &webhook::Webhook,
];

/// The channel of a kind.
pub fn channel(kind: &str) -> Result<&'static dyn Channel> {
    ALL.iter().copied().find(|it| it.kind() == kind).ok_or_else(|| {
        let all: Vec<&str> = ALL.iter().map(|it| it.kind()).collect();
        Error::Refused(format!("`kind` is `{kind}`: expected one of {}", all.join(", ")))
    })
}

/// What stands in place of a secret.
pub const HIDDEN: &str = "********";

/// Settings as they may be shown.
pub fn without_secrets(channel: &dyn Channel, settings: &Value) -> Value {
    let mut shown = settings.clone();
    for setting in channel.settings().iter().filter(|it| it.is_secret) {
        if let Some(value) = shown.get_mut(setting.name) {
            *value = HIDDEN.into();
        }
    }
    shown
}

/// Settings that were shown and came back: what was hidden is as it was.
pub fn with_secrets(channel: &dyn Channel, mut settings: Value, known: &Value) -> Value {
    for setting in channel.settings().iter().filter(|it| it.is_secret) {
        if settings.get(setting.name).and_then(Value::as_str) == Some(HIDDEN) {
            settings[setting.name] = known.get(setting.name).cloned().unwrap_or_default();
        }
    }
    settings
}

/// Says what is wrong with the settings of a channel.
pub fn check(channel: &dyn Channel, settings: &Value) -> Result<()> {
    let Some(given) = settings.as_object() else {
        return Err(Error::Refused("`settings` is no object".into()));
    };
    let kind = channel.kind();
    for setting in channel.settings().iter().filter(|it| it.is_needed) {
        if given.get(setting.name).is_none_or(|it| it.is_null() || it.as_str() == Some("")) {
            return Err(Error::Refused(format!("`{kind}` needs the setting `{}`", setting.name)));
        }
    }
    let known = |name: &String| channel.settings().iter().any(|it| it.name == name);
    if let Some(name) = given.keys().find(|name| !known(name)) {
        let all: Vec<&str> = channel.settings().iter().map(|it| it.name).collect();
        return Err(Error::Refused(format!(
            "`{kind}` has no setting `{name}`; it has {}",
            all.join(", ")
        )));
    }
    Ok(())
}

/// A setting that is text.
fn text<'s>(settings: &'s Value, name: &str) -> &'s str {
    settings.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_is_never_shown_and_not_lost_when_it_comes_back_hidden() {
        let slack = channel("slack").unwrap();
        let settings = json!({"url": "https://hooks.example/T/B/secret"});
        let shown = without_secrets(slack, &settings);
        assert_eq!(shown, json!({"url": HIDDEN}));
        assert_eq!(with_secrets(slack, shown, &settings), settings);
    }

    #[test]
    fn what_is_missing_and_what_is_unknown_are_told_by_name() {
        let slack = channel("slack").unwrap();
        let refused = |settings: Value| check(slack, &settings).unwrap_err().to_string();
        assert_eq!(refused(json!({})), "`slack` needs the setting `url`");
        assert!(refused(json!({"url": "x", "colour": 1})).contains("no setting `colour`"));
        assert!(channel("fax").unwrap_err().to_string().contains("pagerduty, slack"));
    }
}
