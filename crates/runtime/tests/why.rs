//! An alert says what of its rule held, with the values, and where the event comes from.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs::File;

use plimsoll_runtime::engine::{Engine, Matching};
use plimsoll_runtime::event::Arena;
use plimsoll_runtime::loader::{Loader, Options};
use plimsoll_runtime::scap::Limits;
use plimsoll_runtime::syscall::Capture;
use plimsoll_runtime::why::{Explainer, Explanation, Reason};

const PUBLISHED: [&str; 3] =
    ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"];

/// The explanations of all alerts that some rules raise in a capture.
fn explanations(loader: &Loader, capture: &str) -> Vec<Explanation> {
    let path = plimsoll_testkit::shared("runtime/captures").unwrap().join(capture);
    let mut capture = Capture::new(File::open(path).unwrap(), Limits::default()).unwrap();
    let definitions = loader.definitions();
    let mut engine = Engine::new(&definitions.rules, Matching::All);
    let mut explainer = Explainer::new(&definitions.rules, &definitions.macros);
    let (mut matched, arena, mut found) = (Vec::new(), Arena::new(), Vec::new());
    while let Some(call) = capture.next() {
        engine.judge(&call, &mut matched);
        found.extend(matched.iter().map(|at| explainer.explain(*at, &call, "h", &arena).unwrap()));
    }
    found
}

fn load(rules: &str) -> Loader {
    let mut loader = Loader::new(Options::default());
    assert!(loader.load("rules.yaml", rules).is_loaded());
    loader
}

#[test]
fn a_rule_held_by_its_macros_lists_and_negations() {
    if plimsoll_testkit::shared("runtime").is_none() {
        return;
    }
    let loader = load(
        "- macro: reads\n  condition: evt.type in (open, openat) and evt.is_open_read = true\n\
         - list: readers\n  items: [cat, less]\n\
         - macro: fine\n  condition: fd.name startswith /proc or fd.name startswith /sys\n\
         - rule: Read\n  desc: d\n  priority: INFO\n  output: o\n  condition: >-\n    \
         reads and proc.name in (readers) and not fine and not (proc.tty = 7 and fd.name = /x) and\n    \
         (fd.name endswith .txt or fd.name endswith .so.6)\n",
    );
    let found = explanations(&loader, "cat_write.scap");
    assert_eq!(found.len(), 1);
    insta::assert_snapshot!(found.first().unwrap().lines().join("\n"), @r"
    because
      reads, as
        evt.type in (open, openat)  [evt.type=open]
        evt.is_open_read = true  [evt.is_open_read=true]
      proc.name in (cat, less)  [proc.name=cat]
      not fine  [fd.name=/lib/x86_64-linux-gnu/libc.so.6]
      not (proc.tty = 7 and fd.name = /x), as
        proc.tty = 7 does not hold  [proc.tty=0]
      fd.name endswith .so.6  [fd.name=/lib/x86_64-linux-gnu/libc.so.6]
    processes
      systemd (1)
      └─ sshd (634)  sshd -D
         └─ sshd (936)
            └─ sshd (1019)  sshd
               └─ bash (1020)
                  └─ emacs (1077)  emacs -nw
                     └─ bash (11310)  bash --noediting -i
                        └─ cat (20072)  cat /dev/null
    container
      container.id=host
      container.name=host
    ");
    let json = found.first().unwrap().json();
    assert_eq!(json["conditions"][0]["macro"], "reads");
    assert_eq!(json["conditions"][0]["because"][0]["values"]["evt.type"], "open");
    assert_eq!(json["ancestry"][0]["pid"], 20_072);
    assert_eq!(json["container"]["container.id"], "host");
}

fn check(reason: &Reason, told: &mut usize) {
    assert!(reason.holds || reason.because.iter().all(|it| !it.holds), "{reason:?}");
    assert!(!reason.because.is_empty() || !reason.values.is_empty(), "{reason:?}");
    *told += 1;
    reason.because.iter().for_each(|it| check(it, told));
}

#[test]
fn every_alert_of_the_published_rules_is_explained_by_what_held() {
    let Some(root) = plimsoll_testkit::shared("runtime/rules/published") else { return };
    let mut loader = Loader::new(Options::default());
    for name in PUBLISHED {
        let text = std::fs::read_to_string(root.join(name)).unwrap();
        assert!(loader.load(name, &text).is_loaded());
    }
    let mut told = 0;
    for capture in ["libs/test_ipv6_client.scap", "libs/curl_google.scap", "cat_write.scap"] {
        for explanation in explanations(&loader, capture) {
            assert!(explanation.conditions.iter().all(|reason| reason.holds), "{explanation:?}");
            explanation.conditions.iter().for_each(|reason| check(reason, &mut told));
            assert_eq!(explanation.ancestry.last().unwrap().pid, "1");
        }
    }
    assert!(told > 5, "{told}");
}
