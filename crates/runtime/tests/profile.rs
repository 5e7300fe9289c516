//! Documents made of a run permit that run and nothing else.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::io::Cursor;

use plimsoll_runtime::event::Arena;
use plimsoll_runtime::profile::{
    Deed, Kind, Observed, Proof, Prover, Selection, Witness, documents,
};
use plimsoll_runtime::scap::{Limits, Process, Writer};
use plimsoll_runtime::syscall::{Capture, SystemCall};
use plimsoll_testkit::capture::{event, values};

const REAL: [&str; 9] = [
    "cat_write.scap",
    "connect_localhost.scap",
    "open-multiple-files.scap",
    "ping_sendto.scap",
    "syscall.scap",
    "libs/curl_google.scap",
    "libs/single_ipv6_conn.scap",
    "libs/test_ipv6_client.scap",
    "empty.scap",
];

fn real(name: &str) -> Option<Vec<u8>> {
    let path = plimsoll_testkit::shared("runtime/captures")?.join(name);
    Some(std::fs::read(path).unwrap())
}

fn kind(name: &str) -> &'static Kind {
    documents::ALL.iter().find(|kind| kind.name == name).unwrap()
}

fn each(bytes: &[u8], condition: Option<&str>, mut show: impl FnMut(&SystemCall<'_>, &Deed)) {
    let mut capture = Capture::new(Cursor::new(bytes), Limits::default()).unwrap();
    let mut selection = Selection::new(condition).unwrap();
    let (mut witness, mut arena) = (Witness::new(), Arena::new());
    while let Some(call) = capture.next() {
        arena.reset();
        let deed = witness.deed(&call, &arena);
        if selection.has(&call) {
            show(&call, &deed);
        }
    }
}

fn observed(bytes: &[u8], condition: Option<&str>) -> Observed {
    let mut observed = Observed::new("web", condition);
    each(bytes, condition, |_, deed| observed.note(deed));
    observed
}

fn proof(kind: &Kind, text: &str, bytes: &[u8], condition: Option<&str>) -> Proof {
    let mut prover = Prover::new(kind, text).map_err(|why| format!("{why}: {text}")).unwrap();
    each(bytes, condition, |call, deed| prover.judge(call, deed));
    prover.finish()
}

/// A capture of a server that root starts; what it does is known.
fn server() -> Vec<u8> {
    let process = Process {
        tid: 100,
        pid: 100,
        ptid: 1,
        vtid: 100,
        vpid: 100,
        comm: b"web".to_vec(),
        exe: b"/usr/bin/web".to_vec(),
        exepath: b"/usr/bin/web".to_vec(),
        cwd: b"/".to_vec(),
        root: b"/".to_vec(),
        ..Process::default()
    };
    let mut writer = Writer::new(Vec::new()).unwrap();
    writer.processes(std::iter::once(process)).unwrap();
    let mut bytes = writer.finish().unwrap();
    let (read, write) = (1, 1 << 1 | 1 << 2);
    let open = |fd: i64, path: &str, flags: u32| {
        values().i64(fd).text(path).u32(flags).u32(0o644).u32(1).bytes(&7_u64.to_le_bytes())
    };
    let socket = |fd: i64, kind: u32| values().i64(fd).u32(2).u32(kind).u32(0).u32(0);
    let address = [&[2, 0, 0, 0, 0][..], &80_u16.to_le_bytes()].concat();
    let tuple = |from: [u8; 4], port: u16, to: [u8; 4], at: u16| {
        [&[2][..], &from, &port.to_le_bytes(), &to, &at.to_le_bytes()].concat()
    };
    let accepted = tuple([10, 0, 0, 9], 40_000, [10, 0, 0, 2], 80);
    let connected = tuple([10, 0, 0, 2], 40_001, [10, 0, 0, 7], 5432);
    let database = [&[2, 10, 0, 0, 7][..], &5432_u16.to_le_bytes()].concat();
    let events = [
        (3, open(3, "/etc/web.conf", read)),
        (3, open(-13, "/etc/shadow", read)),
        (3, open(4, "/var/cache/web/index", write)),
        (3, open(5, "/dev/null", write)),
        (277, values().i64(0).text("/var/cache/web/pages").u32(0o755)),
        (379, values().i64(0).text("/var/cache/web/index").u32(33).u32(33)),
        (19, socket(6, 3)),
        (19, socket(7, 1)),
        (21, values().i64(0).bytes(&address).i64(7)),
        (201, values().i64(0).u32(0)),
        (199, values().i64(0).u32(33)),
        (247, values().i64(8).bytes(&accepted).bytes(&[0]).u32(0).u32(128)),
        (19, socket(9, 1)),
        (23, values().i64(0).bytes(&connected).i64(9).bytes(&database)),
    ];
    for (time, (code, parameters)) in (1_700_000_000_000_000_000_u64..).zip(events) {
        event(&mut bytes, (time, 100), code, &parameters);
    }
    bytes
}

#[test]
fn every_document_of_every_real_run_is_proven_on_it() {
    for name in REAL {
        let Some(bytes) = real(name) else { return };
        for condition in [None, Some("proc.name in (cat, curl, ncat, ping) or fd.sport = 22")] {
            let observed = observed(&bytes, condition);
            for kind in documents::ALL {
                let text = (kind.write)(&observed);
                let proof = proof(kind, &text, &bytes, condition);
                assert!(proof.holds(), "{} of {name}: {proof:?}\n{text}", kind.name);
                assert_eq!(proof.events, observed.events);
            }
        }
    }
}

#[test]
fn what_a_server_did_is_what_it_may_do() {
    let bytes = server();
    let observed = observed(&bytes, Some("proc.name = web"));
    for kind in documents::ALL {
        let text = (kind.write)(&observed);
        let proof = proof(kind, &text, &bytes, Some("proc.name = web"));
        assert!(proof.holds(), "{}: {proof:?}\n{text}", kind.name);
        assert!(proof.grants > 0, "{}", kind.name);
    }
    insta::assert_snapshot!((kind("filesystem").write)(&observed), @r#"
    # What `web` was observed to write. Merge it into the pod: the first part into the
    # container, `volumes` into `spec`.
    securityContext:
      readOnlyRootFilesystem: true
    volumeMounts:
      - name: writable-0
        mountPath: "/var/cache/web"
    volumes:
      - name: writable-0
        emptyDir: {}
    "#);
    insta::assert_snapshot!((kind("capabilities").write)(&observed), @r"
    # What the calls of `web` took. Whether DAC_OVERRIDE, FOWNER, FSETID, KILL, SYS_PTRACE,
    # SYS_NICE or SYS_RESOURCE was used depends on owners and limits that a capture lacks.
    securityContext:
      allowPrivilegeEscalation: false
      capabilities:
        drop: [ALL]
        add:
          - CHOWN  # chown
          - NET_BIND_SERVICE  # bind to port 80
          - NET_RAW  # socket
          - SETUID  # setuid
    ");
    insta::assert_snapshot!((kind("network").write)(&observed), @r#"
    # The addresses that `web` was observed to speak to. Put the selectors of pods and the
    # labels of this one in place of what is known here.
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata:
      name: web
    spec:
      podSelector:
        matchLabels:
          app: web
      policyTypes: [Ingress, Egress]
      ingress:
        - from:
            - ipBlock: {cidr: "10.0.0.9/32"}
          ports:
            - {protocol: TCP, port: 80}
      egress:
        - to:
            - ipBlock: {cidr: "10.0.0.7/32"}
          ports:
            - {protocol: TCP, port: 5432}
    "#);
    insta::assert_snapshot!((kind("apparmor").write)(&observed), @r#"
    # What `web` was observed to do.
    include <tunables/global>

    profile web flags=(attach_disconnected,mediate_deleted) {
      include <abstractions/base>

      capability chown,
      capability net_bind_service,
      capability net_raw,
      capability setuid,
      network inet stream,
      network inet raw,
      "/dev/null" w,
      "/etc/web.conf" r,
      "/var/cache/web/index" w,
      "/var/cache/web/pages/" w,
    }
    "#);
}

/// Whether a line of a document grants something.
type Grants = fn(&str) -> bool;

/// The lines of a text, each left out once if it is one that grants.
fn without_each(text: &str, grants: impl Fn(&str) -> bool) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let left_out = (0..lines.len()).filter(|at| grants(lines[*at]));
    left_out
        .map(|out| {
            let kept = lines.iter().enumerate().filter(|(at, _)| *at != out);
            kept.flat_map(|(_, line)| [*line, "\n"]).collect()
        })
        .collect()
}

#[test]
fn a_document_without_any_one_of_its_lines_denies_something() {
    let server = server();
    let mut runs = vec![server];
    runs.extend(real("libs/curl_google.scap"));
    for bytes in runs {
        let observed = observed(&bytes, None);
        let seccomp = (kind("seccomp").write)(&observed);
        let profile: serde_json::Value = serde_json::from_str(&seccomp).unwrap();
        for name in profile["syscalls"][0]["names"].as_array().unwrap() {
            let mut less = profile.clone();
            less["syscalls"][0]["names"].as_array_mut().unwrap().retain(|it| it != name);
            let proof = proof(kind("seccomp"), &less.to_string(), &bytes, None);
            assert_eq!(proof.denied, [format!("the call {}", name.as_str().unwrap())]);
        }
        let grants: [(&str, Grants); 3] = [
            ("capabilities", |line| line.starts_with("      - ")),
            ("apparmor", |line| line.starts_with("  ") && line.ends_with(',')),
            ("falco", |line| line.starts_with("    - ")),
        ];
        for (name, grants) in grants {
            let text = (kind(name).write)(&observed);
            for less in without_each(&text, grants) {
                // A list without items is none.
                let less = less.replace("  items:\n\n", "  items: []\n\n");
                assert!(proof(kind(name), &less, &bytes, None).denials > 0, "{name}: {less}");
            }
        }
    }
}

#[test]
fn what_is_granted_without_need_is_told() {
    let bytes = server();
    let text = (kind("seccomp").write)(&observed(&bytes, None));
    let more = text.replace("\"accept\",", "\"accept\", \"ptrace\",");
    let proof = proof(kind("seccomp"), &more, &bytes, None);
    assert_eq!((proof.denials, proof.unneeded), (0, vec!["ptrace".to_owned()]));
}

#[test]
fn documents_of_one_run_deny_another() {
    let Some(curl) = real("libs/curl_google.scap") else { return };
    let observed = observed(&server(), None);
    for (name, said) in [
        ("seccomp", "the call execve"),
        ("network", "to 2607:f8b0:4004:802::2004:80/TCP"),
        ("falco", "the rule `Unobserved connection from web` fires"),
        ("apparmor", "r /etc/ld.so.cache"),
    ] {
        let proof = proof(kind(name), &(kind(name).write)(&observed), &curl, None);
        assert!(proof.denied.iter().any(|it| it == said), "{name}: {proof:?}");
    }
}

#[test]
fn what_permits_everything_is_no_profile() {
    let open =
        r#"{"defaultAction":"SCMP_ACT_ALLOW","defaultErrnoRet":1,"archMap":[],"syscalls":[]}"#;
    for (name, text) in [
        ("seccomp", open),
        ("seccomp", "{"),
        ("falco", "- rule: x\n  condition: nothing\n"),
        ("network", "spec: {policyTypes: [Ingress, Egress], egress: [{}]}"),
        ("network", "spec: {policyTypes: [Ingress]}"),
        ("filesystem", "volumes: []"),
        (
            "filesystem",
            "securityContext: {readOnlyRootFilesystem: true}\nvolumeMounts: [{mountPath: /a}]",
        ),
        ("capabilities", "securityContext: {capabilities: {add: [CHOWN]}}"),
        ("apparmor", "profile x {\n  \"/**\" w,\n}\n"),
        ("apparmor", "\"/a\" w,\n"),
    ] {
        assert!(Prover::new(kind(name), text).is_err(), "{name}: {text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[-a-zA-Z:{}\\[\\]\"/, \n*\\\\0-9]{0,200}") {
        for kind in documents::ALL {
            let _ = Prover::new(kind, &text);
        }
    }
}
