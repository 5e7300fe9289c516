//! `plimsoll serve`: keeps what images have, and what advisories say of it.

mod access;
mod action;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum;
use plimsoll_server::metrics::{FEWEST, SERIES};
use plimsoll_server::serve::Listening;
use plimsoll_server::{Fleet, Role, Settings, serve};
use tokio::signal::unix::{SignalKind, signal};

use self::access::Accessing;
use self::action::{Action, Place};
use crate::exit::{Outcome, tell};
use crate::paths;
use crate::target::Reading;

/// Catalogue images once, and match them whenever advisories change
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  plimsoll serve
  plimsoll serve --data-dir /var/lib/plimsoll --listen 0.0.0.0:6060
  plimsoll serve --store postgres://plimsoll@db/plimsoll --role worker --workers 4 \\
      --blobs s3://plimsoll/estate --queue nats://nats:4222
  plimsoll serve --listen 0.0.0.0:6060 --tls-cert cert.pem --tls-key key.pem
  plimsoll serve token
  plimsoll serve rotate-key
  plimsoll serve backup plimsoll.tar.zst
  curl -d '{\"reference\":\"nginx:latest\"}' -H 'content-type: application/json' \\
      http://127.0.0.1:6060/api/v1/scans

Exit codes: 0 told to end, 2 wrong usage, 3 failed.")]
pub(crate) struct Serve {
    #[command(subcommand)]
    action: Option<Action>,

    /// Where it keeps what it knows
    #[arg(long, value_name = "DIR", default_value = "plimsoll-data", global = true)]
    data_dir: PathBuf,

    /// Where clients are listened to
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:6060")]
    listen: SocketAddr,

    /// Where metrics and health are
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:6061")]
    introspection: SocketAddr,

    /// `postgres://USER@HOST/DATABASE` or `sqlite:FILE`; by default a file in the folder
    #[arg(
        long,
        value_name = "STORE",
        env = "PLIMSOLL_STORE",
        hide_env_values = true,
        global = true
    )]
    store: Option<String>,

    /// Where blobs are, if several servers share them: a folder, or `s3://BUCKET/PREFIX`, with what
    /// AWS's own programs read (`AWS_ENDPOINT_URL`, `AWS_REGION`, `AWS_ACCESS_KEY_ID`, …)
    #[arg(
        long,
        value_name = "PLACE",
        env = "PLIMSOLL_BLOBS",
        hide_env_values = true,
        global = true
    )]
    blobs: Option<String>,

    /// What calls workers, if they are not to look for jobs every second: `nats://HOST:4222`, with
    /// JetStream
    #[arg(long, value_name = "URL", env = "PLIMSOLL_QUEUE", hide_env_values = true)]
    queue: Option<String>,

    /// The key of sealed secrets; by default `secret.key` in the folder
    #[arg(long, value_name = "FILE", global = true)]
    secret_key: Option<PathBuf>,

    /// What it does: several servers may share a PostgreSQL
    #[arg(long, value_enum, default_value = "all")]
    role: RoleName,

    /// How many images it reads at a time
    #[arg(long, value_name = "N", default_value = "2")]
    workers: usize,

    /// Private networks into which clients may make it send requests, as `10.0.0.0/8`: for layers
    /// and registries that they name
    #[arg(
        long = "allow-network",
        value_name = "NET",
        env = "PLIMSOLL_ALLOW_NETWORK",
        value_delimiter = ','
    )]
    allowed_networks: Vec<plimsoll_server::outward::Network>,

    /// How many series metrics have at most, whatever comes in; what is more is counted under `other`
    #[arg(long, value_name = "N", default_value_t = SERIES as u64,
        value_parser = clap::value_parser!(u64).range(FEWEST as u64..=1_000_000))]
    max_series: u64,

    /// Folder of the advisory database
    #[arg(long, value_name = "DIR")]
    db: Option<PathBuf>,

    /// Let findings follow advisories that are older than those of before
    #[arg(long)]
    accept_older_advisories: bool,

    #[command(flatten)]
    access: Accessing,

    #[command(flatten)]
    reading: Reading,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    /// Everything
    All,
    /// Answers clients
    Api,
    /// Reads images and matches
    Worker,
    /// Pushes work by the clock
    Scheduler,
}

impl Serve {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .worker_threads(2)
            .max_blocking_threads(64)
            .thread_stack_size(2 << 20)
            .build()
            .context("no thread can be started")?;
        if let Some(action) = self.action {
            let place = Place {
                data_dir: self.data_dir,
                store: self.store,
                blobs: self.blobs,
                key: self.secret_key,
            };
            return action.run(&runtime, &place);
        }
        let scheme = if self.access.has_tls() { "https" } else { "http" };
        let settings = Settings {
            access: self.access.settings(self.secret_key)?,
            reading: self.reading.options()?,
            advisories: paths::db_file(self.db),
            data_dir: self.data_dir,
            store: self.store,
            listen: self.listen,
            introspection: self.introspection,
            role: match self.role {
                RoleName::All => Role::All,
                RoleName::Api => Role::Api,
                RoleName::Worker => Role::Worker,
                RoleName::Scheduler => Role::Scheduler,
            },
            workers: self.workers,
            allowed_networks: self.allowed_networks,
            max_series: usize::try_from(self.max_series).unwrap_or(SERIES),
            fleet: Fleet {
                blobs: self.blobs,
                queue: self.queue,
                accepts_older_advisories: self.accept_older_advisories,
            },
        };
        let served = runtime.block_on(async {
            let mut end = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            let ended = async move {
                tokio::select! {
                    _ = end.recv() => {}
                    _ = interrupt.recv() => {}
                }
                tell("ending: what was begun is finished first");
            };
            let ready = |at: Listening| {
                if let Some(address) = at.clients {
                    tell(&format!("listening on {scheme}://{address}"));
                }
                tell(&format!("metrics and health on http://{}", at.introspection));
            };
            serve(settings, Box::new(tell), ready, ended).await?;
            anyhow::Ok(())
        });
        runtime.shutdown_timeout(Duration::from_secs(1));
        served.map(|()| Outcome::Clean)
    }
}
