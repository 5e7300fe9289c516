//! Real Alpine systems against the real list of fixes, computed twice: by the program, and here
//! in the slowest and plainest way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use plimsoll_advisory::versions::Scheme;
use plimsoll_testkit::shared;
use serde_json::Value;

use crate::machine::Machine;

/// Package and id.
type Pairs = BTreeSet<(String, String)>;

#[test]
fn findings_of_real_roots_are_what_the_list_of_fixes_says() {
    let (Some(mirror), Some(roots)) = (shared("mirror"), shared("roots")) else { return };
    let machine = Machine::new();
    fs::create_dir_all(machine.path("mirror/osv")).unwrap();
    for feed in ["alpine-secdb", "osv/Alpine"] {
        symlink(mirror.join(feed), machine.path("mirror").join(feed)).unwrap();
    }
    machine.update("mirror").ended(0);

    let mut folders: Vec<_> = fs::read_dir(&roots).unwrap().map(|e| e.unwrap().path()).collect();
    folders.sort();
    assert_eq!(folders.len(), 16);
    for root in folders {
        let scan = machine.run(&format!("scan rootfs:{} -o json", root.display())).ended(0).json();
        let branch = branch_of(&root);
        assert_eq!(scan["distro"]["ecosystem"], format!("Alpine:{branch}"), "{}", root.display());
        assert_eq!(scan["undecided"].as_array().unwrap().len(), 0, "{}", scan["undecided"]);

        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let findings = scan["findings"].as_array().unwrap();
        let found: Pairs =
            findings.iter().map(|f| (text(&f["package"]["name"]), text(&f["id"]))).collect();
        assert_eq!(found.len(), findings.len(), "a pair of package and id stands there twice");
        let expected = slowly(&root, &mirror.join("alpine-secdb").join(&branch));
        let missing: Vec<_> = expected.difference(&found).collect();
        let surplus: Vec<_> = found.difference(&expected).collect();
        assert!(
            missing.is_empty() && surplus.is_empty(),
            "{}: missing {missing:?}, too many {surplus:?}",
            root.display()
        );
        println!("{branch}: {} findings", found.len());
    }
}

/// `v3.20` of `3.20.3`; a snapshot of what became 3.21 was built from `edge`.
fn branch_of(root: &Path) -> String {
    let release = fs::read_to_string(root.join("etc/alpine-release")).unwrap();
    if release.contains("_alpha") {
        return "edge".into();
    }
    let (branch, _) = release.rsplit_once('.').unwrap();
    format!("v{branch}")
}

fn slowly(root: &Path, lists: &Path) -> Pairs {
    let installed = fs::read_to_string(root.join("lib/apk/db/installed")).unwrap();
    let packages: Vec<BTreeMap<&str, &str>> = installed
        .split("\n\n")
        .map(|entry| entry.lines().filter_map(|line| line.split_once(':')).collect())
        .filter(|entry: &BTreeMap<&str, &str>| entry.contains_key("P"))
        .collect();
    assert!(packages.len() > 8, "{}", root.display());
    let mut pairs = Pairs::new();
    for list in ["main.json", "community.json"] {
        // The oldest branches have no community.
        let Ok(json) = fs::read(lists.join(list)) else { continue };
        let list: Value = serde_json::from_slice(&json).unwrap();
        for listed in list["packages"].as_array().unwrap() {
            for package in &packages {
                let origin = package.get("o").unwrap_or(&package["P"]);
                if listed["pkg"]["name"] != **origin {
                    continue;
                }
                for (fixed, ids) in listed["pkg"]["secfixes"].as_object().unwrap() {
                    if Scheme::Apk.compare(fixed, package["V"]).unwrap().is_gt() {
                        let lines = ids.as_array().into_iter().flatten();
                        for id in lines.flat_map(|line| line.as_str().unwrap().split(' ')) {
                            pairs.insert((package["P"].to_owned(), id.to_owned()));
                        }
                    }
                }
            }
        }
    }
    pairs
}
