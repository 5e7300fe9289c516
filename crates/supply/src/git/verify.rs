//! Whether a tag or a commit was signed by somebody who may.

use std::fmt;

use plimsoll_model::Timestamp;
use serde::Serialize;

use super::certified::{self, Certified};
use super::object::{Commit, Kind, Tag};
use super::repository::{Object, Repository};
use super::{armour, x509};
use crate::error::Error;
use crate::openpgp::Keyring;
use crate::ssh::{self, AllowedSigners};
use crate::verify::{Status, Step, step};

/// The namespace of Git's signatures by SSH keys.
const NAMESPACE: &str = "git";

/// How many tags of tags are followed.
const MAX_TAGS: usize = 8;

/// Who may have signed.
#[derive(Debug, Clone, Default)]
pub struct Signers {
    /// By SSH keys.
    pub allowed: Option<AllowedSigners>,
    /// By keys of `OpenPGP`.
    pub keyring: Option<Keyring>,
    /// By certificates.
    pub certified: Option<Certified>,
    /// The one who must have: a principal of an SSH key, or the fingerprint of a key of `OpenPGP`.
    pub demanded: Option<String>,
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signer {
    /// The scheme: `ssh`, `openpgp` or `x509`.
    pub scheme: &'static str,
    /// The principals, or the name that the key certifies.
    pub names: Vec<String>,
    /// The key, such as `ED25519 SHA256:…`, or a fingerprint.
    pub key: String,
    /// What the authority calls the SSH certificate, and its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

/// What a verification did, step by step.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Whether everything holds.
    pub verified: bool,
    /// Every check, in order.
    pub steps: Vec<Step>,
    /// The digest that the ids are, such as `sha1`.
    pub algorithm: &'static str,
    /// The id of the tag, of a tag's verification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The id of the commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Who signed, where the signature holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<Signer>,
    /// The time that the signer claims; nobody vouches for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_time: Option<Timestamp>,
}

impl Report {
    /// A report on something that was not even looked for.
    pub fn missing(expected: &str, found: &str, place: &str) -> Self {
        let mut report = Self::default();
        report.push(step::TARGET, false, expected, found, place);
        report
    }

    fn of(repository: &Repository) -> Self {
        Self { algorithm: repository.algorithm(), ..Self::default() }
    }

    /// The steps that failed.
    pub fn failures(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.status == Status::Failed)
    }

    /// Demands that the commit is the one with the id `wanted`, which `place` names.
    pub fn demand_commit(&mut self, wanted: &str, place: &str) {
        let found = self.commit.as_deref().unwrap_or("no commit").to_owned();
        let holds = self.commit.as_deref() == Some(wanted);
        self.push(step::TARGET, holds, format!("commit {wanted}"), found, place);
        self.verified &= holds;
    }

    pub(super) fn push(
        &mut self,
        name: &'static str,
        holds: bool,
        expected: impl Into<String>,
        found: impl Into<String>,
        place: &str,
    ) {
        let status = if holds { Status::Passed } else { Status::Failed };
        let (expected, found) = (expected.into(), found.into());
        self.steps.push(Step { name, status, expected, found, place: place.to_owned() });
    }

    fn conclude(mut self) -> Self {
        self.verified = self.signer.is_some() && self.failures().next().is_none();
        self
    }
}

/// Verifies the annotated tag `name`: that it is the tag it is filed as, that one of `signers`
/// signed it, and which commit it is for.
pub fn verify_tag(
    repository: &Repository,
    name: &str,
    signers: &Signers,
    now: Timestamp,
) -> Report {
    let mut report = Report::of(repository);
    let name = name.strip_prefix("refs/tags/").unwrap_or(name);
    let place = format!("refs/tags/{name}");
    let expected = "an annotated tag whose content has its id";
    let object = match repository.tag(name) {
        Ok(Some(object)) => object,
        Ok(None) => {
            report.push(step::OBJECT, false, expected, "no such tag", &place);
            return report;
        }
        Err(error) => {
            report.push(step::OBJECT, false, expected, error.to_string(), &place);
            return report;
        }
    };
    let id = format!("{}:{}", repository.algorithm(), object.id);
    let tag = match object.kind {
        Kind::Tag => Tag::parse(&object.bytes, repository.digits()),
        other => {
            let found =
                format!("{} {}: a lightweight tag, which nobody signs", other.name(), object.id);
            report.push(step::OBJECT, false, expected, found, &place);
            return report;
        }
    };
    let tag = match tag {
        Ok(tag) => tag,
        Err(error) => {
            report.push(step::OBJECT, false, expected, error.to_string(), &id);
            return report;
        }
    };
    report.push(step::OBJECT, true, expected, id.clone(), &place);
    report.tag = Some(object.id.clone());
    // Else a signed tag could be filed as another version.
    report.push(step::TAG_NAME, tag.name == name, name, &tag.name, &id);
    match peel(repository, &tag) {
        Ok(commit) => {
            report.push(step::TARGET, true, "a commit", format!("commit {commit}"), &id);
            report.commit = Some(commit);
        }
        Err(why) => report.push(step::TARGET, false, "a commit", why, &id),
    }
    let time = tag.tagger.as_ref().map(|(_, time)| Timestamp::from_unix(*time));
    signature(&mut report, &tag.payload, tag.signature.as_deref(), signers, (time, now), &id);
    report.conclude()
}

/// Verifies the commit of `revision`: that one of `signers` signed it.
pub fn verify_commit(
    repository: &Repository,
    revision: &str,
    signers: &Signers,
    now: Timestamp,
) -> Report {
    let mut report = Report::of(repository);
    let expected = "a commit whose content has its id";
    let found = match repository.revision(revision) {
        Ok(Some(object)) => commit_of(repository, object),
        Ok(None) => Err("no such commit: a whole id or a reference names one".into()),
        Err(error) => Err(error.to_string()),
    };
    let parsed = found.and_then(|object| {
        let commit = Commit::parse(&object.bytes, repository.digits());
        Ok((object.id, commit.map_err(|error| error.to_string())?))
    });
    let (id, commit) = match parsed {
        Ok(parsed) => parsed,
        Err(why) => {
            report.push(step::OBJECT, false, expected, why, revision);
            return report;
        }
    };
    let place = format!("{}:{id}", repository.algorithm());
    report.push(step::OBJECT, true, expected, place.clone(), revision);
    report.commit = Some(id);
    let time = Some(Timestamp::from_unix(commit.committer.1));
    signature(
        &mut report,
        &commit.payload,
        commit.signature.as_deref(),
        signers,
        (time, now),
        &place,
    );
    report.conclude()
}

/// The commit that a tag leads to, over tags of tags.
fn peel(repository: &Repository, tag: &Tag) -> Result<String, String> {
    let object = repository.object(&tag.target).map_err(|error| error.to_string())?;
    if object.kind != tag.target_kind {
        return Err(format!(
            "a {} that the tag calls a {}",
            object.kind.name(),
            tag.target_kind.name()
        ));
    }
    let commit = commit_of(repository, object)?;
    Ok(commit.id)
}

/// `object`, or the commit that it leads to if it is a tag.
fn commit_of(repository: &Repository, mut object: Object) -> Result<Object, String> {
    for _ in 0..MAX_TAGS {
        match object.kind {
            Kind::Commit => return Ok(object),
            Kind::Tag => {
                let tag = Tag::parse(&object.bytes, repository.digits());
                let tag = tag.map_err(|error| error.to_string())?;
                object = repository.object(&tag.target).map_err(|error| error.to_string())?;
            }
            other => return Err(format!("{} {}", other.name(), object.id)),
        }
    }
    Err(format!("more than {MAX_TAGS} tags of tags"))
}

/// Checks the signature, and whether the one who made it may. What is valid only for a time is so
/// at the time that the signer claims, as in Git; keys of `OpenPGP` must be valid now.
fn signature(
    report: &mut Report,
    payload: &[u8],
    signature: Option<&[u8]>,
    signers: &Signers,
    (claimed, now): (Option<Timestamp>, Timestamp),
    place: &str,
) {
    report.claimed_time = claimed;
    let Some(signature) = signature else {
        report.push(step::SIGNATURE, false, signers.to_string(), "no signature", place);
        return;
    };
    if signature.starts_with(ssh::BEGIN.as_bytes()) {
        by_ssh(report, payload, signature, signers, claimed.unwrap_or(now), place);
    } else if signature.starts_with(armour::BEGIN.as_bytes()) {
        by_openpgp(report, payload, signature, signers, now, place);
    } else if signature.starts_with(x509::BEGIN.as_bytes()) {
        let asked = (signers.certified.as_ref(), signers.demanded.as_deref());
        certified::judge(report, payload, signature, asked, now, place);
    } else {
        let found = "a signature of another scheme";
        report.push(step::SIGNATURE, false, signers.to_string(), found, place);
    }
}

fn by_ssh(
    report: &mut Report,
    payload: &[u8],
    signature: &[u8],
    signers: &Signers,
    time: Timestamp,
    place: &str,
) {
    let read = ssh::Signature::from_armour(signature)
        .and_then(|it| it.verify(NAMESPACE, payload).map(|()| it));
    let expected = format!("an SSH signature of what is there, for `{NAMESPACE}`");
    let signature = match read {
        Ok(signature) => signature,
        Err(error) => {
            report.push(step::SIGNATURE, false, expected, error.to_string(), place);
            return;
        }
    };
    let key = signature.key.describe();
    report.push(step::SIGNATURE, true, expected, &key, place);
    let verdict = match &signers.allowed {
        Some(allowed) => allowed.judge(&signature, signers.demanded.as_deref(), time),
        None => Err(format!("{key}, and no allowed signers to look it up in")),
    };
    match verdict {
        Ok(grant) => {
            let found = format!("{} by line {}", grant.principals.join(", "), grant.line);
            report.push(step::SIGNER, true, signers.to_string(), found, place);
            let certificate = signature.key.certificate();
            report.signer = Some(Signer {
                scheme: "ssh",
                names: grant.principals,
                key,
                certificate: certificate.map(|it| format!("{} ({})", it.key_id, it.serial)),
            });
        }
        Err(why) => report.push(step::SIGNER, false, signers.to_string(), why, place),
    }
}

fn by_openpgp(
    report: &mut Report,
    payload: &[u8],
    signature: &[u8],
    signers: &Signers,
    now: Timestamp,
    place: &str,
) {
    let expected = "an OpenPGP signature of what is there, by a key of the ring";
    let Some(keyring) = &signers.keyring else {
        let found = "an OpenPGP signature, and no keyring to look its key up in";
        report.push(step::SIGNATURE, false, expected, found, place);
        return;
    };
    let signed = armour::unarmoured(signature)
        .and_then(|packets| keyring.verify(&armour::message(&packets, payload), now))
        .and_then(|signed| {
            // What was checked is what was handed over, however the packets are taken apart.
            if signed.content == payload { Ok(signed) } else { Err(Error::BadSignature) }
        });
    let signed = match signed {
        Ok(signed) => signed,
        Err(error) => {
            report.push(step::SIGNATURE, false, expected, error.to_string(), place);
            return;
        }
    };
    report.push(step::SIGNATURE, true, expected, &signed.fingerprint, place);
    let name = signed.name.clone().unwrap_or_default();
    let is_demanded = |wanted: &String| {
        let bare: String = wanted.chars().filter(|letter| !letter.is_whitespace()).collect();
        bare.trim_start_matches("0x").eq_ignore_ascii_case(&signed.fingerprint)
    };
    if !signers.demanded.as_ref().is_none_or(is_demanded) {
        let found = format!("{} {name}", signed.fingerprint);
        report.push(step::SIGNER, false, signers.to_string(), found, place);
        return;
    }
    report.push(step::SIGNER, true, signers.to_string(), &name, place);
    report.signer = Some(Signer {
        scheme: "openpgp",
        names: signed.name.into_iter().collect(),
        key: signed.fingerprint,
        certificate: None,
    });
}

/// Who is expected, in words.
impl fmt::Display for Signers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.demanded {
            return write!(f, "a signature by {name}");
        }
        let lines = self.allowed.as_ref().map(|it| format!("{} allowed signers", it.len()));
        let keys = self.keyring.as_ref().map(|it| format!("{} keys", it.keys().len()));
        let certified = self.certified.as_ref().map(|it| it.expected().to_owned());
        let all: Vec<String> = lines.into_iter().chain(keys).chain(certified).collect();
        write!(f, "a signature by one of {}", all.join(" and "))
    }
}
