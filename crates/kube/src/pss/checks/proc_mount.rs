//! How much of /proc is hidden.

use std::collections::BTreeSet;

use plimsoll_model::text::{Level, Safety};

use crate::edit::{Tree, set};
use crate::pod::Pod;
use crate::pss::check::{Check, Forbidden, Offence, Revision};
use crate::pss::policy::Profile;
use crate::pss::wording::{containers, quoted_set};
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "procMount",
        aliases: &["KSV-0027"],
        level: Level::Error,
        title: "Leave /proc masked",
        why: "The runtime hides parts of /proc through which a container can reach the kernel of the node. Without these masks only a user namespace stands between.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: registry.example.com/web:1.2
      securityContext:
        procMount: Unmasked
",
        good: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  hostUsers: false
  containers:
    - name: web
      image: registry.example.com/web:1.2
      securityContext:
        procMount: Unmasked
",
        mending: Mending::Unsafe,
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_procMount_baseline.go",
        fields: &["spec.containers[*].securityContext.procMount", "spec.hostUsers"],
    },
    profile: Profile::Baseline,
    revisions: &[Revision::since(0, always), Revision::since(35, unless_in_user_namespace)],
};

/// Also what the restricted profile asks since the baseline became milder.
pub(super) fn always(pod: &Pod<'_>) -> Option<Forbidden> {
    let (mut offences, mut bad, mut kinds) = (Vec::new(), Vec::new(), BTreeSet::new());
    for container in &pod.containers {
        let Some(security) = container.security else { continue };
        if let Some(one) = security.text("procMount").filter(|one| one.value != "Default") {
            bad.push(container.name);
            kinds.insert(one.value);
            let edit = set(pod.source, security, &["procMount"], Tree::Text("Default"));
            offences.push(Offence::mended(one.span, edit));
        }
    }
    let detail = format!(
        "{} must not set securityContext.procMount to {}",
        containers(&bad),
        quoted_set(&kinds)
    );
    (!bad.is_empty()).then(|| {
        Forbidden::new("procMount", detail, offences)
            .fix("set procMount to Default", Safety::Unsafe)
    })
}

fn unless_in_user_namespace(pod: &Pod<'_>) -> Option<Forbidden> {
    if pod.has_user_namespace() { None } else { always(pod) }
}
