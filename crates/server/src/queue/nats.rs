//! JetStream of NATS as what calls workers: a message is a call to take the most urgent job.
//!
//! ```text
//! row of a job is committed → message → a worker takes the most urgent row → result and row are
//!   committed → message is acknowledged
//! ```
//! A message names no job: rows know which is most urgent, a stream knows only which is oldest. What is
//! not acknowledged in time is called again, so that a job whose worker was killed is done by another;
//! where calls are fewer than jobs that could be taken, the scheduler adds some; a call for which there
//! is no job is answered at once. Where NATS is away workers look for themselves.
//!
//! Source: <https://docs.nats.io/nats-concepts/jetstream>.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::consumer::{AckPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use async_nats::jetstream::{self, Context, Message};
use async_nats::{Client, ConnectOptions, Event, ServerAddr};
use futures_util::StreamExt;
use tokio::sync::Mutex as AsyncMutex;

use crate::error::{Error, Result};
use crate::store::without_password;

/// How long a call is waited for before a worker looks for itself.
const WAIT: Duration = Duration::from_secs(5);

/// How long somebody may be at a job without a sign of life; more than the lease of the job's row, so
/// that whoever is called next finds it free.
const SILENCE: Duration = Duration::from_secs(35);

/// How long it is left alone after an error.
const BREATH: Duration = Duration::from_secs(1);

/// Calls that may wait; more are not needed to keep workers busy.
const MOST: i64 = 1_000_000;

/// How many calls are added at a time.
const ADDED: u64 = 10_000;

/// A stream of calls.
#[derive(Debug)]
pub struct Nats {
    client: Client,
    context: Context,
    name: String,
    consumer: AsyncMutex<Option<PullConsumer>>,
    trouble: Arc<Mutex<Option<String>>>,
}

/// Servers and the name of the stream, of `nats://HOST:PORT[,…][/NAME]`.
fn parts(address: &str) -> Result<(Vec<ServerAddr>, String)> {
    let refused = |why: &str| {
        let shown = without_password(address);
        Error::Refused(format!("`{shown}` {why}: expected `nats://HOST:4222`"))
    };
    let (mut servers, mut name) = (Vec::new(), "plimsoll".to_owned());
    for one in address.split(',') {
        let (scheme, rest) = one.split_once("://").ok_or_else(|| refused("is no queue"))?;
        if !matches!(scheme, "nats" | "tls") {
            return Err(refused("is no queue"));
        }
        let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
        if !path.is_empty() {
            let is_name = path.len() <= 64
                && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            if !is_name {
                return Err(refused("names its stream by other signs than letters and digits"));
            }
            path.clone_into(&mut name);
        }
        let server = format!("{scheme}://{place}").parse::<ServerAddr>();
        servers.push(server.map_err(|_| refused("is no address"))?);
    }
    Ok((servers, name))
}

impl Nats {
    /// Connects, now or as soon as the server is there.
    pub async fn connect(address: &str) -> Result<Self> {
        let (servers, name) = parts(address)?;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let trouble = Arc::new(Mutex::new(None));
        let told = Arc::clone(&trouble);
        let options = ConnectOptions::new()
            .name("plimsoll")
            .retry_on_initial_connect()
            .connection_timeout(Duration::from_secs(5))
            .reconnect_delay_callback(|attempts| {
                Duration::from_millis(100 * u64::try_from(attempts.min(20)).unwrap_or(20))
            })
            .event_callback(move |event| {
                let text = match event {
                    Event::Connected => None,
                    other => Some(other.to_string()),
                };
                *told.lock().unwrap_or_else(PoisonError::into_inner) = text;
                std::future::ready(())
            });
        let client = options
            .connect(servers)
            .await
            .map_err(|error| Error::Queue(format!("`{}`: {error}", without_password(address))))?;
        let context = jetstream::new(client.clone());
        Ok(Self { client, context, name, consumer: AsyncMutex::default(), trouble })
    }

    fn subject(&self) -> String {
        format!("{}.jobs", self.name)
    }

    fn is_there(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// What is not well.
    ///
    /// # Errors
    /// What the server said, or why it is not reached.
    pub async fn check(&self) -> Result<()> {
        if !self.is_there() {
            let said = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
            return Err(Error::Queue(said.unwrap_or_else(|| "NATS is not reached".into())));
        }
        self.waiting().await.map(|_| ())
    }

    /// Calls a worker; where that is not possible, it is made good later.
    pub(super) async fn call(&self) {
        if self.is_there() {
            // Nobody waits for the answer: the row is there.
            let _ = self.client.publish(self.subject(), bytes::Bytes::new()).await;
        }
    }

    /// Calls of which nobody has heard yet.
    pub async fn waiting(&self) -> Result<u64> {
        let consumer = self.consumer().await?;
        match consumer.get_info().await {
            Ok(info) => Ok(info.num_pending),
            Err(error) => Err(self.failed(error).await),
        }
    }

    /// Sees to it that there are as many calls as jobs that could be taken; says how many were added.
    pub async fn fill(&self, jobs: u64) -> Result<u64> {
        let missing = jobs.saturating_sub(self.waiting().await?).min(ADDED);
        for _ in 0..missing {
            let sent = self.client.publish(self.subject(), bytes::Bytes::new()).await;
            sent.map_err(|error| Error::Queue(error.to_string()))?;
        }
        Ok(missing)
    }

    /// The next call; `None` where there was none for a while.
    pub(super) async fn next(&self) -> Option<Message> {
        if !self.is_there() {
            tokio::time::sleep(BREATH).await;
            return None;
        }
        if let Ok(found) = self.pull().await {
            found
        } else {
            // Health says why.
            tokio::time::sleep(BREATH).await;
            None
        }
    }

    async fn pull(&self) -> Result<Option<Message>> {
        let consumer = self.consumer().await?;
        let batch = consumer.batch().max_messages(1).expires(WAIT).messages().await;
        let mut batch = match batch {
            Ok(batch) => batch,
            Err(error) => return Err(self.failed(error).await),
        };
        match batch.next().await {
            None => Ok(None),
            Some(Ok(message)) => Ok(Some(message)),
            Some(Err(error)) => Err(self.failed(error).await),
        }
    }

    /// The stream may be gone: it is looked for anew.
    async fn failed(&self, error: impl std::fmt::Display) -> Error {
        *self.consumer.lock().await = None;
        Error::Queue(error.to_string())
    }

    async fn consumer(&self) -> Result<PullConsumer> {
        let mut known = self.consumer.lock().await;
        if let Some(consumer) = &*known {
            return Ok(consumer.clone());
        }
        let failed = |error: &dyn std::fmt::Display| Error::Queue(error.to_string());
        let stream = Config {
            name: self.name.clone(),
            description: Some("calls to workers of Plimsoll".into()),
            subjects: vec![self.subject()],
            retention: RetentionPolicy::WorkQueue,
            storage: StorageType::File,
            max_messages: MOST,
            discard: DiscardPolicy::New,
            ..Config::default()
        };
        let stream = self.context.get_or_create_stream(stream).await;
        let stream = stream.map_err(|error| failed(&error))?;
        let workers = pull::Config {
            durable_name: Some("workers".into()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: SILENCE,
            max_ack_pending: 100_000,
            ..pull::Config::default()
        };
        let consumer = stream.create_consumer(workers).await.map_err(|error| failed(&error))?;
        *known = Some(consumer.clone());
        Ok(consumer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_servers_and_maybe_the_name_of_a_stream() {
        let (servers, name) = parts("nats://a:4222,nats://b/estate").unwrap();
        let hosts: Vec<&str> = servers.iter().map(ServerAddr::host).collect();
        assert_eq!((hosts, name.as_str()), (vec!["a", "b"], "estate"));
        assert_eq!(parts("nats://me:word@a").unwrap().1, "plimsoll");
        for broken in ["", "a:4222", "http://a", "nats://a/b.c", "nats://a/b c", "nats://a/b/c"] {
            assert!(parts(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn what_is_refused_is_told_without_its_password() {
        let said = parts("nats://me:hunter2@a/b.c").unwrap_err().to_string();
        assert!(said.contains("me@a") && !said.contains("hunter2"), "{said}");
    }
}
