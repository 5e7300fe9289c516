//! Commits and tags that Git signs by gpgsm, under certificates that openssl issues, judged by Git and
//! by Plimsoll: the verdicts are the same.
//!
//! Skipped where `git`, `gpgsm` or `openssl` is not there: `make test-tools` fetches them.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test stops at the first surprise")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

const SETTINGS: &str = "
[leaf]
basicConstraints=CA:false
keyUsage=critical,digitalSignature
extendedKeyUsage=emailProtection
subjectAltName=email:alice@example.com
";

struct Lab {
    folder: TempDir,
}

impl Lab {
    /// Two authorities and a person of each.
    fn new() -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("lab").tempdir().unwrap();
        let lab = Self { folder };
        fs::create_dir(lab.path("home")).unwrap();
        fs::set_permissions(lab.path("home"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(lab.path("settings"), SETTINGS).unwrap();
        fs::write(lab.path("pass"), "pass\n").unwrap();
        let sm = format!(
            "#!/bin/sh\nexec gpgsm --batch --pinentry-mode loopback --passphrase-fd 9 \
             --disable-crl-checks \"$@\" 9<{}\n",
            lab.path("pass").display()
        );
        fs::write(lab.path("sm"), sm).unwrap();
        fs::set_permissions(lab.path("sm"), fs::Permissions::from_mode(0o755)).unwrap();
        lab.run("gpgsm --version")?;
        lab.run("git init -q -b main work")?;
        for (authority, person) in [("ours", "alice"), ("theirs", "mallory")] {
            lab.run(&format!(
                "openssl req -x509 -newkey rsa:2048 -nodes -keyout {authority}.key -out \
                 {authority}.pem -days 3000 -subj /CN={authority} -addext \
                 keyUsage=critical,keyCertSign"
            ))?;
            lab.run(&format!(
                "openssl req -newkey rsa:2048 -nodes -keyout {person}.key -out {person}.csr -subj \
                 /CN={person}"
            ))?;
            lab.run(&format!(
                "openssl x509 -req -in {person}.csr -CA {authority}.pem -CAkey {authority}.key \
                 -CAcreateserial -days 1000 -extfile settings -extensions leaf -out {person}.pem"
            ))?;
            lab.run(&format!(
                "openssl pkcs12 -export -inkey {person}.key -in {person}.pem -certfile \
                 {authority}.pem -out {person}.p12 -passout pass:pass -legacy"
            ))?;
            lab.run(&format!("./sm --import {person}.p12"))?;
        }
        Ok(lab)
    }

    /// Makes gpgsm trust these authorities and no others: it does not sign under one that it does
    /// not trust either.
    fn trust(&self, authorities: &[&str]) {
        let line = |it: &&str| format!("{} S relax\n", self.fingerprint(it).unwrap());
        let list: String = authorities.iter().map(line).collect();
        fs::write(self.path("home/trustlist.txt"), list).unwrap();
        let _ = self.run("gpgconf --kill gpg-agent");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, command: &str) -> Result<String, String> {
        let mut words = command.split_whitespace();
        let program = words.next().unwrap();
        let output = Command::new(program)
            .args(words)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("GNUPGHOME", self.path("home"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs([("GIT_AUTHOR_NAME", "A"), ("GIT_AUTHOR_EMAIL", "alice@example.com")])
            .envs([("GIT_COMMITTER_NAME", "A"), ("GIT_COMMITTER_EMAIL", "alice@example.com")])
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("{program}: {error}"))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(said);
        }
        Err(format!("{command}: {said}{}", String::from_utf8_lossy(&output.stderr)))
    }

    fn fingerprint(&self, certificate: &str) -> Result<String, String> {
        let line =
            self.run(&format!("openssl x509 -in {certificate}.pem -noout -fingerprint -sha1"))?;
        Ok(line.trim().rsplit('=').next().unwrap_or_default().to_owned())
    }

    fn git(&self, arguments: &str) -> Result<String, String> {
        let sm = self.path("sm");
        let sm = sm.display();
        self.run(&format!("git -C work -c gpg.format=x509 -c gpg.x509.program={sm} {arguments}"))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.run("gpgconf --kill gpg-agent");
    }
}

#[test]
fn git_with_gpgsm_and_plimsoll_agree() {
    let lab = match Lab::new() {
        Ok(lab) => lab,
        Err(why) => return println!("skipped: {why}"),
    };
    let key = |person: &str| {
        format!("-c user.signingkey=0x{}", lab.fingerprint(person).unwrap().replace(':', ""))
    };
    let (alice, mallory) = (key("alice"), key("mallory"));
    lab.trust(&["ours", "theirs"]);
    lab.git(&format!("{alice} commit -q --allow-empty -S -m by-alice")).unwrap();
    lab.git(&format!("{alice} tag -s -m m v1")).unwrap();
    lab.git("branch alice").unwrap();
    lab.git(&format!("{mallory} commit -q --allow-empty -S -m by-mallory")).unwrap();
    lab.git("branch mallory").unwrap();
    lab.git("commit -q --allow-empty -m unsigned").unwrap();
    lab.git("branch unsigned").unwrap();
    // The signature of one commit on another.
    let commit = lab.git("cat-file commit alice").unwrap();
    fs::write(lab.path("bent"), commit.replace("by-alice", "by-malice")).unwrap();
    let bent = lab.git("hash-object -t commit -w ../bent").unwrap();
    lab.git(&format!("branch bent {}", bent.trim())).unwrap();

    lab.trust(&["ours"]);
    let plimsoll = env!("CARGO_BIN_EXE_plimsoll");
    for (name, expected) in
        [("alice", true), ("mallory", false), ("unsigned", false), ("bent", false)]
    {
        let theirs = lab.git(&format!("verify-commit {name}"));
        assert_eq!(theirs.is_ok(), expected, "{name}, Git: {theirs:?}");
        let ours = lab.run(&format!(
            "{plimsoll} verify --git-dir work --git-commit {name} --certificate-chain ours.pem"
        ));
        assert_eq!(ours.is_ok(), expected, "{name}, Plimsoll: {ours:?}");
    }
    assert!(lab.git("verify-tag v1").is_ok());
    let verify = format!("{plimsoll} verify --git-dir work --git-tag v1");
    let ours = lab.run(&format!("{verify} --certificate-chain ours.pem")).unwrap();
    assert!(ours.contains("signer alice@example.com"), "{ours}");
    for (more, expected) in [
        ("--certificate-chain ours.pem --certificate-identity alice@example.com", true),
        ("--certificate-chain ours.pem --git-signer alice@example.com", true),
        ("--certificate-chain ours.pem --certificate-identity bob@example.com", false),
        ("--certificate-chain ours.pem --git-signer bob@example.com", false),
        ("--certificate-chain theirs.pem", false),
        ("--certificate-identity alice@example.com --certificate-oidc-issuer https://x", false),
    ] {
        let ours = lab.run(&format!("{verify} {more}"));
        assert_eq!(ours.is_ok(), expected, "{more}: {ours:?}");
    }
}
