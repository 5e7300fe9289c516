//! Files and images in a registry: every kind of key and every form of storage.

use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::bundle::{Bundle, Content};
use plimsoll_supply::cosign;
use plimsoll_supply::intoto::Statement;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{Report, verify, verify_statement};
use serde_json::Value;

use super::bench::{Bench, CONTENT, COSIGN_SIGNS, COSIGN_TRUSTS, KEYS, Outcome, digest_of};
use super::page::{self, Case};

/// What cosign 3.1.3 signs without a log and then refuses itself: a bundle that lacks the digest,
/// and envelopes in the prehashed form of Ed25519.
const KNOWN: [&str; 5] = [
    "file: bundle",
    "image: bundle as referrer",
    "index and its images: bundles as referrers",
    "attestation: bundle as referrer",
    "attestation: envelope under a tag",
];

fn said(report: &Report) -> Outcome {
    if report.verified {
        return Ok(());
    }
    Err(format!("refused: {:?}", report.failures().map(|it| it.name).collect::<Vec<_>>()))
}

/// Our verdict on a bundle about `CONTENT`.
fn blob(bench: &Bench, key: &str, bundle: &str) -> Outcome {
    let bundle = Bundle::parse(&bench.read(bundle)).map_err(|error| error.to_string())?;
    let root = TrustedRoot::public_good().unwrap();
    let now = "2026-06-01".parse().unwrap();
    said(&verify(&bundle, &Artefact::bytes(CONTENT), &root, &bench.policy(key), now))
}

/// Our verdict on what hangs on an image: there is one of `what`, and it is about the image.
fn hanging(bench: &Bench, key: &str, what: &str, image: &str) -> Outcome {
    let root = TrustedRoot::public_good().unwrap();
    let now = "2026-06-01".parse().unwrap();
    let digest = bench.run("skopeo", &format!("inspect --tls-verify=false docker://{image}"))?;
    let digest: Value = serde_json::from_str(&digest).unwrap();
    let digest = digest["Digest"].as_str().unwrap().to_owned();
    let hex = digest.trim_start_matches("sha256:");
    let out = bench.ours(&format!("download {what} {image}"))?;
    let line: Value = serde_json::from_str(out.lines().next().ok_or("nothing")?).unwrap();
    if let Some(payload) = line["Payload"].as_str().filter(|_| line["Base64Signature"].is_string())
    {
        let payload = plimsoll_supply::Bytes::decode(payload).unwrap().0;
        let signature = line["Base64Signature"].as_str();
        let bundle =
            cosign::bundle(&payload, false, |name| signature.filter(|_| name == cosign::SIGNATURE));
        let bundle = bundle.map_err(|error| error.to_string())?;
        let payload_says: Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(payload_says["critical"]["image"]["docker-manifest-digest"], digest);
        let artefact = Artefact::bytes(payload);
        return said(&verify(&bundle, &artefact, &root, &bench.policy(key), now));
    }
    let bytes = line.to_string();
    let bundle = match line["payloadType"].as_str() {
        Some(_) => cosign::bundle(bytes.as_bytes(), true, |_| None),
        None => Bundle::parse(bytes.as_bytes()),
    };
    let bundle = bundle.map_err(|error| error.to_string())?;
    let Content::Envelope(envelope) = &bundle.content else { return Err("no envelope".into()) };
    let statement = Statement::of(envelope).map_err(|error| error.to_string())?;
    let about =
        |it: &plimsoll_supply::intoto::Subject| it.digest.get("sha256").is_some_and(|d| d == hex);
    assert!(statement.subject.iter().any(about), "{statement:?}");
    said(&verify_statement(&bundle, &root, &bench.policy(key), now))
}

const CASES: [Case<Bench>; 17] = [
    ("key pair", "Plimsoll", |b, k| b.cosign(&format!("public-key --key {k}.key"))),
    ("key pair", "cosign", |b, k| {
        if k != "ecdsa-p256" {
            return Err("not made by cosign".into());
        }
        b.cosign("generate-key-pair --output-key-prefix cosigns")?;
        let public = b.ours("key public --key cosigns.key")?;
        assert_eq!(public.into_bytes(), b.read("cosigns.pub"));
        Ok(())
    }),
    ("file: bundle", "Plimsoll", |b, k| {
        b.ours(&format!("sign --key {k}.key content --bundle ours-{k}"))?;
        let digest = digest_of(k);
        b.cosign(&format!(
            "verify-blob {COSIGN_TRUSTS} {digest} --key {k}.pub --bundle ours-{k} content"
        ))
    }),
    ("file: bundle", "cosign", |b, k| {
        b.cosign(&format!("sign-blob {COSIGN_SIGNS} --key {k}.key --bundle theirs-{k} content"))?;
        blob(b, k, &format!("theirs-{k}"))
    }),
    ("file: detached signature", "Plimsoll", |b, k| {
        b.ours(&format!("sign --key {k}.key content --signature sig-{k}"))?;
        let digest = digest_of(k);
        b.cosign(&format!(
            "verify-blob {COSIGN_TRUSTS} {digest} --key {k}.pub --signature sig-{k} content"
        ))
    }),
    ("image: bundle as referrer", "Plimsoll", |b, k| {
        let image = b.image(&format!("a-{k}"));
        b.ours(&format!("sign --key {k}.key -a env=prod {image}"))?;
        let digest = digest_of(k);
        b.cosign(&format!(
            "verify {COSIGN_TRUSTS} {digest} -a env=prod --allow-insecure-registry --key {k}.pub \
             {image}"
        ))
    }),
    ("image: bundle as referrer", "cosign", |b, k| {
        let image = b.image(&format!("b-{k}"));
        b.cosign(&format!(
            "sign {COSIGN_SIGNS} -a env=prod --allow-insecure-registry --key {k}.key {image}"
        ))?;
        hanging(b, k, "signature", &image)?;
        b.ours(&format!("verify {image} --key {k}.pub -a env=prod")).map(drop)
    }),
    ("image: signature under a tag", "Plimsoll", |b, k| {
        let image = b.image(&format!("c-{k}"));
        b.ours(&format!("sign --key {k}.key --storage tag -a env=prod {image}"))?;
        let digest = digest_of(k);
        b.cosign(&format!(
            "verify {COSIGN_TRUSTS} {digest} --new-bundle-format=false -a env=prod \
             --allow-insecure-registry --key {k}.pub {image}"
        ))
    }),
    ("image: signature under a tag", "cosign", |b, k| {
        let image = b.image(&format!("d-{k}"));
        b.cosign(&format!(
            "sign {COSIGN_SIGNS} --new-bundle-format=false --allow-insecure-registry \
             --key {k}.key {image}"
        ))?;
        hanging(b, k, "signature", &image)
    }),
    ("attestation: bundle as referrer", "Plimsoll", |b, k| {
        let image = b.image(&format!("e-{k}"));
        b.ours(&format!("attest --key {k}.key --predicate claim.json {image}"))?;
        let digest = digest_of(k);
        b.cosign(&format!(
            "verify-attestation {COSIGN_TRUSTS} {digest} --type spdxjson \
             --allow-insecure-registry --key {k}.pub {image}"
        ))
    }),
    ("attestation: bundle as referrer", "cosign", |b, k| {
        let image = b.image(&format!("f-{k}"));
        b.cosign(&format!(
            "attest {COSIGN_SIGNS} --type spdxjson --predicate claim.json \
             --allow-insecure-registry --key {k}.key {image}"
        ))?;
        hanging(b, k, "attestation --type spdxjson", &image)
    }),
    ("attestation: envelope under a tag", "Plimsoll", |b, k| {
        let image = b.image(&format!("g-{k}"));
        b.ours(&format!("attest --key {k}.key --storage tag --predicate claim.json {image}"))?;
        let digest = digest_of(k);
        b.cosign(&format!(
            "verify-attestation {COSIGN_TRUSTS} {digest} --new-bundle-format=false \
             --type spdxjson --allow-insecure-registry --key {k}.pub {image}"
        ))
    }),
    ("attestation: envelope under a tag", "cosign", |b, k| {
        let image = b.image(&format!("h-{k}"));
        b.cosign(&format!(
            "attest {COSIGN_SIGNS} --new-bundle-format=false --type spdxjson \
             --predicate claim.json --allow-insecure-registry --key {k}.key {image}"
        ))?;
        hanging(b, k, "attestation --type spdxjson", &image)
    }),
    ("index and its images: bundles as referrers", "Plimsoll", |b, k| {
        let image = b.many(&format!("i-{k}"));
        b.ours(&format!("sign --key {k}.key --recursive {image}"))?;
        let digest = digest_of(k);
        b.digests(&image).iter().try_for_each(|one| {
            b.cosign(&format!(
                "verify {COSIGN_TRUSTS} {digest} --allow-insecure-registry --key {k}.pub {one}"
            ))
        })
    }),
    ("index and its images: bundles as referrers", "cosign", |b, k| {
        let image = b.many(&format!("j-{k}"));
        b.cosign(&format!(
            "sign {COSIGN_SIGNS} --recursive --allow-insecure-registry --key {k}.key {image}"
        ))?;
        let ours = |one: &String| b.ours(&format!("verify --key {k}.pub {one}")).map(drop);
        b.digests(&image).iter().try_for_each(ours)
    }),
    ("index and its images: signatures under tags", "Plimsoll", |b, k| {
        let image = b.many(&format!("k-{k}"));
        b.ours(&format!("sign --key {k}.key --storage tag --recursive {image}"))?;
        let digest = digest_of(k);
        b.digests(&image).iter().try_for_each(|one| {
            b.cosign(&format!(
                "verify {COSIGN_TRUSTS} {digest} --new-bundle-format=false \
                 --allow-insecure-registry --key {k}.pub {one}"
            ))
        })
    }),
    ("index and its images: signatures under tags", "cosign", |b, k| {
        let image = b.many(&format!("l-{k}"));
        b.cosign(&format!(
            "sign {COSIGN_SIGNS} --new-bundle-format=false --recursive --allow-insecure-registry \
             --key {k}.key {image}"
        ))?;
        let ours = |one: &String| b.ours(&format!("verify --key {k}.pub {one}")).map(drop);
        b.digests(&image).iter().try_for_each(ours)
    }),
];

#[test]
fn what_one_signs_the_other_verifies() {
    let bench = match Bench::new() {
        Ok(bench) => bench.with_keys(&KEYS),
        Err(why) => return println!("skipped: {why}"),
    };
    let rows = page::rows(&CASES, &bench, &KEYS);
    page::publish(
        "Files and images in a registry",
        "On Debian's `docker-registry`, which has no interface for referrers, so that they are found by\n\
         their fallback tag.",
        &KEYS,
        &rows,
        "Cosign takes every ECDSA key for one that signs SHA-256 digests when it verifies with `--key`, also\n\
         when it signed with SHA-384 itself: P-384 needs `--signature-digest-algorithm sha384` there, and\n\
         P-521 `sha512`. Where the table says no, cosign refuses its own signature as well: without a log it\n\
         signs with Ed25519 in forms that it does not verify.",
        |what, who, key| {
            who == "cosign" && (what == "key pair" || key == "ed25519" && KNOWN.contains(&what))
        },
    );
}
