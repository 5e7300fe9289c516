//! A server in a process of its own: this program again, which runs the test [`serves`] alone.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_server::auth::Access;
use plimsoll_server::{Fleet, Role, Settings, serve};
use plimsoll_testkit::free_address;
use reqwest::blocking::Client;
use serde_json::{Value, json};

const SETTINGS: &str = "PLIMSOLL_TEST_SERVER";

/// How a server is started.
#[derive(Debug, Clone, Default)]
pub(crate) struct Start {
    /// `all` where nothing is said.
    pub(crate) role: &'static str,
    pub(crate) store: Option<String>,
    pub(crate) blobs: Option<String>,
    pub(crate) queue: Option<String>,
    /// The file of advisories; one in the folder where nothing is said.
    pub(crate) advisories: Option<PathBuf>,
    /// Jobs at a time; one where nothing is said.
    pub(crate) workers: usize,
    /// Registries that are asked without TLS.
    pub(crate) insecure: Vec<String>,
    /// Whether everything needs a key.
    pub(crate) is_closed: bool,
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// A server; it is killed when it is dropped.
pub(crate) struct Process {
    folder: PathBuf,
    start: Start,
    listen: SocketAddr,
    introspection: SocketAddr,
    child: Child,
    pub(crate) name: String,
}

impl Process {
    /// Starts one in a folder, and waits until it listens.
    pub(crate) fn start(folder: &Path, name: &str, start: Start) -> Self {
        std::fs::create_dir_all(folder.join(name)).unwrap();
        let (listen, introspection) = (free_address(), free_address());
        let folder = folder.join(name);
        let child = spawn(&folder, &start, listen, introspection);
        let mut process =
            Self { folder, start, listen, introspection, child, name: name.to_owned() };
        process.wait();
        process
    }

    /// Waits until it listens.
    pub(crate) fn wait(&mut self) {
        let began = Instant::now();
        while std::net::TcpStream::connect(self.introspection).is_err() {
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("{} ended with {status}: {}", self.name, self.log());
            }
            assert!(began.elapsed() < Duration::from_mins(1), "{}: {}", self.name, self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, and does not wait.
    pub(crate) fn resume(&mut self) {
        self.child = spawn(&self.folder, &self.start, self.listen, self.introspection);
    }

    /// Starts it again where it ended by itself, as whoever supervises it would.
    pub(crate) fn supervise(&mut self) {
        if self.child.try_wait().unwrap().is_some() {
            self.resume();
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.listen)
    }

    /// What it says of its health to those who watch it; nothing where it does not answer.
    pub(crate) fn health(&self) -> Value {
        let url = format!("http://{}/healthz", self.introspection);
        ask("GET", &url, None, "").map_or(Value::Null, |(_, body)| body)
    }

    /// Waits until a part of it is in a state.
    pub(crate) fn until_health(&self, part: &str, state: &str) -> Value {
        let found = within(Duration::from_mins(1), || {
            let health = self.health();
            (health[part] == state).then_some(health)
        });
        found.unwrap_or_else(|| panic!("{part} is not {state}: {}\n{}", self.health(), self.log()))
    }

    pub(crate) fn metrics(&self) -> String {
        let url = format!("http://{}/metrics", self.introspection);
        client().get(url).send().unwrap().text().unwrap()
    }

    /// Has an image read; gives the number of the job.
    pub(crate) fn scan(&self, reference: &str) -> i64 {
        let body = json!({"reference": reference}).to_string();
        let (status, answer) = ask("POST", &self.url("/api/v1/scans"), None, &body).unwrap();
        assert!([200, 202].contains(&status), "{answer}");
        answer["id"].as_i64().unwrap()
    }

    /// How a job stands.
    pub(crate) fn job(&self, id: i64) -> Value {
        let url = self.url(&format!("/api/v1/scans/{id}"));
        ask("GET", &url, None, "").map_or(Value::Null, |(_, body)| body)
    }

    /// Waits until a job is done.
    pub(crate) fn done(&self, id: i64) -> Value {
        until(&format!("job {id} is done"), Duration::from_mins(2), || {
            let job = self.job(id);
            assert!(job["state"] != "failed", "{job}\n{}", self.log());
            (job["state"] == "done").then_some(job)
        })
    }

    /// How much of a processor it has had.
    pub(crate) fn processor(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &Path, start: &Start, listen: SocketAddr, introspection: SocketAddr) -> Child {
    let settings = json!({
        "role": start.role, "data_dir": folder.join("data"), "store": start.store,
        "blobs": start.blobs, "queue": start.queue,
        "advisories": start.advisories.clone().unwrap_or_else(|| folder.join("advisories.db")),
        "workers": start.workers.max(1), "insecure": start.insecure, "closed": start.is_closed,
        "listen": listen, "introspection": introspection,
    });
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log"));
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "process::serves", "--ignored", "--nocapture"])
        .env(SETTINGS, settings.to_string())
        .envs(start.environment.iter().map(|(name, value)| (name, value)))
        // Its end is heard when this program ends, however that is.
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(log.unwrap())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "it is what other tests start as a process"]
fn serves() {
    let Ok(text) = std::env::var(SETTINGS) else { return };
    let it: Value = serde_json::from_str(&text).unwrap();
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(9);
    });
    let text = |name: &str| it[name].as_str().map(str::to_owned);
    let mut reading = plimsoll_image::Options {
        registry: plimsoll_image::RegistryOptions::anonymous(),
        ..Default::default()
    };
    let insecure = it["insecure"].as_array().unwrap();
    reading.registry.insecure = insecure.iter().map(|it| it.as_str().unwrap().into()).collect();
    let settings = Settings {
        data_dir: text("data_dir").unwrap().into(),
        store: text("store"),
        advisories: text("advisories").unwrap().into(),
        listen: text("listen").unwrap().parse().unwrap(),
        introspection: text("introspection").unwrap().parse().unwrap(),
        role: match it["role"].as_str().unwrap() {
            "api" => Role::Api,
            "worker" => Role::Worker,
            "scheduler" => Role::Scheduler,
            _ => Role::All,
        },
        workers: usize::try_from(it["workers"].as_u64().unwrap()).unwrap(),
        reading,
        allowed_networks: Vec::new(),
        access: if it["closed"] == true {
            Access { require_auth: true, ..Access::default() }
        } else {
            Access::open()
        },
        fleet: Fleet {
            blobs: text("blobs"),
            queue: text("queue"),
            accepts_older_advisories: false,
        },
        ..Settings::in_folder(Path::new(""))
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let served = runtime.block_on(serve(
        settings,
        // The log may be where there is no room.
        Box::new(|line| drop(writeln!(std::io::stderr(), "{line}"))),
        |_| (),
        std::future::pending(),
    ));
    if let Err(error) = served {
        eprintln!("{error}");
        std::process::exit(3);
    }
}

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().timeout(Duration::from_secs(40)).build().unwrap()
}

/// Status and answer; `None` where nobody answers.
pub(crate) fn ask(method: &str, url: &str, key: Option<&str>, body: &str) -> Option<(u16, Value)> {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = client().request(method, url).header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {key}"));
    }
    let answer = request.body(body.to_owned()).send().ok()?;
    let status = answer.status().as_u16();
    let text = answer.text().ok()?;
    Some((status, serde_json::from_str(&text).unwrap_or(json!(text))))
}

/// Looks until something is so.
pub(crate) fn until<T>(what: &str, most: Duration, look: impl FnMut() -> Option<T>) -> T {
    within(most, look).unwrap_or_else(|| panic!("it never came to be: {what}"))
}

/// The same; `None` where it does not come to be.
fn within<T>(most: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        let found = look();
        if found.is_some() || began.elapsed() >= most {
            return found;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
