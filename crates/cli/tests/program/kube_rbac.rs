//! `plimsoll kube rbac`: what it answers, and how it ends.

use crate::machine::Machine;

const RIGHTS: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {namespace: ci, name: build}
rules:
  - {apiGroups: [batch], resources: [jobs], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {namespace: ci, name: build}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: build}
subjects: [{kind: ServiceAccount, name: web}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: deployer}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, namespace: ci, name: deployer}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: ci, name: hook}
spec: {template: {spec: {serviceAccountName: web, containers: [{name: c, image: i}]}}}
";

#[test]
fn each_way_is_told_step_by_step_with_its_places() {
    let machine = Machine::new();
    machine.write("rights.yaml", RIGHTS);
    insta::assert_snapshot!(machine.run("kube rbac paths rights.yaml").ended(1).out);
    let one = machine.run("kube rbac paths --from ci/web -o json rights.yaml").ended(1);
    let document: serde_json::Value = serde_json::from_str(&one.out).unwrap();
    let path = &document["paths"][0];
    assert_eq!(path["workloads"][0], "Deployment/hook");
    assert_eq!(path["steps"][0]["by"]["ruleAt"]["line"], 5);
    assert_eq!(path["steps"][0]["becomes"], "ServiceAccount ci/deployer");
}

#[test]
fn who_can_names_the_binding_and_the_role() {
    let machine = Machine::new();
    machine.write("rights.yaml", RIGHTS);
    let ask = |request: &str| {
        machine.run(&format!("kube rbac who-can {request} rights.yaml")).ended(0).out
    };
    insta::assert_snapshot!(ask("create jobs.batch -n ci"), @r"
    ServiceAccount ci/deployer  ClusterRoleBinding deployer (rights.yaml:13) gives ClusterRole cluster-admin (built in)
    ServiceAccount ci/web  RoleBinding ci/build (rights.yaml:7) gives Role ci/build (rights.yaml:5)
    ");
    insta::assert_snapshot!(ask("get secrets"), @"ServiceAccount ci/deployer  ClusterRoleBinding deployer (rights.yaml:13) gives ClusterRole cluster-admin (built in)");
    assert_eq!(
        ask("create jobs.batch -n shop").lines().count(),
        1,
        "only who is bound in the whole cluster"
    );
}

#[test]
fn a_subject_that_is_not_there_is_a_mistake() {
    let machine = Machine::new();
    machine.write("rights.yaml", RIGHTS);
    let ran = machine.run("kube rbac paths --from ci/nobody rights.yaml").ended(2);
    assert!(ran.err.contains("ServiceAccount ci/nobody is not in what was read"), "{}", ran.err);
}

#[test]
fn a_subject_that_cannot_be_read_is_no_all_clear() {
    let machine = Machine::new();
    let binding = |subjects: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: \
             a}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: \
             cluster-admin}}\nsubjects: {subjects}\n"
        )
    };
    for (subjects, says) in [
        (
            "{kind: ServiceAccount, name: web, namespace: shop}",
            "b.yaml:5: `subjects` must be a list",
        ),
        ("[{kind: ServiceAccount, name: web, namespace: n}]", "b.yaml:5: `subjects[0].namespace`"),
        ("[{kind: ServiceAccount, name: web}]", "b.yaml:5: this subject is nobody"),
    ] {
        machine.write("b.yaml", binding(subjects));
        let ran = machine.run("kube rbac paths b.yaml").ended(2);
        assert!(ran.err.contains(says), "{}", ran.err);
        assert!(!ran.out.contains("Nobody"), "{}", ran.out);
        let asked = machine.run("kube rbac who-can get secrets b.yaml").ended(2);
        assert!(asked.out.contains("as far as could be read"), "{}", asked.out);
        let whole = &machine.run("kube rbac paths -o json b.yaml").json()["whole"];
        assert_eq!(*whole, false);
        machine.run("kube lint -f text b.yaml").ended(1);
    }
}
