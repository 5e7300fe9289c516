//! What stands and is told: alerts of sensors, deadlines, registries.

use std::time::Duration;

use plimsoll_server::intake;
use plimsoll_server::notify::concerns;
use plimsoll_server::store::notifiers;
use serde_json::{Value, json};

use crate::notices::{Heard, add, listener};
use crate::{Bench, each};

const DAY: i64 = 86_400_000;

async fn tell(bench: &Bench, topic: &str) -> usize {
    let all = notifiers::all(&mut bench.app.store.read().await.unwrap()).await.unwrap();
    let mut pushed = 0;
    for notifier in all {
        let concern = concerns::concern(topic).unwrap();
        pushed += concerns::tell(&bench.app, &notifier, concern).await.unwrap();
    }
    pushed
}

/// What was heard once it is so many; and a moment later it is no more.
async fn heard(bench: &Bench, heard: &Heard, count: usize) -> Vec<Value> {
    bench.until("all is told", async || heard.lock().unwrap().len() >= count).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let told: Vec<Value> = heard.lock().unwrap().iter().map(|it| it.2.clone()).collect();
    assert_eq!(told.len(), count, "{told:?}");
    told
}

#[test]
fn an_alert_is_told_once_for_a_rule_and_image_and_again_when_it_did_not_come_for_an_hour() {
    each(&[], |bench| async move {
        let (server, ears) = listener();
        bench.app.web.allow(&server.host());
        add(&bench, "webhook", json!({"url": format!("http://{}/", server.host())})).await;
        let alert = |rule: &str, priority: &str| {
            let alert = json!({"rule": rule, "priority": priority, "hostname": "node-1",
                "output": "a shell\nwas started", "output_fields":
                {"container.image.repository": "nginx", "container.image.tag": "1.27"}});
            format!("{alert}\n")
        };
        let shell = alert("Shell in a container", "Critical");
        let lines = format!("{shell}{shell}{shell}{}", alert("Chatter", "Debug"));
        bench.app.intake.take(lines.into_bytes()).await.unwrap();
        intake::drain(&bench.app).await.unwrap();
        assert_eq!(tell(&bench, "alerts").await, 1);
        let told = heard(&bench, &ears, 1).await;
        assert_eq!(told[0]["key"], "alerts Shell in a container in nginx:1.27", "{told:?}");
        assert_eq!((&told[0]["is_open"], &told[0]["severity"]), (&json!(true), &json!("critical")));
        assert!(told[0]["summary"].as_str().unwrap().starts_with("3 in the last hour"), "{told:?}");
        assert_eq!(tell(&bench, "alerts").await, 0, "it is told already");

        bench.sql("UPDATE runtime_alerts SET at = at - 7200000").await;
        assert_eq!(tell(&bench, "alerts").await, 1);
        let told = heard(&bench, &ears, 2).await;
        assert_eq!(told[1]["is_open"], json!(false));
        assert!(told[1]["title"].as_str().unwrap().contains("no such alert for an hour"));
        assert_eq!(tell(&bench, "alerts").await, 0);
    });
}

#[test]
fn a_finding_is_told_before_its_time_is_over_and_when_it_is() {
    each(&[], |bench| async move {
        let (server, ears) = listener();
        bench.app.web.allow(&server.host());
        add(&bench, "webhook", json!({"url": format!("http://{}/", server.host())})).await;
        for number in 0..3 {
            let name = format!("registry.invalid/a/one:{number}");
            bench.image(&name, &[("lodash", "4.17.4")]).await;
        }
        bench.sql(&format!("UPDATE notifiers SET created = created - {}", 100 * DAY)).await;
        assert_eq!(tell(&bench, "deadlines").await, 0, "all of it is new");
        let opened = |days: i64| {
            format!(
                "UPDATE findings SET opened_at = changed_at - {} WHERE weakness = 'CVE-2019-10744'",
                days * DAY
            )
        };
        // Critical ones have a week.
        bench.sql(&opened(5)).await;
        assert_eq!(tell(&bench, "deadlines").await, 1);
        let told = heard(&bench, &ears, 1).await;
        assert_eq!(told[0]["key"], "deadlines due CVE-2019-10744 npm/lodash", "{told:?}");
        assert_eq!((&told[0]["images"], &told[0]["fixed_in"]), (&json!(3), &json!("4.17.12")));

        bench.sql(&opened(8)).await;
        assert_eq!(tell(&bench, "deadlines").await, 1);
        let told = heard(&bench, &ears, 2).await;
        assert_eq!(told[1]["key"], "deadlines overdue CVE-2019-10744 npm/lodash");
        assert!(told[1]["title"].as_str().unwrap().contains("overdue since"), "{told:?}");

        let decision = json!({"weakness": "CVE-2019-10744", "state": "fixed"});
        assert_eq!(bench.ask("POST", "/api/v1/triage", decision).await.0, 200);
        assert_eq!(tell(&bench, "deadlines").await, 2);
        let told = heard(&bench, &ears, 4).await;
        assert!(told[2..].iter().all(|it| it["is_open"] == false), "{told:?}");
    });
}

#[test]
fn who_is_added_is_not_told_of_deadlines_that_passed_before() {
    each(&[], |bench| async move {
        bench.image("registry.invalid/a/one:1", &[("lodash", "4.17.4")]).await;
        bench.sql(&format!("UPDATE findings SET opened_at = opened_at - {}", 300 * DAY)).await;
        add(&bench, "webhook", json!({"url": "http://127.0.0.1:1/"})).await;
        assert_eq!(tell(&bench, "deadlines").await, 0);
    });
}

#[test]
fn a_registry_that_cannot_be_looked_at_is_told_and_so_is_that_it_can() {
    each(&[], |bench| async move {
        let (server, ears) = listener();
        bench.app.web.allow(&server.host());
        let url = json!({"url": format!("http://{}/", server.host())});
        let id = add(&bench, "webhook", url.clone()).await;
        let new = json!({"name": "ours", "host": "127.0.0.1:1", "repositories": "a/b"});
        let (status, created) = bench.ask("POST", "/api/v1/registries", new).await;
        assert_eq!(status, 201, "{created}");
        let path = format!("/api/v1/registries/{}", created["id"]);
        assert_eq!(bench.ask("POST", &format!("{path}/look"), Value::Null).await.0, 202);
        let failed = async || !bench.get(&path).await["error"].is_null();
        bench.until("the look fails", failed).await;
        assert_eq!(tell(&bench, "registries").await, 1);
        let told = heard(&bench, &ears, 1).await;
        assert_eq!(told[0]["title"], "Registry `ours` cannot be looked at", "{told:?}");
        assert_eq!(tell(&bench, "registries").await, 0);
        bench.sql("UPDATE registries SET error = ''").await;
        assert_eq!(tell(&bench, "registries").await, 1);
        let told = heard(&bench, &ears, 2).await;
        assert_eq!(told[1]["is_open"], json!(false));

        let mut change = json!({"name": "webhook", "kind": "webhook", "severity": "low",
            "settings": url, "topics": ["findings"]});
        let path = format!("/api/v1/notifiers/{id}");
        let (status, body) = bench.ask("PUT", &path, change.clone()).await;
        assert_eq!((status, &body["topics"]), (200, &json!(["findings"])), "{body}");
        bench.sql("UPDATE registries SET error = 'again'").await;
        assert_eq!(tell(&bench, "registries").await, 0, "nobody asked for it");
        change["topics"] = json!(["weather"]);
        let (status, body) = bench.ask("PUT", &path, change).await;
        assert_eq!(status, 422, "{body}");
        assert!(
            body["detail"].as_str().unwrap().contains("alerts, deadlines, registries"),
            "{body}"
        );
    });
}
