//! `plimsoll kube pss plan`: what it prints, and how it ends.

use crate::machine::Machine;

const SHOP: &str = "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: {pod-security.kubernetes.io/warn: baseline}
---
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: shop, name: web}
spec: {template: {spec: {containers: [{name: c, image: i}]}}}
---
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: agent}
spec: {hostNetwork: true, containers: [{name: c, image: i, securityContext: {
  allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: {drop: [ALL]},
  seccompProfile: {type: RuntimeDefault}}}]}
";

#[test]
fn the_plan_names_what_is_in_the_way_and_what_to_type() {
    let machine = Machine::new();
    machine.write("shop.yaml", SHOP);
    insta::assert_snapshot!(machine.run("kube pss plan shop.yaml").ended(0).out);
}

#[test]
fn without_the_pod_in_the_way_baseline_can_be_enforced() {
    let machine = Machine::new();
    machine.write("shop.yaml", SHOP.replace("hostNetwork: true, ", ""));
    insta::assert_snapshot!(machine.run("kube pss plan -o commands shop.yaml").ended(0).out);
    machine.run("kube pss plan --level baseline shop.yaml").ended(0);
    machine.run("kube pss plan --level restricted shop.yaml").ended(1);
}

#[test]
fn programs_get_all_of_it() {
    let machine = Machine::new();
    machine.write("shop.yaml", SHOP);
    let out = machine.run("kube pss plan --pss-version v1.31 -o json shop.yaml").ended(0).out;
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    let shop = &document["namespaces"][0];
    assert_eq!(shop["meets"], "privileged");
    assert_eq!(shop["blocked"]["baseline"][0]["object"], "Pod/agent");
    assert_eq!(shop["blocked"]["baseline"][0]["line"], 14);
    assert_eq!(
        shop["dryRunWarnings"]["baseline"][0],
        "existing pods in namespace \"shop\" violate the new PodSecurity enforce level \
         \"baseline:v1.31\""
    );
    assert_eq!(shop["blocked"]["restricted"].as_array().unwrap().len(), 2);
}

#[test]
fn a_file_that_is_wrong_is_named_and_ends_with_two() {
    let machine = Machine::new();
    machine.write("pod.yaml", "apiVersion: v1\nkind: Pod\nspec: {containers: 5}\n");
    machine.write("broken.yaml", "apiVersion: v1\nkind: Pod\nspec: [\n");
    let ran = machine.run("kube pss plan broken.yaml pod.yaml").ended(2);
    assert!(ran.err.contains("broken.yaml:"), "{}", ran.err);
}
