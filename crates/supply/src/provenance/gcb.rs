//! Provenance of Google Cloud Build, as `gcloud artifacts docker images describe` prints it.
//!
//! The signed envelope comes with a text for people and a summary, and both must say the same.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::builder::{self, BuilderId};
use super::predicate::{payload, text};
use super::refusal::{Refusal, RefusalKind};
use super::{Expectation, Verified, claims, git};
use crate::dsse::pre_authentication_encoding;
use crate::hash::HashAlgorithm;
use crate::intoto::{PAYLOAD_TYPE, STATEMENT_V0_1, STATEMENT_V1, Subject};
use crate::json::{self, Bytes};
use crate::key::{PublicKey, Scheme};
use crate::verify::Report;

const V0_1: &str = "https://slsa.dev/provenance/v0.1";
const V1: &str = "https://slsa.dev/provenance/v1";
const BUILD_TYPE_V1: &str = "https://cloud.google.com/build/gcb-buildtypes/google-worker/v1";
const BUILDERS_V0_1: &[&str] = &["v0.2", "v0.3"];

macro_rules! keys {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../trust/gcb/", $name, ".key")))),*]
    };
}

/// The service's keys by region.
const KEYS: &[(&str, &str)] = keys![
    "asia-east1",
    "asia-northeast1",
    "asia-southeast1",
    "australia-southeast1",
    "europe-north1",
    "europe-west1",
    "europe-west2",
    "europe-west3",
    "europe-west4",
    "global-pae-google-hosted-worker_1",
    "global-pae-provenanceSigner_1",
    "global-pae",
    "global",
    "southamerica-west1",
    "us-central1",
    "us-central2",
    "us-east1",
    "us-east4",
    "us-west1",
    "us-west2",
    "us-west3",
    "us-west4",
];

const GLOBAL_V1: &str = "projects/verified-builder/locations/global/keyRings/attestor/cryptoKeys/google-hosted-worker/cryptoKeyVersions/1";
const GLOBAL_V0_1: &str = "projects/verified-builder/locations/global/keyRings/attestor/cryptoKeys/provenanceSigner/cryptoKeyVersions/1";

/// Checks the provenance of an image that Google Cloud Build built.
pub fn verify_image(provenance: &[u8], expected: &Expectation) -> Result<Verified, Refusal> {
    let document: Document = json::document("Cloud Build provenance", provenance)
        .map_err(|error| payload(error.to_string()))?;
    let (item, statement, bytes) = signed(&document)?;
    let builder = check_builder(&statement, expected.builder_id.as_deref())?;
    check_subject(&statement, &expected.digest)?;
    check_source(&statement, &builder, &expected.source_uri)?;
    check_metadata(item, &document, &expected.digest)?;
    check_text(item, &statement)?;
    if expected.branch.is_some() {
        let why = "Cloud Build does not state the branch";
        return Err(Refusal::new(RefusalKind::NotSupported, why));
    }
    if let Some(wanted) = &expected.tag {
        let kind = RefusalKind::MismatchTag;
        let found = statement.tag().map_err(|refusal| Refusal::new(kind, refusal.why))?;
        claims::same(kind, wanted, &found)?;
    }
    if let Some(wanted) = &expected.versioned_tag {
        let kind = RefusalKind::MismatchVersionedTag;
        let found = statement.tag().map_err(|refusal| Refusal::new(kind, refusal.why))?;
        git::check_versioned_tag(&found, wanted)?;
    }
    let builder_id = builder.to_string();
    Ok(Verified { builder_id, statement: bytes, report: Report::default(), logged: false })
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    image_summary: ImageSummary,
    #[serde(default)]
    provenance_summary: ProvenanceSummary,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ImageSummary {
    digest: String,
    fully_qualified_digest: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ProvenanceSummary {
    provenance: Vec<Item>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Item {
    build: Texts,
    kind: String,
    resource_uri: String,
    envelope: RawEnvelope,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Texts {
    #[serde(rename = "intotoStatement")]
    v0_1: Option<Value>,
    #[serde(rename = "inTotoSlsaProvenanceV1")]
    v1: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawEnvelope {
    payload: String,
    payload_type: String,
    signatures: Vec<RawSignature>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawSignature {
    keyid: String,
    sig: String,
}

/// The first provenance with a signature that holds.
fn signed(document: &Document) -> Result<(&Item, CloudStatement, Vec<u8>), Refusal> {
    let all = &document.provenance_summary.provenance;
    if all.is_empty() {
        return Err(payload("no provenance"));
    }
    let mut why = Vec::new();
    for item in all {
        match signed_item(item) {
            Ok((statement, bytes)) => return Ok((item, statement, bytes)),
            // The envelope of the only provenance may say more than that nothing was signed.
            Err(refusal) => why.push(refusal),
        }
    }
    let text = why.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    Err(Refusal::new(RefusalKind::NoValidSignature, text))
}

fn signed_item(item: &Item) -> Result<(CloudStatement, Vec<u8>), Refusal> {
    let envelope = &item.envelope;
    claims::same(RefusalKind::InvalidDssePayload, PAYLOAD_TYPE, &envelope.payload_type)?;
    let content = Bytes::decode(&envelope.payload)
        .filter(|content| !content.0.is_empty())
        .ok_or_else(|| payload("the payload is empty or no base64"))?
        .0;
    let mut why = Vec::new();
    for signature in &envelope.signatures {
        match check_signature(signature, &envelope.payload_type, &content) {
            Ok(None) => {}
            Ok(Some(kind)) => match CloudStatement::read(&content, kind) {
                Ok(statement) => return Ok((statement, content)),
                Err(refusal) => why.push(refusal.to_string()),
            },
            Err(refusal) => why.push(refusal.to_string()),
        }
    }
    let why =
        if why.is_empty() { "no signature of a key that is known".into() } else { why.join("; ") };
    Err(Refusal::new(RefusalKind::NoValidSignature, why))
}

/// The predicate that the signature's key is for; `None` where the key is none of the service's.
///
/// The keys of the regions sign the payload itself, not its pre-authentication encoding.
fn check_signature(
    signature: &RawSignature,
    payload_type: &str,
    content: &[u8],
) -> Result<Option<&'static str>, Refusal> {
    let (name, message, kind) = match signature.keyid.as_str() {
        GLOBAL_V1 => {
            let message = pre_authentication_encoding(payload_type, content);
            ("global-pae-google-hosted-worker_1", message, V1)
        }
        GLOBAL_V0_1 => {
            let message = pre_authentication_encoding(payload_type, content);
            ("global-pae-provenanceSigner_1", message, V0_1)
        }
        regional => match region_of(regional) {
            Some(region) => (region, content.to_vec(), V0_1),
            None => return Ok(None),
        },
    };
    let pem = KEYS.iter().find(|(region, _)| *region == name).map(|(_, pem)| *pem);
    let pem = pem.ok_or_else(|| {
        Refusal::new(RefusalKind::InvalidPublicKey, format!("the region `{name}` has no key"))
    })?;
    let key = PublicKey::from_pem(pem)
        .map_err(|error| Refusal::new(RefusalKind::InvalidPublicKey, error.to_string()))?;
    let bytes = Bytes::decode(&signature.sig)
        .ok_or_else(|| Refusal::new(RefusalKind::InvalidEncoding, "the signature is no base64"))?;
    key.verify_with(Scheme::Ecdsa(HashAlgorithm::Sha256), &message, &bytes.0).map_err(|error| {
        Refusal::new(RefusalKind::InvalidSignature, format!("`{name}`: {error}"))
    })?;
    Ok(Some(kind))
}

fn region_of(keyid: &str) -> Option<&str> {
    keyid
        .strip_prefix("projects/verified-builder/locations/")?
        .strip_suffix("/keyRings/attestor/cryptoKeys/builtByGCB/cryptoKeyVersions/1")
}

/// The parts of a statement that the service writes.
#[derive(Debug, PartialEq)]
struct CloudStatement {
    kind: String,
    predicate_type: String,
    subject: Vec<Subject>,
    predicate: CloudPredicate,
}

#[derive(Debug, PartialEq)]
enum CloudPredicate {
    V01(Box<PredicateV01>),
    V1(Box<PredicateV1>),
}

#[derive(Debug, PartialEq, Deserialize, Default)]
#[serde(default)]
struct PredicateV01 {
    builder: Id,
    recipe: Recipe,
    metadata: Option<Metadata>,
    materials: Vec<Material>,
}

#[derive(Debug, PartialEq, Deserialize, Default)]
#[serde(default)]
struct Id {
    id: String,
}

#[derive(Debug, PartialEq, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Recipe {
    r#type: String,
    entry_point: String,
    arguments: Value,
    environment: Value,
}

#[derive(Debug, PartialEq, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    build_started_on: Option<String>,
    build_finished_on: Option<String>,
    completeness: Completeness,
    reproducible: bool,
}

#[derive(Debug, PartialEq, Deserialize, Default)]
#[serde(default)]
struct Completeness {
    arguments: bool,
    environment: bool,
    materials: bool,
}

#[derive(Debug, PartialEq, Deserialize, Default)]
#[serde(default)]
struct Material {
    uri: String,
    digest: Map<String, Value>,
}

#[derive(Debug, PartialEq, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PredicateV1 {
    build_definition: BuildDefinition,
    run_details: RunDetails,
}

#[derive(Debug, PartialEq, Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct BuildDefinition {
    build_type: String,
    external_parameters: Value,
    internal_parameters: Value,
    resolved_dependencies: Value,
}

#[derive(Debug, PartialEq, Deserialize, Default)]
#[serde(default)]
struct RunDetails {
    builder: Id,
    metadata: Value,
    byproducts: Value,
}

#[derive(Deserialize)]
struct RawStatement {
    #[serde(rename = "_type", default)]
    kind: String,
    #[serde(rename = "predicateType", default)]
    predicate_type: String,
    #[serde(default)]
    subject: Vec<Subject>,
    #[serde(default)]
    predicate: Value,
    #[serde(rename = "slsaProvenance", default)]
    text_predicate: Value,
}

impl CloudStatement {
    fn read(bytes: &[u8], predicate_type: &str) -> Result<Self, Refusal> {
        let raw: RawStatement = json::document("Cloud Build provenance", bytes)
            .map_err(|error| payload(error.to_string()))?;
        if ![STATEMENT_V0_1, STATEMENT_V1].contains(&raw.kind.as_str()) {
            return Err(payload(format!("the statement `{}`", raw.kind)));
        }
        claims::same(RefusalKind::InvalidDssePayload, predicate_type, &raw.predicate_type)?;
        let RawStatement { kind, predicate_type, subject, predicate, .. } = raw;
        Self::with(kind, predicate_type, subject, predicate)
    }

    /// The text for people, which keeps a predicate v0.1 under another name.
    fn of_text(text: Value) -> Result<Self, Refusal> {
        let raw: RawStatement =
            serde_json::from_value(text).map_err(|error| payload(error.to_string()))?;
        let predicate = if raw.predicate_type == V0_1 { raw.text_predicate } else { raw.predicate };
        Self::with(raw.kind, raw.predicate_type, raw.subject, predicate)
    }

    fn with(
        kind: String,
        predicate_type: String,
        subject: Vec<Subject>,
        predicate: Value,
    ) -> Result<Self, Refusal> {
        let broken = |error: serde_json::Error| payload(error.to_string());
        let predicate = if predicate_type == V1 {
            CloudPredicate::V1(serde_json::from_value(predicate).map_err(broken)?)
        } else {
            CloudPredicate::V01(serde_json::from_value(predicate).map_err(broken)?)
        };
        Ok(Self { kind, predicate_type, subject, predicate })
    }

    fn substitutions(&self) -> Result<&Map<String, Value>, Refusal> {
        let found = match &self.predicate {
            CloudPredicate::V01(it) => it.recipe.arguments.get("substitutions"),
            CloudPredicate::V1(it) => {
                it.build_definition.internal_parameters.get("systemSubstitutions")
            }
        };
        found.and_then(Value::as_object).ok_or_else(|| payload("no substitutions"))
    }

    fn tag(&self) -> Result<String, Refusal> {
        let tag = text(self.substitutions()?, "TAG_NAME")?;
        if let CloudPredicate::V1(it) = &self.predicate {
            let reference = it.config_source("ref")?;
            claims::same(RefusalKind::InvalidDssePayload, &format!("refs/tags/{tag}"), reference)?;
        }
        Ok(tag.to_owned())
    }
}

impl PredicateV1 {
    fn config_source(&self, field: &str) -> Result<&str, Refusal> {
        let source = self.build_definition.external_parameters.get("buildConfigSource");
        let source = source
            .and_then(Value::as_object)
            .ok_or_else(|| Refusal::new(RefusalKind::NotPresent, "buildConfigSource"))?;
        text(source, field)
    }
}

fn check_builder(statement: &CloudStatement, wanted: Option<&str>) -> Result<BuilderId, Refusal> {
    let id = match &statement.predicate {
        CloudPredicate::V01(it) => it.builder.id.as_str(),
        CloudPredicate::V1(it) => it.run_details.builder.id.as_str(),
    };
    let stated = BuilderId::parse(id)?;
    let known = stated.name == builder::CLOUD_BUILD
        && match (&statement.predicate, &stated.version) {
            (CloudPredicate::V01(_), Some(version)) => BUILDERS_V0_1.contains(&version.as_str()),
            (CloudPredicate::V1(_), None) => true,
            _ => false,
        };
    if !known {
        return Err(Refusal::new(RefusalKind::InvalidBuilderID, format!("`{id}`")));
    }
    if let Some(wanted) = wanted {
        stated.check(wanted, false)?;
    }
    match &statement.predicate {
        CloudPredicate::V1(it) => {
            let found = &it.build_definition.build_type;
            claims::same(RefusalKind::InvalidBuildType, BUILD_TYPE_V1, found)?;
        }
        CloudPredicate::V01(it) => check_recipe(&it.recipe, &stated)?,
    }
    Ok(stated)
}

fn check_recipe(recipe: &Recipe, builder: &BuilderId) -> Result<(), Refusal> {
    const RECIPES: &[&str] = &[
        "https://cloudbuild.googleapis.com/CloudBuildYaml@",
        "https://cloudbuild.googleapis.com/CloudBuildSteps@",
    ];
    let known = if builder.version.as_deref() == Some("v0.2") {
        recipe.r#type == builder.to_string()
    } else {
        RECIPES.iter().any(|prefix| recipe.r#type.starts_with(prefix))
    };
    if !known {
        return Err(Refusal::new(RefusalKind::InvalidRecipe, format!("`{}`", recipe.r#type)));
    }
    let arguments = recipe.arguments.as_object().ok_or_else(|| payload("no recipe arguments"))?;
    let wanted = "type.googleapis.com/google.devtools.cloudbuild.v1.Build";
    claims::same(RefusalKind::MismatchBuilderID, wanted, text(arguments, "@type")?)
}

fn check_subject(statement: &CloudStatement, expected: &str) -> Result<(), Refusal> {
    if statement.subject.is_empty() {
        return Err(payload("no subject"));
    }
    if statement.subject.iter().any(|subject| !subject.digest.contains_key("sha256")) {
        return Err(payload("a subject without a SHA-256 digest"));
    }
    claims::digest(&statement.subject, expected)
}

fn check_source(
    statement: &CloudStatement,
    builder: &BuilderId,
    expected: &str,
) -> Result<(), Refusal> {
    let uri = match &statement.predicate {
        CloudPredicate::V01(it) => match it.materials.first().map(|it| it.uri.clone()) {
            None => return Err(payload("no material")),
            Some(uri) if uri.is_empty() => {
                return Err(Refusal::new(RefusalKind::MalformedURI, "an empty address"));
            }
            Some(uri) => uri,
        },
        CloudPredicate::V1(it) => {
            format!("{}@{}", it.config_source("repository")?, it.config_source("ref")?)
        }
    };
    let uri = uri.strip_prefix("git+").unwrap_or(&uri);
    let wanted = if uri.starts_with("https://") && !expected.starts_with("https://") {
        format!("https://{expected}")
    } else {
        expected.to_owned()
    };
    let same = match (&statement.predicate, builder.version.as_deref()) {
        (CloudPredicate::V1(_), _) => match uri.split_once('@') {
            Some((repository, reference)) if !reference.contains('@') => repository == wanted,
            _ => return Err(Refusal::new(RefusalKind::InvalidFormat, format!("`{uri}`"))),
        },
        // A source in a bucket has its generation behind a `#`.
        (_, Some("v0.2")) => {
            uri.starts_with(&format!("{wanted}/commit/")) || uri.starts_with(&format!("{wanted}#"))
        }
        _ => uri == wanted || uri.starts_with(&format!("{wanted}#")),
    };
    if same { Ok(()) } else { Err(Refusal::mismatch(RefusalKind::MismatchSource, &wanted, uri)) }
}

/// What stands around the envelope is about the same image.
fn check_metadata(item: &Item, document: &Document, digest: &str) -> Result<(), Refusal> {
    claims::same(RefusalKind::InvalidFormat, "BUILD", &item.kind)?;
    let kind = RefusalKind::MismatchHash;
    let wanted = format!("sha256:{digest}");
    if !item.resource_uri.ends_with(&format!("@{wanted}")) {
        return Err(Refusal::mismatch(kind, &wanted, &item.resource_uri));
    }
    let summary = &document.image_summary;
    claims::same(kind, &wanted, &summary.digest)?;
    if !summary.fully_qualified_digest.ends_with(&wanted) {
        return Err(Refusal::mismatch(kind, &wanted, &summary.fully_qualified_digest));
    }
    Ok(())
}

/// The text for people says what was signed.
fn check_text(item: &Item, statement: &CloudStatement) -> Result<(), Refusal> {
    let text = match &statement.predicate {
        CloudPredicate::V01(_) => &item.build.v0_1,
        CloudPredicate::V1(_) => &item.build.v1,
    };
    let text = text.clone().unwrap_or(Value::Object(Map::new()));
    let differs = || Refusal::new(RefusalKind::MismatchIntoto, "they are not the same");
    let read = CloudStatement::of_text(text).map_err(|_| differs())?;
    if read == *statement { Ok(()) } else { Err(differs()) }
}
