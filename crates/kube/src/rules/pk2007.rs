//! Variables that stand twice.

use std::collections::HashMap;

use plimsoll_model::text::Level;

use crate::finding::Findings;
use crate::rule::{Mending, Rule};
use crate::rules::{Context, Practice};

pub(super) static RULE: Practice = Practice {
    rule: Rule {
        id: "PK2007",
        aliases: &[],
        level: Level::Error,
        title: "Set each variable once",
        why: "Of two variables with one name the last counts, and nobody is told.",
        bad: "\
apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  containers:
    - name: web
      image: registry.example.com/web:1.2
      env:
        - {name: MODE, value: fast}
        - {name: MODE, value: slow}
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
      env:
        - {name: MODE, value: slow}
",
        mending: Mending::None,
        source: "https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/",
        fields: &["spec.containers[*].env"],
    },
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for container in context.containers() {
        let mut seen = HashMap::new();
        for name in container.node.list("env").iter().filter_map(|one| one.text("name")) {
            if let Some(first) = seen.insert(name.value, name.span) {
                let message = format!("variable `{}` is set twice: the last counts", name.value);
                findings.report(name.span, message).related(first, "it is set here");
            }
        }
    }
}
