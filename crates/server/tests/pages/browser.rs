//! Pages in a real browser: axe finds nothing, nothing is wider than a telephone, no script is refused.

use std::path::PathBuf;
use std::process::Command;

use crate::PAGES;
use crate::site::Site;

/// Where npm put playwright-core and axe-core beside the other programs.
fn tools() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::var_os("UI_TOOLS").map(PathBuf::from);
    let beside = std::env::split_paths(&path).map(|folder| folder.join("ui"));
    named.into_iter().chain(beside).find(|folder| folder.join("node_modules/axe-core").is_dir())
}

#[test]
fn axe_finds_nothing_on_any_page_light_or_dark_wide_or_narrow() {
    let Some(tools) = tools() else {
        eprintln!("skipped: `axe-core` is not there (make sign-peers brings it)");
        return;
    };
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
    if Command::new(&chromium).arg("--version").output().is_err() {
        eprintln!("skipped: `chromium` is not there");
        return;
    }
    Site::run(|site| async move {
        let digest = site
            .image("registry.example/shop:1.4", &[("lodash", "4.17.4"), ("minimist", "1.2.0")])
            .await;
        let other = site.image("registry.example/shop:1.5", &[("lodash", "4.17.21")]).await;
        site.alert("Shell in a container", "Critical").await;
        let mut paths: Vec<String> = PAGES.iter().map(ToString::to_string).collect();
        for view in ["", "packages", "layers", "timeline", "about"] {
            paths.push(format!("/images/{digest}?view={view}"));
        }
        paths.extend([
            format!("/compare?a={digest}&b={other}"),
            "/components/1".into(),
            "/weaknesses/CVE-2019-10744".into(),
            "/runtime/alerts/1".into(),
            "/remediation/change?kind=npm&name=lodash&release=".into(),
            "/weaknesses/none".into(),
        ]);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/look.mjs");
        let out = std::env::var("UI_PICTURES").unwrap_or_else(|_| "-".to_owned());
        let address = format!("http://{}", site.address);
        let run = move || {
            let mut command = Command::new("node");
            command.arg(script).arg(address).arg(out).args(paths);
            command.env("UI_TOOLS", tools).output().unwrap()
        };
        let output = tokio::task::spawn_blocking(run).await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    });
}
