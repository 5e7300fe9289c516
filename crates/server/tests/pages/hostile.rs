//! Names come from images, SBOMs and sensors that nobody need trust.

use plimsoll_model::{Inventory, Layer, Location, Package, PackageKind};

use crate::PAGES;
use crate::site::Site;

const EVIL: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>";

#[test]
fn a_script_in_any_name_is_text_on_every_page() {
    Site::run(|site| async move {
        let mut inventory = Inventory::default();
        inventory.artifact.reference = format!("registry.example/{EVIL}:{EVIL}");
        inventory.artifact.source = EVIL.into();
        inventory.artifact.user = EVIL.into();
        inventory.artifact.labels = vec![
            (EVIL.into(), EVIL.into()),
            ("org.opencontainers.image.base.name".into(), EVIL.into()),
        ];
        let digest = "sha256:11f91b1f3b4a5c3ee12d77a09e5a1c4a1a4f2f83df3a4c3a8e5b4f6a7c8d9e0f";
        inventory.layers = vec![Layer {
            digest: digest.parse().ok(),
            diff_id: digest.parse().ok(),
            created_by: EVIL.into(),
            size: 1,
            media_type: EVIL.into(),
        }];
        let location = Location { path: EVIL.into(), layer: Some(0), line: None };
        let mut evil = Package::new(PackageKind::Npm, EVIL, EVIL);
        evil.licenses = vec![EVIL.into()];
        evil.locations = vec![location.clone()];
        let mut lodash = Package::new(PackageKind::Npm, "lodash", "4.17.4");
        lodash.locations = vec![location];
        inventory.packages = vec![evil, lodash];
        let one = site.inventory(&inventory).await;
        inventory.artifact.reference = EVIL.into();
        inventory.packages.pop();
        let two = site.inventory(&inventory).await;
        site.alert(EVIL, EVIL).await;
        let mut paths: Vec<String> = PAGES.iter().map(ToString::to_string).collect();
        for view in ["", "packages", "layers", "timeline", "about"] {
            paths.push(format!("/images/{one}?view={view}"));
        }
        let encoded = "%22%27%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E";
        for path in [
            "search?q=",
            "images?q=",
            "images?base=",
            "images?distro=",
            "findings?q=",
            "components?q=",
            "runtime?rule=",
            "compare?a=",
            "scans?kind=",
            "images/",
            "weaknesses/",
            "remediation/change?name=",
        ] {
            paths.push(format!("/{path}{encoded}"));
        }
        paths.extend([
            format!("/compare?a={one}&b={two}"),
            "/components/1".into(),
            "/components/2".into(),
            "/weaknesses/CVE-2019-10744".into(),
            "/runtime/alerts/1".into(),
            "/remediation/change?kind=npm&name=lodash&release=".into(),
        ]);
        for path in paths {
            let page = site.get(&path).await;
            assert!(page.status < 500, "{path}: {}", page.status);
            assert!(!page.body.contains("<script>") && !page.body.contains("<img"), "{path}");
            assert!(!page.body.contains(" style=") && !page.body.contains("<style"), "{path}");
            assert!(
                !page.body.contains(" onclick=") && !page.body.contains("javascript:"),
                "{path}"
            );
            let policy = page.head("content-security-policy").unwrap();
            assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        }
    });
}

#[test]
fn a_package_name_that_is_a_shell_command_is_never_offered_for_pasting() {
    Site::run(|site| async move {
        site.image("one", &[("lodash", "4.17.4")]).await;
        let page = site.get("/remediation/change?kind=npm&name=lodash;reboot&release=").await;
        assert_eq!(page.status, 404);
        assert!(!page.body.contains("npm install"));
    });
}
