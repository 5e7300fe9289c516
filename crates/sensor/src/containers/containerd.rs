//! containerd's own account of its containers, by its gRPC interface: what Kubernetes, Docker, nerdctl and
//! `ctr` have made, in a namespace each.
//!
//! Messages after `api/services/{containers,images,namespaces}/v1` of containerd/containerd; what is told
//! after `pkg/container/containerd.go` of the container plugin.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use plimsoll_runtime::syscall::image_parts;
use serde_json::{Value, json};

use super::grpc::Session;
use super::{Description, LISTED, LISTING, Runtime, SHOWN, is_id, known_labels, without_nulls};

const LIST: &str = "containerd.services.containers.v1.Containers/List";
const NAMESPACES: &str = "containerd.services.namespaces.v1.Namespaces/List";
const IMAGE: &str = "containerd.services.images.v1.Images/Get";
/// The number that the container plugin has for it.
const KIND: u64 = 7;
/// The most namespaces.
const MOST_NAMESPACES: usize = 64;
/// Docker's, of which it tells more itself.
const DOCKERS: &str = "moby";

/// A containerd by its socket.
#[derive(Debug)]
pub(super) struct Containerd(pub(super) PathBuf);

impl Runtime for Containerd {
    fn find(&self, id: &str, within: Duration) -> Option<String> {
        let mut session = Session::open(&self.0, within)?;
        // What has `%` or `"` in it would be another question.
        let filter = is_id(id).then(|| format!("id~=\"^{}\"", id.replace('.', "\\\\.")))?;
        namespaces(&mut session)?.iter().find_map(|namespace| {
            let filters = Filters { filters: vec![filter.clone()] };
            let mut list = session.list::<Container>(LIST, Some(namespace), &filters)?;
            let container = list.find(|it| it.id == id || it.id.get(..SHOWN) == Some(id))?;
            Some(described(&container, digest(&mut session, namespace, &container)).to_string())
        })
    }

    fn all(&self) -> Vec<Description> {
        let Some(mut session) = Session::open(&self.0, LISTING) else { return Vec::new() };
        let mut found = Vec::new();
        for namespace in namespaces(&mut session).unwrap_or_default() {
            let list = session.list::<Container>(LIST, Some(&namespace), &Filters::default());
            for container in list.into_iter().flatten() {
                if found.len() >= LISTED || session.is_late() {
                    return found;
                }
                let id = container.id.get(..SHOWN).unwrap_or(&container.id).to_owned();
                let digest = digest(&mut session, &namespace, &container);
                let json = Some(described(&container, digest).to_string());
                found.push(Description { id, json, removed: false });
            }
        }
        found
    }
}

fn namespaces(session: &mut Session) -> Option<Vec<String>> {
    let list = session.list::<Namespace>(NAMESPACES, None, &Filters::default())?;
    let names = list.map(|it| it.name).filter(|name| name != DOCKERS && is_id(name));
    Some(names.take(MOST_NAMESPACES).collect())
}

fn digest(session: &mut Session, namespace: &str, container: &Container) -> Option<String> {
    let question = ImageName { name: container.image.clone() };
    let answer: ImageAnswer = session.ask(IMAGE, Some(namespace), &question)?;
    Some(answer.image?.target?.digest)
}

/// What the container plugin would say.
fn described(container: &Container, digest: Option<String>) -> Value {
    let spec = container.spec.as_ref().map_or(&[][..], |it| &it.value);
    let spec: Value = serde_json::from_slice(spec).unwrap_or_default();
    let id = container.id.get(..SHOWN).unwrap_or(&container.id);
    let (repository, tag, named) = image_parts(&container.image);
    let linux = spec.get("linux");
    let listed = linux.and_then(|it| it.get("namespaces")).and_then(Value::as_array);
    // A namespace that is not listed is the machine's.
    let is_hosts = |kind: &str| {
        !listed.into_iter().flatten().any(|it| it.get("type").and_then(Value::as_str) == Some(kind))
    };
    let sandbox = match container.sandbox.as_str() {
        "" => spec.pointer("/annotations/io.kubernetes.cri.sandbox-id").and_then(Value::as_str),
        given => Some(given),
    };
    let uid = spec.pointer("/process/user/uid").and_then(Value::as_u64).unwrap_or(0);
    let mounts: Vec<Value> =
        spec.get("mounts").and_then(Value::as_array).into_iter().flatten().map(mount).collect();
    let mut labels = known_labels(&container.labels);
    for (label, annotation) in [
        ("io.kubernetes.pod.name", "/annotations/io.kubernetes.cri.sandbox-name"),
        ("io.kubernetes.pod.namespace", "/annotations/io.kubernetes.cri.sandbox-namespace"),
        ("io.kubernetes.pod.uid", "/annotations/io.kubernetes.cri.sandbox-uid"),
    ] {
        if let Some(value) = spec.pointer(annotation).and_then(Value::as_str) {
            labels.entry(label.to_owned()).or_insert_with(|| value.into());
        }
    }
    let container = json!({
        "id": id,
        "full_id": container.id,
        "type": KIND,
        "name": id,
        "image": container.image,
        "imagerepo": repository,
        "imagetag": tag,
        "imagedigest": digest.unwrap_or_else(|| named.to_owned()),
        "User": uid.to_string(),
        "host_pid": is_hosts("pid"),
        "host_network": is_hosts("network"),
        "host_ipc": is_hosts("ipc"),
        "privileged": is_privileged(&spec),
        "labels": labels,
        "pod_sandbox_id": sandbox.unwrap_or(""),
        "Mounts": mounts,
    });
    json!({ "container": without_nulls(container) })
}

fn mount(mount: &Value) -> Value {
    let options: Vec<&str> = mount
        .get("options")
        .and_then(Value::as_array)
        .map(|all| all.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let mode = options.iter().find_map(|it| it.strip_prefix("mode=")).unwrap_or("");
    without_nulls(json!({
        "Source": mount.get("source"), "Destination": mount.get("destination"), "Mode": mode,
        "RW": !options.contains(&"ro"),
    }))
}

/// As the plugin concludes it: nothing is masked or confined, and neither `/sys` nor control groups are
/// only to be read.
fn is_privileged(spec: &Value) -> bool {
    let has = |pointer: &str| spec.pointer(pointer).is_some_and(|it| !it.is_null());
    let text = |pointer: &str| spec.pointer(pointer).and_then(Value::as_str).unwrap_or("");
    let confined = has("/linux/maskedPaths")
        || has("/linux/readonlyPaths")
        || has("/linux/seccomp")
        || !text("/process/selinuxLabel").is_empty()
        || !matches!(text("/process/apparmorProfile"), "" | "unconfined");
    let read_only = |it: &Value| {
        let kind = it.get("type").and_then(Value::as_str).unwrap_or("");
        let options = it.get("options").and_then(Value::as_array);
        matches!(kind, "sysfs" | "cgroup")
            && options.is_some_and(|all| all.iter().any(|it| it == "ro"))
    };
    let mounts = spec.get("mounts").and_then(Value::as_array);
    has("/linux") && has("/process") && !confined && !mounts.into_iter().flatten().any(read_only)
}

#[derive(Clone, PartialEq, prost::Message)]
struct Filters {
    #[prost(string, repeated, tag = "1")]
    filters: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Namespace {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Container {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(map = "string, string", tag = "2")]
    labels: HashMap<String, String>,
    #[prost(string, tag = "3")]
    image: String,
    /// The runtime's specification, as JSON.
    #[prost(message, optional, tag = "5")]
    spec: Option<Any>,
    #[prost(string, tag = "11")]
    sandbox: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Any {
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ImageName {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ImageAnswer {
    #[prost(message, optional, tag = "1")]
    image: Option<Image>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Image {
    #[prost(message, optional, tag = "3")]
    target: Option<Descriptor>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Descriptor {
    #[prost(string, tag = "2")]
    digest: String,
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    #[test]
    fn a_container_is_told_as_the_plugin_tells_it() {
        let spec = json!({
            "process": {"user": {"uid": 1000}},
            "annotations": {
                "io.kubernetes.cri.sandbox-id": "aa", "io.kubernetes.cri.sandbox-name": "web-0",
                "io.kubernetes.cri.sandbox-namespace": "team",
            },
            "linux": {"namespaces": [{"type": "pid"}, {"type": "ipc"}], "seccomp": {}},
            "mounts": [{"source": "/srv", "destination": "/data", "options": ["ro", "mode=755"]}],
        });
        let container = Container {
            id: "f1c2d3e4a5b6978812345678".to_owned(),
            labels: HashMap::from([("a".to_owned(), "b".to_owned())]),
            image: "registry:5000/team/web:1.2".to_owned(),
            spec: Some(Any { value: spec.to_string().into_bytes() }),
            sandbox: String::new(),
        };
        let told = described(&container, Some("sha256:00".to_owned()));
        let told = &told["container"];
        assert_eq!(told["id"], "f1c2d3e4a5b6");
        assert_eq!(
            (&told["imagerepo"], &told["imagetag"]),
            (&json!("registry:5000/team/web"), &json!("1.2"))
        );
        assert_eq!(told["imagedigest"], "sha256:00");
        assert_eq!((&told["host_pid"], &told["host_network"]), (&json!(false), &json!(true)));
        assert_eq!(told["pod_sandbox_id"], "aa");
        assert_eq!(told["labels"]["io.kubernetes.pod.namespace"], "team");
        assert_eq!(told["labels"]["a"], "b");
        assert_eq!(told["Mounts"][0]["RW"], false);
        assert_eq!(told["privileged"], false);
    }

    proptest::proptest! {
        #[test]
        fn no_answer_panics(bytes: Vec<u8>, spec: Vec<u8>) {
            if let Ok(container) = Container::decode(bytes.as_slice()) {
                described(&container, None);
            }
            let container = Container { spec: Some(Any { value: spec }), ..Container::default() };
            described(&container, None);
        }
    }
}
