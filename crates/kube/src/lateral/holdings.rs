//! What pods hold that serves whoever takes them, of manifests that need not be there at the same time.

use std::collections::BTreeMap;

use plimsoll_model::text::Source;

use super::gain::{self, Gain};
use crate::manifest::Manifest;
use crate::netpol::Pod;
use crate::object::{Key, Object, objects};
use crate::rbac::{self, Access, Subject};
use crate::services::Services;
use crate::workload::Workload;

/// What pods hold, and who may do what.
#[derive(Debug, Default)]
pub struct Holdings {
    /// Who may do what.
    pub access: Access,
    /// What leads to pods.
    pub services: Services,
    /// By namespace, kind and name, where a pod holds anything: how it gives its node, and the account
    /// whose token lies in it.
    pods: BTreeMap<Key, (Vec<Gain>, Option<Subject>)>,
}

impl Holdings {
    /// What these manifests say together, each with the name that places are told by.
    pub fn of<'m>(manifests: impl IntoIterator<Item = (&'m str, &'m Manifest)>) -> Self {
        let mut builder = Builder::default();
        for (name, manifest) in manifests {
            builder.add(name, manifest);
        }
        builder.finish()
    }

    pub(super) fn of_pod(&self, pod: &Pod) -> Option<(&[Gain], Option<&Subject>)> {
        let (gains, account) = self.pods.get(&pod.key())?;
        Some((gains, account.as_ref()))
    }
}

/// Gathers what pods hold.
#[derive(Debug, Default)]
pub struct Builder {
    holdings: Holdings,
    access: rbac::Builder,
}

impl Builder {
    /// Takes what a manifest says; `name` is what its places are told by.
    pub fn add(&mut self, name: &str, manifest: &Manifest) {
        for object in objects(manifest).0 {
            self.add_object(name, object, &manifest.source);
        }
    }

    fn add_object(&mut self, name: &str, object: Object<'_>, source: &Source) {
        self.access.add_object(name, &object, source);
        self.holdings.services.add(&object);
        let Some(workload) = Workload::new(object, source) else { return };
        let (gains, account) = (gain::of_node(&workload.pod), token(&workload));
        if !gains.is_empty() || account.is_some() {
            self.holdings.pods.insert(object.key(), (gains, account));
        }
    }

    /// What all of them say together.
    pub fn finish(self) -> Holdings {
        Holdings { access: self.access.finish(), ..self.holdings }
    }
}

/// The account whose token lies in a pod.
fn token(workload: &Workload<'_>) -> Option<Subject> {
    let spec = workload.pod.spec;
    let sources = spec.list("volumes").iter().filter_map(|it| it.get("projected"));
    let is_projected = sources
        .flat_map(|it| it.list("sources"))
        .any(|source| source.get("serviceAccountToken").is_some());
    let is_kept_out =
        spec.boolean("automountServiceAccountToken").is_some_and(|mounted| !mounted.value);
    if is_kept_out && !is_projected { None } else { rbac::account(&workload.object) }
}
