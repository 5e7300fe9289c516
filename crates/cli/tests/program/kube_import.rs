//! `plimsoll kube import`: policies of others as settings of `kube admit`.

use crate::machine::Machine;

const CONSTRAINT: &str = "apiVersion: constraints.gatekeeper.sh/v1beta1
kind: K8sAllowedRepos
metadata: {name: ours}
spec:
  match: {excludedNamespaces: [kube-system]}
  parameters: {repos: [registry.example/]}
";

#[test]
fn what_is_imported_is_judged_by() {
    let machine = Machine::new();
    machine.write("ours.yaml", CONSTRAINT);
    let ran = machine.run("kube import ours.yaml --folder admission").ended(0);
    assert_eq!(
        ran.err,
        "ours.yaml:3: K8sAllowedRepos/ours: namespaces kube-system are not asked there: name them in \
         `exemptNamespaces`\n"
    );
    machine.write(
        "review.json",
        r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1",
        "kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},
        "namespace":"shop","operation":"CREATE","userInfo":{},"object":{"apiVersion":"v1","kind":"Pod",
        "metadata":{"name":"web","namespace":"shop"},"spec":{"containers":[{"name":"c","image":"nginx"}]}}}}"#,
    );
    let judged =
        machine.run("kube admit --config admission/admit.yaml --review review.json").ended(5);
    assert!(judged.out.contains("is not from where images may come"), "{}", judged.out);
    machine.run("kube import --strict ours.yaml").ended(1);
}

#[test]
fn files_without_a_policy_are_named() {
    let machine = Machine::new();
    machine.write("empty.yaml", "# nothing\n");
    let ran = machine.run("kube import empty.yaml").ended(2);
    assert!(ran.err.contains("there is no policy in what was read"), "{}", ran.err);
}
