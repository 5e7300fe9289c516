//! Namespaces and pods as files have them, where there is no cluster to be asked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use plimsoll_admission::Cluster;
use plimsoll_kube::manifest::Node;
use plimsoll_kube::objects;

use crate::commands::kube::files;
use crate::commands::kube::rendered::Rendering;

/// The labels of namespaces.
#[derive(Debug, Default)]
pub(super) struct Labels {
    by_name: BTreeMap<String, BTreeMap<String, String>>,
}

impl Labels {
    pub(super) fn read(named: &[PathBuf]) -> anyhow::Result<Self> {
        let mut labels = Self::default();
        for read in files::read_all(named, &Rendering::default())?.manifests {
            for object in objects(&read.manifest).0.into_iter().filter(|it| it.kind == "Namespace")
            {
                let fields = object.node.at(&["metadata", "labels"]).and_then(Node::as_mapping);
                let fields = fields.into_iter().flat_map(|mapping| &mapping.fields);
                let own = fields.filter_map(|field| {
                    Some((field.name.to_string(), field.value.as_str()?.to_owned()))
                });
                labels.by_name.insert(object.name.to_owned(), own.collect());
            }
        }
        Ok(labels)
    }
}

impl Cluster for Labels {
    fn labels(&self, namespace: &str) -> Result<BTreeMap<String, String>, String> {
        let found = self.by_name.get(namespace).cloned();
        found.ok_or_else(|| format!("namespaces {namespace:?} not found"))
    }

    fn pods(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("there is no cluster".into())
    }

    fn is_ready(&self) -> bool {
        true
    }
}
