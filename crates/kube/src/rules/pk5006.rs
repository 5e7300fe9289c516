//! Secrets in config maps.

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::manifest::Node;
use crate::rule::{Mending, Rule};
use crate::rules::secret::is_given_away;
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK5006",
        aliases: &["KSV-0109"],
        level: Level::Error,
        title: "Keep secrets out of config maps",
        why: "Everybody who may look at the namespace reads its config maps, and etcd need not encrypt them. What is secret belongs into a Secret, made by something else than a manifest.",
        bad: "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  db_password: correct-horse
",
        good: "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  db_host: db.example.com
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/concepts/configuration/configmap/",
        fields: &[],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if context.object.kind != "ConfigMap" {
        return;
    }
    let data = context.object.node.get("data").and_then(Node::as_mapping);
    for field in data.into_iter().flat_map(|data| &data.fields) {
        if field.value.as_str().is_some_and(|value| is_given_away(&field.name, value)) {
            // The name is shown, never the value.
            let message = format!("`{}` holds a secret in the clear", field.name);
            findings.report(field.name_span, message);
        }
    }
}
