//! The site of the documentation, built by mdBook.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::machine::Machine;
use crate::{at, is_there};

/// Files that pages of the contents link to, by their paths below `docs`.
fn listed() -> Vec<String> {
    let contents = fs::read_to_string(at("docs/SUMMARY.md")).unwrap();
    let links = contents.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let is_page = |link: &&str| Path::new(link).extension().is_some_and(|end| end == "md");
    links.filter(is_page).map(str::to_owned).collect()
}

#[test]
fn the_site_is_built_without_a_warning_and_has_every_page() {
    if !is_there("mdbook", "--version") {
        return;
    }
    let machine = Machine::new();
    let site = machine.path("book");
    let ran = Command::new("mdbook")
        .arg("build")
        .arg("--dest-dir")
        .arg(&site)
        .arg(at("."))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "{said}");
    assert!(!said.contains("WARN") && !said.contains("ERROR"), "{said}");
    let pages = listed();
    assert!(pages.len() > 60, "{pages:?}");
    for page in &pages {
        let name = match page.strip_suffix("README.md") {
            Some(folder) => format!("{folder}index.html"),
            None => page.replace(".md", ".html"),
        };
        let text = fs::read_to_string(site.join(&name));
        let text = text.unwrap_or_else(|why| panic!("{name}: {why}"));
        assert!(text.contains("<main>"), "{name}");
    }
    for picture in ["images/bench/scans.svg", "images/architecture.svg"] {
        assert!(site.join(picture).is_file(), "{picture}");
    }
}
