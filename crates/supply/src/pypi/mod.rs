//! Attestations of the Python package index: which publisher uploaded or built a distribution.
//!
//! An attestation is a bundle in another dress; a provenance holds several of them with the
//! publisher whom the index knows. The index is not trusted: the publisher must be the one whom
//! the caller demands, and the certificate must name the same.
//! Source: PEP 740, and `_impl.py` of pypi/pypi-attestations.

mod filename;
mod project;
mod publisher;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::artefact::Artefact;
use crate::bundle::{Bundle, Content, Signer};
use crate::certificate::Identity;
use crate::error::Error;
use crate::intoto::Statement;
use crate::json::document;
use crate::trust::TrustedRoot;
use crate::verify::{Policy, Report, Status, Step, step, verify};
use plimsoll_model::Timestamp;

pub use filename::Distribution;
pub use project::{File, files};
pub use publisher::{Demand, Publisher};

/// One attestation with the publisher whom the index names, where it does.
#[derive(Debug, Clone)]
pub struct Attestation {
    /// Whom the index names.
    pub publisher: Option<Publisher>,
    /// The attestation as a bundle.
    pub bundle: Bundle,
}

/// What the statement of an attestation may be.
const TYPES: &[&str] =
    &["https://docs.pypi.org/attestations/publish/v1", "https://slsa.dev/provenance/v1"];

/// The most bytes of a document.
const MAX_BYTES: usize = 16 << 20;

/// The most attestations of one.
const MAX_ATTESTATIONS: usize = 64;

#[derive(Deserialize)]
struct RawAttestation {
    version: u64,
    verification_material: Material,
    envelope: Envelope,
}

#[derive(Deserialize)]
struct Material {
    certificate: String,
    transparency_entries: Vec<Value>,
}

#[derive(Deserialize)]
struct Envelope {
    statement: String,
    signature: String,
}

#[derive(Deserialize)]
struct Provenance {
    version: u64,
    attestation_bundles: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    publisher: Value,
    attestations: Vec<RawAttestation>,
}

/// Reads an attestation object, or a provenance object with all its attestations.
pub fn read(bytes: &[u8]) -> Result<Vec<Attestation>, Error> {
    if bytes.len() > MAX_BYTES {
        return Err(broken(format!("{} bytes, more than {MAX_BYTES}", bytes.len())));
    }
    let whole: Value = document("PyPI attestation", bytes)?;
    if whole.get("attestation_bundles").is_none() {
        let one: RawAttestation = typed(whole)?;
        return Ok(vec![Attestation { publisher: None, bundle: one.bundle()? }]);
    }
    let provenance: Provenance = typed(whole)?;
    if provenance.version != 1 {
        return Err(Error::unsupported(
            "PyPI provenance",
            format!("version {}", provenance.version),
        ));
    }
    let groups = &provenance.attestation_bundles;
    if groups.iter().map(|it| it.attestations.len()).sum::<usize>() > MAX_ATTESTATIONS {
        return Err(broken(format!("more than {MAX_ATTESTATIONS} attestations")));
    }
    let mut all = Vec::new();
    for group in provenance.attestation_bundles {
        let publisher = Publisher::read(&group.publisher)?;
        for one in group.attestations {
            all.push(Attestation { publisher: Some(publisher.clone()), bundle: one.bundle()? });
        }
    }
    Ok(all)
}

impl RawAttestation {
    /// The same as a bundle of version 0.3, which is read as strictly as any other.
    fn bundle(self) -> Result<Bundle, Error> {
        if self.version != 1 {
            return Err(Error::unsupported(
                "PyPI attestation",
                format!("version {}", self.version),
            ));
        }
        if self.verification_material.transparency_entries.is_empty() {
            return Err(broken("no entry of a transparency log"));
        }
        let bundle = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": self.verification_material.certificate},
                "tlogEntries": self.verification_material.transparency_entries,
            },
            "dsseEnvelope": {
                "payloadType": crate::intoto::PAYLOAD_TYPE,
                "payload": self.envelope.statement,
                "signatures": [{"sig": self.envelope.signature}],
            },
        });
        Bundle::parse(bundle.to_string().as_bytes())
    }
}

impl Attestation {
    /// Checks that the publisher whom `demand` names attests the distribution `name` with the
    /// content `artefact`.
    pub fn verify(
        &self,
        name: &str,
        artefact: &Artefact,
        root: &TrustedRoot,
        demand: &Demand,
        now: Timestamp,
    ) -> Report {
        let found = match &self.bundle.signer {
            Signer::Certificate(certificate, _) => Identity::of(certificate).unwrap_or_default(),
            Signer::Key(_) => Identity::default(),
        };
        let identities = demand.identities(self.publisher.as_ref(), &found);
        let policy = Policy::identities(identities);
        let mut report = verify(&self.bundle, artefact, root, &policy, now);
        let publisher = demand.check_publisher(self.publisher.as_ref());
        let claim = self.check_claim(name);
        for outcome in [publisher, claim] {
            report.verified &= outcome.status == Status::Passed;
            report.steps.push(outcome);
        }
        report
    }

    /// Checks that the statement is of a type that the index knows, about one distribution of
    /// this name.
    fn check_claim(&self, name: &str) -> Step {
        let expected = format!("a statement about `{name}` alone");
        let settle = |status, found: String| Step {
            name: step::ARTEFACT,
            status,
            expected: expected.clone(),
            found,
            place: "envelope.statement".into(),
        };
        let Content::Envelope(envelope) = &self.bundle.content else {
            return settle(Status::Failed, "no statement".into());
        };
        let statement = match Statement::of(envelope) {
            Ok(statement) => statement,
            Err(error) => return settle(Status::Failed, error.to_string()),
        };
        if !TYPES.contains(&statement.predicate_type.as_str()) {
            return settle(Status::Failed, format!("type `{}`", statement.predicate_type));
        }
        let [subject] = statement.subject.as_slice() else {
            return settle(Status::Failed, format!("{} subjects", statement.subject.len()));
        };
        if !subject.digest.contains_key("sha256") {
            return settle(Status::Failed, "no SHA-256 digest".into());
        }
        match (Distribution::parse(&subject.name), Distribution::parse(name)) {
            (Ok(subject), Ok(wanted)) if subject == wanted => {
                settle(Status::Passed, statement.predicate_type)
            }
            (Err(error), _) | (_, Err(error)) => settle(Status::Failed, error.to_string()),
            _ => settle(Status::Failed, format!("`{}`", subject.name)),
        }
    }
}

fn typed<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(|error| broken(error.to_string()))
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("PyPI attestation", why)
}
