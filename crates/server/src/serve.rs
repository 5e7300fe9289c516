//! From settings to a server that listens, and back to nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::advisories::Advisories;
use crate::app::{App, Tell};
use crate::auth::{self, Access, Auth};
use crate::error::{Error, Result};
use crate::health::Health;
use crate::intake::Intake;
use crate::metrics::{self, Limits, Metrics};
use crate::notify::Web;
use crate::outward::{Network, Outward};
use crate::queue::bell::Bell;
use crate::queue::nats::Nats;
use crate::queue::{Queue, Table, worker};
use crate::store::blobs::Blobs;
use crate::store::{Dialect, Store, jobs};
use crate::{api, listen, rematch, schedule};

/// What a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Everything.
    #[default]
    All,
    /// It answers.
    Api,
    /// It does jobs.
    Worker,
    /// It pushes jobs by the clock.
    Scheduler,
}

impl Role {
    fn answers(self) -> bool {
        matches!(self, Self::All | Self::Api)
    }

    fn works(self) -> bool {
        matches!(self, Self::All | Self::Worker)
    }

    fn schedules(self) -> bool {
        matches!(self, Self::All | Self::Scheduler)
    }
}

/// How a server is started.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it keeps what it knows; made where it is not there.
    pub data_dir: PathBuf,
    /// The store, where it is not in that folder: `postgres://…`.
    pub store: Option<String>,
    /// The compiled advisories.
    pub advisories: PathBuf,
    /// Where clients are listened to.
    pub listen: SocketAddr,
    /// Where those who watch it are.
    pub introspection: SocketAddr,
    /// What it does.
    pub role: Role,
    /// How many jobs it does at a time.
    pub workers: usize,
    /// How images are read.
    pub reading: plimsoll_image::Options,
    /// Private networks into which clients may make it send requests.
    pub allowed_networks: Vec<Network>,
    /// Who may what.
    pub access: Access,
    /// How many series metrics have at most.
    pub max_series: usize,
    /// What it shares with other servers.
    pub fleet: Fleet,
}

impl Settings {
    /// A server alone in a folder: on free ports of this machine, open to whoever is on it.
    pub fn in_folder(folder: &Path) -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            data_dir: folder.join("data"),
            store: None,
            advisories: folder.join("advisories.db"),
            listen: free,
            introspection: free,
            role: Role::All,
            workers: 1,
            reading: plimsoll_image::Options::default(),
            allowed_networks: Vec::new(),
            access: Access::open(),
            max_series: metrics::SERIES,
            fleet: Fleet::default(),
        }
    }
}

/// What servers share that work together, beside the store.
#[derive(Debug, Clone, Default)]
pub struct Fleet {
    /// Where blobs are, where that is not in the data folder: another folder, or `s3://BUCKET/PREFIX`.
    pub blobs: Option<String>,
    /// What calls workers, where they do not look for themselves: `nats://HOST:PORT`.
    pub queue: Option<String>,
    /// Whether findings follow advisories that are older than those of before.
    pub accepts_older_advisories: bool,
}

/// Where it listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listening {
    /// For clients, where its role is to answer.
    pub clients: Option<SocketAddr>,
    /// For those who watch it.
    pub introspection: SocketAddr,
}

/// What a layer may have when it is inflated: 64 GiB. Anybody who may scan decides what is read.
const MAX_INFLATED: u64 = 64 << 30;

/// How long requests that are being answered when it ends may still take.
const FAREWELL: Duration = Duration::from_secs(15);

/// Serves until `end`, then finishes what was begun. `ready` is told where it listens.
pub async fn serve(
    settings: Settings,
    teller: Tell,
    ready: impl FnOnce(Listening),
    end: impl Future<Output = ()>,
) -> Result<()> {
    settings.access.checked(settings.listen)?;
    let lock = Lock::take(&settings.data_dir)?;
    let app = open(&settings, teller).await?;
    let mut write = app.store.write().await?;
    // Nobody else can have them: a file of SQLite is ours, and so is the folder that our workers are
    // named for.
    let workers = match app.store.dialect() {
        Dialect::Sqlite => String::new(),
        Dialect::Postgres => format!("{}-", app.intake.spool.id()),
    };
    jobs::orphaned(&mut write, &workers).await?;
    write.commit().await?;
    rematch::ensure(&app).await?;
    if settings.role.answers() {
        auth::first::first(&app).await?;
    }
    let tls = settings.access.tls.as_ref().map(listen::Certificates::open).transpose()?;
    let introspection = bind(settings.introspection).await?;
    let clients = if settings.role.answers() { Some(bind(settings.listen).await?) } else { None };
    let listening = Listening {
        clients: clients
            .as_ref()
            .map(TcpListener::local_addr)
            .transpose()
            .map_err(|source| Error::Listen { address: settings.listen, source })?,
        introspection: introspection
            .local_addr()
            .map_err(|source| Error::Listen { address: settings.introspection, source })?,
    };
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let watchers = api::introspection(Arc::clone(&app));
    tasks.spawn(listen::answer(introspection, watchers, None, stopped.clone()));
    if let Some(clients) = clients {
        if let Some(tls) = &tls {
            tasks.spawn(listen::follow(Arc::clone(tls), Arc::clone(&app), stopped.clone()));
        }
        tasks.spawn(listen::answer(clients, api::app(Arc::clone(&app)), tls, stopped.clone()));
    }
    if settings.role.works() {
        app.at_once.more(settings.workers.max(2));
        for number in 0..settings.workers.max(1) {
            let name = format!("{}-{number}", app.intake.spool.id());
            tasks.spawn(worker::work(Arc::clone(&app), name, stopped.clone()));
        }
    }
    for task in schedule::ALL {
        if settings.role.schedules() || task.is_everywhere() {
            tasks.spawn(schedule::run(Arc::clone(&app), *task, stopped.clone()));
        }
    }
    ready(listening);
    end.await;
    // Nobody is left to be told where all tasks have ended by themselves.
    let _ = stop.send(true);
    let finish = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, finish).await.is_err() {
        app.tell("some work did not end in time; it will be done after the next start");
    }
    app.store.close().await;
    drop(lock);
    Ok(())
}

/// The server without listeners, workers and clock.
pub async fn open(settings: &Settings, teller: Tell) -> Result<Arc<App>> {
    let failed = |source| Error::Io { action: "make", path: settings.data_dir.clone(), source };
    std::fs::create_dir_all(&settings.data_dir).map_err(failed)?;
    let address = settings.store.clone().unwrap_or_else(|| Store::in_folder(&settings.data_dir));
    let store = Store::open(&address).await?;
    let queue: Arc<dyn Queue> = Arc::new(Table::new(store.clone()));
    let bell = match &settings.fleet.queue {
        Some(address) => Bell::by(Nats::connect(address).await?),
        None => Bell::default(),
    };
    Ok(Arc::new(App {
        blobs: Blobs::of(settings.fleet.blobs.as_deref(), &settings.data_dir)?,
        queue,
        bell,
        advisories: Advisories::open(
            &settings.advisories,
            settings.fleet.accepts_older_advisories,
        )?,
        health: Health::default(),
        reading: plimsoll_image::Options {
            layer_bound: settings.reading.layer_bound.or(Some(MAX_INFLATED)),
            ..settings.reading.clone()
        },
        intake: Intake::open(&settings.data_dir.join("spool"))?,
        outward: Outward::new(settings.allowed_networks.clone()),
        web: Web::from_env(),
        auth: Auth::new(settings.access.clone(), &settings.data_dir)?,
        metrics: Metrics::new(Limits::of(settings.max_series)),
        store,
        numbers: crate::catalogue::Numbers::default(),
        counted: crate::catalogue::Counted::default(),
        fresh: crate::catalogue::Fresh::default(),
        at_once: crate::jobs::AtOnce::default(),
        paces: crate::registries::Paces::default(),
        gather: crate::jobs::Gather::default(),
        teller,
    }))
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen { address, source })
}

/// One server a folder.
pub(crate) struct Lock(
    #[expect(dead_code, reason = "it is held as long as it is open")] std::fs::File,
);

impl Lock {
    pub(crate) fn take(folder: &Path) -> Result<Self> {
        let path = folder.join("lock");
        let failed = |action| {
            let path = path.clone();
            move |source| Error::Io { action, path, source }
        };
        std::fs::create_dir_all(folder).map_err(failed("make"))?;
        let file = std::fs::File::create(&path).map_err(failed("open"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(std::fs::TryLockError::WouldBlock) => Err(Error::Refused(format!(
                "`{}` is used by another server: stop it, or choose another --data-dir",
                folder.display()
            ))),
            Err(std::fs::TryLockError::Error(source)) => Err(failed("lock")(source)),
        }
    }
}
