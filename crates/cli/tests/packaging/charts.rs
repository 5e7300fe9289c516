//! The pictures of the benchmarks' page say what its tables say.

use std::process::Command;

use crate::{at, is_there, said};

#[test]
fn pictures_of_the_benchmarks_are_those_of_its_tables() {
    if !is_there("python3", "--version") {
        return;
    }
    let mut check = Command::new("python3");
    check.arg("-B").arg(at("benches/charts.py")).arg("--check");
    said(&check.output().unwrap());
}

#[test]
fn every_picture_is_on_the_page_and_has_colours_for_light_and_dark() {
    let page = std::fs::read_to_string(at("docs/benchmarks.md")).unwrap();
    let mut pictures = 0;
    for entry in std::fs::read_dir(at("docs/images/bench")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(page.contains(&format!("](images/bench/{name})")), "{name}");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("prefers-color-scheme: dark"), "{name}");
        pictures += 1;
    }
    assert_eq!(pictures, 4);
}
