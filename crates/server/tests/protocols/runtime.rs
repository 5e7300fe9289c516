//! Runtime alerts over HTTP.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use crate::{Running, body, get, post};

fn alert(number: usize) -> String {
    json!({
        "hostname": "box", "priority": "Warning", "rule": format!("Rule {}", number % 7), "source": "syscall",
        "tags": ["container", "T1059"], "time": "2026-11-24T08:00:00.123456789Z",
        "output": format!("08:00:00.123456789: Warning A shell was started (user=root container=web number={number})"),
        "output_fields": {"container.id": "3ad7b26ded6d", "container.image.repository": "nginx",
            "container.image.tag": "1.27", "evt.time": 1_795_507_200_123_456_789_i64,
            "proc.cmdline": "sh -c id", "proc.pid": number, "user.name": "root"},
    })
    .to_string()
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "they are counts, which are whole and small"
)]
fn stored(running: &Running) -> u64 {
    let metrics = get(&format!("http://{}/metrics", running.introspection)).text().unwrap();
    let counts = metrics.lines().filter(|line| line.starts_with("plimsoll_runtime_alerts_total{"));
    counts.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as u64).sum()
}

#[test]
fn alerts_come_one_at_a_time_or_many_and_are_read_newest_first() {
    let running = Running::start();
    let answer = post(&running.url("/falco"), alert(1));
    assert_eq!(answer.status(), 202);
    assert_eq!(body(answer), json!({"accepted": 1, "refused": 0}));
    let two = format!("{}\n{{\"rule\":\"x\"}}\n{}\n", alert(2), alert(3));
    let answer = post(&running.url("/api/v1/runtime/alerts"), two);
    assert_eq!(
        (answer.status().as_u16(), body(answer)),
        (202, json!({"accepted": 2, "refused": 1}))
    );
    assert_eq!(post(&running.url("/falco"), "{}").status(), 400);
    assert_eq!(post(&running.url("/falco"), "").status(), 400);
    let list = Running::until("three alerts", || {
        let list = body(get(&running.url("/api/v1/runtime/alerts")));
        (list["items"].as_array().unwrap().len() == 3).then_some(list)
    });
    let newest = &list["items"][0];
    assert_eq!((&newest["rule"], &newest["image"]), (&json!("Rule 3"), &json!("nginx:1.27")));
    assert_eq!(newest["output_fields"]["proc.pid"], 3);
    assert_eq!(newest["tags"], json!(["container", "T1059"]));
    let page = body(get(&running.url("/api/v1/runtime/alerts?limit=2")));
    let next = page["next"].as_str().unwrap();
    let rest = body(get(&running.url(&format!("/api/v1/runtime/alerts?limit=2&after={next}"))));
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    let of = body(get(&running.url("/api/v1/runtime/alerts?rule=Rule%202")));
    assert_eq!(of["items"].as_array().unwrap().len(), 1);
}

/// Ends the program with the test.
struct Sidekick(Child);

impl Drop for Sidekick {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn falcosidekick_hands_on_what_falco_told_it() {
    let running = Running::start();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let started = Command::new("falcosidekick")
        .env("LISTENADDRESS", "127.0.0.1")
        .env("LISTENPORT", port.to_string())
        .env("WEBHOOK_ADDRESS", running.url("/falco"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(child) = started else {
        eprintln!("skipped: `falcosidekick` is not there (make sign-peers brings it)");
        return;
    };
    let _sidekick = Sidekick(child);
    Running::until("falcosidekick listens", || TcpStream::connect(("127.0.0.1", port)).ok());
    assert_eq!(post(&format!("http://127.0.0.1:{port}/"), alert(4)).status(), 200);
    let list = Running::until("the alert", || {
        let list = body(get(&running.url("/api/v1/runtime/alerts")));
        (!list["items"].as_array().unwrap().is_empty()).then_some(list)
    });
    let found = &list["items"][0];
    let sent: Value = serde_json::from_str(&alert(4)).unwrap();
    for name in ["rule", "priority", "source", "hostname", "output", "tags"] {
        assert_eq!(found[name], sent[name], "{name}: {found}");
    }
    assert_eq!(found["image"], "nginx:1.27");
    for (name, value) in sent["output_fields"].as_object().unwrap() {
        assert_eq!(&found["output_fields"][name], value, "{name}: {found}");
    }
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[test]
fn what_was_accepted_before_the_server_ended_is_stored_once_after_the_next_start() {
    let running = Running::start();
    let many: Vec<String> = (0..5_000).map(alert).collect();
    assert_eq!(post(&running.url("/falco"), many.join("\n")).status(), 202);
    let again = Running::start_in(running.stop(), |_| {});
    let count = || {
        let mut seen = 0;
        let mut after = String::new();
        loop {
            let page = body(get(&again.url(&format!("/api/v1/runtime/alerts?limit=500{after}"))));
            seen += page["items"].as_array().unwrap().len();
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return seen,
            }
        }
    };
    Running::until("5,000 alerts", || (count() >= 5_000).then_some(()));
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(count(), 5_000);
}

#[test]
fn what_is_too_much_is_refused_and_can_come_again() {
    let running = Running::start();
    let answer = post(&running.url("/falco"), "x".repeat((8 << 20) + 1));
    assert_eq!(answer.status(), 413);
}

#[test]
fn audit_events_of_an_api_server_become_alerts() {
    let running = Running::start();
    let event = json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": "7",
        "stage": "ResponseComplete", "requestURI": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        "verb": "create", "user": {"username": "eve", "groups": ["system:authenticated"]},
        "sourceIPs": ["10.0.0.9"], "userAgent": "kubectl",
        "objectRef": {"resource": "clusterrolebindings", "name": "mine", "apiGroup": "rbac.authorization.k8s.io"},
        "responseStatus": {"code": 201},
        "requestObject": {"kind": "ClusterRoleBinding", "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "User", "name": "eve"}]},
        "requestReceivedTimestamp": "2026-11-24T08:00:00.000000Z", "stageTimestamp": "2026-11-24T08:00:00.010000Z",
    });
    let list = json!({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [event]});
    let answer = post(&running.url("/api/v1/runtime/k8s-audit"), list.to_string());
    assert_eq!(
        (answer.status().as_u16(), body(answer)),
        (202, json!({"accepted": 1, "refused": 0}))
    );
    let found = Running::until("the alert", || {
        body(get(&running.url("/api/v1/runtime/alerts")))["items"].get(0).cloned()
    });
    assert_eq!(found["rule"], "The whole cluster given to somebody");
    assert_eq!(found["source"], "k8s_audit");
    assert_eq!(post(&running.url("/api/v1/runtime/k8s-audit"), "{\"kind\":1}").status(), 400);
}

/// `cargo test --release -- --ignored events_a_second --nocapture` says how many.
#[test]
#[ignore = "it measures"]
fn events_a_second() {
    let running = Running::start();
    let lines: Vec<String> = (0..1_000).map(alert).collect();
    let batch = lines.join("\n");
    let began = Instant::now();
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let (url, batch) = (running.url("/falco"), batch.clone());
            std::thread::spawn(move || {
                let client = crate::running::client();
                for _ in 0..150 {
                    assert_eq!(client.post(&url).body(batch.clone()).send().unwrap().status(), 202);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let took = began.elapsed().as_secs_f64();
    eprintln!("a thousand a request: {:.0} a second", 300_000.0 / took);
    let began = Instant::now();
    let threads: Vec<_> = (0..16)
        .map(|_| {
            let (url, one) = (running.url("/falco"), lines[0].clone());
            std::thread::spawn(move || {
                let client = crate::running::client();
                for _ in 0..2_000 {
                    assert_eq!(client.post(&url).body(one.clone()).send().unwrap().status(), 202);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    eprintln!("one a request: {:.0} a second", 32_000.0 / began.elapsed().as_secs_f64());
    let began = Instant::now();
    Running::until("all are stored", || (stored(&running) >= 332_000).then_some(()));
    eprintln!("in the store {:.1} s later", began.elapsed().as_secs_f64());
}
