//! Predicates of provenance, v0.2 and v1, read as strictly as their builders write them.
//!
//! A field that the specification does not have is refused, except below those that it leaves to
//! the builder. What a builder means by a field depends on its kind of build.
//! Source: <https://slsa.dev/spec/v0.2/provenance>, <https://slsa.dev/spec/v1.0/provenance>.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::builder;
use super::git;
use super::refusal::{Refusal, RefusalKind};
use crate::dsse::Envelope;
use crate::intoto::{PAYLOAD_TYPE, Subject};
use crate::json;

const V0_2: &str = "https://slsa.dev/provenance/v0.2";
const V1: &str = "https://slsa.dev/provenance/v1";
const DELEGATED: &str =
    "https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0";
pub(super) const NPM_CLI_V1: &str = "https://github.com/npm/cli/gha@v1";
const NPM_CLI_V2: &str = "https://github.com/npm/cli/gha/v2";

/// How a kind of build uses the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usage {
    /// The environment in lower case, under v0.2.
    Plain,
    /// The reference is that of the source, which another workflow may have made.
    Delegated,
    /// The trigger is in the internal parameters.
    ContainerBased,
    /// The trigger is in the external parameters.
    Workflow,
    /// As `Workflow`, from the npm command line.
    NpmWorkflow,
}

/// Which builder does which kind of build, under which predicate.
const KINDS: &[(&str, &str, &str, Usage)] = &[
    (V0_2, builder::DELEGATOR, DELEGATED, Usage::Delegated),
    (V0_2, builder::LOW_PERMS_DELEGATOR, DELEGATED, Usage::Delegated),
    (
        V0_2,
        builder::GO,
        "https://github.com/slsa-framework/slsa-github-generator/go@v1",
        Usage::Plain,
    ),
    (V0_2, builder::GO, "https://github.com/slsa-framework/slsa-github-generator@v1", Usage::Plain),
    (
        V0_2,
        builder::GO,
        "https://github.com/slsa-framework/slsa-github-generator-go@v1",
        Usage::Plain,
    ),
    (
        V0_2,
        builder::GENERIC,
        "https://github.com/slsa-framework/slsa-github-generator/generic@v1",
        Usage::Plain,
    ),
    (
        V0_2,
        builder::CONTAINER,
        "https://github.com/slsa-framework/slsa-github-generator/container@v1",
        Usage::Plain,
    ),
    (V0_2, builder::NPM_CLI, NPM_CLI_V1, Usage::Plain),
    (V0_2, builder::NPM_CLI, NPM_CLI_V2, Usage::Plain),
    (V0_2, builder::NPM_CLI_HOSTED, NPM_CLI_V1, Usage::Plain),
    (V0_2, builder::NPM_CLI_HOSTED, NPM_CLI_V2, Usage::Plain),
    (V1, builder::DELEGATOR, DELEGATED, Usage::Delegated),
    (V1, builder::LOW_PERMS_DELEGATOR, DELEGATED, Usage::Delegated),
    (
        V1,
        builder::CONTAINER_BASED,
        "https://slsa.dev/container-based-build/v0.1?draft",
        Usage::ContainerBased,
    ),
    (
        V1,
        builder::NPM_CLI_HOSTED,
        "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1",
        Usage::NpmWorkflow,
    ),
    (
        V1,
        builder::BCR_RELEASER,
        "https://actions.github.io/buildtypes/workflow/v1",
        Usage::Workflow,
    ),
    (
        V1,
        builder::BCR_PUBLISHER,
        "https://actions.github.io/buildtypes/workflow/v1",
        Usage::Workflow,
    ),
];

/// A statement with provenance.
#[derive(Debug, Clone)]
pub(super) struct Provenance {
    pub(super) subjects: Vec<Subject>,
    pub(super) usage: Usage,
    pub(super) predicate: Predicate,
}

#[derive(Debug, Clone)]
pub(super) enum Predicate {
    V02(Box<V02>),
    V1(Box<Build>),
}

impl Provenance {
    /// Reads what `builder` put into an envelope.
    pub(super) fn of(builder: &str, envelope: &Envelope) -> Result<Self, Refusal> {
        if envelope.payload_type != PAYLOAD_TYPE {
            let (kind, found) = (RefusalKind::InvalidDssePayload, &envelope.payload_type);
            return Err(Refusal::mismatch(kind, PAYLOAD_TYPE, found));
        }
        let statement: RawStatement = json::document("provenance", &envelope.payload.0)
            .map_err(|it| payload(it.to_string()))?;
        let kind = statement.predicate_type;
        let broken = |error: serde_json::Error| payload(format!("provenance: {error}"));
        let predicate = match kind.as_str() {
            V0_2 => Predicate::V02(serde_json::from_value(statement.predicate).map_err(broken)?),
            V1 => Predicate::V1(serde_json::from_value(statement.predicate).map_err(broken)?),
            other => return Err(payload(format!("the predicate `{other}` is no provenance"))),
        };
        let build_type = match &predicate {
            Predicate::V02(it) => it.build_type.as_str(),
            Predicate::V1(it) => it.build_definition.build_type.as_str(),
        };
        let usage = KINDS.iter().find(|(version, name, build, _)| {
            *version == kind && *name == builder && *build == build_type
        });
        let usage = usage.map(|it| it.3).ok_or_else(|| {
            payload(format!("`{builder}` does no build of the kind `{build_type}`"))
        })?;
        Ok(Self { subjects: statement.subject, usage, predicate })
    }

    pub(super) fn subjects(&self) -> Result<&[Subject], Refusal> {
        if self.subjects.is_empty() {
            return Err(payload("no subject"));
        }
        Ok(&self.subjects)
    }

    pub(super) fn builder_id(&self) -> &str {
        match &self.predicate {
            Predicate::V02(it) => &it.builder.id,
            Predicate::V1(it) => &it.run_details.builder.id,
        }
    }

    pub(super) fn build_type(&self) -> &str {
        match &self.predicate {
            Predicate::V02(it) => &it.build_type,
            Predicate::V1(it) => &it.build_definition.build_type,
        }
    }

    /// What was built: the first material or dependency.
    pub(super) fn source_uri(&self) -> Result<&str, Refusal> {
        let first = match &self.predicate {
            Predicate::V02(it) => it.materials.first().map(|it| it.uri.as_str()),
            Predicate::V1(it) => {
                it.build_definition.resolved_dependencies.first().map(|it| it.uri.as_str())
            }
        };
        match first {
            None => Err(payload("no material")),
            Some("") => Err(Refusal::new(RefusalKind::MalformedURI, "a material without address")),
            Some(uri) => Ok(uri),
        }
    }

    /// How many materials or dependencies there are.
    pub(super) fn source_count(&self) -> usize {
        match &self.predicate {
            Predicate::V02(it) => it.materials.len(),
            Predicate::V1(it) => it.build_definition.resolved_dependencies.len(),
        }
    }

    /// What started the build: repository and reference.
    pub(super) fn trigger_uri(&self) -> Result<String, Refusal> {
        match (&self.predicate, self.usage) {
            (Predicate::V02(it), _) => match it.invocation.config_source.uri.as_str() {
                "" => Err(Refusal::new(RefusalKind::MalformedURI, "a trigger without address")),
                uri => Ok(uri.to_owned()),
            },
            (Predicate::V1(_), Usage::Workflow | Usage::NpmWorkflow) => {
                let workflow = self.external("workflow")?;
                let field = |name: &str| {
                    workflow.get(name).and_then(Value::as_str).ok_or_else(|| {
                        let why = format!("the workflow's {name} is no text");
                        Refusal::new(RefusalKind::InvalidFormat, why)
                    })
                };
                Ok(format!("git+{}@{}", field("repository")?, field("ref")?))
            }
            (Predicate::V1(_), _) => trigger_of(self.environment()?),
        }
    }

    /// The object `name` of the external parameters.
    fn external(&self, name: &str) -> Result<&Map<String, Value>, Refusal> {
        let Predicate::V1(it) = &self.predicate else { return Err(payload("no parameters")) };
        let parameters = it.build_definition.external_parameters.as_object();
        parameters
            .ok_or_else(|| payload("external parameters that are no object"))?
            .get(name)
            .and_then(Value::as_object)
            .ok_or_else(|| {
                Refusal::new(RefusalKind::InvalidFormat, format!("no {name} parameters"))
            })
    }

    /// The path of the workflow that was started.
    pub(super) fn trigger_path(&self) -> Result<&str, Refusal> {
        match &self.predicate {
            Predicate::V02(it) => Ok(&it.invocation.config_source.entry_point),
            Predicate::V1(_) => self
                .external("workflow")
                .ok()
                .and_then(|workflow| workflow.get("path"))
                .and_then(Value::as_str)
                .ok_or_else(|| payload("the workflow has no path")),
        }
    }

    /// The variables that the builder recorded.
    pub(super) fn environment(&self) -> Result<&Map<String, Value>, Refusal> {
        let value = match &self.predicate {
            Predicate::V02(it) => &it.invocation.environment,
            Predicate::V1(it) => &it.build_definition.internal_parameters,
        };
        value.as_object().ok_or_else(|| payload("parameters that are no object"))
    }

    /// Whether the variables are written in capitals.
    fn in_capitals(&self) -> bool {
        matches!(self.predicate, Predicate::V1(_)) || self.usage == Usage::Delegated
    }

    /// A variable's name as the builder writes it.
    fn key(&self, name: &str) -> String {
        if self.in_capitals() { name.to_ascii_uppercase() } else { name.to_owned() }
    }

    /// The branch as a full reference; empty where the build does not say.
    pub(super) fn branch(&self) -> Result<String, Refusal> {
        if self.usage == Usage::Delegated {
            let reference = self.source_ref()?;
            return match git::split_ref(reference).0 {
                "heads" => Ok(reference.to_owned()),
                "tags" => self.branch_of_environment(),
                _ => Err(payload(format!("the reference `{reference}` is of no known kind"))),
            };
        }
        self.branch_of_environment()
    }

    fn branch_of_environment(&self) -> Result<String, Refusal> {
        let environment = self.environment()?;
        match self.ref_type(environment)? {
            RefType::Branch => text(environment, &self.key("github_ref")).map(str::to_owned),
            RefType::Tag => self.branch_of_tag(environment),
        }
    }

    /// The branch that a tag was made from, as far as the event says.
    fn branch_of_tag(&self, environment: &Map<String, Value>) -> Result<String, Refusal> {
        let base = text(environment, &self.key("github_base_ref"))?;
        if !base.is_empty() {
            return Ok(base.to_owned());
        }
        let event = text(environment, &self.key("github_event_name"))?;
        let payload_of_event = self.event_payload(environment)?;
        match event {
            "push" => {
                let base = payload_of_event.get("base_ref");
                let base = base.ok_or_else(|| payload("the event has no base_ref"))?;
                Ok(base.as_str().unwrap_or_default().to_owned())
            }
            "release" => {
                let release = payload_of_event.get("release").and_then(Value::as_object);
                let release = release.ok_or_else(|| payload("the event has no release"))?;
                Ok(format!("refs/heads/{}", text(release, "target_commitish")?))
            }
            _ => Ok(String::new()),
        }
    }

    /// The tag as a full reference; empty where the build is of a branch.
    pub(super) fn tag(&self) -> Result<String, Refusal> {
        if self.usage == Usage::Delegated {
            let reference = self.source_ref()?;
            return match git::split_ref(reference).0 {
                "heads" => Ok(String::new()),
                "tags" => Ok(reference.to_owned()),
                _ => Err(payload(format!("the reference `{reference}` is of no known kind"))),
            };
        }
        let environment = self.environment()?;
        match self.ref_type(environment)? {
            RefType::Branch => Ok(String::new()),
            RefType::Tag => text(environment, &self.key("github_ref")).map(str::to_owned),
        }
    }

    fn source_ref(&self) -> Result<&str, Refusal> {
        match git::split_uri(self.source_uri()?)?.1 {
            "" => Err(payload("the source has no reference")),
            reference => Ok(reference),
        }
    }

    fn ref_type(&self, environment: &Map<String, Value>) -> Result<RefType, Refusal> {
        match text(environment, &self.key("github_ref_type"))? {
            "branch" => Ok(RefType::Branch),
            "tag" => Ok(RefType::Tag),
            other => Err(payload(format!("the reference is of the kind `{other}`"))),
        }
    }

    fn event_payload<'a>(
        &self,
        environment: &'a Map<String, Value>,
    ) -> Result<&'a Map<String, Value>, Refusal> {
        environment
            .get(&self.key("github_event_payload"))
            .and_then(Value::as_object)
            .ok_or_else(|| payload("the event was not recorded"))
    }

    /// What the person typed who started the workflow by hand.
    pub(super) fn workflow_inputs(&self) -> Result<&Map<String, Value>, Refusal> {
        let environment = self.environment()?;
        let event = text(environment, &self.key("github_event_name"))?;
        if event != "workflow_dispatch" {
            let kind = RefusalKind::MismatchWorkflowInputs;
            return Err(Refusal::mismatch(kind, "workflow_dispatch", event));
        }
        self.event_payload(environment)?
            .get("inputs")
            .and_then(Value::as_object)
            .ok_or_else(|| payload("the event has no inputs"))
    }

    /// What identifies the run; empty where nothing does.
    pub(super) fn invocation_id(&self) -> &str {
        match &self.predicate {
            Predicate::V02(it) => {
                it.metadata.as_ref().map_or("", |metadata| &metadata.build_invocation_id)
            }
            Predicate::V1(it) => &it.run_details.metadata.invocation_id,
        }
    }

    /// Whether the build says when it began or ended.
    pub(super) fn states_times(&self) -> bool {
        match &self.predicate {
            Predicate::V02(it) => it.metadata.as_ref().is_some_and(|metadata| {
                metadata.build_started_on.is_some() || metadata.build_finished_on.is_some()
            }),
            Predicate::V1(it) => {
                let metadata = &it.run_details.metadata;
                metadata.started_on.is_some() || metadata.finished_on.is_some()
            }
        }
    }
}

enum RefType {
    Branch,
    Tag,
}

/// Repository and reference of `org/repo/path@ref`, which the builder recorded.
fn trigger_of(environment: &Map<String, Value>) -> Result<String, Refusal> {
    let form = |why: String| Refusal::new(RefusalKind::InvalidFormat, why);
    if !environment.contains_key("GITHUB_WORKFLOW_REF") {
        return Err(Refusal::new(RefusalKind::NotPresent, "GITHUB_WORKFLOW_REF"));
    }
    let workflow = text(environment, "GITHUB_WORKFLOW_REF")?;
    let (path, reference) = workflow
        .split_once('@')
        .filter(|(_, reference)| !reference.contains('@'))
        .ok_or_else(|| form(format!("the workflow `{workflow}`")))?;
    let mut parts = path.splitn(3, '/');
    let (Some(owner), Some(repository)) = (parts.next(), parts.next()) else {
        return Err(form(format!("the workflow's path `{path}`")));
    };
    if reference.is_empty() {
        return Err(Refusal::new(RefusalKind::MalformedURI, format!("`{workflow}`")));
    }
    Ok(format!("git+https://github.com/{owner}/{repository}@{reference}"))
}

/// The text `name` of an object.
pub(super) fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    match object.get(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(payload(format!("`{name}` is no text"))),
        None => Err(payload(format!("`{name}` is missing"))),
    }
}

pub(super) fn payload(why: impl Into<String>) -> Refusal {
    Refusal::new(RefusalKind::InvalidDssePayload, why)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStatement {
    #[serde(rename = "_type", default)]
    _kind: String,
    #[serde(rename = "predicateType", default)]
    predicate_type: String,
    #[serde(default)]
    subject: Vec<Subject>,
    #[serde(default)]
    predicate: Value,
}

/// Provenance v0.2.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[derive(Default)]
pub(super) struct V02 {
    builder: Builder02,
    build_type: String,
    pub(super) invocation: Invocation,
    pub(super) build_config: Value,
    pub(super) metadata: Option<Metadata02>,
    materials: Vec<Material>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Builder02 {
    id: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Invocation {
    config_source: ConfigSource,
    pub(super) parameters: Value,
    environment: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct ConfigSource {
    uri: String,
    #[serde(rename = "digest")]
    _digest: Value,
    entry_point: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Metadata02 {
    #[serde(alias = "buildInvocationID")]
    build_invocation_id: String,
    build_started_on: Option<String>,
    build_finished_on: Option<String>,
    pub(super) completeness: Completeness,
    pub(super) reproducible: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Completeness {
    pub(super) parameters: bool,
    pub(super) environment: bool,
    pub(super) materials: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Material {
    uri: String,
    #[serde(rename = "digest")]
    _digest: Value,
}

/// Provenance v1.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Build {
    build_definition: BuildDefinition,
    run_details: RunDetails,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct BuildDefinition {
    build_type: String,
    external_parameters: Value,
    internal_parameters: Value,
    resolved_dependencies: Vec<Resource>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Resource {
    uri: String,
    #[serde(rename = "digest")]
    _digest: Value,
    #[serde(rename = "name")]
    _name: Value,
    #[serde(rename = "downloadLocation")]
    _download_location: Value,
    #[serde(rename = "mediaType")]
    _media_type: Value,
    #[serde(rename = "content")]
    _content: Value,
    #[serde(rename = "annotations")]
    _annotations: Value,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RunDetails {
    builder: Builder1,
    metadata: Metadata1,
    #[serde(rename = "byproducts")]
    _byproducts: Vec<Resource>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Builder1 {
    id: String,
    #[serde(rename = "version")]
    _version: Value,
    #[serde(rename = "builderDependencies")]
    _dependencies: Vec<Resource>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Metadata1 {
    #[serde(alias = "invocationID")]
    invocation_id: String,
    started_on: Option<String>,
    finished_on: Option<String>,
}
