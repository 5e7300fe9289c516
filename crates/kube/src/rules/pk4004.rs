//! Services that everybody reaches.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK4004",
        aliases: &[],
        level: Level::Info,
        title: "Say from where a load balancer is reached",
        why: "A service of type LoadBalancer is on the internet at most providers, with every port that it has. `loadBalancerSourceRanges` says who may come.",
        bad: "\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  type: LoadBalancer
  ports:
    - port: 443
",
        good: "\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  type: LoadBalancer
  loadBalancerSourceRanges: [198.51.100.0/24]
  ports:
    - port: 443
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if context.object.kind != "Service" || context.object.api_version != "v1" {
        return;
    }
    let Some(spec) = context.object.node.get("spec") else { return };
    let kind = spec.text("type").filter(|kind| kind.value == "LoadBalancer");
    if let Some(kind) = kind.filter(|_| spec.list("loadBalancerSourceRanges").is_empty()) {
        findings.report(kind.span, "everybody reaches this load balancer");
    }
}
