//! What the walk of a folder does with entries that are no plain files, and with those it may not
//! read.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use plimsoll_image::{Options, read};
use plimsoll_model::{Inventory, ProblemKind};

fn inventory(transport: &str, path: &Path) -> Inventory {
    let reference = format!("{transport}:{}", path.display());
    read(&reference.parse().unwrap(), &Options::default()).unwrap()
}

fn package(folder: &Path, name: &str) {
    let path = folder.join("node_modules").join(name);
    fs::create_dir_all(&path).unwrap();
    let text = format!("{{\"name\":\"{name}\",\"version\":\"1\"}}");
    fs::write(path.join("package.json"), text).unwrap();
}

fn names(inventory: &Inventory) -> Vec<&str> {
    inventory.packages.iter().map(|package| package.name.as_str()).collect()
}

#[test]
fn pipes_sockets_and_links_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), "a");
    let other = folder.path().join("node_modules/b");
    fs::create_dir(&other).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        other.join("package.json"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("go.mod")).unwrap();
    std::os::unix::fs::symlink("a", folder.path().join("node_modules/c")).unwrap();
    let inventory = inventory("dir", folder.path());
    assert_eq!(names(&inventory), ["a"]);
    assert!(inventory.problems.is_empty(), "{:?}", inventory.problems);
}

#[test]
fn a_folder_of_thousands_of_folders_is_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    for at in 0..700 {
        package(&folder.path().join(format!("app{}/x{}", at % 7, at % 50)), &format!("p{at}"));
    }
    let mut deep = folder.path().to_path_buf();
    for _ in 0..300 {
        deep.push("d");
    }
    package(&deep, "deep");
    let inventory = inventory("dir", folder.path());
    assert_eq!(inventory.packages.len(), 701);
    assert!(inventory.problems.is_empty(), "{:?}", inventory.problems);
}

#[test]
fn a_system_is_read_without_what_the_kernel_shows() {
    let folder = tempfile::tempdir().unwrap();
    for part in ["proc", "sys", "dev", "run", "srv"] {
        package(&folder.path().join(part), part);
    }
    package(&folder.path().join("srv/proc"), "nested");
    assert_eq!(names(&inventory("rootfs", folder.path())), ["nested", "srv"]);
    assert_eq!(inventory("dir", folder.path()).packages.len(), 6);
}

#[test]
fn what_may_not_be_read_is_counted_and_a_wanted_file_makes_the_result_partial() {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), "a");
    package(folder.path(), "b");
    let file = folder.path().join("node_modules/b/package.json");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o0)).unwrap();
    for name in ["x", "y"] {
        let closed = folder.path().join(name);
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).unwrap();
    }
    if fs::read(&file).is_ok() {
        println!("skipped: this user may read everything");
        return;
    }
    let inventory = inventory("dir", folder.path());
    assert_eq!(names(&inventory), ["a"]);
    let kinds: Vec<_> = inventory.problems.iter().map(|p| (p.kind, p.path.as_str())).collect();
    assert_eq!(
        kinds,
        [(ProblemKind::Partial, "node_modules/b/package.json"), (ProblemKind::Skipped, "x"),]
    );
    assert!(inventory.problems[1].message.contains("and 1 others"));
}
