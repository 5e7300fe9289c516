//! What workloads are judged by: all that is no workload.

use std::sync::Arc;

use plimsoll_model::text::Source;

use super::judge::{Judge, Seen};
use super::owners::Owners;
use super::{Assessment, Identity, Node, Other, count, is_wanted, makes_pods, said};
use crate::config::Config;
use crate::estate;
use crate::manifest::Manifest;
use crate::netpol;
use crate::object::{Object, objects};
use crate::pss::NamespaceLabels;
use crate::services::Services;

/// What objects are counted, and what workloads are judged by.
#[derive(Debug)]
pub struct Surroundings {
    config: Config,
    /// The only namespace that is looked at.
    only: Option<String>,
    /// Whether what nothing is said of is told as well.
    is_complete: bool,
    estate: estate::Builder,
    cluster: netpol::Builder,
    services: Services,
    owners: Owners,
    kept: Vec<Arc<Manifest>>,
    found: Assessment,
}

/// Kinds with rules of their own that are no workloads: they are kept until all surroundings are there.
const OTHERS: [&str; 6] =
    ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Service", "Ingress"];

impl Surroundings {
    /// Begins; with a namespace nothing of another one is looked at.
    pub fn new(config: Config, only: Option<&str>) -> Self {
        Self {
            config,
            only: only.map(str::to_owned),
            is_complete: false,
            estate: estate::Builder::default(),
            cluster: netpol::Builder::default(),
            services: Services::default(),
            owners: Owners::default(),
            kept: Vec::new(),
            found: Assessment::default(),
        }
    }

    /// Tells of every role, binding, service and ingress, of those too that no rule speaks of.
    #[must_use]
    pub fn complete(self) -> Self {
        Self { is_complete: true, ..self }
    }

    /// Takes what is no workload; of a workload takes note that it is there, and tells whether there
    /// is one, so that the judge needs the manifest. `name` is what places are told by.
    pub fn add(&mut self, name: &str, manifest: Arc<Manifest>) -> bool {
        let (mut keeps, mut has_workloads) = (false, false);
        for object in objects(&manifest).0 {
            if !is_wanted(self.only.as_deref(), &object) {
                continue;
            }
            if makes_pods(&object) {
                has_workloads = true;
                if object.kind != "Pod" {
                    self.owners.note(&object);
                }
                continue;
            }
            keeps |= OTHERS.contains(&object.kind) && !object.is_given();
            self.one(name, object, &manifest.source);
        }
        if keeps {
            self.kept.push(manifest);
        }
        has_workloads
    }

    fn one(&mut self, name: &str, object: Object<'_>, source: &Source) {
        count(&mut self.found, &object);
        self.estate.add_object(name, &object, source);
        self.cluster.add_object(name, object, source);
        self.services.add(&object);
        let home = object.home();
        match object.kind {
            "Namespace" => {
                let home = self.found.namespaces.entry(object.name.to_owned()).or_default();
                home.modes = NamespaceLabels::of(&object).and_then(|labels| labels.modes);
            }
            "NetworkPolicy" => {
                let home = self.found.namespaces.entry(home.to_owned()).or_default();
                home.policies = home.policies.saturating_add(1);
            }
            "Node" => {
                let version = object.node.at(&["status", "nodeInfo"]);
                let version = version.and_then(|info| Some(info.text("kubeletVersion")?.value));
                let version = version.unwrap_or("unknown").to_owned();
                let nodes = self.found.kubelets.entry(version).or_default();
                *nodes = nodes.saturating_add(1);
                self.found.nodes.insert(object.name.to_owned(), Node::of(&object));
            }
            _ => {}
        }
    }

    /// All of it was told.
    pub fn finish(self) -> Judge {
        let Self { config, only, is_complete, estate, cluster, services, owners, kept, mut found } =
            self;
        let estate = estate.finish();
        for manifest in &kept {
            for object in objects(manifest).0 {
                if !OTHERS.contains(&object.kind)
                    || object.is_given()
                    || !is_wanted(only.as_deref(), &object)
                {
                    continue;
                }
                let findings = said(&object, manifest, &estate, &config);
                if is_complete || !findings.is_empty() {
                    found.others.push(Other {
                        namespace: object.namespace.map(str::to_owned),
                        kind: object.kind.to_owned(),
                        name: object.name.to_owned(),
                        findings,
                        identity: Identity::of_whole(&object, &manifest.source),
                    });
                }
            }
        }
        Judge::new(config, only, estate, Seen { cluster, services, owners, found })
    }
}
