//! Which containers run at a moment of a capture.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use plimsoll_runtime::scap::{Limits, Process, Writer};
use plimsoll_runtime::syscall::{Capture, RunningContainer};
use plimsoll_testkit::capture::{event, large_event, values};

const START: u64 = 1_700_000_000_000_000_000;
/// Events by the numbers of the schema.
const OPEN: u16 = 3;
const PROCEXIT: u16 = 186;
const CONTAINER_EVENT: u16 = 402;

fn number(digit: char) -> String {
    digit.to_string().repeat(64)
}

/// A capture of a container's process 100, of a pod's sandbox 300 and its container 400, and of the
/// machine's 200.
fn begin() -> Vec<u8> {
    let process = |(tid, group): (i64, String)| Process {
        tid,
        pid: tid,
        ptid: 1,
        vtid: 1,
        vpid: 1,
        comm: b"server".to_vec(),
        exe: b"/usr/bin/server".to_vec(),
        exepath: b"/usr/bin/server".to_vec(),
        cwd: b"/".to_vec(),
        root: b"/".to_vec(),
        cgroups: format!("memory={group}\0").into_bytes(),
        ..Process::default()
    };
    let all = [
        (100, format!("/docker/{}", number('a'))),
        (200, "/".to_owned()),
        (300, format!("/kubepods/pod1/{}", number('b'))),
        (400, format!("/kubepods/pod1/{}", number('c'))),
    ];
    let mut writer = Writer::new(Vec::new()).unwrap();
    writer.processes(all.into_iter().map(process)).unwrap();
    writer.finish().unwrap()
}

fn described(bytes: &mut Vec<u8>, container: &str) {
    let json = format!(r#"{{"container": {container}}}"#);
    let told = values().u32(0).text("container").text(&json);
    large_event(bytes, (START, 100), CONTAINER_EVENT, &told);
}

fn open(bytes: &mut Vec<u8>, at: u64, tid: i64) {
    let open = values().i64(5).text("/etc/passwd").u32(1).u32(0).u32(1).bytes(&[0; 8]);
    event(bytes, (START + at, tid), OPEN, &open);
}

fn exit(bytes: &mut Vec<u8>, at: u64, tid: i64) {
    let told = values().i64(0).i64(0).bytes(&[0]).bytes(&[0]).i64(1);
    event(bytes, (START + at, tid), PROCEXIT, &told);
}

/// After each event: the container that it is of, and all that run.
fn told(capture: &[u8]) -> Vec<(Option<RunningContainer>, Vec<RunningContainer>)> {
    let mut capture = Capture::new(capture, Limits::default()).unwrap();
    let mut found = Vec::new();
    while let Some(call) = capture.next() {
        found.push((call.container(), call.running_containers()));
    }
    assert_eq!(capture.problems(), []);
    found
}

#[test]
fn containers_run_as_long_as_they_have_a_process_and_are_told_with_image_and_pod() {
    let mut bytes = begin();
    let digest = format!("sha256:{}", "1".repeat(64));
    described(
        &mut bytes,
        &format!(
            r#"{{"id": "aaaaaaaaaaaa", "type": 0, "name": "web", "image": "nginx:1.27",
                "imagerepo": "nginx", "imagedigest": "{digest}"}}"#
        ),
    );
    described(&mut bytes, r#"{"id": "bbbbbbbbbbbb", "type": 7, "image": "pause:3.9"}"#);
    described(
        &mut bytes,
        r#"{"id": "cccccccccccc", "type": 7, "name": "k8s_app", "image": "ghcr.io/a/b:1",
            "pod_sandbox_id": "bbbbbbbbbbbb", "labels": {"io.kubernetes.pod.name": "web-1",
            "io.kubernetes.pod.namespace": "shop", "io.kubernetes.container.name": "app"}}"#,
    );
    open(&mut bytes, 1, 100);
    open(&mut bytes, 2, 200);
    open(&mut bytes, 3, 300);
    exit(&mut bytes, 4, 100);
    open(&mut bytes, 5, 200);
    let told = told(&bytes);
    let (of, all) = &told[told.len() - 5];
    let web = of.clone().unwrap();
    assert_eq!((web.runtime.as_str(), web.name.as_str()), ("docker", "web"));
    assert_eq!((web.repository.as_str(), web.digest.as_str()), ("nginx", digest.as_str()));
    assert!(web.has_image());
    let ids: Vec<&str> = all.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["aaaaaaaaaaaa", "cccccccccccc"], "what holds a pod runs nothing of its own");
    let pod = &all[1];
    assert_eq!(
        [&pod.namespace, &pod.pod, &pod.container, &pod.image],
        ["shop", "web-1", "app", "ghcr.io/a/b:1"]
    );
    assert_eq!(told[told.len() - 4].0, None, "of the machine");
    assert_eq!(told[told.len() - 3].0, None, "of a sandbox");
    let last: Vec<&str> = told[told.len() - 1].1.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(last, ["cccccccccccc"], "the other one has ended");
}

#[test]
fn a_container_that_nobody_has_described_has_no_image() {
    let mut bytes = begin();
    open(&mut bytes, 1, 100);
    let told = told(&bytes);
    let (of, all) = told.last().unwrap();
    assert_eq!(
        of.as_ref().map(|it| (it.id.as_str(), it.has_image())),
        Some(("aaaaaaaaaaaa", false))
    );
    assert_eq!(all.len(), 3);
}
