//! Seccomp profiles that are given are those that confine.
//!
//! Up to 1.18 they are annotations, from 1.19 on fields.

use std::collections::{BTreeSet, HashMap};

use plimsoll_model::text::{Level, Safety};

use crate::edit::{Tree, set};
use crate::manifest::Node;
use crate::pod::Pod;
use crate::pss::check::{Check, Forbidden, Offence, Revision};
use crate::pss::policy::Profile;
use crate::pss::wording::{go_quoted, plural, quoted_set, setters};
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "seccompProfile_baseline",
        aliases: &["KSV-0104"],
        level: Level::Error,
        title: "Do not take seccomp away",
        why: "Seccomp keeps programs from system calls that none of them needs and that most escapes need. `Unconfined` opens all of them.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  securityContext:
    seccompProfile:
      type: Unconfined
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
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_seccompProfile_baseline.go",
        fields: &[
            "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]",
            "metadata.annotations[container.seccomp.security.alpha.kubernetes.io/*]",
            "spec.securityContext.seccompProfile.type",
            "spec.containers[*].securityContext.seccompProfile.type",
        ],
    },
    profile: Profile::Baseline,
    revisions: &[Revision::since(0, annotations), Revision::since(19, fields)],
};

const POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";

fn annotations(pod: &Pod<'_>) -> Option<Forbidden> {
    let annotations: HashMap<_, _> = pod.annotations().map(|one| (one.name, one)).collect();
    let names = std::iter::once(POD.to_owned())
        .chain(pod.containers.iter().map(|one| format!("{CONTAINER}{}", one.name)));
    let (mut offences, mut said) = (Vec::new(), BTreeSet::new());
    for name in names {
        let Some(one) = annotations.get(name.as_str()) else { continue };
        let value = one.value;
        if !["runtime/default", "docker/default"].contains(&value)
            && !value.starts_with("localhost/")
            && said.insert(format!("{name}={}", go_quoted(value)))
        {
            offences.push(Offence::at(one.span));
        }
    }
    let word = plural("annotation", "annotations", said.len());
    let detail = format!("forbidden {word} {}", said.into_iter().collect::<Vec<_>>().join(", "));
    (!offences.is_empty()).then(|| Forbidden::new("seccompProfile", detail, offences))
}

/// What a `securityContext` says of seccomp.
pub(super) enum Said<'m> {
    Nothing,
    Good,
    /// A value that does not confine, and what would mend it.
    Bad(&'m str, Offence),
}

pub(super) fn said<'m>(pod: &Pod<'m>, security: Option<&'m Node>) -> Said<'m> {
    let Some(security) = security else { return Said::Nothing };
    let Some(profile) = security.get("seccompProfile") else { return Said::Nothing };
    let kind = profile.text("type");
    let value = kind.map_or("", |kind| kind.value);
    if ["RuntimeDefault", "Localhost"].contains(&value) {
        return Said::Good;
    }
    let path = ["seccompProfile", "type"];
    let edit = set(pod.source, security, &path, Tree::Text("RuntimeDefault"));
    let span = kind.map_or(profile.span, |kind| kind.span);
    Said::Bad(value, Offence::mended(span, edit))
}

pub(super) fn fields(pod: &Pod<'_>) -> Option<Forbidden> {
    let (mut offences, mut values) = (Vec::new(), BTreeSet::new());
    let mut is_bad = |security| match said(pod, security) {
        Said::Bad(value, offence) => {
            values.insert(value);
            offences.push(offence);
            true
        }
        _ => false,
    };
    let by_pod = is_bad(pod.security);
    let bad: Vec<&str> =
        pod.containers.iter().filter(|one| is_bad(one.security)).map(|one| one.name).collect();
    let detail = format!(
        "{} must not set securityContext.seccompProfile.type to {}",
        setters(by_pod, &bad),
        quoted_set(&values)
    );
    (!offences.is_empty()).then(|| {
        Forbidden::new("seccompProfile", detail, offences)
            .fix("set the seccomp profile to RuntimeDefault", Safety::Safe)
    })
}
