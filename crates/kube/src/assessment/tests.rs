//! A small cluster, assessed.

use std::sync::Arc;

use plimsoll_model::text::Source;

use super::*;
use crate::rbac;

const AROUND: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: baseline}}
---
apiVersion: v1
kind: Node
metadata: {name: a}
status: {nodeInfo: {kubeletVersion: v1.33.1}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: LoadBalancer, selector: {app: web}}
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
";

fn workload(kind: &str, name: &str, spec: &str, owner: &str) -> String {
    format!(
        "---\napiVersion: {}\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop{owner}}}\n\
         spec: {{template: {{metadata: {{labels: {{app: {name}}}}}, spec: {{{spec}, containers: \
         [{{name: c, image: 'app:1', ports: [{{containerPort: 80}}]}}]}}}}}}\n",
        if kind.ends_with("Job") { "batch/v1" } else { "apps/v1" }
    )
}

fn pod(name: &str, owner: &str, id: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop{owner}}}\nspec: \
         {{containers: [{{name: c, image: 'app:1'}}]}}\nstatus: {{containerStatuses: [{{name: c, \
         imageID: '{id}'}}]}}\n"
    )
}

fn owned(kind: &str, name: &str) -> String {
    format!(", ownerReferences: [{{kind: {kind}, name: {name}, controller: true}}]")
}

fn assess(text: &str, only: Option<&str>) -> Assessment {
    let read = || {
        let manifest = Manifest::parse(Source::new(text));
        assert!(manifest.problems.is_empty(), "{:?}", manifest.problems);
        manifest
    };
    let mut around = Surroundings::new(Config::default(), only);
    assert!(around.add("a.yaml", Arc::new(read())));
    let mut judge = around.finish();
    judge.controller("a.yaml", &read());
    judge.pod("a.yaml", &read());
    judge.finish()
}

fn cluster() -> String {
    let digest = format!("docker.io/library/app@sha256:{}", "a".repeat(64));
    [
        AROUND.to_owned(),
        // The replica set stands before its deployment, and has an old one beside it.
        workload("ReplicaSet", "web-1", "hostPID: false", &owned("Deployment", "web")),
        workload("ReplicaSet", "web-0", "hostPID: false", &owned("Deployment", "web")),
        workload("Deployment", "web", "serviceAccountName: web, hostPID: true", ""),
        workload("Deployment", "db", "hostPID: false", ""),
        pod("web-1-a", &owned("ReplicaSet", "web-1"), &digest),
        pod("web-1-b", &owned("ReplicaSet", "web-1"), &digest),
        pod("flow-1", &owned("Workflow", "flow"), &digest),
        pod("flow-2", &owned("Workflow", "flow"), &digest),
        pod("kube-proxy-a", &owned("Node", "a"), ""),
        pod("alone", "", ""),
    ]
    .concat()
}

#[test]
fn a_workload_counts_once_with_all_its_pods_and_their_images() {
    let found = assess(&cluster(), None);
    let rows: Vec<_> = found
        .workloads
        .iter()
        .map(|row| (format!("{}/{}", row.kind, row.name), row.pods, row.images.len()))
        .collect();
    let row = |name: &str, pods, images| (name.to_owned(), pods, images);
    assert_eq!(
        rows,
        [
            row("Deployment/db", 0, 1),
            row("Deployment/web", 2, 1),
            row("Pod/alone", 1, 1),
            row("Pod/kube-proxy-a", 1, 1),
            row("Workflow/flow", 2, 1),
        ]
    );
    // By its digest, and as it is named where nothing runs.
    assert_eq!(found.images.len(), 2);
    assert_eq!(found.images.iter().map(|image| image.pods).sum::<u64>(), 6);
    assert_eq!(found.counts["Pod"], 6);
}

#[test]
fn namespaces_versions_rights_and_reach_are_told() {
    let found = assess(&cluster(), None);
    let shop = &found.namespaces["shop"];
    assert_eq!((shop.workloads, shop.forbidden, shop.policies), (5, [1, 5], 1));
    assert_eq!(shop.meets(), Profile::Privileged);
    assert_eq!(shop.modes.unwrap().enforce.profile, Profile::Baseline);
    assert_eq!(shop.open, 4, "all but the database");
    assert_eq!(found.kubelets["v1.33.1"], 1);
    let web = ("shop".to_owned(), "Deployment".to_owned(), "web".to_owned());
    assert_eq!(found.reach.exposed[&web], "Service shop/web (LoadBalancer)");
    assert_eq!(found.reach.reached, Some(3), "all but the database, which is isolated");
    assert_eq!(rbac::Paths::new(&found.access).all(false).len(), 1);
    let binding = found.others.iter().find(|one| one.kind == "ClusterRoleBinding").unwrap();
    assert!(binding.findings.iter().any(|one| one.rule.id == "PK5008"), "{binding:?}");
    let web = found.workloads.iter().find(|row| row.name == "web").unwrap();
    let host = web.findings.iter().find(|one| one.rule.id == "hostNamespaces").unwrap();
    assert_eq!(host.level, Level::Error);
}

#[test]
fn of_one_namespace_nothing_of_another_is_told() {
    let other = workload("Deployment", "other", "hostPID: true", "")
        .replace("namespace: shop", "namespace: else");
    let found = assess(&(cluster() + &other), Some("else"));
    assert_eq!(found.workloads.len(), 1);
    assert_eq!(found.namespaces.keys().collect::<Vec<_>>(), ["else"]);
    assert_eq!(found.kubelets.len(), 1);
}
