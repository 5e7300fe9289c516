//! Labels of `SELinux`.

use std::collections::BTreeSet;

use plimsoll_model::text::Level;

use crate::manifest::Node;
use crate::pod::Pod;
use crate::pss::check::{Check, Forbidden, Offence, Revision};
use crate::pss::policy::Profile;
use crate::pss::wording::{plural, quoted_set, setters};
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "seLinuxOptions",
        aliases: &["KSV-0025"],
        level: Level::Error,
        title: "Keep to the SELinux types that are made for containers",
        why: "On nodes with SELinux the type of a process decides what it may touch. A type of another sort, or a user or role of the pod's choice, lifts that confinement.",
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
        seLinuxOptions:
          type: spc_t
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
        seLinuxOptions:
          type: container_t
",
        mending: Mending::None,
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_seLinuxOptions.go",
        fields: &[
            "spec.securityContext.seLinuxOptions.type",
            "spec.securityContext.seLinuxOptions.user",
            "spec.securityContext.seLinuxOptions.role",
            "spec.containers[*].securityContext.seLinuxOptions.type",
            "spec.containers[*].securityContext.seLinuxOptions.user",
            "spec.containers[*].securityContext.seLinuxOptions.role",
        ],
    },
    profile: Profile::Baseline,
    revisions: &[Revision::since(0, since_0), Revision::since(31, since_31)],
};

fn since_0(pod: &Pod<'_>) -> Option<Forbidden> {
    check(pod, &["", "container_t", "container_init_t", "container_kvm_t"])
}

fn since_31(pod: &Pod<'_>) -> Option<Forbidden> {
    let allowed = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
    check(pod, &allowed)
}

fn check(pod: &Pod<'_>, allowed: &[&str]) -> Option<Forbidden> {
    let (mut offences, mut types) = (Vec::new(), BTreeSet::new());
    let (mut user, mut role) = (false, false);
    let mut is_bad = |security: Option<&Node>| {
        let Some(options) = security.and_then(|one| one.get("seLinuxOptions")) else {
            return false;
        };
        let before = offences.len();
        if let Some(one) = options.text("type").filter(|one| !allowed.contains(&one.value)) {
            types.insert(one.value.to_owned());
            offences.push(Offence::at(one.span));
        }
        for (name, is_set) in [("user", &mut user), ("role", &mut role)] {
            if let Some(one) = options.text(name).filter(|one| !one.value.is_empty()) {
                *is_set = true;
                offences.push(Offence::at(one.span));
            }
        }
        offences.len() > before
    };
    let by_pod = is_bad(pod.security);
    let bad: Vec<&str> =
        pod.containers.iter().filter(|one| is_bad(one.security)).map(|one| one.name).collect();
    if !by_pod && bad.is_empty() {
        return None;
    }
    let mut data = Vec::new();
    if !types.is_empty() {
        let types: BTreeSet<&str> = types.iter().map(String::as_str).collect();
        let word = plural("type", "types", types.len());
        data.push(format!("{word} {}", quoted_set(&types)));
    }
    data.extend(user.then(|| "user may not be set".to_owned()));
    data.extend(role.then(|| "role may not be set".to_owned()));
    let detail = format!(
        "{} set forbidden securityContext.seLinuxOptions: {}",
        setters(by_pod, &bad),
        data.join("; ")
    );
    Some(Forbidden::new("seLinuxOptions", detail, offences))
}
