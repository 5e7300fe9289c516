//! 1.2: the arguments of the API server.

use plimsoll_model::text::Source;

use super::facts::Facts;
use super::judge::Asks::{Argument, Own, Person};
use super::judge::Rule::{AtLeast, Has, HasNot, HasNotOrUnset, Is, IsOrUnset, Only, Set, Unset};
use super::judge::{Check, State, check};
use super::{Chapter, Role};
use crate::manifest::Manifest;

pub(super) static CHAPTER: Chapter = Chapter { id: "1.2", title: "API server", checks: CHECKS };

const ROLE: Role = Role::ApiServer;

/// Ciphers that nobody has broken.
const CIPHERS: &[&str] = &[
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

/// The first provider is what new secrets are written with.
/// <https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/>
fn providers(facts: &Facts<'_>) -> State {
    let Some(server) = facts.program(ROLE) else {
        return State::Absent("kube-apiserver is not here".to_owned());
    };
    let Some(path) = server.argument("encryption-provider-config") else {
        return State::Fail(vec![format!(
            "{}: --encryption-provider-config is not set: secrets are stored as they are",
            server.source
        )]);
    };
    let bytes = match facts.machine.text(path) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return State::Fail(vec![format!("`{path}` is not there")]),
        Err(why) => return State::Unread(why),
    };
    let manifest = Manifest::parse(Source::from_bytes(bytes));
    let root = manifest.documents.first();
    let mut wrong = Vec::new();
    let mut seen = false;
    for resources in root.map_or(&[][..], |root| root.list("resources")) {
        let first = resources.list("providers").first().and_then(|it| it.as_mapping());
        let name = first.and_then(|first| first.fields.first()).map(|field| &*field.name);
        seen = true;
        let name = name.unwrap_or("none");
        if !["aescbc", "aesgcm", "kms", "secretbox"].contains(&name) {
            wrong.push(format!("`{path}`: the first provider is {name}"));
        }
    }
    match (seen, wrong.is_empty()) {
        (false, _) => State::Fail(vec![format!("`{path}` names no resources")]),
        (true, true) => State::Pass,
        (true, false) => State::Fail(wrong),
    }
}

const PLUGINS: &[&str] = &["enable-admission-plugins"];
const OFF: &[&str] = &["disable-admission-plugins"];

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    check("1.2.1", "Who says nothing of themselves is refused", "--anonymous-auth=false", Argument(ROLE, &["anonymous-auth"], Is("false"))).manual(),
    check("1.2.2", "No tokens come from a file", "leave --token-auth-file away", Argument(ROLE, &["token-auth-file"], Unset)),
    check("1.2.3", "Services get no addresses from outside", "--enable-admission-plugins=DenyServiceExternalIPs", Argument(ROLE, PLUGINS, Has("DenyServiceExternalIPs"))).manual(),
    check("1.2.4", "It shows kubelets a certificate", "--kubelet-client-certificate, --kubelet-client-key", Argument(ROLE, &["kubelet-client-certificate", "kubelet-client-key"], Set)),
    check("1.2.5", "It looks at the certificates of kubelets", "--kubelet-certificate-authority", Argument(ROLE, &["kubelet-certificate-authority"], Set)),
    check("1.2.6", "Not everybody may do everything", "--authorization-mode=Node,RBAC", Argument(ROLE, &["authorization-mode"], HasNot("AlwaysAllow"))),
    check("1.2.7", "Kubelets may do what their node needs", "--authorization-mode=Node,RBAC", Argument(ROLE, &["authorization-mode"], Has("Node"))),
    check("1.2.8", "Rights are given by roles", "--authorization-mode=Node,RBAC", Argument(ROLE, &["authorization-mode"], Has("RBAC"))),
    check("1.2.9", "Events are limited", "--enable-admission-plugins=EventRateLimit", Argument(ROLE, PLUGINS, Has("EventRateLimit"))).manual(),
    check("1.2.10", "Not everything is let in", "leave AlwaysAdmit away", Argument(ROLE, PLUGINS, HasNotOrUnset("AlwaysAdmit"))),
    check("1.2.11", "Images are asked for with credentials each time", "--enable-admission-plugins=AlwaysPullImages", Argument(ROLE, PLUGINS, Has("AlwaysPullImages"))).manual(),
    check("1.2.12", "Pods get service accounts", "leave ServiceAccount out of --disable-admission-plugins", Argument(ROLE, OFF, HasNotOrUnset("ServiceAccount"))),
    check("1.2.13", "Nothing is made in namespaces that go", "leave NamespaceLifecycle out of --disable-admission-plugins", Argument(ROLE, OFF, HasNotOrUnset("NamespaceLifecycle"))),
    check("1.2.14", "Kubelets change their own node alone", "--enable-admission-plugins=NodeRestriction", Argument(ROLE, PLUGINS, Has("NodeRestriction"))),
    check("1.2.15", "It cannot be profiled", "--profiling=false", Argument(ROLE, &["profiling"], Is("false"))),
    check("1.2.16", "What is asked is logged", "--audit-log-path", Argument(ROLE, &["audit-log-path"], Set)),
    check("1.2.17", "The log is kept for 30 days", "--audit-log-maxage=30", Argument(ROLE, &["audit-log-maxage"], AtLeast(30))),
    check("1.2.18", "Ten older logs are kept", "--audit-log-maxbackup=10", Argument(ROLE, &["audit-log-maxbackup"], AtLeast(10))),
    check("1.2.19", "A log has up to 100 MB", "--audit-log-maxsize=100", Argument(ROLE, &["audit-log-maxsize"], AtLeast(100))),
    check("1.2.20", "Requests end after a time that fits", "--request-timeout", Person("whether --request-timeout fits the cluster")).manual(),
    check("1.2.21", "Tokens of deleted accounts do not count", "--service-account-lookup=true", Argument(ROLE, &["service-account-lookup"], IsOrUnset("true"))),
    check("1.2.22", "Tokens are checked by a key of their own", "--service-account-key-file", Argument(ROLE, &["service-account-key-file"], Set)),
    check("1.2.23", "It shows etcd a certificate", "--etcd-certfile, --etcd-keyfile", Argument(ROLE, &["etcd-certfile", "etcd-keyfile"], Set)),
    check("1.2.24", "It shows a certificate", "--tls-cert-file, --tls-private-key-file", Argument(ROLE, &["tls-cert-file", "tls-private-key-file"], Set)),
    check("1.2.25", "It knows whose certificates count", "--client-ca-file", Argument(ROLE, &["client-ca-file"], Set)),
    check("1.2.26", "It looks at etcd's certificate", "--etcd-cafile", Argument(ROLE, &["etcd-cafile"], Set)),
    check("1.2.27", "Secrets are encrypted where they are stored", "--encryption-provider-config", Argument(ROLE, &["encryption-provider-config"], Set)).manual(),
    check("1.2.28", "They are encrypted well", "aescbc, kms or secretbox first", Own(providers)).manual(),
    check("1.2.29", "Only strong ciphers are spoken", "--tls-cipher-suites", Argument(ROLE, &["tls-cipher-suites"], Only(CIPHERS))).manual(),
    check("1.2.30", "Tokens of pods do not count for a year", "--service-account-extend-token-expiration=false", Argument(ROLE, &["service-account-extend-token-expiration"], Is("false"))),
];
