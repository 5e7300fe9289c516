//! A body of any bytes, as a client of another tool's protocol might send it: nothing panics, and what is
//! accepted as an alert is one when it is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_server::api::{clair, dependency_track, harbor, notifications, trivy};
use plimsoll_server::intake::{Alert, Auditor, Counts, accept, admitted};

fuzz_target!(|body: &[u8]| {
    let _ = clair::Manifest::parse(body);
    let _ = clair::NamedLayer::parse(body);
    let _ = serde_json::from_slice::<harbor::ScanRequest>(body);
    let _ = dependency_track::Upload::parse(body);
    let _ = trivy::Blob::parse(body, true).map(|blob| blob.packages());
    let _ = trivy::Blob::parse(body, false).map(|blob| blob.packages());
    for shape in &notifications::ALL {
        if let Ok(heard) = shape.read(body) {
            heard.pushed.iter().for_each(|pushed| drop(pushed.reference()));
        }
    }
    let _ = Auditor::judge(body, "host");
    let _ = admitted(body);
    let accepted = accept(body);
    let lines = accepted.lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    assert_eq!(lines.clone().count(), accepted.count);
    assert!(lines.into_iter().all(|line| Alert::parse(line, 0).map(|it| Counts::of(&it)).is_ok()));
});
