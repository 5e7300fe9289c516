//! 4.1: the files of the kubelet.
#![expect(clippy::unnecessary_wraps, reason = "those that look can fail, and all are of one type")]

use super::facts::Facts;
use super::judge::Asks::Files;
use super::judge::Wants::{Mode, Owner};
use super::judge::{Check, check};
use super::{Chapter, Role};

pub(super) static CHAPTER: Chapter =
    Chapter { id: "4.1", title: "Files of the kubelet", checks: CHECKS };

type Paths = Result<Vec<String>, String>;

const SERVICES: [&str; 4] = [
    "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf",
    "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf",
    "/etc/systemd/system/kubelet.service",
    "/lib/systemd/system/kubelet.service",
];

const KUBECONFIGS: [&str; 4] = [
    "/etc/kubernetes/kubelet.conf",
    "/var/lib/kubelet/kubeconfig",
    "/etc/kubernetes/kubelet-kubeconfig",
    "/var/lib/rancher/rke2/agent/kubelet.kubeconfig",
];

const AUTHORITIES: [&str; 3] = [
    "/etc/kubernetes/pki/ca.crt",
    "/etc/kubernetes/certs/ca.crt",
    "/var/lib/rancher/rke2/agent/client-ca.crt",
];

/// The first of some files that is there.
fn first(facts: &Facts<'_>, all: &[&str]) -> Paths {
    for path in all {
        if facts.machine.file(path)?.is_some() {
            return Ok(vec![(*path).to_owned()]);
        }
    }
    Ok(Vec::new())
}

fn service(facts: &Facts<'_>) -> Paths {
    first(facts, &SERVICES)
}

/// What an argument of a program names, else what is usual.
fn named(facts: &Facts<'_>, role: Role, argument: &str, usual: &[&str]) -> Paths {
    match facts.program(role).and_then(|program| program.argument(argument)) {
        Some(path) => Ok(vec![path.to_owned()]),
        None => first(facts, usual),
    }
}

fn proxy(facts: &Facts<'_>) -> Paths {
    named(facts, Role::Proxy, "kubeconfig", &["/var/lib/kube-proxy/kubeconfig"])
}

fn kubeconfig(facts: &Facts<'_>) -> Paths {
    named(facts, Role::Kubelet, "kubeconfig", &KUBECONFIGS)
}

fn authority(facts: &Facts<'_>) -> Paths {
    let config = facts.config.as_ref().and_then(|(_, config)| config.documents.first());
    let path = ["authentication", "x509"];
    let told = config.and_then(|config| config.at(&path)?.text("clientCAFile"));
    let told: Vec<&str> = told.map(|told| told.value).into_iter().chain(AUTHORITIES).collect();
    named(facts, Role::Kubelet, "client-ca-file", &told)
}

fn config(facts: &Facts<'_>) -> Paths {
    Ok(facts.config.as_ref().map(|(path, _)| path.clone()).into_iter().collect())
}

const MODE: &str = "chmod 600";
const ROOT: &str = "chown root:root";

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    check("4.1.1", "Only root reads the kubelet's service", MODE, Files(service, Mode(0o600))),
    check("4.1.2", "The kubelet's service is root's", ROOT, Files(service, Owner("root", "root"))),
    check("4.1.3", "Only root reads the credentials of kube-proxy", MODE, Files(proxy, Mode(0o600))).manual(),
    check("4.1.4", "The credentials of kube-proxy are root's", ROOT, Files(proxy, Owner("root", "root"))).manual(),
    check("4.1.5", "Only root reads the credentials of the kubelet", MODE, Files(kubeconfig, Mode(0o600))),
    check("4.1.6", "The credentials of the kubelet are root's", ROOT, Files(kubeconfig, Owner("root", "root"))),
    check("4.1.7", "Only root changes whose certificates count", "chmod 644", Files(authority, Mode(0o644))).manual(),
    check("4.1.8", "Whose certificates count is root's to say", ROOT, Files(authority, Owner("root", "root"))).manual(),
    check("4.1.9", "Only root reads the kubelet's configuration", MODE, Files(config, Mode(0o600))),
    check("4.1.10", "The kubelet's configuration is root's", ROOT, Files(config, Owner("root", "root"))),
];
