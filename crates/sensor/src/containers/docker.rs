//! Docker, and podman where it answers in the same words: HTTP over a unix socket.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use serde_json::{Value, json};

use super::Description;

/// Where runtimes listen, and the number that the container plugin has for each kind.
const SOCKETS: [(&str, u64); 3] = [
    ("/var/run/docker.sock", 0),
    ("/run/podman/podman.sock", 11),
    ("/var/run/podman/podman.sock", 11),
];
const TIMEOUT: Duration = Duration::from_secs(2);
/// The longest answer that is read.
const LONGEST: u64 = 8 * 1024 * 1024;
const SHOWN: usize = 12;

/// Answers questions about containers until nobody asks any more.
pub(super) fn serve(asked: Receiver<String>, answer: Sender<Description>) {
    let thread = std::thread::Builder::new().name("containers".to_owned());
    // Without a thread nothing is described; containers are still known by their numbers.
    let _ = thread.spawn(move || {
        while let Ok(id) = asked.recv() {
            let json =
                SOCKETS.iter().find_map(|(socket, kind)| inspect(Path::new(socket), &id, *kind));
            if answer.send(Description { id, json }).is_err() {
                break;
            }
        }
    });
}

/// Every container that runs.
pub(super) fn all() -> Vec<Description> {
    let mut found = Vec::new();
    for (socket, kind) in SOCKETS {
        let socket = PathBuf::from(socket);
        let Some(Value::Array(list)) = get(&socket, "/containers/json") else { continue };
        for id in list.iter().filter_map(|one| one.get("Id")?.as_str()) {
            let short = id.get(..SHOWN).unwrap_or(id).to_owned();
            let json = inspect(&socket, id, kind);
            found.push(Description { id: short, json });
        }
    }
    found
}

fn inspect(socket: &Path, id: &str, kind: u64) -> Option<String> {
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
        return None;
    }
    let answer = get(socket, &format!("/containers/{id}/json"))?;
    Some(described(&answer, kind)?.to_string())
}

/// What the container plugin would say: its `Container` in `pkg/event`.
fn described(answer: &Value, kind: u64) -> Option<Value> {
    let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).unwrap_or("");
    let full = text("/Id");
    let image = text("/Config/Image");
    let image_id = text("/Image");
    let (repository, tag, digest) = parts(image);
    let mode = |pointer: &str| text(pointer) == "host";
    let none = Value::Null;
    let labels = answer.pointer("/Config/Labels").unwrap_or(&none);
    let mounts: Vec<Value> = answer
        .pointer("/Mounts")
        .and_then(Value::as_array)
        .map(|list| {
            list.iter()
                .map(|mount| {
                    json!({
                        "Source": mount.get("Source"), "Destination": mount.get("Destination"),
                        "Mode": mount.get("Mode"), "RW": mount.get("RW"),
                        "Propagation": mount.get("Propagation"),
                    })
                })
                .map(without_nulls)
                .collect()
        })
        .unwrap_or_default();
    let container = json!({
        "id": full.get(..SHOWN)?,
        "full_id": full,
        "type": kind,
        "name": text("/Name").trim_start_matches('/'),
        "image": image,
        "imageid": image_id.strip_prefix("sha256:").unwrap_or(image_id),
        "imagerepo": repository,
        "imagetag": tag,
        "imagedigest": digest,
        "User": text("/Config/User"),
        "ip": text("/NetworkSettings/IPAddress"),
        "host_pid": mode("/HostConfig/PidMode"),
        "host_network": mode("/HostConfig/NetworkMode"),
        "host_ipc": mode("/HostConfig/IpcMode"),
        "privileged": answer.pointer("/HostConfig/Privileged").and_then(Value::as_bool) == Some(true),
        "labels": labels,
        "pod_sandbox_id": labels.get("io.kubernetes.sandbox.id").and_then(Value::as_str).unwrap_or(""),
        "Mounts": mounts,
    });
    Some(json!({ "container": without_nulls(container) }))
}

fn without_nulls(mut value: Value) -> Value {
    if let Value::Object(map) = &mut value {
        map.retain(|_, value| !value.is_null());
    }
    value
}

/// The repository, tag and digest of an image's name.
fn parts(image: &str) -> (&str, &str, &str) {
    let (name, digest) = image.split_once('@').unwrap_or((image, ""));
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag, digest),
        _ => (name, "", digest),
    }
}

/// The answer to a question, where there is one. HTTP/1.0, so that the answer ends with the
/// connection.
fn get(socket: &Path, path: &str) -> Option<Value> {
    let mut stream = UnixStream::connect(socket).ok()?;
    stream.set_read_timeout(Some(TIMEOUT)).ok()?;
    stream.set_write_timeout(Some(TIMEOUT)).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer).ok()?;
    body(&answer).and_then(|body| serde_json::from_slice(body).ok())
}

/// What stands behind the head of an answer that says 200.
fn body(answer: &[u8]) -> Option<&[u8]> {
    let status = answer.split(|byte| *byte == b'\r').next()?;
    if status.split(|byte| *byte == b' ').nth(1)? != b"200" {
        return None;
    }
    let at = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    answer.get(at + 4..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_becomes_what_the_container_plugin_says() {
        let answer = json!({
            "Id": "f1c2d3e4a5b6978812345678901234567890abcdefabcdefabcdefabcdefabcd",
            "Name": "/web",
            "Image": "sha256:0123456789ab",
            "Config": {"Image": "registry:5000/team/web:1.2", "User": "app", "Labels": {"a": "b"}},
            "HostConfig": {"Privileged": true, "PidMode": "host", "NetworkMode": "bridge"},
            "Mounts": [{"Source": "/srv", "Destination": "/data", "RW": false}],
        });
        let described = described(&answer, 0).unwrap();
        let container = &described["container"];
        assert_eq!(container["id"], "f1c2d3e4a5b6");
        assert_eq!(container["name"], "web");
        assert_eq!(container["imagerepo"], "registry:5000/team/web");
        assert_eq!(container["imagetag"], "1.2");
        assert_eq!(container["privileged"], true);
        assert_eq!(container["host_pid"], true);
        assert_eq!(container["host_network"], false);
        assert_eq!(container["labels"]["a"], "b");
        assert_eq!(container["Mounts"][0]["Destination"], "/data");
    }

    #[test]
    fn only_a_good_answer_has_a_body() {
        assert_eq!(body(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n[]"), Some(&b"[]"[..]));
        assert_eq!(body(b"HTTP/1.0 404 Not Found\r\n\r\n{}"), None);
        assert_eq!(body(b"HTTP/1.0 200 OK\r\nA: b"), None);
        assert_eq!(body(b""), None);
    }

    #[test]
    fn images_are_parted_at_tag_and_digest() {
        assert_eq!(parts("alpine"), ("alpine", "", ""));
        assert_eq!(parts("a:5000/b"), ("a:5000/b", "", ""));
        assert_eq!(parts("a:5000/b:1@sha256:c"), ("a:5000/b", "1", "sha256:c"));
    }
}
