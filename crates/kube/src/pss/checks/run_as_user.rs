//! Containers that are told to be root.

use plimsoll_model::text::Level;

use crate::manifest::Node;
use crate::pod::Pod;
use crate::pss::check::{Check, Forbidden, Offence, Revision};
use crate::pss::policy::Profile;
use crate::pss::wording::setters;
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "runAsUser",
        aliases: &["KSV-0105"],
        level: Level::Warning,
        title: "Do not ask for user 0",
        why: "User 0 is root, whatever the image says.",
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
        runAsUser: 0
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
        runAsUser: 10001
",
        mending: Mending::None,
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_runAsUser.go",
        fields: &[
            "spec.securityContext.runAsUser",
            "spec.containers[*].securityContext.runAsUser",
            "spec.hostUsers",
        ],
    },
    profile: Profile::Restricted,
    revisions: &[Revision::since(23, always), Revision::since(35, unless_in_user_namespace)],
};

fn always(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut offences = Vec::new();
    let mut is_bad = |security: Option<&Node>| {
        let own = security.and_then(|one| one.integer("runAsUser"));
        let own = own.filter(|one| one.value == 0);
        offences.extend(own.map(|one| Offence::at(one.span)));
        own.is_some()
    };
    let by_pod = is_bad(pod.security);
    let bad: Vec<&str> =
        pod.containers.iter().filter(|one| is_bad(one.security)).map(|one| one.name).collect();
    let detail = format!("{} must not set runAsUser=0", setters(by_pod, &bad));
    (!offences.is_empty()).then(|| Forbidden::new("runAsUser=0", detail, offences))
}

fn unless_in_user_namespace(pod: &Pod<'_>) -> Option<Forbidden> {
    if pod.has_user_namespace() { None } else { always(pod) }
}
