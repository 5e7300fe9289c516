//! An Ingress that takes requests for any name.

use plimsoll_model::text::Level;

use super::ingress::{is_ingress, start};
use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK4006",
        aliases: &[],
        level: Level::Info,
        title: "Name the hosts of an Ingress",
        why: "Without a host, a rule takes requests for every name that leads to the controller: also for those that others own, and for those that attackers have. A host with `*` takes every name of its domain.",
        bad: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
spec:
  rules:
    - http:
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
        source: "https://kubernetes.io/docs/concepts/services-networking/ingress/#the-ingress-resource",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let object = &context.object;
    let Some(spec) = object.node.get("spec").filter(|_| is_ingress(object)) else { return };
    for rule in spec.list("rules") {
        match rule.text("host").filter(|host| !host.value.is_empty()) {
            None => {
                findings.report(start(rule), "this rule takes requests for every host");
            }
            Some(host) if host.value.starts_with('*') => {
                let message = format!("this rule takes requests for every `{}`", host.value);
                findings.report(host.span, message);
            }
            Some(_) => {}
        }
    }
    let rest = ["defaultBackend", "backend"]
        .into_iter()
        .find_map(|name| spec.as_mapping()?.field(name).filter(|field| !field.value.is_null()));
    if let Some(rest) = rest {
        findings.report(rest.name_span, "what no rule takes goes here, for every host");
    }
}
