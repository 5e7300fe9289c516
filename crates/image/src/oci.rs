//! Manifests, indexes and configurations, as far as an inventory needs them.
//!
//! Source: <https://github.com/opencontainers/image-spec>, and Docker's image manifest version 2,
//! schema 2, whose fields have the same names.

use plimsoll_model::{Artifact, Digest, Layer, Platform, RunConfig as Run, Timestamp};
use serde::{Deserialize, Serialize};

/// A pointer to a blob.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the blob is.
    #[serde(default)]
    pub media_type: String,
    /// What the manifest that it points to is for, where it is not an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    #[serde(default)]
    pub size: u64,
    /// For which machine, in an index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<IndexPlatform>,
    /// Where else the blob may be had: a foreign layer is not in the registry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Annotations; the name of an image in a layout is one.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub annotations: std::collections::BTreeMap<String, String>,
}

impl Descriptor {
    /// A pointer that says no more than it must.
    pub fn new(media_type: String, digest: Digest, size: u64) -> Self {
        Self {
            media_type,
            artifact_type: None,
            digest,
            size,
            platform: None,
            urls: Vec::new(),
            annotations: std::collections::BTreeMap::new(),
        }
    }

    /// Whether the blob need not be where the manifest is: its licence forbids that others hand
    /// it on.
    pub fn is_foreign(&self) -> bool {
        self.media_type.contains(".foreign.")
            || self.media_type.contains(".nondistributable.")
            || !self.urls.is_empty()
    }
}

/// The platform of an index entry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct IndexPlatform {
    /// `linux`; `unknown` for attestations.
    #[serde(default)]
    pub os: String,
    /// `amd64`.
    #[serde(default)]
    pub architecture: String,
    /// `v8`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl IndexPlatform {
    /// Whether an image for this platform runs where `wanted` is asked for.
    pub fn fits(&self, wanted: &Platform) -> bool {
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (wanted.variant.is_none() || self.variant == wanted.variant)
    }
}

/// An index of manifests, or a manifest: whichever of the two it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// 2; the first schema is another format.
    #[serde(default)]
    pub schema_version: u32,
    /// Manifests of an index.
    #[serde(default)]
    pub manifests: Vec<Descriptor>,
    /// Configuration of a manifest.
    pub config: Option<Descriptor>,
    /// Layers of a manifest, bottom first.
    #[serde(default)]
    pub layers: Vec<Descriptor>,
    /// What a manifest that is no image is for.
    pub artifact_type: Option<String>,
    /// What a manifest hangs on.
    pub subject: Option<Descriptor>,
    /// Annotations of the whole.
    #[serde(default)]
    pub annotations: std::collections::BTreeMap<String, String>,
}

/// An image's configuration.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Config {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    variant: Option<String>,
    created: Option<String>,
    #[serde(rename = "config")]
    run: Option<RunConfig>,
    #[serde(default)]
    history: Option<Vec<History>>,
    #[serde(default)]
    rootfs: RootFs,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RunConfig {
    user: Option<String>,
    env: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    working_dir: Option<String>,
    shell: Option<Vec<String>>,
    labels: Option<std::collections::BTreeMap<String, String>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Vec<Digest>,
}

#[derive(Debug, Clone, Deserialize)]
struct History {
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    empty_layer: bool,
}

impl Config {
    /// How a container runs unless told otherwise.
    pub fn run(&self) -> Run {
        let run = self.run.clone().unwrap_or_default();
        Run {
            user: run.user.unwrap_or_default(),
            workdir: run.working_dir.unwrap_or_default(),
            entrypoint: run.entrypoint.unwrap_or_default(),
            cmd: run.cmd.unwrap_or_default(),
            env: run.env.unwrap_or_default(),
            shell: run.shell.unwrap_or_default(),
        }
    }

    /// When the image was made.
    pub fn created(&self) -> Option<Timestamp> {
        self.created.as_deref().and_then(|text| text.parse().ok())
    }

    /// Fills in what the configuration says of the image.
    pub fn describe(&self, artifact: &mut Artifact) {
        let run = self.run.clone().unwrap_or_default();
        artifact.created = self.created();
        artifact.platform = (!self.os.is_empty()).then(|| Platform {
            os: self.os.clone(),
            architecture: self.architecture.clone(),
            variant: self.variant.clone(),
        });
        artifact.user = run.user.unwrap_or_default();
        artifact.env = run.env.unwrap_or_default();
        artifact.command = run.entrypoint.into_iter().chain(run.cmd).flatten().collect();
        artifact.labels = run.labels.unwrap_or_default().into_iter().collect();
    }

    /// Gives each layer its diff id and the instruction that made it; what is odd about them is
    /// returned.
    pub fn describe_layers(&self, layers: &mut [Layer]) -> Option<String> {
        for (layer, diff_id) in layers.iter_mut().zip(&self.rootfs.diff_ids) {
            layer.diff_id = Some(diff_id.clone());
        }
        let history = self.history.as_deref().unwrap_or_default();
        let mut steps: Vec<&History> = history.iter().filter(|step| !step.empty_layer).collect();
        if steps.len() > layers.len() {
            // Some builders do not say which steps made no layer.
            steps.retain(|step| !step.only_configures());
        }
        if steps.len() == layers.len() {
            for (layer, step) in layers.iter_mut().zip(steps) {
                layer.created_by.clone_from(&step.created_by);
            }
        } else if !history.is_empty() {
            return Some(format!(
                "the history has {} steps for {} layers: which made which is not known",
                steps.len(),
                layers.len()
            ));
        }
        let stated = self.rootfs.diff_ids.len();
        (stated != layers.len()).then(|| {
            format!("the configuration lists {stated} layers, the manifest {}", layers.len())
        })
    }

    /// The diff id of the layer at `index`.
    pub(crate) fn diff_id(&self, index: usize) -> Option<&Digest> {
        self.rootfs.diff_ids.get(index)
    }
}

impl History {
    /// Whether the instruction is one that makes no layer.
    fn only_configures(&self) -> bool {
        const INSTRUCTIONS: [&str; 13] = [
            "ARG",
            "CMD",
            "ENTRYPOINT",
            "ENV",
            "EXPOSE",
            "HEALTHCHECK",
            "LABEL",
            "MAINTAINER",
            "ONBUILD",
            "SHELL",
            "STOPSIGNAL",
            "USER",
            "VOLUME",
        ];
        let step = self.created_by.trim_start_matches("/bin/sh -c #(nop)").trim_start();
        let word = step.split_whitespace().next().unwrap_or_default();
        INSTRUCTIONS.contains(&word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(history: &str, layers: usize) -> (Vec<String>, Option<String>) {
        let ids = vec![format!("sha256:{}", "0".repeat(64)); layers];
        let config = serde_json::json!({
            "history": serde_json::from_str::<serde_json::Value>(history).unwrap(),
            "rootfs": {"diff_ids": ids},
        });
        let config: Config = serde_json::from_value(config).unwrap();
        let layer = Layer {
            digest: None,
            diff_id: None,
            created_by: String::new(),
            size: 0,
            media_type: String::new(),
        };
        let mut layers = vec![layer; layers];
        let odd = config.describe_layers(&mut layers);
        (layers.into_iter().map(|layer| layer.created_by).collect(), odd)
    }

    #[test]
    fn steps_without_a_layer_are_passed_over() {
        let history = r#"[{"created_by":"ADD a"},{"created_by":"ENV a=b","empty_layer":true},{"created_by":"RUN b"}]"#;
        assert_eq!(described(history, 2), (vec!["ADD a".into(), "RUN b".into()], None));
    }

    #[test]
    fn steps_that_cannot_make_a_layer_are_known_where_no_one_says_so() {
        let history = r#"[{"created_by":"/bin/sh -c #(nop) ADD a"},
            {"created_by":"/bin/sh -c #(nop)  CMD [sh]"},{"created_by":"RUN b"}]"#;
        let (made_by, odd) = described(history, 2);
        assert_eq!(made_by, ["/bin/sh -c #(nop) ADD a", "RUN b"]);
        assert_eq!(odd, None);
    }

    #[test]
    fn a_history_that_does_not_fit_is_told_and_not_guessed_at() {
        let (made_by, odd) = described(r#"[{"created_by":"RUN a"}]"#, 2);
        assert_eq!(made_by, ["", ""]);
        assert_eq!(
            odd.unwrap(),
            "the history has 1 steps for 2 layers: which made which is not known"
        );
        assert_eq!(described("null", 1), (vec![String::new()], None));
    }
}
