//! Layers that inflate to more than anybody's layer has, by each way that they come.

use std::io::Read as _;
use std::time::{Duration, Instant};

use plimsoll_testkit::{Reply, Server};
use serde_json::{Value, json};
use sha2::Digest as _;

use crate::running::client;
use crate::{Running, body, get, post};

/// A layer of zeros: how many bytes of a file, and how it is compressed.
fn zeros(size: u64) -> Vec<u8> {
    let mut tar = tar::Builder::new(zstd::Encoder::new(Vec::new(), 3).unwrap());
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    tar.append_data(&mut header, "zeros", std::io::repeat(0).take(size)).unwrap();
    tar.into_inner().unwrap().finish().unwrap()
}

fn digest(bytes: &[u8]) -> String {
    let sum = sha2::Sha256::digest(bytes);
    sum.iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

/// The most memory that this process had.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

/// Nothing of an image is there, and the server goes on.
fn is_clean(running: &Running) {
    let listed = body(get(&running.url("/api/v1/images")));
    assert_eq!(listed["items"], json!([]), "{listed}");
    assert_eq!(get(&running.url("/healthz")).status(), 200);
}

#[test]
fn a_layer_that_inflates_without_end_fails_by_name_and_leaves_nothing() {
    let running = Running::start();
    let bomb = zeros(400 << 20);
    assert!(bomb.len() < 1 << 20, "{}", bomb.len());
    let hash = digest(&bomb);
    let server = Server::start(move |_| Reply::new(200, bomb.clone()));
    let uri = format!("http://{}/layer", server.host());
    let (began, before) = (Instant::now(), peak());

    // Clair 4.
    let image = format!("sha256:{:064}", 4);
    let layer = json!({"hash": hash, "uri": uri, "headers": {}});
    let manifest = json!({"hash": image, "layers": [layer]});
    let answer = post(&running.url("/indexer/api/v1/index_report"), manifest.to_string());
    assert_eq!(answer.status(), 500);
    let why = body(answer)["message"].as_str().unwrap().to_owned();
    assert!(why.contains("decompression bomb") && why.contains(&hash), "{why}");
    let report = body(get(&running.url(&format!("/indexer/api/v1/index_report/{image}"))));
    assert_eq!((&report["state"], &report["success"]), (&json!("IndexError"), &json!(false)));
    let asked = server.requests().len();
    assert_eq!(asked, 1, "what it is does not change: nobody tries again");

    // Clair 2.
    let layer = json!({"Layer": {"Name": "a", "Path": uri, "Format": "Docker"}});
    let answer = post(&running.url("/v1/layers"), layer.to_string());
    assert!(answer.status().is_client_error() || answer.status().is_server_error());
    let why = body(answer)["Error"]["Message"].as_str().unwrap().to_owned();
    assert!(why.contains("decompression bomb"), "{why}");
    assert_eq!(get(&running.url("/v1/layers/a")).status(), 404);

    is_clean(&running);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    let more = peak() - before;
    assert!(more < 200 << 20, "{more} bytes of memory for 400 MiB of zeros, twice");
}

#[test]
fn an_image_of_a_registry_with_such_a_layer_fails_by_name() {
    let bomb = zeros(400 << 20);
    let config = br#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:0000000000000000000000000000000000000000000000000000000000000001"]}}"#;
    let (layer, settings) = (digest(&bomb), digest(config));
    let manifest = json!({"schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": settings,
            "size": config.len()},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+zstd", "digest": layer,
            "size": bomb.len()}]})
    .to_string();
    let registry = Server::start(move |request| {
        let path = request.path.as_str();
        if path.contains("/manifests/") {
            Reply::new(200, manifest.clone())
                .header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
                .header("Docker-Content-Digest", digest(manifest.as_bytes()))
        } else if path.ends_with(&layer) {
            Reply::new(200, bomb.clone())
        } else if path.ends_with(&settings) {
            Reply::new(200, config.to_vec())
        } else {
            Reply::new(200, "{}")
        }
    });
    let host = registry.host();
    let running = Running::start_with(|settings| {
        settings.reading.registry.insecure = vec![host.clone()];
        settings.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    });
    let asked = json!({"reference": format!("{host}/shop/web:1")});
    let scan = body(post(&running.url("/api/v1/scans"), asked.to_string()));
    let path = format!("/api/v1/scans/{}", scan["id"]);
    let ended: Value = Running::until("the scan ends", || {
        let scan = body(client().get(running.url(&path)).send().unwrap());
        (scan["state"] != "waiting" && scan["state"] != "running").then_some(scan)
    });
    assert_eq!(ended["state"], "failed", "{ended}");
    assert!(ended["error"].as_str().unwrap().contains("decompression bomb"), "{ended}");
    is_clean(&running);
}

#[test]
fn a_layer_has_no_more_bytes_than_the_server_reads() {
    let running = Running::start_with(|settings| settings.reading.layer_bound = Some(8 << 20));
    // Not to be told by what it inflates to: random bytes stay what they are.
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    })
    .take(9 << 20)
    .collect();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(noise.len() as u64);
    header.set_cksum();
    tar.append_data(&mut header, "noise", noise.as_slice()).unwrap();
    let plain = tar.into_inner().unwrap();
    let packed = zstd::encode_all(plain.as_slice(), 1).unwrap();
    for (number, layer) in [plain, packed].into_iter().enumerate() {
        let hash = digest(&layer);
        let server = Server::start(move |_| Reply::new(200, layer.clone()));
        let layer =
            json!({"hash": hash, "uri": format!("http://{}/l", server.host()), "headers": {}});
        let manifest = json!({"hash": format!("sha256:{number:064}"), "layers": [layer]});
        let answer = post(&running.url("/indexer/api/v1/index_report"), manifest.to_string());
        let why = body(answer)["message"].as_str().unwrap().to_owned();
        assert!(why.contains("more than 8388608 bytes when inflated"), "{why}");
    }
    is_clean(&running);
}
