//! Helm charts and kustomizations, rendered by `helm` and `kustomize` themselves.
//!
//! Skipped where they are not there: `make sign-peers` fetches them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::machine::{Machine, Ran};

fn path() -> String {
    std::env::var("PATH").unwrap_or_default()
}

fn is_there(program: &str) -> bool {
    let there = Command::new(program).arg("version").output().is_ok();
    if !there {
        eprintln!("skipped: there is no {program}");
    }
    there
}

fn run(machine: &Machine, arguments: &str) -> Ran {
    machine.run_with(&[("PATH", &path())], arguments)
}

fn helm(machine: &Machine, folder: &Path, arguments: &[&str]) {
    let home = machine.path("home");
    let ran = Command::new("helm").current_dir(folder).env("HOME", home).args(arguments).output();
    let ran = ran.unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

/// A machine with the chart that `helm create` makes; `None` where there is no helm.
fn chart() -> Option<Machine> {
    let machine = Machine::new();
    machine.write("values/open.yaml", "podSecurityContext:\n  runAsUser: 0\n");
    is_there("helm").then(|| {
        helm(&machine, &machine.path(""), &["create", "shop"]);
        machine
    })
}

#[test]
fn findings_of_a_chart_name_the_template_and_its_line() {
    let Some(machine) = chart() else { return };
    let ran = run(&machine, "kube lint shop -f text").ended(1);
    let has = |line: &str| assert!(ran.out.contains(line), "{line}\n{}", ran.said());
    has("shop/templates/deployment.yaml:36 allowPrivilegeEscalation warning:");
    has("shop/templates/deployment.yaml:36 PK3001 warning: container `shop` can write");
    has("shop/templates/deployment.yaml:45 PK4001 info: port 80");
    has("shop/templates/tests/test-connection.yaml:");
    let lines = ran.out.lines().filter(|line| line.contains("values.yaml"));
    assert_eq!(lines.count(), 0, "{}", ran.said());
}

#[test]
fn values_and_names_are_passed_on() {
    let Some(machine) = chart() else { return };
    let ran = run(&machine, "kube lint shop --values values/open.yaml -f text").ended(1);
    let root = "shop/templates/deployment.yaml:33 runAsUser warning:";
    assert!(ran.out.contains(root), "{}", ran.said());
    let set = "kube lint shop --set securityContext.privileged=true --release-name till -f text";
    let ran = run(&machine, set).ended(1);
    let privileged = "shop/templates/deployment.yaml:39 privileged error: privileged (container";
    assert!(ran.out.contains(privileged), "{}", ran.said());
    let ran = run(&machine, "kube pss plan shop --release-name till --namespace mall").ended(0);
    assert!(ran.out.contains("mall: 2 workloads"), "{}", ran.said());
    assert!(ran.out.contains("till-shop"), "{}", ran.said());
}

#[test]
fn an_archive_is_judged_as_its_folder_is() {
    let Some(machine) = chart() else { return };
    helm(&machine, &machine.path(""), &["package", "shop"]);
    let folder = run(&machine, "kube lint shop -f text").ended(1).out;
    let archive = run(&machine, "kube lint shop-0.1.0.tgz -f text").ended(1).out;
    assert_eq!(archive.replace("shop-0.1.0.tgz/", "shop/"), folder);
    machine.write("mall/Chart.yaml", "apiVersion: v2\nname: mall\nversion: 1.0.0\n");
    helm(&machine, &machine.path(""), &["package", "shop", "-d", "mall/charts"]);
    let nested = run(&machine, "kube lint mall -f text").ended(1).out;
    assert_eq!(nested.replace("mall/charts/shop/", "shop/"), folder);
}

#[test]
fn a_chart_in_a_folder_is_rendered_and_its_edits_are_left_alone() {
    let Some(machine) = chart() else { return };
    let before = machine.read("shop/templates/deployment.yaml");
    let ran = run(&machine, "kube lint . --fix -f json").ended(1);
    assert!(ran.err.contains("--fix leaves them alone"), "{}", ran.said());
    assert_eq!(machine.read("shop/templates/deployment.yaml"), before);
    let ran = run(&machine, "kube lint -f json").ended(1);
    let all = ran.json();
    assert!(all.as_array().unwrap().iter().all(|one| one["fix"].is_null()), "{}", ran.said());
    assert_eq!(all[0]["file"].as_str().map(|file| file.starts_with("shop/templates/")), Some(true));
}

#[test]
fn a_scan_runs_helm_once_and_tells_each_notice_once() {
    let Some(machine) = chart() else { return };
    machine.write("all/template.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  {{ .spec }}\n");
    machine.write("all/pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: alone}\nspec: {}\n");
    machine.write("all/odd.yaml", "apiVersion: v1\nkind: Pod\nmetadata: [\n");
    fs::rename(machine.path("shop"), machine.path("all/shop")).unwrap();
    machine.write(
        "bin/helm",
        format!(
            "#!/bin/sh\necho run >> '{}'\nPATH=${{PATH#*:}}\nexec helm \"$@\"\n",
            machine.path("runs").display()
        ),
    );
    fs::set_permissions(machine.path("bin/helm"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", machine.path("bin").display(), path());
    let ran = machine.run_with(&[("PATH", &path)], "kube scan --skip-images -o json all");
    assert_eq!(machine.read("runs"), "run\n", "{}", ran.said());
    let names: Vec<&str> = ran.err.lines().filter(|line| line.contains("template")).collect();
    assert_eq!(names.len(), 1, "{}", ran.said());
    assert_eq!(ran.err.matches("odd.yaml:").count(), 1, "{}", ran.said());
    let found = ran.json();
    let names: Vec<&str> = found["workloads"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["release-name-shop", "alone", "release-name-shop-test-connection"],
        "{found:#}"
    );
}

#[test]
fn what_helm_refuses_is_told_in_its_words() {
    let Some(machine) = chart() else { return };
    machine.write("shop/templates/broken.yaml", "a: {{ required \"say a\" .Values.a }}\n");
    let ran = run(&machine, "kube lint shop").ended(3);
    assert!(ran.err.contains("`helm template shop` failed"), "{}", ran.said());
    assert!(ran.err.contains("shop/templates/broken.yaml:1:6"), "{}", ran.said());
    assert!(ran.err.contains("say a"), "{}", ran.said());
}

#[test]
fn without_helm_it_is_told_what_to_do() {
    let machine = Machine::new();
    machine.write("shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n");
    machine.write("shop/templates/a.yaml", "a: {{ .Values.a }}\n");
    let nowhere = machine.path("nowhere").display().to_string();
    let ran = machine.run_with(&[("PATH", &nowhere)], "kube lint shop").ended(3);
    let hint = "no `helm` on the PATH to render it: install it, or give what it prints";
    assert!(ran.err.contains(hint), "{}", ran.said());
}

#[test]
fn rights_and_policies_of_a_chart_are_asked_in_its_namespace() {
    let Some(machine) = chart() else { return };
    machine.write(
        "shop/templates/role.yaml",
        "kind: Role\napiVersion: rbac.authorization.k8s.io/v1\nmetadata:\n  name: {{ .Release.Name }}\n\
         rules:\n  - apiGroups: ['']\n    resources: [secrets]\n    verbs: [get]\n---\n\
         kind: RoleBinding\napiVersion: rbac.authorization.k8s.io/v1\nmetadata:\n  name: {{ .Release.Name }}\n\
         roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: {{ .Release.Name }}}\n\
         subjects:\n  - kind: ServiceAccount\n    name: {{ include \"shop.serviceAccountName\" . }}\n    \
         namespace: {{ .Release.Namespace }}\n",
    );
    machine.write(
        "shop/templates/policy.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: closed\nspec:\n  \
         podSelector: {}\n  policyTypes: [Ingress]\n",
    );
    let ran = run(&machine, "kube rbac who-can get secrets -n mall shop").ended(0);
    assert!(ran.out.contains("mall/release-name-shop"), "{}", ran.said());
    let can = "kube netpol query --from mall/till-shop-test-connection --to mall/till-shop --port 80 shop \
               --release-name till --namespace mall";
    let ran = run(&machine, can).ended(1);
    assert!(ran.out.contains("shop/templates/policy.yaml:4"), "{}", ran.said());
}

const DEPLOYMENT: &str = "# the shop
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1
          securityContext:
            privileged: false
";

const OVERLAY: &str = "resources: [../base]
namePrefix: prod-
patches:
  - patch: |
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
      spec:
        template:
          spec:
            containers: [{name: web, securityContext: {privileged: true}}]
";

#[test]
fn findings_of_a_kustomization_name_the_file_that_it_was_built_from() {
    if !is_there("kustomize") {
        return;
    }
    let machine = Machine::new();
    machine.write("base/kustomization.yaml", "resources: [web.yaml]\n");
    machine.write("base/web.yaml", DEPLOYMENT);
    machine
        .write("prod/kustomization.yaml", format!("{OVERLAY}buildMetadata: [originAnnotations]\n"));
    let ran = run(&machine, "kube lint prod --pss baseline --only pss -f text").ended(1);
    assert_eq!(
        ran.out,
        "base/web.yaml:15 privileged error: privileged (container \"web\" must not set \
         securityContext.privileged=true)\n"
    );
    // Without origins, lines are of what is printed.
    machine.write("prod/kustomization.yaml", OVERLAY);
    let ran = run(&machine, "kube lint prod --pss baseline --only pss -f text").ended(1);
    assert!(ran.out.starts_with("prod:"), "{}", ran.said());
    machine.write("prod/kustomization.yaml", "resources: [../gone]\n");
    let ran = run(&machine, "kube lint prod").ended(3);
    assert!(ran.err.contains("`kustomize build prod` failed"), "{}", ran.said());
}
