//! An etcd and an API server of a test's own, and the webhook beside it.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_testkit::free_port;
use reqwest::Method;
use reqwest::blocking::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What an answer to a request was.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) warnings: Vec<String>,
}

impl Answer {
    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(self.status < 300, "{self:?}");
        self
    }
}

/// A cluster without nodes.
pub(crate) struct Cluster {
    pub(crate) folder: TempDir,
    pub(crate) url: String,
    pub(crate) client: Client,
    running: Vec<Child>,
}

/// A webhook that runs; it ends when it is dropped.
pub(crate) struct Webhook {
    child: Child,
    pub(crate) url: String,
}

impl Drop for Webhook {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

const TOKEN: &str = "a-token-for-tests";

impl Cluster {
    /// Starts a cluster with more flags for its API server; nothing where it cannot be had.
    pub(crate) fn start(flags: &[&str]) -> Option<Self> {
        for program in ["kube-apiserver", "etcd", "openssl"] {
            if !is_there(program) {
                println!(
                    "skipped: there is no `{program}`; `make kube-peers` builds what is missing"
                );
                return None;
            }
        }
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let log = |name: &str| Stdio::from(fs::File::create(folder.path().join(name)).unwrap());
        let (clients, peers) = (free_port(), free_port());
        let store = format!("http://127.0.0.1:{clients}");
        let between = format!("http://127.0.0.1:{peers}");
        let etcd = Command::new("etcd")
            .args(["--data-dir", &at("etcd"), "--listen-client-urls", &store])
            .args(["--advertise-client-urls", &store, "--listen-peer-urls", &between])
            .args(["--initial-advertise-peer-urls", &between])
            .args(["--initial-cluster", &format!("default={between}")])
            .stdout(log("etcd.out"))
            .stderr(log("etcd.log"))
            .spawn()
            .unwrap();
        let mut running = vec![etcd];
        let key = at("account.key");
        let made = Command::new("openssl").args(["genrsa", "-out", &key, "2048"]).output().unwrap();
        assert!(made.status.success());
        let tokens = format!("{TOKEN},admin,1,system:masters\nothers,somebody,2,team\n");
        fs::write(at("tokens.csv"), tokens).unwrap();
        let audit = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n";
        fs::write(at("audit.yaml"), audit).unwrap();
        let port = free_port();
        let api = Command::new("kube-apiserver")
            .args(["--etcd-servers", &store, "--bind-address", "127.0.0.1"])
            .args(["--secure-port", &port.to_string(), "--cert-dir", &at("certificates")])
            .args(["--service-account-issuer", "https://kubernetes.default.svc"])
            .args(["--service-account-key-file", &key, "--service-account-signing-key-file", &key])
            .args(["--service-cluster-ip-range", "10.0.0.0/24", "--allow-privileged=true"])
            .args(["--token-auth-file", &at("tokens.csv"), "--authorization-mode", "RBAC"])
            .args(["--audit-policy-file", &at("audit.yaml"), "--audit-log-path", &at("audit.log")])
            .args(["--audit-log-mode", "blocking", "--endpoint-reconciler-type", "none"])
            .args(flags)
            .stdout(log("api.out"))
            .stderr(log("api.log"))
            .spawn()
            .unwrap();
        running.push(api);
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .tls_danger_accept_invalid_certs(true)
            .no_proxy()
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        let url = format!("https://127.0.0.1:{port}");
        let cluster = Self { folder, url, client, running };
        cluster.wait();
        Some(cluster)
    }

    fn wait(&self) {
        let end = Instant::now() + Duration::from_mins(2);
        while Instant::now() < end {
            let ready = self.client.get(format!("{}/readyz", self.url)).bearer_auth(TOKEN).send();
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        let log = fs::read_to_string(self.folder.path().join("api.log")).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(20).collect();
        panic!("the API server does not start: {tail:#?}");
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.ask_as(TOKEN, method, path, body)
    }

    pub(crate) fn ask_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let kind = match method {
            Method::PATCH => "application/merge-patch+json",
            _ => "application/json",
        };
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        request = request.bearer_auth(token).header("Content-Type", kind);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let response = request.send().unwrap();
        let status = response.status().as_u16();
        let warnings = response.headers().get_all("warning").iter();
        let warnings = warnings.map(|it| unquoted(it.to_str().unwrap())).collect();
        let body = serde_json::from_str(&response.text().unwrap()).unwrap_or_default();
        Answer { status, body, warnings }
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, path, Some(body))
    }

    /// Makes every object of some YAML documents.
    pub(crate) fn apply(&self, text: &str) {
        for object in documents(text) {
            let path = path_of(&object);
            self.post(&path, &object).ok();
        }
    }

    /// Makes a namespace with labels of Pod Security: `enforce`, `warn-version`.
    pub(crate) fn namespace(&self, name: &str, labels: &[(&str, &str)]) {
        let labels: serde_json::Map<String, Value> = labels
            .iter()
            .map(|(key, value)| (format!("pod-security.kubernetes.io/{key}"), (*value).into()))
            .collect();
        let object = json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": labels}});
        self.post("/api/v1/namespaces", &object).ok();
    }

    /// Would this pod be made? Nothing is.
    pub(crate) fn dry_run(&self, namespace: &str, pod: &Value) -> Answer {
        self.post(&format!("/api/v1/namespaces/{namespace}/pods?dryRun=All"), pod)
    }

    /// A kubeconfig for whoever has this token.
    pub(crate) fn kubeconfig(&self, token: &str) -> PathBuf {
        let file = self.at(&format!("kubeconfig.{token}"));
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self.url, "certificate-authority": "certificates/apiserver.crt"}}],
            "users": [{"name": "test", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        });
        fs::write(&file, text.to_string()).unwrap();
        file
    }

    pub(crate) fn admin(&self) -> PathBuf {
        self.kubeconfig(TOKEN)
    }

    /// Starts the webhook with these settings, registers it, and waits until it answers.
    pub(crate) fn webhook(&self, settings: &str, flags: &[&str]) -> Webhook {
        let webhook = self.unregistered(settings, flags);
        let config = self.at("admit.yaml");
        let printed = plimsoll()
            .args(["kube", "admit", "--print-config", "--config"])
            .arg(&config)
            .args(["--url", &webhook.url, "--own-tls"])
            .arg(self.at("tls"))
            .output()
            .unwrap();
        let text = String::from_utf8(printed.stdout).unwrap();
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        self.apply(&text);
        webhook
    }

    /// Starts the webhook.
    pub(crate) fn unregistered(&self, settings: &str, flags: &[&str]) -> Webhook {
        let config = self.at("admit.yaml");
        fs::write(&config, settings).unwrap();
        let port = free_port();
        let url = format!("https://127.0.0.1:{port}");
        let log = fs::File::create(self.at("webhook.log")).unwrap();
        let child = plimsoll()
            .args(["kube", "admit", "--config"])
            .arg(&config)
            .args(["--listen", &format!("127.0.0.1:{port}"), "--url", &url, "--own-tls"])
            .arg(self.at("tls"))
            .arg("--kubeconfig")
            .arg(self.admin())
            .args(flags)
            .stderr(log)
            .spawn()
            .unwrap();
        let webhook = Webhook { child, url };
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end {
            let ready = self.client.get(format!("{}/readyz", webhook.url)).send();
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return webhook;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut said = String::new();
        let _ = fs::File::open(self.at("webhook.log")).unwrap().read_to_string(&mut said);
        panic!("the webhook does not start: {said}");
    }

    /// Audit annotations of the last request about a pod of that name.
    pub(crate) fn audited(&self, name: &str) -> Value {
        let log = fs::read_to_string(self.at("audit.log")).unwrap();
        let events = log.lines().rev().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let found = events.into_iter().find(|event| {
            event["stage"] == "ResponseComplete" && event["objectRef"]["name"] == name
        });
        found.map(|event| event["annotations"].clone()).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for child in self.running.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(crate) fn plimsoll() -> Command {
    Command::new(env!("CARGO_BIN_EXE_plimsoll"))
}

/// `299 - "text"`.
fn unquoted(header: &str) -> String {
    let text = header.strip_prefix("299 - \"").and_then(|text| text.strip_suffix('"')).unwrap();
    text.replace("\\\"", "\"").replace("\\\\", "\\")
}

/// YAML documents as values.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    text.split("\n---\n")
        .filter(|one| !one.trim().is_empty())
        .map(|one| serde_saphyr::from_str(one).unwrap_or_else(|error| panic!("{error}\n{one}")))
        .collect()
}

/// Where an object is made.
fn path_of(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let version = text("/apiVersion");
    let root = if version.contains('/') { "apis" } else { "api" };
    let kind = text("/kind").to_lowercase();
    let plural = match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{kind}s"),
    };
    match text("/metadata/namespace") {
        "" => format!("/{root}/{version}/{plural}"),
        namespace => format!("/{root}/{version}/namespaces/{namespace}/{plural}"),
    }
}

/// The fixtures of the admission plugin: id, level, version, pod.
pub(crate) fn fixtures() -> Vec<(String, String, String, Value)> {
    let cases = plimsoll_testkit::shared_records("pss/cases.jsonl");
    let text = |case: &Value, name: &str| case[name].as_str().unwrap().to_owned();
    cases
        .iter()
        .map(|case| {
            let pod = serde_saphyr::from_str(case["pod_yaml"].as_str().unwrap()).unwrap();
            (text(case, "id"), text(case, "level"), text(case, "version"), pod)
        })
        .collect()
}

pub(crate) fn file(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}
