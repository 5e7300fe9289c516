//! What an object is to the API server, for those who write something down about it.

use plimsoll_model::text::{Source, Span};

use super::owners::maker_reference;
use crate::object::{Key, Object};

/// An object by which the API server knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// `apps/v1`.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// Its namespace; `None` for an object of the cluster.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its uid, where it has one.
    pub uid: Option<String>,
    /// A hash of what it was judged by: another one after a change.
    pub hash: String,
}

impl Identity {
    /// Of an object that makes pods: the hash is of the pod's spec.
    pub(super) fn of_pod(object: &Object<'_>, source: &Source) -> Self {
        let spec = crate::workload::root(object).and_then(|root| root.get("spec"));
        Self::new(object, source, spec.map_or(object.node.span, |spec| spec.span))
    }

    /// Of another object: the hash is of the whole of it.
    pub(super) fn of_whole(object: &Object<'_>, source: &Source) -> Self {
        Self::new(object, source, object.node.span)
    }

    /// As the maker that stands for it, where it is not the object itself.
    pub(super) fn called(mut self, row: &Key, object: &Object<'_>) -> Self {
        if *row != object.key()
            && let Some(owner) = maker_reference(object)
        {
            let text = |name| owner.text(name).map(|text| text.value.to_owned());
            self.api_version = text("apiVersion").unwrap_or_default();
            self.uid = text("uid");
            self.kind.clone_from(&row.1);
            self.name.clone_from(&row.2);
        }
        self
    }

    fn new(object: &Object<'_>, source: &Source, span: Span) -> Self {
        let uid = object.node.at(&["metadata"]).and_then(|it| it.text("uid"));
        let text = source.slice(span);
        Self {
            api_version: object.api_version.to_owned(),
            kind: object.kind.to_owned(),
            namespace: object.namespace.map(str::to_owned),
            name: object.name.to_owned(),
            uid: uid.map(|uid| uid.value.to_owned()),
            hash: format!("{:016x}", fingerprint(text.as_bytes())),
        }
    }
}

/// The revision of a deployment, or of one of its replica sets.
pub(super) fn revision(object: &Object<'_>) -> Option<String> {
    let annotations = object.node.at(&["metadata", "annotations"])?;
    Some(annotations.text("deployment.kubernetes.io/revision")?.value.to_owned())
}

/// FNV-1a of 64 bits: the same in every version of the program, and no defence against whoever
/// looks for two texts with one hash.
///
/// <http://www.isthe.com/chongo/tech/comp/fnv/>
pub fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
