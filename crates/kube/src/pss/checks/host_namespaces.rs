//! The node's network, processes and shared memory.

use plimsoll_model::text::{Level, Safety};

use crate::edit::{Tree, set};
use crate::pod::Pod;
use crate::pss::check::{Check, Forbidden, Offence, Revision};
use crate::pss::policy::Profile;
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "hostNamespaces",
        aliases: &["KSV-0008", "KSV-0009", "KSV-0010"],
        level: Level::Error,
        title: "Keep the pod out of the node's namespaces",
        why: "With the node's network a pod hears what is meant for the node and passes every network policy; with its processes it sees and can end all of them, and reads their environment; with its IPC it reaches their shared memory.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  hostNetwork: true
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
  hostNetwork: false
  containers:
    - name: web
      image: registry.example.com/web:1.2
",
        mending: Mending::Unsafe,
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_hostNamespaces.go",
        fields: &["spec.hostNetwork", "spec.hostPID", "spec.hostIPC"],
    },
    profile: Profile::Baseline,
    revisions: &[Revision::since(0, check)],
};

fn check(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut offences = Vec::new();
    let mut said = Vec::new();
    for name in ["hostNetwork", "hostPID", "hostIPC"] {
        if let Some(one) = pod.spec.boolean(name).filter(|one| one.value) {
            said.push(format!("{name}=true"));
            let edit = set(pod.source, pod.spec, &[name], Tree::Word("false"));
            offences.push(Offence::mended(one.span, edit));
        }
    }
    (!said.is_empty()).then(|| {
        Forbidden::new("host namespaces", said.join(", "), offences)
            .fix("leave the node's namespaces", Safety::Unsafe)
    })
}
