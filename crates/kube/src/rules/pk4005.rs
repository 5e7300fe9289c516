//! Hosts of an Ingress that have no certificate.

use plimsoll_model::text::Level;

use super::ingress::{is_ingress, start};
use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK4005",
        aliases: &[],
        level: Level::Warning,
        title: "Serve each host of an Ingress by TLS",
        why: "What a host without `tls` is sent, passwords and cookies too, can be read and changed on the way. A certificate that an annotation names (of AWS, of Google, passed through by the controller) counts as one.",
        bad: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
spec:
  rules:
    - host: shop.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: web
                port:
                  number: 80
",
        good: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
spec:
  tls:
    - hosts: [shop.example.com]
      secretName: shop-tls
  rules:
    - host: shop.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: web
                port:
                  number: 80
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/services-networking/ingress/#tls",
        fields: &[],
    },
    check,
};

/// Annotations by which controllers serve TLS without `tls`.
const ELSEWHERE: [&str; 7] = [
    "alb.ingress.kubernetes.io/certificate-arn",
    "haproxy.org/ssl-passthrough",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "networking.gke.io/managed-certificates",
    "networking.gke.io/v1beta1.FrontendConfig",
    "nginx.ingress.kubernetes.io/ssl-passthrough",
    "traefik.ingress.kubernetes.io/router.tls",
];

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let object = &context.object;
    let Some(spec) = object.node.get("spec").filter(|_| is_ingress(object)) else { return };
    let annotations = object.node.at(&["metadata", "annotations"]);
    if annotations.is_some_and(|all| ELSEWHERE.iter().any(|name| all.get(name).is_some())) {
        return;
    }
    let tls = spec.list("tls");
    // Certificates without hosts are for whatever comes.
    if tls.iter().any(|one| one.list("hosts").is_empty()) {
        return;
    }
    let hosts = || tls.iter().flat_map(|one| one.texts("hosts"));
    for rule in spec.list("rules") {
        match rule.text("host").filter(|host| !host.value.is_empty()) {
            Some(host) if !hosts().any(|one| covers(one.value, host.value)) => {
                let message = format!("`{}` is served without TLS", host.value);
                findings.report(host.span, message);
            }
            None if tls.is_empty() => {
                findings.report(start(rule), "every host is served without TLS");
            }
            _ => {}
        }
    }
    if spec.list("rules").is_empty() && tls.is_empty() {
        findings.report(object.head(), "every host is served without TLS");
    }
}

/// Whether a certificate's host stands for another: `*` is one label.
fn covers(certificate: &str, host: &str) -> bool {
    let wild = certificate.strip_prefix("*.");
    let is_below = |domain: &str| host.split_once('.').is_some_and(|(_, above)| above == domain);
    certificate.eq_ignore_ascii_case(host) || wild.is_some_and(is_below)
}
