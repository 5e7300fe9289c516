//! Containers that may do what the node's root may do.

use plimsoll_model::text::{Level, Safety};

use crate::edit::{Tree, set};
use crate::pod::Pod;
use crate::pss::check::{Check, Forbidden, Offence, Revision};
use crate::pss::policy::Profile;
use crate::pss::wording::containers;
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "privileged",
        aliases: &["KSV-0017"],
        level: Level::Error,
        title: "Run no container as privileged",
        why: "A privileged container has every capability, sees every device of the node and is held back by neither seccomp nor AppArmor: whoever gets into it has the node.",
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
        privileged: true
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
      securityContext:
        privileged: false
",
        mending: Mending::Unsafe,
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_privileged.go",
        fields: &["spec.containers[*].securityContext.privileged"],
    },
    profile: Profile::Baseline,
    revisions: &[Revision::since(0, check)],
};

fn check(pod: &Pod<'_>) -> Option<Forbidden> {
    let (mut offences, mut bad) = (Vec::new(), Vec::new());
    for container in &pod.containers {
        let Some(security) = container.security else { continue };
        if let Some(one) = security.boolean("privileged").filter(|one| one.value) {
            bad.push(container.name);
            let edit = set(pod.source, security, &["privileged"], Tree::Word("false"));
            offences.push(Offence::mended(one.span, edit));
        }
    }
    let detail = format!("{} must not set securityContext.privileged=true", containers(&bad));
    (!bad.is_empty()).then(|| {
        Forbidden::new("privileged", detail, offences)
            .fix("set privileged to false", Safety::Unsafe)
    })
}
