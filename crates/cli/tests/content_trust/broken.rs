//! Repositories that are made here, whole and broken in each way, judged by notary and by Plimsoll.

use serde_json::{Value, json};

use super::bench::{Bench, peers};
use super::page::{self, Row};
use super::publisher::{BEFORE, Delegated, GUN, Key, LATER, Repo, authority, meta, sign};

type Bend<'a> = Box<dyn Fn(&mut Repo) + 'a>;
type Pinning<'a> = Box<dyn Fn(&Repo) -> Value + 'a>;

/// What is done to a repository, one after the other; all but the last is verified by both.
struct Case<'a> {
    what: &'a str,
    tag: &'a str,
    stages: Vec<Bend<'a>>,
    pinning: Option<Pinning<'a>>,
    theirs: bool,
    ours: bool,
}

fn case<'a>(what: &'a str, expected: bool, bend: impl Fn(&mut Repo) + 'a) -> Case<'a> {
    Case {
        what,
        tag: "1",
        stages: vec![Box::new(bend)],
        pinning: None,
        theirs: expected,
        ours: expected,
    }
}

impl<'a> Case<'a> {
    fn tag(self, tag: &'a str) -> Self {
        Self { tag, ..self }
    }

    fn then(mut self, bend: impl Fn(&mut Repo) + 'a) -> Self {
        self.stages.push(Box::new(bend));
        self
    }

    fn pinned(self, pinning: impl Fn(&Repo) -> Value + 'a) -> Self {
        Self { pinning: Some(Box::new(pinning)), ..self }
    }

    /// Where Plimsoll is stricter.
    fn but_ours(self, ours: bool) -> Self {
        Self { ours, ..self }
    }
}

fn expire(role: &'static str) -> impl Fn(&mut Repo) {
    move |repo| {
        repo.expires.insert(role, BEFORE);
        repo.publish();
    }
}

fn rooted(key: impl Fn() -> Key) -> impl Fn(&mut Repo) {
    move |repo| {
        repo.root = vec![key()];
        repo.publish();
    }
}

/// The repository with what `bend` makes of the root, signed anew and listed.
fn reroot(repo: &mut Repo, bend: impl Fn(&mut Value)) {
    let mut root = repo.root_metadata();
    bend(&mut root);
    let root = sign(&root, &repo.root);
    relist(repo, "root", root);
}

/// The repository with another document, which its snapshot lists.
fn relist(repo: &mut Repo, name: &str, bytes: Vec<u8>) {
    let mut snapshot: Value = serde_json::from_slice(&repo.files["snapshot"]).unwrap();
    snapshot["signed"]["meta"][name] = meta(&bytes);
    repo.files.insert(name.into(), bytes);
    repo.publish_snapshot(&snapshot["signed"]["meta"].take());
}

fn nothing(_: &mut Repo) {}

fn next(repo: &mut Repo) {
    repo.version += 1;
    repo.publish();
}

fn names<'a>() -> Vec<Case<'a>> {
    let deep = |paths: &'static [&'static str]| {
        move |repo: &mut Repo| {
            repo.delegated[1].paths = vec!["v"];
            repo.delegated.push(Delegated {
                paths: paths.to_vec(),
                ..Delegated::new("targets/alice/deep", &[("v7", b"seven"), ("7", b"seven")])
            });
            repo.publish();
        }
    };
    vec![
        case("a tag of the top role", true, nothing),
        case("a tag of a delegation", true, nothing).tag("3"),
        case("a tag of a delegation's delegation", true, deep(&["v"])).tag("v7"),
        case("a tag that nobody lists", false, nothing).tag("9"),
        case("a tag beyond what the delegation may speak for", false, |repo| {
            repo.delegated[1].paths = vec!["v"];
            repo.publish();
        })
        .tag("3"),
        case("a delegation that hands on more than it has", false, deep(&["", "7"])).tag("7"),
        case("a delegation with no path", false, |repo| {
            repo.delegated[1].paths.clear();
            repo.publish();
        })
        .tag("3"),
    ]
}

fn expiries<'a>() -> Vec<Case<'a>> {
    vec![
        case("an expired root", false, expire("root")),
        case("an expired timestamp", false, expire("timestamp")),
        case("an expired snapshot", false, expire("snapshot")),
        case("expired targets", false, expire("targets")),
        case("an expired delegation, a tag of it", false, expire("targets/alice")).tag("3"),
        case("an expired delegation, a tag of another role", true, expire("targets/alice")),
    ]
}

fn signatures<'a>() -> Vec<Case<'a>> {
    let two_roots = |signers: usize| {
        move |repo: &mut Repo| {
            repo.root.push(Key::x509(GUN));
            repo.root_threshold = 2;
            repo.publish();
            let root = sign(&repo.root_metadata(), &repo.root[..signers]);
            relist(repo, "root", root);
        }
    };
    let two_of_alice = |signers: usize| {
        move |repo: &mut Repo| {
            let alice = &mut repo.delegated[1];
            alice.keys.push(Key::ecdsa());
            alice.threshold = 2;
            alice.signers = alice.keys[..signers].to_vec();
            repo.publish();
        }
    };
    let online = |role: &'static str| {
        move |repo: &mut Repo| {
            reroot(repo, |root| {
                let other = Key::ed25519();
                root["keys"][other.id()] = other.json();
                root["roles"][role]["keyids"] = json!([other.id()]);
            });
        }
    };
    vec![
        case("a root of two keys, both signed", true, two_roots(2)),
        case("a root of two keys, one signed", false, two_roots(1)),
        case("a delegation of two keys, both signed", true, two_of_alice(2)).tag("3"),
        case("a delegation of two keys, one signed", false, two_of_alice(1)).tag("3"),
        case("a timestamp by another key", false, online("timestamp")),
        case("a snapshot by another key", false, online("snapshot")),
        case("targets by another key", false, online("targets")),
        case("a delegation by another key", false, |repo| {
            repo.delegated[1].signers = vec![Key::ecdsa()];
            repo.publish();
        })
        .tag("3"),
        case("a threshold of 0", false, |repo| {
            reroot(repo, |root| root["roles"]["timestamp"]["threshold"] = json!(0));
        }),
        case("a key under the name of another", false, |repo| {
            let id = repo.timestamp.id();
            reroot(repo, move |root| root["keys"][&id] = Key::ed25519().json());
        }),
        case("no signature", false, |repo| {
            let root = sign(&repo.root_metadata(), &[]);
            relist(repo, "root", root);
        }),
        case("one key, bare and in a certificate, counted twice", true, |repo| {
            let certified = Key::x509("alice");
            let alice = &mut repo.delegated[1];
            alice.keys = vec![certified.bare(), certified];
            alice.threshold = 2;
            alice.signers.clone_from(&alice.keys);
            repo.publish();
        })
        .tag("3")
        .but_ours(false),
    ]
}

fn certificates<'a>() -> Vec<Case<'a>> {
    let valid = |from: i32, to: i32| {
        move || {
            let bend = |it: &mut rcgen::CertificateParams| {
                it.not_before = rcgen::date_time_ymd(from, 1, 1);
                it.not_after = rcgen::date_time_ymd(to, 1, 1);
            };
            Key::certified(GUN, bend, None)
        }
    };
    vec![
        case(
            "a certificate for `r.example/team/*`",
            true,
            rooted(|| Key::x509("r.example/team/*")),
        ),
        case(
            "a certificate for another repository",
            false,
            rooted(|| Key::x509("r.example/team/b")),
        ),
        case("a certificate for `s.example/*`", false, rooted(|| Key::x509("s.example/*"))),
        case("a certificate that has expired", false, rooted(valid(2020, 2024))),
        case("a certificate of the future", false, rooted(valid(2098, 2099))),
        case(
            "an authority's certificate",
            false,
            rooted(|| {
                let bend = |it: &mut rcgen::CertificateParams| {
                    it.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
                };
                Key::certified(GUN, bend, None)
            }),
        ),
        case("a root key without a certificate", false, rooted(Key::ecdsa)),
    ]
}

fn states<'a>() -> Vec<Case<'a>> {
    let old = |role: &'static str| {
        move |repo: &mut Repo| {
            let before = repo.files[role].clone();
            next(repo);
            repo.files.insert(role.into(), before);
        }
    };
    let all_old = |repo: &mut Repo| {
        // Version 2 is the one that was seen.
        repo.version = 1;
        repo.publish();
    };
    vec![
        case("an old snapshot beside new targets", false, old("snapshot")),
        case("old targets beside a new snapshot", false, old("targets")),
        case("an old delegation beside a new snapshot", false, old("targets/alice")),
        case("a root that the snapshot does not list", false, |repo| {
            let mut root = repo.root_metadata();
            root["consistent_snapshot"] = json!(true);
            repo.files.insert("root".into(), sign(&root, &repo.root));
        }),
        case("a newer state after an older one", true, nothing).then(next),
        case("an older timestamp after a newer one", false, next).then(all_old),
        case("an older snapshot after a newer one", false, next).then(|repo| {
            repo.version = 1;
            repo.publish();
            let snapshot = repo.files["snapshot"].clone();
            let timestamp = json!({"_type": "Timestamp", "version": 3, "expires": LATER,
                "meta": {"snapshot": meta(&snapshot)}});
            let timestamp = sign(&timestamp, std::slice::from_ref(&repo.timestamp));
            repo.files.insert("timestamp".into(), timestamp);
        }),
        case("older targets after newer ones", false, next).then(|repo| {
            repo.version = 1;
            repo.publish();
            let snapshot: Value = serde_json::from_slice(&repo.files["snapshot"]).unwrap();
            repo.version = 3;
            repo.publish_snapshot(&snapshot["signed"]["meta"]);
        }),
    ]
}

fn rotations<'a>() -> Vec<Case<'a>> {
    let rotate = |repo: &mut Repo| repo.rotate(vec![Key::x509(GUN)]);
    vec![
        case("a rotation of the root after the one before was seen", true, nothing).then(rotate),
        case("three rotations after the first root was seen", true, nothing).then(move |repo| {
            for _ in 0..3 {
                rotate(repo);
            }
        }),
        case("a rotation that the old key did not sign", false, nothing).then(move |repo| {
            rotate(repo);
            repo.before.clear();
            repo.publish();
        }),
        case("a root of another owner after one was seen", false, nothing)
            .then(|repo| *repo = Repo::new()),
        case("two rotations of which the first is missing", false, nothing).then(move |repo| {
            rotate(repo);
            rotate(repo);
            repo.files.remove("2.root");
        }),
        case("two rotations of which the first is another owner's", false, nothing).then(
            move |repo| {
                rotate(repo);
                rotate(repo);
                let mut other = Repo::new();
                other.rotate(vec![Key::x509(GUN)]);
                repo.files.insert("2.root".into(), other.files["2.root"].clone());
            },
        ),
        case("new keys of all other roles", true, nothing).then(move |repo| {
            (repo.timestamp, repo.snapshot, repo.targets) =
                (Key::ed25519(), Key::ecdsa(), Key::ed25519());
            rotate(repo);
        }),
    ]
}

fn forms<'a>() -> Vec<Case<'a>> {
    let gone = |name: &'static str| move |repo: &mut Repo| drop(repo.files.remove(name));
    let put = |name: &'static str, bytes: &'static [u8]| {
        move |repo: &mut Repo| drop(repo.files.insert(name.into(), bytes.to_vec()))
    };
    vec![
        case("no root", false, gone("root")),
        case("no timestamp", false, gone("timestamp")),
        case("no snapshot", false, gone("snapshot")),
        case("no targets", false, gone("targets")),
        case("no delegation, which the snapshot lists", false, gone("targets/alice")),
        case("a root that is no JSON", false, put("root", b"{")),
        case("a timestamp that is no JSON", false, put("timestamp", b"404")),
        case("a snapshot as a timestamp", false, |repo| {
            repo.snapshot = repo.timestamp.clone();
            repo.publish();
            repo.files.insert("timestamp".into(), repo.files["snapshot"].clone());
        }),
        case("a root of version 0", false, |repo| reroot(repo, |root| root["version"] = json!(0))),
        case("a root without the role `snapshot`", false, |repo| {
            reroot(repo, |root| drop(root["roles"].as_object_mut().unwrap().remove("snapshot")));
        }),
        case("a field that is not known", true, |repo| {
            reroot(repo, |root| root["more"] = json!({"b": [1, null, true, "ü<&>\"\\"], "a": -2}));
        }),
        case("a key that is there twice", true, |repo| {
            let text = String::from_utf8(repo.files["timestamp"].clone()).unwrap();
            let twice = text.replacen("\"signatures\":", "\"signatures\":[],\"signatures\":", 1);
            repo.files.insert("timestamp".into(), twice.into_bytes());
        })
        .but_ours(false),
    ]
}

fn pins<'a>(file: &'a str, issued: &'a dyn Fn(&mut Repo)) -> Vec<Case<'a>> {
    let id = |repo: &Repo| repo.root[0].id();
    let ca = |prefix: &'static str| move |_: &Repo| json!({"ca": {prefix: file}});
    vec![
        case("pinned: the key", true, nothing).pinned(move |it| json!({"certs": {GUN: [id(it)]}})),
        case("pinned: the key, by `r.example/*`", true, nothing)
            .pinned(move |it| json!({"certs": {"r.example/*": [id(it)]}})),
        case("pinned: another key", false, nothing).pinned(|_| json!({"certs": {GUN: ["ab"]}})),
        case("pinned: another key nearer than the key", false, nothing).pinned(
            move |it| json!({"certs": {"r.example/*": [id(it)], "r.example/team/*": ["ab"]}}),
        ),
        case("pinned: an authority", true, issued).pinned(ca("r.example/")),
        case("pinned: an authority of other certificates", false, nothing).pinned(ca("r.example/")),
        case("pinned: an authority for other repositories", true, nothing).pinned(ca("s.example/")),
        case("`disable_tofu`", false, nothing).pinned(|_| json!({"disable_tofu": true})),
        case("`disable_tofu`, the key pinned", true, nothing)
            .pinned(move |it| json!({"certs": {GUN: [id(it)]}, "disable_tofu": true})),
    ]
}

#[test]
fn notary_and_plimsoll_agree_on_repositories_that_are_broken() {
    if let Err(why) = peers() {
        return println!("skipped: {why}");
    }
    let (params, key, pem) = authority();
    let issued = move |repo: &mut Repo| {
        repo.root = vec![Key::certified(GUN, |_| {}, Some((&params, &key)))];
        repo.publish();
    };
    let bench = Bench::new();
    let authority = bench.path("ca.pem");
    std::fs::write(&authority, &pem).unwrap();
    let authority = authority.to_string_lossy();
    let groups = [
        names(),
        expiries(),
        signatures(),
        certificates(),
        states(),
        rotations(),
        forms(),
        pins(&authority, &issued),
    ];
    let mut rows: Vec<Row> = Vec::new();
    let mut wrong = Vec::new();
    for (at, case) in groups.into_iter().flatten().enumerate() {
        let memory = bench.path(&format!("case-{at}"));
        let mut repo = Repo::new();
        let last = case.stages.len() - 1;
        for (stage, bend) in case.stages.iter().enumerate() {
            bend(&mut repo);
            bench.publish(&repo);
            let pinning = case.pinning.as_ref().map(|it| it(&repo));
            let (theirs, ours) = bench.verdicts(case.tag, &memory, pinning.as_ref());
            let (by_them, by_us) =
                if stage == last { (case.theirs, case.ours) } else { (true, true) };
            if theirs.is_ok() != by_them || ours.is_ok() != by_us {
                wrong.push(format!(
                    "{}, stage {stage}:\n  notary {theirs:?}\n  Plimsoll {ours:?}",
                    case.what
                ));
            }
            if let (Ok(theirs), Ok(ours)) = (&theirs, &ours) {
                assert_eq!(theirs, ours, "{}: another digest", case.what);
            }
        }
        rows.push((case.what.to_owned(), case.theirs, case.ours));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let intro = "`notary lookup` asks the role `targets` and all below it, so Plimsoll does the same \
                 (`--dct-role targets`). Each is asked with no memory, or after what the line says was seen.";
    page::publish("Whole and broken repositories", intro, &rows);
}
