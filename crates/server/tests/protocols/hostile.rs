//! Names of strangers, by every way in: they are text wherever they come out.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::running::client;
use crate::{Running, body, get, post};

const EVIL: [&str; 7] = [
    "\"'><script>alert(1)</script><img src=x onerror=alert(1)>",
    "'; DROP TABLE findings; --",
    "a\r\nSet-Cookie: owned=1\r\n\r\n<b>",
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "x\",evil=\"1\"} 1\nplimsoll_owned 1\n{",
    "=HYPERLINK(\"http://evil.example\")",
    "\u{202e}gnp.exe{{7*7}}${7*7}",
];

/// A server that keeps what it says.
fn listening() -> (Running, Arc<Mutex<Vec<String>>>) {
    let said: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&said);
    let tell = Box::new(move |line: &str| log.lock().unwrap().push(line.to_owned()));
    (Running::telling(tell), said)
}

fn bill(evil: &str) -> Value {
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": {"type": "container", "name": evil, "version": evil}},
        "components": [
            {"type": "library", "name": evil, "version": evil, "purl": "pkg:npm/evil@1",
             "licenses": [{"license": {"name": evil}}]},
            {"type": "library", "group": evil, "name": evil, "version": "1"},
            {"type": "library", "name": "lodash", "version": "4.17.4", "purl": "pkg:npm/lodash@4.17.4"},
        ],
    })
}

/// Sends a name by every way in; none of them may fail for a reason of ours.
fn send(running: &Running, evil: &str) {
    let to = |path: &str, value: &Value| {
        let status = post(&running.url(path), value.to_string()).status().as_u16();
        // A layer that cannot be had is 500 in that protocol.
        assert!(status < 500 || path == "/v1/layers", "{path}: {status} {evil:?}");
    };
    to("/api/v1/sboms", &bill(evil));
    let upload = json!({"projectName": evil, "projectVersion": evil, "autoCreate": true,
        "bom": STANDARD.encode(bill(evil).to_string())});
    let put = client().put(running.url("/api/v1/bom")).header("content-type", "application/json");
    let status = put.body(upload.to_string()).send().unwrap().status().as_u16();
    assert!(status < 500, "{status} {evil:?}");
    to(
        "/falco",
        &json!({"rule": evil, "priority": "Critical", "source": evil, "hostname": evil, "output": evil,
            "tags": [evil], "output_fields": {"container.image.repository": evil, "proc.cmdline": evil}}),
    );
    to(
        "/api/v1/runtime/k8s-audit",
        &json!({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [{
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": "1", "stage": "ResponseComplete",
            "verb": "create", "requestURI": format!("/api/v1/namespaces/x/pods/y/exec?command={evil}"),
            "user": {"username": evil}, "objectRef": {"resource": "pods", "namespace": evil, "name": evil,
            "subresource": "exec"}, "responseStatus": {"code": 200},
            "stageTimestamp": "2026-11-24T08:00:00.000000Z"},
            {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": "2", "stage": "ResponseComplete",
            "verb": "create", "user": {"username": "a"}, "objectRef": {"resource": "pods"},
            "responseStatus": {"code": 403, "message": format!("admission webhook \"{evil}\" denied")}}]}),
    );
    let digest = format!("sha256:{:064}", 5);
    to(
        "/api/v1/notifications/harbor",
        &json!({"type": "PUSH_ARTIFACT", "event_data": {"resources": [{"digest": digest, "tag": evil,
            "resource_url": format!("hub.example.com/{evil}:{evil}")}],
            "repository": {"repo_full_name": evil}}}),
    );
    to(
        "/api/v1/notifications/distribution",
        &json!({"events": [{"action": "push", "request": {"host": evil}, "target": {"mediaType":
            "application/vnd.oci.image.manifest.v1+json", "repository": evil, "tag": evil, "digest": evil}}]}),
    );
    to("/api/v1/scans", &json!({"reference": format!("oci-dir:/nowhere/{evil}")}));
    to("/api/v1/scans", &json!({"reference": evil, "platform": evil}));
    to(
        "/api/v1/running",
        &json!({"place": evil, "containers": [{"namespace": evil, "kind": evil, "name": evil,
            "container": evil, "image": evil, "image_id": evil}]}),
    );
    to(
        "/v1/layers",
        &json!({"Layer": {"Name": evil, "Path": "http://10.255.255.1/", "Format": "Docker"}}),
    );
    to(
        "/api/v1/triage",
        &json!({"weakness": evil, "state": "affected", "statement": evil, "owner": evil}),
    );
}

fn pages(running: &Running) {
    let digests: Vec<String> = body(get(&running.url("/api/v1/images?limit=500")))["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["digest"].as_str().unwrap().to_owned())
        .collect();
    assert!(digests.len() >= EVIL.len(), "{digests:?}");
    let mut paths: Vec<String> = [
        "/",
        "/images",
        "/findings",
        "/components",
        "/runtime",
        "/coverage",
        "/scans",
        "/remediation",
        "/trends/runtime",
        "/weaknesses/CVE-2019-10744",
    ]
    .map(str::to_owned)
    .into();
    paths.extend(digests.iter().take(4).map(|it| format!("/images/{it}")));
    paths.extend(digests.iter().take(4).map(|it| format!("/images/{it}?view=packages")));
    for path in &paths {
        let request = client().get(running.url(path)).header("accept", "text/html");
        let page = request.send().unwrap();
        assert_eq!(page.status(), 200, "{path}");
        for (name, value) in page.headers() {
            assert!(name != "set-cookie" && !value.as_bytes().contains(&b'\n'), "{path}: {name}");
        }
        let text = page.text().unwrap();
        assert!(!text.contains("<script>alert") && !text.contains("<img src=x"), "{path}");
        assert!(!text.contains('\u{1b}') || !text.contains("<b>"), "{path}");
    }
    let csv = get(&running.url("/components?format=csv&table=components")).text().unwrap();
    assert!(!csv.lines().any(|line| line.starts_with('=') || line.contains(",=HYPER")), "{csv}");
    for path in [
        "/api/v1/images",
        "/api/v1/findings",
        "/api/v1/runtime/alerts",
        "/api/v1/running",
        "/api/v1/triage",
        "/api/v1/audit",
        "/api/v1/scans",
        "/api/v1/project",
    ] {
        let answer = get(&running.url(path));
        assert_eq!(answer.status(), 200, "the tables are there: {path}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
        assert!(answer.headers()["content-type"].to_str().unwrap().contains("json"), "{path}");
        body(answer);
    }
}

/// Each line is a comment or a series with its value, in the text format of Prometheus.
fn metrics(running: &Running) {
    for accept in ["", "application/openmetrics-text"] {
        for path in ["/metrics", "/metrics/trivy-operator"] {
            let url = format!("http://{}{path}", running.introspection);
            let text = client().get(url).header("accept", accept).send().unwrap().text().unwrap();
            assert!(!text.lines().any(|line| line.starts_with("plimsoll_owned")), "{text}");
            let odd = text.lines().filter(|line| !line.starts_with('#')).find(|line| {
                let value = line.split(" # ").next().unwrap_or(line).rsplit(' ').next();
                value.is_none_or(|it| it.parse::<f64>().is_err())
            });
            assert_eq!(odd, None, "{path}");
            if accept.is_empty() {
                checked(&text);
            }
        }
    }
}

/// What Prometheus' own tool thinks of it, where it is there.
fn checked(text: &str) {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let started = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut started) = started else {
        eprintln!("skipped: no promtool here");
        return;
    };
    started.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = started.wait_with_output().unwrap();
    // 3 is its advice on names, which for what counts something else are fixed.
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 3)), "{said}\n{text}");
    assert!(!said.contains("error while linting"), "{said}");
}

#[test]
fn names_of_strangers_are_text_on_pages_in_answers_metrics_and_the_log() {
    let (running, said) = listening();
    for evil in EVIL {
        send(&running, evil);
    }
    Running::until("all that came is stored", || {
        let images = body(get(&running.url("/api/v1/images?limit=500")));
        let alerts = body(get(&running.url("/api/v1/runtime/alerts?limit=500")));
        let count = |of: &Value| of["items"].as_array().unwrap().len();
        (count(&images) >= EVIL.len() && count(&alerts) >= 2 * EVIL.len()).then_some(())
    });
    Running::until("a scan has failed and was told of", || {
        said.lock().unwrap().iter().any(|it| it.contains("/nowhere/")).then_some(())
    });
    std::thread::sleep(Duration::from_millis(500));
    pages(&running);
    metrics(&running);
    for line in said.lock().unwrap().iter() {
        assert!(!line.chars().any(char::is_control), "one line each, without orders: {line:?}");
    }
}

#[test]
fn a_body_that_never_ends_is_let_go_and_others_are_answered_meanwhile() {
    use std::io::{Read as _, Write as _};

    let running = Running::start();
    let began = std::time::Instant::now();
    let mut slow = std::net::TcpStream::connect(running.address).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(50))).unwrap();
    slow.write_all(
        b"POST /api/v1/sboms HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
          content-length: 100000\r\n\r\n{",
    )
    .unwrap();
    assert_eq!(get(&running.url("/api/v1/images")).status(), 200);
    let mut answer = [0; 64];
    let read = slow.read(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let took = began.elapsed();
    assert!(took > Duration::from_secs(25) && took < Duration::from_secs(45), "{took:?}");
}
