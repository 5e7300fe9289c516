//! What runs where.

use serde_json::json;

use crate::each;

#[test]
fn tags_of_one_digest_that_run_are_read_once() {
    each(&[], |bench| async move {
        let id = format!("registry.invalid/shop/web@sha256:{}", "cd".repeat(32));
        let one = |name: &str, tag: &str| {
            json!({"namespace": "shop", "kind": "Deployment", "name": name, "container": "web",
                "image": format!("registry.invalid/shop/web:{tag}"), "image_id": id})
        };
        let report = json!({"place": "prod", "containers": [one("a", "1"), one("b", "2")]});
        let (status, body) = bench.ask("POST", "/api/v1/running", report).await;
        assert_eq!((status, &body["containers"], &body["to_read"]), (200, &json!(2), &json!(1)));
        let scans = bench.get("/api/v1/scans").await;
        assert_eq!(scans["items"].as_array().unwrap().len(), 1, "{scans}");
        assert_eq!(scans["items"][0]["reference"], format!("registry:{id}"));
    });
}

#[test]
fn what_runs_goes_first_and_coverage_says_how_much_of_it_was_read() {
    each(&[], |bench| async move {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let report = json!({"place": "prod", "containers": [
            {"namespace": "shop", "kind": "Deployment", "name": "web", "container": "web",
             "image": "registry.invalid/shop/web:1", "image_id": format!("registry.invalid/shop/web@{digest}")},
            {"namespace": "shop", "kind": "Deployment", "name": "web", "container": "proxy",
             "image": "registry.invalid/shop/proxy:1", "image_id": ""},
        ]});
        let (status, body) = bench.ask("POST", "/api/v1/running", report).await;
        assert_eq!((status, &body["containers"], &body["to_read"]), (200, &json!(2), &json!(2)));
        bench.app.metrics.measure(&bench.app).await.unwrap();
        let text = bench.metrics("/metrics", "").await;
        assert!(text.contains("plimsoll_scan_coverage_ratio{scope=\"place/prod\"} 0.0"), "{text}");
        assert!(text.contains("plimsoll_images 1\n"), "{text}");

        bench.image("registry.invalid/shop/proxy:1", &[("lodash", "4.17.4")]).await;
        bench.app.metrics.measure(&bench.app).await.unwrap();
        let text = bench.metrics("/metrics", "").await;
        assert!(text.contains("plimsoll_scan_coverage_ratio{scope=\"place/prod\"} 0.5"), "{text}");
        let theirs = bench.metrics("/metrics/trivy-operator", "").await;
        let line = theirs.lines().find(|it| {
            it.starts_with("trivy_image_vulnerabilities{") && it.contains("\"Critical\"")
        });
        let line = line.unwrap_or_else(|| panic!("{theirs}"));
        assert!(line.contains("image_repository=\"shop/proxy\""), "{line}");
        assert!(line.contains("resource_kind=\"Deployment\""), "{line}");
        assert!(!line.ends_with(" 0"), "{line}");

        let gone = json!({"place": "prod", "containers": []});
        assert_eq!(bench.ask("POST", "/api/v1/running", gone).await.0, 200);
        assert_eq!(bench.get("/api/v1/running").await["items"], json!([]));
    });
}
