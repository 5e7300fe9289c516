//! Nobody has the server ask machines that only it can reach. Layers of both of Clair's APIs, what
//! registries tell, and notifiers are tested where they are; this is the rest.

use plimsoll_server::auth::Access;
use plimsoll_server::serve::Role;
use serde_json::json;

use crate::{Running, body, get, post};

const INSIDE: [&str; 4] = ["169.254.169.254", "10.255.255.1:5000", "192.168.0.1", "100.64.0.1"];

#[test]
fn an_image_of_a_registry_inside_is_not_read_for_anybody() {
    let running = Running::start();
    let digest = format!("sha256:{:064}", 3);
    for host in INSIDE {
        for reference in [format!("registry:{host}/a/b:1"), format!("{host}/a/b@{digest}")] {
            let scan = json!({"reference": reference}).to_string();
            let answer = post(&running.url("/api/v1/scans"), scan);
            assert_eq!(answer.status(), 422, "{reference}");
            let why = body(answer)["detail"].as_str().unwrap().to_owned();
            assert!(why.contains("--allow-network"), "{reference}: {why}");
        }
    }
    // What a cluster says that it runs is not looked up either.
    let report = json!({"place": "prod", "containers": [{"namespace": "a", "kind": "Pod", "name": "a",
        "container": "a", "image": "10.255.255.1:5000/a/b:1", "image_id": ""}]});
    assert_eq!(post(&running.url("/api/v1/running"), report.to_string()).status(), 200);
    let scan = Running::until("the scan fails", || {
        let scans = body(get(&running.url("/api/v1/scans")));
        let scan = scans["items"].get(0)?.clone();
        (scan["state"] == "failed").then_some(scan)
    });
    assert!(scan["error"].as_str().unwrap().contains("--allow-network 10.255.255.1"), "{scan}");
    assert_eq!(scan["attempt"], 1, "it is not tried again");
}

#[test]
fn what_whoever_runs_the_server_allows_is_read() {
    let running = Running::start_with(|settings| {
        settings.allowed_networks = vec!["10.255.255.0/24".parse().unwrap()];
        // Nobody is really asked.
        settings.role = Role::Api;
        settings.access = Access::open();
    });
    let scan = |host: &str| {
        let scan = json!({"reference": format!("registry:{host}/a/b:1")}).to_string();
        post(&running.url("/api/v1/scans"), scan).status()
    };
    assert_eq!(scan("10.255.255.1:5000"), 202);
    assert_eq!(scan("10.255.254.1:5000"), 422);
    // The client's own address: a registry beside it.
    assert_eq!(scan("127.0.0.1:1"), 202);
}

#[test]
fn a_registry_inside_is_not_watched() {
    let running = Running::start();
    for host in INSIDE {
        let registry = json!({"name": "inside", "host": host}).to_string();
        let answer = post(&running.url("/api/v1/registries"), registry);
        assert_eq!(answer.status(), 422, "{host}");
        let why = body(answer)["detail"].as_str().unwrap().to_owned();
        assert!(why.contains("--allow-network"), "{host}: {why}");
    }
}
