//! The Dockerfiles of a widely read guide on container security: as they are written the builder
//! gives up, mended they are built and run.

use std::fs;

use plimsoll_build::{Config, Environment, Safety, fix};
use plimsoll_testkit::shared;

use crate::builder::Builder;
use crate::proposals::node_program;

/// What `addgroup` says of a number that another group has.
const TAKEN: &str = "addgroup: gid '1000' in use";

/// The guide's files: from a `FROM` that follows a comment or begins a block, to the next prose.
fn files() -> Vec<String> {
    let Some(path) = shared("../guide/container-security-guide.txt") else { return Vec::new() };
    let text = fs::read_to_string(path).unwrap();
    let mut files: Vec<String> = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        let begins = line.starts_with("FROM ") && open.is_none();
        if begins {
            open = Some(String::new());
        }
        if let Some(file) = &mut open {
            file.push_str(line);
            file.push('\n');
            if line.starts_with("CMD ") {
                files.extend(open.take());
            }
        }
    }
    files
}

pub(crate) fn the_files_of_the_guide_before_and_after_their_repair(builder: &Builder) {
    let Some(context) = node_program() else { return };
    for (index, file) in files().iter().enumerate() {
        if !builder.has_bases(file) {
            continue;
        }
        let fixed = fix(file, &Config::default(), &Environment::default(), Safety::Unsafe).text;
        let name = format!("guide-{index}");
        // The image of Node.js has a group of that number, so the written files are not built.
        let written = builder.build(&format!("{name}:before"), file, context.path());
        if file.contains("addgroup -g 1000") {
            assert!(!written.ok && written.talk.contains(TAKEN), "{file}\n{}", written.talk);
        } else {
            assert!(written.ok, "{file}\n{}", written.talk);
        }
        let tag = format!("{name}:after");
        let mended = builder.build(&tag, &fixed, context.path());
        assert!(mended.ok, "{fixed}\n{}", mended.talk);
        let run = builder.run(&tag);
        assert!(run.ok && run.out.trim() == "7s", "{run:?}");
        assert_eq!(builder.inspect(&tag, "Config.User"), "\"1000\"");
        println!("{name}: built as written: {}, mended: {}", written.ok, mended.ok);
    }
}
