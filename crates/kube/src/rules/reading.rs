//! What could not be read, as rules with pages.

use plimsoll_model::text::Level;

use crate::manifest::ProblemKind;
use crate::rule::{Mending, Rule};

/// All of them.
pub(super) static ALL: &[&Rule] = &[&SYNTAX, &TYPE, &TWICE, &LABEL];

/// The rule that a problem violates.
pub(crate) fn rule(kind: &ProblemKind) -> &'static Rule {
    match kind {
        ProblemKind::WrongType { .. } | ProblemKind::NoSubject => &TYPE,
        ProblemKind::DuplicateKey(_) => &TWICE,
        _ => &SYNTAX,
    }
}

static SYNTAX: Rule = Rule {
    id: "PK0001",
    aliases: &[],
    level: Level::Error,
    title: "Write YAML that can be read",
    why: "What cannot be read cannot be judged, and is not applied either. The documents before and behind the broken one are judged all the same.",
    bad: "apiVersion: v1\nkind: Pod\nmetadata: {name: web\n",
    good: "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n",
    mending: Mending::None,
    source: "https://yaml.org/spec/1.2.2/",
    fields: &[],
};

static TYPE: Rule = Rule {
    id: "PK0002",
    aliases: &[],
    level: Level::Error,
    title: "Give a field the type that the API has",
    why: "The API server refuses an object with a text in quotes where it wants a boolean or a number, and a number where it wants a text. No policy sees such an object, so no policy allows it. `namespace: n` is such a field: in YAML 1.1 the letter is a boolean.",
    bad: "apiVersion: v1\nkind: Pod\nspec:\n  hostPID: 'false'\n  containers: []\n",
    good: "apiVersion: v1\nkind: Pod\nspec:\n  hostPID: false\n  containers: []\n",
    mending: Mending::None,
    source: "https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/",
    fields: &[],
};

static TWICE: Rule = Rule {
    id: "PK0003",
    aliases: &[],
    level: Level::Warning,
    title: "Write each field once",
    why: "Of two fields with one name the last counts, and nobody is told. Whoever reads the first believes something else.",
    bad: "apiVersion: v1\nkind: Pod\nspec:\n  hostPID: false\n  hostPID: true\n",
    good: "apiVersion: v1\nkind: Pod\nspec:\n  hostPID: false\n",
    mending: Mending::None,
    source: "https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation",
    fields: &[],
};

/// A label of a namespace that the admission plugin cannot read.
pub(crate) static LABEL: Rule = Rule {
    id: "PK0004",
    aliases: &[],
    level: Level::Error,
    title: "Name a level and a version of the Pod Security Standards that exist",
    why: "Where the enforced level cannot be read, the API server enforces `restricted`; where the audited or warned one cannot be read, it neither audits nor warns.",
    bad: "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: team\n  labels:\n    pod-security.kubernetes.io/enforce: strict\n",
    good: "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: team\n  labels:\n    pod-security.kubernetes.io/enforce: restricted\n",
    mending: Mending::None,
    source: "https://kubernetes.io/docs/concepts/security/pod-security-admission/",
    fields: &[],
};
