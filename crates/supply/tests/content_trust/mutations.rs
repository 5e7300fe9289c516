//! Every byte of a whole repository bent, and any bytes in the place of each document.

use proptest::prelude::*;
use serde_json::Value;

use super::publisher::{Files, GUN, Key, Repo, said};

/// A repository after a rotation, whose chain of roots is followed.
fn rotated() -> (Repo, plimsoll_supply::content_trust::Anchors) {
    let mut repo = Repo::new();
    let first = repo.trusted();
    repo.rotate(vec![Key::x509(GUN)]);
    (repo, first)
}

#[test]
fn of_all_metadata_with_one_byte_bent_none_is_accepted() {
    let (mut repo, first) = rotated();
    let names =
        ["root", "1.root", "timestamp", "snapshot", "targets", "targets/releases", "targets/alice"];
    let mut tried = 0;
    for name in names {
        let whole = repo.files[name].clone();
        let before: Value = serde_json::from_slice(&whole).unwrap();
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 1 << (at % 7);
            let after = serde_json::from_slice::<Value>(&bent);
            // A method is the same in the other case.
            let same = |it: &Value| it.to_string().eq_ignore_ascii_case(&before.to_string());
            let at_method = after.as_ref().is_ok_and(|it| {
                same(it) && it["signed"] == before["signed"] && method(it) != method(&before)
            });
            repo.files.insert(name.into(), bent);
            let verdict = repo.asked("2", &[], &first, &mut Files::new());
            if at_method && ["timestamp", "1.root"].contains(&name) {
                continue;
            }
            tried += 1;
            let failure = verdict.report.failure();
            let step = failure.unwrap_or_else(|| panic!("{name} at {at}: {}", said(&verdict)));
            assert!(step.place.contains(".json"), "{name} at {at}: {step:?}");
            assert!(verdict.target.is_none() && !verdict.report.verified);
        }
        repo.files.insert(name.into(), whole);
    }
    assert!(said(&repo.asked("2", &[], &first, &mut Files::new())).starts_with("targets/releases"));
    assert!(tried > 8_000, "{tried}");
}

fn method(document: &Value) -> String {
    document["signatures"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| it["method"].to_string())
        .collect()
}

proptest! {
    #[test]
    fn any_bytes_in_the_place_of_a_document_are_refused(
        bytes in proptest::collection::vec(any::<u8>(), 0..300), which in 0_usize..5,
    ) {
        let mut repo = Repo::new();
        let name = ["root", "timestamp", "snapshot", "targets", "targets/alice"][which];
        repo.files.insert(name.into(), bytes);
        let verdict = repo.verify("1");
        prop_assert!(!verdict.report.verified);
        prop_assert!(verdict.target.is_none());
        prop_assert!(verdict.report.failure().is_some());
    }
}
