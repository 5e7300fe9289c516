//! What is told of a container, as the container plugin of Falco writes it.

use serde_json::json;

use super::report::Container;
use crate::syscall::image_parts;

/// How many characters of a container's number captures know it by.
const SHOWN: usize = 12;
/// The captures' numbers of runtimes: `container_type` of falcosecurity/libs.
const RUNTIMES: [(&str, u64); 5] =
    [("docker", 0), ("cri", 6), ("containerd", 7), ("cri-o", 8), ("podman", 11)];

/// A number of a container as long as runtimes make them: control groups are known by that.
pub(super) fn full(id: &str) -> String {
    let kept: String = id.chars().filter(char::is_ascii_hexdigit).take(64).collect();
    format!("{kept:0<64}")
}

/// What the container plugin would say: its `Container` in `pkg/event`.
pub(super) fn described(container: &Container) -> serde_json::Value {
    let (repository, tag, digest) = image_parts(&container.image);
    let digest = if container.digest.is_empty() { digest } else { &container.digest };
    let mut labels: serde_json::Map<String, serde_json::Value> =
        container.labels.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    for (key, value) in [
        ("io.kubernetes.pod.name", &container.pod),
        ("io.kubernetes.pod.namespace", &container.namespace),
        ("io.kubernetes.pod.uid", &container.pod_uid),
    ] {
        if !value.is_empty() {
            labels.insert(key.to_owned(), json!(value));
        }
    }
    let kind = RUNTIMES.iter().find(|(name, _)| *name == container.runtime).map_or(0, |it| it.1);
    let id = full(&container.id);
    json!({ "container": {
        "id": id.get(..SHOWN),
        "full_id": id,
        "type": kind,
        "name": container.name,
        "image": container.image,
        "imagerepo": repository,
        "imagetag": tag,
        "imagedigest": digest,
        "labels": labels,
    }})
}
