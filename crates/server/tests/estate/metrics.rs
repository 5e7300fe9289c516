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
fn of_what_nobody_knows_there_is_no_share_and_pages_tell_what_metrics_do() {
    each(&[], |bench| async move {
        bench.image("registry.invalid/a/one:1", &[("lodash", "4.17.4")]).await;
        bench.image("registry.invalid/a/two:1", &[("left-pad", "1.3.0")]).await;
        summaries::refresh(&bench.app).await.unwrap();
        bench.app.metrics.measure(&bench.app).await.unwrap();
        let text = bench.metrics("/metrics", "").await;
        let of = |name: &str, policy: &str, status: &str| {
            let line = format!("plimsoll_compliance_{name}{{policy=\"{policy}\"{status}}} ");
            let found = text.lines().find_map(|it| it.strip_prefix(&line));
            found.map(|value| value.parse::<f64>().unwrap())
        };
        assert_eq!(of("checks", "signed", ",status=\"unknown\""), Some(2.0), "{text}");
        assert_eq!(of("score_ratio", "signed", ""), None, "{text}");
        assert_eq!(of("score_ratio", "no-critical-with-fix", ""), Some(0.5));
        let page = bench.get("/compliance?format=json").await;
        let rows = page["items"].as_array().unwrap();
        assert_eq!(rows.len(), plimsoll_server::compliance::ALL.len());
        for row in rows {
            let policy = row["policy"].as_str().unwrap();
            for (column, status) in [("kept", "pass"), ("open", "fail"), ("unknown", "unknown")] {
                let told = of("checks", policy, &format!(",status=\"{status}\""));
                assert_eq!(row[column].as_f64(), told, "{policy}: {status}");
            }
            let list = bench.get(&format!("/images?policy={policy}&format=json")).await;
            let count = list["items"].as_array().unwrap().len();
            assert_eq!(row["open"], count, "{policy}: those of the list");
        }
    });
}

#[test]
fn series_stay_as_few_as_was_set_whatever_comes_in() {
    each(&[], |bench| async move {
        let bench = &bench;
        // Names of places, rules, reasons, registries and methods come from others.
        let line = |at: i32| format!("{{\"rule\":\"rule {at}\",\"priority\":\"Error\"}}\n");
        let lines: String = (0..3_000).map(line).collect();
        bench.app.intake.take(lines.into_bytes()).await.unwrap();
        plimsoll_server::intake::drain(&bench.app).await.unwrap();
        let values: Vec<String> =
            (0..3_000).map(|at| format!("('p{at:04}','','','','c','i','r','t','',1,1)")).collect();
        let columns = "place, namespace, kind, name, container, image, repository, tag, digest, \
             first_seen, last_seen";
        bench.sql(&format!("INSERT INTO running ({columns}) VALUES {}", values.join(", "))).await;
        for at in 0..80 {
            bench.image(&format!("r{at}.invalid/a:1"), &[("left-pad", "1.3.0")]).await;
        }
        for at in 0..60 {
            bench.ask(&format!("METHOD{at}"), "/api/v1/images", serde_json::Value::Null).await;
            bench.app.metrics.estate.decided("deny", &format!("reason {at}"), 1);
            bench.app.metrics.estate.saw(1, &[(format!("reason {at}").as_str(), 1)]);
        }
        summaries::refresh(&bench.app).await.unwrap();
        bench.app.metrics.measure(&bench.app).await.unwrap();
        for path in ["/metrics", "/metrics/trivy-operator"] {
            let text = bench.metrics(path, "").await;
            let series = text.lines().filter(|line| !line.starts_with('#')).count();
            assert!(series <= 1_000, "{path} has {series}");
        }
        let text = bench.metrics("/metrics", "").await;
        let value = |start: &str| {
            let found = text.lines().find_map(|line| line.strip_prefix(start));
            found.unwrap_or_else(|| panic!("no {start} in {text}")).trim().parse::<u64>().unwrap()
        };
        assert!(value("plimsoll_metrics_swallowed_total ") > 8_000);
        assert!(value("plimsoll_containers_running{place=\"other\"} ") > 2_900);
        assert!(text.contains("plimsoll_scan_coverage_ratio{scope=\"other\"} 0"), "{text}");
        assert!(text.contains("plimsoll_image_score_count{registry=\"other\"} 7"), "{text}");
        assert!(text.contains("method=\"other\"") && !text.contains("METHOD"), "{text}");
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
