//! 4.2: the kubelet's arguments and its configuration.
//!
//! An argument counts more than the configuration. Where neither stands, the defaults of a kubelet with a
//! configuration hold, which are safer than those of one without:
//! <https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/>

use super::facts::Facts;
use super::judge::Asks::{Argument, Kubelet, Own};
use super::judge::Rule::{AtLeast, Is, IsNotOrUnset, IsOrUnset, Only, Set, Unset};
use super::judge::{Check, Rule, State, check, shown, state};
use super::{Chapter, Role};

pub(super) static CHAPTER: Chapter = Chapter { id: "4.2", title: "Kubelet", checks: CHECKS };

const CIPHERS: &[&str] = &[
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
];

/// The value by argument or configuration, and where it stands.
fn value(facts: &Facts<'_>, flag: &str, path: &[&str]) -> Result<Option<String>, State> {
    let Some(kubelet) = facts.program(Role::Kubelet) else {
        return Err(State::Absent("kubelet is not here".to_owned()));
    };
    if let Some(value) = kubelet.argument(flag) {
        return Ok(Some(value.to_owned()));
    }
    if let Some(why) = &facts.unread {
        return Err(State::Unread(why.clone()));
    }
    let config = facts.config.as_ref().and_then(|(_, config)| config.documents.first());
    Ok(config.and_then(|config| config.at(path)).and_then(shown))
}

/// A setting whose default is safe with a configuration and is not without one.
fn by_default(facts: &Facts<'_>, flag: &str, path: &[&str], rule: Rule, bare: &str) -> State {
    match value(facts, flag, path) {
        Err(state) => state,
        Ok(None) if facts.config.is_none() => State::Fail(vec![format!(
            "--{flag} is not set and there is no configuration: it is `{bare}`"
        )]),
        Ok(None) => State::Pass,
        Ok(Some(value)) => {
            state(rule.wrong(Some(&value)).map(|why| format!("{} {why}", path.join("."))))
        }
    }
}

fn anonymous(facts: &Facts<'_>) -> State {
    let path = ["authentication", "anonymous", "enabled"];
    by_default(facts, "anonymous-auth", &path, Is("false"), "true")
}

fn authorization(facts: &Facts<'_>) -> State {
    let path = ["authorization", "mode"];
    by_default(facts, "authorization-mode", &path, Rule::IsNot("AlwaysAllow"), "AlwaysAllow")
}

/// Certificates are given, or asked of the cluster and renewed.
fn certificate(facts: &Facts<'_>) -> State {
    let parts = [("tls-cert-file", "tlsCertFile"), ("tls-private-key-file", "tlsPrivateKeyFile")];
    let mut wrong = Vec::new();
    for (flag, name) in parts {
        match value(facts, flag, &[name]) {
            Err(state) => return state,
            Ok(Some(value)) if !value.is_empty() => {}
            Ok(_) => wrong.push(format!("{name} is not set")),
        }
    }
    if wrong.is_empty() { State::Pass } else { State::Fail(wrong) }
}

/// How long a stream may be silent: nought is for ever as an argument, and four hours in a configuration,
/// where kubeadm writes it.
/// <https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/apis/config/v1beta1/defaults.go>
fn idle(facts: &Facts<'_>) -> State {
    let Some(kubelet) = facts.program(Role::Kubelet) else {
        return State::Absent("kubelet is not here".to_owned());
    };
    let flag = "streaming-connection-idle-timeout";
    let value = kubelet.argument(flag);
    let is_none = value.is_some_and(|value| {
        let digits = value.trim_end_matches(|one: char| one.is_ascii_alphabetic());
        !digits.is_empty() && digits.chars().all(|one| one == '0')
    });
    state(is_none.then(|| format!("{}: --{flag} is `{}`", kubelet.source, value.unwrap_or("0"))))
}

#[rustfmt::skip]
const CHECKS: &[Check] = &[
    check("4.2.1", "Who says nothing of themselves is refused", "authentication.anonymous.enabled: false", Own(anonymous)),
    check("4.2.2", "Not everybody may do everything", "authorization.mode: Webhook", Own(authorization)),
    check("4.2.3", "It knows whose certificates count", "authentication.x509.clientCAFile", Kubelet("client-ca-file", &["authentication", "x509", "clientCAFile"], Set)),
    check("4.2.4", "Nothing is told without asking who asks", "readOnlyPort: 0", Kubelet("read-only-port", &["readOnlyPort"], IsOrUnset("0"))).manual(),
    check("4.2.5", "Streams end that nobody uses", "streamingConnectionIdleTimeout: 4h", Own(idle)).manual(),
    check("4.2.6", "It keeps the rules of iptables that it needs", "makeIPTablesUtilChains: true", Kubelet("make-iptables-util-chains", &["makeIPTablesUtilChains"], IsOrUnset("true"))),
    check("4.2.7", "It has the name of its machine", "leave --hostname-override away", Argument(Role::Kubelet, &["hostname-override"], Unset)).manual(),
    check("4.2.8", "As many events are told as are needed", "eventRecordQPS", Own(events)).manual(),
    check("4.2.9", "It shows a certificate", "tlsCertFile, tlsPrivateKeyFile", Own(certificate)).manual(),
    check("4.2.10", "It renews its certificate for the API server", "rotateCertificates: true", Kubelet("rotate-certificates", &["rotateCertificates"], IsOrUnset("true"))),
    check("4.2.11", "It renews the certificate that it shows", "leave RotateKubeletServerCertificate: false away", Kubelet("none", &["featureGates", "RotateKubeletServerCertificate"], IsNotOrUnset("false"))).manual(),
    check("4.2.12", "Only strong ciphers are spoken", "tlsCipherSuites", Kubelet("tls-cipher-suites", &["tlsCipherSuites"], Only(CIPHERS))).manual(),
    check("4.2.13", "Pods have a limit of processes", "podPidsLimit", Kubelet("pod-max-pids", &["podPidsLimit"], Set)).manual(),
    check("4.2.14", "Containers have the runtime's seccomp profile", "seccompDefault: true", Kubelet("seccomp-default", &["seccompDefault"], Is("true"))).manual(),
];

fn events(facts: &Facts<'_>) -> State {
    match value(facts, "event-qps", &["eventRecordQPS"]) {
        Err(state) => state,
        Ok(None) => State::Pass,
        Ok(Some(value)) => {
            state(AtLeast(0).wrong(Some(&value)).map(|why| format!("eventRecordQPS {why}")))
        }
    }
}
