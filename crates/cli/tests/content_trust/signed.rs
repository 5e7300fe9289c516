//! What notary signs and its server serves, looked up by notary and by Plimsoll.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_supply::hash::{hex, sha256};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::bench::{peers, run};
use super::page::{self, Row};

const GUN: &str = "r.example/team/real";

/// Notary's server, and its client with the keys of a publisher.
struct Notary {
    child: Child,
    host: String,
    folder: TempDir,
}

impl Drop for Notary {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Notary {
    fn start() -> Result<Self, String> {
        peers()?;
        let folder = tempfile::tempdir().unwrap();
        let host = plimsoll_testkit::free_address().to_string();
        let config = json!({
            "server": {"http_addr": host}, "trust_service": {"type": "local"},
            "storage": {"backend": "memory"}, "logging": {"level": "error"},
        });
        let path = folder.path().join("server.json");
        fs::write(&path, config.to_string()).unwrap();
        let mut command = Command::new("notary-server");
        command.arg("-config").arg(&path).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| format!("notary-server: {error}"))?;
        let notary = Self { child, host, folder };
        let begun = Instant::now();
        while TcpStream::connect(&notary.host).is_err() {
            assert!(begun.elapsed() < Duration::from_mins(1), "notary-server does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(notary)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the client as whoever keeps `folder`, and says yes.
    fn client(&self, folder: &str, arguments: &str) -> Result<String, String> {
        let mut command = Command::new("notary");
        command.arg("-d").arg(self.path(folder)).args(["-s", &format!("http://{}", self.host)]);
        command.args(arguments.split_whitespace()).current_dir(self.folder.path());
        for role in ["ROOT", "TARGETS", "SNAPSHOT", "DELEGATION"] {
            command.env(format!("NOTARY_{role}_PASSPHRASE"), "correct horse");
        }
        command.env("HOME", self.folder.path()).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // It may have ended without asking.
        let _ = child.stdin.take().unwrap().write_all(b"yes\n");
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        if output.status.success() { Ok(said) } else { Err(format!("{arguments}: {said}")) }
    }

    fn publish(&self, arguments: &str) {
        self.client("publisher", arguments).unwrap();
    }

    fn sign(&self, tag: &str, role: Option<&str>) {
        let digest = hex(&sha256(tag.as_bytes()));
        let role = role.map(|role| format!(" -r {role}")).unwrap_or_default();
        self.publish(&format!("addhash {GUN} {tag} 42 --sha256 {digest}{role} -p"));
    }

    /// A signer with a key in a certificate, beneath the targets.
    fn delegate(&self, name: &str, kind: &str) {
        let (key, certificate) = (format!("{name}.key"), format!("{name}.pem"));
        let arguments = format!(
            "req -x509 -newkey {kind} -nodes -keyout {key} -out {certificate} -subj /CN={name} -days 3650"
        );
        let mut command = Command::new("openssl");
        run(command.args(arguments.split_whitespace()).current_dir(self.folder.path())).unwrap();
        self.publish(&format!("key import {key} --role {name}"));
        self.publish(&format!("delegation add {GUN} targets/{name} {certificate} --all-paths -p"));
    }

    fn plimsoll(&self, memory: &str, tag: &str, arguments: &str) -> Result<String, String> {
        let host = &self.host;
        let arguments = format!(
            "verify {GUN}:{tag} --notary-server http://{host} --insecure-registry {host} {arguments}"
        );
        let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
        command.args(arguments.split_whitespace()).current_dir(self.folder.path());
        run(command.env("HOME", self.folder.path()).env("PLIMSOLL_TRUST_DIR", self.path(memory)))
    }

    /// The certificate of the root that the publisher sees now.
    fn keep_root(&self, name: &str) {
        let metadata = self.path("publisher").join("tuf").join(GUN).join("metadata/root.json");
        let root: Value = serde_json::from_slice(&fs::read(metadata).unwrap()).unwrap();
        let id = root["signed"]["roles"]["root"]["keyids"][0].as_str().unwrap();
        let public = root["signed"]["keys"][id]["keyval"]["public"].as_str().unwrap();
        fs::write(self.path(name), STANDARD.decode(public).unwrap()).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn notary_signs_and_both_find_the_same_digests() {
    let notary = match Notary::start() {
        Ok(notary) => notary,
        Err(why) => return println!("skipped: {why}"),
    };
    let mut rows: Vec<Row> = Vec::new();
    let mut fresh = 0;
    let mut compare = |what: &str, tag: &str, expected: bool| {
        let digest = hex(&sha256(tag.as_bytes()));
        for (theirs, ours, how) in [
            (format!("fresh-{fresh}"), format!("memory-{fresh}"), "the first time"),
            ("seen".to_owned(), "memory".to_owned(), "after what was seen"),
        ] {
            let by_them = notary.client(&theirs, &format!("lookup {GUN} {tag}"));
            let by_us = notary.plimsoll(&ours, tag, "--dct-role targets --dct-first-use");
            for (who, said) in [("notary", by_them), ("Plimsoll", by_us)] {
                let holds = said.as_ref().is_ok_and(|it| it.contains(&digest));
                assert_eq!(holds, expected, "{what}, {how}, {who}: {said:?}");
            }
        }
        fresh += 1;
        rows.push((what.to_owned(), expected, expected));
    };
    notary.publish(&format!("init {GUN} -p"));
    notary.keep_root("first.pem");
    compare("a repository without tags", "1", false);
    notary.sign("1", None);
    compare("a tag of the top role: ECDSA P-256", "1", true);
    for (name, kind, what) in [
        ("releases", "ec -pkeyopt ec_paramgen_curve:P-256", "ECDSA P-256 in a certificate"),
        ("p384", "ec -pkeyopt ec_paramgen_curve:P-384", "ECDSA P-384 in a certificate"),
        ("p521", "ec -pkeyopt ec_paramgen_curve:P-521", "ECDSA P-521 in a certificate"),
        ("rsa", "rsa:2048", "RSA of 2048 bits in a certificate"),
        ("rsa4096", "rsa:4096", "RSA of 4096 bits in a certificate"),
    ] {
        notary.delegate(name, kind);
        notary.sign(name, Some(&format!("targets/{name}")));
        compare(&format!("a tag of a delegation: {what}"), name, true);
    }
    notary.publish(&format!("key rotate {GUN} snapshot -r"));
    notary.sign("2", None);
    compare("the server signs the snapshot: Ed25519", "2", true);
    notary.publish(&format!("key rotate {GUN} targets"));
    compare("a new key of the targets", "1", true);
    notary.publish(&format!("key rotate {GUN} root"));
    notary.sign("3", None);
    compare("a new key of the root", "3", true);
    notary.publish(&format!("key rotate {GUN} root"));
    notary.publish(&format!("key rotate {GUN} timestamp -r"));
    notary.sign("4", None);
    compare("a second new key of the root, and one of the timestamp", "4", true);
    notary.publish(&format!("remove {GUN} 1 -p"));
    compare("a tag that was taken back", "1", false);
    notary.publish(&format!("delegation remove {GUN} targets/rsa -y -p"));
    compare("a tag of a delegation that was taken back", "rsa", false);

    docker_s_roles(&notary);
    from_the_first_root(&notary);
    without_a_server(&notary);
    page::publish(
        "What notary signs",
        "The client of Notary signs, its server serves. Each tag is looked up the first time and after \
         all that was seen before, through every rotation.",
        &rows,
    );
}

/// The rules of docker, whose plug-in for trust is not among the peers.
fn docker_s_roles(notary: &Notary) {
    notary.sign("both", Some("targets/releases"));
    notary.sign("both", Some("targets/p384"));
    let said = notary.plimsoll("memory", "both", "--dct").unwrap();
    assert!(said.contains("signed in targets/releases\n  signers p384"), "{said}");
    let said = notary.plimsoll("memory", "4", "--dct").unwrap();
    assert!(said.contains("signed in targets\n"), "{said}");
    let refused = notary.plimsoll("memory", "p521", "--dct").unwrap_err();
    assert!(refused.contains("only `targets/p521` lists it"), "{refused}");
}

/// The owner's first certificate is enough, through two rotations.
fn from_the_first_root(notary: &Notary) {
    let said = notary.plimsoll("none", "4", "--dct-root first.pem --explain").unwrap();
    assert!(said.matches("root rotation").count() >= 2, "{said}");
    notary.keep_root("last.pem");
    notary.plimsoll("none", "4", "--dct-root last.pem").unwrap();
    let refused = notary.plimsoll("none", "4", "--dct-root p384.pem").unwrap_err();
    assert!(refused.contains("root of trust"), "{refused}");
}

/// The folder that notary and docker keep.
fn without_a_server(notary: &Notary) {
    copy(&notary.path("seen"), &notary.path(".docker/trust"));
    let said = notary.plimsoll("offline", "4", "--offline --dct-first-use");
    assert!(said.is_err(), "an address and `--offline` are two things: {said:?}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    let arguments = format!("verify {GUN}:4 --offline --dct-root last.pem");
    command.args(arguments.split_whitespace()).current_dir(notary.folder.path());
    command.env("HOME", notary.folder.path()).env("PLIMSOLL_TRUST_DIR", notary.path("offline"));
    let said = run(command.env_remove("DOCKER_CONFIG")).unwrap();
    assert!(said.contains(&hex(&sha256(b"4"))), "{said}");
}
