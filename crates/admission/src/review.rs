//! What an API server asks: an `AdmissionReview` of `admission.k8s.io/v1`.
//!
//! <https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/>

use plimsoll_kube::manifest::{Manifest, Node};
use plimsoll_kube::{Object, Workload};

/// The one version that is answered.
pub(crate) const API_VERSION: &str = "admission.k8s.io/v1";

/// A review as it came.
#[derive(Debug)]
pub struct Review {
    manifest: Manifest,
    uid: String,
}

/// A review that cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Malformed {
    /// Its identifier, as far as it has one: without it no answer counts.
    pub uid: Option<String>,
    /// Its version, where it is one of `admission.k8s.io`.
    pub api_version: Option<String>,
    /// What is wrong with it.
    pub why: String,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Something is made.
    Create,
    /// Something is changed.
    Update,
    /// Something is deleted, or connected to.
    Other,
}

impl Operation {
    /// As metrics have it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Other => "other",
        }
    }
}

/// A kind or a resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Typed<'r> {
    /// Its group; empty for the core group.
    pub group: &'r str,
    /// `Pod`, or `pods`.
    pub name: &'r str,
}

/// What is asked in a review.
#[derive(Debug, Clone, Copy)]
pub struct Request<'r> {
    /// What the answer must name.
    pub uid: &'r str,
    /// What is done.
    pub operation: Operation,
    /// The kind of the object.
    pub kind: Typed<'r>,
    /// What is addressed.
    pub resource: Typed<'r>,
    /// The part of it that is addressed, or nothing.
    pub subresource: &'r str,
    /// The object's name; empty where the API server makes one.
    pub name: &'r str,
    /// Its namespace; empty where it has none.
    pub namespace: &'r str,
    /// Who does it.
    pub user: &'r str,
    /// The object as it is to be.
    pub object: Option<&'r Node>,
    /// The object as it was.
    pub old: Option<&'r Node>,
    review: &'r Review,
}

/// What a resource is to Pod Security.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A pod.
    Pod,
    /// What makes pods.
    Template,
    /// A namespace.
    Namespace,
    /// Anything else.
    Other,
}

/// Resources that make pods: `defaultPodSpecResources` of the admission plugin.
pub(crate) const TEMPLATES: [(&str, &str); 8] = [
    ("", "replicationcontrollers"),
    ("", "podtemplates"),
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("batch", "cronjobs"),
    ("batch", "jobs"),
];

impl Review {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let nameless = |why: String| Malformed {
            uid: None,
            api_version: None,
            why: format!("no review: {why}"),
        };
        let manifest = Manifest::from_json(body).map_err(nameless)?;
        let root = manifest.documents.first().ok_or_else(|| nameless("it is empty".into()))?;
        let text = |node: &Node, name: &str| node.text(name).map(|it| it.value.to_owned());
        let request = root.get("request");
        let uid = request.and_then(|request| text(request, "uid")).filter(|uid| !uid.is_empty());
        let api_version = text(root, "apiVersion");
        let wrong = |why: String| Malformed {
            uid: uid.clone(),
            api_version: api_version.clone().filter(|it| it.starts_with("admission.k8s.io/")),
            why,
        };
        if text(root, "kind").as_deref() != Some("AdmissionReview")
            || api_version.as_deref() != Some(API_VERSION)
        {
            let said = |it: Option<String>| it.unwrap_or_else(|| "nothing".into());
            let (kind, version) = (said(text(root, "kind")), said(api_version.clone()));
            let why = format!(
                "expected `AdmissionReview` of `{API_VERSION}`, not {kind:?} of {version:?}"
            );
            return Err(wrong(why));
        }
        if request.is_none() {
            return Err(wrong("the review has no `request`".into()));
        }
        match uid {
            Some(uid) => Ok(Self { manifest, uid }),
            None => Err(wrong("the review has no `request.uid`".into())),
        }
    }

    /// What is asked.
    pub fn request(&self) -> Request<'_> {
        let silent = || Request {
            uid: &self.uid,
            operation: Operation::Other,
            kind: Typed::default(),
            resource: Typed::default(),
            subresource: "",
            name: "",
            namespace: "",
            user: "",
            object: None,
            old: None,
            review: self,
        };
        let root = self.manifest.documents.first();
        let Some(request) = root.and_then(|root| root.get("request")) else { return silent() };
        let text = |name: &str| request.text(name).map_or("", |it| it.value);
        let typed = |name: &str, of: &str| {
            let node = request.get(name);
            let part = |of: &str| node.and_then(|node| node.text(of)).map_or("", |it| it.value);
            Typed { group: part("group"), name: part(of) }
        };
        let subresource = match text("requestSubResource") {
            "" => text("subResource"),
            own => own,
        };
        Request {
            operation: match text("operation") {
                "CREATE" => Operation::Create,
                "UPDATE" => Operation::Update,
                _ => Operation::Other,
            },
            kind: typed("kind", "kind"),
            resource: typed("resource", "resource"),
            subresource,
            name: text("name"),
            namespace: text("namespace"),
            user: request
                .get("userInfo")
                .and_then(|user| user.text("username"))
                .map_or("", |it| it.value),
            object: request.get("object"),
            old: request.get("oldObject"),
            ..silent()
        }
    }
}

impl<'r> Request<'r> {
    /// What it is about.
    pub fn subject(&self) -> Subject {
        let Typed { group, name } = self.resource;
        match (group, name) {
            ("", "pods") => Subject::Pod,
            ("", "namespaces") => Subject::Namespace,
            other if TEMPLATES.contains(&other) => Subject::Template,
            _ => Subject::Other,
        }
    }

    /// The object as something that is a pod or makes pods.
    pub fn workload(&self) -> Option<Workload<'r>> {
        self.workload_of(self.object?)
    }

    /// The same as it was before.
    pub fn old_workload(&self) -> Option<Workload<'r>> {
        self.workload_of(self.old?)
    }

    fn workload_of(&self, node: &'r Node) -> Option<Workload<'r>> {
        Workload::new(Object::new(node), &self.review.manifest.source)
    }

    /// The whole review as a file of manifests, for rules that ask for one.
    pub(crate) fn manifest(&self) -> &'r Manifest {
        &self.review.manifest
    }

    /// The name, or what the API server begins the name with.
    pub fn called(&self) -> &'r str {
        if !self.name.is_empty() {
            return self.name;
        }
        let metadata = self.object.and_then(|object| object.get("metadata"));
        let text = |name| metadata.and_then(|it| it.text(name)).map_or("", |it| it.value);
        match text("name") {
            "" => text("generateName"),
            name => name,
        }
    }
}

/// What is addressed, as the metrics of the admission plugin have it.
pub(crate) fn resource_label(request: &Request<'_>) -> &'static str {
    match request.subject() {
        Subject::Pod => "pod",
        Subject::Namespace => "namespace",
        Subject::Template => "controller",
        Subject::Other => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_of_another_kind_or_version_keeps_its_uid_for_the_answer() {
        let review = |version: &str, kind: &str| {
            let text = format!(
                "{{\"apiVersion\":\"{version}\",\"kind\":\"{kind}\",\"request\":{{\"uid\":\"u\"}}}}"
            );
            Review::parse(text.as_bytes())
        };
        assert!(review(API_VERSION, "AdmissionReview").is_ok());
        let old = review("admission.k8s.io/v1beta1", "AdmissionReview").unwrap_err();
        assert_eq!(old.uid.as_deref(), Some("u"));
        assert_eq!(old.api_version.as_deref(), Some("admission.k8s.io/v1beta1"));
        let other = review("v1", "Pod").unwrap_err();
        assert!(other.why.contains("\"Pod\" of \"v1\""), "{other}");
        assert_eq!(other.api_version, None);
    }

    #[test]
    fn what_is_no_review_says_why() {
        for (text, why) in [
            ("", "no review: EOF"),
            ("[]", "expected `AdmissionReview`"),
            (r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}"#, "no `request`"),
            (
                r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{}}"#,
                "no `request.uid`",
            ),
        ] {
            let error = Review::parse(text.as_bytes()).unwrap_err();
            assert!(error.why.contains(why), "{error}");
        }
    }
}
