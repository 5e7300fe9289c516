//! Services on every node.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK4007",
        aliases: &[],
        level: Level::Info,
        title: "Open no port on every node",
        why: "A service of type NodePort is reached by the address of every node, past load balancers and what they check. Where nodes have public addresses, it is on the internet.",
        bad: "\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  type: NodePort
  ports:
    - port: 443
",
        good: "\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  type: ClusterIP
  ports:
    - port: 443
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if context.object.kind != "Service" || context.object.api_version != "v1" {
        return;
    }
    let spec = context.object.node.get("spec");
    let kind = spec.and_then(|spec| spec.text("type")).filter(|kind| kind.value == "NodePort");
    if let Some(kind) = kind {
        findings.report(kind.span, "whoever reaches a node reaches this service");
    }
}
