//! The words of each registry: a new one is a file with a function `read`, and a line in [`ALL`].

mod acr;
mod distribution;
mod dockerhub;
mod ecr;
mod gar;
mod ghcr;
mod harbor;
mod quay;

use plimsoll_model::Reference;
use serde_json::Value;

use crate::error::{Error, Result};

/// What a kind of registry sends.
#[derive(Debug)]
pub struct Shape {
    /// As it stands in the address.
    pub name: &'static str,
    read: fn(&Value) -> std::result::Result<Heard, String>,
}

/// An image that was pushed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pushed {
    /// The registry, with its port where it has one.
    pub host: String,
    /// The repository in it.
    pub repository: String,
    /// A tag; empty where none is named.
    pub tag: String,
    /// Digest of the manifest; empty where none is named.
    pub digest: String,
}

/// What a notification says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Heard {
    /// What was pushed; nothing where it is about something else.
    pub pushed: Vec<Pushed>,
    /// What the registry wants to be answered, where it only asks whether anybody is there.
    pub reply: Option<Value>,
}

/// The registry.
pub static ALL: [Shape; 8] = [
    Shape { name: "acr", read: acr::read },
    Shape { name: "distribution", read: distribution::read },
    Shape { name: "dockerhub", read: dockerhub::read },
    Shape { name: "ecr", read: ecr::read },
    Shape { name: "gar", read: gar::read },
    Shape { name: "ghcr", read: ghcr::read },
    Shape { name: "harbor", read: harbor::read },
    Shape { name: "quay", read: quay::read },
];

impl Shape {
    /// What a body says.
    ///
    /// # Errors
    /// Where it is no notification of this kind.
    pub fn read(&self, body: &[u8]) -> std::result::Result<Heard, String> {
        let value: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        (self.read)(&value)
            .map_err(|why| format!("it is no notification of `{}`: {why}", self.name))
    }
}

impl Pushed {
    /// What is to be read.
    ///
    /// # Errors
    /// [`Error::Refused`] where it is no reference.
    pub fn reference(&self) -> Result<String> {
        let tag = if self.tag.is_empty() { String::new() } else { format!(":{}", self.tag) };
        let digest =
            if self.digest.is_empty() { String::new() } else { format!("@{}", self.digest) };
        let text = format!("registry:{}/{}{tag}{digest}", self.host, self.repository);
        match text.parse::<Reference>() {
            Ok(_) => Ok(text),
            Err(error) => Err(Error::Refused(format!("`{text}`: {error}"))),
        }
    }

    /// The registry without its port.
    pub fn host_name(&self) -> &str {
        crate::outward::host_name(&self.host)
    }
}

fn text(value: &Value, path: &[&str]) -> String {
    let found = path.iter().try_fold(value, |at, name| at.get(*name));
    found.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list<'v>(value: &'v Value, path: &[&str]) -> &'v [Value] {
    let found = path.iter().try_fold(value, |at, name| at.get(*name));
    found.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// `HOST/REPOSITORY:TAG@DIGEST`, of which tag and digest may be missing.
fn named(name: &str) -> Option<Pushed> {
    let (name, digest) = name.split_once('@').unwrap_or((name, ""));
    let (host, rest) = name.split_once('/')?;
    let (repository, tag) = rest.rsplit_once(':').unwrap_or((rest, ""));
    Some(Pushed {
        host: host.into(),
        repository: repository.into(),
        tag: tag.into(),
        digest: digest.into(),
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;

    fn heard(kind: &str, value: &Value) -> Vec<String> {
        let shape = ALL.iter().find(|shape| shape.name == kind).unwrap();
        let heard = shape.read(value.to_string().as_bytes()).unwrap();
        heard.pushed.iter().map(|pushed| pushed.reference().unwrap()).collect()
    }

    fn digest() -> String {
        format!("sha256:{:064}", 5)
    }

    #[test]
    fn each_registry_is_understood_in_its_own_words() {
        let digest = digest();
        let target = json!({"mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "digest": digest, "repository": "team/shop", "tag": "1"});
        let cases = [
            (
                "harbor",
                json!({"type": "PUSH_ARTIFACT", "occur_at": 1_586_922_308, "operator": "admin",
                "event_data": {"resources": [{"digest": digest, "tag": "1",
                    "resource_url": "hub.example.com/team/shop:1"}],
                    "repository": {"name": "shop", "namespace": "team", "repo_full_name": "team/shop"}}}),
                "hub.example.com/team/shop:1",
            ),
            (
                "harbor",
                json!({"specversion": "1.0", "type": "harbor.artifact.pushed", "data": {
                "resources": [{"digest": digest, "tag": "1", "resource_url": "hub.example.com/team/shop:1"}],
                "repository": {"repo_full_name": "team/shop"}}}),
                "hub.example.com/team/shop:1",
            ),
            (
                "ghcr",
                json!({"action": "published", "registry_package": {"name": "shop", "namespace": "Team",
                "package_type": "CONTAINER", "package_version": {"version": digest,
                "package_url": "ghcr.io/Team/shop:1", "container_metadata": {"tag": {"name": "1"}}}}}),
                "ghcr.io/team/shop:1",
            ),
            (
                "ecr",
                json!({"source": "aws.ecr", "account": "123456789012", "region": "eu-west-1",
                "detail-type": "ECR Image Action", "detail": {"result": "SUCCESS", "action-type": "PUSH",
                "repository-name": "team/shop", "image-digest": digest, "image-tag": "1"}}),
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/shop:1",
            ),
            (
                "acr",
                json!({"action": "push", "target": target, "request": {"host": "mine.azurecr.io"}}),
                "mine.azurecr.io/team/shop:1",
            ),
            (
                "acr",
                json!([{"eventType": "Microsoft.ContainerRegistry.ImagePushed", "data":
                {"action": "push", "target": target, "request": {"host": "mine.azurecr.io"}}}]),
                "mine.azurecr.io/team/shop:1",
            ),
            (
                "gar",
                json!({"message": {"messageId": "1", "data": STANDARD.encode(json!({"action": "INSERT",
                "digest": format!("europe-docker.pkg.dev/p/team/shop@{digest}"),
                "tag": "europe-docker.pkg.dev/p/team/shop:1"}).to_string())}}),
                "europe-docker.pkg.dev/p/team/shop:1",
            ),
            (
                "distribution",
                json!({"events": [{"action": "push", "target": target,
                "request": {"host": "127.0.0.1:5000"}}, {"action": "pull", "target": target},
                {"action": "push", "target": {"mediaType": "application/octet-stream"}}]}),
                "127.0.0.1:5000/team/shop:1",
            ),
        ];
        for (kind, value, name) in cases {
            assert_eq!(heard(kind, &value), [format!("registry:{name}@{digest}")], "{kind}");
        }
        let quay = json!({"name": "repository", "repository": "team/shop", "docker_url": "quay.io/team/shop",
            "updated_tags": ["1", "2"]});
        assert_eq!(
            heard("quay", &quay),
            ["registry:quay.io/team/shop:1", "registry:quay.io/team/shop:2"]
        );
        let hub = json!({"push_data": {"tag": "1"}, "repository": {"repo_name": "team/shop"}});
        assert_eq!(heard("dockerhub", &hub), ["registry:docker.io/team/shop:1"]);
    }

    #[test]
    fn what_is_about_something_else_is_heard_and_nothing_is_done() {
        for (kind, value) in [
            ("harbor", json!({"type": "DELETE_ARTIFACT", "event_data": {"resources": [{}]}})),
            (
                "ecr",
                json!({"source": "aws.ecr", "detail": {"action-type": "DELETE", "result": "SUCCESS"}}),
            ),
            ("acr", json!({"action": "ping"})),
            ("gar", json!({"action": "DELETE", "digest": "a/b@c"})),
            ("quay", json!({"docker_url": "quay.io/a/b", "build_id": "1"})),
            ("ghcr", json!({"action": "published", "package": {"package_type": "npm"}})),
        ] {
            assert!(heard(kind, &value).is_empty(), "{kind}");
        }
        let shape = ALL.iter().find(|shape| shape.name == "acr").unwrap();
        let asks = json!([{"eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
            "data": {"validationCode": "42"}}]);
        let heard = shape.read(asks.to_string().as_bytes()).unwrap();
        assert_eq!(heard.reply, Some(json!({"validationResponse": "42"})));
        for shape in &ALL {
            assert!(shape.read(b"{}").is_err(), "{}", shape.name);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in r#"([\[\]{}":,a-z/@ ]|"events"|"target"|"data"|\PC){0,60}"#, name in ".*") {
            for shape in &ALL {
                if let Ok(heard) = shape.read(text.as_bytes()) {
                    heard.pushed.iter().for_each(|pushed| drop(pushed.reference()));
                }
            }
            if let Some(pushed) = named(&name) {
                let _ = (pushed.reference(), pushed.host_name());
            }
        }
    }
}
