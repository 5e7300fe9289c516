//! The server by its answers: what is no review, what is too much, and what changes while it runs.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use plimsoll_admission::rotation::{self, Kept};
use plimsoll_admission::serve::{Certificates, Limits, Pair, Source, follow, serve};
use plimsoll_admission::settings::Settings;
use plimsoll_admission::{Cluster, Engine, ImageJudge, ImageVerdict};
use plimsoll_model::{Digest, Timestamp};
use reqwest::blocking::{Client, Response};
use rustls::pki_types::ServerName;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

struct Names;

impl Cluster for Names {
    fn labels(&self, namespace: &str) -> Result<BTreeMap<String, String>, String> {
        match namespace {
            "slow" => {
                std::thread::sleep(Duration::from_secs(3));
                Ok(BTreeMap::new())
            }
            "panic" => panic!("as a test wants"),
            _ => Ok(BTreeMap::from([(
                "pod-security.kubernetes.io/enforce".into(),
                "baseline".into(),
            )])),
        }
    }

    fn pods(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("no pods here".into())
    }

    fn is_ready(&self) -> bool {
        true
    }
}

struct Registry;

impl ImageJudge for Registry {
    fn resolve(&self, image: &str) -> Result<Digest, String> {
        if image.contains("away") { Err("it is away".into()) } else { Ok(Digest::sha256(&[2; 32])) }
    }

    fn judge(&self, _: &str, digest: &Digest) -> Result<ImageVerdict, String> {
        Ok(ImageVerdict { digest: digest.clone(), violations: Vec::new() })
    }
}

struct Running {
    address: SocketAddr,
    client: Client,
    kept: Kept,
    pair: Arc<Mutex<Pair>>,
    end: Option<oneshot::Sender<()>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn kept(seconds: i64) -> Kept {
    let hosts = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let now = Timestamp::from_unix(1_795_000_000 + seconds);
    rotation::renew(&Kept::new(), &hosts, now).unwrap().unwrap()
}

fn start(failure: &str, limits: Limits) -> Running {
    let settings = Settings::parse(&format!(
        "apiVersion: plimsoll.dev/v1\nkind: AdmissionSettings\nfailure: {failure}\ntimeout: 1s\n\
         podSecurity: {{mode: enforce}}\nimages: {{digest: {{mode: enforce, pin: true}}}}\n"
    ));
    let clock = || Timestamp::from_unix(1_795_000_000);
    let engine =
        Arc::new(Engine::new(settings.unwrap(), Arc::new(Names), Some(Arc::new(Registry)), clock));
    let kept = kept(0);
    let pair = Arc::new(Mutex::new(rotation::pair(&kept).unwrap()));
    let certificates = Arc::new(Certificates::default());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let shown = Arc::clone(&pair);
    let source: Source = Arc::new(move || Ok(shown.lock().unwrap().clone()));
    runtime.spawn(follow(Arc::clone(&certificates), source, Duration::from_millis(20), |_| ()));
    let (end, ended) = oneshot::channel();
    runtime.spawn(serve(listener, engine, certificates, limits, async {
        let _ = ended.await;
    }));
    let client = client(&kept);
    let running = Running { address, client, kept, pair, end: Some(end), runtime: Some(runtime) };
    let until = Instant::now() + Duration::from_secs(10);
    while running.get("readyz").map(|it| it.status().as_u16()) != Some(200) {
        assert!(Instant::now() < until, "the server does not become ready");
        std::thread::sleep(Duration::from_millis(10));
    }
    running
}

fn client(kept: &Kept) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let roots = reqwest::Certificate::from_pem_bundle(rotation::bundle(kept).unwrap()).unwrap();
    let builder = Client::builder().tls_certs_only(roots).no_proxy();
    builder.timeout(Duration::from_secs(20)).pool_max_idle_per_host(0).build().unwrap()
}

impl Running {
    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}/{path}", self.address.port())
    }

    fn get(&self, path: &str) -> Option<Response> {
        self.client.get(self.url(path)).send().ok()
    }

    fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> (u16, Value) {
        let request = self.client.post(self.url(path)).header("Content-Type", "application/json");
        read(request.body(body.into()).send().unwrap())
    }
}

fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().unwrap()).unwrap_or_default())
}

fn review(namespace: &str, image: &str) -> String {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "u", "operation": "CREATE", "namespace": namespace, "name": "web",
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
            "spec": {"containers": [{"name": "a", "image": image}]}}}})
    .to_string()
}

fn pinned() -> String {
    format!("registry.example/a:1@sha256:{}", "0".repeat(64))
}

#[test]
fn a_review_is_answered_and_counted() {
    let server = start("closed", Limits::default());
    let (status, body) = server.post("validate?timeout=10s", review("shop", &pinned()));
    assert_eq!((status, &body["response"]["uid"]), (200, &json!("u")));
    assert_eq!(body["response"]["allowed"], true, "{body}");
    assert_eq!(body["apiVersion"], "admission.k8s.io/v1");
    let metrics = server.get("metrics").unwrap().text().unwrap();
    let line = "pod_security_evaluations_total{decision=\"allow\",mode=\"enforce\",policy_level=\
                \"baseline\",policy_version=\"latest\",request_operation=\"create\",resource=\"pod\",\
                subresource=\"\"} 1";
    assert!(metrics.contains(line), "{metrics}");
    assert!(metrics.contains("plimsoll_admission_duration_seconds_count 1"), "{metrics}");
    assert_eq!(server.get("healthz").unwrap().text().unwrap(), "ok\n");
    assert_eq!(server.get("elsewhere").unwrap().status().as_u16(), 404);
    assert_eq!(server.get("validate").unwrap().status().as_u16(), 405);
}

#[test]
fn pods_get_the_digest_that_their_images_stand_for() {
    use base64::Engine as _;
    let server = start("closed", Limits::default());
    let (_, body) = server.post("mutate", review("shop", "registry.example/a:1"));
    let patch = body["response"]["patch"].as_str().unwrap();
    let patch = base64::engine::general_purpose::STANDARD.decode(patch).unwrap();
    let patch: Value = serde_json::from_slice(&patch).unwrap();
    let image = format!("registry.example/a:1@{}", Digest::sha256(&[2; 32]));
    assert_eq!(
        patch,
        json!([{"op": "replace", "path": "/spec/containers/0/image", "value": image}])
    );
    let (_, body) = server.post("mutate", review("shop", "registry.example/away:1"));
    assert!(body["response"].get("patch").is_none());
    assert!(body["response"]["warnings"][0].as_str().unwrap().contains("it is away"), "{body}");
    let (_, body) = server.post("mutate", review("shop", &pinned()));
    assert_eq!(body["response"], json!({"uid": "u", "allowed": true}));
}

#[test]
fn what_is_no_review_is_answered_by_the_stated_mode_with_a_reason() {
    for (failure, allowed) in [("open", true), ("closed", false)] {
        let server = start(failure, Limits { body: 64 << 10, ..Limits::default() });
        let reason = |(status, body): (u16, Value)| {
            assert_eq!(body["response"]["allowed"], allowed, "{body}");
            (status, body["response"]["status"]["message"].as_str().unwrap_or_default().to_owned())
        };
        let (status, why) = reason(server.post("validate", "{"));
        assert!(status == 400 && why.starts_with("no review: EOF"), "{why}");
        let (status, why) = reason(server.post("validate", ""));
        assert!(status == 400 && why == "request body is empty", "{why}");
        let (status, why) = reason(server.post("validate", vec![b' '; 70 << 10]));
        assert!(status == 413 && why.contains("limit is 65536 bytes"), "{why}");
        let old = review("shop", "a").replace("admission.k8s.io/v1", "admission.k8s.io/v1beta1");
        let (status, body) = server.post("validate", old);
        assert_eq!((status, &body["apiVersion"]), (200, &json!("admission.k8s.io/v1beta1")));
        assert_eq!(body["response"]["uid"], "u");
        assert!(reason((status, body)).1.contains("expected `AdmissionReview`"));
        let other = server.client.post(server.url("validate")).body(review("shop", "a"));
        let (status, why) = reason(read(other.send().unwrap()));
        assert!(status == 415 && why.contains("expected application/json"), "{why}");
        // Without a length, too.
        let chunked = std::io::Cursor::new(vec![b' '; 70 << 10]);
        let body = reqwest::blocking::Body::new(chunked);
        let request = server.client.post(server.url("validate"));
        let request = request.header("Content-Type", "application/json").body(body);
        let (status, why) = reason(read(request.send().unwrap()));
        assert!(status == 413 && why.contains("limit is 65536 bytes"), "{status} {why}");
    }
}

#[test]
fn what_fails_or_takes_too_long_elsewhere_is_decided_by_the_stated_mode_in_time() {
    for (failure, allowed) in [("open", true), ("closed", false)] {
        let server = start(failure, Limits::default());
        let began = Instant::now();
        let (status, body) = server.post("validate?timeout=1s", review("slow", &pinned()));
        assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
        assert_eq!((status, &body["response"]["allowed"]), (200, &json!(allowed)), "{body}");
        let error = body["response"]["auditAnnotations"]["error"].as_str().unwrap().to_owned();
        assert!(error.ends_with("the API server did not answer in time"), "{error}");
        let (_, body) = server.post("validate", review("panic", &pinned()));
        assert_eq!(body["response"]["allowed"], allowed, "{body}");
        let (_, body) = server.post("validate", review("shop", "registry.example/away:1"));
        assert_eq!(body["response"]["allowed"], allowed, "{body}");
    }
}

/// A connection of TLS by hand.
fn raw(server: &Running) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let mut roots = rustls::RootCertStore::empty();
    let bundle = rotation::bundle(&server.kept).unwrap();
    roots.add(CertificateDer::from_pem_slice(bundle).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    rustls::StreamOwned::new(connection, stream)
}

#[test]
fn whoever_is_slow_holds_nobody_up() {
    let patience = Duration::from_millis(300);
    let server = start("closed", Limits { patience, ..Limits::default() });
    // A body that does not come.
    let mut slow = raw(&server);
    let head = "POST /validate?timeout=1s HTTP/1.1\r\nHost: localhost\r\nContent-Type: \
                application/json\r\nContent-Length: 100\r\n\r\n{";
    slow.write_all(head.as_bytes()).unwrap();
    slow.flush().unwrap();
    // A head that does not end, and a handshake that does not begin.
    let mut head = raw(&server);
    head.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
    head.flush().unwrap();
    let mut nothing = TcpStream::connect(server.address).unwrap();
    nothing.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let (status, _) = server.post("validate", review("shop", &pinned()));
    assert_eq!(status, 200);
    let mut buffer = [0; 4096];
    let read = slow.read(&mut buffer).unwrap();
    let text = String::from_utf8_lossy(&buffer[..read]).into_owned();
    assert!(text.starts_with("HTTP/1.1 408"), "{text}");
    assert_eq!(nothing.read(&mut buffer).unwrap_or(0), 0);
    let ended = head.read(&mut buffer);
    assert!(ended.map_or(true, |read| read == 0 || buffer.starts_with(b"HTTP/1.1 408")));
}

#[test]
fn bodies_together_are_bounded_and_the_number_of_connections_too() {
    let limits = Limits { body: 1 << 20, bodies: 1 << 20, connections: 8, ..Limits::default() };
    let server = start("closed", limits);
    let mut open: Vec<_> = (0..4)
        .map(|_| {
            let mut slow = raw(&server);
            let head = "POST /validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: \
                        application/json\r\nContent-Length: 1048576\r\n\r\n{";
            slow.write_all(head.as_bytes()).unwrap();
            slow.flush().unwrap();
            slow
        })
        .collect();
    // Those who wait for room are answered in time as well.
    for slow in &mut open {
        let mut buffer = [0; 4096];
        let read = slow.read(&mut buffer).unwrap();
        assert!(buffer[..read].starts_with(b"HTTP/1.1 408"));
    }
    drop(open);
    assert_eq!(server.post("validate", review("shop", &pinned())).0, 200);
}

#[test]
fn a_renewed_certificate_is_shown_without_a_restart_and_a_broken_one_is_not() {
    let server = start("closed", Limits::default());
    let new = kept(1);
    *server.pair.lock().unwrap() = rotation::pair(&new).unwrap();
    let other = client(&new);
    let until = Instant::now() + Duration::from_secs(10);
    while other.get(server.url("healthz")).send().is_err() {
        assert!(Instant::now() < until, "the new certificate is not shown");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(client(&server.kept).get(server.url("healthz")).send().is_err());
    let half =
        Pair { key: rotation::pair(&server.kept).unwrap().key, ..rotation::pair(&new).unwrap() };
    for broken in [half, Pair { certificate: b"x".to_vec(), key: b"y".to_vec() }] {
        *server.pair.lock().unwrap() = broken;
        std::thread::sleep(Duration::from_millis(100));
        assert!(client(&new).get(server.url("healthz")).send().is_ok());
    }
}

#[test]
fn what_was_begun_is_finished_when_the_server_ends() {
    let mut server = start("open", Limits::default());
    let url = server.url("validate?timeout=1s");
    let request = server.client.post(url).header("Content-Type", "application/json");
    let asked = std::thread::spawn(move || {
        request.body(review("slow", &pinned())).send().map(|answer| answer.status().as_u16())
    });
    std::thread::sleep(Duration::from_millis(200));
    server.end.take().unwrap().send(()).unwrap();
    assert_eq!(asked.join().unwrap().unwrap(), 200);
    assert!(TcpStream::connect(server.address).is_err());
}
