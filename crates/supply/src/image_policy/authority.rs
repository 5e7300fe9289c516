//! One authority of a policy: a key, a certificate's holder, or a fixed answer.

use plimsoll_model::ImageName;
use serde_saphyr::Spanned;

use super::document::{self, Authority, Identity, Key, Keyless};
use super::error::{PolicyError, meant};
use super::read::{claim, ours, source};
use super::{Kind, Settings};
use crate::certificate::{self, FulcioExtension};
use crate::key::PublicKey;
use crate::quorum::{self, Trust};
use crate::verify::{IdentityPolicy, Pattern, Policy};

type Result<T> = std::result::Result<T, PolicyError>;

/// The authorities of a policy so far.
#[derive(Default)]
pub(super) struct Built {
    pub(super) authorities: Vec<quorum::Authority>,
    pub(super) sources: Vec<ImageName>,
    /// For each name as it is written its authorities: several where its file has several keys.
    names: Vec<(String, Vec<usize>)>,
}

impl Built {
    /// The authorities with these names.
    pub(super) fn places(&self, names: &[Spanned<String>]) -> Result<Vec<usize>> {
        let mut places = Vec::new();
        for name in names {
            let known = self.names.iter().find(|(known, _)| *known == name.value);
            let Some((_, of)) = known else {
                let known: Vec<&str> = self.names.iter().map(|(name, _)| name.as_str()).collect();
                let why = format!("no authority `{}`: {}", name.value, meant(&name.value, &known));
                return Err(PolicyError::of(name, why));
            };
            places.extend(of.iter().copied().filter(|at| !places.contains(at)).collect::<Vec<_>>());
        }
        Ok(places)
    }
}

/// Reads the authority at `index`.
pub(super) fn build(
    index: usize,
    written: &Spanned<Authority>,
    kind: Kind,
    settings: &Settings<'_>,
    loaded: &mut Vec<Vec<u8>>,
    built: &mut Built,
) -> Result<()> {
    let own = &written.value;
    let name =
        own.name.as_ref().map_or_else(|| format!("authority-{index}"), |it| it.value.clone());
    if built.names.iter().any(|(known, _)| *known == name) {
        let why = format!("`{name}` is the name of two authorities");
        return Err(own
            .name
            .as_ref()
            .map_or_else(|| PolicyError::of(written, &*why), |at| PolicyError::of(at, &*why)));
    }
    let trusts = match (&own.key, &own.keyless, &own.fixed) {
        (Some(key), None, None) => keys(key, kind, settings, loaded)?,
        (None, Some(keyless), None) => {
            vec![Trust::Signers(vec![certified(keyless, kind, settings, loaded)?])]
        }
        (None, None, Some(fixed)) => vec![answer(fixed)?],
        (None, None, None) => {
            let why = "an authority needs one of `key`, `keyless` and `static`";
            return Err(PolicyError::of(written, why));
        }
        _ => {
            let why = "an authority has only one of `key`, `keyless` and `static`";
            return Err(PolicyError::of(written, why));
        }
    };
    if let Some(format) = &own.signature_format
        && !["legacy", "bundle"].contains(&format.value.as_str())
    {
        let meant = meant(&format.value, &["legacy", "bundle"]);
        let why = format!("unknown signatureFormat `{}`: {meant}", format.value);
        return Err(PolicyError::of(format, why));
    }
    let mut claims = Vec::new();
    for attestation in &own.attestations {
        if let Some(first) = attestation.value.signed_by.as_ref().and_then(|all| all.first()) {
            let why = "`signedBy` belongs to the attestations of `spec`: here the authority signs";
            return Err(PolicyError::of(first, why));
        }
        claims.push(claim(&attestation.value, settings)?);
    }
    for place in &own.source {
        built.sources.push(source(place)?);
    }
    let several = trusts.len() > 1;
    let mut places = Vec::new();
    for (number, mut trust) in trusts.into_iter().enumerate() {
        if let Trust::Signers(policies) = &mut trust {
            for policy in policies {
                witnesses(own, settings, policy)?;
            }
        }
        places.push(built.authorities.len());
        let name = if several { format!("{name}[{number}]") } else { name.clone() };
        built.authorities.push(quorum::Authority { name, trust, claims: claims.clone() });
    }
    built.names.push((name, places));
    Ok(())
}

fn answer(fixed: &Spanned<document::Static>) -> Result<Trust> {
    let action = &fixed.value.action;
    match action.value.as_str() {
        "pass" => Ok(Trust::Pass),
        "fail" => {
            let message = fixed.value.message.clone();
            Ok(Trust::Fail(message.unwrap_or_else(|| "the policy lets nobody pass".into())))
        }
        other => {
            let why = format!("unknown action `{other}`: {}", meant(other, &["pass", "fail"]));
            Err(PolicyError::of(action, why))
        }
    }
}

/// What logs and timestamp services must say, as policy-controller asks for it.
fn witnesses(own: &Authority, settings: &Settings<'_>, policy: &mut Policy) -> Result<()> {
    if let Some(log) = &own.ctlog {
        root_is_known(log.trust_root_ref.as_ref(), settings)?;
        let is_asked = log.url.is_some() || log.trust_root_ref.is_some();
        policy.log_entries = Some(usize::from(is_asked));
    }
    if let Some(stamps) = &own.rfc3161timestamp {
        root_is_known(stamps.trust_root_ref.as_ref(), settings)?;
        policy.times = policy.times.max(1);
        if own.ctlog.is_none() {
            policy.log_entries = Some(0);
        }
    }
    Ok(())
}

fn root_is_known(named: Option<&Spanned<String>>, settings: &Settings<'_>) -> Result<()> {
    match named {
        Some(named) if !settings.has_root => {
            let why = format!(
                "the trusted root `{}` is not known: give it with `--trusted-root FILE`",
                named.value
            );
            Err(PolicyError::of(named, why))
        }
        _ => Ok(()),
    }
}

/// The keys of an authority. In sigstore's documents one of several is enough, in ours each is an
/// authority of its own.
fn keys(
    key: &Spanned<Key>,
    kind: Kind,
    settings: &Settings<'_>,
    loaded: &mut Vec<Vec<u8>>,
) -> Result<Vec<Trust>> {
    let (bytes, place) = material(key, kind, settings, loaded)?;
    let keys = PublicKey::all_from_bytes(&bytes)
        .map_err(|error| PolicyError::at(place, format!("no public key: {error}")))?;
    let policies = keys.into_iter().map(Policy::key);
    Ok(match kind {
        Kind::ClusterImagePolicy => vec![Trust::Signers(policies.collect())],
        Kind::ImagePolicy => policies.map(|policy| Trust::Signers(vec![policy])).collect(),
    })
}

/// What is written in place, or in a file.
fn material(
    key: &Spanned<Key>,
    kind: Kind,
    settings: &Settings<'_>,
    loaded: &mut Vec<Vec<u8>>,
) -> Result<(Vec<u8>, serde_saphyr::Location)> {
    let own = &key.value;
    if let Some(secret) = &own.secret_ref {
        let why = "a secret of a cluster is not read: put the public key into `data`";
        return Err(PolicyError::of(secret, why));
    }
    if let Some(kms) = &own.kms {
        let why = "a key service is not asked: fetch the public key and put it into `data`";
        return Err(PolicyError::of(kms, why));
    }
    match (&own.data, &own.file) {
        (_, Some(file)) if kind == Kind::ClusterImagePolicy => {
            Err(PolicyError::of(file, ours("file")))
        }
        (Some(data), None) => Ok((data.value.clone().into_bytes(), data.referenced)),
        (None, Some(file)) => {
            let bytes = (settings.load)(&file.value).map_err(|why| PolicyError::of(file, why))?;
            loaded.push(bytes.clone());
            Ok((bytes, file.referenced))
        }
        _ => Err(PolicyError::of(key, "one of `data` and `file` is needed")),
    }
}

/// The holder of a certificate.
fn certified(
    keyless: &Spanned<Keyless>,
    kind: Kind,
    settings: &Settings<'_>,
    loaded: &mut Vec<Vec<u8>>,
) -> Result<Policy> {
    let own = &keyless.value;
    root_is_known(own.trust_root_ref.as_ref(), settings)?;
    let identities = own.identities.iter().map(|it| identity(it, kind)).collect::<Result<_>>()?;
    if let Some(ca) = &own.ca_cert {
        let (bytes, place) = material(ca, kind, settings, loaded)?;
        let authority = certificate::Authority::from_pem(&bytes)
            .map_err(|error| PolicyError::at(place, format!("no certificate: {error}")))?;
        return Ok(Policy::own_authority(authority, identities));
    }
    if own.identities.is_empty() {
        let why = "`keyless` needs `identities`: without one anybody may sign";
        return Err(PolicyError::of(keyless, why));
    }
    let mut policy = Policy::identities(identities);
    if own.insecure_ignore_sct {
        policy.certificate_logs = 0;
    }
    Ok(policy)
}

fn identity(written: &Spanned<Identity>, kind: Kind) -> Result<IdentityPolicy> {
    let own = &written.value;
    let subject = pattern(own.subject.as_ref(), own.subject_reg_exp.as_ref())?;
    let issuer = pattern(own.issuer.as_ref(), own.issuer_reg_exp.as_ref())?;
    if subject.is_none() && issuer.is_none() {
        return Err(PolicyError::of(written, "an identity needs `subject` and `issuer`"));
    }
    let mut extensions = Vec::new();
    if let Some(wanted) = &own.extensions {
        if kind == Kind::ClusterImagePolicy {
            return Err(PolicyError::of(wanted, ours("extensions")));
        }
        for (name, value) in &wanted.value {
            let Some(extension) = FulcioExtension::named(name) else {
                let known: Vec<&str> = FulcioExtension::ALL.iter().map(|it| it.name).collect();
                let why = format!("unknown extension `{name}`: {}", meant(name, &known));
                return Err(PolicyError::of(value, why));
            };
            extensions.push((extension, value.value.clone()));
        }
    }
    Ok(IdentityPolicy { subject, issuer, extensions })
}

fn pattern(
    exact: Option<&Spanned<String>>,
    expression: Option<&Spanned<String>>,
) -> Result<Option<Pattern>> {
    let filled = |it: Option<&Spanned<String>>| it.is_some_and(|it| !it.value.is_empty());
    match (exact, expression) {
        (_, Some(expression)) if filled(exact) && !expression.value.is_empty() => {
            Err(PolicyError::of(expression, "a text or an expression, not both"))
        }
        (Some(text), _) if !text.value.is_empty() => Ok(Some(Pattern::Exact(text.value.clone()))),
        (_, Some(expression)) if !expression.value.is_empty() => {
            let read = Pattern::regex(&expression.value);
            read.map(Some).map_err(|error| PolicyError::of(expression, error.to_string()))
        }
        _ => Ok(None),
    }
}
