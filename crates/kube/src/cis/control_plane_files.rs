//! 1.1: the files of the control plane.
#![expect(clippy::unnecessary_wraps, reason = "those that look can fail, and all are of one type")]

use super::facts::Facts;
use super::judge::Asks::Files;
use super::judge::Wants::{Mode, Owner};
use super::judge::{Check, check};
use super::{Chapter, Role};

pub(super) static CHAPTER: Chapter =
    Chapter { id: "1.1", title: "Files of the control plane", checks: CHECKS };

type Paths = Result<Vec<String>, String>;

/// The manifest that starts a program.
fn manifest(facts: &Facts<'_>, role: Role) -> Paths {
    Ok(facts.manifest(role).map(str::to_owned).into_iter().collect())
}

fn api_server(facts: &Facts<'_>) -> Paths {
    manifest(facts, Role::ApiServer)
}

fn controller_manager(facts: &Facts<'_>) -> Paths {
    manifest(facts, Role::ControllerManager)
}

fn scheduler(facts: &Facts<'_>) -> Paths {
    manifest(facts, Role::Scheduler)
}

fn etcd(facts: &Facts<'_>) -> Paths {
    manifest(facts, Role::Etcd)
}

fn network(facts: &Facts<'_>) -> Paths {
    let kubelet = facts.program(Role::Kubelet);
    let named = kubelet.and_then(|kubelet| kubelet.argument("cni-conf-dir"));
    facts.machine.below(named.unwrap_or("/etc/cni/net.d"))
}

fn data(facts: &Facts<'_>) -> Paths {
    let named = facts.program(Role::Etcd).map(|etcd| etcd.argument("data-dir"));
    let path = named.map(|named| named.unwrap_or("/var/lib/etcd").to_owned());
    Ok(path.into_iter().collect())
}

fn administrators(_: &Facts<'_>) -> Paths {
    Ok(vec!["/etc/kubernetes/admin.conf".into(), "/etc/kubernetes/super-admin.conf".into()])
}

/// The kubeconfig of a program, as its argument has it.
fn kubeconfig(facts: &Facts<'_>, role: Role, usual: &str) -> Paths {
    let named = facts.program(role).and_then(|program| program.argument("kubeconfig"));
    Ok(vec![named.unwrap_or(usual).to_owned()])
}

fn scheduler_config(facts: &Facts<'_>) -> Paths {
    kubeconfig(facts, Role::Scheduler, "/etc/kubernetes/scheduler.conf")
}

fn controller_config(facts: &Facts<'_>) -> Paths {
    kubeconfig(facts, Role::ControllerManager, "/etc/kubernetes/controller-manager.conf")
}

const PKI: &str = "/etc/kubernetes/pki";

/// Certificates and keys; of a machine that only works nothing is asked here.
fn pki(facts: &Facts<'_>) -> Paths {
    if !facts.is_control_plane() {
        return Ok(Vec::new());
    }
    let mut all = facts.machine.below(PKI)?;
    all.push(PKI.to_owned());
    Ok(all)
}

fn with_end(facts: &Facts<'_>, end: &str) -> Paths {
    let mut all = pki(facts)?;
    all.retain(|path| path.ends_with(end));
    Ok(all)
}

fn certificates(facts: &Facts<'_>) -> Paths {
    with_end(facts, ".crt")
}

fn keys(facts: &Facts<'_>) -> Paths {
    with_end(facts, ".key")
}

const MODE: &str = "chmod 600";
const ROOT: &str = "chown root:root";

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    check("1.1.1", "Only root reads the manifest of the API server", MODE, Files(api_server, Mode(0o600))),
    check("1.1.2", "The manifest of the API server is root's", ROOT, Files(api_server, Owner("root", "root"))),
    check("1.1.3", "Only root reads the manifest of the controller manager", MODE, Files(controller_manager, Mode(0o600))),
    check("1.1.4", "The manifest of the controller manager is root's", ROOT, Files(controller_manager, Owner("root", "root"))),
    check("1.1.5", "Only root reads the manifest of the scheduler", MODE, Files(scheduler, Mode(0o600))),
    check("1.1.6", "The manifest of the scheduler is root's", ROOT, Files(scheduler, Owner("root", "root"))),
    check("1.1.7", "Only root reads the manifest of etcd", MODE, Files(etcd, Mode(0o600))),
    check("1.1.8", "The manifest of etcd is root's", ROOT, Files(etcd, Owner("root", "root"))),
    check("1.1.9", "Only root reads the configuration of the network", MODE, Files(network, Mode(0o600))).manual(),
    check("1.1.10", "The configuration of the network is root's", ROOT, Files(network, Owner("root", "root"))).manual(),
    check("1.1.11", "Only its owner enters etcd's data", "chmod 700", Files(data, Mode(0o700))),
    check("1.1.12", "etcd's data are etcd's", "chown etcd:etcd", Files(data, Owner("etcd", "etcd"))),
    check("1.1.13", "Only root reads the credentials of administrators", MODE, Files(administrators, Mode(0o600))),
    check("1.1.14", "The credentials of administrators are root's", ROOT, Files(administrators, Owner("root", "root"))),
    check("1.1.15", "Only root reads the credentials of the scheduler", MODE, Files(scheduler_config, Mode(0o600))),
    check("1.1.16", "The credentials of the scheduler are root's", ROOT, Files(scheduler_config, Owner("root", "root"))),
    check("1.1.17", "Only root reads the credentials of the controller manager", MODE, Files(controller_config, Mode(0o600))),
    check("1.1.18", "The credentials of the controller manager are root's", ROOT, Files(controller_config, Owner("root", "root"))),
    check("1.1.19", "Keys and certificates are root's", ROOT, Files(pki, Owner("root", "root"))),
    check("1.1.20", "Only root changes certificates", "chmod 644", Files(certificates, Mode(0o644))).manual(),
    check("1.1.21", "Only root reads keys", MODE, Files(keys, Mode(0o600))).manual(),
];
