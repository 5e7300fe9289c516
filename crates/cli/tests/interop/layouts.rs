//! Layouts in a folder: what cosign saves, loads and verifies without a registry.

use super::bench::{Bench, COSIGN_SIGNS, COSIGN_TRUSTS, Outcome, digest_of};
use super::page::{self, Case};

const KEYS: [&str; 4] = ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048"];
const OLD: &str = "--new-bundle-format=false";

/// A layout for one case.
fn copy(b: &Bench, of: &str, name: &str) -> Outcome {
    b.run("cp", &format!("-r {of} {name}")).map(drop)
}

/// Cosign signs in the registry and saves; what it saved is verified here.
fn saved(b: &Bench, k: &str, image: &str, signs: &str, verifies: &str) -> Outcome {
    b.cosign(&format!("{signs} {COSIGN_SIGNS} --allow-insecure-registry --key {k}.key {image}"))?;
    let folder = image.rsplit('/').next().unwrap().replace(':', "-");
    b.cosign(&format!("save --allow-insecure-registry --dir {folder} {image}"))?;
    b.ours(&format!("verify oci-dir:{folder} --offline --key {k}.pub {verifies}")).map(drop)
}

/// Plimsoll signs a layout; cosign verifies it there.
fn local(b: &Bench, k: &str, of: &str, name: &str, signs: &str, verifies: &str) -> Outcome {
    copy(b, of, name)?;
    b.ours(&format!("{signs} --key {k}.key oci-dir:{name}"))?;
    let digest = digest_of(k);
    b.cosign(&format!("{verifies} {COSIGN_TRUSTS} {digest} --local-image --key {k}.pub {name}"))
}

/// Plimsoll signs a layout, cosign loads it into the registry and verifies it there.
fn loaded(b: &Bench, k: &str, of: &str, name: &str, signs: &str, verifies: &str) -> Outcome {
    copy(b, of, name)?;
    b.ours(&format!("{signs} --key {k}.key oci-dir:{name}"))?;
    let image = format!("{}/{name}:1", b.registry.host());
    b.cosign(&format!("load --allow-insecure-registry --dir {name} {image}"))?;
    let digest = digest_of(k);
    b.cosign(&format!(
        "{verifies} {COSIGN_TRUSTS} {digest} --allow-insecure-registry --key {k}.pub {image}"
    ))
}

const ATTEST: &str = "attest --predicate claim.json";
const THEIR_ATTEST: &str = "attest --type spdxjson --predicate claim.json";
const VERIFY_ATTEST: &str = "verify-attestation --type spdxjson";

const CASES: [Case<Bench>; 15] = [
    ("saved: signature under a tag", "cosign", |b, k| {
        saved(b, k, &b.image(&format!("sa-{k}")), &format!("sign {OLD}"), "")
    }),
    ("saved: bundle", "cosign", |b, k| saved(b, k, &b.image(&format!("sb-{k}")), "sign", "")),
    ("saved: attestation under a tag", "cosign", |b, k| {
        let signs = format!("{THEIR_ATTEST} {OLD}");
        saved(b, k, &b.image(&format!("sc-{k}")), &signs, "--type spdxjson")
    }),
    ("saved: attestation in a bundle", "cosign", |b, k| {
        saved(b, k, &b.image(&format!("sd-{k}")), THEIR_ATTEST, "--type spdxjson")
    }),
    ("saved: index, signature under a tag", "cosign", |b, k| {
        saved(b, k, &b.many(&format!("se-{k}")), &format!("sign {OLD}"), "")
    }),
    ("`--local-image`: signature under a tag", "Plimsoll", |b, k| {
        local(b, k, "layout", &format!("la-{k}"), "sign --storage tag", &format!("verify {OLD}"))
    }),
    ("`--local-image`: bundle", "Plimsoll", |b, k| {
        local(b, k, "layout", &format!("lb-{k}"), "sign", "verify")
    }),
    ("`--local-image`: attestation under a tag", "Plimsoll", |b, k| {
        let (ours, theirs) = (format!("{ATTEST} --storage tag"), format!("{VERIFY_ATTEST} {OLD}"));
        local(b, k, "layout", &format!("lc-{k}"), &ours, &theirs)
    }),
    ("`--local-image`: attestation in a bundle", "Plimsoll", |b, k| {
        local(b, k, "layout", &format!("ld-{k}"), ATTEST, VERIFY_ATTEST)
    }),
    ("`--local-image`: index, signature under a tag", "Plimsoll", |b, k| {
        local(b, k, "many", &format!("le-{k}"), "sign --storage tag", &format!("verify {OLD}"))
    }),
    ("loaded: signature under a tag", "Plimsoll", |b, k| {
        loaded(b, k, "layout", &format!("ma-{k}"), "sign --storage tag", &format!("verify {OLD}"))
    }),
    ("loaded: bundle", "Plimsoll", |b, k| {
        loaded(b, k, "layout", &format!("mb-{k}"), "sign", "verify")
    }),
    ("loaded: bundle", "cosign", |b, k| {
        let image = b.image(&format!("mc-{k}"));
        let sign = "sign --allow-insecure-registry";
        b.cosign(&format!("{sign} {COSIGN_SIGNS} --key {k}.key {image}"))?;
        b.cosign(&format!("save --allow-insecure-registry --dir mc-{k} {image}"))?;
        let image = format!("{}/again-{k}:1", b.registry.host());
        b.cosign(&format!("load --allow-insecure-registry --dir mc-{k} {image}"))?;
        b.ours(&format!("verify --key {k}.pub {image}")).map(drop)
    }),
    ("loaded: attestation in a bundle", "Plimsoll", |b, k| {
        loaded(b, k, "layout", &format!("md-{k}"), ATTEST, VERIFY_ATTEST)
    }),
    ("loaded: index, signature under a tag", "Plimsoll", |b, k| {
        loaded(b, k, "many", &format!("me-{k}"), "sign --storage tag", &format!("verify {OLD}"))
    }),
];

#[test]
fn layouts_are_saved_loaded_and_verified_in_both_directions() {
    let bench = match Bench::new() {
        Ok(bench) => bench.with_keys(&KEYS),
        Err(why) => return println!("skipped: {why}"),
    };
    let rows = page::rows(&CASES, &bench, &KEYS);
    page::publish(
        "Layouts in a folder",
        "`cosign save` writes a layout, `cosign load` reads one, and `cosign verify --local-image` verifies\n\
         in one; `plimsoll sign` and `verify` take it as `oci-dir:FOLDER`.",
        &KEYS,
        &rows,
        "Where the table says no, cosign refuses what it signed or saved itself: Ed25519 as above, and\n\
         `cosign load` sends the manifest of a bundle before the bundle, which Debian's registry refuses. Such\n\
         a layout is verified where it is, or copied by another program.",
        |what, who, key| {
            matches!(what, "loaded: bundle" | "loaded: attestation in a bundle")
                || who == "cosign" && key == "ed25519" && what.starts_with("saved: ")
        },
    );
}
