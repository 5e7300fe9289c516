//! Names in /etc/hosts.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK3008",
        aliases: &["KSV-0007"],
        level: Level::Info,
        title: "Leave names to the cluster's DNS",
        why: "Entries in /etc/hosts win over DNS: a name is sent to another address, and nobody sees it in the cluster.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  hostAliases:
    - ip: 10.0.0.1
      hostnames: [db]
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
  containers:
    - name: web
      image: registry.example.com/web:1.2
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/tasks/network/customize-hosts-file-for-pods/",
        fields: &["spec.hostAliases"],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let spec = context.workload.and_then(|workload| workload.pod.spec.as_mapping());
    let field = spec.and_then(|spec| spec.field("hostAliases"));
    if let Some(field) = field.filter(|field| !field.value.items().is_empty()) {
        findings.report(field.name_span, "the pod has names of its own in /etc/hosts");
    }
}
