//! `cosign`, against an OCI layout, a real registry and cosign itself.

use std::process::Command;

use plimsoll_testkit::{Compression, DockerRegistry, Image};

use crate::machine::{Machine, Ran};
use crate::peers::peer;

const PASSWORD: [(&str, &str); 1] = [("COSIGN_PASSWORD", "secret")];

fn machine() -> Machine {
    let machine = Machine::new();
    let image = Image::new().layer("COPY a", &[("a", "1")]);
    image.write_oci_dir(Compression::Gzip, &machine.path("layout"));
    cosign(&machine, "generate-key-pair").ended(0);
    machine
}

fn cosign(machine: &Machine, words: &str) -> Ran {
    machine.run_with(&PASSWORD, &format!("as cosign {words}"))
}

#[test]
fn a_pair_of_keys_is_called_as_cosign_calls_it() {
    let machine = machine();
    assert!(machine.read("cosign.key").contains("BEGIN ENCRYPTED SIGSTORE PRIVATE KEY"));
    let public = cosign(&machine, "public-key --key cosign.key").ended(0);
    assert_eq!(public.out, machine.read("cosign.pub"));
    cosign(&machine, "generate-key-pair").ended(1);
}

#[test]
fn what_was_verified_is_on_stdout_as_cosign_prints_it() {
    let machine = machine();
    let none = cosign(&machine, "verify --key cosign.pub oci-dir:layout").ended(10);
    assert!(none.err.contains("no signatures found"), "{}", none.err);
    for more in ["", "--new-bundle-format=false"] {
        let words =
            format!("sign --key cosign.key --tlog-upload=false -a env=prod {more} oci-dir:layout");
        cosign(&machine, &words).ended(0);
    }
    let ran = cosign(&machine, "verify --key cosign.pub -a env=prod oci-dir:layout").ended(0);
    let document = ran.json();
    assert_eq!(document.as_array().unwrap().len(), 2, "both forms are read");
    for one in document.as_array().unwrap() {
        let digest = one["critical"]["image"]["docker-manifest-digest"].as_str().unwrap();
        assert!(digest.starts_with("sha256:"));
    }
    assert!(ran.err.contains("Verification for oci-dir:layout --"), "{}", ran.err);
    // With bundles there cosign 3 ends so; where there is only its older form, with 12.
    cosign(&machine, "verify --key cosign.pub -a env=test oci-dir:layout").ended(1);
    cosign(&machine, "generate-key-pair --output-key-prefix other").ended(0);
    let other = cosign(&machine, "verify --key other.pub oci-dir:layout").ended(1);
    assert!(other.err.contains("no matching attestations"), "{}", other.err);
    let lines = cosign(&machine, "verify --key cosign.pub -o text oci-dir:layout").ended(0).out;
    assert_eq!(lines.lines().filter(|line| line.starts_with('{')).count(), 2, "{lines}");
    let place = cosign(&machine, "triangulate oci-dir:layout").ended(0);
    assert!(place.out.trim_end().strip_suffix(".sig").is_some(), "{}", place.out);
}

#[test]
fn verification_of_nobody_in_particular_is_refused_in_cosigns_words() {
    let machine = machine();
    cosign(&machine, "sign --key cosign.key --tlog-upload=false oci-dir:layout").ended(0);
    for (more, half) in [("", "identity"), ("--certificate-identity a@b", "oidc-issuer")] {
        for verb in ["verify", "verify-attestation"] {
            let ran = cosign(&machine, &format!("{verb} {more} oci-dir:layout")).ended(1);
            assert!(ran.err.starts_with("note: cosign: `verify IMAGE` is dated: "), "{}", ran.err);
            let why = format!(
                "Error: --certificate-{half} or --certificate-{half}-regexp is required for \
                 verification in keyless mode\n"
            );
            assert!(ran.err.contains(&why), "{}", ran.err);
            if let (Some(peer), "verify") = (peer("cosign"), verb) {
                let words = format!("verify {more} example.invalid/a/b:1");
                let theirs = Command::new(peer).args(words.split_whitespace()).output().unwrap();
                assert_eq!(theirs.status.code(), Some(1));
                assert!(String::from_utf8_lossy(&theirs.stderr).contains(&why));
            }
        }
    }
}

#[test]
fn every_flag_may_be_a_variable_and_a_variable_that_is_not_read_is_refused() {
    let machine = machine();
    let run = |more: &[(&str, &str)], words: &str| {
        let all: Vec<_> = PASSWORD.iter().chain(more).copied().collect();
        machine.run_with(&all, &format!("as cosign {words}"))
    };
    let key = [("COSIGN_KEY", "cosign.key"), ("COSIGN_TLOG_UPLOAD", "false"), ("COSIGN_YES", "1")];
    run(&key, "sign oci-dir:layout").ended(0);
    run(&[("COSIGN_KEY", "cosign.pub")], "verify oci-dir:layout").ended(0);
    // What is typed outweighs it.
    run(&[("COSIGN_KEY", "nothing.pub")], "verify --key cosign.pub oci-dir:layout").ended(0);
    for (name, own) in [
        ("COSIGN_REPOSITORY", "beside their image"),
        ("SIGSTORE_ROOT_FILE", "--trusted-root"),
        ("COSIGN_SIGNATURE_DIGEST_ALGORITHM", "the key says which"),
    ] {
        let ran = run(&[(name, "x")], "verify --key cosign.pub oci-dir:layout").ended(1);
        assert!(ran.out.is_empty() && ran.err.contains(own), "{name}: {}", ran.err);
    }
}

#[test]
fn attestations_are_printed_as_envelopes() {
    let machine = machine();
    machine.write("sbom.json", r#"{"bomFormat":"CycloneDX","specVersion":"1.5"}"#);
    let words = "attest --key cosign.key --tlog-upload=false --type cyclonedx --predicate sbom.json oci-dir:layout";
    cosign(&machine, words).ended(0);
    let ran =
        cosign(&machine, "verify-attestation --key cosign.pub --type cyclonedx oci-dir:layout");
    assert_eq!(ran.ended(0).json()["payloadType"], "application/vnd.in-toto+json");
    let none =
        cosign(&machine, "verify-attestation --key cosign.pub --type vuln oci-dir:layout").ended(1);
    assert!(none.err.contains("found: https://cyclonedx.org/bom"), "{}", none.err);
    let tree = cosign(&machine, "tree oci-dir:layout").ended(0);
    assert!(tree.out.contains("cyclonedx"), "{}", tree.out);
    cosign(&machine, "download attestation oci-dir:layout").ended(0);
}

#[test]
fn files_are_signed_and_verified() {
    let machine = machine();
    machine.write("app", "content");
    cosign(&machine, "sign-blob --key cosign.key --tlog-upload=false --bundle app.json app")
        .ended(0);
    let ran = cosign(&machine, "verify-blob --key cosign.pub --bundle app.json app").ended(0);
    assert!(ran.err.contains("Verified OK"), "{}", ran.err);
    let ran = cosign(&machine, "sign-blob --key cosign.key --tlog-upload=false --yes app").ended(0);
    machine.write("app.sig", ran.out);
    cosign(&machine, "verify-blob --key cosign.pub --signature app.sig app").ended(0);
    machine.write("app", "other");
    cosign(&machine, "verify-blob --key cosign.pub --bundle app.json app").ended(1);
}

#[test]
fn cosign_itself_verifies_what_was_signed_and_ends_with_the_same_codes() {
    let (Some(peer), Ok(registry)) = (peer("cosign"), DockerRegistry::start(None, None)) else {
        return;
    };
    let machine = machine();
    registry.push(&machine.path("layout"), "user/image:tag").unwrap();
    let image = format!("{}/user/image:tag", registry.host());
    let theirs = |words: &str| {
        let output = Command::new(&peer)
            .current_dir(machine.path("."))
            .env("COSIGN_PASSWORD", "secret")
            .env("HOME", machine.path("."))
            .args(words.split_whitespace())
            .output()
            .unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let verify = format!("verify --key cosign.pub --insecure-ignore-tlog=true {image}");
    let (code, _) = theirs(&verify);
    assert_eq!(code, cosign(&machine, &verify).code, "without a signature");
    cosign(&machine, &format!("sign --key cosign.key --tlog-upload=false {image}")).ended(0);
    let (code, said) = theirs(&verify);
    assert_eq!(code, 0, "{said}");
    assert_eq!(cosign(&machine, &verify).code, 0);
}

#[test]
fn what_keeps_a_signature_elsewhere_or_in_another_form_is_obeyed_or_refused() {
    let machine = machine();
    machine.write("app", "content");
    let sign = "sign --key cosign.key --tlog-upload=false";
    for (words, own) in [
        (format!("{sign} --upload=false oci-dir:layout"), "`--upload=false` is not here"),
        (format!("{sign} --bundle a.json oci-dir:layout"), "`--bundle` is not here"),
        (format!("{sign} --output-signature a oci-dir:layout"), "`--output-signature` is not here"),
        (format!("{sign} --certificate-chain a oci-dir:layout"), "`--certificate-chain` is not"),
        (
            "sign-blob --key cosign.key --bundle a.json --new-bundle-format=false app".to_owned(),
            "`--new-bundle-format=false`",
        ),
        ("sign-blob --key cosign.key --b64=false app".to_owned(), "`--b64=false` is not here"),
        ("verify-blob --key cosign.pub --sct a app".to_owned(), "`--sct` is not here"),
    ] {
        let ran = cosign(&machine, &words).ended(1);
        assert!(ran.err.contains(own), "{words}: {}", ran.err);
        assert!(ran.out.is_empty() && !machine.path("a.json").exists(), "{words}: {}", ran.out);
    }
    cosign(&machine, "verify --key cosign.pub oci-dir:layout").ended(10);
    cosign(&machine, &format!("{sign} --upload=true oci-dir:layout")).ended(0);
    let none = [("COSIGN_PASSWORD", "secret"), ("COSIGN_UPLOAD", "false")];
    machine.run_with(&none, &format!("as cosign {sign} oci-dir:layout")).ended(1);
    let told = cosign(&machine, "verify --key cosign.pub --check-claims=false oci-dir:layout");
    assert!(told.ended(0).err.contains("`--check-claims=false`: "));
    let told = cosign(&machine, "verify --key cosign.pub --k8s-keychain oci-dir:layout");
    assert!(told.ended(0).err.contains("`--k8s-keychain`: "));
    cosign(&machine, "sign-blob --key cosign.key --tlog-upload=false --output app.sig app")
        .ended(0);
    cosign(&machine, "verify-blob --key cosign.pub --signature app.sig app").ended(0);
}
