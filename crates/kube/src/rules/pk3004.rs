//! The token of the service account.

use plimsoll_model::text::Level;

use crate::edit::{Tree, set};
use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK3004",
        aliases: &["KSV-0036"],
        level: Level::Warning,
        title: "Give the token of the service account only to who needs it",
        why: "Each pod gets a token for the API server unless it says otherwise. Few programs talk to it, but whoever breaks into any of them can.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
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
  automountServiceAccountToken: false
  containers:
    - name: web
      image: registry.example.com/web:1.2
",
        mending: Mending::Unsafe,
        source: "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting",
        fields: &["spec.automountServiceAccountToken"],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(workload) = context.workload else { return };
    let pod = &workload.pod;
    // Who names an account of its own has decided what it may do.
    let account =
        ["serviceAccountName", "serviceAccount"].iter().find_map(|one| pod.spec.text(one));
    let account = account.map_or("default", |account| account.value);
    let own = pod.spec.boolean("automountServiceAccountToken");
    if account != "default"
        || own.is_some()
        || context.estate.hands_out_no_token(context.object.home(), account)
    {
        return;
    }
    let path = ["automountServiceAccountToken"];
    let edit = set(pod.source, pod.spec, &path, Tree::Word("false"));
    let message = "the pod gets a token of the default service account";
    findings
        .report(context.object.head(), message)
        .unsafe_fix("set automountServiceAccountToken to false", edit);
}
