//! `plimsoll kube lint --compliance`: what manifests show of a standard.

use crate::machine::Machine;

const POD: &str = "apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  hostPID: true
  containers:
    - name: web
      image: registry.example.com/web:1
      env:
        - name: PASSWORD
          valueFrom: {secretKeyRef: {name: db, key: word}}
";

#[test]
fn a_control_passes_fails_or_is_not_judged_and_why_is_told() {
    let machine = Machine::new();
    machine.write("pod.yaml", POD);
    let ran = machine.run("kube lint --compliance nsa pod.yaml").ended(1);
    for part in [
        "1.2   pass        HIGH      Preventing privileged containers\n",
        "1.4   fail        HIGH      Share host process namespaces\n      pod.yaml:5: host namespaces",
        "3.0   not judged  CRITICAL  Use CNI plugin that supports NetworkPolicy API (Manual)\n      the nodes",
        "no manifest of a kube-apiserver is in what was read",
        "\nScore ",
    ] {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    machine.run("kube lint --compliance nsa --no-fail pod.yaml").ended(0);
    let ran = machine.run("kube lint --compliance pci pod.yaml").ended(2);
    assert!(ran.err.contains("it is one of nsa, cis, pss-baseline, pss-restricted"), "{}", ran.err);
}

#[test]
fn json_and_markdown_have_every_control() {
    let machine = Machine::new();
    machine.write("pod.yaml", POD);
    let json = machine.run("kube lint --compliance k8s-cis-1.23 -f json pod.yaml").ended(1).json();
    assert_eq!(json["standard"]["id"], "k8s-cis-1.23");
    let controls = json["controls"].as_array().unwrap();
    let control = |id: &str| controls.iter().find(|one| one["id"] == id).unwrap();
    assert_eq!(control("5.2.3")["state"], "fail");
    assert_eq!(control("5.2.3")["failures"][0]["rule"], "hostNamespaces");
    assert_eq!(control("5.4.1")["failures"][0]["line"], 11);
    assert_eq!(control("5.1.1")["state"], "not judged");
    let sum = ["passed", "failed", "notJudged"].map(|key| json["score"][key].as_u64().unwrap());
    assert_eq!(sum.iter().sum::<u64>(), controls.len() as u64);
    let page = machine.run("kube lint --compliance cis -f markdown pod.yaml").ended(1).out;
    assert_eq!(page.lines().filter(|line| line.starts_with("| 5.")).count(), controls.len());
}

#[test]
fn a_hardened_pod_meets_the_restricted_standard() {
    let machine = Machine::new();
    machine.write(
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  securityContext:\n    \
         runAsNonRoot: true\n    seccompProfile: {type: RuntimeDefault}\n  containers:\n    - name: web\n      \
         image: registry.example.com/web:1\n      securityContext:\n        allowPrivilegeEscalation: false\n        \
         capabilities: {drop: [ALL]}\n",
    );
    let ran = machine.run("kube lint --compliance pss-restricted pod.yaml").ended(0);
    assert!(ran.out.contains("Score 100 %: 18 of 18 judged controls pass"), "{}", ran.out);
    assert!(
        machine.run("kube lint --compliance pss-baseline pod.yaml").ended(0).out.contains("100 %")
    );
}
