//! An API server with the objects of a sample: what is read of a cluster is read of it.
//!
//! A real one is asked in the tests of `cluster`; this one is there wherever pages are run.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_testkit::{Reply, Server};
use serde_json::{Value, json};

/// Every manifest below a folder.
fn manifests(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            manifests(&path, found);
        } else if path.extension().is_some_and(|end| end == "yaml") {
            found.push(path);
        }
    }
    found.sort();
}

/// The objects of a manifest; what is none is passed over.
fn objects(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    let documents = text.split("\n---").map(serde_saphyr::from_str::<Value>);
    documents.flatten().filter(|it| it["kind"].is_string() && it["metadata"].is_object()).collect()
}

/// As the API server calls a kind in its paths.
fn plural(kind: &str) -> String {
    let name = kind.to_lowercase();
    match name.strip_suffix('y') {
        Some(front) => format!("{front}ies"),
        None if name.ends_with('s') => format!("{name}es"),
        None => format!("{name}s"),
    }
}

/// The path of a list of all objects like this one.
fn path(object: &Value) -> String {
    let version = object["apiVersion"].as_str().unwrap_or_default();
    let root = if version.contains('/') { "apis" } else { "api" };
    format!("/{root}/{version}/{}", plural(object["kind"].as_str().unwrap_or_default()))
}

/// An API server with what stands in a folder.
pub(crate) fn of(folder: &Path) -> Server {
    let mut files = Vec::new();
    manifests(folder, &mut files);
    let mut all: Vec<Value> = files.iter().flat_map(|file| objects(file)).collect();
    for (number, object) in all.iter_mut().enumerate() {
        object["metadata"]["uid"] = json!(format!("00000000-0000-0000-0000-{number:012}"));
    }
    Server::start(move |request| {
        let asked = request.path.split('?').next().unwrap_or_default();
        if asked == "/version" {
            return Reply::new(200, r#"{"gitVersion":"v1.34.2"}"#);
        }
        let items: Vec<&Value> = all.iter().filter(|it| path(it) == asked).collect();
        let list = json!({
            "kind": "List",
            "apiVersion": "v1",
            "metadata": {"resourceVersion": "1"},
            "items": items,
        });
        Reply::new(200, list.to_string()).header("content-type", "application/json")
    })
}

/// What leads to it, in the context `prod`.
pub(crate) fn kubeconfig(server: &Server) -> String {
    json!({
        "current-context": "prod",
        "contexts": [{"name": "prod", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": {"server": format!("http://{}", server.host())}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    })
    .to_string()
}
