//! `plimsoll serve` as those who run it and those who ask it meet it: the real program over HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use plimsoll_testkit::{Compression, Image, Reply, Served, Server};
use serde_json::{Value, json};

/// A server in a folder, which is killed with the test.
struct Serving {
    child: Child,
    clients: String,
    introspection: String,
    began: Instant,
    ready_after: Duration,
}

impl Serving {
    fn start(folder: &Path) -> Self {
        Self::with(folder, &[])
    }

    fn with(folder: &Path, more: &[&str]) -> Self {
        let began = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
            .args(["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"])
            .args(["--introspection", "127.0.0.1:0", "--db", "db"])
            .args(more)
            .current_dir(folder)
            .env("PLIMSOLL_CACHE_DIR", folder.join("cache"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut next = |prefix: &str| {
            let line = lines.by_ref().map_while(Result::ok).find(|line| line.contains(prefix));
            line.unwrap_or_else(|| panic!("no line with `{prefix}`"))
        };
        let address = |line: &str| line.rsplit_once("http://").unwrap().1.to_owned();
        let clients = address(&next("listening on http://"));
        let introspection = address(&next("metrics and health on http://"));
        let ready_after = began.elapsed();
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, clients, introspection, began, ready_after }
    }

    fn get(&self, path: &str) -> (u16, Value) {
        let (status, body) = ask(&self.clients, "GET", path, "");
        (status, serde_json::from_str(&body).unwrap_or_else(|_| panic!("{path}: {body}")))
    }

    fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let (status, body) = ask(&self.clients, "POST", path, body);
        (status, serde_json::from_str(&body).unwrap_or_else(|_| panic!("{path}: {body}")))
    }

    /// Waits until a scan has ended.
    fn ended(&self, scan: &Value) -> Value {
        let path = format!("/api/v1/scans/{}", scan["id"]);
        let until = Instant::now() + Duration::from_mins(1);
        loop {
            let (_, scan) = self.get(&path);
            if !["waiting", "running"].contains(&scan["state"].as_str().unwrap()) {
                return scan;
            }
            assert!(Instant::now() < until, "it does not end: {scan}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn metrics(&self) -> String {
        ask(&self.introspection, "GET", "/metrics", "").1
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(host: &str, method: &str, path: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

const OS: &str = "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";
const STATUS: &str = "Package: bash\nStatus: install ok installed\nVersion: 5.2-1\n\n";

fn image() -> Image {
    Image::new()
        .layer("FROM debian:12", &[("etc/os-release", OS), ("var/lib/dpkg/status", STATUS)])
        .layer(
            "COPY . /app",
            &[("app/node_modules/lodash/package.json", r#"{"name":"lodash","version":"4.17.4"}"#)],
        )
}

fn weaknesses(findings: &Value) -> BTreeSet<String> {
    let one = |it: &Value| {
        let purl = it["component"]["purl"].as_str().unwrap();
        format!("{} {purl} {}", it["weakness"].as_str().unwrap(), it["severity"].as_str().unwrap())
    };
    findings["items"].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn an_image_is_read_once_and_its_findings_are_those_of_a_scan() {
    let folder = tempfile::tempdir().unwrap();
    image().write_oci_dir(Compression::Gzip, &folder.path().join("layout"));
    let serving = Serving::start(folder.path());
    let (status, scan) = serving.post("/api/v1/scans", r#"{"reference":"oci-dir:layout"}"#);
    assert_eq!(status, 202, "{scan}");
    let scan = serving.ended(&scan);
    assert_eq!(
        (scan["state"].as_str(), scan["attempt"].as_i64()),
        (Some("done"), Some(1)),
        "{scan}"
    );
    let digest = scan["digest"].as_str().unwrap();

    let (_, images) = serving.get("/api/v1/images");
    assert_eq!(images["items"].as_array().unwrap().len(), 1, "{images}");
    let (status, image) = serving.get(&format!("/api/v1/images/{digest}"));
    assert_eq!(status, 200);
    assert_eq!(image["components"], 2);
    assert_eq!(image["distro"], "Debian GNU/Linux 12 (bookworm)");
    assert_eq!(image["layers"].as_array().unwrap().len(), 2);

    let (_, found) = serving.get(&format!("/api/v1/images/{digest}/findings?limit=500"));
    let output = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["scan", "oci-dir:layout", "-o", "json", "--db", "db"])
        .current_dir(folder.path())
        .env("PLIMSOLL_CACHE_DIR", folder.path().join("cache"))
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected: BTreeSet<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let text = |pointer: &str| it.pointer(pointer).unwrap().as_str().unwrap().to_owned();
            format!("{} {} {}", text("/id"), text("/package/purl"), text("/severity"))
        })
        .collect();
    assert!(!expected.is_empty());
    assert_eq!(weaknesses(&found), expected);

    let (_, page) = serving.get("/api/v1/findings?severity=critical&limit=1");
    assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page}");
    let id = &page["items"][0]["id"];
    let (_, finding) = serving.get(&format!("/api/v1/findings/{id}"));
    assert_eq!(finding["events"][0]["event"], "opened", "{finding}");

    // The estate is measured once in a while.
    let until = Instant::now() + Duration::from_mins(1);
    let mut metrics = serving.metrics();
    while !metrics.contains("plimsoll_images 1\n") {
        assert!(Instant::now() < until, "{metrics}");
        std::thread::sleep(Duration::from_millis(200));
        metrics = serving.metrics();
    }
    assert!(metrics.contains("plimsoll_findings{severity=\"critical\""), "{metrics}");
    assert!(metrics.contains("plimsoll_scans_total{kind=\"scan\",result=\"ok\"} 1"), "{metrics}");
    assert!(!metrics.contains("CVE-"), "no series a weakness");
    assert!(!metrics.contains("sha256:"), "no series an image");
}

#[test]
fn a_bill_of_materials_gives_the_findings_of_the_image_that_it_is_of() {
    let folder = tempfile::tempdir().unwrap();
    image().write_oci_dir(Compression::Gzip, &folder.path().join("layout"));
    let serving = Serving::start(folder.path());
    let (_, scan) = serving.post("/api/v1/scans", r#"{"reference":"oci-dir:layout"}"#);
    let scan = serving.ended(&scan);
    let digest = scan["digest"].as_str().unwrap();
    let (_, found) = serving.get(&format!("/api/v1/images/{digest}/findings?limit=500"));
    for format in ["cyclonedx-json", "spdx-json"] {
        let bill = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
            .args(["sbom", "oci-dir:layout", "-o", format])
            .current_dir(folder.path())
            .env("PLIMSOLL_CACHE_DIR", folder.path().join("cache"))
            .output()
            .unwrap();
        let bill = String::from_utf8(bill.stdout).unwrap();
        let (status, scan) = serving.post(&format!("/api/v1/sboms?name={format}"), &bill);
        assert_eq!(status, 202, "{scan}");
        let scan = serving.ended(&scan);
        assert_eq!(scan["state"], "done", "{scan}");
        let digest = scan["digest"].as_str().unwrap();
        let (_, of_bill) = serving.get(&format!("/api/v1/images/{digest}/findings?limit=500"));
        assert_eq!(weaknesses(&of_bill), weaknesses(&found), "{format}");
    }
    let (status, problem) = serving.post("/api/v1/sboms", r#"{"a":1}"#);
    assert_eq!(status, 422);
    assert!(problem["detail"].as_str().unwrap().contains("no bill of materials"), "{problem}");
}

#[test]
fn what_makes_no_sense_is_a_problem_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path());
    let (status, body) = ask(&serving.clients, "GET", "/api/v1/images?limit=0", "");
    assert_eq!(status, 400);
    assert_eq!(
        serde_json::from_str::<Value>(&body).unwrap(),
        json!({
            "type": "about:blank", "title": "Bad Request", "status": 400,
            "detail": "`limit` is 0, and may be 1 to 500",
        })
    );
    for (method, path, body, expected) in [
        ("GET", "/api/v1/images/sha256:none", "", 404),
        ("GET", "/api/v1/findings?after=x", "", 400),
        ("GET", "/api/v1/findings?severity=awful", "", 400),
        ("GET", "/api/v1/nothing", "", 404),
        ("PUT", "/api/v1/images", "", 405),
        ("POST", "/api/v1/scans", "{", 400),
        ("POST", "/api/v1/scans", "{}", 422),
        ("POST", "/api/v1/scans", r#"{"reference":"UPPER CASE"}"#, 422),
        ("GET", "/api/v1/scans/99", "", 404),
    ] {
        let (status, answer) = ask(&serving.clients, method, path, body);
        assert_eq!(status, expected, "{method} {path}: {answer}");
        let problem: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(problem["status"], expected, "{answer}");
    }
    let (_, health) = serving.get("/healthz");
    assert_eq!((&health["status"], &health["store"]), (&json!("ok"), &json!("ready")), "{health}");
    let (_, api) = serving.get("/api/v1/openapi.json");
    assert_eq!(api["openapi"], "3.1.0");
    assert!(api["paths"]["/api/v1/images/{digest}"]["get"].is_object(), "{api}");
}

#[test]
fn a_second_server_in_the_same_folder_is_refused_and_the_first_one_ends_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Serving::start(folder.path());
    let second = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"])
        .args(["--introspection", "127.0.0.1:0", "--db", "db"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(3));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("`data` is used by another server"), "{said}");
    let told = Instant::now();
    let killed = Command::new("kill").arg(first.child.id().to_string()).status().unwrap();
    assert!(killed.success());
    let status = first.child.wait().unwrap();
    assert_eq!(status.code(), Some(0));
    assert!(told.elapsed() < Duration::from_secs(10), "{:?}", told.elapsed());
    assert!(first.ready_after < Duration::from_secs(10), "{:?}", first.began.elapsed());
}

#[test]
fn a_server_that_is_killed_in_the_middle_of_a_scan_has_one_result_after_the_next_start() {
    let served = Served::new(&image(), Compression::Gzip);
    let is_stuck = Arc::new(AtomicBool::new(true));
    let asked = Arc::new(AtomicUsize::new(0));
    let registry = {
        let (is_stuck, asked) = (Arc::clone(&is_stuck), Arc::clone(&asked));
        Server::start(move |request| {
            if request.path.contains("/blobs/") {
                asked.fetch_add(1, Ordering::SeqCst);
                let until = Instant::now() + Duration::from_secs(20);
                while is_stuck.load(Ordering::SeqCst) && Instant::now() < until {
                    std::thread::sleep(Duration::from_millis(10));
                }
                if is_stuck.load(Ordering::SeqCst) {
                    return Reply::new(500, "");
                }
            }
            served.reply(request)
        })
    };
    let folder = tempfile::tempdir().unwrap();
    let host = registry.host();
    let plain = ["--insecure-registry", host.as_str()];
    let mut serving = Serving::with(folder.path(), &plain);
    let reference = format!(r#"{{"reference":"registry:{}/app:1"}}"#, registry.host());
    let (_, scan) = serving.post("/api/v1/scans", &reference);
    let until = Instant::now() + Duration::from_secs(20);
    while asked.load(Ordering::SeqCst) == 0 {
        assert!(
            Instant::now() < until,
            "the registry is not asked: {}",
            serving.get("/api/v1/scans").1
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    serving.child.kill().unwrap();
    serving.child.wait().unwrap();
    is_stuck.store(false, Ordering::SeqCst);

    let serving = Serving::with(folder.path(), &plain);
    let (status, same) = serving.post("/api/v1/scans", &reference);
    assert!([200, 202].contains(&status));
    let ended = serving.ended(&scan);
    assert_eq!(
        (ended["state"].as_str(), ended["attempt"].as_i64()),
        (Some("done"), Some(2)),
        "{ended}"
    );
    serving.ended(&same);
    let (_, images) = serving.get("/api/v1/images");
    assert_eq!(images["items"].as_array().unwrap().len(), 1, "{images}");
    let digest = ended["digest"].as_str().unwrap();
    let (_, found) = serving.get(&format!("/api/v1/images/{digest}/findings?limit=500"));
    assert!(!found["items"].as_array().unwrap().is_empty());
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let (_, page) = serving.get("/api/v1/findings?component=lodash");
        let images = &page["items"][0]["component"]["images"];
        if *images == json!(1) {
            break;
        }
        assert!(Instant::now() < until, "{page}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn alerts_of_a_watch_are_kept_by_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path());
    let rule = "- rule: Made\n  desc: d\n  condition: ka.verb = create\n  output: Made by %ka.user.name\n  \
                priority: WARNING\n  source: k8s_audit\n";
    std::fs::write(folder.path().join("rules.yaml"), rule).unwrap();
    let event = json!({"kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": "a",
        "level": "Request", "stage": "ResponseComplete", "verb": "create", "requestURI": "/api/v1/pods",
        "user": {"username": "jane"}, "objectRef": {"resource": "pods"},
        "stageTimestamp": "2026-01-02T03:04:05.000000Z"});
    std::fs::write(folder.path().join("audit.log"), event.to_string()).unwrap();
    let to = format!("http_output.url=http://{}/api/v1/runtime/alerts", serving.clients);
    let watched = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["watch", "--rules", "rules.yaml", "--replay", "audit.log", "-o", "json"])
        .args(["-o", "http_output.enabled=true", "-o", &to])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(watched.status.success(), "{}", String::from_utf8_lossy(&watched.stderr));
    let until = Instant::now() + Duration::from_secs(20);
    let kept = loop {
        let (_, page) = serving.get("/api/v1/runtime/alerts?rule=Made");
        if let Some(alert) = page["items"].get(0) {
            break alert.clone();
        }
        assert!(Instant::now() < until, "{page}");
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(
        kept["priority"].as_str().map(str::to_lowercase).as_deref(),
        Some("warning"),
        "{kept}"
    );
    assert!(kept.to_string().contains("Made by jane"), "{kept}");
}

/// A capture of a machine on which a container of this image runs, and a process of none.
fn capture(image: &str, repository: &str, digest: &str) -> Vec<u8> {
    use plimsoll_runtime::scap::{Process, Writer};
    use plimsoll_testkit::capture::{event, large_event, values};
    const START: u64 = 1_700_000_000_000_000_000;
    let group = format!("memory=/docker/{}\0", "0123456789abcdef".repeat(4)).into_bytes();
    let process = |tid: i64| Process {
        tid,
        pid: tid,
        ptid: 1,
        vtid: 1,
        vpid: 1,
        comm: b"server".to_vec(),
        exe: b"/usr/bin/server".to_vec(),
        exepath: b"/usr/bin/server".to_vec(),
        cwd: b"/".to_vec(),
        root: b"/".to_vec(),
        cgroups: if tid == 100 { group.clone() } else { b"memory=/\0".to_vec() },
        ..Process::default()
    };
    let mut writer = Writer::new(Vec::new()).unwrap();
    writer.processes([100, 200].into_iter().map(process)).unwrap();
    let mut bytes = writer.finish().unwrap();
    let described = json!({"container": {"id": "0123456789ab", "type": 0, "name": "shop-web",
        "image": image, "imagerepo": repository, "imagedigest": digest}});
    let told = values().u32(0).text("container").text(&described.to_string());
    large_event(&mut bytes, (START, 100), 402, &told);
    for tid in [100, 200] {
        let open = values().i64(5).text("/etc/passwd").u32(1).u32(0).u32(1).bytes(&[0; 8]);
        event(&mut bytes, (START + 1, tid), 3, &open);
    }
    bytes
}

#[test]
fn what_a_watch_sees_running_is_scanned_before_all_others_and_counts_in_coverage() {
    let served = Served::new(&image(), Compression::Gzip);
    // A digest that was read already would not be read again.
    let web = Served::new(&image().layer("COPY web", &[("srv/web", "1")]), Compression::Gzip);
    let digest = web.root.clone();
    let (is_stuck, asked) = (Arc::new(AtomicBool::new(true)), Arc::<Mutex<Vec<String>>>::default());
    let registry = {
        let (is_stuck, asked) = (Arc::clone(&is_stuck), Arc::clone(&asked));
        Server::start(move |request| {
            if let Some((before, _)) = request.path.split_once("/manifests/") {
                asked.lock().unwrap().push(before.trim_start_matches("/v2/").to_owned());
            }
            let until = Instant::now() + Duration::from_secs(30);
            while is_stuck.load(Ordering::SeqCst) && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(10));
            }
            if request.path.contains("/shop/web/") {
                web.reply(request)
            } else {
                served.reply(request)
            }
        })
    };
    let folder = tempfile::tempdir().unwrap();
    let host = registry.host();
    let more =
        ["--insecure-registry", host.as_str(), "--allow-network", "127.0.0.0/8", "--workers", "1"];
    let serving = Serving::with(folder.path(), &more);
    // One is being read, two wait.
    for name in ["first", "second", "third"] {
        let reference = json!({"reference": format!("registry:{host}/{name}:1")});
        assert_eq!(serving.post("/api/v1/scans", &reference.to_string()).0, 202);
    }
    let repository = format!("{host}/shop/web");
    let bytes = capture(&format!("{repository}:1"), &repository, &digest);
    std::fs::write(folder.path().join("trace.scap"), bytes).unwrap();
    let rule =
        "- rule: Read\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: INFO\n";
    std::fs::write(folder.path().join("rules.yaml"), rule).unwrap();
    let watch = |server: &str| {
        Command::new(env!("CARGO_BIN_EXE_plimsoll"))
            .args(["watch", "--rules", "rules.yaml", "--replay", "trace.scap", "--server", server])
            .args(["--place", "node-1"])
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    let watched = watch(&format!("http://{}", serving.clients));
    assert_eq!(watched.status.code(), Some(0), "{}", String::from_utf8_lossy(&watched.stderr));
    let (_, running) = serving.get("/api/v1/running");
    let all = running["items"].as_array().unwrap();
    assert_eq!(all.len(), 1, "the process of no container is none: {running}");
    assert_eq!(
        [&all[0]["place"], &all[0]["kind"], &all[0]["name"], &all[0]["image_id"]],
        [&json!("node-1"), &json!("docker"), &json!("shop-web"), &json!(digest)]
    );
    let coverage = || {
        let metrics = serving.metrics();
        let line = metrics
            .lines()
            .find(|line| line.starts_with("plimsoll_scan_coverage_ratio{scope=\"place/node-1\"}"));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
    };
    is_stuck.store(false, Ordering::SeqCst);
    let until = Instant::now() + Duration::from_mins(1);
    while coverage() != Some(1.0) {
        assert!(Instant::now() < until, "{:?}: {}", coverage(), serving.get("/api/v1/scans").1);
        std::thread::sleep(Duration::from_millis(200));
    }
    let until = Instant::now() + Duration::from_mins(1);
    while !asked.lock().unwrap().iter().any(|it| it == "third") {
        assert!(Instant::now() < until, "{:?}", asked.lock().unwrap());
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut order = asked.lock().unwrap().clone();
    order.dedup();
    let first = |name: &str| order.iter().position(|it| it == name).unwrap();
    assert!(first("shop/web") < first("second"), "{order:?}");

    // A server that is not there is named, and the alerts were told all the same.
    let watched = watch("http://127.0.0.1:1");
    let said = String::from_utf8_lossy(&watched.stderr).into_owned();
    assert_eq!(watched.status.code(), Some(3), "{said}");
    assert!(said.contains("nothing answers at http://127.0.0.1:1"), "{said}");
    assert!(said.contains("2 alerts"), "{said}");
}

#[test]
fn one_that_answers_and_one_that_works_share_a_database_and_blobs() {
    let Some(postgres) = plimsoll_testkit::Postgres::start() else { return };
    let store = postgres.database("shared");
    let folder = tempfile::tempdir().unwrap();
    image().write_oci_dir(Compression::Gzip, &folder.path().join("layout"));
    let shared = ["--store", store.as_str(), "--blobs", "blobs"];
    let serving = Serving::with(folder.path(), &[&shared[..], &["--role", "api"]].concat());
    let (_, scan) = serving.post("/api/v1/scans", r#"{"reference":"oci-dir:layout"}"#);
    std::thread::sleep(Duration::from_secs(2));
    let waiting = serving.get(&format!("/api/v1/scans/{}", scan["id"])).1;
    assert_eq!(waiting["state"], "waiting", "nobody works yet");
    let mut worker = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["serve", "--role", "worker", "--data-dir", "worker", "--db", "db"])
        .args(["--introspection", "127.0.0.1:0"])
        .args(shared)
        .current_dir(folder.path())
        .env("PLIMSOLL_CACHE_DIR", folder.path().join("cache"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ended = serving.ended(&scan);
    worker.kill().unwrap();
    worker.wait().unwrap();
    assert_eq!(ended["state"], "done", "{ended}");
    let (status, _) = serving.get(&format!("/api/v1/images/{}", ended["digest"].as_str().unwrap()));
    assert_eq!(status, 200);
    let (_, health) = serving.get("/healthz");
    assert_eq!((&health["blobs"], &health["queue"]), (&json!("ready"), &json!("ready")));
    assert!(folder.path().join("blobs").is_dir() && !folder.path().join("data/blobs").exists());
}

#[test]
fn places_that_are_none_are_refused_and_no_secret_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for (flag, value, expected) in [
        ("--blobs", "gs://bucket/x", "expected a folder, or `s3://BUCKET/PREFIX`"),
        ("--blobs", "s3://key:hunter2@bucket/x", "AWS_ACCESS_KEY_ID"),
        ("--queue", "redis://me:hunter2@host", "expected `nats://HOST:4222`"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
            .args(["serve", "--listen", "127.0.0.1:0", "--introspection", "127.0.0.1:0"])
            .args(["--db", "db", flag, value])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains(expected) && !said.contains("hunter2"), "{said}");
    }
}
