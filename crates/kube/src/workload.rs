//! Which objects make pods, and where in them the pod stands.
//!
//! The kinds are those whose pods the Pod Security admission plugin looks at:
//! <https://github.com/kubernetes/pod-security-admission/blob/master/admission/admission.go>.
//! An object of another kind with `spec.template.spec.containers` is taken as one that makes pods
//! too.

use plimsoll_model::text::Source;

use crate::manifest::Node;
use crate::object::Object;
use crate::pod::Pod;

/// Kind, group, and the fields down to the object that has the pod's metadata and spec.
const KINDS: [(&str, &str, &[&str]); 9] = [
    ("Pod", "", &[]),
    ("PodTemplate", "", &["template"]),
    ("ReplicationController", "", &["spec", "template"]),
    ("ReplicaSet", "apps", &["spec", "template"]),
    ("Deployment", "apps", &["spec", "template"]),
    ("DaemonSet", "apps", &["spec", "template"]),
    ("StatefulSet", "apps", &["spec", "template"]),
    ("Job", "batch", &["spec", "template"]),
    ("CronJob", "batch", &["spec", "jobTemplate", "spec", "template"]),
];

/// An object that makes pods.
#[derive(Debug)]
pub struct Workload<'m> {
    /// The object.
    pub object: Object<'m>,
    /// The pod that it makes.
    pub pod: Pod<'m>,
}

impl<'m> Workload<'m> {
    /// The object as one that makes pods, where it is.
    pub fn new(object: Object<'m>, source: &'m Source) -> Option<Self> {
        let path = path(&object)?;
        let root = object.node.at(path)?;
        let pod = Pod::new(root, path, source)?;
        Some(Self { object, pod })
    }

    /// Whether it is a pod itself, which nothing makes anew.
    pub fn is_bare(&self) -> bool {
        self.object.kind == "Pod"
    }

    /// Whether its pods end by themselves.
    pub fn is_job(&self) -> bool {
        matches!(self.object.kind, "Job" | "CronJob")
    }
}

/// What has the metadata and the spec of the pod that an object is or makes.
pub(crate) fn root<'m>(object: &Object<'m>) -> Option<&'m Node> {
    object.node.at(path(object)?)
}

/// Where the pod stands in an object of this kind.
fn path(object: &Object<'_>) -> Option<&'static [&'static str]> {
    let group = object.group();
    let known = KINDS.iter().find(|(kind, home, _)| {
        // `extensions` is where some of them came from.
        *kind == object.kind && (*home == group || group == "extensions")
    });
    if let Some((_, _, path)) = known {
        return Some(path);
    }
    let template: &[&str] = &["spec", "template"];
    let has_pod = |root: &Node| root.at(&["spec", "containers"]).is_some();
    object.node.at(template).is_some_and(has_pod).then_some(template)
}
