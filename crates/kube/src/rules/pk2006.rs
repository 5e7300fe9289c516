//! Probes that say the same.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK2006",
        aliases: &[],
        level: Level::Warning,
        title: "Ask different questions to start a container anew and to send it requests",
        why: "A pod that is too busy to answer is taken out of the service by its readiness probe. Where the liveness probe asks the same it is ended too, and the others get its load until they are ended as well.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: registry.example.com/web:1.2
      readinessProbe: &probe
        httpGet: {path: /health, port: 8080}
      livenessProbe: *probe
",
        good: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: registry.example.com/web:1.2
      readinessProbe:
        httpGet: {path: /ready, port: 8080}
      livenessProbe:
        httpGet: {path: /alive, port: 8080}
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
        fields: &["spec.containers[*].livenessProbe"],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for container in context.containers() {
        let probe = |name| container.node.get(name);
        let (Some(live), Some(ready)) = (probe("livenessProbe"), probe("readinessProbe")) else {
            continue;
        };
        let place = container.node.as_mapping().and_then(|node| node.field("livenessProbe"));
        // Written twice, or once with an alias.
        if let Some(place) = place.filter(|_| live == ready) {
            let message = format!(
                "container `{}` is ended by the same question that tells whether it is ready",
                container.name
            );
            findings.report(place.name_span, message);
        }
    }
}
