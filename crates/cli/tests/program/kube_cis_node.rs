//! `plimsoll kube cis-node` on the files of a machine as kubeadm leaves them.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// What kubeadm 1.34 starts the parts of the control plane with.
const PODS: [(&str, &str); 4] = [
    (
        "kube-apiserver",
        "--advertise-address=10.0.0.2 --allow-privileged=true --authorization-mode=Node,RBAC \
         --client-ca-file=/etc/kubernetes/pki/ca.crt --enable-admission-plugins=NodeRestriction \
         --enable-bootstrap-token-auth=true --etcd-cafile=/etc/kubernetes/pki/etcd/ca.crt \
         --etcd-certfile=/etc/kubernetes/pki/apiserver-etcd-client.crt \
         --etcd-keyfile=/etc/kubernetes/pki/apiserver-etcd-client.key \
         --etcd-servers=https://127.0.0.1:2379 \
         --kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt \
         --kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key --secure-port=6443 \
         --service-account-issuer=https://kubernetes.default.svc.cluster.local \
         --service-account-key-file=/etc/kubernetes/pki/sa.pub \
         --service-account-signing-key-file=/etc/kubernetes/pki/sa.key \
         --service-cluster-ip-range=10.96.0.0/12 --tls-cert-file=/etc/kubernetes/pki/apiserver.crt \
         --tls-private-key-file=/etc/kubernetes/pki/apiserver.key",
    ),
    (
        "kube-controller-manager",
        "--bind-address=127.0.0.1 --kubeconfig=/etc/kubernetes/controller-manager.conf \
         --leader-elect=true --root-ca-file=/etc/kubernetes/pki/ca.crt \
         --service-account-private-key-file=/etc/kubernetes/pki/sa.key \
         --use-service-account-credentials=true",
    ),
    (
        "kube-scheduler",
        "--bind-address=127.0.0.1 --kubeconfig=/etc/kubernetes/scheduler.conf --leader-elect=true",
    ),
    (
        "etcd",
        "--cert-file=/etc/kubernetes/pki/etcd/server.crt --client-cert-auth=true \
         --data-dir=/var/lib/etcd --key-file=/etc/kubernetes/pki/etcd/server.key \
         --peer-cert-file=/etc/kubernetes/pki/etcd/peer.crt --peer-client-cert-auth=true \
         --peer-key-file=/etc/kubernetes/pki/etcd/peer.key \
         --trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt",
    ),
];

const KUBELET: &str = "\
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous:
    enabled: false
  webhook:
    enabled: true
  x509:
    clientCAFile: /etc/kubernetes/pki/ca.crt
authorization:
  mode: Webhook
rotateCertificates: true
staticPodPath: /etc/kubernetes/manifests
streamingConnectionIdleTimeout: 0s
";

/// A machine with a worker's files, and with those of the control plane.
pub(crate) fn machine(is_control_plane: bool) -> TempDir {
    let root = TempDir::new().unwrap();
    let write = |path: &str, mode: u32, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    };
    write("etc/hostname", 0o644, "node-a\n");
    write("etc/passwd", 0o644, "root:x:0:0::/root:/bin/sh\netcd:x:1001:1001::/:\n");
    write("etc/group", 0o644, "root:x:0:\netcd:x:1001:\n");
    write("var/lib/kubelet/config.yaml", 0o644, KUBELET);
    let flags = "KUBELET_KUBEADM_ARGS=\"--node-ip=10.0.0.2\"\n";
    write("var/lib/kubelet/kubeadm-flags.env", 0o644, flags);
    write("usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf", 0o644, "[Service]\n");
    write("etc/kubernetes/kubelet.conf", 0o600, "kind: Config\n");
    write("etc/kubernetes/pki/ca.crt", 0o644, "");
    symlink("usr/lib", root.path().join("lib")).unwrap();
    if is_control_plane {
        for (name, arguments) in PODS {
            let words: Vec<String> =
                arguments.split_whitespace().map(|it| format!("    - {it}\n")).collect();
            let pod = format!(
                "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  namespace: kube-system\nspec:\n  \
                 containers:\n  - name: {name}\n    command:\n    - {name}\n{}    image: \
                 registry.k8s.io/{name}:v1.34.0\n",
                words.concat()
            );
            write(&format!("etc/kubernetes/manifests/{name}.yaml"), 0o600, &pod);
        }
        for name in ["admin", "super-admin", "scheduler", "controller-manager"] {
            write(&format!("etc/kubernetes/{name}.conf"), 0o600, "kind: Config\n");
        }
        for name in ["ca", "apiserver", "etcd/ca", "etcd/server", "etcd/peer"] {
            write(&format!("etc/kubernetes/pki/{name}.key"), 0o600, "");
            write(&format!("etc/kubernetes/pki/{name}.crt"), 0o644, "");
        }
        let data = root.path().join("var/lib/etcd");
        fs::create_dir_all(&data).unwrap();
        fs::set_permissions(&data, Permissions::from_mode(0o700)).unwrap();
    }
    root
}

fn judge(root: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    command.env_clear().args(["kube", "cis-node", "--root"]).arg(root);
    command.args(arguments).output().unwrap()
}

#[track_caller]
fn document(root: &Path, code: i32) -> Value {
    let output = judge(root, &["-o", "json"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

#[track_caller]
fn state<'d>(document: &'d Value, id: &str) -> &'d str {
    let checks = document["checks"].as_array().unwrap();
    checks.iter().find(|check| check["id"] == id).unwrap()["state"].as_str().unwrap()
}

#[test]
fn what_kubeadm_leaves_is_told_as_the_benchmark_has_it() {
    let root = machine(true);
    let found = document(root.path(), 1);
    assert_eq!(found["node"], "node-a");
    let words = |states: &[(&str, &str)]| {
        for (id, wanted) in states {
            assert_eq!(state(&found, id), *wanted, "{id}");
        }
    };
    words(&[
        ("1.1.1", "pass"),
        ("1.1.7", "pass"),
        ("1.1.11", "pass"),
        ("1.1.13", "pass"),
        ("1.1.20", "pass"),
        ("1.1.21", "pass"),
        ("1.2.1", "manual"),
        ("1.2.2", "pass"),
        ("1.2.5", "fail"),
        ("1.2.6", "pass"),
        ("1.2.14", "pass"),
        ("1.2.15", "fail"),
        ("1.2.16", "fail"),
        ("1.2.23", "pass"),
        ("1.3.2", "fail"),
        ("1.3.3", "pass"),
        ("1.4.2", "pass"),
        ("2.1", "pass"),
        ("2.7", "pass"),
        ("3.1.1", "manual"),
        ("4.1.1", "fail"),
        ("4.1.5", "pass"),
        ("4.1.9", "fail"),
        ("4.2.1", "pass"),
        ("4.2.5", "pass"),
        ("4.2.10", "pass"),
        ("4.3.1", "absent"),
    ]);
    // Whose the files are depends on who made them: root's where the test is root.
    let uid = fs::metadata(root.path().join("etc/kubernetes/kubelet.conf")).unwrap().uid();
    let owned = if uid == 0 { "pass" } else { "fail" };
    words(&[("1.1.2", owned), ("4.1.6", owned), ("1.1.12", "fail")]);
}

#[test]
fn a_worker_is_asked_for_what_a_worker_has() {
    let root = machine(false);
    let found = document(root.path(), 1);
    for id in ["1.1.1", "1.2.1", "1.3.2", "2.1", "3.2.1"] {
        assert_eq!(state(&found, id), "absent", "{id}");
    }
    let parts: Vec<&str> =
        found["parts"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(parts, ["kubelet"]);
    // Mended, it is clean: nothing but what is left to a person remains.
    for path in
        ["var/lib/kubelet/config.yaml", "usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"]
    {
        fs::set_permissions(root.path().join(path), Permissions::from_mode(0o600)).unwrap();
    }
    let uid = fs::metadata(root.path()).unwrap().uid();
    document(root.path(), i32::from(uid != 0));
}

#[test]
fn a_running_program_counts_more_than_a_file_and_nothing_outside_of_the_root_is_read() {
    let root = machine(true);
    let process = root.path().join("proc/812");
    fs::create_dir_all(&process).unwrap();
    let line = "/usr/bin/kubelet\0--config=/var/lib/kubelet/config.yaml\0--anonymous-auth=true\0";
    fs::write(process.join("cmdline"), line).unwrap();
    let found = document(root.path(), 1);
    assert_eq!(state(&found, "4.2.1"), "fail");
    let part = found["parts"].as_array().unwrap().iter().find(|it| it["name"] == "kubelet");
    assert_eq!(part.unwrap()["seen"], "process 812");

    // A link out of the root leads to nothing.
    let config = root.path().join("etc/kubernetes/kubelet.conf");
    fs::remove_file(&config).unwrap();
    symlink("/etc/passwd-of-this-machine", &config).unwrap();
    assert_eq!(state(&document(root.path(), 1), "4.1.5"), "absent");
}

#[test]
fn formats_agree_and_nothing_of_kubernetes_is_no_pass() {
    let root = machine(true);
    let found = document(root.path(), 1);
    let table = judge(root.path(), &[]);
    let table = String::from_utf8(table.stdout).unwrap();
    let totals = &found["totals"];
    let last = table.lines().last().unwrap();
    assert!(
        last.starts_with(&format!("{} pass, {} fail", totals["pass"], totals["fail"])),
        "{last}"
    );
    assert!(table.contains("1.2.15  fail"), "{table}");
    assert!(!table.contains("4.3.1"), "what is not here is only counted");
    let xml = judge(root.path(), &["-o", "junit"]).stdout;
    let xml = String::from_utf8(xml).unwrap();
    assert_eq!(xml.matches("<failure").count().to_string(), totals["fail"].to_string());
    assert_eq!(xml.matches("<testcase").count(), 97);

    let empty = TempDir::new().unwrap();
    let nothing = judge(empty.path(), &[]);
    assert_eq!(nothing.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("nothing of Kubernetes"));
    assert_eq!(judge(Path::new("/nowhere"), &[]).status.code(), Some(2));
    assert_eq!(judge(root.path(), &["-o", "xml"]).status.code(), Some(2));
}

#[test]
fn the_job_says_what_it_is_granted() {
    let manifest =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/kubernetes/cis-node-job.yaml");
    let ran = Command::new(env!("CARGO_BIN_EXE_plimsoll"))
        .args(["kube", "lint", "--only", "pss", "--pss", "restricted", "-f", "json"])
        .arg(&manifest)
        .output()
        .unwrap();
    let said: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let rules: std::collections::BTreeSet<&str> = said
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["code"].as_str().or(one["rule"].as_str()))
        .collect();
    let granted = ["restrictedVolumes", "runAsNonRoot", "runAsUser"];
    assert_eq!(rules.into_iter().collect::<Vec<_>>(), granted, "{said:#}");
}
