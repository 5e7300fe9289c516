//! Capabilities beyond those that a container has anyway.

use std::collections::BTreeSet;

use plimsoll_model::text::Level;

use crate::pod::Pod;
use crate::pss::check::{Check, Forbidden, Offence, Revision};
use crate::pss::policy::Profile;
use crate::pss::wording::{containers, quoted_set};
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "capabilities_baseline",
        aliases: &["KSV-0022", "KSV-0005", "KSV-0119", "KSV-0120"],
        level: Level::Error,
        title: "Add no capability beyond the default ones",
        why: "A capability is a part of what root may do. Those beyond the runtime's default set reach the node: SYS_ADMIN mounts, SYS_MODULE loads kernel code, SYS_PTRACE reads other processes, NET_RAW forges packets.",
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
        capabilities:
          add: [SYS_ADMIN]
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
        capabilities:
          add: [NET_BIND_SERVICE]
",
        mending: Mending::None,
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_capabilities_baseline.go",
        fields: &["spec.containers[*].securityContext.capabilities.add"],
    },
    profile: Profile::Baseline,
    revisions: &[Revision::since(0, check)],
};

/// What may be added at baseline.
pub const ALLOWED: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

fn check(pod: &Pod<'_>) -> Option<Forbidden> {
    let (mut offences, mut bad, mut added) = (Vec::new(), Vec::new(), BTreeSet::new());
    for container in &pod.containers {
        let before = offences.len();
        let capabilities = container.security.and_then(|one| one.get("capabilities"));
        for one in capabilities.into_iter().flat_map(|one| one.texts("add")) {
            if !ALLOWED.contains(&one.value) {
                added.insert(one.value);
                offences.push(Offence::at(one.span));
            }
        }
        if offences.len() > before {
            bad.push(container.name);
        }
    }
    let detail = format!(
        "{} must not include {} in securityContext.capabilities.add",
        containers(&bad),
        quoted_set(&added)
    );
    (!bad.is_empty()).then(|| Forbidden::new("non-default capabilities", detail, offences))
}
