//! Keys in a server that signs, shared with cosign: the transit engine of Vault, which `transit/`
//! puts behind Vault's own interface.

use std::fs;
use std::net::{TcpListener, TcpStream};

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use plimsoll_supply::hash::HashAlgorithm;
use plimsoll_supply::key::{RsaPadding, Scheme};
use plimsoll_supply::sign::Signer;
use plimsoll_testkit::{Compression, Image};
use plimsoll_witness::transit::{KINDS, KeyName, Transit};
use tempfile::TempDir;

use super::bench::{CONTENT, COSIGN_SIGNS, COSIGN_TRUSTS};
use super::page::{self, Case};

const TOKEN: &str = "hvs.token-that-nobody-may-see";
/// One that may read keys and not sign.
const READER: &str = "hvs.token-of-a-reader";

struct Vault {
    child: Child,
    address: String,
    folder: TempDir,
}

impl Drop for Vault {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Vault {
    fn start() -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        drop(listener);
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("vault-transit");
        command.args([host.as_str(), TOKEN, READER]).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| format!("vault-transit: {error}"))?;
        let vault = Self { child, address: format!("http://{host}"), folder };
        let begun = Instant::now();
        while TcpStream::connect(&host).is_err() {
            assert!(begun.elapsed() < Duration::from_mins(1), "vault-transit does not start");
            std::thread::sleep(Duration::from_millis(100));
        }
        fs::write(vault.path("content"), CONTENT).unwrap();
        fs::write(vault.path("other"), "other content").unwrap();
        fs::write(vault.path("claim.json"), r#"{"spdxVersion": "SPDX-2.3"}"#).unwrap();
        let image = Image::new().layer("COPY a", &[("a", "1")]);
        image.write_oci_dir(Compression::Gzip, &vault.path("layout"));
        Ok(vault)
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn output(&self, line: &str, more: &[(&str, &str)]) -> Output {
        let mut words = line.split_whitespace();
        let mut command = match words.next().unwrap() {
            "plimsoll" => Command::new(env!("CARGO_BIN_EXE_plimsoll")),
            program => Command::new(program),
        };
        command.args(words).current_dir(self.folder.path()).stdin(Stdio::null());
        command.env("HOME", self.folder.path()).env("VAULT_ADDR", &self.address);
        command.env("VAULT_TOKEN", TOKEN).env("SOURCE_DATE_EPOCH", "1767323045");
        command.env_remove("PLIMSOLL_KEY_PASSWORD").env_remove("COSIGN_PASSWORD");
        let output = command.envs(more.iter().copied()).output().unwrap();
        let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(!line.starts_with("plimsoll") || !said.contains("hvs."), "{line}: {said}");
        output
    }

    fn run(&self, line: &str) -> Result<String, String> {
        let output = self.output(line, &[]);
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(format!("{line}: {}", said.trim().lines().last().unwrap_or_default()))
    }

    /// Asks the server itself.
    fn post(&self, path: &str, body: &str) {
        let url = format!("{}/v1/{path}", self.address);
        let token = format!("X-Vault-Token: {TOKEN}");
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--fail", "-H", token.as_str(), "-d", body, url.as_str()]);
        assert!(curl.stdout(Stdio::null()).status().unwrap().success(), "{path}");
    }

    /// Code and words of a run of ours that ends badly.
    fn refused(&self, line: &str, more: &[(&str, &str)]) -> (Option<i32>, String) {
        let output = self.output(&format!("plimsoll {line}"), more);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn transit(&self, more: &[(&str, &str)]) -> Transit {
        Transit::from_variables(|name| match name {
            "VAULT_ADDR" => Some(self.address.clone()),
            "VAULT_TOKEN" => Some(TOKEN.into()),
            _ => more.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()),
        })
        .unwrap()
    }
}

/// Cosign takes every key in a server for one that signs SHA-256 digests, unless it is told.
fn digest(key: &str) -> &'static str {
    super::bench::digest_of(key)
}

const CASES: [Case<Vault>; 8] = [
    ("key in the server", "Plimsoll", |v, k| {
        v.run(&format!("plimsoll key generate --kms hashivault://{k} --type {k} -o {k}"))?;
        let ours = v.run(&format!("plimsoll key public --key hashivault://{k}"))?;
        assert_eq!(fs::read_to_string(v.path(&format!("{k}.pub"))).unwrap(), ours);
        let theirs = v.run(&format!("cosign public-key --key hashivault://{k}"))?;
        assert_eq!(theirs.trim(), ours.trim());
        Ok(())
    }),
    ("key in the server", "cosign", |v, k| {
        if k != "ecdsa-p256" {
            return Err("not made by cosign".into());
        }
        v.run("cosign generate-key-pair --kms hashivault://theirs")?;
        let public = v.run("plimsoll key public --key hashivault://theirs")?;
        assert_eq!(fs::read_to_string(v.path("cosign.pub")).unwrap().trim(), public.trim());
        Ok(())
    }),
    ("file: bundle, verified by the public key", "Plimsoll", |v, k| {
        v.run(&format!("plimsoll sign --key hashivault://{k} content --bundle ours-{k}"))?;
        v.run(&format!("plimsoll verify --offline content --key {k}.pub --bundle ours-{k}"))?;
        v.run(&format!("plimsoll verify content --key hashivault://{k} --bundle ours-{k}"))?;
        let other = v.refused(&format!("verify other --key {k}.pub --bundle ours-{k}"), &[]);
        assert_eq!(other.0, Some(1), "{}", other.1);
        let digest = digest(k);
        v.run(&format!(
            "cosign verify-blob {COSIGN_TRUSTS} {digest} --key {k}.pub --bundle ours-{k} content"
        ))
        .map(drop)
    }),
    ("file: bundle, verified by the server", "Plimsoll", |v, k| {
        v.run(&format!("plimsoll sign --key hashivault://{k} content --bundle mine-{k}"))?;
        let digest = digest(k);
        v.run(&format!(
            "cosign verify-blob {COSIGN_TRUSTS} {digest} --key hashivault://{k} --bundle mine-{k} \
             content"
        ))
        .map(drop)
    }),
    ("file: bundle", "cosign", |v, k| {
        v.run(&format!(
            "cosign sign-blob {COSIGN_SIGNS} --key hashivault://{k} --bundle theirs-{k} content"
        ))?;
        v.run(&format!("plimsoll verify content --key hashivault://{k} --bundle theirs-{k}"))
            .map(drop)
    }),
    ("file: detached signature", "Plimsoll", |v, k| {
        v.run(&format!("plimsoll sign --key hashivault://{k} content --signature sig-{k}"))?;
        let digest = digest(k);
        v.run(&format!(
            "cosign verify-blob {COSIGN_TRUSTS} {digest} --key {k}.pub --signature sig-{k} content"
        ))
        .map(drop)
    }),
    ("image: signature under a tag", "Plimsoll", |v, k| {
        v.run(&format!("cp -r layout signed-{k}"))?;
        v.run(&format!("plimsoll sign --key hashivault://{k} --storage tag oci-dir:signed-{k}"))?;
        v.run(&format!("plimsoll verify --offline oci-dir:signed-{k} --key {k}.pub"))?;
        let digest = digest(k);
        v.run(&format!(
            "cosign verify {COSIGN_TRUSTS} {digest} --new-bundle-format=false --local-image \
             --key {k}.pub signed-{k}"
        ))
        .map(drop)
    }),
    ("attestation: bundle", "Plimsoll", |v, k| {
        v.run(&format!("cp -r layout claimed-{k}"))?;
        v.run(&format!(
            "plimsoll attest --key hashivault://{k} --predicate claim.json oci-dir:claimed-{k}"
        ))?;
        let verify = "verify --offline --type spdxjson";
        v.run(&format!("plimsoll {verify} oci-dir:claimed-{k} --key {k}.pub"))?;
        let digest = digest(k);
        v.run(&format!(
            "cosign verify-attestation {COSIGN_TRUSTS} {digest} --type spdxjson --local-image \
             --key {k}.pub claimed-{k}"
        ))
        .map(drop)
    }),
];

#[test]
fn keys_in_a_server_are_those_of_cosign() {
    let has_cosign = Command::new("cosign").arg("version").output().is_ok();
    let vault = match Vault::start() {
        Ok(vault) if has_cosign => vault,
        Ok(_) => return println!("skipped: `cosign` is not there"),
        Err(why) => return println!("skipped: {why}"),
    };
    let rows = page::rows(&CASES, &vault, KINDS);
    page::publish(
        "Keys in a server",
        "Both use `--key hashivault://NAME` with the transit engine of Vault 1.19.5.",
        KINDS,
        &rows,
        "Where the table says no, cosign's client stands in the way: it asks the server to verify RSA by its\n\
         own default, PSS, though it signs by PKCS#1, has every key sign a SHA-256 digest, which no Ed25519 key\n\
         does, and takes no digest of that length for P-384 and P-521. By the public key cosign verifies all.",
        |what, who, key| match what {
            "key in the server" => who == "cosign",
            "file: bundle, verified by the server" => key == "ed25519" || key.starts_with("rsa-"),
            "file: bundle" => matches!(key, "ed25519" | "ecdsa-p384" | "ecdsa-p521"),
            _ => false,
        },
    );
}

#[test]
fn a_server_that_does_not_sign_is_explained_and_the_token_never_told() {
    let vault = match Vault::start() {
        Ok(vault) => vault,
        Err(why) => return println!("skipped: {why}"),
    };
    let expect = |line: &str, more: &[(&str, &str)], code: i32, words: &[&str]| {
        let (got, said) = vault.refused(line, more);
        assert_eq!(got, Some(code), "{line}: {said}");
        for word in words {
            assert!(said.contains(word), "{line}: `{word}` is not in {said}");
        }
    };
    let sign = "sign --key hashivault://k content";
    expect(sign, &[], 3, &["`hashivault://k` is not in the engine `transit`"]);
    vault.run("plimsoll key generate --kms hashivault://k").unwrap();
    expect(
        "key generate --kms hashivault://k -o again",
        &[],
        3,
        &["`hashivault://k` is there already"],
    );
    assert!(!vault.path("again.pub").exists());
    expect(sign, &[("VAULT_ADDR", "http://127.0.0.1:1")], 3, &["does not answer"]);
    expect(sign, &[("VAULT_ADDR", "")], 3, &["set VAULT_ADDR"]);
    expect(sign, &[("VAULT_TOKEN", "")], 3, &["set VAULT_TOKEN"]);
    expect(sign, &[("VAULT_TOKEN", "hvs.wrong")], 3, &["status 403", "`read` `transit/keys/k`"]);
    expect(sign, &[("TRANSIT_SECRET_ENGINE_PATH", "nowhere")], 3, &["no engine is at `nowhere`"]);
    expect("sign --key hashivault://../sys content", &[], 2, &["names no key"]);
    expect("verify content --offline --key hashivault://k", &[], 2, &["--offline"]);
    vault.post("transit/keys/sealer", r#"{"type": "aes256-gcm96"}"#);
    expect("sign --key hashivault://sealer content", &[], 3, &["aes256-gcm96", "does not sign"]);

    expect(
        sign,
        &[("VAULT_TOKEN", READER)],
        3,
        &["permission denied", "`update` `transit/sign/k/sha2-256`"],
    );
    // The token that a login writes.
    fs::write(vault.path(".vault-token"), format!("{TOKEN}\n")).unwrap();
    let output = vault.output(&format!("plimsoll {sign}"), &[("VAULT_TOKEN", "")]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn older_versions_of_a_key_and_other_engines_are_named() {
    let vault = match Vault::start() {
        Ok(vault) => vault,
        Err(why) => return println!("skipped: {why}"),
    };
    let run = |line: &str| vault.run(line).unwrap();
    run("plimsoll key generate --kms hashivault://k");
    run("plimsoll sign --key hashivault://k content");
    vault.post("transit/keys/k/rotate", "{}");
    run("plimsoll key public --key hashivault://k/versions/1");
    let newest = vault.refused("verify content --key hashivault://k", &[]);
    assert_eq!(newest.0, Some(1), "{}", newest.1);
    run("plimsoll verify content --key hashivault://k/versions/1");
    run("plimsoll sign --key hashivault://k content");
    run("plimsoll verify content --key hashivault://k");
    run("plimsoll sign --key hashivault://k/versions/1 content");
    run("plimsoll verify content --key plimsoll.pub");
    let third = vault.refused("key public --key hashivault://k/versions/3", &[]);
    assert_eq!(third.0, Some(3));
    assert!(third.1.contains("which has 1, 2"), "{}", third.1);

    let elsewhere = [("TRANSIT_SECRET_ENGINE_PATH", "team/sign")];
    let make = "plimsoll key generate --kms hashivault://there -o there";
    assert!(vault.output(make, &elsewhere).status.success());
    let sign = "plimsoll sign --key hashivault://there content";
    assert!(vault.output(sign, &elsewhere).status.success());
    run("plimsoll verify content --key there.pub");
}

#[test]
fn rsa_keys_sign_in_both_ways_of_padding_and_no_key_signs_for_another() {
    let vault = match Vault::start() {
        Ok(vault) => vault,
        Err(why) => return println!("skipped: {why}"),
    };
    let name = KeyName::parse("hashivault://r").unwrap();
    let rsa = vault.transit(&[]).create(&name, "rsa-2048").unwrap();
    for padding in [RsaPadding::Pkcs1v15, RsaPadding::Pss] {
        for hash in [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512] {
            let scheme = Scheme::Rsa(padding, hash);
            let signature = rsa.sign(scheme, CONTENT).unwrap();
            rsa.public().verify_with(scheme, CONTENT, &signature).unwrap();
            let digest = hash.digest(CONTENT);
            let signature = rsa.sign_digest(scheme, &digest).unwrap();
            rsa.public().verify_with(scheme, CONTENT, &signature).unwrap();
            assert!(rsa.sign_digest(scheme, &digest[1..]).is_err(), "a digest of another length");
        }
    }
    let name = KeyName::parse("hashivault://e").unwrap();
    let ed25519 = vault.transit(&[]).create(&name, "ed25519").unwrap();
    for (key, scheme) in [
        (&rsa, Scheme::Ed25519),
        (&rsa, Scheme::Ecdsa(HashAlgorithm::Sha256)),
        (&ed25519, Scheme::Ed25519ph),
        (&ed25519, Scheme::Rsa(RsaPadding::Pss, HashAlgorithm::Sha256)),
    ] {
        let refused = key.sign(scheme, CONTENT).unwrap_err().to_string();
        assert!(refused.contains("is not supported"), "{refused}");
    }
}
