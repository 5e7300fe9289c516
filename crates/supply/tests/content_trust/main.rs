//! Docker Content Trust on a repository that is made here: what holds, each attack that TUF is
//! against, and any bytes. The same is judged beside notary in `crates/cli/tests/content_trust/`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod attacks;
mod mutations;
mod publisher;
mod trust;

use plimsoll_supply::hash::{hex, sha256};

use self::publisher::{Delegated, Key, Repo, said};

fn digest(bytes: &[u8]) -> String {
    hex(&sha256(bytes))[..8].to_owned()
}

#[test]
fn a_tag_is_the_digest_that_is_signed_for_it_and_its_signers_are_named() {
    let repo = Repo::new();
    assert_eq!(said(&repo.verify("1")), format!("targets {} []", digest(b"one")));
    assert_eq!(said(&repo.verify("2")), format!("targets/releases {} [alice]", digest(b"two")));
    let verdict = repo.verify("3");
    assert_eq!(said(&verdict), "tag (targets/releases, targets)");
    let found = &verdict.report.failure().unwrap().found;
    assert_eq!(found, "only `targets/alice` lists it, so that it is not released");
    assert_eq!(said(&repo.verify("4")), "tag (targets/releases, targets)");
    let keys: Vec<_> = verdict.keys.iter().map(|it| it.role.as_str()).collect();
    let all = ["root", "timestamp", "snapshot", "targets", "targets/releases", "targets/alice"];
    assert_eq!(keys, all);
}

#[test]
fn a_role_that_is_named_has_the_word() {
    let repo = Repo::new();
    let said = |tag: &str, roles: &[&str]| {
        said(&repo.asked(tag, roles, &repo.trusted(), &mut publisher::Files::new()))
    };
    assert_eq!(
        said("3", &["targets/alice"]),
        format!("targets/alice {} [alice]", digest(b"three"))
    );
    assert_eq!(said("1", &["targets"]), format!("targets {} []", digest(b"one")));
    assert_eq!(
        said("1", &["targets/alice"]),
        format!("targets/alice {} [alice]", digest(b"other"))
    );
    assert_eq!(said("1", &["targets/bob", "targets"]), format!("targets {} []", digest(b"one")));
    assert_eq!(said("1", &["targets/bob"]), "tag (targets/bob)");
}

#[test]
fn every_step_is_told() {
    let verdict = Repo::new().verify("2");
    let steps: Vec<String> =
        verdict.report.steps.iter().map(|it| format!("{} {}", it.name, it.place)).collect();
    let text = steps.join("\n");
    for step in [
        "root certificate root.json",
        "root of trust 1.root.json",
        "expiry root.json",
        "signature timestamp.json",
        "hash snapshot.json",
        "hash root.json",
        "signature targets.json",
        "signature targets/releases.json",
        "tag targets/releases.json",
    ] {
        assert!(text.contains(step), "{step}: {text}");
    }
}

#[test]
fn a_delegation_that_does_not_count_costs_no_other() {
    let mut repo = Repo::new();
    repo.delegated[1].signers = vec![Key::ecdsa()];
    repo.publish();
    assert_eq!(said(&repo.verify("2")), format!("targets/releases {} []", digest(b"two")));
    repo.delegated[0].signers = vec![Key::ecdsa()];
    repo.publish();
    let verdict = repo.verify("2");
    let found = verdict.report.failure().unwrap().found.clone();
    assert!(found.contains("`targets/releases` does not count: 0 of the 1 signatures"), "{found}");
    let mut repo = Repo::new();
    repo.expires.insert("targets/alice", publisher::BEFORE);
    repo.publish();
    assert_eq!(said(&repo.verify("2")), format!("targets/releases {} []", digest(b"two")));
}

#[test]
fn a_role_speaks_only_for_names_that_begin_as_it_may() {
    let mut repo = Repo::new();
    repo.delegated[0].paths = vec!["v"];
    repo.delegated[0].tags = vec![("v2", b"two"), ("2", b"two")];
    repo.delegated.push(Delegated {
        paths: vec!["", "v2.", "w"],
        ..Delegated::new("targets/releases/deep", &[("v2.1", b"deep"), ("w", b"deep")])
    });
    repo.publish();
    assert_eq!(said(&repo.verify("v2")), format!("targets/releases {} []", digest(b"two")));
    let verdict = repo.verify("2");
    // Alice lists it as well, but is asked after both.
    let found = &verdict.report.failure().unwrap().found;
    assert!(found.contains("not released") || found.contains("may not speak for it"), "{found}");
    repo.delegated.remove(1);
    repo.publish();
    let found = repo.verify("2").report.failure().unwrap().found.clone();
    assert_eq!(found, "`targets/releases` lists it and may not speak for it");
    let deep = ["targets/releases/deep"];
    let said =
        |tag: &str| said(&repo.asked(tag, &deep, &repo.trusted(), &mut publisher::Files::new()));
    assert!(said("v2.1").starts_with("targets/releases/deep"));
    assert_eq!(said("w"), "tag (targets/releases/deep)", "its parent may not hand that on");
}
