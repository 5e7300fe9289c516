//! `cluster` in place of files: `kube lint`, `pss plan`, `rbac` and `netpol` of a real API server.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use reqwest::Method;
use serde_json::Value;

use crate::scan::{document, fill, kubeconfig};
use crate::server::{Cluster, file, plimsoll};

const FLAGS: [&str; 2] = ["--disable-admission-plugins", "ServiceAccount,PodSecurity"];

/// `plimsoll kube WORDS cluster --kubeconfig FILE`, where nothing is called `cluster`.
fn kube(kubeconfig: &Path, words: &str) -> Output {
    let home = kubeconfig.parent().unwrap();
    let mut command = plimsoll();
    command.env_clear().env("HOME", home).env("PLIMSOLL_CACHE_DIR", home.join("cache"));
    command.current_dir(home).arg("kube").args(words.split_whitespace());
    command.args(["cluster", "--kubeconfig"]).arg(kubeconfig).output().unwrap()
}

#[track_caller]
fn said(output: &Output, code: i32) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}{err}");
    format!("{out}{err}")
}

/// An object as `kubectl get -o json` prints it.
fn printed(cluster: &Cluster, path: &str) -> String {
    let mut object = cluster.ask(Method::GET, path, None).ok().body;
    object["metadata"].as_object_mut().unwrap().remove("managedFields");
    serde_json::to_string_pretty(&object).unwrap()
}

#[test]
fn what_people_wrote_into_a_cluster_is_linted_at_the_lines_that_kubectl_prints() {
    let Some(cluster) = Cluster::start(&FLAGS) else { return };
    let kubeconfig = kubeconfig(&cluster);
    fill(&cluster);
    let found = document(&kube(&kubeconfig, "lint -f json"), 1);
    let found = found.as_array().unwrap();
    let files: BTreeSet<&str> = found.iter().map(|one| one["file"].as_str().unwrap()).collect();
    assert!(files.contains("cluster/shop/Deployment/web"), "{files:?}");
    assert!(files.contains("cluster/ClusterRoleBinding/web"), "{files:?}");
    // What the deployment made is the deployment's, and what every cluster has is nobody's.
    let is_others = |file: &&&str| {
        ["/ReplicaSet/", "/Pod/", "/Secret/", "ClusterRole/system:", "ClusterRole/admin"]
            .iter()
            .any(|part| file.contains(part))
    };
    assert_eq!(files.iter().find(is_others), None);
    let port = found.iter().find(|one| one["code"] == "PK4007").unwrap();
    assert_eq!(port["file"], "cluster/shop/Service/web");
    let service = printed(&cluster, "/api/v1/namespaces/shop/services/web");
    let line = service.lines().position(|line| line.contains("\"NodePort\"")).unwrap() + 1;
    assert_eq!(port["line"], line, "{service}");

    // The labels of its namespace decide.
    let shop = found.iter().filter(|one| one["file"] == "cluster/shop/Deployment/web");
    let levels: BTreeSet<&str> = shop
        .filter(|one| one["code"] == "runAsNonRoot")
        .map(|one| one["level"].as_str().unwrap())
        .collect();
    assert_eq!(levels, BTreeSet::new(), "the namespace enforces baseline and warns of nothing");

    let one = document(&kube(&kubeconfig, "lint -f json --namespace plimsoll"), 1);
    let inside = |one: &Value| one["file"].as_str().unwrap().starts_with("cluster/shop/");
    assert!(!one.as_array().unwrap().iter().any(inside), "{one:#}");

    // Values of secrets are not even asked for.
    let asked = file(&cluster.at("audit.log"));
    let ours = asked.lines().filter(|line| line.contains("plimsoll-scan"));
    let ours: Vec<&str> = ours.filter(|line| line.contains("\"verb\":\"list\"")).collect();
    assert!(ours.iter().any(|line| line.contains("\"resource\":\"deployments\"")));
    for resource in ["secrets", "configmaps"] {
        let asks = format!("\"resource\":\"{resource}\"");
        assert!(!ours.iter().any(|line| line.contains(&asks)), "{resource}");
    }
}

#[test]
fn plans_rights_and_reachability_are_those_of_the_cluster() {
    let Some(cluster) = Cluster::start(&FLAGS) else { return };
    let kubeconfig = kubeconfig(&cluster);
    fill(&cluster);
    let plan = said(&kube(&kubeconfig, "pss plan"), 0);
    assert!(plan.contains("shop"), "{plan}");
    let paths = said(&kube(&kubeconfig, "rbac paths --from shop/web"), 1);
    assert!(paths.contains("ServiceAccount shop/web comes to the whole cluster"), "{paths}");
    assert!(paths.contains("cluster/ClusterRoleBinding/web:"), "{paths}");
    let query = "netpol query --from shop/web-1-a --to shop/web-1-b --port 80 --protocol TCP";
    let query = said(&kube(&kubeconfig, query), 0);
    assert!(query.contains("allowed"), "{query}");
    let report = document(&kube(&kubeconfig, "lint --compliance pss-baseline -f json"), 0);
    assert!(report.is_object(), "{report:#}");
}

#[test]
fn what_may_not_be_listed_is_named_and_gives_no_verdict_on_the_network() {
    let Some(cluster) = Cluster::start(&FLAGS) else { return };
    fill(&cluster);
    cluster.apply(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: pods}\nrules: \
         [{apiGroups: ['', apps], resources: [pods, deployments, replicasets], verbs: [list]}]\n---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: pods}\n\
         roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: pods}\nsubjects: \
         [{apiGroup: rbac.authorization.k8s.io, kind: User, name: somebody}]\n",
    );
    let others = cluster.kubeconfig("others");
    let linted = said(&kube(&others, "lint -f text"), 3);
    assert!(linted.contains("cluster/shop/Deployment/web:"), "{linted}");
    assert!(linted.contains("services of v1: the API server answers 403"), "{linted}");
    let paths = said(&kube(&others, "rbac paths"), 3);
    assert!(!paths.contains("Nobody"), "{paths}");
    let query = "netpol query --from shop/web-1-a --to shop/web-1-b --port 80 --protocol TCP";
    let query = said(&kube(&others, query), 3);
    assert!(query.contains("read in part only"), "{query}");
    // Nobody answers.
    std::fs::write(cluster.at("gone"), file(&others).replace(&cluster.url, "https://127.0.0.1:1"))
        .unwrap();
    let gone = said(&kube(&cluster.at("gone"), "lint"), 3);
    assert!(gone.contains("the API server of"), "{gone}");
}

#[test]
fn a_folder_of_that_name_is_a_folder() {
    let home = tempfile::TempDir::new().unwrap();
    let run = |words: &[&str]| {
        let mut command = plimsoll();
        command.env_clear().env("HOME", home.path()).current_dir(home.path());
        command.args(words).output().unwrap()
    };
    let none = said(&run(&["kube", "lint", "cluster"]), 2);
    assert!(none.contains("there is no kubeconfig"), "{none}");
    std::fs::create_dir(home.path().join("cluster")).unwrap();
    let pod = "apiVersion: v1\nkind: Pod\nspec: {hostPID: true, containers: []}\n";
    std::fs::write(home.path().join("cluster/pod.yaml"), pod).unwrap();
    let all = said(&run(&["kube", "lint", "cluster", "-f", "text", "--only", "pss"]), 1);
    assert!(all.contains("cluster/pod.yaml:3 hostNamespaces"), "{all}");
}
