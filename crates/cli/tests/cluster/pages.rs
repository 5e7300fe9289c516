//! Pages of an API server that forgets, is busy, breaks off, or has very many objects.

use std::io::Read as _;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use plimsoll_testkit::{Reply, Request, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::plimsoll;

fn pod(number: usize, of: usize) -> String {
    let owner = number % of;
    let digest = format!("{owner:064x}");
    json!({"metadata": {"name": format!("app-{owner}-{number}"),
            "namespace": format!("team-{}", owner % 100),
            "labels": {"app": format!("app-{owner}")},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "controller": true,
                "name": format!("app-{owner}"), "uid": "u"}]},
        "spec": {"containers": [{"name": "c", "image": format!("registry.invalid/app-{owner}:1"),
            "env": (0..12).map(|it| json!({"name": format!("V{it}"), "value": "a value"}))
                .collect::<Vec<_>>()}]},
        "status": {"containerStatuses": [{"name": "c",
            "imageID": format!("registry.invalid/app-{owner}@sha256:{digest}")}]}})
    .to_string()
}

fn deployment(number: usize) -> String {
    let labels = json!({"app": format!("app-{number}")});
    json!({"metadata": {"name": format!("app-{number}"),
            "namespace": format!("team-{}", number % 100)},
        "spec": {"template": {"metadata": {"labels": labels},
            "spec": {"containers": [{"name": "c", "image": format!("registry.invalid/app-{number}:1"),
                "ports": [{"containerPort": 80}]}]}}}})
    .to_string()
}

/// A page: the items from where the token says, as many as are asked for.
fn page(request: &Request, kind: &str, all: usize, item: &dyn Fn(usize) -> String) -> Reply {
    let query = request.path.split_once('?').map_or("", |(_, query)| query);
    let value = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    };
    let limit: usize = value("limit").unwrap().parse().unwrap();
    let from: usize = value("continue").map_or(0, |token| token.parse().unwrap());
    let to = (from + limit).min(all);
    let items: Vec<String> = (from..to).map(item).collect();
    let next = if to < all { to.to_string() } else { String::new() };
    let body = format!(
        "{{\"kind\":\"{kind}List\",\"apiVersion\":\"v1\",\"metadata\":{{\"resourceVersion\":\"1\",\
         \"continue\":\"{next}\"}},\"items\":[{}]}}\n",
        items.join(",")
    );
    Reply { chunked: Some(1 << 14), ..Reply::new(200, body) }
}

fn plain(request: &Request, pods: usize, deployments: usize) -> Reply {
    let path = request.path.split('?').next().unwrap();
    match path {
        "/version" => Reply::new(200, json!({"gitVersion": "v1.37.0"}).to_string()),
        "/api/v1/pods" => page(request, "Pod", pods, &|number| pod(number, deployments.max(1))),
        "/apis/apps/v1/deployments" => page(request, "Deployment", deployments, &deployment),
        _ => page(request, "Other", 0, &|_| String::new()),
    }
}

fn start(folder: &TempDir, server: &Server, arguments: &[&str]) -> Child {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "made",
        "clusters": [{"name": "made", "cluster": {"server": format!("http://{}", server.host())}}],
        "users": [{"name": "made", "user": {"token": "t"}}],
        "contexts": [{"name": "made", "context": {"cluster": "made", "user": "made"}}],
    });
    let file = folder.path().join("config");
    std::fs::write(&file, config.to_string()).unwrap();
    plimsoll()
        .env_clear()
        .env("HOME", folder.path())
        .args(["kube", "scan", "--skip-images", "-o", "json", "--kubeconfig"])
        .arg(&file)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(folder.path().join("said")).unwrap())
        .spawn()
        .unwrap()
}

/// Exit code, document, what was said, and the most memory that it had, in KiB.
fn ended(folder: &TempDir, mut child: Child) -> (i32, Value, String, u64) {
    let mut out = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        out.read_to_string(&mut text).unwrap();
        text
    });
    let status = format!("/proc/{}/status", child.id());
    let end = Instant::now() + Duration::from_mins(5);
    let mut peak = 0;
    let code = loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|it| it.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(kib.unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status.code().unwrap();
        }
        if Instant::now() > end {
            let _ = child.kill();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let text = reader.join().unwrap();
    let said = std::fs::read_to_string(folder.path().join("said")).unwrap();
    let document = serde_json::from_str(&text).unwrap_or_default();
    (code, document, said, peak)
}

#[test]
fn a_list_that_became_too_old_is_gone_on_with_and_that_is_said() {
    let folder = TempDir::new().unwrap();
    let forgets = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&forgets);
    let server = Server::start(move |request| {
        let is_second =
            request.path.starts_with("/api/v1/pods?") && request.path.contains("continue=500");
        if is_second && count.fetch_add(1, Ordering::SeqCst) == 0 {
            let body = json!({"kind": "Status", "code": 410, "reason": "Expired",
                "message": "The provided continue parameter is too old",
                "metadata": {"continue": "500"}});
            return Reply::new(410, body.to_string());
        }
        plain(request, 1200, 3)
    });
    let (code, found, said, _) = ended(&folder, start(&folder, &server, &[]));
    assert_eq!(code, 0, "{said}");
    assert_eq!(found["objects"]["Pod"], 1200, "none twice and none left out");
    assert!(said.contains("pods: the API server forgot the state of the list 1 times"), "{said}");
}

#[test]
fn a_busy_server_is_asked_again_and_one_that_breaks_off_is_partial() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(|request| {
        if request.path.starts_with("/api/v1/namespaces?") && request.before == 0 {
            return Reply::new(429, "{}").header("Retry-After", "0");
        }
        if request.path.starts_with("/apis/apps/v1/deployments?") {
            return Reply { cut_at: Some(900), ..plain(request, 0, 50) };
        }
        plain(request, 10, 2)
    });
    let (code, found, said, _) = ended(&folder, start(&folder, &server, &[]));
    assert_eq!(code, 3, "{said}");
    let missing = found["missing"].as_array().unwrap();
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].as_str().unwrap().starts_with("deployments of apps/v1: "), "{missing:?}");
    // Whose deployment was not read stand for it themselves.
    assert_eq!(found["workloads"].as_array().unwrap().len(), 2);
}

#[test]
fn a_token_that_would_be_more_than_a_token_is_not_followed() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(|request| {
        if request.path.starts_with("/api/v1/pods?") {
            let body = json!({"kind": "PodList", "items": [], "metadata": {"continue": "a&b=c#"}});
            return Reply::new(200, body.to_string());
        }
        plain(request, 0, 0)
    });
    let (code, found, said, _) = ended(&folder, start(&folder, &server, &[]));
    assert_eq!(code, 3, "{said}");
    assert!(found["missing"][0].as_str().unwrap().contains("token of the next page"), "{found}");
}

/// How many pods, and workloads, there are; as many as a test may take time for.
fn many(variable: &str, usual: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn memory_does_not_grow_with_the_pods_of_a_workload() {
    let (count, workloads) =
        (many("PLIMSOLL_SCAN_PAGES", 10_000), many("PLIMSOLL_SCAN_WORKLOADS", 200));
    let run = |pods: usize| {
        let folder = TempDir::new().unwrap();
        let server = Server::start(move |request| plain(request, pods, workloads));
        let began = Instant::now();
        let (code, found, said, peak) = ended(&folder, start(&folder, &server, &[]));
        println!("{pods} pods: {:?}, {peak} KiB", began.elapsed());
        assert_eq!(code, 0, "{said}");
        assert_eq!(found["objects"]["Pod"], pods);
        assert_eq!(found["workloads"].as_array().unwrap().len(), workloads);
        assert_eq!(found["images"].as_array().unwrap().len(), workloads);
        peak
    };
    let (few, all) = (run(workloads.max(1000)), run(count));
    // A pod of the list has about 900 bytes; as values it would have tenfold.
    assert!(all < few + 16 * 1024, "{few} KiB for few pods, {all} KiB for {count}");
}
