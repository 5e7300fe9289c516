//! `plimsoll kube scan` of a real API server, with the rights of `deploy/kubernetes/scan-role.yaml` and no
//! others.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Cluster, file, plimsoll};

const OBJECTS: &str = "\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: web}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, namespace: shop, name: web}]
---
apiVersion: v1
kind: Secret
metadata: {name: password, namespace: shop}
stringData: {password: hunter2-hunter2}
---
apiVersion: v1
kind: Node
metadata: {name: a}
";

fn role() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/kubernetes/scan-role.yaml")
}

fn workload(kind: &str, name: &str, owner: Option<(&str, &str, &str)>) -> Value {
    let owners: Vec<Value> = owner
        .iter()
        .map(|(kind, name, uid)| {
            json!({"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid,
                "controller": true})
        })
        .collect();
    let labels = json!({"app": name});
    json!({"apiVersion": "apps/v1", "kind": kind,
        "metadata": {"name": name, "namespace": "shop", "ownerReferences": owners},
        "spec": {"selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels},
            "spec": {"serviceAccountName": name,
                "containers": [{"name": "c", "image": "registry.invalid/app:1"}]}}}})
}

fn pod(name: &str, maker: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "ownerReferences": [{
            "apiVersion": "apps/v1", "kind": maker["kind"], "controller": true,
            "name": maker["metadata"]["name"], "uid": maker["metadata"]["uid"]}]},
        "spec": {"containers": [{"name": "c", "image": "registry.invalid/app:1"}]}})
}

/// A kubeconfig of the account that the role is bound to.
pub(crate) fn kubeconfig(cluster: &Cluster) -> PathBuf {
    cluster.apply(&file(&role()));
    let path = "/api/v1/namespaces/plimsoll/serviceaccounts/plimsoll-scan/token";
    let request =
        json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let token = cluster.post(path, &request).ok().body["status"]["token"].clone();
    let kubeconfig = cluster.kubeconfig("scan");
    let text = file(&kubeconfig).replace("\"token\":\"scan\"", &format!("\"token\":{token}"));
    std::fs::write(&kubeconfig, text).unwrap();
    kubeconfig
}

pub(crate) fn scan(kubeconfig: &Path, arguments: &[&str]) -> Output {
    let home = kubeconfig.parent().unwrap();
    let mut command = plimsoll();
    command.env_clear().env("HOME", home).env("PLIMSOLL_CACHE_DIR", home.join("cache"));
    command.args(["kube", "scan", "--kubeconfig"]).arg(kubeconfig).args(arguments).output().unwrap()
}

#[track_caller]
pub(crate) fn document(output: &Output, code: i32) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

pub(crate) fn fill(cluster: &Cluster) {
    cluster.namespace("shop", &[("enforce", "baseline")]);
    cluster.apply(OBJECTS);
    let sets = "/apis/apps/v1/namespaces/shop/replicasets";
    let web = workload("Deployment", "web", None);
    let web = cluster.post("/apis/apps/v1/namespaces/shop/deployments", &web).ok().body;
    let uid = web["metadata"]["uid"].as_str().unwrap();
    let set = workload("ReplicaSet", "web-1", Some(("Deployment", "web", uid)));
    let set = cluster.post(sets, &set).ok().body;
    for name in ["web-1-a", "web-1-b"] {
        cluster.post("/api/v1/namespaces/shop/pods", &pod(name, &set)).ok();
        let digest = "a".repeat(64);
        let status = json!({"status": {"containerStatuses": [{"name": "c", "ready": true,
            "restartCount": 0, "image": "registry.invalid/app:1",
            "imageID": format!("registry.invalid/app@sha256:{digest}")}]}});
        let path = format!("/api/v1/namespaces/shop/pods/{name}/status");
        cluster.ask(Method::PATCH, &path, Some(&status)).ok();
    }
}

#[test]
fn with_the_rights_of_its_role_all_is_seen_and_nothing_else_may_be() {
    let flags = ["--disable-admission-plugins", "ServiceAccount,PodSecurity"];
    let Some(cluster) = Cluster::start(&flags) else { return };
    let kubeconfig = kubeconfig(&cluster);
    fill(&cluster);
    let all = scan(&kubeconfig, &["--skip-images", "--report", "all", "-o", "json"]);
    let found = document(&all, 0);
    assert_eq!(found["missing"], json!([]), "{found:#}");
    assert!(found["server"]["version"].as_str().unwrap().starts_with("v1."));
    let workloads = found["workloads"].as_array().unwrap();
    assert_eq!(workloads.len(), 1, "{workloads:#?}");
    assert_eq!(workloads[0]["name"], "web");
    assert_eq!(workloads[0]["pods"], 2);
    assert_eq!(workloads[0]["exposedBy"], "Service shop/web (NodePort)");
    assert_eq!(found["images"][0]["names"], json!(["registry.invalid/app:1"]));
    assert!(found["images"][0]["digest"].as_str().unwrap().starts_with("sha256:aaaa"));
    let shop = found["namespaces"].as_array().unwrap().iter().find(|it| it["name"] == "shop");
    let shop = shop.unwrap();
    assert_eq!((&shop["meets"], &shop["networkPolicies"]), (&json!("baseline"), &json!(1)));
    assert_eq!(shop["labels"]["enforce"], "baseline:latest");
    let ways = found["access"].as_array().unwrap();
    assert!(ways.iter().any(|way| way["from"] == "ServiceAccount shop/web"), "{ways:#?}");
    let said = String::from_utf8_lossy(&all.stdout);
    assert!(!said.contains("hunter2"), "no secret is read");
    assert_eq!(found["objects"]["Secret"], Value::Null);

    // The gates, and the one namespace.
    assert_eq!(scan(&kubeconfig, &["--skip-images", "-t", "warning"]).status.code(), Some(1));
    let one = document(&scan(&kubeconfig, &["--skip-images", "-n", "plimsoll", "-o", "json"]), 0);
    assert_eq!(one["workloads"], json!([]));
    assert_eq!(one["namespaces"].as_array().unwrap().len(), 1);

    // An image that cannot be got is named, and the rest is told.
    let partial = scan(&kubeconfig, &["-o", "json", "--image-source", "registry"]);
    let partial = document(&partial, 3);
    let missing = partial["missing"][0].as_str().unwrap();
    assert!(missing.starts_with("image registry.invalid/app:1: "), "{missing}");
    assert_eq!(partial["workloads"][0]["name"], "web");

    // And nothing that it does not need.
    let token: Value = serde_json::from_str(&file(&kubeconfig)).unwrap();
    let token = token["users"][0]["user"]["token"].as_str().unwrap().to_owned();
    for (method, path) in [
        (Method::GET, "/api/v1/secrets"),
        (Method::GET, "/api/v1/configmaps"),
        (Method::GET, "/api/v1/namespaces/shop/pods/web-1-a"),
        (Method::GET, "/api/v1/namespaces/shop/pods/web-1-a/log"),
        (Method::DELETE, "/api/v1/namespaces/shop/pods/web-1-a"),
    ] {
        let answer = cluster.ask_as(&token, method.clone(), path, None);
        assert_eq!(answer.status, 403, "{method} {path}: {answer:?}");
    }
}

#[test]
fn what_may_not_be_listed_is_named_and_the_rest_is_told() {
    let flags = ["--disable-admission-plugins", "ServiceAccount,PodSecurity"];
    let Some(cluster) = Cluster::start(&flags) else { return };
    fill(&cluster);
    cluster.apply(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: pods}\nrules: \
         [{apiGroups: ['', apps], resources: [pods, deployments, replicasets], verbs: [list]}]\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: pods}\n\
         roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: pods}\nsubjects: \
         [{apiGroup: rbac.authorization.k8s.io, kind: User, name: somebody}]\n",
    );
    let found = scan(&cluster.kubeconfig("others"), &["--skip-images", "-o", "json"]);
    let found = document(&found, 3);
    assert_eq!(found["workloads"][0]["pods"], 2);
    let missing: Vec<&str> =
        found["missing"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert!(missing.iter().any(|one| one.starts_with("networkpolicies of ")), "{missing:?}");
    assert!(missing.iter().all(|one| one.contains("403")), "{missing:?}");
}

/// How many pods the real API server is given; as many as a test may take time for.
fn many() -> usize {
    std::env::var("PLIMSOLL_SCAN_PODS").ok().and_then(|text| text.parse().ok()).unwrap_or(1200)
}

#[test]
fn many_pods_come_page_by_page() {
    let flags = ["--disable-admission-plugins", "ServiceAccount,PodSecurity"];
    let Some(cluster) = Cluster::start(&flags) else { return };
    cluster.namespace("shop", &[]);
    let web = workload("Deployment", "web", None);
    let web = cluster.post("/apis/apps/v1/namespaces/shop/deployments", &web).ok().body;
    let count = many();
    let began = Instant::now();
    std::thread::scope(|threads| {
        for thread in 0..8 {
            let (cluster, web) = (&cluster, &web);
            threads.spawn(move || {
                for number in (thread..count).step_by(8) {
                    let pod = pod(&format!("web-{number}"), web);
                    cluster.post("/api/v1/namespaces/shop/pods", &pod).ok();
                }
            });
        }
    });
    let made = began.elapsed();
    let began = Instant::now();
    let found = document(&scan(&cluster.admin(), &["--skip-images", "-o", "json"]), 0);
    println!("{count} pods made in {made:?}, scanned in {:?}", began.elapsed());
    assert_eq!(found["workloads"][0]["pods"], count);
    assert_eq!(found["objects"]["Pod"], count);
}
