//! Writes the first inputs of the fuzz targets `dockerfile`, `shell` and `dockerignore`: the
//! examples of all rules, and the Dockerfiles of the corpora where they are at hand.
//!
//! `cargo run -p plimsoll-build --example lint_fuzz_seeds -- fuzz/corpus`
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a tool that says what it made")]

use std::fs;
use std::path::Path;

use plimsoll_build::syntax::{Dockerfile, Keyword};
use plimsoll_build::{Source, rules};
use plimsoll_testkit::shared_records;

const IGNORE_FILES: [&str; 6] = [
    "a/b\n**/*.log\n!keep.log\n",
    ".git/config\n# comment\n.git\nnode_modules/\n",
    "src/x\n*\n!src\n!src/**/[a-c]?.rs\n",
    "a*b\na\\*b\n/../x//y/.\n",
    "x\n\u{feff}x\r\n **x \r\n",
    "deep/er/file\n**/er/**\n!deep/**\n",
];

fn main() {
    let Some(out) = std::env::args().nth(1) else {
        println!("usage: lint_fuzz_seeds OUT");
        std::process::exit(2);
    };
    let out = Path::new(&out);
    let mut texts: Vec<String> =
        rules::all().flat_map(|rule| [rule.bad, rule.good]).map(str::to_owned).collect();
    for corpus in
        ["dockerfile-parser/cases.jsonl", "dockerfile-parser/real.jsonl", "lint/cases.jsonl"]
    {
        let cases = shared_records(corpus);
        texts.extend(cases.iter().filter_map(|case| Some(case["dockerfile"].as_str()?.to_owned())));
    }
    let mut commands = Vec::new();
    for text in &texts {
        let file = Dockerfile::parse(Source::new(text.as_str()));
        let runs = file.instructions.iter().filter(|one| one.keyword == Keyword::Run);
        commands.extend(runs.map(|run| run.arguments_text.text().to_owned()));
    }
    let ignore_files = IGNORE_FILES.map(str::to_owned).to_vec();
    for (target, prefix, seeds) in [
        ("dockerfile", "\u{1}", texts),
        ("shell", "\u{3}", commands),
        ("dockerignore", "", ignore_files),
    ] {
        let folder = out.join(target);
        fs::create_dir_all(&folder).unwrap();
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), format!("{prefix}{seed}")).unwrap();
        }
        println!("{} seeds in {}", seeds.len(), folder.display());
    }
}
