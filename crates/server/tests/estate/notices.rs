//! Who is told what.

use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use plimsoll_server::notify::{round, signature};
use plimsoll_server::store::notifiers;
use plimsoll_server::{moment, schedule};
use plimsoll_testkit::{Reply, Server};
use serde_json::{Value, json};

use crate::{Bench, each};

/// What a program that is told has heard: headers of interest, and the body.
pub(crate) type Heard = Arc<Mutex<Vec<(String, String, Value)>>>;

pub(crate) fn listener() -> (Server, Heard) {
    let heard: Heard = Arc::default();
    let ears = Arc::clone(&heard);
    let server = Server::start(move |request| {
        let text = |name: &str| request.header(name).unwrap_or_default().to_owned();
        let body = serde_json::from_str(&request.body).unwrap_or(Value::Null);
        ears.lock().unwrap().push((
            text("x-plimsoll-timestamp"),
            text("x-plimsoll-signature"),
            body,
        ));
        Reply::new(200, "ok")
    });
    (server, heard)
}

pub(crate) async fn add(bench: &Bench, kind: &str, settings: Value) -> Value {
    let new = json!({"name": kind, "kind": kind, "severity": "low", "settings": settings});
    let (status, body) = bench.ask("POST", "/api/v1/notifiers", new).await;
    assert_eq!(status, 201, "{body}");
    body["id"].clone()
}

async fn tell(bench: &Bench) {
    let all = notifiers::all(&mut bench.app.store.read().await.unwrap()).await.unwrap();
    for notifier in all {
        round(&bench.app, &notifier).await.unwrap();
    }
}

#[test]
fn a_cause_is_told_once_however_many_images_have_it_and_again_when_it_is_over() {
    each(&[], |bench| async move {
        let (server, heard) = listener();
        bench.app.web.allow(&server.host());
        let url = format!("http://{}/hook", server.host());
        add(&bench, "webhook", json!({"url": url, "secret": "s3cret"})).await;
        for number in 0..5 {
            bench.image(&format!("registry.invalid/a/one:{number}"), &[("lodash", "4.17.4")]).await;
        }
        bench.image("registry.invalid/a/other:1", &[("lodash", "4.17.5")]).await;
        tell(&bench).await;
        let all = bench.get("/api/v1/findings?limit=500").await;
        let mut causes: Vec<&str> = all["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["severity"] != "negligible" && it["severity"] != "unknown")
            .map(|it| it["weakness"].as_str().unwrap())
            .collect();
        causes.sort_unstable();
        causes.dedup();
        let count = causes.len();
        assert!(count > 1, "{all}");
        bench.until("all is told", async || heard.lock().unwrap().len() >= count).await;
        tell(&bench).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let told = heard.lock().unwrap().clone();
        assert_eq!(told.len(), count, "once each, not once an image or version");
        let (time, signed, body) =
            told.iter().find(|it| it.2["cause"]["weakness"] == "CVE-2019-10744").unwrap();
        assert_eq!((&body["images"], &body["is_open"]), (&json!(6), &json!(true)), "{body}");
        assert_eq!(body["examples"].as_array().unwrap().len(), 5);
        let sent = server.requests();
        let ours = |it: &&plimsoll_testkit::Request| {
            it.header("x-plimsoll-signature") == Some(signed.as_str())
        };
        let text = sent.iter().find(ours).unwrap().body.clone();
        assert_eq!(*signed, signature("s3cret", time, &text).unwrap());

        // Somebody decides: it is over for whoever was told.
        let decision = json!({"weakness": "CVE-2019-10744", "state": "not_affected",
            "justification": "component_not_present"});
        assert_eq!(bench.ask("POST", "/api/v1/triage", decision).await.0, 200);
        tell(&bench).await;
        bench.until("it is over", async || heard.lock().unwrap().len() > count).await;
        let last = heard.lock().unwrap().last().unwrap().2.clone();
        assert_eq!((&last["is_open"], &last["images"]), (&json!(false), &json!(0)), "{last}");

        // It is taken back: it stands again.
        let decision = bench.get("/api/v1/triage").await["items"][0]["id"].to_string();
        let path = format!("/api/v1/triage/{decision}");
        assert_eq!(bench.ask("DELETE", &path, Value::Null).await.0, 204);
        tell(&bench).await;
        let is_told = async |is_open: bool| {
            let heard = heard.lock().unwrap();
            let of = |it: &&(String, String, Value)| it.2["cause"]["weakness"] == "CVE-2019-10744";
            heard.iter().rfind(of).is_some_and(|it| it.2["is_open"] == is_open)
        };
        bench.until("it stands again", async || is_told(true).await).await;

        // All images go to a version without it: nobody need decide.
        for number in 0..5 {
            bench.image(&format!("registry.invalid/a/one:{number}"), &[("lodash", "4.18.1")]).await;
        }
        bench.image("registry.invalid/a/other:1", &[("lodash", "4.18.1")]).await;
        tell(&bench).await;
        bench.until("an update ends it", async || is_told(false).await).await;
    });
}

#[test]
fn a_decision_that_ends_by_itself_is_told_of_and_what_it_was_about_stands_again() {
    each(&[], |bench| async move {
        let task = schedule::ALL.iter().find(|task| task.name() == "decisions").unwrap();
        task.run(&bench.app).await.unwrap();
        bench.image("registry.invalid/a/one:1", &[("lodash", "4.17.4")]).await;
        let until = moment::timestamp(moment::now() + 1_500).to_string();
        let decision = json!({"weakness": "CVE-2019-10744", "state": "accepted", "until": until});
        assert_eq!(bench.ask("POST", "/api/v1/triage", decision).await.0, 200);
        let causes = async || {
            let findings = bench.get("/api/v1/findings?weakness=CVE-2019-10744").await;
            let id = &findings["items"][0]["id"];
            let life = bench.get(&format!("/api/v1/findings/{id}")).await;
            let events = life["events"].as_array().cloned().unwrap();
            events.iter().map(|it| it["cause"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        task.run(&bench.app).await.unwrap();
        assert!(causes().await.iter().any(|it| it.starts_with("decision: accepted by ")));
        assert!(!causes().await.contains(&"decision: it ended".to_owned()));
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        for _ in 0..2 {
            task.run(&bench.app).await.unwrap();
        }
        let ended = causes().await.into_iter().filter(|it| it == "decision: it ended").count();
        assert_eq!(ended, 1, "once");
    });
}

#[test]
fn what_happens_in_quiet_hours_is_told_after_them() {
    each(&[], |bench| async move {
        let (server, heard) = listener();
        bench.app.web.allow(&server.host());
        let url = format!("http://{}/hook", server.host());
        let id = add(&bench, "webhook", json!({"url": url})).await;
        // Two spans of a day, so that one of them is quiet at any time.
        let clock = moment::timestamp(moment::now()).to_string();
        let is_morning = &clock[11..13] < "12";
        let (now, other) = if is_morning {
            ("00:00-12:30", "13:00-23:59")
        } else {
            ("11:30-00:10", "01:00-11:00")
        };
        let path = format!("/api/v1/notifiers/{id}");
        let quiet = |hours: &str| {
            json!({"name": "webhook", "kind": "webhook", "severity": "low", "quiet": hours,
                "settings": {"url": url}})
        };
        assert_eq!(bench.ask("PUT", &path, quiet(now)).await.0, 200);
        bench.image("registry.invalid/a/one:1", &[("lodash", "4.17.4")]).await;
        tell(&bench).await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        assert!(heard.lock().unwrap().is_empty(), "at {clock}: {:?}", heard.lock().unwrap());
        assert_eq!(bench.ask("PUT", &path, quiet(other)).await.0, 200);
        tell(&bench).await;
        let has_heard = async || {
            heard.lock().unwrap().iter().any(|it| it.2["cause"]["weakness"] == "CVE-2019-10744")
        };
        bench.until("it is told", has_heard).await;
    });
}

#[test]
fn each_kind_is_tried_by_a_button_and_keeps_its_secrets() {
    each(&[], |bench| async move {
        let (server, heard) = listener();
        let url = format!("http://{}/", server.host());
        let slack = add(&bench, "slack", json!({"url": url})).await;
        let test = format!("/api/v1/notifiers/{slack}/test");
        let (status, body) = bench.ask("POST", &test, Value::Null).await;
        assert_eq!(status, 502, "inside is refused: {body}");
        assert!(body["detail"].as_str().unwrap().contains("PLIMSOLL_NOTIFY_ALLOW"), "{body}");
        bench.app.web.allow(&server.host());
        assert_eq!(bench.ask("POST", &test, Value::Null).await.0, 204);
        let teams = add(&bench, "teams", json!({"url": url})).await;
        let pager = add(&bench, "pagerduty", json!({"routing_key": "r", "url": url})).await;
        for id in [teams, pager] {
            let test = format!("/api/v1/notifiers/{id}/test");
            assert_eq!(bench.ask("POST", &test, Value::Null).await.0, 204);
        }
        let told: Vec<Value> = heard.lock().unwrap().iter().map(|it| it.2.clone()).collect();
        assert_eq!(told[0]["text"], "Plimsoll: a test message");
        assert_eq!(told[1]["attachments"][0]["content"]["type"], "AdaptiveCard");
        assert_eq!(told[2]["event_action"], "trigger");
        let shown = bench.get(&format!("/api/v1/notifiers/{slack}")).await;
        assert_eq!(shown["settings"]["url"], "********", "{shown}");
        let metrics = bench.metrics("/metrics", "").await;
        assert!(metrics.contains("plimsoll_notices_total{kind=\"slack\",result=\"failed\"} 1"));

        let quiet = json!({"name": "slack", "kind": "slack", "settings": shown["settings"],
            "quiet": "00:00-23:59", "zone": "Europe/London"});
        let path = format!("/api/v1/notifiers/{slack}");
        assert_eq!(bench.ask("PUT", &path, quiet).await.0, 200);
        assert_eq!(bench.ask("POST", &test, Value::Null).await.0, 204, "its address is kept");
        assert_eq!(bench.ask("DELETE", &path, Value::Null).await.0, 204);
        assert_eq!(bench.ask("GET", &path, Value::Null).await.0, 404);
    });
}

#[test]
fn syslog_and_mail_are_sent_as_their_protocols_have_it() {
    each(&[], |bench| async move {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
        let address = socket.local_addr().unwrap().to_string();
        bench.app.web.allow("127.0.0.1");
        let syslog = add(&bench, "syslog", json!({"address": address})).await;
        let test = format!("/api/v1/notifiers/{syslog}/test");
        assert_eq!(bench.ask("POST", &test, Value::Null).await.0, 204);
        let mut buffer = [0; 2048];
        let read = socket.recv(&mut buffer).unwrap();
        let line = String::from_utf8_lossy(&buffer[..read]).into_owned();
        assert!(line.starts_with("<133>1 ") && line.contains(" CEF:0|Plimsoll|"), "{line}");

        let (port, mail) = smtp();
        let settings = json!({"host": "127.0.0.1", "port": port, "tls": "none",
            "from": "plimsoll@example.org", "to": "team@example.org"});
        let email = add(&bench, "email", settings).await;
        let (status, body) =
            bench.ask("POST", &format!("/api/v1/notifiers/{email}/test"), Value::Null).await;
        assert_eq!(status, 204, "{body}");
        let got = mail.join().unwrap();
        assert!(got.contains("Subject: Plimsoll: a test message"), "{got}");
        assert!(got.contains("RCPT TO:<team@example.org>"), "{got}");
    });
}

/// A server that takes one mail.
fn smtp() -> (u16, std::thread::JoinHandle<String>) {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        stream.write_all(b"220 test ready\r\n").unwrap();
        let (mut all, mut is_data) = (String::new(), false);
        while let Some(Ok(line)) = lines.next() {
            all += &line;
            all += "\n";
            let answer: &[u8] = match (is_data, line.as_str()) {
                (true, ".") => b"250 taken\r\n",
                (true, _) => continue,
                (false, "DATA") => b"354 go on\r\n",
                (false, "QUIT") => b"221 bye\r\n",
                _ => b"250 ok\r\n",
            };
            is_data = line == "DATA";
            stream.write_all(answer).unwrap();
            if line == "." || line == "QUIT" {
                break;
            }
        }
        all
    });
    (port, thread)
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn alertmanager_takes_alerts_and_lets_go_of_those_that_are_over() {
    each(&[], |bench| async move {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("alertmanager.yaml");
        std::fs::write(&config, "route: {receiver: none}\nreceivers: [{name: none}]\n").unwrap();
        let port = plimsoll_testkit::free_port();
        let started = Command::new("prometheus-alertmanager")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(started) = started else {
            eprintln!("skipped: no Alertmanager here");
            return;
        };
        let _ended = Ended(started);
        let url = format!("http://127.0.0.1:{port}");
        let get = async || {
            let answer = bench.client.get(format!("{url}/api/v2/alerts")).send().await.ok()?;
            serde_json::from_str::<Value>(&answer.text().await.ok()?).ok()
        };
        bench.until("Alertmanager answers", async || get().await.is_some()).await;
        bench.app.web.allow("127.0.0.1");
        add(&bench, "alertmanager", json!({"url": url})).await;
        bench.image("registry.invalid/a/one:1", &[("lodash", "4.17.4")]).await;
        tell(&bench).await;
        let has = |weakness: &'static str| {
            let get = &get;
            async move {
                let all = get().await.unwrap_or_default();
                let mut all = all.as_array().into_iter().flatten();
                all.any(|it| it["labels"]["weakness"] == weakness)
            }
        };
        bench.until("the alert is there", async || has("CVE-2019-10744").await).await;
        let decision = json!({"weakness": "CVE-2019-10744", "state": "fixed"});
        assert_eq!(bench.ask("POST", "/api/v1/triage", decision).await.0, 200);
        tell(&bench).await;
        bench.until("the alert is over", async || !has("CVE-2019-10744").await).await;
    });
}
