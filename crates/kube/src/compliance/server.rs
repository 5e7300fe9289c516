//! What the manifest of an API server shows by its arguments.

use crate::manifest::Node;

/// The arguments of an API server.
pub(super) struct Flags<'m>(Vec<&'m str>);

impl<'m> Flags<'m> {
    /// Those of a container that runs one.
    pub(super) fn of(container: &'m Node) -> Option<Self> {
        let all: Vec<&str> = ["command", "args"]
            .iter()
            .flat_map(|field| container.texts(field))
            .map(|word| word.value)
            .collect();
        let program = all.first()?.rsplit('/').next()?;
        (program == "kube-apiserver").then_some(Self(all))
    }

    /// The value of `--name=value`; the last counts.
    fn value(&self, name: &str) -> Option<&'m str> {
        self.0.iter().rev().find_map(|word| {
            let rest = word.trim_start_matches('-').strip_prefix(name)?;
            if rest.is_empty() { Some("") } else { rest.strip_prefix('=') }
        })
    }

    fn needs(&self, names: &[&str]) -> Option<String> {
        let absent = names.iter().find(|name| self.value(name).is_none_or(str::is_empty))?;
        Some(format!("kube-apiserver is started without --{absent}"))
    }
}

pub(super) fn insecure_port(flags: &Flags<'_>) -> Option<String> {
    let port = flags.value("insecure-port").filter(|port| *port != "0")?;
    Some(format!("kube-apiserver is started with --insecure-port={port}"))
}

pub(super) fn etcd(flags: &Flags<'_>) -> Option<String> {
    flags.needs(&["etcd-cafile", "etcd-certfile", "etcd-keyfile"])
}

pub(super) fn encryption(flags: &Flags<'_>) -> Option<String> {
    flags.needs(&["encryption-provider-config"])
}

pub(super) fn anonymous(flags: &Flags<'_>) -> Option<String> {
    let off = flags.value("anonymous-auth").is_some_and(|value| value == "false");
    (!off).then(|| "kube-apiserver is started without --anonymous-auth=false".to_owned())
}

pub(super) fn rbac(flags: &Flags<'_>) -> Option<String> {
    let modes = flags.value("authorization-mode").unwrap_or("AlwaysAllow");
    let has = |name: &str| modes.split(',').any(|mode| mode == name);
    let good = has("RBAC") && !has("AlwaysAllow");
    (!good).then(|| format!("kube-apiserver authorizes by {modes}"))
}

pub(super) fn audit_policy(flags: &Flags<'_>) -> Option<String> {
    flags.needs(&["audit-policy-file"])
}

pub(super) fn audit_log(flags: &Flags<'_>) -> Option<String> {
    flags.needs(&["audit-log-path"])
}

/// CIS and Trivy ask for 30 days.
pub(super) fn audit_age(flags: &Flags<'_>) -> Option<String> {
    let days = flags.value("audit-log-maxage").and_then(|days| days.parse::<u32>().ok());
    let good = days.is_some_and(|days| days >= 30);
    (!good).then(|| "kube-apiserver is started without --audit-log-maxage of 30 or more".to_owned())
}

#[cfg(test)]
mod tests {
    use plimsoll_model::text::Source;

    use super::*;
    use crate::manifest::Manifest;

    #[test]
    fn arguments_are_read_from_command_and_args() {
        let text = "command: [/usr/local/bin/kube-apiserver, --anonymous-auth=false]\nargs:\n- --authorization-mode=Node,RBAC\n- --audit-log-maxage=7\n- --insecure-port=0\n";
        let manifest = Manifest::parse(Source::new(text));
        let flags = Flags::of(&manifest.documents[0]).unwrap();
        assert_eq!((anonymous(&flags), rbac(&flags), insecure_port(&flags)), (None, None, None));
        assert!(audit_age(&flags).is_some());
        assert_eq!(etcd(&flags).unwrap(), "kube-apiserver is started without --etcd-cafile");
        let other = Manifest::parse(Source::new("command: [etcd]\n"));
        assert!(Flags::of(&other.documents[0]).is_none());
    }
}
