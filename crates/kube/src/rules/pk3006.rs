//! Folders of the node that hold it together.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK3006",
        aliases: &["KSV-0121"],
        level: Level::Error,
        title: "Mount no folder that the node itself lives by",
        why: "With these folders a pod reads the kubelet's credentials and the pods' secrets, or leaves a program that the node starts.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  volumes:
    - name: root
      hostPath:
        path: /etc/kubernetes
  containers:
    - name: web
      image: registry.example.com/web:1.2
",
        good: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  volumes:
    - name: root
      configMap:
        name: settings
  containers:
    - name: web
      image: registry.example.com/web:1.2
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/storage/volumes/#hostpath",
        fields: &["spec.volumes[*].hostPath.path"],
    },
    check,
};

const FOLDERS: [&str; 14] = [
    "/",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/proc",
    "/root",
    "/run",
    "/sys",
    "/usr",
    "/var/lib/containerd",
    "/var/lib/docker",
    "/var/lib/kubelet",
];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let volumes = context.workload.into_iter().flat_map(|one| one.pod.spec.list("volumes"));
    for path in volumes.filter_map(|volume| volume.get("hostPath")?.text("path")) {
        let held = |folder: &&&str| {
            let below = path.value.strip_prefix(**folder);
            path.value == **folder
                || **folder != "/" && below.is_some_and(|rest| rest.starts_with('/'))
        };
        if let Some(folder) = FOLDERS.iter().find(held) {
            let message = format!("`{}` is of what the node lives by ({folder})", path.value);
            findings.report(path.span, message);
        }
    }
}
