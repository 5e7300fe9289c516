//! A real registry that tells what is pushed to it.

use std::process::{Child, Command, Stdio};

use plimsoll_testkit::Compression;
use serde_json::{Value, json};

use crate::running::image;
use crate::{Running, body, get, post};

struct Registry {
    process: Child,
    host: String,
    folder: tempfile::TempDir,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Debian's, with its notifications sent to `url`.
fn registry(host: String, url: &str) -> Option<Registry> {
    let folder = tempfile::tempdir().unwrap();
    let config = json!({
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": folder.path().join("data")}},
        "http": {"addr": host, "secret": "for tests"},
        "notifications": {"endpoints": [{
            "name": "plimsoll", "url": url, "timeout": "5s", "threshold": 3, "backoff": "1s",
        }]},
    });
    let path = folder.path().join("config.yml");
    std::fs::write(&path, config.to_string()).unwrap();
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(path).stdout(Stdio::null()).stderr(Stdio::null());
    let process = command.spawn().ok()?;
    let registry = Registry { process, host, folder };
    for _ in 0..200 {
        if std::net::TcpStream::connect(&registry.host).is_ok() {
            return Some(registry);
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    None
}

#[test]
fn what_is_pushed_to_a_registry_is_scanned_once() {
    let host = plimsoll_testkit::free_address().to_string();
    let running = Running::start_with(|settings| {
        settings.reading.registry.insecure = vec![host.clone()];
    });
    let Some(registry) = registry(host, &running.url("/api/v1/notifications/distribution")) else {
        eprintln!("skipped: docker-registry does not start");
        return;
    };
    let layout = registry.folder.path().join("layout");
    image().write_oci_dir(Compression::Gzip, &layout);
    let push = |tag: &str| {
        let output = Command::new("skopeo")
            .args(["--insecure-policy", "copy", "--dest-tls-verify=false"])
            .arg(format!("oci:{}", layout.display()))
            .arg(format!("docker://{}/team/shop:{tag}", registry.host))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    push("1");
    let images = Running::until("an image", || {
        let images = body(get(&running.url("/api/v1/images")));
        (!images["items"].as_array().unwrap().is_empty()).then_some(images)
    });
    let digest = images["items"][0]["digest"].as_str().unwrap().to_owned();
    push("2");
    let place = running.url(&format!("/api/v1/images/{digest}"));
    let both = Running::until("two names", || {
        let detail = body(get(&place));
        let names: Vec<Value> = detail["names"].as_array().unwrap().clone();
        (names.len() == 2).then_some(detail)
    });
    assert!(
        both["names"]
            .as_array()
            .unwrap()
            .contains(&json!(format!("{}/team/shop:2", registry.host)))
    );
    let scans = body(get(&running.url("/api/v1/scans")));
    assert_eq!(scans["items"].as_array().unwrap().len(), 1, "{scans}");
    assert_eq!(scans["items"][0]["state"], "done");
}

#[test]
fn an_image_in_a_network_that_is_not_allowed_is_not_read() {
    let running = Running::start();
    let event = json!({"events": [{"action": "push", "request": {"host": "169.254.169.254"}, "target": {
        "mediaType": "application/vnd.oci.image.manifest.v1+json", "repository": "a/b", "tag": "1",
        "digest": format!("sha256:{:064}", 3)}}]});
    let answer = post(&running.url("/api/v1/notifications/distribution"), event.to_string());
    assert_eq!(answer.status(), 422);
    assert!(body(answer)["detail"].as_str().unwrap().contains("--allow-network"));
    assert_eq!(post(&running.url("/api/v1/notifications/nexus"), "{}").status(), 404);
    assert_eq!(post(&running.url("/api/v1/notifications/quay"), "{}").status(), 400);
    assert!(body(get(&running.url("/api/v1/scans")))["items"].as_array().unwrap().is_empty());
}
