//! Wakes workers when there is work: in this process, or by NATS wherever they are.

use std::time::Duration;

use async_nats::jetstream::{AckKind, Message};
use tokio::sync::Notify;

use super::nats::Nats;

/// How long a worker waits where there is nothing to do, unless somebody says that there is.
const PAUSE: Duration = Duration::from_secs(1);

/// Says that there is work, and hears it.
#[derive(Debug, Default)]
pub struct Bell {
    here: Notify,
    /// Where workers of other processes are called by.
    pub nats: Option<Nats>,
}

/// Somebody said that there is work, or enough time has passed to look for some.
#[derive(Debug, Default)]
pub struct Call(Option<Message>);

impl Bell {
    /// One that rings across processes.
    pub fn by(nats: Nats) -> Self {
        Self { here: Notify::new(), nats: Some(nats) }
    }

    /// There is work. A call that does not come through is made good by the scheduler.
    pub async fn ring(&self) {
        if let Some(nats) = &self.nats {
            nats.call().await;
        } else {
            self.here.notify_waiters();
            self.here.notify_one();
        }
    }

    /// Waits until somebody calls, and for so long at most that a call that was lost is no matter.
    pub async fn next(&self) -> Call {
        if let Some(nats) = &self.nats {
            Call(nats.next().await)
        } else {
            let _ = tokio::time::timeout(PAUSE, self.here.notified()).await;
            Call(None)
        }
    }
}

impl Call {
    /// Whether somebody called.
    pub fn is_one(&self) -> bool {
        self.0.is_some()
    }

    /// Whoever heard it is at it. Who is away does not hear that, and calls another one, who finds that
    /// there is nothing to do.
    pub async fn progress(&self) {
        if let Some(message) = &self.0 {
            let _ = message.ack_with(AckKind::Progress).await;
        }
    }

    /// It was followed.
    pub async fn answered(self) {
        if let Some(message) = self.0 {
            let _ = message.ack().await;
        }
    }
}
