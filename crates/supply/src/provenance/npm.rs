//! Provenance of npm packages: two attestations, that of the build and that of the publication.
//!
//! The registry signs the publication with its key. What the npm command line writes about a
//! build can be forged by the workflow, so it counts only where the certificate says the same.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::builder::{self, BuilderId};
use super::github::{Proof, Signed, check_builder, check_repository, refusal_of};
use super::predicate::{Predicate, Provenance, Usage, payload, text};
use super::refusal::{Refusal, RefusalKind};
use super::workflow::Workflow;
use super::{Expectation, Verified, claims};
use crate::bundle::{Bundle, Content, Signer};
use crate::dsse::Envelope;
use crate::intoto::Statement;
use crate::json::{self, Bytes};
use crate::key::PublicKey;
use crate::trust::TrustedRoot;
use crate::verify::{Policy, verify_statement};
use plimsoll_model::Timestamp;

const PUBLISH: &str = "https://github.com/npm/attestation/tree/main/specs/publish/";
const PROVENANCES: &[&str] =
    &["https://slsa.dev/provenance/v0.2", "https://slsa.dev/provenance/v1"];

/// The registry's keys, as they were when this version was made.
const REGISTRY_KEYS: &str = include_str!("../../trust/npm-registry-keys.json");

/// Checks the attestations of a package, as the registry hands them out.
///
/// The builder must be demanded: there is none that is right for every package.
pub fn verify_package(
    attestations: &[u8],
    expected: &Expectation,
    root: &TrustedRoot,
) -> Result<Verified, Refusal> {
    let wanted = expected.builder_id.as_deref().filter(|id| !id.is_empty());
    if let Some(id) = wanted {
        let name = BuilderId::parse(id)?.name;
        if name == builder::CLOUD_BUILD {
            return Err(Refusal::new(RefusalKind::NotSupported, "Google Cloud Build, for npm"));
        }
        if !name.starts_with("https://github.com/") {
            let why = format!("the builder `{id}`");
            return Err(Refusal::new(RefusalKind::VerifierNotSupported, why));
        }
    }
    let (build, publication) = read(attestations)?;
    let signed = Signed::check(build, root, Proof::Logged)?;
    let provenance = check_build(&signed, wanted, expected)?;
    let publication = check_publication(&publication, root)?;
    claims::digest(&publication.subject, &expected.digest)?;
    if !publication.predicate_type.starts_with(PUBLISH) {
        let kind = RefusalKind::InvalidDssePayload;
        return Err(Refusal::mismatch(kind, PUBLISH, &publication.predicate_type));
    }
    check_package(&provenance, &publication, expected)?;
    Ok(signed.verified(wanted.unwrap_or_default().to_owned()))
}

#[derive(Deserialize)]
struct Attestations {
    attestations: Vec<Attestation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attestation {
    predicate_type: String,
    bundle: Value,
}

/// The bundles of the build and of the publication.
fn read(bytes: &[u8]) -> Result<(Bundle, Bundle), Refusal> {
    let form = |why: String| Refusal::new(RefusalKind::InvalidFormat, why);
    let all: Attestations =
        json::document("npm attestations", bytes).map_err(|error| form(error.to_string()))?;
    let find = |what: &str, wanted: &dyn Fn(&str) -> bool| {
        let found = all.attestations.iter().rev().find(|it| wanted(&it.predicate_type));
        let found = found.ok_or_else(|| form(format!("no attestation of the {what}")))?;
        Bundle::parse(found.bundle.to_string().as_bytes()).map_err(|error| form(error.to_string()))
    };
    Ok((
        find("build", &|kind| PROVENANCES.contains(&kind))?,
        find("publication", &|kind| kind.starts_with(PUBLISH))?,
    ))
}

fn check_build(
    signed: &Signed,
    wanted: Option<&str>,
    expected: &Expectation,
) -> Result<Provenance, Refusal> {
    let workflow = Workflow::of(&signed.certificate)?;
    let delegator = check_builder(
        &workflow,
        Some(builder::LOW_PERMS_DELEGATOR),
        builder::DELEGATORS,
        expected.testing,
    );
    let delegator = match delegator {
        Ok((id, _)) => Some(id),
        Err(refusal) if refusal.kind == RefusalKind::UntrustedReusableWorkflow => None,
        Err(refusal) => return Err(refusal),
    };
    check_repository(&workflow, &expected.source_uri)?;
    let Some(wanted) = wanted else {
        return Err(Refusal::new(RefusalKind::InvalidBuilderID, "no builder was demanded"));
    };
    let runner = workflow.runner.as_deref();
    let name = match &delegator {
        Some(id) => {
            if runner.is_some_and(|runner| runner == "self-hosted") {
                let kind = RefusalKind::MismatchBuilderID;
                return Err(Refusal::mismatch(kind, "github-hosted", "self-hosted"));
            }
            id.name.clone()
        }
        None => command_line_builder(wanted, runner)?,
    };
    let provenance = Provenance::of(&name, &signed.envelope)?;
    check_builder_id(&provenance, wanted)?;
    claims::check(&provenance, expected)?;
    if delegator.is_none() {
        check_against_certificate(&provenance, &workflow)?;
    }
    Ok(provenance)
}

/// The npm command line's own builder that the caller demands, if the workflow ran there.
fn command_line_builder(wanted: &str, runner: Option<&str>) -> Result<String, Refusal> {
    let Some(runner @ ("github-hosted" | "self-hosted")) = runner else {
        let why = "an old certificate, which does not name the runner";
        return Err(Refusal::new(RefusalKind::NotSupported, why));
    };
    let host = match wanted {
        builder::NPM_CLI | builder::NPM_CLI_HOSTED => "github-hosted",
        builder::NPM_CLI_SELF_HOSTED => "self-hosted",
        other => {
            return Err(Refusal::new(RefusalKind::NotSupported, format!("the builder `{other}`")));
        }
    };
    claims::same(RefusalKind::MismatchBuilderID, host, runner)?;
    Ok(BuilderId::parse(wanted)?.name)
}

/// Older provenance leaves out on which machine the builder runs, which is GitHub's then.
fn check_builder_id(provenance: &Provenance, wanted: &str) -> Result<(), Refusal> {
    let stated = BuilderId::parse(provenance.builder_id())?;
    let other = match wanted.strip_suffix("/github-hosted") {
        Some(without) => without.to_owned(),
        None => format!("{wanted}/github-hosted"),
    };
    stated.check(wanted, true).or_else(|refusal| stated.check(&other, true).map_err(|_| refusal))
}

fn check_publication(bundle: &Bundle, root: &TrustedRoot) -> Result<Statement, Refusal> {
    let Signer::Key(hint) = &bundle.signer else {
        let why = "the publication is not signed with a key";
        return Err(Refusal::new(RefusalKind::InvalidFormat, why));
    };
    let mut policy = Policy::key(registry_key(hint)?);
    policy.log_entries = Some(1);
    policy.root_in_bundle = true;
    let report = verify_statement(bundle, root, &policy, Timestamp::from_unix(0));
    if let Some(refusal) = refusal_of(&report) {
        return Err(refusal);
    }
    let Content::Envelope(Envelope { payload: content, .. }) = &bundle.content else {
        return Err(payload("no envelope"));
    };
    Statement::parse(&content.0).map_err(|error| payload(error.to_string()))
}

/// The key of the registry that is called `id` and signs attestations.
fn registry_key(id: &str) -> Result<PublicKey, Refusal> {
    #[derive(Deserialize)]
    struct Keys {
        keys: Vec<Named>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named {
        key_id: String,
        key_usage: String,
        public_key: Raw,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Raw {
        raw_bytes: Bytes,
    }
    let broken = |why: String| Refusal::new(RefusalKind::InvalidPublicKey, why);
    let keys: Keys = json::document("npm keys", REGISTRY_KEYS.as_bytes())
        .map_err(|error| broken(error.to_string()))?;
    let key = keys.keys.iter().find(|it| it.key_id == id && it.key_usage == "npm:attestations");
    let key = key.ok_or_else(|| broken(format!("the registry has no key `{id}`")))?;
    PublicKey::from_der(&key.public_key.raw_bytes.0).map_err(|error| broken(error.to_string()))
}

/// Name and version in both attestations are those that the caller demands.
fn check_package(
    provenance: &Provenance,
    publication: &Statement,
    expected: &Expectation,
) -> Result<(), Refusal> {
    let (wanted_name, wanted_version) = (&expected.package_name, &expected.package_version);
    if wanted_name.is_none() && wanted_version.is_none() {
        return Ok(());
    }
    let subject = package_of(provenance)?;
    let (name, version) = split_package(&subject)?;
    let field = |name: &str| publication.predicate.get(name).and_then(Value::as_str);
    if let Some(wanted) = wanted_name {
        let kind = RefusalKind::MismatchPackageName;
        claims::same(kind, wanted, name)?;
        claims::same(kind, wanted, field("name").unwrap_or_default())?;
    }
    if let Some(wanted) = wanted_version {
        let kind = RefusalKind::MismatchPackageVersion;
        claims::same(kind, wanted, version)?;
        claims::same(kind, wanted, field("version").unwrap_or_default())?;
    }
    Ok(())
}

/// The package in the one subject, `pkg:npm/NAME@VERSION`, decoded.
fn package_of(provenance: &Provenance) -> Result<String, Refusal> {
    let [subject] = provenance.subjects()? else {
        return Err(payload(format!("{} subjects where one is due", provenance.subjects.len())));
    };
    let encoded = subject.name.strip_prefix("pkg:npm/").ok_or_else(|| {
        let why = format!("`{}` is no npm package", subject.name);
        Refusal::new(RefusalKind::InvalidPackageName, why)
    })?;
    decode(encoded).ok_or_else(|| {
        Refusal::new(RefusalKind::InvalidEncoding, format!("the package `{encoded}`"))
    })
}

fn decode(encoded: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                *crate::hash::from_hex(std::str::from_utf8(&digits).ok()?)?.first()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Name and version of `NAME@VERSION`, where a name may begin with an `@`.
fn split_package(package: &str) -> Result<(&str, &str), Refusal> {
    let scope = usize::from(package.starts_with('@'));
    let bare = package.get(scope..).unwrap_or_default();
    let bad = || Refusal::new(RefusalKind::InvalidPackageName, format!("`{package}`"));
    match bare.split_once('@') {
        None => Ok((package, "")),
        Some((_, version)) if version.contains('@') => Err(bad()),
        Some((name, version)) => Ok((package.get(..scope + name.len()).ok_or_else(bad)?, version)),
    }
}

/// What the workflow could have forged must be what the certificate says, and nothing else.
fn check_against_certificate(provenance: &Provenance, workflow: &Workflow) -> Result<(), Refusal> {
    let environment = provenance.environment()?;
    if provenance.usage == Usage::NpmWorkflow {
        check_github_object(environment, workflow)?;
    } else {
        check_variables(environment, workflow)?;
    }
    check_run(provenance, workflow)?;
    check_empty(provenance)?;
    match provenance.subjects()? {
        [one] if one.digest.contains_key("sha512") => {}
        _ => return Err(unproven("other than one subject with a SHA-512 digest")),
    }
    let path = provenance.trigger_path()?;
    equal("the workflow", workflow.config_path.as_deref(), path)?;
    match provenance.source_count() {
        1 => Ok(()),
        count => Err(unproven(&format!("{count} dependencies"))),
    }
}

fn check_github_object(
    environment: &Map<String, Value>,
    workflow: &Workflow,
) -> Result<(), Refusal> {
    let github = environment
        .get("github")
        .and_then(Value::as_object)
        .ok_or_else(|| Refusal::new(RefusalKind::InvalidFormat, "no github parameters"))?;
    for name in github.keys() {
        let proven = match name.as_str() {
            "event_name" => Some(workflow.trigger.as_str()),
            "repository_id" => workflow.repository_id.as_deref(),
            "repository_owner_id" => workflow.owner_id.as_deref(),
            _ => return Err(contradiction(format!("the parameter `{name}` is not proven"))),
        };
        equal(name, proven, text(github, name)?)?;
    }
    Ok(())
}

fn check_variables(environment: &Map<String, Value>, workflow: &Workflow) -> Result<(), Refusal> {
    let path_and_ref = workflow.path_and_ref();
    let names_run =
        environment.contains_key("GITHUB_RUN_ID") || environment.contains_key("GITHUB_RUN_ATTEMPT");
    if names_run && workflow.run_id.is_none() {
        return Err(contradiction("the certificate names no run".into()));
    }
    let (run, attempt) = workflow.run()?;
    for name in environment.keys() {
        let proven = match name.as_str() {
            "GITHUB_EVENT_NAME" => Some(workflow.trigger.as_str()),
            "GITHUB_REF" => workflow.source_ref.as_deref(),
            "GITHUB_REPOSITORY" => Some(workflow.repository.as_str()),
            "GITHUB_REPOSITORY_ID" => workflow.repository_id.as_deref(),
            "GITHUB_REPOSITORY_OWNER_ID" => workflow.owner_id.as_deref(),
            "GITHUB_RUN_ATTEMPT" => Some(attempt),
            "GITHUB_RUN_ID" => Some(run),
            "GITHUB_SHA" => Some(workflow.commit.as_str()),
            "GITHUB_WORKFLOW_REF" => Some(path_and_ref.as_str()),
            "GITHUB_WORKFLOW_SHA" => workflow.signer_digest.as_deref(),
            _ => return Err(contradiction(format!("the variable `{name}` is not proven"))),
        };
        equal(name, proven, text(environment, name)?)?;
    }
    Ok(())
}

fn check_run(provenance: &Provenance, workflow: &Workflow) -> Result<(), Refusal> {
    let id = provenance.invocation_id();
    if !id.is_empty() {
        let bad = || Refusal::new(RefusalKind::InvalidFormat, format!("the run `{id}`"));
        let (run, attempt) = if provenance.usage == Usage::NpmWorkflow {
            let path = id.strip_prefix("https://github.com/").unwrap_or(id);
            let parts: Vec<&str> = path.split('/').collect();
            match parts.as_slice() {
                [_, _, _, _, run, _, attempt] => (*run, *attempt),
                _ => return Err(bad()),
            }
        } else {
            id.split_once('-').filter(|(_, attempt)| !attempt.contains('-')).ok_or_else(bad)?
        };
        let proven = workflow.run()?;
        equal("the run", Some(proven.0), run)?;
        equal("the run's attempt", Some(proven.1), attempt)?;
    }
    if provenance.states_times() {
        return Err(unproven("when the build began or ended"));
    }
    Ok(())
}

/// Fields of v0.2 that nothing proves are empty.
fn check_empty(provenance: &Provenance) -> Result<(), Refusal> {
    let Predicate::V02(predicate) = &provenance.predicate else { return Ok(()) };
    let empty = |value: &Value| value.is_null() || value.as_object().is_some_and(Map::is_empty);
    if !empty(&predicate.invocation.parameters) {
        return Err(unproven("parameters"));
    }
    if !empty(&predicate.build_config) {
        return Err(unproven("buildConfig"));
    }
    if let Some(metadata) = &predicate.metadata {
        let complete = &metadata.completeness;
        if metadata.reproducible {
            return Err(unproven("reproducible"));
        }
        if complete.parameters || complete.environment || complete.materials {
            return Err(unproven("completeness"));
        }
    }
    Ok(())
}

fn equal(what: &str, proven: Option<&str>, stated: &str) -> Result<(), Refusal> {
    match proven {
        Some(proven) if proven == stated => Ok(()),
        Some(proven) => {
            Err(contradiction(format!("{what}: proven is `{proven}`, stated is `{stated}`")))
        }
        None => Err(contradiction(format!("the certificate does not prove {what}"))),
    }
}

fn contradiction(why: String) -> Refusal {
    Refusal::new(RefusalKind::MismatchCertificate, why)
}

fn unproven(what: &str) -> Refusal {
    Refusal::new(RefusalKind::NonVerifiableClaim, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_split_behind_its_scope() {
        assert_eq!(split_package("@a/b@1.0.0"), Ok(("@a/b", "1.0.0")));
        assert_eq!(split_package("b@1.0.0"), Ok(("b", "1.0.0")));
        assert_eq!(split_package("b"), Ok(("b", "")));
        assert!(split_package("b@1@2").is_err());
        assert_eq!(decode("%40a/b").as_deref(), Some("@a/b"));
        assert_eq!(decode("%4"), None);
    }
}
