//! Profiles of `AppArmor`, by field and by annotation.

use std::collections::BTreeSet;

use plimsoll_model::text::Level;

use crate::manifest::Node;
use crate::pod::Pod;
use crate::pss::check::{Check, Forbidden, Offence, Revision};
use crate::pss::policy::Profile;
use crate::pss::wording::{go_quoted, plural, quoted, setters};
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "appArmorProfile",
        aliases: &["KSV-0002"],
        level: Level::Error,
        title: "Leave the AppArmor profile of the container runtime in force",
        why: "On nodes with AppArmor each container runs under the runtime's own profile, which keeps it from mounting, from writing below /proc and /sys and from tracing others. Without it one kernel bug or one capability more is enough to leave the container.",
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
        appArmorProfile:
          type: Unconfined
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
        appArmorProfile:
          type: RuntimeDefault
",
        mending: Mending::None,
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_appArmorProfile.go",
        fields: &[
            "metadata.annotations[container.apparmor.security.beta.kubernetes.io/*]",
            "spec.securityContext.appArmorProfile.type",
            "spec.containers[*].securityContext.appArmorProfile.type",
        ],
    },
    profile: Profile::Baseline,
    revisions: &[Revision::since(0, check)],
};

const PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";

fn is_allowed(value: &str) -> bool {
    value.is_empty() || value == "runtime/default" || value.starts_with("localhost/")
}

fn check(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut offences = Vec::new();
    let mut bad = BTreeSet::new();
    let mut is_bad = |security: Option<&Node>| {
        let Some(profile) = security.and_then(|one| one.get("appArmorProfile")) else {
            return false;
        };
        let kind = profile.text("type");
        let value = kind.map_or("", |kind| kind.value);
        if ["RuntimeDefault", "Localhost"].contains(&value) {
            return false;
        }
        bad.insert(value.to_owned());
        offences.push(Offence::at(kind.map_or(profile.span, |kind| kind.span)));
        true
    };
    let by_pod = is_bad(pod.security);
    let containers: Vec<&str> =
        pod.containers.iter().filter(|one| is_bad(one.security)).map(|one| one.name).collect();
    let mut setters: Vec<String> = vec![setters(by_pod, &containers)];
    setters.retain(|one| !one.is_empty());

    let mut annotations = Vec::new();
    for one in pod.annotations() {
        if one.name.starts_with(PREFIX) && !is_allowed(one.value) {
            annotations.push(format!("{}={}", one.name, go_quoted(one.value)));
            offences.push(Offence::at(one.span));
        }
    }
    if !annotations.is_empty() {
        annotations.sort_unstable();
        setters.push(plural("annotation", "annotations", annotations.len()).to_owned());
    }
    if setters.is_empty() {
        return None;
    }
    let values: Vec<&str> = bad.iter().chain(&annotations).map(String::as_str).collect();
    let reason = plural("forbidden AppArmor profile", "forbidden AppArmor profiles", values.len());
    let detail = format!(
        "{} must not set AppArmor profile type to {}",
        setters.join(" and "),
        quoted(values)
    );
    Some(Forbidden::new(reason, detail, offences))
}
