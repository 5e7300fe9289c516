//! Docker, and podman where it answers in the same words: HTTP over a unix socket.
//!
//! While a container starts, its runtime answers no question about it. What a container is called and made
//! of is therefore taken from the event that it was created, before it starts.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SendError, Sender};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use plimsoll_runtime::syscall::image_parts;
use serde_json::{Value, json};

use super::{Description, LISTED, LISTING, Runtime, SHOWN, is_id, without_nulls};

/// How long an answer about a container that is created may take.
const TIMEOUT: Duration = Duration::from_secs(2);
/// The longest answer that is read.
const LONGEST: u64 = 8 * 1024 * 1024;
/// The stream of what happens to containers: `filters={"type":["container"]}`.
const EVENTS: &str = "/events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D";
/// The longest event.
const LONGEST_LINE: u64 = 1024 * 1024;
/// The number of podman.
const PODMAN: u64 = 11;
/// How long a runtime that is not there is left alone.
const AGAIN: Duration = Duration::from_secs(2);

/// A runtime by its socket, and the number that the container plugin has for its kind.
#[derive(Debug)]
pub(super) struct Docker(pub(super) PathBuf, pub(super) u64);

impl Runtime for Docker {
    fn find(&self, id: &str, within: Duration) -> Option<String> {
        inspect(&self.0, id, self.1, within)
    }

    fn all(&self) -> Vec<Description> {
        let mut found = Vec::new();
        let socket = self.0.as_path();
        let until = Instant::now() + LISTING;
        let Some(Value::Array(list)) = get(socket, "/containers/json", LISTING) else {
            return found;
        };
        for id in list.iter().take(LISTED).filter_map(|one| one.get("Id")?.as_str()) {
            let Some(left) = until.checked_duration_since(Instant::now()) else { break };
            let short = id.get(..SHOWN).unwrap_or(id).to_owned();
            let json = inspect(socket, id, self.1, left);
            found.push(Description { id: short, json, removed: false });
        }
        found
    }

    fn listen(&self, answer: &Sender<Description>) {
        listen(&self.0, self.1, answer);
    }
}

/// Tells of containers that are created and removed, again and again where a runtime goes away.
fn listen(socket: &Path, kind: u64, answer: &Sender<Description>) {
    loop {
        if let Some(events) = ask(socket, EVENTS, TIMEOUT) {
            // As long as nothing happens there is nothing to read.
            if events.set_read_timeout(None).is_err() {
                return;
            }
            let mut events = BufReader::new(events);
            let mut line = Vec::new();
            while (&mut events)
                .take(LONGEST_LINE)
                .read_until(b'\n', &mut line)
                .is_ok_and(|read| read > 0)
            {
                let told = serde_json::from_slice(&line).ok();
                line.clear();
                if told.is_some_and(|event| news(socket, &event, kind, answer).is_err()) {
                    return;
                }
            }
        }
        std::thread::sleep(AGAIN);
    }
}

/// Tells what an event says of a container.
fn news(
    socket: &Path,
    event: &Value,
    kind: u64,
    answer: &Sender<Description>,
) -> Result<(), SendError<Description>> {
    let (Some(full), Some(action)) = (
        event.pointer("/Actor/ID").and_then(Value::as_str),
        event.get("Action").and_then(Value::as_str),
    ) else {
        return Ok(());
    };
    let Some(id) = full.get(..SHOWN).map(str::to_owned) else { return Ok(()) };
    let of = |json: Option<String>, removed| Description { id: id.clone(), json, removed };
    match action {
        "destroy" | "remove" => {
            let json = json!({ "container": { "id": id } }).to_string();
            answer.send(of(Some(json), true))
        }
        "create" => {
            let said = announced(event, kind);
            // Podman keeps a container locked from its creation until it has started: what is asked
            // about it is answered too late.
            let is_told = kind == PODMAN && said.is_some();
            if is_told {
                answer.send(of(said.clone(), false))?;
            }
            match inspect(socket, full, kind, TIMEOUT) {
                None if is_told => Ok(()),
                json => answer.send(of(json.or(said), false)),
            }
        }
        // By now it has an address.
        "start" | "rename" => match inspect(socket, full, kind, TIMEOUT) {
            Some(json) => answer.send(of(Some(json), false)),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// What the event of a creation itself has: name, image and labels.
fn announced(event: &Value, kind: u64) -> Option<String> {
    let attributes = event.pointer("/Actor/Attributes")?.as_object()?;
    let mut labels = attributes.clone();
    if kind == PODMAN {
        for own in ["containerExitCode", "podId"] {
            labels.remove(own);
        }
    }
    let mut text = |name: &str| labels.remove(name).unwrap_or_else(|| json!(""));
    let (name, image) = (text("name"), text("image"));
    let answer = json!({
        "Id": event.pointer("/Actor/ID"),
        "Name": name,
        "Config": {"Image": image, "Labels": labels},
    });
    Some(described(&answer, kind)?.to_string())
}

fn inspect(socket: &Path, id: &str, kind: u64, within: Duration) -> Option<String> {
    if !is_id(id) {
        return None;
    }
    let answer = get(socket, &format!("/containers/{id}/json"), within)?;
    Some(described(&answer, kind)?.to_string())
}

/// What the container plugin would say: its `Container` in `pkg/event`.
fn described(answer: &Value, kind: u64) -> Option<Value> {
    let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).unwrap_or("");
    let full = text("/Id");
    let image = text("/Config/Image");
    let image_id = text("/Image");
    let (repository, tag, digest) = image_parts(image);
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

/// The answer to a question, where there is one.
fn get(socket: &Path, path: &str, within: Duration) -> Option<Value> {
    let until = Instant::now() + within;
    let mut answer = Vec::new();
    let stream = ask(socket, path, within)?;
    Until { stream, until }.take(LONGEST).read_to_end(&mut answer).ok()?;
    body(&answer).and_then(|body| serde_json::from_slice(body).ok())
}

/// A connection that is read up to a moment, however slowly it comes.
struct Until {
    stream: UnixStream,
    until: Instant,
}

impl Read for Until {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.until.checked_duration_since(Instant::now()).filter(|it| !it.is_zero());
        let left = left.ok_or(io::ErrorKind::TimedOut)?;
        self.stream.set_read_timeout(Some(left))?;
        self.stream.read(into)
    }
}

/// Connects in time: a socket whose queue is full lets others wait.
fn connect(socket: &Path, within: Duration) -> Result<UnixStream, Errno> {
    let address = SocketAddrUnix::new(socket)?;
    let own = SocketFlags::CLOEXEC;
    let stream = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, own, None)?;
    // Holds for `connect` as well: socket(7).
    set_socket_timeout(&stream, Timeout::Send, Some(within))?;
    rustix::net::connect(&stream, &address)?;
    Ok(stream.into())
}

/// Asks a question. HTTP/1.0, so that the answer ends with the connection.
fn ask(socket: &Path, path: &str, within: Duration) -> Option<UnixStream> {
    let mut stream = connect(socket, within).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").ok()?;
    Some(stream)
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
    use std::os::unix::net::UnixListener;

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
    fn the_event_of_a_creation_tells_name_image_and_labels() {
        let id = "f1c2d3e4a5b6978812345678901234567890abcdefabcdefabcdefabcdefabcd";
        let event = json!({
            "Action": "create",
            "Actor": {"ID": id, "Attributes": {"name": "web", "image": "web:1.2", "team": "red"}},
        });
        let told = told(&event, 0);
        assert_eq!(told.len(), 1);
        let json: Value = serde_json::from_str(told[0].json.as_deref().unwrap()).unwrap();
        assert_eq!(told[0].id, "f1c2d3e4a5b6");
        assert_eq!(json["container"]["name"], "web");
        assert_eq!(json["container"]["imagetag"], "1.2");
        assert_eq!(json["container"]["labels"], json!({"team": "red"}));
    }

    #[test]
    fn podmans_event_is_told_before_podman_is_asked_which_answers_late() {
        let id = "f1c2d3e4a5b6978812345678901234567890abcdefabcdefabcdefabcdefabcd";
        let attributes = json!({"name": "web", "image": "web:1.2", "team": "red", "podId": "",
            "containerExitCode": "0"});
        let event = json!({"Action": "create", "Actor": {"ID": id, "Attributes": attributes}});
        let told = told(&event, PODMAN);
        // Nobody answers here, and it is not told again.
        assert_eq!(told.len(), 1);
        let json: Value = serde_json::from_str(told[0].json.as_deref().unwrap()).unwrap();
        assert_eq!(json["container"]["labels"], json!({"team": "red"}));
    }

    #[test]
    fn an_event_of_an_end_tells_it_and_one_of_anything_else_nothing() {
        let id = "f1c2d3e4a5b6978812345678901234567890abcdefabcdefabcdefabcdefabcd";
        let gone = told(&json!({"Action": "destroy", "Actor": {"ID": id}}), 0);
        assert!(gone.len() == 1 && gone[0].removed);
        assert!(told(&json!({"Action": "create", "Actor": {"ID": "é"}}), 0).is_empty());
        assert!(told(&json!({"Action": "exec_create"}), 0).is_empty());
    }

    /// What is told of an event where no runtime answers.
    fn told(event: &Value, kind: u64) -> Vec<Description> {
        let (answer, told) = std::sync::mpsc::channel();
        news(Path::new("/nonexistent.sock"), event, kind, &answer).unwrap();
        drop(answer);
        told.iter().collect()
    }

    #[test]
    fn a_runtime_that_answers_byte_by_byte_or_not_at_all_is_left_after_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("slow");
        let listener = UnixListener::bind(&socket).unwrap();
        let slow = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            while stream.write_all(b"H").is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let begun = Instant::now();
        assert_eq!(get(&socket, "/containers/json", Duration::from_millis(200)), None);
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        slow.join().unwrap();

        // Nobody takes what waits, until no more may wait.
        let socket = folder.path().join("full");
        let _listener = UnixListener::bind(&socket).unwrap();
        let mut waiting = Vec::new();
        while let Ok(stream) = connect(&socket, Duration::from_millis(50)) {
            waiting.push(stream);
            assert!(waiting.len() < 100_000);
        }
        let begun = Instant::now();
        assert_eq!(get(&socket, "/containers/json", Duration::from_millis(200)), None);
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }

    #[test]
    fn only_a_good_answer_has_a_body() {
        assert_eq!(body(b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n[]"), Some(&b"[]"[..]));
        assert_eq!(body(b"HTTP/1.0 404 Not Found\r\n\r\n{}"), None);
        assert_eq!(body(b"HTTP/1.0 200 OK\r\nA: b"), None);
        assert_eq!(body(b""), None);
    }
}
