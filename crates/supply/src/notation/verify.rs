//! The verdict on one signature, by one statement of a trust policy.
//!
//! Source: `specs/trust-store-trust-policy.md#signature-verification` of
//! notaryproject/specifications, and `verifier/verifier.go` of notaryproject/notation-go. Stricter
//! than the latter: an attribute that is critical and not known refuses the signature.

use plimsoll_model::Timestamp;

use super::envelope::{Envelope, SigningScheme, TargetArtifact};
use super::name::Name;
use super::policy::{Action, Check, Identity, Statement, VerifyTimestamp};
use super::requirements::{self, ChainPurpose};
use super::revocation::{self, RevocationLists};
use super::store::{StoreKind, TrustStores};
use crate::certificate::{Authority, Certificate, SubjectName};
use crate::error::Error;
use crate::timestamp::TimestampResponse;
use crate::trust::{Span, TrustedAuthority};
use crate::verify::{Report, SignerSummary, Status, Step, VerifiedTime};

/// The names of steps, beside those of [`crate::verify::step`].
pub mod step {
    /// The envelope can be read.
    pub const ENVELOPE: &str = "envelope";
    /// The certificates form a chain that may sign.
    pub const CHAIN: &str = "certificate chain";
    /// The signature is that of the first certificate.
    pub const SIGNATURE: &str = crate::verify::step::SIGNATURE;
    /// No attribute is critical and not known.
    pub const CRITICAL: &str = "critical attributes";
    /// What is signed is a descriptor of an image.
    pub const PAYLOAD: &str = "payload";
    /// It is about this image.
    pub const ARTEFACT: &str = crate::verify::step::ARTEFACT;
    /// The payload says what was asked for.
    pub const METADATA: &str = "metadata";
    /// The chain leads to a trust store.
    pub const AUTHENTICITY: &str = "authenticity";
    /// The signer is one of those who may sign.
    pub const IDENTITY: &str = "trusted identity";
    /// The signature has not expired.
    pub const EXPIRY: &str = "expiry";
    /// The certificates were valid when it was signed.
    pub const TIMESTAMP: &str = "authentic timestamp";
    /// No certificate was revoked.
    pub const REVOCATION: &str = "revocation";
    /// The policy verifies nothing.
    pub const LEVEL: &str = "level";
}

/// A signature and what it is held against.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The media type of the envelope.
    pub media_type: &'a str,
    /// The envelope.
    pub envelope: &'a [u8],
    /// The image.
    pub subject: &'a TargetArtifact,
    /// What the signer must have said of it.
    pub metadata: &'a [(String, String)],
    /// What is demanded.
    pub statement: &'a Statement,
    /// Who is trusted.
    pub stores: &'a TrustStores,
    /// Who was revoked.
    pub lists: &'a dyn RevocationLists,
    /// The time.
    pub now: Timestamp,
}

/// The report on an image of which nothing is verified, because the statement says so.
pub fn skipped(statement: &Statement) -> Report {
    let step = Step {
        name: step::LEVEL,
        status: Status::Ignored,
        expected: "a level that verifies".into(),
        found: "the level `skip`: nothing was verified".into(),
        place: format!("statement `{}`", statement.name),
    };
    Report { steps: vec![step], ..Report::default() }
}

/// Verifies one signature.
pub fn verify(request: &Request<'_>) -> Report {
    let mut run = Run { request, report: Report::default() };
    run.all();
    let mut report = run.report;
    report.verified = report.failure().is_none();
    report
}

struct Run<'a> {
    request: &'a Request<'a>,
    report: Report,
}

impl Run<'_> {
    fn all(&mut self) {
        let request = self.request;
        let what = format!("an envelope of type {}", request.media_type);
        let envelope = match Envelope::parse(request.media_type, request.envelope) {
            Ok(envelope) => envelope,
            Err(error) => {
                return self.push(Status::Failed, step::ENVELOPE, &what, &error, "layers[0]");
            }
        };
        self.push(Status::Passed, step::ENVELOPE, &what, &"it is one", "layers[0]");
        if !self.integrity(&envelope) {
            return;
        }
        self.payload(&envelope);
        self.authenticity(&envelope);
        self.expiry(&envelope);
        self.time(&envelope);
        self.revocation(&envelope);
    }

    /// Whether what is in the envelope may be looked at further.
    fn integrity(&mut self, envelope: &Envelope) -> bool {
        let Some(leaf) = envelope.chain.first() else { return false };
        if let Ok(key) = leaf.public_key() {
            let mut signer = SignerSummary::of_certificate(leaf, &key);
            signer.names.insert(0, SubjectName::Directory(leaf.subject()));
            signer.issuer = signer.issuer.or_else(|| Some(leaf.issuer()));
            self.report.signer = Some(signer);
        }
        let shape = requirements::check(&envelope.chain, ChainPurpose::CodeSigning);
        let shape = shape.map(|()| format!("{} certificates", envelope.chain.len()));
        let what = "a whole chain that may sign code";
        let chained = self.always(step::CHAIN, what, "x5chain", shape);
        let signed = envelope.verify().map(|algorithm| format!("{} holds", algorithm.name()));
        let what = "a signature of the first certificate";
        let signed = self.always(step::SIGNATURE, what, "signature", signed);
        let unknown = &envelope.attributes.critical;
        let understood = match (&envelope.attributes.plugin, unknown.as_slice()) {
            (Some(plugin), _) => {
                let why = format!("the signer wants the plug-in `{plugin}` asked, which is not");
                Err(Error::unsupported("envelope", why))
            }
            (None, []) => Ok("none that is not known".to_owned()),
            (None, names) => Err(Error::unsupported("attribute", names.join(", "))),
        };
        let what = "attributes that are understood";
        let understood = self.always(step::CRITICAL, what, "crit", understood);
        chained && signed && understood
    }

    fn payload(&mut self, envelope: &Envelope) {
        let target = envelope.target();
        let what = "a descriptor of an image";
        let shown = target.as_ref().map(ToString::to_string).map_err(Clone::clone);
        self.always(step::PAYLOAD, what, "payload", shown);
        let Ok(target) = target else { return };
        let subject = self.request.subject;
        let place = "targetArtifact";
        let same = status(target.is_same(subject));
        self.push(same, step::ARTEFACT, subject, &target, place);
        for (name, value) in self.request.metadata {
            let found = target.annotations.get(name);
            let place = format!("targetArtifact.annotations[{name}]");
            let shown = found.map_or("nothing", String::as_str);
            self.push(status(found == Some(value)), step::METADATA, value, &shown, &place);
        }
    }

    fn authenticity(&mut self, envelope: &Envelope) {
        let statement = self.request.statement;
        let kind = match envelope.attributes.scheme {
            SigningScheme::X509 => StoreKind::Ca,
            SigningScheme::SigningAuthority => StoreKind::SigningAuthority,
        };
        let place = format!("statement `{}`, trustStores", statement.name);
        let expected = format!("a certificate of a trust store of kind `{}`", kind.name());
        let found = self.request.stores.of(kind, &statement.stores).and_then(|trusted| {
            let hit = envelope.chain.iter().find(|certificate| trusted.contains(certificate));
            hit.map(|hit| format!("`{hit}`")).ok_or_else(|| {
                let known = trusted.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>();
                let root = envelope.chain.last().map(ToString::to_string).unwrap_or_default();
                format!("a chain up to `{root}`; trusted are {}", known.join(", "))
            })
        });
        self.judged(Check::Authenticity, step::AUTHENTICITY, &expected, found, &place);
        let place = format!("statement `{}`, trustedIdentities", statement.name);
        let expected = statement.trusted.join(" or ");
        let found = envelope.chain.first().map_or(Err(String::new()), |leaf| self.identity(leaf));
        self.judged(Check::Authenticity, step::IDENTITY, &expected, found, &place);
    }

    fn identity(&self, leaf: &Certificate) -> Result<String, String> {
        let identities = &self.request.statement.identities;
        if identities.contains(&Identity::Any) {
            return Ok(leaf.subject());
        }
        let name = Name::of(leaf).map_err(|error| error.to_string())?;
        let fits =
            |it: &Identity| matches!(it, Identity::Subject(wanted) if wanted.is_within(&name));
        if identities.iter().any(fits) { Ok(leaf.subject()) } else { Err(leaf.subject()) }
    }

    fn expiry(&mut self, envelope: &Envelope) {
        let now = self.request.now;
        let found = match envelope.attributes.expiry {
            Some(expiry) if now >= expiry => Err(format!("it expired at {expiry}")),
            Some(expiry) => Ok(format!("it expires at {expiry}")),
            None => Ok("it does not expire".into()),
        };
        let expected = format!("a signature that counts at {now}");
        self.judged(Check::Expiry, step::EXPIRY, &expected, found, super::envelope::EXPIRY);
    }

    fn time(&mut self, envelope: &Envelope) {
        let attributes = &envelope.attributes;
        let (expected, found, place) = match attributes.scheme {
            SigningScheme::SigningAuthority => {
                let at = attributes.signing_time;
                let found = within(&envelope.chain, at, 0).map(|()| {
                    let source = "the signing authority".to_owned();
                    self.report.times.push(VerifiedTime { time: at, source });
                    format!("signed at {at} by the authority's word")
                });
                let expected = format!("certificates that were valid at {at}");
                (expected, found, super::envelope::AUTHENTIC_SIGNING_TIME)
            }
            SigningScheme::X509 if self.wants_timestamp(&envelope.chain) => {
                let found = self.countersigned(envelope);
                let expected =
                    "a timestamp of a trusted service, inside the certificates' validity";
                (expected.to_owned(), found, super::envelope::TIMESTAMP)
            }
            SigningScheme::X509 => {
                let now = self.request.now;
                let found = within(&envelope.chain, now, 0).map(|()| "all are valid".to_owned());
                (format!("certificates that are valid at {now}"), found, "x5chain")
            }
        };
        self.judged(Check::AuthenticTimestamp, step::TIMESTAMP, &expected, found, place);
    }

    /// Whether the statement trusts timestamp services and the signature needs one.
    fn wants_timestamp(&self, chain: &[Certificate]) -> bool {
        let Request { statement, now, .. } = self.request;
        let expired = chain.iter().any(|certificate| *now > certificate.not_after());
        statement.stores.iter().any(|(kind, _)| *kind == StoreKind::Tsa)
            && (expired || statement.verify_timestamp == VerifyTimestamp::Always)
    }

    fn countersigned(&mut self, envelope: &Envelope) -> Result<String, String> {
        let said = |error: Error| error.to_string();
        let token = envelope.timestamp.as_deref().ok_or("the envelope holds no timestamp")?;
        let stamp = TimestampResponse::from_token_der(token).map_err(said)?;
        let roots = self.request.stores.of(StoreKind::Tsa, &self.request.statement.stores)?;
        let service = TrustedAuthority {
            uri: String::new(),
            authority: Authority {
                roots: roots.into_iter().cloned().collect(),
                intermediates: Vec::new(),
            },
            leaf: None,
            span: Span::default(),
        };
        let path = stamp.path(&envelope.signature, &service).map_err(said)?;
        requirements::check(&path, ChainPurpose::TimeStamping).map_err(said)?;
        within(&envelope.chain, stamp.time, i64::from(stamp.accuracy))?;
        // As in notation, a service's own certificates are looked up whatever the policy says of
        // revocation.
        revocation::check(&path, self.request.lists, None, self.request.now)?;
        let source = path.first().map(ToString::to_string).unwrap_or_default();
        let found = format!("signed by {} by the word of `{source}`", stamp.time);
        self.report.times.push(VerifiedTime { time: stamp.time, source });
        Ok(found)
    }

    fn revocation(&mut self, envelope: &Envelope) {
        let statement = self.request.statement;
        let place = "x5chain";
        let expected = "certificates that were not revoked";
        if statement.action(Check::Revocation) == Action::Skip {
            let found = format!("not looked at: statement `{}` skips it", statement.name);
            return self.push(Status::Ignored, step::REVOCATION, &expected, &found, place);
        }
        // A list is only asked for by a chain that is trusted: its address is the signer's word.
        if self.report.failures().any(|it| it.name == step::AUTHENTICITY) {
            let found = "not looked at: the chain is not trusted";
            return self.push(Status::Ignored, step::REVOCATION, &expected, &found, place);
        }
        let attributes = &envelope.attributes;
        let signed = (attributes.scheme == SigningScheme::SigningAuthority)
            .then_some(attributes.signing_time);
        let lists = self.request.lists;
        let found = revocation::check(&envelope.chain, lists, signed, self.request.now);
        self.judged(Check::Revocation, step::REVOCATION, expected, found, place);
    }

    /// A check that no policy can waive.
    fn always(
        &mut self,
        name: &'static str,
        expected: &str,
        place: &str,
        result: Result<String, Error>,
    ) -> bool {
        let held = result.is_ok();
        let found = result.unwrap_or_else(|error| error.to_string());
        self.push(status(held), name, &expected, &found, place);
        held
    }

    /// A check whose failure weighs as much as the statement says.
    fn judged(
        &mut self,
        check: Check,
        name: &'static str,
        expected: &str,
        result: Result<String, String>,
        place: &str,
    ) {
        let (status, found) = match result {
            Ok(found) => (Status::Passed, found),
            Err(found) if self.request.statement.action(check) == Action::Enforce => {
                (Status::Failed, found)
            }
            Err(found) => (Status::Ignored, found),
        };
        self.push(status, name, &expected, &found, place);
    }

    fn push(
        &mut self,
        status: Status,
        name: &'static str,
        expected: &dyn ToString,
        found: &dyn ToString,
        place: &str,
    ) {
        let (expected, found) = (expected.to_string(), found.to_string());
        self.report.steps.push(Step { name, status, expected, found, place: place.into() });
    }
}

fn status(held: bool) -> Status {
    if held { Status::Passed } else { Status::Failed }
}

/// Whether a moment, give or take `accuracy` seconds, is inside the validity of all certificates.
fn within(chain: &[Certificate], at: Timestamp, accuracy: i64) -> Result<(), String> {
    let shifted = |by: i64| Timestamp::from_unix(at.as_unix().saturating_add(by));
    match chain
        .iter()
        .find(|it| shifted(-accuracy) < it.not_before() || shifted(accuracy) > it.not_after())
    {
        None => Ok(()),
        Some(it) => Err(format!(
            "`{it}` is valid from {} to {}, and it was {at}",
            it.not_before(),
            it.not_after()
        )),
    }
}
