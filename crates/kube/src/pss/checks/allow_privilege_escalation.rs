//! Programs that gain rights when they start.

use plimsoll_model::text::{Level, Safety};

use crate::edit::{Tree, set};
use crate::pod::{Container, Pod};
use crate::pss::check::{Check, Forbidden, Offence, Revision};
use crate::pss::policy::Profile;
use crate::pss::wording::containers;
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "allowPrivilegeEscalation",
        aliases: &["KSV-0001"],
        level: Level::Warning,
        title: "Keep programs from gaining rights",
        why: "A program with the set-user-ID bit, such as sudo, makes its caller root. `allowPrivilegeEscalation: false` sets no_new_privs, with which the kernel passes that bit over.",
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
  containers:
    - name: web
      image: registry.example.com/web:1.2
      securityContext:
        allowPrivilegeEscalation: false
",
        mending: Mending::Safe,
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_allowPrivilegeEscalation.go",
        fields: &["spec.containers[*].securityContext.allowPrivilegeEscalation"],
    },
    profile: Profile::Restricted,
    revisions: &[Revision::since(8, check), Revision::since(25, unless_windows)],
};

const PATH: [&str; 2] = ["securityContext", "allowPrivilegeEscalation"];

fn check(pod: &Pod<'_>) -> Option<Forbidden> {
    let (mut offences, mut bad) = (Vec::new(), Vec::new());
    for container in &pod.containers {
        let own = container.security.and_then(|one| one.boolean("allowPrivilegeEscalation"));
        if own.is_some_and(|own| !own.value) {
            continue;
        }
        bad.push(container.name);
        // The API server refuses `false` beside what already has all rights.
        let edit = if has_all_rights(container) {
            None
        } else {
            set(pod.source, container.node, &PATH, Tree::Word("false"))
        };
        let span = own.map_or_else(|| container.security_place(), |own| own.span);
        offences.push(Offence::mended(span, edit));
    }
    let detail =
        format!("{} must set securityContext.allowPrivilegeEscalation=false", containers(&bad));
    (!bad.is_empty()).then(|| {
        Forbidden::new("allowPrivilegeEscalation != false", detail, offences)
            .fix("set allowPrivilegeEscalation to false", Safety::Safe)
    })
}

fn has_all_rights(container: &Container<'_>) -> bool {
    let Some(security) = container.security else { return false };
    security.boolean("privileged").is_some_and(|one| one.value)
        || security
            .get("capabilities")
            .is_some_and(|one| one.texts("add").any(|one| one.value.contains("SYS_ADMIN")))
}

fn unless_windows(pod: &Pod<'_>) -> Option<Forbidden> {
    if pod.is_windows() { None } else { check(pod) }
}
