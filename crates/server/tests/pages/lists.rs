//! Lists page by page, and as CSV and JSON.

use std::collections::BTreeSet;

use crate::site::Site;

async fn all(site: &Site, path: &str, key: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut after = String::new();
    for _ in 0..50 {
        let joint = if path.contains('?') { '&' } else { '?' };
        let page = site.get(&format!("{path}{joint}format=json&limit=50&after={after}")).await;
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        let page: serde_json::Value = serde_json::from_str(&page.body).unwrap();
        for item in page["items"].as_array().unwrap() {
            found.push(item[key].as_str().unwrap().to_owned());
        }
        match page["next"].as_str() {
            Some(next) => after = next.replace(':', "%3A"),
            None => break,
        }
    }
    found
}

#[test]
fn pages_of_images_tell_each_once_in_every_order() {
    Site::run(|site| async move {
        for number in 0..120 {
            let version = if number % 3 == 0 { "4.17.4" } else { "4.17.21" };
            site.image(&format!("app/{number:03}"), &[("lodash", version), ("left-pad", "1.3.0")])
                .await;
        }
        for sort in ["worst", "score", "best", "newest", "name"] {
            let found = all(&site, &format!("/images?sort={sort}"), "reference").await;
            let distinct: BTreeSet<&String> = found.iter().collect();
            assert_eq!((found.len(), distinct.len()), (120, 120), "{sort}");
        }
        let by_name = all(&site, "/images?sort=name", "reference").await;
        assert!(by_name.is_sorted());
        let worst = all(&site, "/images?sort=worst", "reference").await;
        assert_eq!(
            worst.iter().take(40).filter(|it| it[4..].parse::<u32>().unwrap() % 3 == 0).count(),
            40
        );
        assert_eq!(all(&site, "/images?flag=clean", "reference").await.len(), 80);
        assert_eq!(all(&site, "/images?q=app/01", "reference").await.len(), 10);
        assert_eq!(
            all(&site, "/weaknesses/CVE-2019-10744?table=images", "reference").await.len(),
            40
        );
    });
}

#[test]
fn what_a_new_reading_of_an_image_finds_is_in_the_list() {
    Site::run(|site| async move {
        site.image("app", &[("lodash", "4.17.4")]).await;
        assert_eq!(all(&site, "/images?flag=clean", "reference").await.len(), 0);
        site.image("app", &[("lodash", "4.17.21")]).await;
        assert_eq!(all(&site, "/images?flag=clean", "reference").await, ["app"]);
        assert!(site.get("/").await.body.contains("No open findings"));
    });
}

#[test]
fn tables_are_csv_too() {
    Site::run(|site| async move {
        site.image("=cmd()", &[("lodash", "4.17.4")]).await;
        for path in [
            "/images",
            "/findings",
            "/components",
            "/remediation?table=changes",
            "/?table=worst",
            "/?table=changes",
            "/?table=feeds",
            "/compliance",
            "/policies?table=limits",
            "/policies?table=decisions",
            "/policies?table=notifiers",
            "/coverage?table=registries",
            "/coverage?table=places",
            "/trends/scores?table=bands",
            "/scans",
            "/runtime",
            "/trends/remediation?table=days",
        ] {
            let joint = if path.contains('?') { '&' } else { '?' };
            let page = site.get(&format!("{path}{joint}format=csv")).await;
            assert_eq!(
                page.head("content-type").as_deref(),
                Some("text/csv; charset=utf-8"),
                "{path}"
            );
        }
        let images = site.get("/images?format=csv").await.body;
        assert!(images.lines().nth(1).unwrap().starts_with("'=cmd()"), "{images}");
    });
}

#[test]
fn components_are_found_by_how_a_part_of_their_name_begins() {
    use plimsoll_model::{Inventory, Package, PackageKind};
    Site::run(|site| async move {
        let mut inventory = Inventory::default();
        inventory.artifact.reference = "shop".into();
        inventory.packages = [
            (PackageKind::Maven, "org.apache.logging.log4j:log4j-core"),
            (PackageKind::Npm, "@types/node"),
            (PackageKind::Golang, "github.com/gin-gonic/gin"),
        ]
        .map(|(kind, name)| Package::new(kind, name, "2.14.1"))
        .to_vec();
        site.inventory(&inventory).await;
        let found = async |text: &str| {
            let page = site.get(&format!("/search?q={text}&format=json&table=components")).await;
            assert_eq!(page.status, 200, "{text}: {}", page.body);
            page.body
        };
        assert!(found("log4j").await.contains("org.apache.logging.log4j:log4j-core"));
        assert!(found("node").await.contains("@types/node"));
        assert!(found("gin").await.contains("github.com/gin-gonic/gin"));
        assert!(!found("core").await.contains("log4j-core"), "in the middle of a part");
        assert!(!found("%25").await.contains("log4j-core"), "a text is no pattern");
    });
}
