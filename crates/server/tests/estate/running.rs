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
fn what_is_tagged_and_what_runs_is_counted_once_with_and_without_a_digest() {
    each(&[], |bench| async move {
        let digest = |sign: &str| format!("sha256:{}", sign.repeat(32));
        let new = json!({"name": "local", "host": "registry.invalid", "enabled": false});
        let (status, registry) = bench.ask("POST", "/api/v1/registries", new).await;
        assert_eq!(status, 201, "{registry}");
        for (repository, tag, sign, selected) in [
            ("web", "1", "a1", 1),
            ("web", "2", "a1", 1),
            ("api", "1", "b2", 1),
            ("old", "1", "c3", 0),
        ] {
            bench
                .sql(&format!(
                    "INSERT INTO registry_tags (registry_id, repository, tag, digest, first_seen, \
                     moved, selected) VALUES ({}, 'shop/{repository}', '{tag}', '{}', 0, 0, {selected})",
                    registry["id"],
                    digest(sign)
                ))
                .await;
        }
        let one = |name: &str, image: &str, sign: &str| {
            let repository = image.split(':').next().unwrap();
            let id = if sign.is_empty() {
                String::new()
            } else {
                format!("{repository}@{}", digest(sign))
            };
            json!({"kind": "Deployment", "name": name, "container": "one", "image": image, "image_id": id})
        };
        let web = one("web", "registry.invalid/shop/web:1", "a1");
        let api = one("api", "registry.invalid/shop/api:1", "");
        let proxy = one("proxy", "registry.invalid/shop/proxy:1", "");
        let cache = one("cache", "registry.invalid/shop/cache:1", "d4");
        for (place, containers) in
            [("prod", json!([web, api, proxy, cache])), ("edge", json!([proxy, cache]))]
        {
            let report = json!({"place": place, "containers": containers});
            assert_eq!(bench.ask("POST", "/api/v1/running", report).await.0, 200);
        }
        let measured = async || {
            bench.app.metrics.measure(&bench.app).await.unwrap();
            bench.metrics("/metrics", "").await
        };
        let text = measured().await;
        assert!(text.contains("plimsoll_images 4\n"), "web, api, proxy and cache: {text}");
        assert!(text.contains("plimsoll_scan_coverage_ratio{scope=\"all\"} 0.0\n"), "{text}");
        bench.image("registry.invalid/shop/proxy:1", &[("lodash", "4.17.4")]).await;
        let text = measured().await;
        for line in [
            "plimsoll_images 4",
            "plimsoll_scan_coverage_ratio{scope=\"all\"} 0.25",
            "plimsoll_scan_coverage_ratio{scope=\"place/prod\"} 0.25",
            "plimsoll_scan_coverage_ratio{scope=\"place/edge\"} 0.5",
            "plimsoll_scan_coverage_ratio{scope=\"registry/local\"} 0.0",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}: {text}");
        }
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
        assert!(text.contains("plimsoll_images 2\n"), "{text}");

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
