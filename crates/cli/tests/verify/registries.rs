//! Registries that mean no good: other bytes than their digest promises, a tag that moves, and
//! redirects into private networks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use plimsoll_testkit::{Compression, Image, Reply, Request, Served, Server};
use serde_json::json;

use crate::folder::Folder;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn served(content: &str) -> Served {
    Served::new(&Image::new().layer("COPY a", &[("a", content)]), Compression::Gzip)
}

fn verify(folder: &Folder, host: &str) -> crate::folder::Ran {
    folder.run(&format!("verify {host}/app:1 --insecure-registry {host} --key a.pub"))
}

#[test]
fn a_list_that_names_one_digest_and_serves_another_verifies_nothing() {
    let folder = Folder::new();
    let (image, other) = (served("1"), served("2"));
    let server = Server::start(move |request: &Request| {
        let promised = format!("sha256:{:064x}", 7);
        if request.path.ends_with(&format!("/manifests/{}", image.root.replace(':', "-"))) {
            let entry = json!({"mediaType": MANIFEST, "digest": promised, "size": 1});
            let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]});
            return Reply::new(200, index.to_string()).header("Content-Type", INDEX);
        }
        if request.path.ends_with(&format!("/manifests/{promised}")) {
            let bytes = other.blobs[&other.root].clone();
            return Reply::new(200, bytes).header("Content-Type", MANIFEST);
        }
        match request.path.rsplit('/').next() {
            Some("1") => image.reply(request),
            _ => Reply::new(404, "{}"),
        }
    });
    let ran = verify(&folder, &server.host()).ended(3);
    assert!(ran.err.contains("wrong digest"), "{}", ran.err);
    assert_eq!(ran.out, "");
}

#[test]
fn a_tag_is_resolved_once_and_all_else_is_asked_for_by_that_digest() {
    let folder = Folder::new();
    let images = [served("1"), served("2")];
    let first = images[0].root.clone();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let server = Server::start(move |request: &Request| {
        if request.path.ends_with("/manifests/1") {
            // The tag moves as soon as it was asked for.
            let now = count.fetch_add(1, Ordering::SeqCst).min(1);
            return images[now].reply(request);
        }
        Reply::new(404, "{}")
    });
    let ran = verify(&folder, &server.host()).ended(1);
    assert_eq!(asked.load(Ordering::SeqCst), 1, "the tag is asked for once");
    assert!(ran.err.contains(&format!("app@{first}")), "{}", ran.err);
    let hex = first.trim_start_matches("sha256:");
    let by_digest = server.requests().into_iter().filter(|it| !it.path.ends_with("/manifests/1"));
    assert!(by_digest.into_iter().all(|it| it.path.contains(hex)), "all else is about it");
}

/// Runs behind a proxy that plays a registry on the public internet.
fn behind(folder: &Folder, proxy: &Server, more: &str) -> crate::folder::Ran {
    let proxy = format!("http://{}", proxy.host());
    let registry = "203.0.113.7";
    let arguments =
        format!("verify {registry}/app:1 --insecure-registry {registry} --key a.pub {more}");
    folder.run_at(
        crate::folder::NOW,
        &arguments,
        &[("http_proxy", &proxy), ("https_proxy", &proxy)],
    )
}

#[test]
fn a_public_registry_sends_nobody_into_a_private_network() {
    let folder = Folder::new();
    let inner = Server::start(|_| Reply::new(200, "the secrets of the cloud"));
    let port = inner.host().rsplit_once(':').unwrap().1.to_owned();
    for place in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("[::ffff:127.0.0.1]:{port}"),
        format!("0.0.0.0:{port}"),
        format!("2130706433:{port}"),
        "169.254.169.254".to_owned(),
        "10.0.0.1".to_owned(),
        "[fd00::1]".to_owned(),
    ] {
        let target = format!("http://{place}/latest/meta-data");
        let to = target.clone();
        let redirecting = Server::start(move |request: &Request| match request.method.as_str() {
            "CONNECT" => Reply::new(502, ""),
            _ => Reply::new(307, "").header("Location", to.clone()),
        });
        let ran = behind(&folder, &redirecting, "").ended(3);
        assert!(ran.err.contains("an address of a private network"), "{place}: {}", ran.err);
        let went = |request: &Request| request.path.contains("meta-data");
        assert!(!redirecting.requests().iter().any(went), "{place}");

        let realm = format!("Bearer realm=\"{target}\",service=\"x\"");
        let asking = Server::start(move |request: &Request| match request.method.as_str() {
            "CONNECT" => Reply::new(502, ""),
            _ => Reply::new(401, "").header("WWW-Authenticate", realm.clone()),
        });
        let ran = behind(&folder, &asking, "").ended(3);
        assert!(ran.err.contains("an address of a private network"), "{place}: {}", ran.err);
        assert!(!asking.requests().iter().any(went), "{place}");
    }
    assert_eq!(inner.requests().len(), 0, "nobody came");
}

#[test]
fn a_private_place_that_is_allowed_by_name_may_be_redirected_to() {
    let folder = Folder::new();
    let image = served("1");
    let inner = Server::start(move |request: &Request| match request.path.rsplit('/').next() {
        Some("1") => image.reply(request),
        _ => Reply::new(404, "{}"),
    });
    let host = inner.host();
    let to = host.clone();
    let redirecting = Server::start(move |request: &Request| {
        if request.method == "CONNECT" {
            return Reply::new(502, "");
        }
        let path = request.path.split_once("/v2/").map_or("", |(_, path)| path);
        Reply::new(307, "").header("Location", format!("http://{to}/v2/{path}"))
    });
    let proxy = format!("http://{}", redirecting.host());
    let arguments = format!(
        "verify 203.0.113.7/app:1 --insecure-registry 203.0.113.7 --insecure-registry {host} --key a.pub"
    );
    let environment =
        [("http_proxy", proxy.as_str()), ("https_proxy", &proxy), ("no_proxy", "127.0.0.1")];
    let ran = folder.run_at(crate::folder::NOW, &arguments, &environment).ended(1);
    assert!(ran.err.contains("203.0.113.7/app@sha256:"), "{}", ran.err);
    assert!(!inner.requests().is_empty());
}
