//! The attacks that TUF is against, each refused by the step that is against it.

use plimsoll_model::Timestamp;
use plimsoll_supply::content_trust::{Request, Source, verify};
use serde_json::{Value, json};

use super::publisher::{BEFORE, Files, GUN, Key, NOW, Repo, meta, said, sign};

#[test]
fn what_has_expired_is_refused() {
    for role in ["root", "timestamp", "snapshot", "targets"] {
        let mut repo = Repo::new();
        repo.expires.insert(role, BEFORE);
        repo.publish();
        assert_eq!(said(&repo.verify("1")), format!("expiry ({role}.json)"));
    }
}

#[test]
fn what_another_key_signed_is_refused() {
    let bent = |bend: &dyn Fn(&mut Repo)| {
        let mut repo = Repo::new();
        let root = repo.files["root"].clone();
        bend(&mut repo);
        repo.publish();
        // The keys that the root names are the ones before.
        repo.files.insert("root".into(), root.clone());
        let mut listed: Value = serde_json::from_slice(&repo.files["snapshot"]).unwrap();
        listed["signed"]["meta"]["root"] = meta(&root);
        repo.publish_snapshot(&listed["signed"]["meta"].clone());
        said(&repo.verify("1"))
    };
    assert_eq!(bent(&|repo| repo.timestamp = Key::ed25519()), "signature (timestamp.json)");
    assert_eq!(bent(&|repo| repo.snapshot = Key::ed25519()), "signature (snapshot.json)");
    assert_eq!(bent(&|repo| repo.targets = Key::ecdsa()), "signature (targets.json)");
}

#[test]
fn a_threshold_is_met_by_different_keys_only() {
    let mut repo = Repo::new();
    repo.root.push(Key::x509(GUN));
    repo.root_threshold = 2;
    repo.publish();
    assert!(said(&repo.verify("1")).starts_with("targets "));
    // One of them alone, and one of them twice.
    let root = repo.root_metadata();
    for signers in [vec![repo.root[0].clone()], vec![repo.root[0].clone(), repo.root[0].clone()]] {
        repo.files.insert("root".into(), sign(&root, &signers));
        assert_eq!(said(&repo.verify("1")), "signature (root.json)");
    }
    // Of two keys of which one must be known beforehand, both must be.
    let mut anchors = plimsoll_supply::content_trust::Anchors::default();
    anchors.trust(&repo.root[0].public).unwrap();
    repo.publish();
    let verdict = repo.asked("1", &[], &anchors, &mut Files::new());
    assert_eq!(said(&verdict), "root of trust (1.root.json)");
    let mut repo = Repo::new();
    repo.delegated[0].keys.push(Key::ecdsa());
    repo.delegated[0].threshold = 2;
    repo.publish();
    assert_eq!(said(&repo.verify("2")), "tag (targets/releases, targets)");
    repo.delegated[0].threshold = 0;
    repo.publish();
    assert_eq!(said(&repo.verify("2")), "metadata (targets.json)");
}

#[test]
fn a_key_under_the_name_of_another_does_not_count() {
    let repo = Repo::new();
    let stranger = Key::ed25519();
    let mut root = repo.root_metadata();
    let id = repo.timestamp.id();
    root["keys"][&id] = stranger.json();
    let mut bent = Repo::new();
    bent.root.clone_from(&repo.root);
    bent.files = repo.files.clone();
    bent.files.insert("root".into(), sign(&root, &repo.root));
    bent.files.insert("1.root".into(), bent.files["root"].clone());
    assert_eq!(said(&bent.verify("1")), "signature (timestamp.json)");
}

#[test]
fn parts_of_two_states_do_not_mix() {
    let mut repo = Repo::new();
    let old = repo.files.clone();
    repo.version = 2;
    repo.tags.push(("5", b"five"));
    repo.publish();
    let newer = repo.files.clone();
    for role in ["snapshot", "targets", "targets/releases"] {
        repo.files.clone_from(&newer);
        repo.files.insert(role.into(), old[role].clone());
        assert_eq!(said(&repo.verify("1")), format!("hash ({role}.json)"));
    }
    // A root that is signed as it should be, and is not the one that the snapshot lists.
    repo.files.clone_from(&newer);
    let mut root = repo.root_metadata();
    root["consistent_snapshot"] = json!(true);
    repo.files.insert("root".into(), sign(&root, &repo.root));
    assert_eq!(said(&repo.verify("1")), "hash (root.json)");
}

#[test]
fn nothing_goes_back_behind_what_was_seen() {
    let mut repo = Repo::new();
    let old = repo.files.clone();
    repo.version = 2;
    repo.publish();
    let mut store = Files::new();
    let ask = |repo: &Repo, store: &mut Files| said(&repo.asked("1", &[], &repo.trusted(), store));
    assert!(ask(&repo, &mut store).starts_with("targets "));
    let newer = repo.files.clone();
    repo.files.clone_from(&old);
    assert_eq!(ask(&repo, &mut store), "version (timestamp.json)");
    // A fresh timestamp for the old snapshot.
    let timestamp = json!({"_type": "Timestamp", "version": 3,
        "expires": super::publisher::LATER, "meta": {"snapshot": meta(&old["snapshot"])}});
    let timestamp = sign(&timestamp, std::slice::from_ref(&repo.timestamp));
    repo.files.insert("timestamp".into(), timestamp);
    assert_eq!(ask(&repo, &mut store), "version (snapshot.json)");
    // A fresh snapshot of old targets.
    repo.files.clone_from(&old);
    repo.version = 4;
    let mut listed: Value = serde_json::from_slice(&old["snapshot"]).unwrap();
    let listed = listed["signed"]["meta"].take();
    repo.publish_snapshot(&listed);
    assert_eq!(ask(&repo, &mut store), "version (targets.json)");
    // An old root, with all that belongs to it.
    repo.files.clone_from(&newer);
    repo.version = 5;
    repo.rotate(vec![repo.root[0].clone()]);
    assert!(ask(&repo, &mut store).starts_with("targets "));
    repo.files.insert("root".into(), newer["root"].clone());
    assert_eq!(ask(&repo, &mut store), "version (root.json)");
}

#[test]
fn new_keys_take_back_the_versions_that_a_thief_made() {
    let mut repo = Repo::new();
    repo.version = 1_000_000;
    repo.publish();
    let mut store = Files::new();
    let first = repo.trusted();
    assert!(said(&repo.asked("1", &[], &first, &mut store)).starts_with("targets "));
    (repo.timestamp, repo.snapshot, repo.targets) =
        (Key::ed25519(), Key::ed25519(), Key::ed25519());
    for it in &mut repo.delegated {
        it.keys = vec![Key::ecdsa()];
        it.signers.clone_from(&it.keys);
    }
    repo.version = 1;
    repo.rotate(vec![Key::x509(GUN)]);
    assert!(said(&repo.asked("1", &[], &first, &mut store)).starts_with("targets "));
}

#[test]
fn metadata_that_is_missing_or_broken_is_named() {
    for role in ["root", "timestamp", "snapshot", "targets", "targets/alice"] {
        let mut repo = Repo::new();
        repo.files.remove(role);
        let wanted = if role == "root" {
            "metadata (root.json)".into()
        } else {
            format!("metadata ({role}.json)")
        };
        assert_eq!(said(&repo.verify("1")), wanted);
    }
    for bytes in [b"".as_slice(), b"{", b"[]", b"null", b"{}", br#"{"signed":{},"signatures":[]}"#]
    {
        for role in ["root", "timestamp"] {
            let mut repo = Repo::new();
            repo.files.insert(role.into(), bytes.to_vec());
            assert_eq!(said(&repo.verify("1")), format!("metadata ({role}.json)"));
        }
    }
    let mut repo = Repo::new();
    let deep =
        format!("{{\"signed\":{}1{},\"signatures\":[]}}", "[".repeat(100_000), "]".repeat(100_000));
    repo.files.insert("timestamp".into(), deep.into_bytes());
    assert_eq!(said(&repo.verify("1")), "metadata (timestamp.json)");
}

#[test]
fn a_role_is_not_read_as_another() {
    let mut repo = Repo::new();
    repo.snapshot = repo.timestamp.clone();
    repo.targets = repo.timestamp.clone();
    repo.publish();
    repo.files.insert("timestamp".into(), repo.files["snapshot"].clone());
    assert_eq!(said(&repo.verify("1")), "metadata (timestamp.json)");
}

/// Gives out as many bytes as it is allowed, and one more.
struct Endless<'f>(&'f Files, &'static str);

impl Source for Endless<'_> {
    fn fetch(&mut self, name: &str, _: Option<&str>, most: u64) -> Result<Option<Vec<u8>>, String> {
        assert!(most <= 64 << 20, "{name}: {most}");
        if name == self.1 {
            return Ok(Some(vec![b' '; usize::try_from(most + 1).unwrap()]));
        }
        Ok(self.0.get(name).cloned())
    }
}

#[test]
fn nothing_is_read_without_end() {
    let repo = Repo::new();
    let anchors = repo.trusted();
    let now = Timestamp::from_unix(NOW);
    let request = Request { gun: GUN, tag: "1", roles: &[], anchors: &anchors, now };
    for role in ["root", "timestamp", "snapshot", "targets", "targets/alice"] {
        let verdict = verify(&request, &mut Endless(&repo.files, role), &mut Files::new()).unwrap();
        assert_eq!(said(&verdict), format!("metadata ({role}.json)"));
    }
    // A length that is signed and absurd.
    let mut repo = Repo::new();
    let mut listed: Value = serde_json::from_slice(&repo.files["snapshot"]).unwrap();
    listed["signed"]["meta"]["targets"]["length"] = json!(1_u64 << 40);
    repo.publish_snapshot(&listed["signed"]["meta"].clone());
    assert_eq!(said(&repo.verify("1")), "metadata (targets.json)");
}

#[test]
fn a_source_that_cannot_be_asked_is_no_refusal() {
    struct Silent;
    impl Source for Silent {
        fn fetch(&mut self, _: &str, _: Option<&str>, _: u64) -> Result<Option<Vec<u8>>, String> {
            Err("no route to host".into())
        }
    }
    let anchors = Repo::new().trusted();
    let now = Timestamp::from_unix(NOW);
    let request = Request { gun: GUN, tag: "1", roles: &[], anchors: &anchors, now };
    let error = verify(&request, &mut Silent, &mut Files::new()).unwrap_err();
    assert_eq!(error.to_string(), "cannot fetch `root.json`: no route to host");
}
