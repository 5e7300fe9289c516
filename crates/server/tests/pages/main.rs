//! Pages as a browser gets them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "../again/mod.rs"]
mod again;
mod browser;
mod budget;
mod errors;
mod estate;
mod hostile;
mod lists;
mod site;

use site::Site;

/// What does not depend on the store is left out.
#[test]
fn all_of_it_holds_on_postgresql() {
    again::on_postgresql(&["browser::", "budget::", "on_postgresql"]);
}

/// Every page that needs no object.
const PAGES: &[&str] = &[
    "/",
    "/images",
    "/findings",
    "/components",
    "/remediation",
    "/compare",
    "/runtime",
    "/compliance",
    "/policies",
    "/coverage",
    "/scans",
    "/search",
    "/search?q=nothing-is-called-this",
    "/trends/vulnerabilities",
    "/trends/runtime",
    "/trends/compliance",
    "/trends/scores",
    "/trends/remediation",
];

#[test]
fn every_page_is_there_when_there_is_nothing_to_show() {
    Site::run(|site| async move {
        for path in PAGES {
            let page = site.get(path).await;
            assert_eq!(page.status, 200, "{path}: {}", page.body);
            assert!(page.body.contains("<h1"), "{path} has a heading");
        }
        assert!(site.get("/").await.body.contains("No image has been read yet"));
    });
}

#[test]
fn every_page_shows_what_is_there() {
    Site::run(|site| async move {
        let digest = site
            .image("registry.example/shop:1.4", &[("lodash", "4.17.4"), ("left-pad", "1.3.0")])
            .await;
        let other = site.image("registry.example/shop:1.5", &[("lodash", "4.17.21")]).await;
        site.alert("Shell in a container", "Critical").await;
        for path in PAGES {
            assert_eq!(site.get(path).await.status, 200, "{path}");
        }
        let overview = site.get("/").await.body;
        assert!(
            overview.contains("One change helps most") && overview.contains("lodash"),
            "{overview}"
        );
        assert!(site.get("/images").await.body.contains("registry.example/shop:1.4"));
        assert!(site.get("/findings?q=CVE-2019-10744").await.body.contains("CVE-2019-10744"));
        let change = site.get("/remediation/change?kind=npm&name=lodash&release=").await;
        assert_eq!(change.status, 200);
        assert!(change.body.contains("npm install lodash@"));
        let image = site.get(&format!("/images/{digest}")).await.body;
        assert!(image.contains("of 100") && image.contains("CVE-2019-10744"));
        for view in ["packages", "layers", "timeline", "about"] {
            assert_eq!(
                site.get(&format!("/images/{digest}?view={view}")).await.status,
                200,
                "{view}"
            );
        }
        let weakness = site.get("/weaknesses/CVE-2019-10744").await.body;
        assert!(weakness.contains("registry.example/shop:1.4") && !weakness.contains("shop:1.5"));
        let compared = site.get(&format!("/compare?a={digest}&b={other}")).await.body;
        assert!(compared.contains("other version") && compared.contains("only in A"));
        assert!(site.get("/runtime").await.body.contains("Shell in a container"));
        let alert = site.get("/runtime/alerts/1").await.body;
        assert!(
            alert.contains("systemd") && alert.contains("bash"),
            "the tree of processes: {alert}"
        );
        let sbom = site.get(&format!("/images/{digest}/sbom?format=cyclonedx-json")).await;
        assert!(sbom.body.contains("CycloneDX") && sbom.body.contains("left-pad"));
    });
}

#[test]
fn what_is_not_there_is_a_page_too() {
    Site::run(|site| async move {
        for path in [
            "/images/sha256:00",
            "/weaknesses/CVE-1",
            "/components/9",
            "/components/x",
            "/runtime/alerts/7",
            "/trends/none",
            "/remediation/change?name=x",
        ] {
            let page = site.get(path).await;
            assert_eq!(page.status, 404, "{path}");
            assert!(
                page.body.contains("<h1") && page.head("content-security-policy").is_some(),
                "{path}"
            );
        }
        for path in [
            "/images?after=x.y",
            "/images?sort=colour",
            "/findings?severity=dreadful",
            "/findings?after=1",
        ] {
            assert_eq!(site.get(path).await.status, 400, "{path}");
        }
    });
}
