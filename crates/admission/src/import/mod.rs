//! Policies of Kyverno and Gatekeeper about images as settings of our own, with a word on each part that
//! is not the same.
//!
//! A kind of policy is a file here and a line in [`READERS`].

mod gatekeeper;
mod kyverno;

use plimsoll_kube::manifest::{Manifest, Node};
use plimsoll_kube::objects;
use serde_json::{Value, json};

use crate::settings::Mode;

/// The mode of what several policies ask: the gravest.
type Asked = Option<Mode>;

/// What was read.
#[derive(Debug, Default)]
pub struct Imported {
    /// `ClusterImagePolicy` documents.
    policies: Vec<Value>,
    /// One for each policy and part of it, in the order of the files.
    pub remarks: Vec<Remark>,
    /// Patterns of names, where images may come from.
    allowed: Vec<String>,
    registries: Asked,
    signature: Asked,
    digest: Asked,
    pins: bool,
    tags: Asked,
}

/// What became of a part of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The line that it begins in.
    pub line: u32,
    /// `ClusterPolicy/check-image rule verify`.
    pub what: String,
    /// Why it is not the same here; none where it is.
    pub difference: Option<String>,
}

/// A kind of policy: whether an object is one, and what reads it.
struct Reader {
    is_one: fn(api_version: &str, kind: &str) -> bool,
    read: fn(&Policy<'_>, &mut Imported),
}

const READERS: [&Reader; 2] = [&kyverno::READER, &gatekeeper::READER];

/// A policy and where it stands.
struct Policy<'m> {
    manifest: &'m Manifest,
    node: &'m Node,
    /// `ClusterPolicy/check-image`.
    called: String,
}

impl Policy<'_> {
    fn remark(&self, at: &Node, part: &str, difference: Option<String>, into: &mut Imported) {
        let line = self.manifest.source.line(at.span.start);
        let what = format!("{}{part}", self.called);
        into.remarks.push(Remark { line, what, difference });
    }
}

impl Imported {
    /// Reads the policies of a file.
    pub fn read(&mut self, manifest: &Manifest) {
        for object in objects(manifest).0 {
            let called = match object.namespace {
                Some(namespace) => format!("{}/{namespace}/{}", object.kind, object.name),
                None => object.called(),
            };
            let policy = Policy { manifest, node: object.node, called };
            let reader = READERS.iter().find(|it| (it.is_one)(object.api_version, object.kind));
            if let Some(reader) = reader {
                (reader.read)(&policy, self);
            } else {
                let why = "it is no policy of Kyverno or Gatekeeper that is read";
                policy.remark(object.node, "", Some(why.to_owned()), self);
            }
        }
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        let asked = [self.registries, self.signature, self.digest, self.tags];
        asked.iter().all(Option::is_none)
    }

    /// The policies with the word that images which none of them matches pass, as they do there.
    pub fn documents(&self) -> Vec<Value> {
        if self.policies.is_empty() {
            return Vec::new();
        }
        let config = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": { "name": "config-policy-controller" },
            "data": { "no-match-policy": "allow" },
        });
        std::iter::once(config).chain(self.policies.iter().cloned()).collect()
    }

    /// The settings, as a document; `policy` is where [`Imported::documents`] will stand.
    pub fn settings(&self, policy: &str) -> Value {
        let mut images = serde_json::Map::new();
        if let Some(mode) = self.registries {
            images.insert(
                "registries".into(),
                json!({ "allowed": self.allowed, "mode": mode.name() }),
            );
        }
        if let Some(mode) = self.digest {
            images.insert("digest".into(), json!({ "mode": mode.name(), "pin": self.pins }));
        }
        if let Some(mode) = self.signature {
            images.insert("signature".into(), json!({ "policy": policy, "mode": mode.name() }));
        }
        let mut settings = json!({
            "apiVersion": "plimsoll.dev/v1",
            "kind": "AdmissionSettings",
            "failure": "closed",
        });
        if let Value::Object(fields) = &mut settings {
            if let Some(mode) = self.tags {
                fields.insert("rules".into(), json!([{ "rule": "PK1001", "mode": mode.name() }]));
            }
            if !images.is_empty() {
                fields.insert("images".into(), Value::Object(images));
            }
        }
        settings
    }
}

/// Asks for something at least as gravely as before.
fn ask(asked: &mut Asked, mode: Mode) {
    *asked = (*asked).max(Some(mode));
}

#[cfg(test)]
mod tests {
    use plimsoll_model::text::Source;
    use plimsoll_supply::image_policy;

    use super::*;
    use crate::settings::Settings;
    use crate::webhook;

    fn read(text: &str) -> (Imported, Vec<String>) {
        let mut imported = Imported::default();
        imported.read(&Manifest::parse(Source::new(text)));
        let told = imported.remarks.iter().map(|it| {
            let end = it.difference.as_deref().unwrap_or("the same");
            format!("{}: {}: {end}", it.line, it.what)
        });
        let told = told.collect();
        (imported, told)
    }

    /// What was written is what we read ourselves.
    fn is_read(imported: &Imported) {
        let settings = webhook::yaml(&[imported.settings("policies.yaml")]);
        Settings::parse(&settings).unwrap_or_else(|error| panic!("{error}\n{settings}"));
        let policies = imported.documents();
        if !policies.is_empty() {
            let policies = webhook::yaml(&policies);
            let settings = image_policy::Settings {
                load: &|_| Err("there are no files".into()),
                conditions: &plimsoll_supply::quorum::NoConditions,
                has_root: false,
            };
            image_policy::PolicyFile::parse(&policies, &settings)
                .unwrap_or_else(|error| panic!("{error}\n{policies}"));
        }
    }

    const KEY: &str = "\
                      -----BEGIN PUBLIC KEY-----
                      MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE42+qFZRPjFffdIVHibS8Ec/lbnLr
                      fQw06wMxBxTBRxTGertmcvUVUqoz0qb80bP19a78LFEsKfsaXLUU9R5kIA==
                      -----END PUBLIC KEY-----";

    #[test]
    fn rules_of_kyverno_are_policies_of_which_all_must_hold() {
        let text = format!(
            "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {{name: signed}}
spec:
  validationFailureAction: Enforce
  rules:
    - name: keys
      match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}
      verifyImages:
        - imageReferences: ['ghcr.io/shop/*']
          attestors:
            - count: 1
              entries:
                - keys: {{publicKeys: \"\"}}
                - keyless: {{subject: 'https://github.com/shop/*', issuer: https://token.actions.githubusercontent.com}}
            - entries:
                - keys:
                    publicKeys: |-
                      {KEY}
                    rekor: {{ignoreTlog: true}}
"
        );
        let (imported, told) = read(&text.replace(
            "keys: {publicKeys: \"\"}",
            "keyless: {subject: a@example.com, issuer: https://accounts.example}",
        ));
        assert_eq!(told, ["10: ClusterPolicy/signed rule keys: the same"]);
        insta::assert_snapshot!(webhook::yaml(&imported.documents()));
        insta::assert_snapshot!(webhook::yaml(&[imported.settings("policies.yaml")]));
        is_read(&imported);
    }

    #[test]
    fn what_is_not_the_same_is_told_and_never_read_over() {
        let (imported, told) = read(
            "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: odd}
spec:
  validationFailureAction: Audit
  rules:
    - name: some
      match: {any: [{resources: {kinds: [Pod], namespaces: [shop]}}]}
      verifyImages:
        - imageReferences: ['*']
          skipImageReferences: ['ghcr.io/free/*']
          mutateDigest: false
          attestors: [{entries: [{keys: {kms: 'awskms:///x'}}]}]
    - name: labels
      validate: {message: x}
",
        );
        assert_eq!(
            told,
            [
                "10: ClusterPolicy/odd rule some: only namespaces shop are asked there, all here; \
                 images of skipImageReferences are asked for here too; an entry by a key of a key \
                 service is not read",
                "14: ClusterPolicy/odd rule labels: it is about something else than signatures",
            ]
        );
        assert!(imported.documents().is_empty());
    }

    #[test]
    fn policies_in_a_list_are_read_and_none_is_weaker_without_a_word() {
        let entry = "{keyless: {subject: a, issuer: b}}";
        let (imported, told) = read(&format!(
            "apiVersion: v1
kind: List
items:
  - apiVersion: kyverno.io/v1
    kind: ClusterPolicy
    metadata: {{name: one}}
    spec:
      validationFailureAction: Audit
      validationFailureActionOverrides: [{{action: Enforce, namespaces: [prod]}}]
      rules:
        - name: a
          verifyImages: [{{imageReferences: ['docker.io/nginx*'], attestors: [{{entries: [{entry}]}}]}}]
        - name: b
          verifyImages: [{{imageReferences: ['*'], annotations: {{team: red}}, attestors: [{{entries: [{entry}]}}]}}]
  - apiVersion: kyverno.io/v1
    kind: Policy
    metadata: {{name: one, namespace: shop}}
    spec:
      rules:
        - name: a
          verifyImages: [{{imageReferences: ['ghcr.io/*'], attestors: [{{entries: [{entry}]}}]}}]
"
        ));
        assert_eq!(
            told,
            [
                "12: ClusterPolicy/one rule a: it is as grave in all namespaces as it is in the \
                 gravest there",
                "14: ClusterPolicy/one rule b: it is as grave in all namespaces as it is in the \
                 gravest there; `annotations` of a check is not read",
                "21: Policy/shop/one rule a: it is for its namespace there, for all here",
            ]
        );
        is_read(&imported);
        let documents = imported.documents();
        assert_eq!(documents.len(), 3);
        let images = documents[1]["spec"]["images"].to_string();
        assert!(images.contains("docker.io/nginx**"), "{images}");
        assert!(images.contains("docker.io/library/nginx**"), "{images}");
        assert_eq!(imported.signature, Some(Mode::Enforce));
    }

    #[test]
    fn constraints_of_gatekeeper_are_settings() {
        let (imported, told) = read(
            "apiVersion: constraints.gatekeeper.sh/v1beta1
kind: K8sAllowedRepos
metadata: {name: ours}
spec:
  enforcementAction: warn
  match: {kinds: [{apiGroups: [''], kinds: [Pod]}]}
  parameters: {repos: [registry.example/, ghcr.io/shop/]}
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: K8sImageDigests
metadata: {name: digests}
spec: {}
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: K8sDisallowedTags
metadata: {name: tags}
spec: {parameters: {tags: [latest, dev]}}
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: K8sPSPPrivilegedContainer
metadata: {name: psp}
",
        );
        assert_eq!(
            told,
            [
                "3: K8sAllowedRepos/ours: the same",
                "11: K8sImageDigests/digests: the same",
                "16: K8sDisallowedTags/tags: of tags, `latest` and none at all are asked about here, \
                 not dev",
                "21: K8sPSPPrivilegedContainer/psp: Pod Security has it: `podSecurity` at `baseline`",
            ]
        );
        insta::assert_snapshot!(webhook::yaml(&[imported.settings("policies.yaml")]));
        is_read(&imported);
    }
}
