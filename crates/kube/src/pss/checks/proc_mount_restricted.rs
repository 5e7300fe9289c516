//! How much of /proc is hidden, in a user namespace too.

use plimsoll_model::text::Level;

use super::proc_mount;
use crate::pss::check::{Check, Revision};
use crate::pss::policy::Profile;
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "procMount_restricted",
        aliases: &[],
        level: Level::Warning,
        title: "Leave /proc masked, in a user namespace too",
        why: "Since 1.35 the baseline profile lets a pod with a user namespace see all of /proc. A hardened pod has no use for it.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  hostUsers: false
  containers:
    - name: web
      image: registry.example.com/web:1.2
      securityContext:
        procMount: Unmasked
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
        procMount: Default
",
        mending: Mending::Unsafe,
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_procMount_restricted.go",
        fields: &["spec.containers[*].securityContext.procMount"],
    },
    profile: Profile::Restricted,
    revisions: &[Revision { since: 35, overrides: &["procMount"], check: proc_mount::always }],
};
