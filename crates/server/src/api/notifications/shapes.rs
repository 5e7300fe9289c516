//! The words of each registry: a new one is a function here and a line in [`ALL`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_model::Reference;
use serde_json::{Value, json};

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
    Shape { name: "acr", read: acr },
    Shape { name: "distribution", read: distribution },
    Shape { name: "dockerhub", read: dockerhub },
    Shape { name: "ecr", read: ecr },
    Shape { name: "gar", read: gar },
    Shape { name: "ghcr", read: ghcr },
    Shape { name: "harbor", read: harbor },
    Shape { name: "quay", read: quay },
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
        match self.host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => &self.host,
        }
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

/// Whether what was pushed is an image, and not a layer of one.
fn is_manifest(media_type: &str) -> bool {
    media_type.contains(".manifest.") || media_type.contains(".index.")
}

/// `application/vnd.docker.distribution.events.v2+json`.
fn distribution(value: &Value) -> std::result::Result<Heard, String> {
    if value.get("events").and_then(Value::as_array).is_none() {
        return Err("it has no `events`".into());
    }
    let pushed = |event: &Value| {
        if text(event, &["action"]) != "push"
            || !is_manifest(&text(event, &["target", "mediaType"]))
        {
            return None;
        }
        let url = text(event, &["target", "url"]);
        let authority = url.split_once("://").and_then(|(_, rest)| rest.split('/').next());
        let host = authority.filter(|it| !it.is_empty()).map(str::to_owned);
        Some(Pushed {
            host: host.unwrap_or_else(|| text(event, &["request", "host"])),
            repository: text(event, &["target", "repository"]),
            tag: text(event, &["target", "tag"]),
            digest: text(event, &["target", "digest"]),
        })
    };
    Ok(Heard { pushed: list(value, &["events"]).iter().filter_map(pushed).collect(), reply: None })
}

/// Harbor's webhook, in its own form or as a `CloudEvent`.
fn harbor(value: &Value) -> std::result::Result<Heard, String> {
    let kind = text(value, &["type"]);
    let data = value.get("event_data").or_else(|| value.get("data"));
    let Some(data) = data.filter(|_| !kind.is_empty()) else {
        return Err("it has no `type` with `event_data`".into());
    };
    if kind != "PUSH_ARTIFACT" && kind != "harbor.artifact.pushed" {
        return Ok(Heard::default());
    }
    let pushed = |resource: &Value| {
        let mut pushed = named(&text(resource, &["resource_url"]))?;
        pushed.digest = text(resource, &["digest"]);
        let tag = text(resource, &["tag"]);
        // What has no tag is named by its digest there.
        pushed.tag = if tag.contains(':') { String::new() } else { tag };
        let full = text(data, &["repository", "repo_full_name"]);
        if !full.is_empty() {
            pushed.repository = full;
        }
        Some(pushed)
    };
    Ok(Heard {
        pushed: list(data, &["resources"]).iter().filter_map(pushed).collect(),
        reply: None,
    })
}

/// Quay names tags, and no digest.
fn quay(value: &Value) -> std::result::Result<Heard, String> {
    let url = text(value, &["docker_url"]);
    let Some((host, repository)) = url.split_once('/') else {
        return Err("it has no `docker_url`".into());
    };
    // Its other notifications, of builds and of weaknesses, have no such list.
    let tags = list(value, &["updated_tags"]).iter().filter_map(Value::as_str);
    let pushed = |tag: &str| Pushed {
        host: host.into(),
        repository: repository.into(),
        tag: tag.into(),
        digest: String::new(),
    };
    Ok(Heard { pushed: tags.map(pushed).collect(), reply: None })
}

/// GitHub's event `registry_package`, which was `package` before.
fn ghcr(value: &Value) -> std::result::Result<Heard, String> {
    if value.get("zen").is_some() {
        return Ok(Heard { reply: Some(json!({"heard": true})), ..Heard::default() });
    }
    let package = value.get("registry_package").or_else(|| value.get("package"));
    let Some(package) = package else { return Err("it has no `registry_package`".into()) };
    let is_image = text(package, &["package_type"]).eq_ignore_ascii_case("container");
    if !is_image || !matches!(text(value, &["action"]).as_str(), "published" | "updated") {
        return Ok(Heard::default());
    }
    let version = package.get("package_version").unwrap_or(&Value::Null);
    let said = text(version, &["package_url"]);
    let digest =
        [text(version, &["version"]), text(version, &["container_metadata", "tag", "digest"])];
    let digest = digest.into_iter().find(|it| it.starts_with("sha256:")).unwrap_or_default();
    let mut pushed = named(said.trim_start_matches("https://")).unwrap_or_else(|| Pushed {
        host: "ghcr.io".into(),
        repository: format!("{}/{}", text(package, &["namespace"]), text(package, &["name"])),
        ..Pushed::default()
    });
    pushed.repository = pushed.repository.to_lowercase();
    pushed.tag = text(version, &["container_metadata", "tag", "name"]);
    pushed.digest = digest;
    Ok(Heard { pushed: vec![pushed], reply: None })
}

/// Amazon's event `ECR Image Action`, by `EventBridge` alone or by SNS.
fn ecr(value: &Value) -> std::result::Result<Heard, String> {
    if let Some(message) = value.get("Message").and_then(Value::as_str) {
        if text(value, &["Type"]) != "Notification" {
            return Ok(Heard::default());
        }
        let inner: Value = serde_json::from_str(message).map_err(|error| error.to_string())?;
        // Only once: nobody wraps twice.
        return if inner.get("Message").is_some() {
            Err("it is wrapped twice".into())
        } else {
            ecr(&inner)
        };
    }
    if text(value, &["source"]) != "aws.ecr" {
        return Err("its `source` is not `aws.ecr`".into());
    }
    let detail = |name: &str| text(value, &["detail", name]);
    if detail("action-type") != "PUSH" || detail("result") != "SUCCESS" {
        return Ok(Heard::default());
    }
    let region = text(value, &["region"]);
    let end = if region.starts_with("cn-") { ".cn" } else { "" };
    let pushed = Pushed {
        host: format!("{}.dkr.ecr.{region}.amazonaws.com{end}", text(value, &["account"])),
        repository: detail("repository-name"),
        tag: detail("image-tag"),
        digest: detail("image-digest"),
    };
    Ok(Heard { pushed: vec![pushed], reply: None })
}

/// Azure's webhook, or its events by Event Grid.
fn acr(value: &Value) -> std::result::Result<Heard, String> {
    if let Some(events) = value.as_array() {
        let mut heard = Heard::default();
        for event in events {
            match text(event, &["eventType"]).as_str() {
                "Microsoft.EventGrid.SubscriptionValidationEvent" => {
                    let code = text(event, &["data", "validationCode"]);
                    heard.reply = Some(json!({"validationResponse": code}));
                }
                "Microsoft.ContainerRegistry.ImagePushed" => {
                    heard.pushed.extend(acr_one(event.get("data").unwrap_or(&Value::Null)));
                }
                _ => {}
            }
        }
        return Ok(heard);
    }
    if text(value, &["action"]) == "ping" {
        return Ok(Heard::default());
    }
    if value.get("target").is_none() {
        return Err("it has no `target`".into());
    }
    Ok(Heard { pushed: acr_one(value).into_iter().collect(), reply: None })
}

fn acr_one(value: &Value) -> Option<Pushed> {
    if text(value, &["action"]) != "push" {
        return None;
    }
    Some(Pushed {
        host: text(value, &["request", "host"]),
        repository: text(value, &["target", "repository"]),
        tag: text(value, &["target", "tag"]),
        digest: text(value, &["target", "digest"]),
    })
}

/// Google's message by Pub/Sub, as it pushes it.
fn gar(value: &Value) -> std::result::Result<Heard, String> {
    let data = text(value, &["message", "data"]);
    let inner = if data.is_empty() {
        value.clone()
    } else {
        let bytes = STANDARD.decode(data).map_err(|error| error.to_string())?;
        serde_json::from_slice(&bytes).map_err(|error| error.to_string())?
    };
    match text(&inner, &["action"]).as_str() {
        "INSERT" => {}
        "" => return Err("it has no `action`".into()),
        _ => return Ok(Heard::default()),
    }
    let (digest, tag) = (text(&inner, &["digest"]), text(&inner, &["tag"]));
    let mut pushed = named(&digest).or_else(|| named(&tag)).ok_or("it names no image")?;
    if let Some(tagged) = named(&tag) {
        pushed.tag = tagged.tag;
    }
    Ok(Heard { pushed: vec![pushed], reply: None })
}

/// Docker Hub names a tag, and no digest.
fn dockerhub(value: &Value) -> std::result::Result<Heard, String> {
    let repository = text(value, &["repository", "repo_name"]);
    if repository.is_empty() {
        return Err("it has no `repository`".into());
    }
    let pushed = Pushed {
        host: "docker.io".into(),
        repository,
        tag: text(value, &["push_data", "tag"]),
        digest: String::new(),
    };
    Ok(Heard { pushed: vec![pushed], reply: None })
}

#[cfg(test)]
mod tests {
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
