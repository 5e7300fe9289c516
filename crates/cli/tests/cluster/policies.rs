//! What is exported as `ValidatingAdmissionPolicy`, judged by a real API server: the same verdicts.

use std::collections::BTreeMap;

use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::pss::{Policy, Version, evaluate};
use plimsoll_kube::{Object, Workload};
use serde_json::{Value, json};

use crate::server::{Cluster, fixtures, plimsoll};

fn allows(level: &str, version: Version, pod: &Value) -> bool {
    let manifest = Manifest::from_json(pod.to_string().as_bytes()).unwrap();
    let workload = Workload::new(Object::new(&manifest.documents[0]), &manifest.source).unwrap();
    evaluate(&workload.pod, Policy { profile: level.parse().unwrap(), version }).is_empty()
}

fn export(cluster: &Cluster, settings: &str) {
    let config = cluster.at("admit.yaml");
    std::fs::write(&config, settings).unwrap();
    let printed =
        plimsoll().args(["kube", "admit", "--export", "vap", "--config"]).arg(config).output();
    let printed = printed.unwrap();
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    cluster.apply(&String::from_utf8(printed.stdout).unwrap());
}

/// Policies count a moment after they were made.
fn wait(cluster: &Cluster, namespace: &str, bad: &Value) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while cluster.dry_run(namespace, bad).status == 201 {
        assert!(std::time::Instant::now() < until, "the policies are not asked");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[test]
fn the_standards_in_cel_have_our_verdict_of_every_fixture() {
    for version in ["v1.25", "v1.34", "latest"] {
        let flags = ["--disable-admission-plugins", "ServiceAccount,PodSecurity"];
        let Some(cluster) = Cluster::start(&flags) else { return };
        let settings = format!(
            "apiVersion: plimsoll.dev/v1\nkind: AdmissionSettings\nfailure: closed\npodSecurity: \
             {{mode: enforce, defaults: {{enforce-version: {version}}}}}\n"
        );
        export(&cluster, &settings);
        for level in ["baseline", "restricted"] {
            cluster.namespace(level, &[("enforce", level)]);
        }
        let bad = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bad"},
            "spec": {"hostPID": true, "containers": [{"name": "c", "image": "i"}]}});
        wait(&cluster, "baseline", &bad);
        wait(&cluster, "restricted", &bad);
        let parsed: Version = version.parse().unwrap();
        // The same pods are fixtures of many versions.
        let mut pods: BTreeMap<String, Value> = BTreeMap::new();
        for (_, _, _, pod) in fixtures() {
            pods.insert(pod.to_string(), pod);
        }
        let (mut wrong, mut judged) = (Vec::new(), 0);
        for pod in pods.values() {
            for level in ["baseline", "restricted"] {
                let answer = cluster.dry_run(level, pod);
                match answer.status {
                    201 | 403 => judged += 1,
                    422 if answer.message().contains("ValidatingAdmissionPolicy") => judged += 1,
                    400 | 422 => continue,
                    _ => {}
                }
                if (answer.status == 201) != allows(level, parsed, pod) {
                    wrong.push(format!("{level} {pod}\n  {}", answer.message()));
                }
            }
        }
        println!("{version}: {judged} verdicts on {} pods", pods.len());
        assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
        assert!(judged > pods.len());
    }
}

#[test]
fn registries_and_digests_in_cel_have_our_verdict() {
    let flags = ["--disable-admission-plugins", "ServiceAccount,PodSecurity"];
    let Some(cluster) = Cluster::start(&flags) else { return };
    let settings = "apiVersion: plimsoll.dev/v1\nkind: AdmissionSettings\nfailure: closed\nimages: \
                    {registries: {allowed: ['registry.example/**', 'docker.io/library/*', \
                    'localhost:5000/a'], mode: enforce}, digest: {mode: warn}}\n";
    export(&cluster, settings);
    cluster.namespace("shop", &[]);
    let pod = |image: &str| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": image}]}})
    };
    wait(&cluster, "shop", &pod("elsewhere.example/a"));
    let digest = format!("@sha256:{}", "0".repeat(64));
    for (image, allowed) in [
        ("nginx", true),
        ("nginx:1", true),
        ("team/nginx", false),
        ("registry.example/team/app:1", true),
        ("registry.example.evil.example/app", false),
        ("evil.example/registry.example/app", false),
        ("registryXexample/app", false),
        ("localhost:5000/a:1", true),
        ("localhost:5000/b", false),
    ] {
        let answer = cluster.dry_run("shop", &pod(image));
        assert_eq!(answer.status == 201, allowed, "{image}: {answer:?}");
        if allowed {
            assert!(answer.warnings.iter().any(|it| it.contains("images/digest")), "{answer:?}");
            let pinned = cluster.dry_run("shop", &pod(&format!("{image}{digest}")));
            assert_eq!((pinned.status, pinned.warnings.len()), (201, 0), "{image}");
        }
    }
}
