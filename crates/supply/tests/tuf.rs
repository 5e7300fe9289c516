//! A repository that is made here, the attacks that the specification lists, and any bytes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;

use plimsoll_model::Timestamp;
use plimsoll_supply::hash::{hex, sha256};
use plimsoll_supply::tuf::{Client, Repository, TufError, check_root};
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

type Files = BTreeMap<String, Vec<u8>>;

/// 2026-01-02.
const NOW: i64 = 1_767_323_045;
const LATER: &str = "2027-01-01T00:00:00Z";
const BEFORE: &str = "2026-01-01T00:00:00Z";

struct Key(Ed25519KeyPair);

impl Key {
    fn new() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap())
    }

    fn id(&self) -> String {
        hex(&sha256(self.0.public_key().as_ref()))
    }

    fn json(&self) -> Value {
        let public = hex(self.0.public_key().as_ref());
        json!({"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public}})
    }
}

/// `signed` with the signatures of `keys`. Our values are plain, so that `serde_json`'s compact
/// form with its ordered keys is the canonical one.
fn sign(signed: &Value, keys: &[&Key]) -> Vec<u8> {
    let bytes = signed.to_string();
    let signatures: Vec<Value> = keys
        .iter()
        .map(|key| json!({"keyid": key.id(), "sig": hex(key.0.sign(bytes.as_bytes()).as_ref())}))
        .collect();
    json!({"signed": signed, "signatures": signatures}).to_string().into_bytes()
}

/// A repository with one key a role and three for the root, of which two must sign.
struct Repo {
    files: Files,
    targets: Files,
    root: [Key; 3],
    online: Key,
}

impl Repository for Repo {
    fn metadata(&mut self, name: &str, _: u64) -> Result<Option<Vec<u8>>, String> {
        Ok(self.files.get(name).cloned())
    }

    fn target(&mut self, path: &str, _: u64) -> Result<Option<Vec<u8>>, String> {
        Ok(self.targets.get(path).cloned())
    }
}

impl Repo {
    fn new() -> Self {
        let root = [Key::new(), Key::new(), Key::new()];
        let mut repo =
            Self { files: Files::new(), targets: Files::new(), root, online: Key::new() };
        let first = repo.root_metadata(1, LATER);
        repo.publish_root(1, &first, &[0, 1]);
        repo.publish(1, LATER);
        repo
    }

    fn root_metadata(&self, version: u64, expires: &str) -> Value {
        let keys: BTreeMap<String, Value> =
            self.root.iter().chain([&self.online]).map(|key| (key.id(), key.json())).collect();
        let online = json!({"keyids": [self.online.id()], "threshold": 1});
        let ids: Vec<String> = self.root.iter().map(Key::id).collect();
        json!({
            "_type": "root", "spec_version": "1.0.31", "version": version, "expires": expires,
            "consistent_snapshot": true, "keys": keys,
            "roles": {
                "root": {"keyids": ids, "threshold": 2}, "timestamp": online.clone(),
                "snapshot": online.clone(), "targets": online,
            },
        })
    }

    fn publish_root(&mut self, version: u64, metadata: &Value, signers: &[usize]) {
        let keys: Vec<&Key> = signers.iter().map(|at| &self.root[*at]).collect();
        let bytes = sign(metadata, &keys);
        self.files.insert(format!("{version}.root.json"), bytes);
    }

    /// Publishes version `version` of the other roles, with one target.
    fn publish(&mut self, version: u64, expires: &str) {
        let content = format!("whom to trust, {version}").into_bytes();
        let digest = hex(&sha256(&content));
        let targets = json!({
            "_type": "targets", "spec_version": "1.0.31", "version": version, "expires": expires,
            "targets": {"trusted_root.json": {"length": content.len(), "hashes": {"sha256": digest}}},
        });
        self.targets.insert(format!("{digest}.trusted_root.json"), content);
        self.publish_targets(version, &targets, expires);
    }

    fn publish_targets(&mut self, version: u64, targets: &Value, expires: &str) {
        let targets = sign(targets, &[&self.online]);
        let hashes = json!({"sha256": hex(&sha256(&targets))});
        let meta = json!({"version": version, "length": targets.len(), "hashes": hashes});
        self.files.insert(format!("{version}.targets.json"), targets);
        let snapshot = json!({
            "_type": "snapshot", "spec_version": "1.0.31", "version": version, "expires": expires,
            "meta": {"targets.json": meta},
        });
        let snapshot = sign(&snapshot, &[&self.online]);
        self.files.insert(format!("{version}.snapshot.json"), snapshot);
        self.publish_timestamp(version, version, expires);
    }

    fn publish_timestamp(&mut self, version: u64, snapshot: u64, expires: &str) {
        let timestamp = json!({
            "_type": "timestamp", "spec_version": "1.0.31", "version": version,
            "expires": expires, "meta": {"snapshot.json": {"version": snapshot}},
        });
        let timestamp = sign(&timestamp, &[&self.online]);
        self.files.insert("timestamp.json".into(), timestamp);
    }

    /// A store that begins at the first root.
    fn store(&self) -> Files {
        Files::from([("root.json".into(), self.files["1.root.json"].clone())])
    }

    fn refresh(&mut self, store: &mut Files) -> Result<Vec<u8>, TufError> {
        Client::refresh(self, store, None, Timestamp::from_unix(NOW))?.download("trusted_root.json")
    }
}

/// A repository and a store that has seen version 2 of it.
fn seen() -> (Repo, Files) {
    let mut repo = Repo::new();
    let mut store = repo.store();
    repo.publish(2, LATER);
    assert_eq!(repo.refresh(&mut store).unwrap(), b"whom to trust, 2");
    (repo, store)
}

#[test]
fn a_target_comes_with_all_that_is_new_and_the_store_has_the_bytes_as_they_came() {
    let (mut repo, mut store) = seen();
    repo.publish(3, LATER);
    let next = repo.root_metadata(2, LATER);
    repo.publish_root(2, &next, &[1, 2]);
    assert_eq!(repo.refresh(&mut store).unwrap(), b"whom to trust, 3");
    for (stored, published) in [
        ("root.json", "2.root.json"),
        ("timestamp.json", "timestamp.json"),
        ("snapshot.json", "3.snapshot.json"),
        ("targets.json", "3.targets.json"),
    ] {
        assert_eq!(store[stored], repo.files[published], "{stored}");
    }
    assert_eq!(store.len(), 4);
}

#[test]
fn a_new_root_needs_the_old_keys_and_its_own() {
    // One of the two that the old root asks for.
    let (mut repo, mut store) = seen();
    let kept = store.clone();
    let next = repo.root_metadata(2, LATER);
    repo.publish_root(2, &next, &[1]);
    let refused = repo.refresh(&mut store).unwrap_err();
    assert!(matches!(refused, TufError::Unsigned { signed: 1, threshold: 2, .. }), "{refused}");
    assert_eq!(store, kept);

    // All old ones, but not those that it names.
    let (mut repo, mut store) = seen();
    let old = std::mem::replace(&mut repo.root, [Key::new(), Key::new(), Key::new()]);
    let next = repo.root_metadata(2, LATER);
    repo.files.insert("2.root.json".into(), sign(&next, &[&old[0], &old[1], &old[2]]));
    let refused = repo.refresh(&mut store).unwrap_err();
    assert!(matches!(refused, TufError::Unsigned { signed: 0, .. }), "{refused}");

    // The new ones, but not the old.
    repo.publish_root(2, &next, &[0, 1, 2]);
    assert!(matches!(repo.refresh(&mut store), Err(TufError::Unsigned { .. })));

    // Both: the chain goes on, and what the old keys sign next counts no more.
    let all = [&old[0], &old[1], &repo.root[0], &repo.root[1]];
    let both = sign(&next, &all);
    repo.files.insert("2.root.json".into(), both);
    repo.refresh(&mut store).unwrap();
    let third = repo.root_metadata(3, LATER);
    repo.files.insert("3.root.json".into(), sign(&third, &[&old[0], &old[1]]));
    assert!(matches!(repo.refresh(&mut store), Err(TufError::Unsigned { .. })));
}

#[test]
fn one_key_under_two_names_or_with_two_signatures_counts_once() {
    let (mut repo, mut store) = seen();
    let mut next = repo.root_metadata(2, LATER);
    let key = repo.root[0].json();
    next["keys"]["alias"] = key;
    next["roles"]["root"]["keyids"] = json!([repo.root[0].id(), "alias"]);
    let mut envelope: Value =
        serde_json::from_slice(&sign(&next, &[&repo.root[0], &repo.root[1]])).unwrap();
    let mut twin = envelope["signatures"][0].clone();
    twin["keyid"] = json!("alias");
    envelope["signatures"].as_array_mut().unwrap().push(twin);
    repo.files.insert("2.root.json".into(), envelope.to_string().into_bytes());
    let refused = repo.refresh(&mut store).unwrap_err();
    assert!(matches!(refused, TufError::Unsigned { signed: 1, threshold: 2, .. }), "{refused}");

    let first = envelope["signatures"][0].clone();
    envelope["signatures"].as_array_mut().unwrap().push(first);
    repo.files.insert("2.root.json".into(), envelope.to_string().into_bytes());
    assert!(matches!(repo.refresh(&mut store), Err(TufError::Malformed { .. })));
}

#[test]
fn a_root_that_is_skipped_or_called_another_is_refused() {
    let (mut repo, mut store) = seen();
    let third = repo.root_metadata(3, LATER);
    repo.publish_root(2, &third, &[0, 1]);
    let refused = repo.refresh(&mut store).unwrap_err();
    assert!(matches!(refused, TufError::Version { wanted: 2, found: 3, .. }), "{refused}");
}

#[test]
fn what_is_past_its_time_is_refused_and_not_kept() {
    let (mut repo, mut store) = seen();
    let kept = store.clone();
    repo.publish_timestamp(3, 2, BEFORE);
    assert!(matches!(repo.refresh(&mut store), Err(TufError::Expired { .. })));
    assert_eq!(store, kept, "a frozen timestamp");
    let next = repo.root_metadata(2, BEFORE);
    repo.publish_root(2, &next, &[0, 1]);
    let refused = repo.refresh(&mut store).unwrap_err();
    assert!(matches!(&refused, TufError::Expired { role, .. } if role == "root"), "{refused}");
    // The root counts although it is past its time: the next one must follow it.
    assert_eq!(check_root(&store["root.json"]).unwrap().version, 2);
    let third = repo.root_metadata(3, LATER);
    repo.publish_root(3, &third, &[0, 1]);
    repo.publish(3, LATER);
    repo.refresh(&mut store).unwrap();
}

#[test]
fn older_metadata_is_refused_and_nothing_is_changed() {
    let (mut repo, mut store) = seen();
    let kept = store.clone();
    repo.publish_timestamp(1, 1, LATER);
    let refused = repo.refresh(&mut store).unwrap_err();
    assert!(matches!(refused, TufError::Rollback { seen: 2, found: 1, .. }), "{refused}");
    repo.publish_timestamp(3, 1, LATER);
    let refused = repo.refresh(&mut store).unwrap_err();
    assert!(matches!(&refused, TufError::Rollback { role, .. } if role == "snapshot"));
    assert_eq!(store, kept);
}

#[test]
fn a_snapshot_may_neither_drop_nor_set_back_a_role() {
    for (meta, wanted) in
        [(json!({}), "removed"), (json!({"targets.json": {"version": 1}}), "back")]
    {
        let (mut repo, mut store) = seen();
        let kept = store["snapshot.json"].clone();
        let snapshot = json!({
            "_type": "snapshot", "spec_version": "1.0.31", "version": 3, "expires": LATER,
            "meta": meta,
        });
        let snapshot = sign(&snapshot, &[&repo.online]);
        repo.files.insert("3.snapshot.json".into(), snapshot);
        repo.publish_timestamp(3, 3, LATER);
        let refused = repo.refresh(&mut store).unwrap_err();
        let found = match refused {
            TufError::Removed(_) => "removed",
            TufError::Rollback { .. } => "back",
            other => panic!("{other}"),
        };
        assert_eq!(found, wanted);
        assert_eq!(store["snapshot.json"], kept);
    }
}

#[test]
fn parts_of_two_states_do_not_mix() {
    let (mut repo, mut store) = seen();
    let old = repo.files["2.targets.json"].clone();
    repo.publish(3, LATER);
    repo.files.insert("3.targets.json".into(), old);
    assert!(matches!(repo.refresh(&mut store), Err(TufError::Content { .. })));
    let (mut repo, mut store) = seen();
    let old = repo.files["2.snapshot.json"].clone();
    repo.publish(3, LATER);
    repo.files.insert("3.snapshot.json".into(), old);
    assert!(matches!(repo.refresh(&mut store), Err(TufError::Version { .. })));
    let (mut repo, mut store) = seen();
    repo.publish(3, LATER);
    repo.files.remove("3.snapshot.json");
    assert!(matches!(repo.refresh(&mut store), Err(TufError::Missing(_))));
}

#[test]
fn after_new_keys_a_repository_may_go_back_from_versions_that_an_attacker_made() {
    let (mut repo, mut store) = seen();
    repo.publish(1000, LATER);
    repo.refresh(&mut store).unwrap();
    repo.publish(3, LATER);
    assert!(matches!(repo.refresh(&mut store), Err(TufError::Rollback { .. })));
    repo.online = Key::new();
    let next = repo.root_metadata(2, LATER);
    repo.publish_root(2, &next, &[0, 1]);
    repo.publish(3, LATER);
    assert_eq!(repo.refresh(&mut store).unwrap(), b"whom to trust, 3");
}

#[test]
fn another_target_of_the_same_length_or_a_longer_one_is_refused() {
    let (mut repo, mut store) = seen();
    for change in [(b"2".as_slice(), b"3".as_slice()), (b"2", b"2 and me")] {
        for content in repo.targets.values_mut() {
            let at = content.len() - 1;
            content.truncate(at);
            content.extend_from_slice(change.1);
        }
        assert!(matches!(repo.refresh(&mut store), Err(TufError::Content { .. })), "{change:?}");
    }
    repo.targets.clear();
    assert!(matches!(repo.refresh(&mut store), Err(TufError::Missing(_))));
}

#[test]
fn a_role_speaks_only_for_the_targets_that_were_handed_to_it() {
    let mut repo = Repo::new();
    let mut store = repo.store();
    let npm = Key::new();
    let delegated = |path: &str, npm: &Key| {
        let file = json!({"length": 4, "hashes": {"sha256": hex(&sha256(b"keys"))}});
        let targets = json!({
            "_type": "targets", "spec_version": "1.0.31", "version": 1, "expires": LATER,
            "targets": {path: file},
        });
        sign(&targets, &[npm])
    };
    let path = "registry.npmjs.org/keys.json";
    let targets = json!({
        "_type": "targets", "spec_version": "1.0.31", "version": 1, "expires": LATER,
        "targets": {},
        "delegations": {
            "keys": {npm.id(): npm.json()},
            "roles": [{
                "name": "registry.npmjs.org", "keyids": [npm.id()], "threshold": 1,
                "terminating": true, "paths": ["registry.npmjs.org/*"],
            }],
        },
    });
    repo.publish_targets(1, &targets, LATER);
    let targets_file = repo.files["1.targets.json"].len();
    let snapshot = json!({
        "_type": "snapshot", "spec_version": "1.0.31", "version": 1, "expires": LATER,
        "meta": {"targets.json": {"version": 1, "length": targets_file},
                 "registry.npmjs.org.json": {"version": 1}},
    });
    repo.files.insert("1.snapshot.json".into(), sign(&snapshot, &[&repo.online]));
    repo.targets
        .insert(format!("registry.npmjs.org/{}.keys.json", hex(&sha256(b"keys"))), b"keys".into());
    let mut download = |repo: &mut Repo, path: &str| {
        Client::refresh(repo, &mut store, None, Timestamp::from_unix(NOW))?.download(path)
    };
    repo.files.insert("1.registry.npmjs.org.json".into(), delegated("trusted_root.json", &npm));
    let refused = download(&mut repo, "trusted_root.json").unwrap_err();
    assert!(matches!(refused, TufError::UnknownTarget(_)), "{refused}");
    let stranger = delegated(path, &Key::new());
    repo.files.insert("1.registry.npmjs.org.json".into(), stranger);
    assert!(matches!(download(&mut repo, path), Err(TufError::Unsigned { .. })));
    repo.files.insert("1.registry.npmjs.org.json".into(), delegated(path, &npm));
    assert_eq!(download(&mut repo, path).unwrap(), b"keys");
}

#[test]
fn of_all_metadata_with_one_bit_bent_none_is_accepted() {
    let (repo, store) = seen();
    let mut tried = 0;
    for name in ["timestamp.json", "2.snapshot.json", "2.targets.json"] {
        let bytes = &repo.files[name];
        for at in 0..bytes.len() {
            let mut bent = bytes.clone();
            bent[at] ^= 1 << (at % 7);
            let (Ok(before), after) =
                (serde_json::from_slice::<Value>(bytes), serde_json::from_slice::<Value>(&bent))
            else {
                panic!("ours is JSON")
            };
            // A digit of a hash in the other case is the same hash.
            if after
                .as_ref()
                .is_ok_and(|it| it.to_string().eq_ignore_ascii_case(&before.to_string()))
            {
                continue;
            }
            let mut other = Repo {
                files: repo.files.clone(),
                targets: repo.targets.clone(),
                root: [Key::new(), Key::new(), Key::new()],
                online: Key::new(),
            };
            other.files.insert(name.into(), bent);
            let mut fresh = Files::from([("root.json".into(), store["root.json"].clone())]);
            tried += 1;
            assert!(other.refresh(&mut fresh).is_err(), "{name} at {at}");
        }
    }
    assert!(tried > 1000, "{tried}");
}

proptest! {
    #[test]
    fn any_bytes_are_refused_and_leave_the_store_as_it_was(
        bytes in proptest::collection::vec(any::<u8>(), 0..300), which in 0_usize..4,
    ) {
        let mut repo = Repo::new();
        let mut store = repo.store();
        let kept = store.clone();
        let name = ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"][which];
        repo.files.insert(name.into(), bytes);
        prop_assert!(repo.refresh(&mut store).is_err());
        prop_assert_eq!(&store["root.json"], &kept["root.json"]);
        prop_assert!(!store.contains_key("targets.json"));
    }
}

#[test]
fn deep_and_endless_metadata_is_refused() {
    assert!(check_root(&b"[".repeat(1_000_000)).is_err());
    let deep = format!("{{\"signed\":{}1{},\"signatures\":[]}}", "[".repeat(120), "]".repeat(120));
    assert!(check_root(deep.as_bytes()).is_err());
    let mut repo = Repo::new();
    let mut store = repo.store();
    repo.files.insert("timestamp.json".into(), vec![b' '; 20_000]);
    assert!(matches!(repo.refresh(&mut store), Err(TufError::TooMuch { .. })));
}
