//! Pages in a real browser: axe finds nothing, nothing is wider than a telephone, no script is refused;
//! a first visit over a slow line costs little; keys, paper and browsers without scripts.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use crate::PAGES;
use crate::estate::Estate;
use crate::site::Site;

/// Where npm put playwright-core and axe-core beside the other programs.
fn tools() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::var_os("UI_TOOLS").map(PathBuf::from);
    let beside = std::env::split_paths(&path).map(|folder| folder.join("ui"));
    let found = named.into_iter().chain(beside);
    let Some(tools) = found.into_iter().find(|it| it.join("node_modules/axe-core").is_dir()) else {
        eprintln!("skipped: `axe-core` is not there (make sign-peers brings it)");
        return None;
    };
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
    if Command::new(&chromium).arg("--version").output().is_err() {
        eprintln!("skipped: `chromium` is not there");
        return None;
    }
    Some(tools)
}

/// Runs a script of `ui/` on a server that has the example.
fn run(script: &'static str, arguments: fn(&Estate) -> Vec<String>) {
    let Some(tools) = tools() else { return };
    Site::run_with(Estate::advisories, |site| async move {
        let estate = Estate::fill(&site).await;
        let app = Arc::clone(&site.app);
        // What is told while a page is open is stored, as the clock of a server has it.
        let storing = tokio::spawn(async move {
            loop {
                plimsoll_server::intake::drain(&app).await.unwrap();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        let script = format!("{}/../../ui/{script}", env!("CARGO_MANIFEST_DIR"));
        let address = format!("http://{}", site.address);
        let arguments = arguments(&estate);
        let run = move || {
            let mut command = Command::new("node");
            command.arg(script).arg(address).args(arguments);
            command.env("UI_TOOLS", tools).output().unwrap()
        };
        let output = tokio::task::spawn_blocking(run).await.unwrap();
        storing.abort();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        eprintln!("{said}");
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    });
}

/// Every page, with what is in the example, and those that tell of what is not there.
fn all(estate: &Estate) -> Vec<String> {
    let [one, other] = &estate.worst;
    let mut paths: Vec<String> = PAGES.iter().map(ToString::to_string).collect();
    for view in ["", "packages", "layers", "timeline", "about"] {
        paths.push(format!("/images/{one}?view={view}"));
    }
    paths.extend([
        format!("/compare?a={one}&b={other}"),
        "/components/1".into(),
        "/weaknesses/CVE-2021-44228".into(),
        "/runtime/alerts/4".into(),
        "/remediation/change?kind=maven&name=org.apache.logging.log4j:log4j-core&release=".into(),
        "/images?q=nothing-is-called-this".into(),
        "/search?q=log4j".into(),
        "/sign-in".into(),
        "/weaknesses/none".into(),
        "/nowhere".into(),
    ]);
    paths
}

#[test]
fn axe_finds_nothing_on_any_page_light_or_dark_wide_or_narrow() {
    run("look.mjs", |estate| {
        let out = std::env::var("UI_PICTURES").unwrap_or_else(|_| "-".to_owned());
        [out].into_iter().chain(all(estate)).collect()
    });
}

#[test]
fn axe_finds_nothing_on_pages_that_have_nothing_to_show() {
    let Some(tools) = tools() else { return };
    Site::run(|site| async move {
        // All of it: its folder goes with it.
        let site = site;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/look.mjs");
        let address = format!("http://{}", site.address);
        let out = std::env::var("UI_PICTURES").map_or("-".to_owned(), |it| format!("{it}/empty"));
        let run = move || {
            let mut command = Command::new("node");
            command.arg(script).arg(address).arg(out).args(PAGES).arg("/sign-in");
            command.env("UI_TOOLS", tools).output().unwrap()
        };
        let output = tokio::task::spawn_blocking(run).await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    });
}

#[test]
fn a_first_visit_over_a_slow_line_keeps_within_its_budget() {
    run("budget.mjs", all);
}

#[test]
fn keys_lists_paper_and_browsers_without_scripts_do_what_they_should() {
    run("hands.mjs", |_| Vec::new());
}

/// `make screenshots`: the pictures of `docs/serve-ui.md`.
#[test]
#[ignore = "writes into the documentation"]
fn pictures_for_the_documentation() {
    run("pictures.mjs", |estate| {
        let [one, other] = &estate.worst;
        let change =
            "/remediation/change?kind=maven&name=org.apache.logging.log4j:log4j-core&release=";
        let pages = [
            ("overview", "/".to_owned()),
            ("overview-dark", "/".into()),
            ("overview-phone", "/".into()),
            ("images", "/images".into()),
            ("image", format!("/images/{one}")),
            ("image-packages", format!("/images/{one}?view=packages")),
            ("image-layers", format!("/images/{one}?view=layers")),
            ("image-timeline", format!("/images/{one}?view=timeline")),
            ("image-about", format!("/images/{one}?view=about")),
            ("findings", "/findings".into()),
            ("weakness", "/weaknesses/CVE-2021-44228".into()),
            ("components", "/components".into()),
            ("component", format!("/components/{}", estate.component)),
            ("scans", "/scans".into()),
            ("search", "/search?q=log4j".into()),
            ("remediation", "/remediation".into()),
            ("change", change.into()),
            ("compare", format!("/compare?a={one}&b={other}")),
            ("runtime", "/runtime".into()),
            ("alert-dark", "/runtime/alerts/4".into()),
            ("compliance", "/compliance".into()),
            ("policies", "/policies".into()),
            ("coverage", "/coverage".into()),
            ("trends", "/trends/vulnerabilities?days=90".into()),
            ("trends-runtime", "/trends/runtime?days=90".into()),
            ("trends-compliance", "/trends/compliance".into()),
            ("trends-scores", "/trends/scores".into()),
            ("trends-remediation-dark", "/trends/remediation?days=90".into()),
            ("sign-in", "/sign-in".into()),
        ];
        let out = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/images/serve");
        let pages = pages.into_iter().map(|(name, path)| format!("{name}={path}"));
        [out.to_owned()].into_iter().chain(pages).collect()
    });
}
