//! What reports say of the image that they are about.

use plimsoll_model::ImageName;
use serde_json::{Value, json};

use super::definition::{Field, Shape, field};

/// The largest report that is written, in bytes. The API server takes 3 MiB and etcd 1.5 MiB.
pub const MAX_REPORT: usize = 1 << 20;

pub(super) const REGISTRY: Field = field(
    "registry",
    Shape::Object(&[field("server", Shape::Text, "Its host.").optional()]),
    "Where the image comes from.",
)
.optional();

pub(super) const ARTIFACT: Field = field(
    "artifact",
    Shape::Object(&[
        field("repository", Shape::Text, "").optional(),
        field("digest", Shape::Text, "").optional(),
        field("tag", Shape::Text, "").optional(),
        field("mimeType", Shape::Text, "").optional(),
    ]),
    "The image.",
);

/// An image by its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Artifact {
    /// `index.docker.io`.
    pub registry: String,
    /// `library/nginx`.
    pub repository: String,
    /// `1.27`; empty where a digest alone is known.
    pub tag: String,
    /// `sha256:…`; empty where it is not known.
    pub digest: String,
}

impl Artifact {
    /// Of the name that a container has it by, and the digest that runs.
    pub fn new(name: &str, digest: Option<&str>) -> Self {
        let Ok(parsed) = name.parse::<ImageName>() else {
            return Self { repository: name.to_owned(), ..Self::default() };
        };
        // As trivy-operator calls Docker's registry.
        let registry = match parsed.registry() {
            "docker.io" => "index.docker.io",
            other => other,
        };
        let written = parsed.digest().map(ToString::to_string);
        Self {
            registry: registry.to_owned(),
            repository: parsed.repository().to_owned(),
            tag: parsed.tag().unwrap_or_default().to_owned(),
            digest: digest.map(str::to_owned).or(written).unwrap_or_default(),
        }
    }

    /// Registry, repository, tag and digest.
    pub fn parts(&self) -> [String; 4] {
        let Self { registry, repository, tag, digest } = self.clone();
        [registry, repository, tag, digest]
    }

    /// The fields of a report.
    pub(super) fn fields(&self) -> (Value, Value) {
        let mut artifact = json!({ "repository": self.repository });
        if let Value::Object(fields) = &mut artifact {
            for (name, value) in [("tag", &self.tag), ("digest", &self.digest)] {
                if !value.is_empty() {
                    fields.insert(name.into(), value.clone().into());
                }
            }
        }
        (json!({ "server": self.registry }), artifact)
    }
}
