//! What hangs on an image, in registries that list referrers, in ones that do not, and in ones
//! that lie.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use plimsoll_image::attached::{Artifact, FoundBy, Piece, Repository};
use plimsoll_image::{Options, RegistryOptions};
use plimsoll_testkit::{Compression, Image, Reply, Request, Served, Server};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A registry in memory that keeps what is pushed.
#[derive(Default)]
struct Kept {
    blobs: HashMap<String, String>,
    /// Manifests by tag and by digest.
    manifests: HashMap<String, String>,
}

fn digest(bytes: &[u8]) -> String {
    plimsoll_model::Digest::sha256(&Sha256::digest(bytes).into()).to_string()
}

/// Answers as the distribution specification says; `lists` with its list of referrers.
fn answer(kept: &Mutex<Kept>, image: &Served, lists: bool, request: &Request) -> Reply {
    let mut kept = kept.lock().unwrap();
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let end = path.rsplit('/').next().unwrap().to_owned();
    match (request.method.as_str(), path) {
        ("POST", _) => Reply::new(202, "").header("Location", "/v2/app/blobs/uploads/1"),
        ("PUT", path) if path.contains("/uploads/") => {
            let digest = query.trim_start_matches("digest=").replace("%3A", ":");
            kept.blobs.insert(digest, request.body.clone());
            Reply::new(201, "")
        }
        ("PUT", _) => {
            let manifest: Value = serde_json::from_str(&request.body).unwrap();
            kept.manifests.insert(end, request.body.clone());
            kept.manifests.insert(digest(request.body.as_bytes()), request.body.clone());
            let reply = Reply::new(201, "");
            match manifest["subject"]["digest"].as_str() {
                Some(subject) if lists => reply.header("OCI-Subject", subject),
                _ => reply,
            }
        }
        (_, path) if path.contains("/referrers/") && lists => {
            let all: Vec<Value> = kept
                .manifests
                .iter()
                .filter(|(name, _)| name.starts_with("sha256:"))
                .map(|(name, text)| (name, serde_json::from_str::<Value>(text).unwrap()))
                .filter(|(_, manifest)| manifest["subject"]["digest"] == end.as_str())
                .map(|(name, manifest)| {
                    json!({"mediaType": manifest["mediaType"], "digest": name, "size": 1,
                           "artifactType": manifest["artifactType"]})
                })
                .collect();
            let list = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": all});
            Reply::new(200, list.to_string()).header("Content-Type", INDEX)
        }
        (_, path) if path.contains("/manifests/") => match kept.manifests.get(&end) {
            Some(text) => Reply::new(200, text.clone()).header("Content-Type", INDEX),
            None if end.starts_with("sha256-") => Reply::new(404, "{}"),
            None => image.reply(request),
        },
        (_, path) if path.contains("/blobs/") => match kept.blobs.get(&end) {
            Some(text) => Reply::new(200, text.clone()),
            None => Reply::new(404, "{}"),
        },
        _ => Reply::new(404, "{}"),
    }
}

fn registry(lists: bool) -> (Server, Arc<Mutex<Kept>>) {
    let image = Served::new(&Image::new().layer("COPY a", &[("a", "1")]), Compression::Gzip);
    let kept = Arc::new(Mutex::new(Kept::default()));
    let own = Arc::clone(&kept);
    (Server::start(move |request| answer(&own, &image, lists, request)), kept)
}

fn open(server: &Server) -> Repository {
    let mut registry = RegistryOptions::anonymous();
    registry.insecure.push(server.host());
    let options = Options { registry, ..Options::default() };
    let reference = format!("registry:{}/app:1", server.host()).parse().unwrap();
    Repository::open(&reference, &options).unwrap()
}

fn artifact(text: &str) -> Artifact {
    let piece = Piece {
        media_type: "text/plain".into(),
        bytes: text.as_bytes().to_vec(),
        annotations: BTreeMap::new(),
    };
    Artifact {
        artifact_type: "example/note".into(),
        pieces: vec![piece],
        annotations: BTreeMap::new(),
    }
}

/// The texts that hang on the image.
fn notes(repository: &Repository) -> Vec<String> {
    let subject = repository.subject().unwrap().descriptor.digest;
    let entries = repository.referrers(&subject, Some("example/note")).unwrap();
    let text = |digest| {
        let manifest = repository.manifest(digest).unwrap().manifest;
        String::from_utf8(repository.piece(&manifest.layers[0]).unwrap()).unwrap()
    };
    let mut notes: Vec<String> = entries.iter().map(|entry| text(&entry.digest)).collect();
    notes.sort();
    notes
}

#[test]
fn a_registry_that_lists_referrers_needs_no_tag() {
    let (server, kept) = registry(true);
    let repository = open(&server);
    let subject = repository.subject().unwrap();
    for text in ["one", "two"] {
        let attached = repository.attach(&subject, &artifact(text)).unwrap();
        assert_eq!(attached.by, FoundBy::Referrers);
    }
    assert_eq!(notes(&repository), ["one", "two"]);
    let has_tag = kept.lock().unwrap().manifests.keys().any(|name| name.starts_with("sha256-"));
    assert!(!has_tag);
}

#[test]
fn a_registry_that_does_not_gets_the_fallback_tag_and_what_it_had_stays() {
    let (server, _) = registry(false);
    let repository = open(&server);
    let subject = repository.subject().unwrap();
    let tag = subject.descriptor.digest.to_string().replace(':', "-");
    for text in ["one", "two", "two"] {
        let attached = repository.attach(&subject, &artifact(text)).unwrap();
        assert_eq!(attached.by, FoundBy::Tag(tag.clone()));
    }
    assert_eq!(notes(&repository), ["one", "two"]);
    let other = repository.referrers(&subject.descriptor.digest, Some("example/other")).unwrap();
    assert_eq!(other.len(), 0);
}

#[test]
fn a_layer_under_cosigns_tag_is_added_and_not_put_in_place_of_another() {
    let (server, _) = registry(false);
    let repository = open(&server);
    let subject = repository.subject().unwrap().descriptor.digest;
    for text in ["one", "two"] {
        repository.append_tagged(&subject, "sig", &artifact(text).pieces).unwrap();
    }
    let stored = repository.tagged(&subject, "sig").unwrap().unwrap();
    assert_eq!(stored.manifest.layers.len(), 2);
    assert_eq!(repository.piece(&stored.manifest.layers[0]).unwrap(), b"one");
}

#[test]
fn bytes_of_another_digest_are_refused() {
    let (server, kept) = registry(false);
    let repository = open(&server);
    let subject = repository.subject().unwrap();
    let attached = repository.attach(&subject, &artifact("one")).unwrap();
    kept.lock().unwrap().blobs.insert(digest(b"one"), "eno".into());
    let manifest = repository.manifest(&attached.digest).unwrap().manifest;
    let error = repository.piece(&manifest.layers[0]).unwrap_err().to_string();
    assert!(error.starts_with("wrong digest: "), "{error}");
    kept.lock().unwrap().manifests.insert(attached.digest.to_string(), "{}".into());
    let error = repository.manifest(&attached.digest).unwrap_err().to_string();
    assert!(error.starts_with("wrong digest: "), "{error}");
}
