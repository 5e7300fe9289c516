//! A seccomp profile is given, and it confines.

use plimsoll_model::text::{Level, Safety};

use super::seccomp_profile_baseline::{Said, fields, said};
use crate::edit::{Tree, set};
use crate::pod::Pod;
use crate::pss::check::{Check, Forbidden, Offence, Revision};
use crate::pss::policy::Profile;
use crate::pss::wording::containers;
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "seccompProfile_restricted",
        aliases: &["KSV-0030"],
        level: Level::Warning,
        title: "Ask for the seccomp profile of the container runtime",
        why: "Without a word from the pod Kubernetes runs containers without seccomp, unlike Docker. `RuntimeDefault` is the profile that the runtime's makers keep: ordinary programs do not notice it, and most escapes fail on it.",
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
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: web
      image: registry.example.com/web:1.2
",
        mending: Mending::Safe,
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_seccompProfile_restricted.go",
        fields: &[
            "spec.securityContext.seccompProfile.type",
            "spec.containers[*].securityContext.seccompProfile.type",
        ],
    },
    profile: Profile::Restricted,
    revisions: &[
        Revision { since: 19, overrides: &["seccompProfile_baseline"], check },
        Revision { since: 25, overrides: &["seccompProfile_baseline"], check: unless_windows },
    ],
};

fn check(pod: &Pod<'_>) -> Option<Forbidden> {
    let explicit = fields(pod);
    if explicit.is_some() {
        return explicit;
    }
    let is_silent = |security| matches!(said(pod, security), Said::Nothing);
    if !is_silent(pod.security) {
        return None;
    }
    let silent: Vec<_> = pod.containers.iter().filter(|one| is_silent(one.security)).collect();
    let (first, rest) = silent.split_first()?;
    // What the pod says holds for all of them.
    let path = ["securityContext", "seccompProfile", "type"];
    let edit = set(pod.source, pod.spec, &path, Tree::Text("RuntimeDefault"));
    let mut offences = vec![Offence::mended(first.security_place(), edit)];
    offences.extend(rest.iter().map(|one| Offence::at(one.security_place())));
    let names: Vec<&str> = silent.iter().map(|one| one.name).collect();
    let detail = format!(
        r#"pod or {} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost""#,
        containers(&names)
    );
    let forbidden = Forbidden::new("seccompProfile", detail, offences);
    Some(forbidden.fix("set the seccomp profile to RuntimeDefault", Safety::Safe))
}

fn unless_windows(pod: &Pod<'_>) -> Option<Forbidden> {
    if pod.is_windows() { None } else { check(pod) }
}
