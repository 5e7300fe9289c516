//! `plimsoll kube netpol` of a list that is longer than what is read as a whole.

use serde_json::{Value, json};

use crate::machine::Machine;

/// More objects than are read of one file as a whole: pods of which each tier may reach the next one.
fn long_list() -> String {
    let mut items = vec![
        json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "db", "namespace": "shop"},
            "spec": {"selector": {"app": "db"}, "ports": [{"port": 5432}]}}),
        json!({"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "db", "namespace": "shop"},
            "spec": {"podSelector": {"matchLabels": {"app": "db"}}, "policyTypes": ["Ingress"],
                "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}]}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
            "metadata": {"name": "nobody", "namespace": "shop"},
            "spec": {"podSelector": {"matchLabels": {"app": "gone"}}, "policyTypes": ["Ingress"]}}),
    ];
    for number in 0..60_000 {
        let app = if number % 2 == 0 { "web" } else { "db" };
        items.push(json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": format!("{app}-{number}"), "namespace": "shop",
                "uid": format!("{number:032}"), "resourceVersion": number.to_string(),
                "labels": {"app": app, "pod-template-hash": format!("{}", number % 7)}},
            "spec": {"nodeName": "a", "restartPolicy": "Always", "schedulerName": "default",
                "securityContext": {"runAsNonRoot": true, "runAsUser": 1000, "fsGroup": 1000},
                "containers": [{"name": "c", "image": "i", "imagePullPolicy": "Always",
                    "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
                    "securityContext": {"privileged": app == "db"},
                    "ports": [{"containerPort": if app == "db" { 5432 } else { 80 }}],
                    "env": [{"name": "DATABASE", "value": "postgres://db/shop"}]}]},
            "status": {"phase": "Running", "podIPs": [{"ip": format!("10.{}.{}.{}",
                number / 65536, number / 256 % 256, number % 256)}],
                "conditions": [{"type": "Ready", "status": "True", "reason": "Up"}]}}));
    }
    serde_json::to_string_pretty(&json!({"apiVersion": "v1", "kind": "List", "items": items}))
        .unwrap()
}

#[test]
fn a_list_of_sixty_thousand_pods_is_read_object_by_object() {
    let machine = Machine::new();
    let list = long_list();
    let line = list.lines().position(|line| line.contains("\"gone\"")).unwrap();
    machine.write("pods.json", &list);

    let check = machine.run("kube netpol check -f json pods.json").ended(1).json();
    let found = check.as_array().unwrap();
    let idle: Vec<&Value> = found.iter().filter(|one| one["code"] == "PN1003").collect();
    assert_eq!(idle.len(), 1, "{check:#}");
    assert!(idle[0]["line"].as_u64().unwrap().abs_diff(line as u64) < 4, "{line} {check:#}");

    let query = "kube netpol query --from shop/web-0 --to shop/db-1 --port 5432 pods.json";
    machine.run(query).ended(0);

    let fallen = machine.run("kube netpol lateral -o json --from shop/web-0 pods.json").ended(1);
    let reached = fallen.json()["reached"].as_array().unwrap().len();
    assert_eq!(reached, 59_999, "{}", fallen.err);

    let plan = machine.run_with_stdin("kube netpol suggest -", &list).ended(0);
    let policies = plan.out.matches("kind: NetworkPolicy").count();
    assert_eq!(policies, 2, "{}", plan.out);
    assert!(plan.out.contains("# env DATABASE"), "{}", plan.out);
}
