//! Containers that are processes of a Windows node.

use plimsoll_model::text::{Level, Safety};

use crate::edit::{Tree, set};
use crate::manifest::Node;
use crate::pod::Pod;
use crate::pss::check::{Check, Forbidden, Offence, Revision};
use crate::pss::policy::Profile;
use crate::pss::wording::setters;
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "windowsHostProcess",
        aliases: &["KSV-0103"],
        level: Level::Error,
        title: "Run no container as a process of the Windows node",
        why: "A HostProcess container is no container: it runs on the node with the rights of the account that it names.",
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
        windowsOptions:
          hostProcess: true
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
        windowsOptions:
          hostProcess: false
",
        mending: Mending::Unsafe,
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_windowsHostProcess.go",
        fields: &[
            "spec.securityContext.windowsOptions.hostProcess",
            "spec.containers[*].securityContext.windowsOptions.hostProcess",
        ],
    },
    profile: Profile::Baseline,
    revisions: &[Revision::since(0, check)],
};

const PATH: [&str; 2] = ["windowsOptions", "hostProcess"];

fn check(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut offences = Vec::new();
    let mut is_bad = |security: Option<&Node>| {
        let Some(security) = security else { return false };
        let options = security.get("windowsOptions");
        let own = options.and_then(|one| one.boolean("hostProcess")).filter(|one| one.value);
        let Some(own) = own else { return false };
        let edit = set(pod.source, security, &PATH, Tree::Word("false"));
        offences.push(Offence::mended(own.span, edit));
        true
    };
    let bad: Vec<&str> =
        pod.containers.iter().filter(|one| is_bad(one.security)).map(|one| one.name).collect();
    let by_pod = is_bad(pod.security);
    let detail = format!(
        "{} must not set securityContext.windowsOptions.hostProcess=true",
        setters(by_pod, &bad)
    );
    (!offences.is_empty()).then(|| {
        Forbidden::new("hostProcess", detail, offences)
            .fix("set hostProcess to false", Safety::Unsafe)
    })
}
