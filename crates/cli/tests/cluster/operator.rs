//! `plimsoll kube operator` on a real API server: the reports that it writes, as those who read
//! trivy-operator's ask for them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

use plimsoll_testkit::{Compression, DockerRegistry, Image, free_port};
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Cluster, documents, file, plimsoll};

pub(crate) const FLAGS: [&str; 2] = ["--disable-admission-plugins", "ServiceAccount,PodSecurity"];
const GROUP: &str = "/apis/aquasecurity.github.io/v1alpha1";

fn operator(cluster: &Cluster, kubeconfig: &Path, arguments: &[&str]) -> Output {
    let mut command = plimsoll();
    command.env_clear().env("HOME", cluster.folder.path());
    command.env("PLIMSOLL_CACHE_DIR", cluster.at("cache"));
    command.args(["kube", "operator", "--kubeconfig"]).arg(kubeconfig).args(arguments);
    command.output().unwrap()
}

#[track_caller]
fn said(output: &Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

pub(crate) fn installed(cluster: &Cluster) -> PathBuf {
    let admin = cluster.admin();
    said(&operator(cluster, &admin, &["--install-crds"]), 0);
    admin
}

pub(crate) fn items(cluster: &Cluster, path: &str) -> Vec<Value> {
    let list = cluster.ask(Method::GET, &format!("{GROUP}/{path}"), None).ok().body;
    list["items"].as_array().unwrap().clone()
}

/// A deployment, and its replica set with a pod of an image that runs.
pub(crate) fn deploy(cluster: &Cluster, name: &str, image: &str, id: &str) {
    let labels = json!({"app": name});
    let template = json!({"metadata": {"labels": labels},
        "spec": {"containers": [{"name": "app", "image": image}]}});
    let revision = json!({"deployment.kubernetes.io/revision": "1"});
    let object = |kind: &str, name: &str, owners: Value| {
        json!({"apiVersion": "apps/v1", "kind": kind,
            "metadata": {"name": name, "namespace": "shop", "ownerReferences": owners,
                "annotations": revision},
            "spec": {"selector": {"matchLabels": labels}, "template": template}})
    };
    let owner = |made: &Value| {
        json!([{"apiVersion": "apps/v1", "kind": made["kind"], "controller": true,
            "name": made["metadata"]["name"], "uid": made["metadata"]["uid"]}])
    };
    let apps = "/apis/apps/v1/namespaces/shop";
    let made = object("Deployment", name, json!([]));
    let made = cluster.post(&format!("{apps}/deployments"), &made).ok().body;
    let set = object("ReplicaSet", &format!("{name}-5d8f"), owner(&made));
    let set = cluster.post(&format!("{apps}/replicasets"), &set).ok().body;
    let pods = "/api/v1/namespaces/shop/pods";
    let pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("{name}-5d8f-a"), "ownerReferences": owner(&set)},
        "spec": template["spec"]});
    cluster.post(pods, &pod).ok();
    let status = json!({"status": {"containerStatuses": [{"name": "app", "ready": true,
        "restartCount": 0, "image": image, "imageID": id}]}});
    cluster.ask(Method::PATCH, &format!("{pods}/{name}-5d8f-a/status"), Some(&status)).ok();
}

const ROLES: &str = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: secrets, namespace: shop}
rules: [{apiGroups: [''], resources: [secrets], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: 'shop:web'}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, namespace: shop, name: web}]
";

#[test]
fn what_rules_say_becomes_reports_that_die_with_their_objects() {
    let Some(cluster) = Cluster::start(&FLAGS) else { return };
    let admin = installed(&cluster);
    cluster.namespace("shop", &[]);
    cluster.apply(ROLES);
    deploy(&cluster, "web", "registry.invalid/app:1", "registry.invalid/app@sha256:aa");
    let kinds = ["--once", "--reports", "config-audit,rbac-assessment"];
    let first = said(&operator(&cluster, &admin, &kinds), 0);
    assert!(first.contains("reports written, 0 as before, 0 taken away"), "{first}");

    let audits = items(&cluster, "namespaces/shop/configauditreports");
    assert_eq!(audits.len(), 1, "{audits:#?}");
    let audit = &audits[0];
    assert_eq!(audit["metadata"]["name"], "replicaset-web-5d8f");
    let labels = &audit["metadata"]["labels"];
    assert_eq!(labels["trivy-operator.resource.kind"], "ReplicaSet");
    assert_eq!(labels["trivy-operator.resource.name"], "web-5d8f");
    assert_eq!(labels["trivy-operator.resource.namespace"], "shop");
    assert_eq!(labels["resource-spec-hash"].as_str().unwrap().len(), 16);
    let set = "/apis/apps/v1/namespaces/shop/replicasets/web-5d8f";
    let set = cluster.ask(Method::GET, set, None).ok().body;
    assert_eq!(
        audit["metadata"]["ownerReferences"],
        json!([{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d8f",
            "uid": set["metadata"]["uid"], "controller": true, "blockOwnerDeletion": false}])
    );
    let checks = audit["report"]["checks"].as_array().unwrap();
    let high = checks.iter().filter(|it| it["severity"] == "HIGH" && it["success"] == false);
    assert_eq!(audit["report"]["summary"]["highCount"], high.count());
    assert_eq!(audit["report"]["scanner"]["name"], "Plimsoll");

    let roles = items(&cluster, "namespaces/shop/rbacassessmentreports");
    assert_eq!(roles[0]["metadata"]["name"], "role-secrets");
    assert!(!roles[0]["report"]["checks"].as_array().unwrap().is_empty(), "{roles:#?}");
    let bindings = items(&cluster, "clusterrbacassessmentreports");
    assert_eq!(bindings.len(), 1, "what every cluster has is left out: {bindings:#?}");
    // A name that is no value of a label is told by its hash, and whole in an annotation.
    let metadata = &bindings[0]["metadata"];
    assert!(metadata["name"].as_str().unwrap().starts_with("clusterrolebinding-"), "{metadata}");
    assert_eq!(metadata["annotations"]["trivy-operator.resource.name"], "shop:web");
    assert_eq!(bindings[0]["report"]["summary"]["highCount"], 1);

    // Nothing changed: nothing is written, and no version moves.
    let version = audit["metadata"]["resourceVersion"].clone();
    let second = said(&operator(&cluster, &admin, &kinds), 0);
    assert!(second.contains("0 reports written, 4 as before, 0 taken away"), "{second}");
    let audits = items(&cluster, "namespaces/shop/configauditreports");
    assert_eq!(audits[0]["metadata"]["resourceVersion"], version);

    // What is gone takes its report with it; of another's report nothing is touched.
    let other = json!({"apiVersion": "aquasecurity.github.io/v1alpha1", "kind": "ConfigAuditReport",
        "metadata": {"name": "other", "namespace": "shop"},
        "report": {"checks": [], "scanner": {"name": "Trivy", "vendor": "Aqua Security",
            "version": "1"}, "summary": {"criticalCount": 0, "highCount": 0, "mediumCount": 0,
            "lowCount": 0}}});
    cluster.post(&format!("{GROUP}/namespaces/shop/configauditreports"), &other).ok();
    let role = "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles/secrets";
    cluster.ask(Method::DELETE, role, None).ok();
    let third = said(&operator(&cluster, &admin, &kinds), 0);
    assert!(third.contains("0 reports written, 3 as before, 1 taken away"), "{third}");
    assert_eq!(items(&cluster, "namespaces/shop/configauditreports").len(), 2);
}

/// The rows of a table of the API server, as `kubectl get -o wide` shows them.
fn table(cluster: &Cluster, path: &str) -> (Vec<String>, Vec<Vec<Value>>) {
    let answer = cluster
        .client
        .get(format!("{}{GROUP}/{path}", cluster.url))
        .bearer_auth("a-token-for-tests")
        .header("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
        .send()
        .unwrap();
    let table: Value = serde_json::from_str(&answer.text().unwrap()).unwrap();
    let columns = table["columnDefinitions"].as_array().unwrap();
    let columns = columns.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect();
    let rows = table["rows"].as_array().unwrap();
    let rows = rows.iter().map(|row| row["cells"].as_array().unwrap().clone()).collect();
    (columns, rows)
}

#[test]
fn images_of_a_registry_become_vulnerability_reports_once_for_each_digest() {
    let Some(cluster) = Cluster::start(&FLAGS) else { return };
    let registry = match DockerRegistry::start(None, None) {
        Ok(registry) => registry,
        Err(why) => return println!("skipped: {why}"),
    };
    let layout = cluster.at("layout");
    let status = "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: \
                  3.0.1-1\n\n";
    let jar = "{\"name\":\"a\",\"lockfileVersion\":3,\"packages\":{}}";
    Image::new()
        .layer(
            "COPY a",
            &[
                ("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian 12\"\n"),
                ("var/lib/dpkg/status", status),
                ("app/package-lock.json", jar),
            ],
        )
        .write_oci_dir(Compression::Gzip, &layout);
    if let Err(why) = registry.push(&layout, "app:1") {
        return println!("skipped: {why}");
    }
    let host = registry.host().to_owned();
    let answer = cluster
        .client
        .get(format!("http://{host}/v2/app/manifests/1"))
        .header("Accept", "application/vnd.oci.image.manifest.v1+json")
        .send()
        .unwrap();
    let digest = answer.headers()["docker-content-digest"].to_str().unwrap().to_owned();
    let admin = installed(&cluster);
    cluster.namespace("shop", &[]);
    let image = format!("{host}/app:1");
    let id = format!("{host}/app@{digest}");
    deploy(&cluster, "web", &image, &id);
    deploy(&cluster, "other", &image, &id);
    let arguments = ["--once", "--reports", "vulnerability,sbom", "--insecure-registry", &host];
    said(&operator(&cluster, &admin, &arguments), 0);
    let reports = items(&cluster, "namespaces/shop/vulnerabilityreports");
    assert_eq!(reports.len(), 2, "{reports:#?}");
    let report = &reports[1];
    assert_eq!(report["metadata"]["name"], "replicaset-web-5d8f-app");
    assert_eq!(report["metadata"]["labels"]["trivy-operator.container.name"], "app");
    let body = &report["report"];
    assert_eq!(
        (&body["artifact"], &body["registry"]["server"]),
        (&json!({"repository": "app", "tag": "1", "digest": digest}), &json!(host))
    );
    assert_eq!(body["os"]["family"], "debian");
    let sboms = items(&cluster, "namespaces/shop/sbomreports");
    assert_eq!(sboms.len(), 2);
    assert_eq!(sboms[0]["report"]["components"]["bomFormat"], "CycloneDX");
    let (columns, rows) = table(&cluster, "namespaces/shop/vulnerabilityreports");
    assert_eq!(
        columns,
        [
            "Name",
            "Repository",
            "Tag",
            "Scanner",
            "Age",
            "Critical",
            "High",
            "Medium",
            "Low",
            "Unknown"
        ]
    );
    assert_eq!(
        &rows[0][..4],
        [json!("replicaset-other-5d8f-app"), json!("app"), json!("1"), json!("Plimsoll")]
    );
    let summary = &body["summary"];
    let counts = ["criticalCount", "highCount", "mediumCount", "lowCount", "unknownCount"];
    assert_eq!(&rows[1][5..], counts.map(|name| summary[name].clone()));

    // Judged already: the registry is not asked any more.
    drop(registry);
    let again = said(&operator(&cluster, &admin, &arguments), 0);
    assert!(again.contains("0 reports written, 4 as before"), "{again}");
    // Another image cannot be got: that is said, and what was said of the others stays.
    deploy(&cluster, "new", &format!("{host}/gone:1"), "");
    let partial = said(&operator(&cluster, &admin, &arguments), 3);
    assert!(partial.contains(&format!("image {host}/gone:1: ")), "{partial}");
    assert_eq!(items(&cluster, "namespaces/shop/vulnerabilityreports").len(), 2);
}

fn manifest() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/kubernetes/operator.yaml")
}

#[test]
fn its_manifest_has_the_kinds_that_it_prints() {
    let printed = plimsoll().args(["kube", "operator", "--print-crds"]).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let text = file(&manifest());
    let mark = "# As `plimsoll kube operator --print-crds` prints them.\n";
    let (head, _) = text.split_once(mark).unwrap();
    let wanted = format!("{head}{mark}{printed}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(manifest(), &wanted).unwrap();
    }
    assert!(text == wanted, "UPDATE_DOCS=1 writes deploy/kubernetes/operator.yaml anew");
}

#[test]
fn its_manifest_holds_by_our_own_rules() {
    let lint =
        ["kube", "lint", "--pss", "restricted", "--failure-threshold", "warning", "-f", "text"];
    let ran = plimsoll().args(lint).arg(manifest()).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
}

/// An operator that runs; it ends when it is dropped.
pub(crate) struct Running {
    child: Child,
    url: String,
    log: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    pub(crate) fn start(
        cluster: &Cluster,
        kubeconfig: &Path,
        name: &str,
        arguments: &[&str],
    ) -> Self {
        let port = free_port();
        let log = cluster.at(&format!("{name}.log"));
        let listen = format!("127.0.0.1:{port}");
        let child = plimsoll()
            .env_clear()
            .env("HOME", cluster.folder.path())
            .env("HOSTNAME", name)
            .env("PLIMSOLL_CACHE_DIR", cluster.at("cache"))
            .args(["kube", "operator", "--debounce", "1", "--listen", &listen, "--kubeconfig"])
            .arg(kubeconfig)
            .args(arguments)
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self { child, url: format!("http://{listen}"), log }
    }

    fn said(&self) -> String {
        file(&self.log)
    }

    fn get(&self, cluster: &Cluster, path: &str) -> (u16, String) {
        match cluster.client.get(format!("{}{path}", self.url)).send() {
            Ok(answer) => (answer.status().as_u16(), answer.text().unwrap()),
            Err(_) => (0, String::new()),
        }
    }

    /// Tells it to end; its exit code.
    fn end(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

#[track_caller]
pub(crate) fn until(what: &str, running: &[&Running], is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !is_so() {
        let said: Vec<String> = running.iter().map(|one| one.said()).collect();
        assert!(Instant::now() < end, "{what}: {}", said.join("\n---\n"));
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A kubeconfig of the account of the manifest, with its rights and no others.
fn account(cluster: &Cluster) -> PathBuf {
    let mine =
        ["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"];
    for object in documents(&file(&manifest())) {
        if mine.contains(&object["kind"].as_str().unwrap()) {
            cluster.apply(&object.to_string());
        }
    }
    token(cluster, "plimsoll", "plimsoll-operator")
}

/// A kubeconfig of a service account.
fn token(cluster: &Cluster, namespace: &str, name: &str) -> PathBuf {
    let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token");
    let request =
        json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
    let token = cluster.post(&path, &request).ok().body["status"]["token"].clone();
    let kubeconfig = cluster.kubeconfig("account");
    let text = file(&kubeconfig).replace("\"token\":\"account\"", &format!("\"token\":{token}"));
    std::fs::write(&kubeconfig, text).unwrap();
    kubeconfig
}

#[test]
fn a_node_is_written_about_with_the_rights_of_the_job_alone() {
    let Some(cluster) = Cluster::start(&FLAGS) else { return };
    installed(&cluster);
    let job =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/kubernetes/cis-node-job.yaml");
    for object in documents(&file(&job)) {
        if object["kind"] != "Job" {
            cluster.apply(&object.to_string());
        }
    }
    let kubeconfig = token(&cluster, "plimsoll-cis", "plimsoll-cis-node");
    cluster.apply("apiVersion: v1\nkind: Node\nmetadata: {name: node-a}\n");
    let root = cluster.at("root");
    std::fs::create_dir_all(root.join("var/lib/kubelet")).unwrap();
    let config = "kind: KubeletConfiguration\nauthentication: {anonymous: {enabled: true}}\n";
    std::fs::write(root.join("var/lib/kubelet/config.yaml"), config).unwrap();
    let mut command = plimsoll();
    command.env_clear().env("HOME", cluster.folder.path());
    command.args(["kube", "cis-node", "--node", "node-a", "--publish", "--root"]).arg(&root);
    let output = command.arg("--kubeconfig").arg(&kubeconfig).output().unwrap();
    said(&output, 1);
    let reports = items(&cluster, "clusterinfraassessmentreports");
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0]["metadata"]["name"], "node-node-a");
    assert_eq!(reports[0]["metadata"]["ownerReferences"][0]["kind"], "Node");
    let checks = reports[0]["report"]["checks"].as_array().unwrap();
    let check = checks.iter().find(|it| it["checkID"] == "CIS-4.2.1").unwrap();
    assert_eq!((&check["success"], &check["severity"]), (&json!(false), &json!("HIGH")));
    // The operator, which writes other kinds, leaves it alone.
    said(&operator(&cluster, &cluster.admin(), &["--once", "--reports", "infra-assessment"]), 0);
    assert_eq!(items(&cluster, "clusterinfraassessmentreports").len(), 1);
}

#[test]
fn what_changes_is_judged_again_with_the_rights_of_the_manifest_alone() {
    let Some(cluster) = Cluster::start(&FLAGS) else { return };
    installed(&cluster);
    let kubeconfig = account(&cluster);
    cluster.namespace("shop", &[]);
    cluster.apply(ROLES);
    let reports = ["--reports", "config-audit,rbac-assessment,infra-assessment,compliance"];
    let mut running = Running::start(&cluster, &kubeconfig, "a", &reports);
    let audits = || items(&cluster, "namespaces/shop/configauditreports");
    until("it is ready", &[&running], || running.get(&cluster, "/readyz").0 == 200);
    assert_eq!(running.get(&cluster, "/healthz").0, 200);
    until("roles are judged", &[&running], || {
        items(&cluster, "namespaces/shop/rbacassessmentreports").len() == 1
    });

    deploy(&cluster, "web", "registry.invalid/app:1", "registry.invalid/app@sha256:aa");
    until("a new workload is judged", &[&running], || audits().len() == 1);
    let high = audits()[0]["report"]["summary"].clone();
    let patch = json!({"spec": {"template": {"spec": {"hostPID": true,
        "containers": [{"name": "app", "image": "registry.invalid/app:1"}]}}}});
    let set = "/apis/apps/v1/namespaces/shop/replicasets/web-5d8f";
    let deployment = "/apis/apps/v1/namespaces/shop/deployments/web";
    cluster.ask(Method::PATCH, deployment, Some(&patch)).ok();
    until("a change is judged", &[&running], || audits()[0]["report"]["summary"] != high);

    // `kubectl delete` is how people ask for a new report.
    let name = audits()[0]["metadata"]["name"].as_str().unwrap().to_owned();
    let uid = audits()[0]["metadata"]["uid"].clone();
    let own = format!("{GROUP}/namespaces/shop/configauditreports/{name}");
    cluster.ask(Method::DELETE, &own, None).ok();
    until("a deleted report is made anew", &[&running], || {
        audits().first().is_some_and(|one| one["metadata"]["uid"] != uid)
    });

    // What the API server shows of a static pod is judged by its arguments.
    let mirrored = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "kube-scheduler-a",
        "annotations": {"kubernetes.io/config.mirror": "x"}},
        "spec": {"nodeName": "node-a", "containers": [{"name": "s", "image": "s",
            "command": ["kube-scheduler", "--profiling=false", "--bind-address=0.0.0.0"]}]}});
    cluster.post("/api/v1/namespaces/kube-system/pods", &mirrored).ok();
    let infra = || items(&cluster, "namespaces/kube-system/infraassessmentreports");
    until("the control plane is judged", &[&running], || infra().len() == 1);
    let infra = infra();
    assert_eq!(infra[0]["metadata"]["name"], "pod-kube-scheduler-a");
    let checks = infra[0]["report"]["checks"].as_array().unwrap();
    let states: Vec<(&str, bool)> = checks
        .iter()
        .map(|it| (it["checkID"].as_str().unwrap(), it["success"].as_bool().unwrap()))
        .collect();
    assert_eq!(states, [("CIS-1.4.1", true), ("CIS-1.4.2", false)]);

    let standards = items(&cluster, "clustercompliancereports");
    let nsa = standards.iter().find(|it| it["metadata"]["name"] == "k8s-nsa-1.0").unwrap();
    assert!(nsa["status"]["summary"]["failCount"].as_u64().unwrap() > 0, "{nsa:#}");
    assert_eq!(nsa["spec"]["compliance"]["id"], "k8s-nsa-1.0");

    let (_, metrics) = running.get(&cluster, "/metrics");
    let series = "trivy_resource_configaudits{namespace=\"shop\",name=\"replicaset-web-5d8f\",\
                  resource_kind=\"ReplicaSet\",resource_name=\"web-5d8f\",severity=\"High\"}";
    assert!(metrics.contains(series), "{metrics}");
    assert!(metrics.contains("trivy_cluster_compliance{title="), "{metrics}");
    assert!(metrics.contains("plimsoll_operator_writes_refused_total 0"), "{metrics}");

    for path in [deployment, set, "/api/v1/namespaces/shop/pods/web-5d8f-a?gracePeriodSeconds=0"] {
        cluster.ask(Method::DELETE, path, None).ok();
    }
    until("what is gone loses its report", &[&running], || audits().is_empty());
    assert_eq!(running.end(), Some(0), "{}", running.said());

    // And nothing that it does not need.
    let token: Value = serde_json::from_str(&file(&kubeconfig)).unwrap();
    let token = token["users"][0]["user"]["token"].as_str().unwrap().to_owned();
    for (method, path) in [
        (Method::GET, "/api/v1/secrets"),
        (Method::GET, "/api/v1/configmaps"),
        (Method::GET, "/api/v1/namespaces/shop/pods/a/log"),
        (Method::DELETE, "/apis/apps/v1/namespaces/shop/deployments/web"),
        (Method::GET, "/apis/coordination.k8s.io/v1/leases"),
        (Method::GET, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"),
    ] {
        let answer = cluster.ask_as(&token, method.clone(), path, None);
        assert_eq!(answer.status, 403, "{method} {path}: {answer:?}");
    }
}

#[test]
fn of_two_the_one_with_the_lease_works_and_the_other_takes_over() {
    let Some(cluster) = Cluster::start(&FLAGS) else { return };
    installed(&cluster);
    let kubeconfig = account(&cluster);
    cluster.namespace("shop", &[]);
    let arguments = ["--reports", "rbac-assessment", "--lease", "plimsoll/plimsoll-operator"];
    let mut first = Running::start(&cluster, &kubeconfig, "first", &arguments);
    let holder = || {
        let path = "/apis/coordination.k8s.io/v1/namespaces/plimsoll/leases/plimsoll-operator";
        let lease = cluster.ask(Method::GET, path, None).body;
        lease["spec"]["holderIdentity"].as_str().unwrap_or_default().to_owned()
    };
    until("the first has the lease", &[&first], || holder().starts_with("first_"));
    let mut second = Running::start(&cluster, &kubeconfig, "second", &arguments);
    until("the second waits", &[&second], || second.said().contains("waiting for the lease"));
    // Who waits is ready to take over, and says so.
    assert_eq!(second.get(&cluster, "/readyz").0, 200);
    assert!(second.get(&cluster, "/metrics").1.contains("plimsoll_operator_leader 0"));
    let began = Instant::now();
    assert_eq!(first.end(), Some(0));
    until("the second takes over", &[&second], || holder().starts_with("second_"));
    assert!(began.elapsed() < Duration::from_secs(12), "a lease that was given back is free");
    cluster.apply(ROLES);
    until("the second works", &[&second], || {
        items(&cluster, "namespaces/shop/rbacassessmentreports").len() == 1
    });
    assert_eq!(second.end(), Some(0));
}
