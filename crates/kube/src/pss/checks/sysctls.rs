//! Settings of the kernel.

use plimsoll_model::text::Level;

use crate::pod::Pod;
use crate::pss::check::{Check, Forbidden, Offence, Revision};
use crate::pss::policy::Profile;
use crate::rule::{Mending, Rule};

pub(super) static CHECK: Check = Check {
    rule: Rule {
        id: "sysctls",
        aliases: &["KSV-0026"],
        level: Level::Error,
        title: "Set only the kernel settings that concern the pod alone",
        why: "Most settings of the kernel hold for the whole node: one pod would change them for all. The safe ones live in the pod's own namespaces.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  securityContext:
    sysctls:
      - name: kernel.msgmax
        value: '65536'
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
    sysctls:
      - name: net.ipv4.ip_unprivileged_port_start
        value: '0'
  containers:
    - name: web
      image: registry.example.com/web:1.2
",
        mending: Mending::None,
        source: "https://github.com/kubernetes/pod-security-admission/blob/master/policy/check_sysctls.go",
        fields: &["spec.securityContext.sysctls[*].name"],
    },
    profile: Profile::Baseline,
    revisions: &[
        Revision::since(0, |pod| check(pod, 0)),
        Revision::since(27, |pod| check(pod, 27)),
        Revision::since(29, |pod| check(pod, 29)),
        Revision::since(32, |pod| check(pod, 32)),
        Revision::since(37, |pod| check(pod, 37)),
    ],
};

/// Sysctls that are allowed, and since which minor version.
pub const ALLOWED: [(&str, u32); 14] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
    ("net.ipv4.tcp_slow_start_after_idle", 37),
    ("net.ipv4.tcp_notsent_lowat", 37),
];

fn check(pod: &Pod<'_>, minor: u32) -> Option<Forbidden> {
    let allowed = |name: &str| ALLOWED.iter().any(|(one, since)| *one == name && *since <= minor);
    let (mut offences, mut said) = (Vec::new(), Vec::new());
    for sysctl in pod.security.into_iter().flat_map(|one| one.list("sysctls")) {
        let name = sysctl.text("name");
        let value = name.map_or("", |name| name.value);
        if !allowed(value) {
            said.push(value);
            offences.push(Offence::at(name.map_or(sysctl.span, |name| name.span)));
        }
    }
    let detail = said.join(", ");
    (!offences.is_empty()).then(|| Forbidden::new("forbidden sysctls", detail, offences))
}
