//! Tags and commits that Git signs, by ssh-keygen and gpg, judged by Git and by Plimsoll under the
//! same keys: the verdicts are the same. The outcome is `docs/interop-git.md`, which
//! `UPDATE_DOCS=1` writes anew.
//!
//! Skipped where `git`, `ssh-keygen` or `gpg` is not there: `make test-tools` fetches them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// When everything is signed, as it says itself.
const DATE: &str = "2026-03-04T05:06:07Z";

/// A repository, keys, and the homes of gpg.
struct Lab {
    folder: TempDir,
}

type Outcome = Result<String, String>;

impl Lab {
    fn new() -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("lab").tempdir().unwrap();
        let lab = Self { folder };
        for home in ["signer", "verifier", "stranger"] {
            fs::create_dir(lab.path(home)).unwrap();
            fs::set_permissions(lab.path(home), fs::Permissions::from_mode(0o700)).unwrap();
        }
        lab.run("gpg --version")?;
        lab.run("ssh-keygen -q -t ed25519 -N  -C c -f ed25519")?;
        lab.run("git init -q -b main work")?;
        Ok(lab)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap().trim().to_owned()
    }

    /// Runs a command, whose words stand between single blanks; two make an empty word.
    fn run(&self, command: &str) -> Outcome {
        self.feed(command, b"")
    }

    fn feed(&self, command: &str, input: &[u8]) -> Outcome {
        let mut words = command.split(' ');
        let program = words.next().unwrap();
        let mut child = Command::new(program)
            .args(words)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("GNUPGHOME", self.path("signer"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("TZ", "UTC")
            .envs([("GIT_AUTHOR_NAME", "A"), ("GIT_AUTHOR_EMAIL", "alice@example.com")])
            .envs([("GIT_COMMITTER_NAME", "A"), ("GIT_COMMITTER_EMAIL", "alice@example.com")])
            .envs([("GIT_AUTHOR_DATE", DATE), ("GIT_COMMITTER_DATE", DATE)])
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(out);
        }
        Err(format!("{command}: {out}{}", String::from_utf8_lossy(&output.stderr)))
    }

    fn git(&self, command: &str) -> Outcome {
        self.run(&format!("git -C work {command}"))
    }

    /// An SSH key in files that are called `name`.
    fn key(&self, name: &str, kind: &str) {
        if !self.path(name).exists() {
            self.run(&format!("ssh-keygen -q {kind} -N  -C c -f {name}")).unwrap();
        }
    }

    /// A certificate by `authority` for the key `name`, kept as `certificate`.
    fn certify(&self, authority: &str, name: &str, certificate: &str, how: &str) {
        for end in ["", ".pub"] {
            fs::copy(self.path(&format!("{name}{end}")), self.path(&format!("{certificate}{end}")))
                .unwrap();
        }
        self.run(&format!(
            "ssh-keygen -q -s {authority} -I of-{certificate} {how} {certificate}.pub"
        ))
        .unwrap();
    }

    fn ssh(&self, key: &str) -> String {
        format!("-c gpg.format=ssh -c user.signingkey={}", self.path(key).display())
    }

    /// A commit and a tag called `name`, signed as `how` says.
    fn sign(&self, name: &str, how: &str) {
        self.git(&format!("{how} commit -q --allow-empty -S -m m")).unwrap();
        self.git(&format!("{how} tag -s -m m {name}")).unwrap();
    }

    /// Files an object that is no one's work as the tag `name`.
    fn file(&self, name: &str, object: &[u8]) {
        let command = "git -C work hash-object -t tag -w --literally --stdin";
        let id = self.feed(command, object).unwrap();
        self.git(&format!("update-ref refs/tags/{name} {}", id.trim())).unwrap();
    }

    /// What both say of the tag and of the commit that it is for, under the allowed signers or the
    /// ring that is called `keys`.
    fn verdicts(&self, name: &str, keys: &str) -> BTreeMap<&'static str, (Outcome, Outcome)> {
        let theirs = |command: &str| {
            let program = format!("gpg.program={}", self.path("gpg-of").display());
            let allowed = format!("gpg.ssh.allowedSignersFile={}", self.path(keys).display());
            self.git(&format!("-c {program} -c {allowed} {command}"))
        };
        let is_keyring = Path::new(keys).extension().is_some_and(|it| it == "gpg");
        let flag = if is_keyring { "gpg-keyring" } else { "allowed-signers" };
        let ours = |command: &str| {
            let plimsoll = env!("CARGO_BIN_EXE_plimsoll");
            self.run(&format!("{plimsoll} verify --git-dir work --{flag} {keys} {command}"))
        };
        BTreeMap::from([
            ("tag", (theirs(&format!("verify-tag {name}")), ours(&format!("--git-tag {name}")))),
            (
                "commit",
                (theirs(&format!("verify-commit {name}^0")), ours(&format!("--git-commit {name}"))),
            ),
        ])
    }

    /// gpg with the home whose keys are those of a ring.
    fn home(&self, ring: Option<&str>) {
        let home = self.path(ring.unwrap_or("stranger"));
        self.write(
            "gpg-of",
            format!("#!/bin/sh\nexec gpg --homedir '{}' \"$@\"\n", home.display()),
        );
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.path("gpg-of"), mode).unwrap();
    }

    fn gpg(&self, arguments: &str) -> Outcome {
        self.run(&format!(
            "gpg --batch --yes --quiet --pinentry-mode loopback --passphrase  {arguments}"
        ))
    }
}

/// Judges a case and writes its row.
fn judge(lab: &Lab, rows: &mut String, what: &str, (tag, keys): (&str, &str), expected: bool) {
    for (kind, (theirs, ours)) in lab.verdicts(tag, keys) {
        assert_eq!(theirs.is_ok(), expected, "{what}, {kind}, Git: {theirs:?}");
        assert_eq!(ours.is_ok(), expected, "{what}, {kind}, Plimsoll: {ours:?}");
    }
    let verdict = if expected { "verified" } else { "refused" };
    let _ = writeln!(rows, "| {what} | {verdict} | {verdict} |");
}

#[test]
fn git_and_plimsoll_agree() {
    let lab = match Lab::new() {
        Ok(lab) => lab,
        Err(why) => return println!("skipped: {why}"),
    };
    lab.home(None);
    let mut rows = String::new();
    ssh_keys(&lab, &mut rows);
    ssh_certificates(&lab, &mut rows);
    openpgp(&lab, &mut rows);
    stricter(&lab, &mut rows);
    packed(&lab);
    let page = format!(
        "# Interoperation with Git\n\
         Git signs tags and commits by ssh-keygen and gpg; `git verify-tag`, `git verify-commit` and\n\
         `plimsoll verify` judge them under the same allowed signers or the same keys. This table is\n\
         written by a run of `crates/cli/tests/interop_git.rs` with Debian's git, OpenSSH and gnupg;\n\
         each row is a tag and a commit.\n\n\
         | what | Git | Plimsoll |\n| --- | --- | --- |\n{rows}"
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/interop-git.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert!(page == fs::read_to_string(path).unwrap_or_default(), "run with `UPDATE_DOCS=1`");
}

fn ssh_keys(lab: &Lab, rows: &mut String) {
    let kinds = [
        ("ed25519", "-t ed25519", "SSH, Ed25519"),
        ("p256", "-t ecdsa -b 256", "SSH, ECDSA P-256"),
        ("p384", "-t ecdsa -b 384", "SSH, ECDSA P-384"),
        ("p521", "-t ecdsa -b 521", "SSH, ECDSA P-521"),
        ("rsa", "-t rsa -b 3072", "SSH, RSA"),
    ];
    for (name, kind, what) in kinds {
        lab.key(name, kind);
        lab.sign(name, &lab.ssh(name));
        let public = lab.read(&format!("{name}.pub"));
        lab.write("allowed", format!("# who may sign\n\nalice@example.com {public}\n"));
        judge(lab, rows, what, (name, "allowed"), true);
    }
    let (own, other) = (lab.read("ed25519.pub"), lab.read("p256.pub"));
    let cases = [
        ("another key", format!("alice@example.com {other}"), false),
        ("nobody", String::new(), false),
        ("second line", format!("alice@example.com {other}\nbob@example.com {own}"), true),
        ("several principals", format!("a@example.com,b@example.com {own}"), true),
        ("a pattern of principals", format!("*@example.com {own}"), true),
        ("a principal that is negated", format!("!bob@example.com,*@example.com {own}"), true),
        ("principals in quotes", format!("\"alice@example.com\" {own}"), true),
        ("`namespaces=\"git\"`", format!("a namespaces=\"git\" {own}"), true),
        ("`namespaces=\"file,git\"`", format!("a namespaces=\"file,git\" {own}"), true),
        ("`namespaces=\"g*\"`", format!("a namespaces=\"g*\" {own}"), true),
        ("`namespaces=\"file\"`", format!("a namespaces=\"file\" {own}"), false),
        ("`namespaces=\"!git,*\"`", format!("a namespaces=\"!git,*\" {own}"), false),
        ("`valid-after` before", format!("a valid-after=\"20260303\" {own}"), true),
        ("`valid-after` then", format!("a valid-after=\"20260304050607\" {own}"), true),
        ("`valid-after` behind", format!("a valid-after=\"20260304050608\" {own}"), false),
        ("`valid-before` behind", format!("a valid-before=\"202603040507\" {own}"), true),
        ("`valid-before` then", format!("a valid-before=\"20260304050607\" {own}"), true),
        ("`valid-before` before", format!("a valid-before=\"20260304\" {own}"), false),
        ("both", format!("a valid-after=\"20260101\",valid-before=\"20270101\" {own}"), true),
        (
            "both, the wrong way",
            format!("a valid-after=\"20270101\",valid-before=\"20260101\" {own}"),
            false,
        ),
        ("all options", format!("a NAMESPACES=\"git\",valid-after=\"20260101\" {own}"), true),
        ("`cert-authority` of a key", format!("a cert-authority {own}"), false),
        ("an option that is not known", format!("a touch=\"no\" {own}"), false),
        ("a time that is none", format!("a valid-after=\"soon\" {own}"), false),
        ("a line without principals", own.clone(), false),
        ("a broken line before", format!("a ssh-ed25519 AAAA\na {own}"), true),
        ("a comment", format!("# a {own}"), false),
    ];
    for (what, allowed, expected) in cases {
        lab.write("allowed", format!("{allowed}\n"));
        judge(lab, rows, &format!("SSH, {what}"), ("ed25519", "allowed"), expected);
    }
}

fn ssh_certificates(lab: &Lab, rows: &mut String) {
    let kinds = [
        ("ca-ed25519", "-t ed25519"),
        ("ca-p256", "-t ecdsa -b 256"),
        ("ca-rsa", "-t rsa -b 3072"),
    ];
    for (authority, kind) in kinds {
        lab.key(authority, kind);
    }
    let certificates = [
        (
            "by-ed25519",
            "ca-ed25519",
            "ed25519",
            "-n alice@example.com,bob@example.org -V 20260101:20270101 -z 7",
        ),
        ("by-p256", "ca-p256", "p384", "-n alice@example.com"),
        ("by-rsa", "ca-rsa", "rsa", "-n alice@example.com"),
        ("expired", "ca-ed25519", "ed25519", "-n alice@example.com -V 20250101:20260101"),
        ("early", "ca-ed25519", "ed25519", "-n alice@example.com -V 20270101:20280101"),
        ("host", "ca-ed25519", "ed25519", "-h -n alice@example.com"),
        ("nameless", "ca-ed25519", "ed25519", "-V always:forever"),
        ("forced", "ca-ed25519", "ed25519", "-n alice@example.com -O force-command=/bin/true"),
    ];
    for (name, authority, key, how) in certificates {
        lab.certify(authority, key, name, how);
        lab.sign(name, &lab.ssh(&format!("{name}-cert.pub")));
    }
    let public = |name: &str| lab.read(&format!("{name}.pub"));
    let authority = |who: &str, name: &str| format!("{who} cert-authority {}", public(name));
    let own = authority("*@example.com", "ca-ed25519");
    let cases = [
        ("Ed25519", "by-ed25519", own.clone(), true),
        ("ECDSA", "by-p256", authority("*@example.com", "ca-p256"), true),
        ("RSA", "by-rsa", authority("*@example.com", "ca-rsa"), true),
        ("another authority", "by-ed25519", authority("*", "ca-p256"), false),
        ("the second name", "by-ed25519", authority("bob@example.org", "ca-ed25519"), true),
        ("another name", "by-ed25519", authority("carol@example.com", "ca-ed25519"), false),
        (
            "a name that is negated",
            "by-ed25519",
            authority("!alice@*,*@example.com", "ca-ed25519"),
            false,
        ),
        ("any name", "by-ed25519", authority("*", "ca-ed25519"), true),
        ("without `cert-authority`", "by-ed25519", format!("* {}", public("ca-ed25519")), false),
        ("the key itself", "by-ed25519", format!("* {}", public("ed25519")), false),
        (
            "another namespace",
            "by-ed25519",
            format!("* cert-authority,namespaces=\"file\" {}", public("ca-ed25519")),
            false,
        ),
        (
            "the authority too late",
            "by-ed25519",
            format!("* cert-authority,valid-before=\"20260101\" {}", public("ca-ed25519")),
            false,
        ),
        ("expired when it signed", "expired", own.clone(), false),
        ("not valid yet when it signed", "early", own.clone(), false),
        ("of a host", "host", own.clone(), false),
        ("without names", "nameless", own.clone(), false),
        ("with `force-command`", "forced", own, true),
    ];
    for (what, tag, allowed, expected) in cases {
        lab.write("allowed", format!("{allowed}\n"));
        judge(lab, rows, &format!("SSH certificate, {what}"), (tag, "allowed"), expected);
    }
}

fn openpgp(lab: &Lab, rows: &mut String) {
    let kinds = [
        ("gpg-rsa", "rsa3072", "RSA"),
        ("gpg-ed25519", "ed25519", "Ed25519"),
        ("gpg-p256", "nistp256", "ECDSA P-256"),
        ("gpg-expired", "ed25519", "a key that has expired"),
        ("gpg-revoked", "ed25519", "a key that was revoked"),
    ];
    let openpgp =
        |name: &str| format!("-c gpg.format=openpgp -c user.signingkey={name}@example.com");
    let fingerprint = |name: &str| {
        let list = lab.gpg(&format!("--with-colons --list-keys {name}@example.com")).unwrap();
        let line = list.lines().find(|line| line.starts_with("fpr:")).unwrap().to_owned();
        line.split(':').nth(9).unwrap().to_owned()
    };
    lab.gpg("--quick-generate-key gpg-subkey@example.com ed25519 cert never").unwrap();
    lab.gpg(&format!("--quick-add-key {} ed25519 sign never", fingerprint("gpg-subkey"))).unwrap();
    lab.sign("gpg-subkey", &openpgp("gpg-subkey"));
    for (name, kind, _) in kinds {
        lab.gpg(&format!("--quick-generate-key {name}@example.com {kind} sign never")).unwrap();
        lab.sign(name, &openpgp(name));
    }
    lab.gpg(&format!("--quick-set-expire {} seconds=1", fingerprint("gpg-expired"))).unwrap();
    let revoked = fingerprint("gpg-revoked");
    let text = lab.read(&format!("signer/openpgp-revocs.d/{revoked}.rev"));
    lab.write("revocation", text.replace(":-----BEGIN", "-----BEGIN"));
    lab.gpg("--import revocation").unwrap();
    std::thread::sleep(std::time::Duration::from_secs(2));
    for name in ["gpg-rsa", "gpg-ed25519", "gpg-p256", "gpg-expired", "gpg-revoked", "gpg-subkey"] {
        let ring = format!("{name}.gpg");
        lab.gpg(&format!("--armor --output {ring} --export {name}@example.com")).unwrap();
        fs::create_dir(lab.path(name)).unwrap();
        fs::set_permissions(lab.path(name), fs::Permissions::from_mode(0o700)).unwrap();
        lab.gpg(&format!("--homedir {name} --import {ring}")).unwrap();
    }
    for (name, _, what) in kinds {
        lab.home(Some(name));
        let expected = !matches!(name, "gpg-expired" | "gpg-revoked");
        judge(lab, rows, &format!("OpenPGP, {what}"), (name, &format!("{name}.gpg")), expected);
    }
    lab.home(Some("gpg-subkey"));
    judge(lab, rows, "OpenPGP, a subkey", ("gpg-subkey", "gpg-subkey.gpg"), true);
    lab.home(Some("gpg-rsa"));
    judge(lab, rows, "OpenPGP, another key", ("gpg-ed25519", "gpg-rsa.gpg"), false);
    judge(lab, rows, "SSH, and only a ring", ("p256", "gpg-rsa.gpg"), false);
    lab.write("allowed", format!("* {}\n", lab.read("ed25519.pub")));
    lab.home(None);
    judge(lab, rows, "OpenPGP, and only allowed signers", ("gpg-ed25519", "allowed"), false);
}

/// What is refused alike because it was bent, and what only Plimsoll refuses.
fn stricter(lab: &Lab, rows: &mut String) {
    lab.write("allowed", format!("alice@example.com {}\n", lab.read("ed25519.pub")));
    let object = |name: &str| lab.git(&format!("cat-file tag {name}")).unwrap();
    let good = object("ed25519");
    let (text, _) = good.split_once("-----BEGIN").unwrap();
    // Made for files, by the same key.
    lab.write("text", text);
    lab.run("ssh-keygen -q -Y sign -n file -f ed25519 text").unwrap();
    let for_files = format!("{text}{}\n", lab.read("text.sig"));
    let bent = [
        ("with another message", good.replace("\nm\n", "\nn\n")),
        ("with another name", good.replace("tag ed25519", "tag bent")),
        ("with another target", {
            let other = lab.git("rev-parse p256^0").unwrap();
            let own = lab.git("rev-parse ed25519^0").unwrap();
            good.replace(own.trim(), other.trim())
        }),
        ("with another tagger", good.replace("alice@", "malice@")),
        ("signed as a file", for_files),
        ("without its signature", text.to_owned()),
    ];
    for (what, object) in bent {
        assert_ne!(object, good, "{what}");
        lab.file("bent", object.as_bytes());
        let (theirs, ours) = &lab.verdicts("bent", "allowed")["tag"];
        assert!(theirs.is_err() && ours.is_err(), "{what}: {theirs:?} {ours:?}");
        let _ = writeln!(rows, "| a tag {what} | refused | refused |");
    }
    // Names and ends that nobody signed.
    lab.git("update-ref refs/tags/v9 refs/tags/ed25519").unwrap();
    let more = "ed25519-more";
    lab.sign(more, &lab.ssh("ed25519"));
    lab.file(more, format!("{}more\n", object(more)).as_bytes());
    for (what, tag) in
        [("a signed tag, filed as another", "v9"), ("text behind the signature", "ed25519-more")]
    {
        let (theirs, ours) = &lab.verdicts(tag, "allowed")["tag"];
        assert!(theirs.is_ok(), "{what}: {theirs:?}");
        assert!(ours.is_err(), "{what}: {ours:?}");
        let _ = writeln!(rows, "| {what} | verified | refused |");
    }
}

/// The same verdict whether objects and references are loose or packed, and in a worktree.
fn packed(lab: &Lab) {
    lab.git("pack-refs --all").unwrap();
    lab.git("gc -q --prune=now").unwrap();
    assert!(!lab.path("work/.git/refs/tags/rsa").exists());
    lab.git("worktree add -q ../tree rsa").unwrap();
    lab.run("git clone -q --bare --shared work bare.git").unwrap();
    lab.write("allowed", format!("* {}\n", lab.read("rsa.pub")));
    let plimsoll = env!("CARGO_BIN_EXE_plimsoll");
    for folder in ["work", "work/.git", "tree", "bare.git"] {
        for what in ["--git-tag rsa", "--git-commit rsa", "--git-commit refs/tags/rsa"] {
            let command =
                format!("{plimsoll} verify --git-dir {folder} --allowed-signers allowed {what}");
            let out = lab.run(&command).unwrap();
            assert!(out.starts_with("verified: "), "{folder}: {out}");
        }
    }
    let head =
        format!("{plimsoll} verify --git-dir tree --allowed-signers allowed --git-commit HEAD");
    assert!(lab.run(&head).unwrap().starts_with("verified: HEAD"));
    // Ids of SHA-256.
    lab.run("git init -q -b main --object-format=sha256 new").unwrap();
    let ssh = lab.ssh("rsa");
    lab.run(&format!("git -C new {ssh} commit -q --allow-empty -S -m m")).unwrap();
    lab.run(&format!("git -C new {ssh} tag -s -m m v1")).unwrap();
    for what in ["--git-tag v1", "--git-commit main"] {
        let command = format!("{plimsoll} verify --git-dir new --allowed-signers allowed {what}");
        let out = lab.run(&command).unwrap();
        assert!(out.contains("commit sha256:"), "{out}");
    }
    // Somebody is demanded.
    lab.write("allowed", format!("*@example.com {}\n", lab.read("rsa.pub")));
    for (name, expected) in [("alice@example.com", true), ("alice@example.org", false)] {
        let command = format!(
            "{plimsoll} verify --git-dir work --allowed-signers allowed --git-tag rsa --git-signer {name}"
        );
        assert_eq!(lab.run(&command).is_ok(), expected, "{name}");
    }
}
