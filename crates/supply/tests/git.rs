//! Signed tags with bytes bent, keys on FIDO devices as ssh-keygen judges them, and input of any
//! kind.
//!
//! What needs `git` or `ssh-keygen` is skipped where it is not there.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_model::Timestamp;
use plimsoll_supply::git::{Commit, Repository, Signers, Tag, verify_tag};
use plimsoll_supply::openpgp::Keyring;
use plimsoll_supply::ssh::{AllowedSigners, Key, Signature};
use proptest::prelude::*;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use tempfile::TempDir;

struct Lab {
    folder: TempDir,
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("lab").tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command, whose words stand between single blanks; two make an empty word.
    fn run(&self, command: &str, input: &[u8]) -> Result<Vec<u8>, String> {
        let mut words = command.split(' ');
        let program = words.next().unwrap();
        let mut child = Command::new(program)
            .args(words)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("GNUPGHOME", self.folder.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("TZ", "UTC")
            .envs([("GIT_AUTHOR_NAME", "A"), ("GIT_AUTHOR_EMAIL", "alice@example.com")])
            .envs([("GIT_COMMITTER_NAME", "A"), ("GIT_COMMITTER_EMAIL", "alice@example.com")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(format!("{command}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// A repository with the tag `v1`, signed by SSH or else by gpg, and who may sign in it.
    fn signed(&self, is_ssh: bool) -> Result<Signers, String> {
        let mut signers = Signers::default();
        let how = if is_ssh {
            self.run("ssh-keygen -q -t ed25519 -N  -C c -f key", b"")?;
            let public = fs::read_to_string(self.path("key.pub")).unwrap();
            let allowed = AllowedSigners::parse(format!("a@example.com {public}").as_bytes());
            signers.allowed = Some(allowed.unwrap());
            format!("-c gpg.format=ssh -c user.signingkey={}", self.path("key").display())
        } else {
            let gpg = "gpg --batch --yes --quiet --pinentry-mode loopback --passphrase ";
            self.run(&format!("{gpg} --quick-generate-key a@example.com ed25519 sign never"), b"")?;
            let ring = self.run(&format!("{gpg} --export"), b"")?;
            let mut keyring = Keyring::default();
            keyring.add(&ring).unwrap();
            signers.keyring = Some(keyring);
            "-c gpg.format=openpgp -c user.signingkey=a@example.com".to_owned()
        };
        self.run("git init -q -b main work", b"")?;
        self.run("git -C work commit -q --allow-empty -m m", b"")?;
        self.run(&format!("git -C work {how} tag -s -m m v1"), b"")?;
        Ok(signers)
    }

    /// Files `content` as the object `id`, whatever its digest is.
    fn store(&self, id: &str, content: &[u8]) {
        let header = format!("tag {}\0", content.len());
        let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(&[header.as_bytes(), content].concat()).unwrap();
        let file = self.path("work/.git/objects").join(&id[..2]).join(&id[2..]);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&file);
        fs::write(file, out.finish().unwrap()).unwrap();
    }
}

fn digest(content: &[u8]) -> String {
    let kind = gix_object::Kind::Tag;
    gix_object::compute_hash(gix_hash::Kind::Sha1, kind, content).unwrap().to_hex().to_string()
}

fn now() -> Timestamp {
    let age = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_unix(i64::try_from(age.as_secs()).unwrap())
}

#[test]
fn of_a_signed_tag_no_byte_can_be_bent() {
    for is_ssh in [true, false] {
        let lab = Lab::new();
        let signers = match lab.signed(is_ssh) {
            Ok(signers) => signers,
            Err(why) => {
                println!("skipped: {why}");
                continue;
            }
        };
        let reference = lab.path("work/.git/refs/tags/v1");
        let id = fs::read_to_string(&reference).unwrap().trim().to_owned();
        let good = lab.run("git -C work cat-file tag v1", b"").unwrap();
        assert_eq!(digest(&good), id);
        let holds = || {
            let repository = Repository::open(&lab.path("work")).unwrap();
            verify_tag(&repository, "v1", &signers, now()).verified
        };
        assert!(holds());
        let repository = Repository::open(&lab.path("work")).unwrap();
        let mut report = verify_tag(&repository, "refs/tags/v1", &signers, now());
        let commit = report.commit.clone().unwrap();
        report.demand_commit(&commit, "provenance");
        assert!(report.verified, "{report:?}");
        report.demand_commit(&id, "provenance");
        assert!(!report.verified, "{report:?}");
        let mut same_signature = 0;
        for at in 0..good.len() {
            for bits in [0x01, 0x10, 0x20, 0x80] {
                let mut bent = good.clone();
                bent[at] ^= bits;
                // Under the id of the one that was signed.
                lab.store(&id, &bent);
                assert!(!holds(), "byte {at}, {bits:#x}, under the old id");
                // Under its own.
                let own = digest(&bent);
                lab.store(&own, &bent);
                fs::write(&reference, &own).unwrap();
                if holds() {
                    let payload = |bytes: &[u8]| Tag::parse(bytes, 40).unwrap().payload;
                    assert_eq!(payload(&bent), payload(&good), "byte {at}, {bits:#x}");
                    same_signature += 1;
                }
                fs::write(&reference, &id).unwrap();
            }
        }
        lab.store(&id, &good);
        assert!(holds());
        // gpg's form leaves bytes that no signature covers: another copy of the same signature.
        println!("{} bytes, {same_signature} that are the same signature", good.len());
        assert!(same_signature == 0 || !is_ssh, "{same_signature}");
        assert!(same_signature < 20, "{same_signature}");
    }
}

/// A number of SSH.
fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
    out.extend_from_slice(bytes);
}

fn strings(all: &[&[u8]]) -> Vec<u8> {
    all.iter().fold(Vec::new(), |mut out, it| {
        put(&mut out, it);
        out
    })
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().to_vec()
}

/// A number in SSH's form.
fn number(digits: &[u8]) -> Vec<u8> {
    let start = digits.iter().position(|it| *it != 0).unwrap_or(digits.len());
    let digits = &digits[start..];
    let sign: &[u8] = if digits.first().is_some_and(|it| *it >= 0x80) { &[0] } else { &[] };
    [sign, digits].concat()
}

/// A signature as a FIDO device makes it, by a key that is made here.
fn by_device(is_ecdsa: bool, message: &[u8], namespace: &str) -> (Vec<u8>, String) {
    let random = ring::rand::SystemRandom::new();
    let application = b"ssh:";
    let mut signed = b"SSHSIG".to_vec();
    let digest = ring::digest::digest(&ring::digest::SHA512, message);
    signed.extend(strings(&[namespace.as_bytes(), b"", b"sha512", digest.as_ref()]));
    let said = [&sha256(application)[..], &[1], &[0, 0, 0, 9], &sha256(&signed)].concat();
    let (name, key, bare): (&[u8], Vec<u8>, Vec<u8>) = if is_ecdsa {
        let name = b"sk-ecdsa-sha2-nistp256@openssh.com";
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pair.as_ref(), &random).unwrap();
        let point = pair.public_key().as_ref();
        let signature = pair.sign(&random, &said).unwrap();
        let (r, s) = signature.as_ref().split_at(32);
        let key = strings(&[name, b"nistp256", point, application]);
        (name, key, strings(&[&number(r), &number(s)]))
    } else {
        let name = b"sk-ssh-ed25519@openssh.com";
        let pair = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap();
        let key = strings(&[name, pair.public_key().as_ref(), application]);
        (name, key, pair.sign(&said).as_ref().to_vec())
    };
    let signature = [strings(&[name, &bare]), vec![1, 0, 0, 0, 9]].concat();
    let mut blob = b"SSHSIG\0\0\0\x01".to_vec();
    blob.extend(strings(&[&key, namespace.as_bytes(), b"", b"sha512", &signature]));
    let public = format!("{} {}", String::from_utf8_lossy(name), STANDARD.encode(key));
    (blob, public)
}

#[test]
fn keys_on_fido_devices_are_judged_as_ssh_keygen_judges_them() {
    let lab = Lab::new();
    for is_ecdsa in [false, true] {
        let (blob, public) = by_device(is_ecdsa, b"message", "git");
        let allowed = format!("a@example.com {public}\n");
        let armour = format!(
            "-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n",
            STANDARD.encode(&blob)
        );
        fs::write(lab.path("allowed"), &allowed).unwrap();
        fs::write(lab.path("signature"), &armour).unwrap();
        let allowed = AllowedSigners::parse(allowed.as_bytes()).unwrap();
        let signature = Signature::from_armour(armour.as_bytes()).unwrap();
        for (message, namespace, expected) in
            [("message", "git", true), ("other", "git", false), ("message", "file", false)]
        {
            let ours = signature.verify(namespace, message.as_bytes());
            assert_eq!(ours.is_ok(), expected, "{message}, {namespace}: {ours:?}");
            let command = format!(
                "ssh-keygen -Y verify -f allowed -I a@example.com -n {namespace} -s signature"
            );
            match lab.run(&command, message.as_bytes()) {
                Err(why) if why.starts_with("ssh-keygen: ") => println!("skipped: {why}"),
                theirs => assert_eq!(theirs.is_ok(), expected, "{theirs:?}"),
            }
        }
        assert_eq!(allowed.judge(&signature, None, now()).map(|it| it.line), Ok(1));
        for at in 0..blob.len() {
            let mut bent = blob.clone();
            bent[at] ^= 0x01;
            let Ok(bent) = Signature::from_blob(&bent) else { continue };
            let holds =
                bent.verify("git", b"message").is_ok() && allowed.judge(&bent, None, now()).is_ok();
            assert!(!holds, "byte {at}");
        }
    }
}

#[test]
fn objects_that_two_readers_could_read_in_two_ways_are_refused() {
    let id = "0123456789012345678901234567890123456789";
    let who = "A <a@example.com> 1 +0000";
    let tag = format!("object {id}\ntype commit\ntag v1\ntagger {who}\n\nm\n");
    let read = Tag::parse(tag.as_bytes(), 40).unwrap();
    assert_eq!((read.name.as_str(), read.target.as_str()), ("v1", id));
    assert_eq!(read.tagger, Some(("A <a@example.com>".into(), 1)));
    for wrong in [
        tag.replace("tag v1\n", "tag v1\ntag v2\n"),
        tag.replace("tag v1", "tag "),
        tag.replace("tag v1", "tag v1\0v2"),
        tag.replace("type commit\n", ""),
        tag.replace(id, &id[1..]),
        tag.replace(id, &id.replace('0', "A")),
        tag.replace(who, "A <a@example.com>"),
        tag.replace(&format!("tagger {who}\n"), &format!("tagger {who}\ntagger {who}\n")),
        format!("type commit\n{tag}"),
        tag.replace("\n\n", "\n"),
        format!(" x\n{tag}"),
    ] {
        assert!(Tag::parse(wrong.as_bytes(), 40).is_err(), "{wrong:?}");
    }
    let commit = format!("tree {id}\nparent {id}\nauthor {who}\ncommitter {who}\n\nm\n");
    let signature = "gpgsig -----BEGIN x\n  \n more\n";
    let signed = commit.replace("\n\nm", &format!("\n{signature}\nm"));
    let read = Commit::parse(signed.as_bytes(), 40).unwrap();
    assert_eq!(read.payload, commit.as_bytes());
    assert_eq!(read.signature.as_deref(), Some(&b"-----BEGIN x\n \nmore\n"[..]));
    // A signature of the other form of the objects is left out, and is none of this one's.
    let other = signed.replace("gpgsig ", "gpgsig-sha256 ");
    let read = Commit::parse(other.as_bytes(), 40).unwrap();
    assert_eq!((read.payload, read.signature), (commit.clone().into_bytes(), None));
    for wrong in [
        signed.replace(signature, &signature.repeat(2)),
        commit.replace("\n\nm", &format!("\ncommitter {who}\n\nm")),
        commit.replace(&format!("author {who}\n"), ""),
        commit.replace("parent", "patent"),
        commit.replace("tree ", "tree"),
    ] {
        assert!(Commit::parse(wrong.as_bytes(), 40).is_err(), "{wrong:?}");
    }
    // A header that begins like a signature's is part of what was signed.
    let unknown = commit.replace("\n\nm", "\ngpgsig2 x\n\nm");
    assert_eq!(Commit::parse(unknown.as_bytes(), 40).unwrap().payload, unknown.as_bytes());
}

#[test]
fn what_is_no_repository_is_said_to_be_none() {
    let lab = Lab::new();
    let error = Repository::open(&lab.path("missing")).err().unwrap();
    assert!(error.to_string().starts_with("git repository: "), "{error}");
    let work = lab.path("work/.git");
    for folder in ["objects", "refs/tags"] {
        fs::create_dir_all(work.join(folder)).unwrap();
    }
    fs::write(work.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    let judge = |name: &str| {
        let repository = Repository::open(Path::new(&lab.path("work"))).unwrap();
        let report = verify_tag(&repository, name, &Signers::default(), now());
        assert!(!report.verified);
        report.failures().next().unwrap().found.clone()
    };
    assert_eq!(judge("v1"), "no such tag");
    fs::write(work.join("refs/tags/v1"), "ref: refs/tags/v1\n").unwrap();
    assert!(judge("v1").contains("more than 5 references"), "{}", judge("v1"));
    fs::write(work.join("refs/tags/v1"), "0123456789012345678901234567890123456789\n").unwrap();
    assert!(judge("v1").contains("there is no object"), "{}", judge("v1"));
    judge("../../../etc/passwd");
    judge("a..b");
    fs::write(work.join("config"), "[extensions]\n\tobjectFormat = sha3\n").unwrap();
    assert!(Repository::open(&lab.path("work")).is_err());
    fs::write(work.join("config"), "[extensions]\n\trefStorage = reftable\n").unwrap();
    let error = Repository::open(&lab.path("work")).err().unwrap();
    assert!(error.to_string().contains("reftable"), "{error}");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Tag::parse(&bytes, 40);
        let _ = Commit::parse(&bytes, 40);
        let _ = Signature::from_armour(&bytes);
        let _ = Signature::from_blob(&bytes);
        let _ = Key::from_blob(&bytes);
        let _ = AllowedSigners::parse(&bytes);
    }

    #[test]
    fn a_bent_object_is_read_as_itself(
        at in 0..200_usize,
        byte in any::<u8>(),
        is_tag in any::<bool>(),
    ) {
        let id = "0123456789012345678901234567890123456789";
        let who = "A <a@example.com> 1 +0000";
        let mut object = if is_tag {
            format!("object {id}\ntype commit\ntag v1\ntagger {who}\n\nm\n-----BEGIN PGP SIGNATURE-----\nx\n")
        } else {
            format!("tree {id}\nauthor {who}\ncommitter {who}\ngpgsig x\n y\n\nm\n")
        }
        .into_bytes();
        let length = object.len();
        object[at % length] = byte;
        // What is signed and the signature are all that there is.
        if is_tag && let Ok(tag) = Tag::parse(&object, 40) {
            prop_assert_eq!(tag.payload.len() + tag.signature.map_or(0, |it| it.len()), length);
        }
        if !is_tag && let Ok(commit) = Commit::parse(&object, 40) {
            prop_assert!(commit.payload.len() <= length);
        }
    }

    #[test]
    fn lines_of_allowed_signers_are_read_or_passed_over(text in "[a-z*!,\"= #\\\\-]{0,40}( ssh-ed25519 [A-Za-z0-9+/=]{0,80})?") {
        let read = AllowedSigners::parse(text.as_bytes()).unwrap();
        prop_assert!(read.len() + read.skipped.len() <= 1);
    }
}
