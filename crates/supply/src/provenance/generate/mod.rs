//! Provenance of a build, made where the build runs.
//!
//! What is known of the build is gathered from the environment of a CI system, a checkout, or what
//! BuildKit wrote, into one [`Build`]; that is written as SLSA provenance v1 or v0.2. Of the
//! environment only variables that are named here are ever read, so that no other can come into a
//! statement; addresses lose the credentials in them, and [`guard`] looks once more.
//!
//! Sources: <https://slsa.dev/spec/v1.0/provenance>, <https://slsa.dev/spec/v0.2/provenance>.

pub mod buildkit;
pub mod checkout;
mod environment;
mod github;
mod gitlab;
pub mod guard;
mod uri;

use std::collections::BTreeMap;

use plimsoll_model::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use environment::{Environment, EnvironmentError};
pub use uri::without_credentials;

use self::checkout::Checkout;

/// The documents that say what our own kinds of build mean.
const BUILD_TYPES: &str = "https://github.com/plimsoll/plimsoll/blob/main/docs/buildtypes";

/// The largest payload of an event that is read: 8 MiB. GitHub's own limit is 25 MB for webhooks;
/// those with inputs are 64 KiB at most.
pub const MAX_EVENT: u64 = 8 << 20;

/// Something that went into a build or came out of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Resource {
    /// Where it is from, without credentials.
    pub uri: String,
    /// Its digests in hexadecimal, by algorithm.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub digest: BTreeMap<String, String>,
    /// What it is called within the build.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// What is known of a build.
#[derive(Debug, Clone, Default)]
pub struct Build {
    /// How the rest is to be read, as a URI.
    pub build_type: String,
    /// Who built, as a URI.
    pub builder_id: String,
    /// Versions of the builder's parts.
    pub builder_version: BTreeMap<String, String>,
    /// What whoever started the build could choose.
    pub external: Map<String, Value>,
    /// What the builder itself chose.
    pub internal: Map<String, Value>,
    /// What went into the build; the source is the first.
    pub dependencies: Vec<Resource>,
    /// This run of the builder.
    pub invocation_id: Option<String>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// What came out beside the subjects.
    pub byproducts: Vec<Resource>,
    /// Where in the source the build is described.
    pub entry_point: String,
}

/// The version of the predicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// <https://slsa.dev/provenance/v1>.
    V1,
    /// <https://slsa.dev/provenance/v0.2>, for readers that know no other.
    V0_2,
}

impl Version {
    /// The type of the predicate.
    pub fn uri(self) -> &'static str {
        match self {
            Self::V1 => "https://slsa.dev/provenance/v1",
            Self::V0_2 => "https://slsa.dev/provenance/v0.2",
        }
    }
}

/// Where a build runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// GitHub Actions.
    GitHub,
    /// GitLab CI/CD.
    GitLab,
    /// Anywhere else, in a checkout.
    Plain,
}

impl Place {
    /// The place that the environment says it is.
    pub fn of(environment: &Environment<'_>) -> Self {
        if environment.has("GITHUB_ACTIONS") {
            Self::GitHub
        } else if environment.has("GITLAB_CI") {
            Self::GitLab
        } else {
            Self::Plain
        }
    }
}

impl Build {
    /// The build that runs now in GitHub Actions; `event` is the file at `GITHUB_EVENT_PATH`.
    pub fn of_github(
        environment: &Environment<'_>,
        event: Option<&[u8]>,
    ) -> Result<Self, EnvironmentError> {
        github::build(environment, event)
    }

    /// The job that runs now in GitLab CI/CD.
    pub fn of_gitlab(environment: &Environment<'_>) -> Result<Self, EnvironmentError> {
        gitlab::build(environment)
    }

    /// A build outside of any CI system, of what is checked out.
    pub fn of_checkout(checkout: &Checkout) -> Self {
        checkout.build()
    }

    /// The predicate.
    pub fn predicate(&self, version: Version) -> Value {
        match version {
            Version::V1 => self.v1(),
            Version::V0_2 => self.v0_2(),
        }
    }

    fn v1(&self) -> Value {
        let mut definition = json!({
            "buildType": self.build_type,
            "externalParameters": self.external,
        });
        put(&mut definition, "internalParameters", &self.internal, self.internal.is_empty());
        put(
            &mut definition,
            "resolvedDependencies",
            &self.dependencies,
            self.dependencies.is_empty(),
        );
        let mut builder = json!({"id": self.builder_id});
        put(&mut builder, "version", &self.builder_version, self.builder_version.is_empty());
        let mut metadata = json!({});
        put(&mut metadata, "invocationId", &self.invocation_id, self.invocation_id.is_none());
        put(&mut metadata, "startedOn", &self.started, self.started.is_none());
        put(&mut metadata, "finishedOn", &self.finished, self.finished.is_none());
        let mut details = json!({"builder": builder, "metadata": metadata});
        put(&mut details, "byproducts", &self.byproducts, self.byproducts.is_empty());
        json!({"buildDefinition": definition, "runDetails": details})
    }

    fn v0_2(&self) -> Value {
        let nothing = Resource::default();
        let source = self.dependencies.first().unwrap_or(&nothing);
        // A material of v0.2 has no name.
        let material = |it: &Resource| json!({"uri": it.uri, "digest": sha1_of(&it.digest)});
        let mut metadata = json!({
            "completeness": {"parameters": true, "environment": false, "materials": false},
            "reproducible": false,
        });
        put(&mut metadata, "buildInvocationID", &self.invocation_id, self.invocation_id.is_none());
        put(&mut metadata, "buildStartedOn", &self.started, self.started.is_none());
        put(&mut metadata, "buildFinishedOn", &self.finished, self.finished.is_none());
        json!({
            "builder": {"id": self.builder_id},
            "buildType": self.build_type,
            "invocation": {
                "configSource": {
                    "uri": source.uri,
                    "digest": sha1_of(&source.digest),
                    "entryPoint": self.entry_point,
                },
                "parameters": self.external,
                "environment": self.internal,
            },
            "metadata": metadata,
            "materials": self.dependencies.iter().map(material).collect::<Vec<_>>(),
        })
    }
}

/// Version 0.2 has no name for a commit but that of its hash function.
fn sha1_of(digest: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let name = |algorithm: &String, value: &String| match (algorithm.as_str(), value.len()) {
        ("gitCommit", 64) => "sha256".to_owned(),
        ("gitCommit", _) => "sha1".to_owned(),
        _ => algorithm.clone(),
    };
    digest.iter().map(|(algorithm, value)| (name(algorithm, value), value.clone())).collect()
}

fn put(object: &mut Value, name: &str, value: &impl Serialize, is_empty: bool) {
    if let (false, Some(fields), Ok(value)) =
        (is_empty, object.as_object_mut(), serde_json::to_value(value))
    {
        fields.insert(name.to_owned(), value);
    }
}

/// A source in git: its address with the reference, and the commit.
fn source(repository: &str, reference: &str, commit: &str) -> Resource {
    let at = if reference.is_empty() { String::new() } else { format!("@{reference}") };
    Resource {
        uri: format!("git+{repository}{at}"),
        digest: BTreeMap::from([("gitCommit".to_owned(), commit.to_owned())]),
        name: String::new(),
    }
}
