//! `--keep`: what passed is not verified again, and never once anything that it rests on changed;
//! lists of images.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::folder::{Folder, NOW};

const KEPT: &str = "(kept from before)";

#[test]
fn a_pass_is_used_again_for_its_time_and_only_for_the_same_key_policy_and_evidence() {
    let folder = Folder::new();
    folder.keys("one.pem", &["a"]);
    folder.keys("both.pem", &["a", "b"]);
    folder.sign("oci-dir:layout", &["a"]);
    let at = |now: i64, what: &str| {
        folder.run_at(now, &format!("verify oci-dir:layout --keep 1h {what}"), &[])
    };
    let require = "--require 1-of one.pem";
    assert!(!at(NOW, require).ended(0).out.contains(KEPT));
    let again = at(NOW + 3599, require).ended(0).out;
    assert!(again.contains(KEPT) && again.contains("signer Ed25519 key sha256:"), "{again}");
    assert!(!folder.run(&format!("verify oci-dir:layout {require}")).ended(0).out.contains(KEPT));
    assert!(!at(NOW - 1, require).ended(0).out.contains(KEPT), "from the future");
    assert!(!at(NOW + 7200, require).ended(0).out.contains(KEPT), "too old");

    at(NOW, "--require 2-of both.pem").ended(1);
    at(NOW, "--key b.pub").ended(1);
    assert!(
        !at(NOW, "--require 1-of both.pem").ended(0).out.contains(KEPT),
        "another file of keys"
    );
    at(NOW, "--key a.pub -a env=prod").ended(1);
    folder.keys("one.pem", &["b"]);
    at(NOW, require).ended(1);
    folder.keys("one.pem", &["a"]);
    assert!(at(NOW + 7201, require).ended(0).out.contains(KEPT));

    let root = folder.path("root.json");
    let empty = r#"{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#;
    fs::write(&root, empty).unwrap();
    let other_root = format!("{require} --trusted-root root.json");
    assert!(!at(NOW + 7201, &other_root).ended(0).out.contains(KEPT), "another root");
    folder.sign("oci-dir:layout", &["c"]);
    assert!(!at(NOW + 7201, require).ended(0).out.contains(KEPT), "another signature");
}

#[test]
fn a_refusal_is_never_kept_and_a_forged_or_foreign_pass_is_not_used() {
    let folder = Folder::new();
    let verify = "verify oci-dir:layout --keep 1h --require 1-of a.pub";
    folder.run(verify).ended(1);
    let kept = folder.path("cache/verified");
    assert_eq!(fs::read_dir(&kept).unwrap().count(), 0, "a refusal leaves nothing");
    folder.sign("oci-dir:layout", &["a"]);
    folder.run(verify).ended(0);
    let files: Vec<_> = fs::read_dir(&kept).unwrap().flatten().map(|it| it.path()).collect();
    assert_eq!(files.len(), 1);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&kept), mode(&files[0])), (0o700, 0o600));
    // A pass for one thing under the name of another.
    folder.image("other", "2");
    folder.run("verify oci-dir:other --keep 1h --require 1-of a.pub").ended(1);
    let text = fs::read_to_string(&files[0]).unwrap();
    fs::write(&files[0], text.replacen("\"key\":\"", "\"key\":\"0", 1)).unwrap();
    assert!(!folder.run(verify).ended(0).out.contains(KEPT));
    fs::write(&files[0], "{").unwrap();
    assert!(!folder.run(verify).ended(0).out.contains(KEPT));
    assert!(folder.run(verify).ended(0).out.contains(KEPT));
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o777)).unwrap();
    let ran = folder.run(verify).ended(0);
    assert!(!ran.out.contains(KEPT) && ran.err.contains("nothing is kept"), "{}", ran.err);
}

#[test]
fn a_list_of_images_is_verified_in_its_order_and_the_worst_counts() {
    let folder = Folder::new();
    for name in ["one", "two", "three"] {
        folder.image(name, name);
    }
    folder.sign("oci-dir:one", &["a"]);
    folder.sign("oci-dir:three", &["a"]);
    folder.write("list", "# all of them\noci-dir:three\n\noci-dir:one\noci-dir:three\n");
    let ran = folder.run("verify --key a.pub --images-from list").ended(0);
    let names: Vec<_> =
        ran.out.lines().filter_map(|line| line.strip_prefix("verified: ")).collect();
    assert_eq!(names.len(), 2, "each once: {}", ran.out);
    assert!(names[0].starts_with("three@") && names[1].starts_with("one@"), "{names:?}");
    let ran = folder.run("verify --key a.pub oci-dir:one oci-dir:two").ended(1);
    assert!(ran.out.contains("refused: two@sha256:"), "{}", ran.out);
    let ran = folder.run("verify --key a.pub oci-dir:one oci-dir:two oci-dir:missing").ended(3);
    assert!(ran.err.contains("error: `oci-dir:missing`"), "{}", ran.err);
    let json = folder.run("verify --key a.pub -f json oci-dir:one oci-dir:three").ended(0).out;
    let lines: Vec<serde_json::Value> =
        json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[1]["verified"]), (2, &serde_json::Value::Bool(true)));
    folder.run("verify --key a.pub --images-from empty").ended(3);
}
