//! What BuildKit wrote of a build: provenance v0.2 or v1, in an image's attestation or in the file
//! of `buildx --metadata-file`.
//!
//! Names of build arguments and secrets are taken over, their values are not.
//!
//! Source: <https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md>.

use std::collections::BTreeMap;

use plimsoll_model::Timestamp;
use serde_json::{Map, Value, json};

use super::uri::without_credentials;
use super::{Build, Resource};
use crate::error::Error;
use crate::intoto::{STATEMENT_V0_1, STATEMENT_V1};
use crate::json;

/// The kinds of build that BuildKit does: of its v1 and its v0.2.
const BUILD_TYPES: &[&str] = &[
    "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
    "https://mobyproject.org/buildkit@v1",
];

/// What `buildx --metadata-file` calls provenance; the platform follows where there are several.
const METADATA: &str = "buildx.build.provenance";

/// Materials of one build; a large one has some hundred.
const MAX_MATERIALS: usize = 10_000;

/// Arguments and secrets that are named.
const MAX_NAMES: usize = 1000;

/// What BuildKit says of a build.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BuildKit {
    /// Images, repositories and files that went into it.
    pub materials: Vec<Resource>,
    /// How it was asked to build, without values that may be secret.
    pub request: Map<String, Value>,
    /// Who built, as it says itself.
    pub builder_id: String,
    /// Its name for this run.
    pub invocation_id: Option<String>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Option<Timestamp>,
}

impl BuildKit {
    /// Reads a predicate, a statement with one, or the file of `--metadata-file`; of the latter
    /// the build for `platform` where there are several.
    pub fn parse(bytes: &[u8], platform: Option<&str>) -> Result<Self, Error> {
        let document = json::value("BuildKit's provenance", bytes)?;
        let kind = document.get("_type").and_then(Value::as_str);
        if kind.is_some_and(|kind| [STATEMENT_V0_1, STATEMENT_V1].contains(&kind)) {
            return Self::of(document.get("predicate").unwrap_or(&Value::Null));
        }
        match metadata(&document, platform)? {
            Some(predicate) => Self::of(predicate),
            None => Self::of(&document),
        }
    }

    fn of(predicate: &Value) -> Result<Self, Error> {
        let definition = predicate.get("buildDefinition");
        let kind = definition.unwrap_or(predicate).get("buildType").and_then(Value::as_str);
        match kind {
            Some(kind) if BUILD_TYPES.contains(&kind) => {}
            Some(other) => {
                let found = format!("the kind of build `{}`", shown(other));
                return Err(Error::unsupported("BuildKit's provenance", found));
            }
            None => return Err(broken("it names no kind of build")),
        }
        match definition {
            Some(definition) => Self::v1(definition, predicate.get("runDetails")),
            None => Self::v0_2(predicate),
        }
    }

    fn v1(definition: &Value, details: Option<&Value>) -> Result<Self, Error> {
        let external = definition.get("externalParameters");
        let metadata = details.and_then(|it| it.get("metadata"));
        let field = |of: Option<&Value>, name: &str| of.and_then(|it| it.get(name)).cloned();
        let mut done = Self {
            materials: materials(definition.get("resolvedDependencies"))?,
            request: request(external.and_then(|it| it.get("request")))?,
            builder_id: text(details.and_then(|it| it.pointer("/builder/id"))),
            invocation_id: field(metadata, "invocationID")
                .or_else(|| field(metadata, "invocationId"))
                .and_then(|id| id.as_str().map(str::to_owned)),
            started: time(metadata, "startedOn"),
            finished: time(metadata, "finishedOn"),
        };
        done.config_source(external.and_then(|it| it.get("configSource")), "path");
        if let Some(platform) = definition.pointer("/internalParameters/builderPlatform") {
            done.request.insert("builderPlatform".into(), text(Some(platform)).into());
        }
        done.hermetic(metadata.and_then(|it| it.get("buildkit_hermetic")));
        Ok(done)
    }

    fn v0_2(predicate: &Value) -> Result<Self, Error> {
        let metadata = predicate.get("metadata");
        let invocation = predicate.get("invocation");
        let mut done = Self {
            materials: materials(predicate.get("materials"))?,
            request: request(invocation.and_then(|it| it.get("parameters")))?,
            builder_id: text(predicate.pointer("/builder/id")),
            invocation_id: metadata
                .and_then(|it| it.get("buildInvocationID"))
                .and_then(|id| id.as_str().map(str::to_owned)),
            started: time(metadata, "buildStartedOn"),
            finished: time(metadata, "buildFinishedOn"),
        };
        done.config_source(invocation.and_then(|it| it.get("configSource")), "entryPoint");
        if let Some(platform) = predicate.pointer("/invocation/environment/platform") {
            done.request.insert("builderPlatform".into(), text(Some(platform)).into());
        }
        done.hermetic(
            metadata.and_then(|it| it.get("https://mobyproject.org/buildkit@v1#hermetic")),
        );
        Ok(done)
    }

    fn config_source(&mut self, source: Option<&Value>, path: &str) {
        let Some(source) = source else { return };
        let uri = without_credentials(&text(source.get("uri")));
        if source.get("uri").is_some() && !uri.is_empty() {
            self.request.insert("source".into(), uri.into());
        }
        let path = text(source.get(path));
        if !path.is_empty() {
            self.request.insert("dockerfile".into(), path.into());
        }
    }

    fn hermetic(&mut self, value: Option<&Value>) {
        if let Some(Value::Bool(hermetic)) = value {
            self.request.insert("hermetic".into(), (*hermetic).into());
        }
    }

    /// Adds what BuildKit says to what is known of the build already. A material that is there is
    /// not added again.
    pub fn add_to(self, build: &mut Build) {
        for material in self.materials {
            let known = |it: &&Resource| it.uri == material.uri && it.digest == material.digest;
            if !build.dependencies.iter().any(|it| known(&it)) {
                build.dependencies.push(material);
            }
        }
        build.external.insert("buildkit".into(), Value::Object(self.request));
        let run = json!({"builder": self.builder_id, "invocation": self.invocation_id});
        build.internal.insert("buildkit".into(), run);
        build.started = build.started.or(self.started);
        build.finished = build.finished.or(self.finished);
    }

    /// What `wanted` has a digest for and no material has: a base image that the Dockerfile pins and
    /// the build did not use, for example.
    pub fn missing<'w>(&self, wanted: &'w [Resource]) -> Vec<&'w Resource> {
        let same = |want: &Resource| {
            self.materials.iter().any(|it| {
                want.digest.iter().all(|(algorithm, digest)| {
                    it.digest.get(algorithm).is_some_and(|found| found == digest)
                })
            })
        };
        wanted.iter().filter(|want| !want.digest.is_empty() && !same(want)).collect()
    }
}

/// The predicate in a file of `--metadata-file`.
fn metadata<'d>(document: &'d Value, platform: Option<&str>) -> Result<Option<&'d Value>, Error> {
    let Some(fields) = document.as_object() else { return Ok(None) };
    if let Some(only) = fields.get(METADATA) {
        return Ok(Some(only));
    }
    let of_platform = |name: &'d String| name.strip_prefix(METADATA)?.strip_prefix('/');
    let all: Vec<(&str, &Value)> =
        fields.iter().filter_map(|(name, value)| Some((of_platform(name)?, value))).collect();
    match (all.as_slice(), platform) {
        ([], _) => Ok(None),
        ([(_, only)], None) => Ok(Some(*only)),
        (all, Some(wanted)) => {
            let found = all.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
            found.map(Some).ok_or_else(|| broken(&format!("it has no build for {}", shown(wanted))))
        }
        (all, None) => {
            let names: Vec<String> = all.iter().take(20).map(|(name, _)| shown(name)).collect();
            Err(broken(&format!("it has several builds, name one: {}", names.join(", "))))
        }
    }
}

fn materials(list: Option<&Value>) -> Result<Vec<Resource>, Error> {
    let list = match list {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(broken("its materials are no list")),
    };
    if list.len() > MAX_MATERIALS {
        return Err(broken("more than 10,000 materials"));
    }
    let one = |it: &Value| {
        let digest: BTreeMap<String, String> = match it.get("digest") {
            None | Some(Value::Null) => BTreeMap::new(),
            Some(digest) => serde_json::from_value(digest.clone())
                .map_err(|_| broken("a material whose digests are no texts"))?,
        };
        let hex = |text: &String| !text.is_empty() && text.bytes().all(|it| it.is_ascii_hexdigit());
        if !digest.values().all(hex) {
            return Err(broken("a material whose digest is not hexadecimal"));
        }
        let uri = without_credentials(&text(it.get("uri")));
        Ok(Resource { uri, digest, name: text(it.get("name")) })
    };
    list.iter().map(one).collect()
}

/// Frontend, stage, platform; names of arguments, labels, secrets and contexts.
fn request(request: Option<&Value>) -> Result<Map<String, Value>, Error> {
    let mut done = Map::new();
    let Some(request) = request else { return Ok(done) };
    let frontend = text(request.get("frontend"));
    if !frontend.is_empty() {
        done.insert("frontend".into(), frontend.into());
    }
    let mut names: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    if let Some(arguments) = request.get("args").and_then(Value::as_object) {
        if arguments.len() > MAX_NAMES {
            return Err(broken("more than 1,000 arguments"));
        }
        for (name, value) in arguments {
            if let Some((kind, name)) = name.split_once(':') {
                let list = match kind {
                    "build-arg" => "buildArguments",
                    "label" => "labels",
                    "context" => "contexts",
                    _ => continue,
                };
                names.entry(list).or_default().push(shown(name).into());
            } else if ["target", "platform", "source", "cmdline"].contains(&name.as_str()) {
                // An image, a stage or a platform: none of them is a secret.
                done.insert(name.clone(), without_user(&text(Some(value))).into());
            }
        }
    }
    for (field, key) in [("secrets", "id"), ("ssh", "id"), ("locals", "name")] {
        let list = request.get(field).and_then(Value::as_array);
        for one in list.into_iter().flatten().take(MAX_NAMES) {
            names.entry(field).or_default().push(text(one.get(key)).into());
        }
    }
    done.extend(names.into_iter().map(|(name, list)| (name.to_owned(), Value::Array(list))));
    Ok(done)
}

/// A reference of an image, or an address that must lose its credentials.
fn without_user(text: &str) -> String {
    if text.contains("://") { without_credentials(text) } else { text.to_owned() }
}

fn time(metadata: Option<&Value>, name: &str) -> Option<Timestamp> {
    metadata?.get(name)?.as_str()?.parse().ok()
}

/// A text as it may be printed: without control characters, of at most 2,000 letters.
fn text(value: Option<&Value>) -> String {
    shown(value.and_then(Value::as_str).unwrap_or_default())
}

fn shown(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(2000).collect()
}

fn broken(why: &str) -> Error {
    Error::malformed("BuildKit's provenance", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v0_2() -> Value {
        json!({
            "builder": {"id": "https://github.com/o/r/actions/runs/1"},
            "buildType": "https://mobyproject.org/buildkit@v1",
            "materials": [
                {"uri": "pkg:docker/alpine@3.20?platform=linux%2Famd64", "digest": {"sha256": "ab"}},
                {"uri": "https://user:hunter22@github.com/o/r.git#refs/heads/main", "digest": {"sha1": "cd"}},
            ],
            "invocation": {
                "configSource": {"entryPoint": "Dockerfile"},
                "parameters": {
                    "frontend": "dockerfile.v0",
                    "args": {"build-arg:TOKEN": "hunter22", "label:a": "hunter22", "target": "release"},
                    "secrets": [{"id": "npmrc", "optional": true}],
                    "locals": [{"name": "context"}],
                },
                "environment": {"platform": "linux/amd64"},
            },
            "metadata": {
                "buildInvocationID": "abc", "buildStartedOn": "2024-01-02T03:04:05.6Z",
                "buildFinishedOn": "2024-01-02T03:05:05Z",
                "https://mobyproject.org/buildkit@v1#hermetic": false,
            },
        })
    }

    #[test]
    fn both_versions_say_the_same() {
        let v1 = json!({
            "buildDefinition": {
                "buildType": BUILD_TYPES[0],
                "externalParameters": {
                    "configSource": {"path": "Dockerfile"},
                    "request": v0_2()["invocation"]["parameters"],
                },
                "internalParameters": {"builderPlatform": "linux/amd64"},
                "resolvedDependencies": v0_2()["materials"],
            },
            "runDetails": {
                "builder": {"id": "https://github.com/o/r/actions/runs/1"},
                "metadata": {
                    "invocationID": "abc", "startedOn": "2024-01-02T03:04:05.6Z",
                    "finishedOn": "2024-01-02T03:05:05Z", "buildkit_hermetic": false,
                },
            },
        });
        let one = BuildKit::parse(v0_2().to_string().as_bytes(), None).unwrap();
        let other = BuildKit::parse(v1.to_string().as_bytes(), None).unwrap();
        assert_eq!(one, other);
        assert_eq!(one.materials[1].uri, "https://github.com/o/r.git#refs/heads/main");
        assert_eq!(
            Value::Object(one.request.clone()),
            json!({
                "frontend": "dockerfile.v0", "target": "release", "buildArguments": ["TOKEN"],
                "labels": ["a"], "secrets": ["npmrc"], "locals": ["context"],
                "dockerfile": "Dockerfile", "builderPlatform": "linux/amd64", "hermetic": false,
            })
        );
        assert!(!format!("{one:?}").contains("hunter22"), "values stay where they are");
    }

    #[test]
    fn a_metadata_file_gives_the_build_of_the_platform() {
        let file = json!({
            "buildx.build.provenance/linux/amd64": v0_2(),
            "buildx.build.provenance/linux/arm64": {"buildType": "x"},
            "containerimage.digest": "sha256:00",
        });
        let bytes = file.to_string().into_bytes();
        assert!(BuildKit::parse(&bytes, Some("linux/amd64")).is_ok());
        let several = BuildKit::parse(&bytes, None).unwrap_err().to_string();
        assert!(several.contains("linux/amd64, linux/arm64"), "{several}");
        let other = BuildKit::parse(&bytes, Some("linux/arm64")).unwrap_err().to_string();
        assert!(other.contains("the kind of build `x`"), "{other}");
        let only = json!({"buildx.build.provenance": v0_2()}).to_string();
        assert!(BuildKit::parse(only.as_bytes(), None).is_ok());
    }

    #[test]
    fn what_a_dockerfile_pins_must_be_among_the_materials() {
        let known = BuildKit::parse(v0_2().to_string().as_bytes(), None).unwrap();
        let pinned = |hex: &str| Resource {
            uri: "pkg:docker/alpine".into(),
            digest: BTreeMap::from([("sha256".to_owned(), hex.to_owned())]),
            name: String::new(),
        };
        assert!(known.missing(&[pinned("ab")]).is_empty());
        assert_eq!(known.missing(&[pinned("ff")]).len(), 1);
    }

    #[test]
    fn damage_is_an_error_with_its_reason() {
        for (document, said) in [
            ("{", "EOF"),
            ("{}", "names no kind of build"),
            (r#"{"buildType":"https://mobyproject.org/buildkit@v1","materials":1}"#, "no list"),
            (
                r#"{"buildType":"https://mobyproject.org/buildkit@v1","materials":[{"digest":{"sha256":"zz"}}]}"#,
                "not hexadecimal",
            ),
        ] {
            let error = BuildKit::parse(document.as_bytes(), None).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(at in 0_usize..900, byte in proptest::num::u8::ANY) {
            let mut bytes = v0_2().to_string().into_bytes();
            if let Some(slot) = bytes.get_mut(at) {
                *slot = byte;
            }
            let _ = BuildKit::parse(&bytes, None);
            bytes.truncate(at);
            let _ = BuildKit::parse(&bytes, None);
        }
    }
}
