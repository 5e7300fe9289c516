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
mod clair;
pub mod concerns;
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

use crate::app::App;
use crate::auth::seal::Seal;
use crate::error::{Error, Result};
use crate::store::notifiers::Notifier;

/// How messages leave.
#[async_trait]
pub trait Channel: Send + Sync + std::fmt::Debug {
    /// What the kind is called.
    fn kind(&self) -> &'static str;

    /// Settings that must be there, and what they are.
    fn settings(&self) -> &'static [Setting];

    /// Whether it is told causes and what else stands; else it is told things of its own.
    fn takes_messages(&self) -> bool {
        true
    }

    /// Pushes a job for each thing that a notifier of its kind has to be told of since the last time; says
    /// how many.
    async fn round(&self, app: &App, notifier: &Notifier) -> Result<usize> {
        round::of_causes(app, notifier).await
    }

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
    &clair::Clair,
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

/// What a secret is sealed for: the setting of a channel, and where it is sent. Whoever changes where a
/// channel leads to cannot have a secret sent there that they do not know.
fn purpose(channel: &dyn Channel, settings: &Value, name: &str) -> String {
    let of = |name: &str| channel.settings().iter().any(|it| it.name == name && !it.is_secret);
    let place = ["url", "host"].into_iter().find(|name| of(name));
    let place = place.map_or("", |name| text(settings, name));
    format!("notifier {} {name} {place}", channel.kind())
}

/// Settings as they are stored: secrets are sealed. What was shown hidden, and came back so, is as it
/// was in `known`, which is as stored.
///
/// # Errors
/// Where a secret that nobody gave again would be sent elsewhere than before.
pub fn sealed(
    channel: &dyn Channel,
    seal: &Seal,
    mut settings: Value,
    known: Option<&Value>,
) -> Result<Value> {
    for setting in channel.settings().iter().filter(|it| it.is_secret) {
        let given = text(&settings, setting.name).to_owned();
        if given.is_empty() {
            continue;
        }
        let purpose = purpose(channel, &settings, setting.name);
        let stored = if given == HIDDEN {
            let before = known.map_or("", |known| text(known, setting.name));
            seal.unseal(&purpose, before).map_err(|_| {
                Error::Refused(format!(
                    "enter `{}` again: it is kept for another address only, or not at all",
                    setting.name
                ))
            })?;
            before.to_owned()
        } else {
            seal.seal(&purpose, &given)?
        };
        settings[setting.name] = stored.into();
    }
    Ok(settings)
}

/// Settings as a channel needs them, from how they are stored.
pub fn opened(channel: &dyn Channel, seal: &Seal, stored: &str) -> Result<Value> {
    let mut settings: Value =
        serde_json::from_str(stored).map_err(|_| Error::Damaged("a notifier"))?;
    for setting in channel.settings().iter().filter(|it| it.is_secret) {
        let sealed = text(&settings, setting.name).to_owned();
        if !sealed.is_empty() {
            let purpose = purpose(channel, &settings, setting.name);
            settings[setting.name] = seal.unseal(&purpose, &sealed)?.into();
        }
    }
    Ok(settings)
}

/// Sealed settings under another key.
pub(crate) fn sealed_anew(kind: &str, old: &Seal, new: &Seal, stored: &str) -> Result<String> {
    let channel = channel(kind)?;
    let settings = opened(channel, old, stored)?;
    Ok(sealed(channel, new, settings, None)?.to_string())
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
    fn a_secret_is_never_shown_not_stored_as_it_is_and_not_lost_when_it_comes_back_hidden() {
        let folder = tempfile::tempdir().unwrap();
        let seal = Seal::open(&folder.path().join("secret.key")).unwrap();
        let slack = channel("slack").unwrap();
        let settings = json!({"url": "https://hooks.example/T/B/secret"});
        let stored = sealed(slack, &seal, settings.clone(), None).unwrap();
        assert!(!stored.to_string().contains("hooks.example"), "{stored}");
        assert_eq!(opened(slack, &seal, &stored.to_string()).unwrap(), settings);
        let shown = without_secrets(slack, &stored);
        assert_eq!(shown, json!({"url": HIDDEN}));
        assert_eq!(sealed(slack, &seal, shown.clone(), Some(&stored)).unwrap(), stored);
        assert!(sealed(slack, &seal, shown, None).is_err());
    }

    #[test]
    fn a_secret_is_not_sent_to_another_address_than_it_was_given_for() {
        let folder = tempfile::tempdir().unwrap();
        let seal = Seal::open(&folder.path().join("secret.key")).unwrap();
        let channel = channel("alertmanager").unwrap();
        let given = json!({"url": "https://a.example", "token": "hunter2"});
        let stored = sealed(channel, &seal, given, None).unwrap();
        let moved = json!({"url": "https://b.example", "token": HIDDEN});
        let refused = sealed(channel, &seal, moved, Some(&stored)).unwrap_err().to_string();
        assert!(refused.contains("enter `token` again"), "{refused}");
        let mut bent = stored;
        bent["url"] = json!("https://b.example");
        assert!(opened(channel, &seal, &bent.to_string()).is_err());
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
