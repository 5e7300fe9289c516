//! Containers that may be root.

use plimsoll_model::text::{Level, Safety};

use crate::edit::{Tree, set};
use crate::manifest::Node;
use crate::pod::Pod;
use crate::pss::check::{Check, Forbidden, Offence, Revision};
use crate::pss::policy::Profile;
use crate::pss::wording::{containers, setters};
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "runAsNonRoot",
        aliases: &["KSV-0012"],
        level: Level::Warning,
        title: "Run as a user other than root",
        why: "Root in a container is root on the node unless the pod has a user namespace: one mistake in the kernel or the runtime, and nothing is left between. `runAsNonRoot: true` has the kubelet refuse an image that would start as root.",
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
  securityContext:
    runAsNonRoot: true
  containers:
    - name: web
      image: registry.example.com/web:1.2
",
        mending: Mending::Unsafe,
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_runAsNonRoot.go",
        fields: &[
            "spec.securityContext.runAsNonRoot",
            "spec.containers[*].securityContext.runAsNonRoot",
            "spec.hostUsers",
        ],
    },
    profile: Profile::Restricted,
    revisions: &[Revision::since(0, always), Revision::since(35, unless_in_user_namespace)],
};

const NAME: &str = "runAsNonRoot";

fn always(pod: &Pod<'_>) -> Option<Forbidden> {
    let own = |security: Option<&Node>| security.and_then(|one| one.boolean(NAME));
    let yes = |security: Option<&Node>| {
        security.and_then(|one| set(pod.source, one, &[NAME], Tree::Word("true")))
    };
    let (mut offences, mut bad, mut silent) = (Vec::new(), Vec::new(), Vec::new());
    let by_pod = own(pod.security);
    if let Some(one) = by_pod.filter(|one| !one.value) {
        offences.push(Offence::mended(one.span, yes(pod.security)));
    }
    for container in &pod.containers {
        match own(container.security) {
            Some(one) if !one.value => {
                bad.push(container.name);
                offences.push(Offence::mended(one.span, yes(container.security)));
            }
            None if by_pod.is_none_or(|one| !one.value) => silent.push(container),
            _ => {}
        }
    }
    let title = "set runAsNonRoot to true";
    if !offences.is_empty() {
        let who = setters(by_pod.is_some_and(|one| !one.value), &bad);
        let detail = format!("{who} must not set securityContext.runAsNonRoot=false");
        let forbidden = Forbidden::new("runAsNonRoot != true", detail, offences);
        return Some(forbidden.fix(title, Safety::Unsafe));
    }
    let (first, rest) = silent.split_first()?;
    // What the pod says holds for all of them.
    let path = ["securityContext", NAME];
    let edit = set(pod.source, pod.spec, &path, Tree::Word("true"));
    let mut offences = vec![Offence::mended(first.security_place(), edit)];
    offences.extend(rest.iter().map(|one| Offence::at(one.security_place())));
    let names: Vec<&str> = silent.iter().map(|one| one.name).collect();
    let detail =
        format!("pod or {} must set securityContext.runAsNonRoot=true", containers(&names));
    let forbidden = Forbidden::new("runAsNonRoot != true", detail, offences);
    Some(forbidden.fix(title, Safety::Unsafe))
}

fn unless_in_user_namespace(pod: &Pod<'_>) -> Option<Forbidden> {
    if pod.has_user_namespace() { None } else { always(pod) }
}
