//! What is told to whoever scrapes.

use plimsoll_server::store::summaries;
use serde_json::json;

use crate::each;

#[test]
fn findings_ages_scores_and_policies_are_told_of_what_images_have() {
    each(&[], |bench| async move {
        bench.image("registry.invalid/a/one:1", &[("lodash", "4.17.4")]).await;
        bench.image("registry.invalid/a/two:1", &[("left-pad", "1.3.0")]).await;
        summaries::refresh(&bench.app).await.unwrap();
        bench.app.metrics.measure(&bench.app).await.unwrap();
        let text = bench.metrics("/metrics", "").await;
        for line in [
            "plimsoll_images_scanned 2\n",
            "plimsoll_image_score_count{registry=\"registry.invalid\"} 2\n",
            "plimsoll_compliance_checks{policy=\"no-critical-with-fix\",status=\"fail\"} 1\n",
            "plimsoll_compliance_score_ratio{policy=\"no-critical-with-fix\"} 0.5\n",
            "plimsoll_sla_breaches{severity=\"critical\"} 0\n",
            "# TYPE plimsoll_findings_opened_total counter\n",
            "# TYPE plimsoll_finding_age_seconds histogram\n",
        ] {
            assert!(text.contains(line), "no `{line}` in\n{text}");
        }
        assert!(!text.contains("CVE-") && !text.contains("sha256:"), "{text}");
    });
}

#[test]
fn openmetrics_is_told_to_whoever_asks_for_it() {
    each(&[], |bench| async move {
        bench.app.metrics.job(41, "scan", true, std::time::Duration::from_millis(20));
        let text = bench.metrics("/metrics", "application/openmetrics-text; version=1.0.0").await;
        assert!(text.ends_with("# EOF\n"));
        assert!(text.contains("# {scan=\"41\"} 0.02"), "an exemplar: {text}");
        let plain = bench.metrics("/metrics", "text/plain").await;
        assert!(!plain.contains("# EOF") && !plain.contains("{scan="), "{plain}");
    });
}

#[test]
fn what_was_agreed_is_what_is_overdue() {
    each(&[], |bench| async move {
        bench.image("registry.invalid/a/one:1", &[("lodash", "4.17.4")]).await;
        let strict = json!({"critical": 0, "high": 0, "medium": null, "low": null});
        let (status, body) = bench.ask("PUT", "/api/v1/sla", strict.clone()).await;
        assert_eq!((status, &body), (200, &strict));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        bench.app.metrics.measure(&bench.app).await.unwrap();
        let text = bench.metrics("/metrics", "").await;
        assert!(!text.contains("plimsoll_sla_breaches{severity=\"critical\"} 0\n"), "{text}");
        assert!(text.contains("plimsoll_sla_breaches{severity=\"medium\"} 0\n"), "{text}");
        assert!(
            text.contains(
                "plimsoll_compliance_checks{policy=\"fixed-in-time\",status=\"fail\"} 1\n"
            ),
            "{text}"
        );
    });
}

#[test]
fn runtime_alerts_go_when_they_are_as_old_as_was_agreed() {
    each(&[], |bench| async move {
        let old = "{\"rule\":\"old\",\"priority\":\"Error\",\"time\":\"2020-01-01T00:00:00Z\"}\n";
        let new = "{\"rule\":\"new\",\"priority\":\"Error\"}\n";
        bench.app.intake.take(format!("{old}{new}").into_bytes()).await.unwrap();
        plimsoll_server::intake::drain(&bench.app).await.unwrap();
        let task = plimsoll_server::schedule::ALL.iter().find(|it| it.name() == "retention");
        let rules = async || {
            let all = bench.get("/api/v1/runtime/alerts").await;
            let all = all["items"].as_array().unwrap().clone();
            all.iter().map(|it| it["rule"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let path = "/api/v1/runtime/retention";
        assert_eq!(bench.get(path).await, json!({"days": 90}));
        assert_eq!(bench.ask("PUT", path, json!({"days": null})).await.0, 200);
        task.unwrap().run(&bench.app).await.unwrap();
        assert_eq!(rules().await.len(), 2, "for ever");
        assert_eq!(bench.ask("PUT", path, json!({"days": 0})).await.0, 422);
        assert_eq!(bench.ask("PUT", path, json!({"days": 30})).await.0, 200);
        task.unwrap().run(&bench.app).await.unwrap();
        assert_eq!(rules().await, ["new"]);
    });
}

#[test]
fn what_sensors_and_api_servers_say_of_themselves_is_counted_once() {
    each(&[], |bench| async move {
        let drops = json!({"rule": "Falco internal: syscall event drop", "priority": "Critical",
            "output_fields": {"n_evts": 1000, "n_drops": 8, "n_drops_buffer_total": 7}});
        assert_eq!(bench.ask("POST", "/api/v1/runtime/alerts", drops).await.0, 202);
        let event = |code: u16, message: &str| {
            json!({"kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": "1",
                "stage": "ResponseComplete", "verb": "create", "user": {"username": "a"},
                "requestURI": "/api/v1/namespaces/shop/pods", "objectRef": {"resource": "pods",
                "namespace": "shop", "name": "web"}, "responseStatus":
                {"code": code, "message": message}, "stageTimestamp": "2026-11-24T08:00:00.000000Z"})
        };
        let list = json!({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [
            event(201, ""), event(201, ""),
            event(403, "admission webhook \"images.example.org\" denied the request: unsigned")]});
        assert_eq!(bench.ask("POST", "/api/v1/runtime/k8s-audit", list).await.0, 202);
        assert_eq!(bench.ask("POST", "/api/v1/runtime/alerts", json!({})).await.0, 400);
        plimsoll_server::intake::drain(&bench.app).await.unwrap();
        let text = bench.metrics("/metrics", "").await;
        for line in [
            "plimsoll_runtime_events_total 1003",
            "plimsoll_runtime_events_dropped_total{reason=\"buffer_full\"} 7",
            "plimsoll_runtime_events_dropped_total{reason=\"other\"} 1",
            "plimsoll_runtime_events_dropped_total{reason=\"malformed\"} 1",
            "plimsoll_admission_decisions_total{decision=\"allow\",reason=\"none\"} 2",
            "plimsoll_admission_decisions_total{decision=\"deny\",reason=\"images.example.org\"} 1",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}: {text}");
        }
        let heads: Vec<&str> = text.lines().filter(|it| it.starts_with("# TYPE ")).collect();
        let mut once = heads.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), heads.len(), "each metric is told once");
    });
}
