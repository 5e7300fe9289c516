//! What a runtime of Kubernetes says by its Container Runtime Interface: containerd's and CRI-O's, of
//! distributions too that have them at a place of their own.
//!
//! What is told is after `pkg/container/cri.go` of the container plugin.

mod api;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use plimsoll_runtime::syscall::image_parts;
use serde_json::{Value, json};

use self::api::{
    ContainerAnswer, Filter, ListQuestion, Listed, Mount, NamespaceOption, Sandbox, SandboxAnswer,
    Status, StatusQuestion, VersionAnswer,
};
use super::grpc::Session;
use super::{Description, LISTED, LISTING, Runtime, SHOWN, is_id, known_labels, without_nulls};

const VERSION: &str = "runtime.v1.RuntimeService/Version";
const LIST: &str = "runtime.v1.RuntimeService/ListContainers";
const STATUS: &str = "runtime.v1.RuntimeService/ContainerStatus";
const SANDBOXES: &str = "runtime.v1.RuntimeService/ListPodSandbox";
const SANDBOX: &str = "runtime.v1.RuntimeService/PodSandboxStatus";
/// `NamespaceMode`: the machine's.
const NODE: i32 = 2;

/// A runtime by its socket.
#[derive(Debug)]
pub(super) struct Cri(pub(super) PathBuf);

impl Runtime for Cri {
    fn find(&self, id: &str, within: Duration) -> Option<String> {
        if !is_id(id) {
            return None;
        }
        let mut session = Session::open(&self.0, within)?;
        let kind = kind(&mut session)?;
        let question = ListQuestion { filter: Some(Filter { id: id.to_owned() }) };
        let is_meant = |it: &Listed| it.id == id || it.id.get(..SHOWN) == Some(id);
        if let Some(container) = session.list(LIST, None, &question)?.find(is_meant) {
            return Some(of_container(&mut session, &container, kind)?.to_string());
        }
        let sandbox = session.list(SANDBOXES, None, &question)?.find(is_meant)?;
        Some(of_sandbox(&mut session, &sandbox.id, kind)?.to_string())
    }

    fn all(&self) -> Vec<Description> {
        let mut found = Vec::new();
        let Some(mut session) = Session::open(&self.0, LISTING) else { return found };
        let Some(kind) = kind(&mut session) else { return found };
        let none = ListQuestion::default();
        let containers = session.list::<Listed>(LIST, None, &none);
        let sandboxes = session.list::<Listed>(SANDBOXES, None, &none);
        let mut tell = |id: &str, json: Option<Value>| {
            let id = id.get(..SHOWN).unwrap_or(id).to_owned();
            found.push(Description { id, json: json.map(|it| it.to_string()), removed: false });
        };
        for sandbox in sandboxes.into_iter().flatten().take(LISTED) {
            let json = of_sandbox(&mut session, &sandbox.id, kind);
            tell(&sandbox.id, json);
        }
        for container in containers.into_iter().flatten().take(LISTED) {
            let json = of_container(&mut session, &container, kind);
            tell(&container.id, json);
        }
        found.retain(|it| it.json.is_some());
        found
    }
}

/// The number that the container plugin has for the runtime; none where it does not speak of containers.
fn kind(session: &mut Session) -> Option<u64> {
    let version: VersionAnswer = session.ask(VERSION, None, &())?;
    Some(match version.runtime_name.as_str() {
        "containerd" => 7,
        "cri-o" => 8,
        _ => 6,
    })
}

fn of_container(session: &mut Session, container: &Listed, kind: u64) -> Option<Value> {
    let question = StatusQuestion { id: container.id.clone(), verbose: true };
    let answer: ContainerAnswer = session.ask(STATUS, None, &question)?;
    let id = String::from_utf8_lossy(&container.second).into_owned();
    let question = StatusQuestion { id, verbose: false };
    let sandbox: Option<SandboxAnswer> = session.ask(SANDBOX, None, &question);
    described(&answer, sandbox.and_then(|it| it.status).as_ref(), kind)
}

/// The container of a pod itself, which keeps its namespaces.
fn of_sandbox(session: &mut Session, id: &str, kind: u64) -> Option<Value> {
    let question = StatusQuestion { id: id.to_owned(), verbose: false };
    let answer: SandboxAnswer = session.ask(SANDBOX, None, &question)?;
    let sandbox = answer.status?;
    let status =
        Status { id: sandbox.id.clone(), labels: sandbox.labels.clone(), ..Status::default() };
    let container = ContainerAnswer { status: Some(status), info: HashMap::new() };
    described(&container, Some(&sandbox), kind)
}

/// What the container plugin would say.
fn described(answer: &ContainerAnswer, sandbox: Option<&Sandbox>, kind: u64) -> Option<Value> {
    let status = answer.status.as_ref()?;
    let info = answer.info.get("info").map_or("", String::as_str);
    let info: Value = serde_json::from_str(info).unwrap_or_default();
    let (name, digest) = image_of(status, &info);
    let (repository, tag, _) = image_parts(&name);
    let id = info.pointer("/config/image/image").and_then(Value::as_str).unwrap_or("");
    let id = id.rsplit_once("sha256:").map_or(id, |(_, id)| id);
    let mut labels = known_labels(&status.labels);
    let sandbox_id = sandbox.map_or(status.id.as_str(), |it| it.id.as_str());
    labels.insert("io.kubernetes.sandbox.id".to_owned(), sandbox_id.into());
    if let Some(pod) = sandbox.and_then(|it| it.metadata.as_ref()) {
        labels.insert("io.kubernetes.pod.uid".to_owned(), pod.uid.as_str().into());
        labels.insert("io.kubernetes.pod.name".to_owned(), pod.name.as_str().into());
        labels.insert("io.kubernetes.pod.namespace".to_owned(), pod.namespace.as_str().into());
    }
    let options = sandbox.and_then(|it| it.linux.as_ref()?.namespaces.as_ref()?.options.as_ref());
    let is_hosts = |of: fn(&NamespaceOption) -> i32| options.is_some_and(|it| of(it) == NODE);
    let uid = status.user.as_ref().and_then(|it| it.linux.as_ref()).map_or(0, |it| it.uid);
    let container = json!({
        "id": status.id.get(..SHOWN).unwrap_or(&status.id),
        "full_id": status.id,
        "type": kind,
        "name": status.metadata.as_ref().map_or("", |it| it.name.as_str()),
        "image": name,
        "imageid": if id.is_empty() { &status.image_id } else { id },
        "imagerepo": repository,
        "imagetag": tag,
        "imagedigest": digest,
        "User": uid.to_string(),
        "ip": sandbox.and_then(|it| it.network.as_ref()).map_or("", |it| it.ip.as_str()),
        "host_network": is_hosts(|it| it.network),
        "host_pid": is_hosts(|it| it.pid),
        "host_ipc": is_hosts(|it| it.ipc),
        "privileged": is_privileged(&info),
        "labels": labels,
        "pod_sandbox_id": sandbox_id,
        "pod_sandbox_labels": sandbox.map(|it| known_labels(&it.labels)),
        "Mounts": status.mounts.iter().map(mount).collect::<Vec<Value>>(),
    });
    Some(json!({ "container": without_nulls(container) }))
}

/// The image's name with its tag, and its digest. What the status names may be a number, the name stands
/// elsewhere then.
fn image_of(status: &Status, info: &Value) -> (String, String) {
    let named = status.image.as_ref().map_or("", |it| it.image.as_str());
    let reference = status.image_ref.as_str();
    let (mut name, mut digest) = (named.to_owned(), String::new());
    match reference.find("sha256:") {
        Some(0) => reference.clone_into(&mut digest),
        Some(at) => {
            if let Some((repository, found)) = reference.split_once('@') {
                found.clone_into(&mut digest);
                let (_, tag, _) = image_parts(named);
                name = if tag.is_empty() {
                    repository.to_owned()
                } else {
                    format!("{repository}:{tag}")
                };
            } else {
                reference.get(at..).unwrap_or_default().clone_into(&mut digest);
            }
        }
        None => {}
    }
    if named.is_empty() || named.starts_with("sha256") {
        let annotation = [
            "/runtimeSpec/annotations/io.kubernetes.cri.image-name",
            "/runtimeSpec/annotations/io.kubernetes.cri-o.Image",
            "/runtimeSpec/annotations/io.kubernetes.cri-o.ImageName",
        ];
        let found = annotation.iter().find_map(|at| info.pointer(at).and_then(Value::as_str));
        if let Some(found) = found {
            found.clone_into(&mut name);
        }
    }
    (name, digest)
}

fn is_privileged(info: &Value) -> bool {
    [
        "/runtimeSpec/linux/security_context/privileged",
        "/config/linux/security_context/privileged",
        "/privileged",
    ]
    .iter()
    .find_map(|at| info.pointer(at).and_then(Value::as_bool))
    .unwrap_or(false)
}

fn mount(mount: &Mount) -> Value {
    let propagation = match mount.propagation {
        0 => "private",
        1 => "rslave",
        2 => "rshared",
        _ => "unknown",
    };
    json!({
        "Source": mount.host_path, "Destination": mount.container_path, "RW": !mount.readonly,
        "Propagation": propagation,
    })
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::api::{ImageSpec, LinuxSandbox, Named, Namespaces, Pod};
    use super::*;

    fn status(image: &str, reference: &str) -> Status {
        Status {
            id: "f1c2d3e4a5b6978812345678".to_owned(),
            metadata: Some(Named { name: "web".to_owned() }),
            image: Some(ImageSpec { image: image.to_owned() }),
            image_ref: reference.to_owned(),
            labels: HashMap::from([("app".to_owned(), "x".repeat(101))]),
            ..Status::default()
        }
    }

    #[test]
    fn a_container_of_a_pod_is_told_as_the_plugin_tells_it() {
        let sandbox = Sandbox {
            id: "5a".repeat(32),
            metadata: Some(Pod {
                name: "web-0".to_owned(),
                uid: "u-1".to_owned(),
                namespace: "team".to_owned(),
            }),
            labels: HashMap::from([("tier".to_owned(), "front".to_owned())]),
            linux: Some(LinuxSandbox {
                namespaces: Some(Namespaces {
                    options: Some(NamespaceOption { network: NODE, pid: 1, ipc: 0 }),
                }),
            }),
            network: None,
        };
        let info = json!({"config": {"image": {"image": "sha256:0123"},
            "linux": {"security_context": {"privileged": true}}}});
        let answer = ContainerAnswer {
            status: Some(status("registry:5000/team/web:1.2", "registry:5000/team/web@sha256:45")),
            info: HashMap::from([("info".to_owned(), info.to_string())]),
        };
        let told = described(&answer, Some(&sandbox), 7).unwrap();
        let told = &told["container"];
        assert_eq!(told["name"], "web");
        assert_eq!(told["image"], "registry:5000/team/web:1.2");
        assert_eq!(told["imagerepo"], "registry:5000/team/web");
        assert_eq!(told["imagetag"], "1.2");
        assert_eq!(told["imagedigest"], "sha256:45");
        assert_eq!(told["imageid"], "0123");
        assert_eq!(told["labels"]["io.kubernetes.pod.name"], "web-0");
        assert_eq!(told["labels"].get("app"), None, "labels of over a hundred bytes are left out");
        assert_eq!(told["pod_sandbox_labels"]["tier"], "front");
        assert_eq!(told["host_network"], true);
        assert_eq!(told["host_pid"], false);
        assert_eq!(told["privileged"], true);
    }

    #[test]
    fn an_image_without_a_name_in_the_status_is_named_by_its_annotation() {
        let info =
            json!({"runtimeSpec": {"annotations": {"io.kubernetes.cri.image-name": "a/b:3"}}});
        let (name, digest) = image_of(&status("sha256:00", "sha256:00"), &info);
        assert_eq!((name.as_str(), digest.as_str()), ("a/b:3", "sha256:00"));
    }

    proptest::proptest! {
        #[test]
        fn no_answer_panics(container: Vec<u8>, sandbox: Vec<u8>, reference in ".*") {
            let answer = ContainerAnswer::decode(container.as_slice()).unwrap_or_default();
            let sandbox = SandboxAnswer::decode(sandbox.as_slice()).unwrap_or_default();
            let _ = described(&answer, sandbox.status.as_ref(), 7);
            image_of(&status("a", &reference), &Value::Null);
        }
    }
}
