//! The Pod Security Standards in CEL, one expression a check.
//!
//! What is asked is what [`plimsoll_kube::pss`] asks; `tests/` holds both to each other on a real API
//! server.

use plimsoll_kube::pss::{
    ALLOWED_CAPABILITIES, ALLOWED_SYSCTLS, FORBIDDEN_VOLUMES, Policy, Profile, Version,
};

use super::Validation;

const POD: &str = "object.spec.?securityContext";
const CONTAINER: &str = "c.?securityContext";

const PROFILES: &str = "['RuntimeDefault', 'Localhost']";

/// Everything that a policy asks of a pod.
pub(super) fn validations(policy: Policy) -> Vec<Validation> {
    let minor = if let Version::Minor(minor) = policy.version { minor } else { u32::MAX };
    let restricted = policy.profile == Profile::Restricted;
    let mut all = Vec::new();
    let mut add = |reason: &str, expression: String| {
        let message = format!("violates PodSecurity \"{policy}\": {reason}");
        all.push(Validation { expression, message });
    };
    add("forbidden AppArmor profile", app_armor());
    if !(restricted && minor >= 22) {
        let allowed = listed(ALLOWED_CAPABILITIES);
        add(
            "non-default capabilities",
            containers(&format!(
                "{CONTAINER}.?capabilities.?add.orValue([]).all(one, one in {allowed})"
            )),
        );
    }
    let off = |name: &str| format!("!object.spec.?{name}.orValue(false)");
    add("host namespaces", ["hostNetwork", "hostPID", "hostIPC"].map(off).join(" && "));
    if !restricted {
        add("hostPath volumes", volumes(&["hostPath"]));
    }
    add("hostPort", containers("c.?ports.orValue([]).all(p, p.?hostPort.orValue(0) == 0)"));
    if minor >= 34 {
        add("probe or lifecycle host", probes());
    }
    add("privileged", containers(&format!("!{CONTAINER}.?privileged.orValue(false)")));
    let mount = containers(&format!("{CONTAINER}.?procMount.orValue('Default') == 'Default'"));
    if minor >= 35 && !restricted {
        add("procMount", format!("variables.hasOwnUsers || {mount}"));
    } else {
        add("procMount", mount);
    }
    add("seLinuxOptions", se_linux(minor));
    let seccomp = everywhere(|of| {
        format!("{of}.?seccompProfile.?type.orValue('RuntimeDefault') in {PROFILES}")
    });
    if minor >= 19 && !restricted {
        add("seccompProfile", seccomp.clone());
    }
    let allowed = ALLOWED_SYSCTLS.into_iter().filter(|(_, since)| *since <= minor);
    let allowed = listed(allowed.map(|(name, _)| name));
    add("forbidden sysctls", format!("{POD}.?sysctls.orValue([]).all(one, one.name in {allowed})"));
    add(
        "hostProcess",
        everywhere(|of| format!("!{of}.?windowsOptions.?hostProcess.orValue(false)")),
    );
    if restricted {
        add_restricted(minor, &seccomp, &mut add);
    }
    all
}

fn add_restricted(minor: u32, seccomp: &str, add: &mut impl FnMut(&str, String)) {
    // Windows has none of it, and says so since the version that told the two apart.
    let unless_windows = |expression: String| {
        if minor >= 25 { format!("variables.isWindows || ({expression})") } else { expression }
    };
    let unless_own_users = |expression: String| {
        if minor >= 35 { format!("variables.hasOwnUsers || ({expression})") } else { expression }
    };
    if minor >= 8 {
        let text = format!("!{CONTAINER}.?allowPrivilegeEscalation.orValue(true)");
        add("allowPrivilegeEscalation != false", unless_windows(containers(&text)));
    }
    if minor >= 22 {
        add(
            "unrestricted capabilities",
            unless_windows(containers(&format!(
                "{CONTAINER}.?capabilities.?drop.orValue([]).exists(one, one == 'ALL') && \
             {CONTAINER}.?capabilities.?add.orValue([]).all(one, one == 'NET_BIND_SERVICE')"
            ))),
        );
    }
    add("restricted volume types", volumes(&FORBIDDEN_VOLUMES));
    let by_pod = format!("{POD}.?runAsNonRoot");
    add(
        "runAsNonRoot != true",
        unless_own_users(format!(
            "{by_pod}.orValue(true) && {}",
            containers(&format!("{CONTAINER}.?runAsNonRoot.orValue({by_pod}.orValue(false))"))
        )),
    );
    if minor >= 23 {
        add(
            "runAsUser=0",
            unless_own_users(everywhere(|of| format!("{of}.?runAsUser.orValue(1) != 0"))),
        );
    }
    if minor >= 19 {
        let said = containers(&format!("{CONTAINER}.?seccompProfile.hasValue()"));
        add(
            "seccompProfile",
            unless_windows(format!("{seccomp} && ({POD}.?seccompProfile.hasValue() || {said})")),
        );
    }
}

/// A list of texts.
fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("'{name}'")).collect();
    format!("[{}]", names.join(", "))
}

/// Of every container.
fn containers(expression: &str) -> String {
    format!("variables.all.all(c, {expression})")
}

/// Of the security context of the pod and of every container.
fn everywhere(expression: impl Fn(&str) -> String) -> String {
    format!("{} && {}", expression(POD), containers(&expression(CONTAINER)))
}

fn volumes(kinds: &[&str]) -> String {
    let none: Vec<String> = kinds.iter().map(|kind| format!("!has(v.{kind})")).collect();
    format!("object.spec.?volumes.orValue([]).all(v, {})", none.join(" && "))
}

fn app_armor() -> String {
    let fields = everywhere(|of| {
        format!("{of}.?appArmorProfile.?type.orValue('RuntimeDefault') in {PROFILES}")
    });
    let prefix = "container.apparmor.security.beta.kubernetes.io/";
    let value = "object.metadata.annotations[k]";
    format!(
        "{fields} && object.metadata.?annotations.orValue({{}}).all(k, !k.startsWith('{prefix}') || \
         {value} in ['', 'runtime/default'] || {value}.startsWith('localhost/'))"
    )
}

fn se_linux(minor: u32) -> String {
    let engine = if minor >= 31 { ", 'container_engine_t'" } else { "" };
    everywhere(|of| {
        let option = |name: &str| format!("{of}.?seLinuxOptions.?{name}.orValue('')");
        format!(
            "{} in ['', 'container_t', 'container_init_t', 'container_kvm_t'{engine}] && {} == '' && \
             {} == ''",
            option("type"),
            option("user"),
            option("role")
        )
    })
}

fn probes() -> String {
    let handlers = [
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
        "lifecycle.?postStart",
        "lifecycle.?preStop",
    ];
    let hosts = handlers.iter().flat_map(|handler| {
        ["httpGet", "tcpSocket"]
            .map(|action| format!("c.?{handler}.?{action}.?host.orValue('') == ''"))
    });
    containers(&hosts.collect::<Vec<_>>().join(" && "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_of_the_standards_is_asked() {
        let count = |profile, version| validations(Policy { profile, version }).len();
        let held = |profile: Profile, minor: u32| {
            let held = plimsoll_kube::pss::all().filter(|check| {
                check.profile <= profile && check.revisions.iter().any(|it| it.since <= minor)
            });
            let overridden: Vec<&str> = plimsoll_kube::pss::all()
                .filter(|check| check.profile <= profile)
                .filter_map(|check| check.revisions.iter().rev().find(|it| it.since <= minor))
                .flat_map(|revision| revision.overrides.iter().copied())
                .collect();
            held.filter(|check| !overridden.contains(&check.rule.id)).count()
        };
        for profile in [Profile::Baseline, Profile::Restricted] {
            for minor in [19, 25, 31, 34, 35, 37] {
                assert_eq!(
                    count(profile, Version::Minor(minor)),
                    held(profile, minor),
                    "{profile} {minor}"
                );
            }
            assert_eq!(count(profile, Version::Latest), count(profile, Version::Minor(99)));
        }
    }
}
