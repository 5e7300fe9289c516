//! Watched registries that could not be looked at the last time.

use async_trait::async_trait;
use plimsoll_model::Severity;

use super::{Concern, key};
use crate::app::App;
use crate::error::Result;
use crate::notify::Message;
use crate::store::findings::severity_number;
use crate::store::notifiers::Notifier;
use crate::store::registries;

/// The concern.
#[derive(Debug)]
pub(super) struct Registries;

/// What is not seen is not known to be weak.
const SEVERITY: Severity = Severity::High;

#[async_trait]
impl Concern for Registries {
    fn topic(&self) -> &'static str {
        "registries"
    }

    async fn standing(&self, app: &App, notifier: &Notifier) -> Result<Vec<Message>> {
        if severity_number(SEVERITY) < notifier.severity {
            return Ok(Vec::new());
        }
        let all = registries::all(&mut *app.store.read().await?).await?;
        let failed = all.iter().filter(|it| {
            it.enabled && !it.error.is_empty() && it.walked.is_some_and(|at| at > notifier.created)
        });
        let message = |it: &registries::Registry| Message {
            key: key("registries", &it.name),
            severity: SEVERITY,
            title: format!("Registry `{}` cannot be looked at", it.name),
            summary: format!("{}: {}", it.host, it.error),
            ..Message::test(&app.web.link("/coverage"))
        };
        Ok(failed.map(message).collect())
    }

    fn over(&self, what: &str) -> String {
        format!("Registry `{what}` is looked at again")
    }
}
