//! The webhook configurations that have an API server ask, as YAML.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::review::TEMPLATES;
use crate::settings::{Failure, Settings, Templates};

/// What both configurations are called, unless it is said otherwise.
pub const NAME: &str = "plimsoll-admission";

/// Where the server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Behind a service.
    Service {
        /// Its namespace, which is never asked about.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// Under a URL, without a path.
    Url(String),
}

/// How an API server knows the server's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authority {
    /// By these certificates in PEM.
    Bundle(Vec<u8>),
    /// By what cert-manager writes into the configurations from its `Certificate` `NAMESPACE/NAME`.
    ///
    /// <https://cert-manager.io/docs/concepts/ca-injector/>
    Certificate(String),
}

/// The configurations, one document each.
pub fn configurations(
    settings: &Settings,
    name: &str,
    target: &Target,
    authority: &Authority,
) -> Vec<Value> {
    let client = |path: &str| {
        let mut client = match target {
            Target::Service { namespace, name } => json!({
                "service": {"namespace": namespace, "name": name, "path": path, "port": 443},
            }),
            Target::Url(url) => json!({"url": format!("{}{path}", url.trim_end_matches('/'))}),
        };
        if let (Some(client), Authority::Bundle(bundle)) = (client.as_object_mut(), authority) {
            client.insert("caBundle".into(), STANDARD.encode(bundle).into());
        }
        client
    };
    let mut exempt = settings.exempt_namespaces.clone();
    if let Target::Service { namespace, .. } = target
        && !exempt.contains(namespace)
    {
        exempt.push(namespace.clone());
    }
    let selector = json!({"matchExpressions": [
        {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": exempt},
    ]});
    let seconds = settings.timeout.0.as_millis().div_ceil(1000).clamp(1, 30);
    let seconds = u8::try_from(seconds).unwrap_or(30);
    // Nothing is kept from what would only be told.
    let failing = |refuses: bool| {
        if refuses && settings.failure == Failure::Closed { "Fail" } else { "Ignore" }
    };
    let closed = failing(settings.refuses_pods());
    let webhook = |name: &str, path: &str, failure: &str, rules: Vec<Value>| {
        json!({
            "name": name,
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "failurePolicy": failure,
            "matchPolicy": "Equivalent",
            "timeoutSeconds": seconds,
            "namespaceSelector": if exempt.is_empty() { json!({}) } else { selector.clone() },
            "rules": rules,
            "clientConfig": client(path),
        })
    };
    let pods = rule("", "v1", "Namespaced", &["pods", "pods/ephemeralcontainers"]);
    let namespaces = rule("", "v1", "Cluster", &["namespaces"]);
    let templates = ["", "apps", "batch"].map(|group| {
        let own = TEMPLATES.iter().filter(|(of, _)| *of == group);
        rule(group, "v1", "Namespaced", &own.map(|(_, name)| *name).collect::<Vec<_>>())
    });
    let templates = templates.to_vec();
    let of_templates = failing(settings.templates == Templates::Enforce && settings.refuses_pods());
    let mut validating = vec![
        webhook("pods.admission.plimsoll.dev", "/validate", closed, vec![pods.clone(), namespaces]),
        webhook("templates.admission.plimsoll.dev", "/validate", of_templates, templates),
    ];
    if !settings.rules.is_empty() {
        let others = vec![
            rule("", "v1", "Namespaced", &["services", "serviceaccounts"]),
            rule("networking.k8s.io", "v1", "Namespaced", &["ingresses"]),
            rule(
                "rbac.authorization.k8s.io",
                "v1",
                "*",
                &["clusterrolebindings", "clusterroles", "rolebindings", "roles"],
            ),
        ];
        validating.push(webhook(
            "objects.admission.plimsoll.dev",
            "/validate",
            failing(settings.refuses_objects()),
            others,
        ));
    }
    let mut metadata = json!({"name": name});
    if let (Some(metadata), Authority::Certificate(of)) = (metadata.as_object_mut(), authority) {
        metadata.insert("annotations".into(), json!({"cert-manager.io/inject-ca-from": of}));
    }
    let document = |kind: &str, webhooks: Vec<Value>| {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": kind,
            "metadata": metadata,
            "webhooks": webhooks,
        })
    };
    let mut all = vec![document("ValidatingWebhookConfiguration", validating)];
    if settings.pins() {
        // Who cannot be pinned is judged by the other question.
        let mut pin = webhook("pin.admission.plimsoll.dev", "/mutate", "Ignore", vec![pods]);
        if let Some(pin) = pin.as_object_mut() {
            pin.insert("reinvocationPolicy".into(), "IfNeeded".into());
        }
        all.push(document("MutatingWebhookConfiguration", vec![pin]));
    }
    all
}

/// Objects that are asked about when they are made or changed.
fn rule(group: &str, version: &str, scope: &str, resources: &[&str]) -> Value {
    json!({
        "apiGroups": [group],
        "apiVersions": [version],
        "operations": ["CREATE", "UPDATE"],
        "resources": resources,
        "scope": scope,
    })
}

/// Documents as YAML; every text stands in quotes, as in JSON.
pub fn yaml(documents: &[Value]) -> String {
    let mut out = String::new();
    for (index, document) in documents.iter().enumerate() {
        if index > 0 {
            out.push_str("---\n");
        }
        write(document, 0, &mut out);
    }
    out
}

fn write(value: &Value, indent: usize, out: &mut String) {
    let blanks = " ".repeat(indent);
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let _ = write!(out, "{blanks}{}:", scalar(&Value::String(name.clone())));
                behind(value, indent, out);
            }
        }
        Value::Array(items) => {
            for item in items {
                let mut inner = String::new();
                match item {
                    Value::Object(fields) if !fields.is_empty() => {
                        write(item, indent.saturating_add(2), &mut inner);
                        let _ = write!(out, "{blanks}- {}", inner.trim_start());
                    }
                    _ => {
                        behind(item, indent, &mut inner);
                        let _ = write!(out, "{blanks}-{inner}");
                    }
                }
            }
        }
        other => {
            let _ = writeln!(out, "{blanks}{}", scalar(other));
        }
    }
}

fn behind(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(fields) if fields.is_empty() => out.push_str(" {}\n"),
        Value::Array(items) if items.is_empty() => out.push_str(" []\n"),
        Value::Object(_) | Value::Array(_) => {
            out.push('\n');
            write(value, indent.saturating_add(2), out);
        }
        Value::String(text)
            if text.contains('\n') && !text.contains('\r') && !text.starts_with([' ', '\n']) =>
        {
            let end = if text.ends_with('\n') { "" } else { "-" };
            let _ = writeln!(out, " |{end}");
            let blanks = " ".repeat(indent.saturating_add(2));
            for line in text.lines() {
                let _ =
                    if line.is_empty() { writeln!(out) } else { writeln!(out, "{blanks}{line}") };
            }
        }
        other => {
            let _ = writeln!(out, " {}", scalar(other));
        }
    }
}

/// A word as it is where nobody can take it for something else, else in quotes.
fn scalar(value: &Value) -> String {
    let Value::String(text) = value else { return value.to_string() };
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|one| one.is_ascii_alphanumeric() || "-_./".contains(one))
        && !["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
            .contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.clone() } else { value.to_string() }
}

#[cfg(test)]
mod tests {
    use plimsoll_kube::manifest::Manifest;
    use plimsoll_model::text::Source;

    use super::*;

    #[test]
    fn what_is_written_is_read_as_the_same() {
        let value = json!({
            "a": {"b": [1, "yes", {"c": "x: y", "d": []}, [], {}, "plain"], "e": {}},
            "text": "one\ntwo\n\nthree", "empty": "", "on": true, "pod-security.kubernetes.io/enforce": "v1.2",
        });
        let text = yaml(&[value.clone(), json!({"z": 1})]);
        let manifest = Manifest::parse(Source::new(text.clone()));
        assert_eq!(manifest.problems, [], "{text}");
        assert_eq!(manifest.documents.len(), 2);
        let json = Manifest::from_json(value.to_string().as_bytes()).unwrap();
        assert!(*manifest.documents[0] == *json.documents[0], "{text}");
    }

    #[test]
    fn how_it_fails_is_as_the_settings_say_and_the_cluster_itself_is_never_asked() {
        let settings = |failure: &str| {
            let text = format!(
                "apiVersion: plimsoll.dev/v1\nkind: AdmissionSettings\nfailure: {failure}\n\
                 podSecurity: {{mode: enforce}}\nrules: [{{severity: error, mode: warn}}]\n"
            );
            Settings::parse(&text).unwrap()
        };
        let target = Target::Service { namespace: "plimsoll".into(), name: "admit".into() };
        for (failure, policy) in [("open", "Ignore"), ("closed", "Fail")] {
            let all =
                configurations(&settings(failure), NAME, &target, &Authority::Bundle(b"ca".into()));
            assert_eq!(all.len(), 1);
            let webhooks = all[0]["webhooks"].as_array().unwrap();
            assert_eq!(webhooks[0]["failurePolicy"], policy);
            assert_eq!(webhooks[1]["failurePolicy"], "Ignore");
            assert_eq!(webhooks[2]["failurePolicy"], "Ignore");
            let values = &webhooks[0]["namespaceSelector"]["matchExpressions"][0]["values"];
            assert_eq!(*values, json!(["kube-system", "plimsoll"]));
            assert_eq!(webhooks[0]["clientConfig"]["caBundle"], "Y2E=");
        }
    }

    #[test]
    fn an_authority_of_cert_manager_is_named_and_not_written() {
        let text = "apiVersion: plimsoll.dev/v1\nkind: AdmissionSettings\nfailure: closed\n\
                    images: {digest: {mode: enforce, pin: true}}\n";
        let settings = Settings::parse(text).unwrap();
        let authority = Authority::Certificate("plimsoll/admit".into());
        let all = configurations(&settings, NAME, &Target::Url("https://a".into()), &authority);
        assert_eq!(all.len(), 2);
        for one in all {
            let annotation = &one["metadata"]["annotations"]["cert-manager.io/inject-ca-from"];
            assert_eq!(annotation, "plimsoll/admit");
            assert!(one["webhooks"][0]["clientConfig"].get("caBundle").is_none(), "{one}");
        }
    }
}
