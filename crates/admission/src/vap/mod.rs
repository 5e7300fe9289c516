//! What CEL can say of the settings, as `ValidatingAdmissionPolicy` with its bindings: judged by the
//! API server itself, without a webhook that could be away.
//!
//! <https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/>

mod images;
mod standards;

use plimsoll_kube::pss::{Policy, Profile};
use serde_json::{Value, json};

use crate::settings::{Failure, Mode, Settings};

/// What was exported, and what CEL cannot say.
#[derive(Debug, Default)]
pub struct Exported {
    /// Policies and bindings.
    pub documents: Vec<Value>,
    /// What is left to the webhook.
    pub left_out: Vec<String>,
}

/// Names that expressions share.
const VARIABLES: [(&str, &str); 3] = [
    (
        "all",
        "object.spec.containers + object.spec.?initContainers.orValue([]) + \
         object.spec.?ephemeralContainers.orValue([])",
    ),
    ("isWindows", "object.spec.?os.?name.orValue('') == 'windows'"),
    ("hasOwnUsers", "!object.spec.?hostUsers.orValue(true)"),
];

/// A change of a pod that leaves its images is let in, as Pod Security does.
const SIGNIFICANT: &str = "request.operation != 'UPDATE' || \
    object.spec.containers.map(c, c.?image.orValue('')) != oldObject.spec.containers.map(c, c.?image.orValue('')) || \
    object.spec.?initContainers.orValue([]).map(c, c.?image.orValue('')) != oldObject.spec.?initContainers.orValue([]).map(c, c.?image.orValue('')) || \
    object.spec.?ephemeralContainers.orValue([]).exists(c, !oldObject.spec.?ephemeralContainers.orValue([]).exists(o, o.name == c.name && o.?image.orValue('') == c.?image.orValue('')))";

/// One thing that is asked: an expression that must hold, and what is said where it does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Validation {
    pub(crate) expression: String,
    pub(crate) message: String,
}

/// Exports the settings.
pub fn export(settings: &Settings) -> Exported {
    let mut exported = Exported::default();
    standards(settings, &mut exported);
    images::add(settings, &mut exported);
    if !settings.rules.is_empty() {
        exported.left_out.push("rules of our own: they look at more than CEL is given".into());
    }
    if !settings.exceptions.is_empty() {
        exported.left_out.push("exceptions: CEL does not know what day it is".into());
    }
    exported
}

fn standards(settings: &Settings, exported: &mut Exported) {
    let Some(own) = &settings.pod_security else { return };
    let defaults = own.defaults.0.enforce;
    for profile in [Profile::Baseline, Profile::Restricted] {
        let policy = Policy { profile, version: defaults.version };
        let name = format!("plimsoll-pss-{}", profile.name());
        let mut conditions = vec![("significant", SIGNIFICANT.to_owned())];
        let list = |all: &[String]| json!(all).to_string();
        if !own.exemptions.usernames.is_empty() {
            let users = list(&own.exemptions.usernames);
            conditions.push(("user", format!("!(request.userInfo.username in {users})")));
        }
        if !own.exemptions.runtime_classes.is_empty() {
            let classes = list(&own.exemptions.runtime_classes);
            let class = "object.spec.?runtimeClassName.orValue('')";
            conditions.push(("runtime-class", format!("!({class} in {classes})")));
        }
        let validations = standards::validations(policy);
        exported.documents.push(document(&name, settings.failure, &conditions, &validations));
        let label = "pod-security.kubernetes.io/enforce";
        let mut exempt = settings.exempt_namespaces.clone();
        exempt.extend(own.exemptions.namespaces.iter().cloned());
        let labelled = if profile == Profile::Baseline {
            vec![json!({"key": label, "operator": "In", "values": ["baseline"]})]
        } else {
            // A level that cannot be read enforces restricted.
            let others = ["baseline", "privileged"];
            vec![
                json!({"key": label, "operator": "Exists"}),
                json!({"key": label, "operator": "NotIn", "values": others}),
            ]
        };
        exported.documents.extend(binding(&name, &name, own.mode, labelled, &exempt));
        if defaults.profile == profile {
            let unlabelled = vec![json!({"key": label, "operator": "DoesNotExist"})];
            let bound = format!("{name}-default");
            exported.documents.extend(binding(&bound, &name, own.mode, unlabelled, &exempt));
        }
    }
    exported
        .left_out
        .push(format!("versions of the standards by label: all is judged at {}", defaults.version));
    exported
        .left_out
        .push("the labels audit and warn: bind the policies with Audit or Warn".into());
}

fn document(
    name: &str,
    failure: Failure,
    conditions: &[(&str, String)],
    validations: &[Validation],
) -> Value {
    let conditions: Vec<Value> = conditions
        .iter()
        .map(|(name, expression)| json!({"name": name, "expression": expression}))
        .collect();
    let variables: Vec<Value> = VARIABLES
        .iter()
        .map(|(name, expression)| json!({"name": name, "expression": expression}))
        .collect();
    let validations: Vec<Value> = validations
        .iter()
        .map(|one| json!({"expression": one.expression, "message": one.message, "reason": "Forbidden"}))
        .collect();
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": if failure == Failure::Closed { "Fail" } else { "Ignore" },
            "matchConstraints": {"resourceRules": [{
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "operations": ["CREATE", "UPDATE"],
                "resources": ["pods", "pods/ephemeralcontainers"],
            }]},
            "matchConditions": conditions,
            "variables": variables,
            "validations": validations,
        },
    })
}

/// A binding; none where nobody would be told.
fn binding(
    name: &str,
    policy: &str,
    mode: Mode,
    mut labels: Vec<Value>,
    exempt: &[String],
) -> Option<Value> {
    let action = match mode {
        Mode::Enforce => "Deny",
        Mode::Warn => "Warn",
        Mode::Audit => "Audit",
        Mode::DryRun => return None,
    };
    if !exempt.is_empty() {
        let key = "kubernetes.io/metadata.name";
        labels.push(json!({"key": key, "operator": "NotIn", "values": exempt}));
    }
    let mut spec = json!({"policyName": policy, "validationActions": [action]});
    if let Some(spec) = spec.as_object_mut().filter(|_| !labels.is_empty()) {
        let selector = json!({"namespaceSelector": {"matchExpressions": labels}});
        spec.insert("matchResources".into(), selector);
    }
    Some(json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": spec,
    }))
}
