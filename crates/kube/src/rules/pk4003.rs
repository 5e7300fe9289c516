//! Addresses that a service takes.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::manifest::Node;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK4003",
        aliases: &["KSV-0108"],
        level: Level::Error,
        title: "Take no addresses by `externalIPs`",
        why: "A service with `externalIPs` gets what the nodes send to these addresses, whoever owns them (CVE-2020-8554).",
        bad: "\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  externalIPs: [203.0.113.7]
",
        good: "\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  type: ClusterIP
",
        mending: Mending::None,
        source: "https://nvd.nist.gov/vuln/detail/CVE-2020-8554",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if context.object.kind != "Service" || context.object.api_version != "v1" {
        return;
    }
    let spec = context.object.node.get("spec").and_then(Node::as_mapping);
    let field = spec.and_then(|spec| spec.field("externalIPs"));
    if let Some(field) = field.filter(|field| !field.value.items().is_empty()) {
        findings.report(field.name_span, "the service takes addresses that may not be its own");
    }
}
