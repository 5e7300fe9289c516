//! Decisions about weaknesses.

use serde_json::{Value, json};

use crate::{Bench, each};

const CVE: &str = "CVE-2019-10744";

async fn finding(bench: &Bench) -> Value {
    let found = bench.get(&format!("/api/v1/findings?weakness={CVE}")).await;
    found["items"][0].clone()
}

#[test]
fn a_decision_holds_until_its_day_and_is_a_vex_statement() {
    each(&[], |bench| async move {
        let image = bench.image("registry.invalid/a/one:1", &[("lodash", "4.17.4")]).await;
        let id = finding(&bench).await["id"].clone();
        let path = format!("/api/v1/findings/{id}/triage");
        assert_eq!(bench.get(&path).await["decision"], Value::Null);
        let accepted = json!({"weakness": CVE, "scope": "lodash", "state": "accepted",
            "statement": "Until the rewrite.", "owner": "team-a", "labels": ["rewrite"],
            "until": "2999-01-01T00:00:00Z"});
        let (status, decision) = bench.ask("POST", "/api/v1/triage", accepted).await;
        assert_eq!(status, 200, "{decision}");
        assert_eq!(decision["actor"], "local");
        let standing = bench.get(&path).await;
        assert_eq!(standing["decision"]["state"], "accepted", "{standing}");
        assert_eq!(standing["decision"]["labels"], json!(["rewrite"]));
        assert!(standing["due"].is_string());

        let vex = bench.get(&format!("/api/v1/vex?image={image}")).await;
        assert_eq!(vex["@context"], "https://openvex.dev/ns/v0.2.0");
        let statement = &vex["statements"][0];
        assert_eq!(statement["vulnerability"]["name"], CVE);
        assert_eq!(statement["status"], "affected");
        let part = &statement["products"][0];
        assert!(part["@id"].as_str().unwrap().starts_with("pkg:oci/one@sha256%3A"), "{vex}");
        assert_eq!(part["subcomponents"][0]["@id"], "pkg:npm/lodash@4.17.4");
        let theirs = bench.get("/api/v1/vex?format=cyclonedx").await;
        assert_eq!(theirs["vulnerabilities"][0]["analysis"]["state"], "exploitable", "{theirs}");

        // A narrower decision goes before a wider one.
        let harmless = json!({"weakness": CVE, "scope": "pkg:npm/lodash@4.17.4",
            "state": "not_affected", "justification": "vulnerable_code_not_in_execute_path"});
        let (status, narrow) = bench.ask("POST", "/api/v1/triage", harmless).await;
        assert_eq!(status, 200, "{narrow}");
        assert_eq!(bench.get(&path).await["decision"]["state"], "not_affected");
        let vex = bench.get("/api/v1/vex").await;
        assert_eq!(vex["statements"].as_array().unwrap().len(), 1, "{vex}");
        assert_eq!(vex["statements"][0]["status"], "not_affected");

        let narrow = format!("/api/v1/triage/{}", narrow["id"]);
        assert_eq!(bench.ask("DELETE", &narrow, Value::Null).await.0, 204);
        assert_eq!(bench.ask("GET", &narrow, Value::Null).await.0, 404);
        let over = json!({"weakness": CVE, "scope": "lodash", "state": "accepted",
            "until": "2020-01-01T00:00:00Z"});
        assert_eq!(bench.ask("POST", "/api/v1/triage", over).await.0, 200);
        assert_eq!(bench.get(&path).await["decision"], Value::Null, "its day is over");
        assert_eq!(bench.get("/api/v1/vex").await["statements"], json!([]));
        let all = bench.get(&format!("/api/v1/triage?weakness={CVE}")).await;
        assert_eq!(all["items"].as_array().unwrap().len(), 1, "replaced: {all}");
    });
}

#[test]
fn findings_are_found_by_the_owner_and_the_labels_of_what_holds_for_them() {
    each(&[], |bench| async move {
        bench
            .image("registry.invalid/a/one:1", &[("lodash", "4.17.4"), ("minimist", "0.0.8")])
            .await;
        let decide = async |scope: &str, owner: &str, labels: Value| {
            let decision = json!({"weakness": CVE, "scope": scope, "state": "affected",
                "owner": owner, "labels": labels});
            let (status, body) = bench.ask("POST", "/api/v1/triage", decision).await;
            assert_eq!(status, 200, "{body}");
            body["id"].clone()
        };
        let found = async |query: &str| {
            let found = bench.get(&format!("/api/v1/findings?{query}")).await;
            let of = |it: &Value| it["weakness"].as_str().unwrap().to_owned();
            found["items"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
        };
        decide("", "team-a", json!(["re", "rewrite, later"])).await;
        for query in [
            "owner=team-a",
            "label=re",
            "label=rewrite,%20later",
            "owner=team-a&label=re&severity=low&component=lodash&fix_state=fixed",
            &format!("owner=team-a&weakness={CVE}"),
        ] {
            assert_eq!(found(query).await, [CVE], "{query}");
        }
        for query in [
            "owner=team",
            "owner=team-b",
            "label=rewrite",
            "label=RE",
            "owner=team-b&label=re",
            "owner=team-a&component=minimist",
            "owner=team-a&state=resolved",
            "label=re&weakness=CVE-1",
        ] {
            assert!(found(query).await.is_empty(), "{query}");
        }
        // The page has the same, and says whose it is.
        let page = bench.get("/findings?owner=team-a&label=re&format=json").await;
        let row = &page["items"][0];
        assert_eq!(row["owner"], "team-a", "{page}");
        assert_eq!(row["labels"], "re, rewrite, later", "{page}");
        let (status, page) = bench.ask("GET", "/findings?label=re", Value::Null).await;
        let page = page.as_str().unwrap_or_default().to_owned();
        assert!(status == 200 && page.contains("/findings?owner=team-a"), "{page}");
        // A narrower decision goes before a wider one, and an end is an end.
        let narrow = decide("lodash", "team-b", json!([])).await;
        assert!(found("owner=team-a").await.is_empty());
        assert_eq!(found("owner=team-b").await, [CVE]);
        bench.sql(&format!("UPDATE triage SET until = 1 WHERE id = {narrow}")).await;
        assert_eq!(found("owner=team-a").await, [CVE]);
        assert!(found("owner=team-b").await.is_empty());
    });
}

#[test]
fn what_is_settled_breaks_no_agreement() {
    each(&[], |bench| async move {
        bench.image("registry.invalid/a/one:1", &[("lodash", "4.17.4")]).await;
        let strict = json!({"critical": 0, "high": 0, "medium": 0, "low": 0});
        assert_eq!(bench.ask("PUT", "/api/v1/sla", strict).await.0, 200);
        let found = bench.get("/api/v1/findings?limit=500").await;
        for it in found["items"].as_array().unwrap() {
            let decision = json!({"weakness": it["weakness"], "state": "not_affected",
                "justification": "component_not_present"});
            assert_eq!(bench.ask("POST", "/api/v1/triage", decision).await.0, 200);
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        bench.app.metrics.measure(&bench.app).await.unwrap();
        let text = bench.metrics("/metrics", "").await;
        assert!(text.contains("plimsoll_sla_breaches{severity=\"critical\"} 0\n"), "{text}");
    });
}

#[test]
fn what_makes_no_sense_is_refused() {
    each(&[], |bench| async move {
        for (decision, why) in [
            (json!({"weakness": CVE, "state": "maybe"}), "`state`"),
            (json!({"weakness": "", "state": "fixed"}), "`weakness`"),
            (json!({"weakness": CVE, "state": "not_affected"}), "needs a `justification`"),
            (json!({"weakness": CVE, "state": "fixed", "justification": "x"}), "`justification`"),
        ] {
            let (status, body) = bench.ask("POST", "/api/v1/triage", decision).await;
            assert_eq!(status, 422, "{body}");
            assert!(body["detail"].as_str().unwrap().contains(why), "{body}");
        }
        assert_eq!(bench.ask("GET", "/api/v1/vex?format=csaf", Value::Null).await.0, 400);
        let none = format!("/api/v1/vex?image=sha256:{}", "0".repeat(64));
        assert_eq!(bench.ask("GET", &none, Value::Null).await.0, 404);
    });
}

#[test]
fn findings_are_told_as_they_were() {
    each(&[], |bench| async move {
        bench.image("registry.invalid/a/one:1", &[("lodash", "4.17.4")]).await;
        let id = finding(&bench).await["id"].as_i64().unwrap();
        let now = plimsoll_server::moment::now();
        let second = |back: i64| plimsoll_server::moment::timestamp(now - back * 1000).to_string();
        // It was opened an hour ago as low, rose half an hour ago, and is resolved since.
        let mut write = bench.app.store.write().await.unwrap();
        for (text, at) in [
            ("UPDATE finding_events SET at = $2 WHERE finding_id = $1", now - 3_600_000),
            (
                "INSERT INTO finding_events (finding_id, at, event, cause, detail) VALUES \
                 ($1, $2, 'changed', '', 'severity: low → critical; fixed in: none → 4.17.12')",
                now - 1_800_000,
            ),
            (
                "INSERT INTO finding_events (finding_id, at, event, cause, detail) VALUES \
                 ($1, $2, 'resolved', '', '')",
                now - 60_000,
            ),
        ] {
            sqlx::query(text).bind(id).bind(at).execute(&mut *write).await.unwrap();
        }
        write.commit().await.unwrap();
        let at = async |back: i64| {
            let path = format!("/api/v1/history/findings?limit=500&at={}", second(back));
            let found = bench.get(&path).await;
            found["items"].as_array().unwrap().iter().find(|it| it["id"] == id).cloned()
        };
        assert_eq!(at(2 * 3600).await, None, "before it was opened");
        let low = at(2700).await.unwrap();
        assert_eq!((&low["severity"], &low["fixed_in"]), (&json!("low"), &Value::Null), "{low}");
        assert_eq!(at(600).await.unwrap()["severity"], "critical");
        assert_eq!(at(0).await, None, "it is resolved");
        assert_eq!(bench.ask("GET", "/api/v1/history/findings?at=then", Value::Null).await.0, 400);
    });
}
