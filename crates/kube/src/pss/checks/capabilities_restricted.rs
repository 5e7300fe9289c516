//! Capabilities that a hardened container has.

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
        id: "capabilities_restricted",
        aliases: &["KSV-0003", "KSV-0106"],
        level: Level::Warning,
        title: "Drop all capabilities and add back NET_BIND_SERVICE at most",
        why: "The default capabilities are more than a service needs: with them a process that is root in the container changes owners, forges packets and makes devices.",
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
        capabilities:
          drop: [ALL]
          add: [NET_BIND_SERVICE]
",
        mending: Mending::Unsafe,
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_capabilities_restricted.go",
        fields: &[
            "spec.containers[*].securityContext.capabilities.drop",
            "spec.containers[*].securityContext.capabilities.add",
        ],
    },
    profile: Profile::Restricted,
    revisions: &[
        Revision { since: 22, overrides: &["capabilities_baseline"], check },
        Revision { since: 25, overrides: &["capabilities_baseline"], check: unless_windows },
    ],
};

const DROP: [&str; 3] = ["securityContext", "capabilities", "drop"];

fn check(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut offences = Vec::new();
    let (mut missing, mut adding, mut added) = (Vec::new(), Vec::new(), BTreeSet::new());
    for container in &pod.containers {
        let capabilities = container.security.and_then(|one| one.get("capabilities"));
        let drops_all =
            capabilities.is_some_and(|one| one.texts("drop").any(|one| one.value == "ALL"));
        if !drops_all {
            missing.push(container.name);
            let list = capabilities.and_then(|one| one.get("drop"));
            let span = list.map_or_else(|| container.security_place(), |list| list.span);
            let edit = set(pod.source, container.node, &DROP, Tree::Texts(&["ALL"]));
            offences.push(Offence::mended(span, edit));
        }
        let mut adds = false;
        for one in capabilities.into_iter().flat_map(|one| one.texts("add")) {
            if one.value != "NET_BIND_SERVICE" {
                adds = true;
                added.insert(one.value);
                offences.push(Offence::at(one.span));
            }
        }
        if adds {
            adding.push(container.name);
        }
    }
    let mut details = Vec::new();
    if !missing.is_empty() {
        details.push(format!(
            r#"{} must set securityContext.capabilities.drop=["ALL"]"#,
            containers(&missing)
        ));
    }
    if !adding.is_empty() {
        details.push(format!(
            "{} must not include {} in securityContext.capabilities.add",
            containers(&adding),
            quoted_set(&added)
        ));
    }
    (!details.is_empty()).then(|| {
        Forbidden::new("unrestricted capabilities", details.join("; "), offences)
            .fix("drop all capabilities", Safety::Unsafe)
    })
}

fn unless_windows(pod: &Pod<'_>) -> Option<Forbidden> {
    if pod.is_windows() { None } else { check(pod) }
}
