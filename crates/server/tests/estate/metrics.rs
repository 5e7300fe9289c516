//! What is told to whoever scrapes.

use serde_json::json;

use crate::each;

#[test]
fn findings_ages_scores_and_policies_are_told_of_what_images_have() {
    each(&[], |bench| async move {
        bench.image("registry.invalid/a/one:1", &[("lodash", "4.17.4")]).await;
        bench.image("registry.invalid/a/two:1", &[("left-pad", "1.3.0")]).await;
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
