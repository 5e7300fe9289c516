//! `--require`: several signers, each counted once; `--annotation`.

use crate::folder::Folder;

#[test]
fn two_of_three_keys_hold_once_two_of_them_signed_and_who_is_missing_is_told() {
    let folder = Folder::new();
    folder.keys("release.pem", &["a", "b", "c"]);
    folder.sign("oci-dir:layout", &["a"]);
    let verify = "verify oci-dir:layout --require 2-of release.pem";
    let one = folder.run(verify).ended(1);
    assert!(one.out.contains("signers 1 of 2 needed"), "{}", one.out);
    assert!(one.out.contains("signed release.pem[0]"), "{}", one.out);
    assert!(one.out.contains("missing release.pem[1]"), "{}", one.out);
    assert!(one.out.contains("missing release.pem[2]"), "{}", one.out);
    folder.sign("oci-dir:layout", &["c"]);
    let two = folder.run(verify).ended(0);
    assert!(two.out.starts_with("verified: layout@sha256:"), "{}", two.out);
    assert!(two.out.contains("signed release.pem[2]"), "{}", two.out);
    folder.run("verify oci-dir:layout --require all-of release.pem").ended(1);
    folder.run("verify oci-dir:layout --require any-of release.pem").ended(0);
    let json = folder.run(&format!("{verify} -f json")).ended(0).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["schema"], "plimsoll.image-verification/v1");
    assert_eq!(json["policies"][0]["groups"][0]["counted"], 2);
}

#[test]
fn one_key_is_one_signer_however_often_it_signs_and_in_how_many_files_it_is() {
    let folder = Folder::new();
    folder.keys("both.pem", &["a", "b"]);
    folder.sign("oci-dir:layout", &["a", "a"]);
    folder.run("sign --key a.key --storage tag oci-dir:layout").ended(0);
    let twice = folder.run("verify oci-dir:layout --require 2-of both.pem").ended(1);
    assert!(twice.out.contains("signers 1 of 2 needed"), "{}", twice.out);
    folder.keys("one.pem", &["a"]);
    folder.keys("other.pem", &["a", "c"]);
    let files = "verify oci-dir:layout --require 1-of one.pem --require 1-of other.pem";
    let ran = folder.run(files).ended(1);
    assert!(ran.out.contains("one signer counts once"), "{}", ran.out);
    folder.sign("oci-dir:layout", &["c"]);
    folder.run(files).ended(0);
    folder.keys("twice.pem", &["a", "a"]);
    let ran = folder.run("verify oci-dir:layout --require 2-of twice.pem").ended(3);
    assert!(ran.err.contains("is there twice"), "{}", ran.err);
}

#[test]
fn a_number_that_can_never_be_met_or_asks_for_nothing_is_wrong_usage() {
    let folder = Folder::new();
    folder.keys("both.pem", &["a", "b"]);
    for count in ["3-of", "0-of", "two-of"] {
        folder.run(&format!("verify oci-dir:layout --require {count} both.pem")).ended(2);
    }
    folder.write("file", "content");
    let ran = folder.run("verify file --require 1-of both.pem").ended(2);
    assert!(ran.err.contains("`--require` is for images"), "{}", ran.err);
}

#[test]
fn annotations_must_be_what_the_signer_said_in_both_forms() {
    let folder = Folder::new();
    for (storage, image) in [("referrer", "layout"), ("tag", "tagged")] {
        folder.image(image, storage);
        let sign = format!("sign --key a.key --storage {storage} -a env=prod -a team=x");
        folder.run(&format!("{sign} oci-dir:{image}")).ended(0);
        let verify = |more: &str| folder.run(&format!("verify oci-dir:{image} --key a.pub {more}"));
        verify("-a env=prod").ended(0);
        verify("-a env=prod -a team=x").ended(0);
        let other = verify("-a env=test").ended(1);
        assert!(other.out.contains("FAILED  annotation"), "{}", other.out);
        assert!(other.out.contains("expected env=test"), "{}", other.out);
        assert!(other.out.contains("found    env=prod"), "{}", other.out);
        let none = verify("-a tier=1").ended(1);
        assert!(none.out.contains("tier is not stated"), "{}", none.out);
        verify("-a env").ended(2);
    }
}
