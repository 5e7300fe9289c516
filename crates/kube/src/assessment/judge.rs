//! What makes pods, and the pods: a row for each that nothing known made.

use std::collections::{BTreeSet, HashMap};

use plimsoll_model::text::Source;

use super::identity::{self, Identity};
use super::images::Images;
use super::network::Reach;
use super::nodes;
use super::owners::{Owners, maker};
use super::{Assessment, Row, count, is_wanted, makes_pods, said};
use crate::config::Config;
use crate::estate::Estate;
use crate::manifest::{Manifest, Node};
use crate::netpol;
use crate::object::{Key, Object, objects};
use crate::pss::{self, Policy, Profile};
use crate::rbac;
use crate::services::Services;
use crate::workload::Workload;

/// Judges workloads and pods.
#[derive(Debug)]
pub struct Judge {
    config: Config,
    only: Option<String>,
    estate: Estate,
    /// Who workloads run as.
    access: rbac::Builder,
    seen: Seen,
    images: Images,
    rows: HashMap<Key, usize>,
    /// Which revision of its template a deployment is at.
    revisions: HashMap<Key, Option<String>>,
    /// The containers of templates and the images that they name, by the number of their row.
    templates: Vec<(usize, Vec<(String, String)>)>,
}

/// What was seen so far, that pods are added to.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) cluster: netpol::Builder,
    pub(super) services: Services,
    pub(super) owners: Owners,
    pub(super) found: Assessment,
}

impl Judge {
    pub(super) fn new(config: Config, only: Option<String>, estate: Estate, seen: Seen) -> Self {
        Self {
            config,
            only,
            estate,
            access: rbac::Builder::default(),
            seen,
            images: Images::default(),
            rows: HashMap::new(),
            revisions: HashMap::new(),
            templates: Vec::new(),
        }
    }

    /// Takes what makes pods; whatever made it has to be told before it.
    pub fn controller(&mut self, name: &str, manifest: &Manifest) {
        for object in objects(manifest).0 {
            if object.kind == "Pod" || !makes_pods(&object) || !self.is_wanted(&object) {
                continue;
            }
            self.seen.owners.note(&object);
            count(&mut self.seen.found, &object);
            let key = object.key();
            if self.seen.owners.root(&object) == key {
                if object.kind == "Deployment" {
                    self.revisions.insert(key.clone(), identity::revision(&object));
                }
                self.row(key, name, object, manifest);
            } else if object.kind == "ReplicaSet" {
                self.revision(&object, &manifest.source);
            }
        }
    }

    /// Takes pods, once all that makes pods was told.
    pub fn pod(&mut self, name: &str, manifest: &Manifest) {
        for object in objects(manifest).0 {
            if object.kind != "Pod" || !self.is_wanted(&object) {
                continue;
            }
            count(&mut self.seen.found, &object);
            let mut root = self.seen.owners.root(&object);
            // The first pod of what is not known here, such as a job of an operator, stands for all.
            // What a node runs by itself is nobody's but its own.
            if root == object.key()
                && let Some(maker) = maker(&object).filter(|maker| maker.1 != "Node")
            {
                root = maker;
            }
            let number = match self.rows.get(&root) {
                Some(number) => *number,
                None => self.row(root, name, object, manifest),
            };
            let containers = running(&object, &mut self.images);
            let images: BTreeSet<usize> = containers.iter().map(|(_, image)| *image).collect();
            for image in &images {
                self.images.count_pod(*image);
            }
            nodes::add_pod(&mut self.seen.found.nodes, &object, number, &images);
            if let Some(row) = self.seen.found.workloads.get_mut(number) {
                row.pods = row.pods.saturating_add(1);
                row.images.extend(images);
                for (container, image) in containers {
                    // While one template follows another, pods of both are there.
                    if !row.containers.iter().any(|(known, _)| *known == container) {
                        row.containers.push((container, image));
                    }
                }
            }
        }
    }

    /// Takes note of the replica set that a deployment is at.
    fn revision(&mut self, set: &Object<'_>, source: &Source) {
        let Some(maker) = maker(set) else { return };
        if self.revisions.get(&maker) == Some(&identity::revision(set))
            && let Some(row) = self.rows.get(&maker)
            && let Some(row) = self.seen.found.workloads.get_mut(*row)
        {
            row.current = Some(Identity::of_pod(set, source));
        }
    }

    fn is_wanted(&self, object: &Object<'_>) -> bool {
        is_wanted(self.only.as_deref(), object)
    }

    /// A new row, judged by this object.
    fn row(&mut self, key: Key, name: &str, object: Object<'_>, manifest: &Manifest) -> usize {
        let findings = said(&object, manifest, &self.estate, &self.config);
        self.access.add_object(name, &object, &manifest.source);
        self.seen.cluster.add_object(name, object, &manifest.source);
        let number = self.seen.found.workloads.len();
        let (namespace, kind, called) = key.clone();
        let mut row = Row {
            namespace,
            kind,
            name: called,
            pods: 0,
            images: BTreeSet::new(),
            findings,
            meets: Profile::Restricted,
            account: "default".to_owned(),
            identity: Identity::of_pod(&object, &manifest.source).called(&key, &object),
            current: None,
            containers: Vec::new(),
        };
        if let Some(workload) = Workload::new(object, &manifest.source) {
            let version = self.config.version;
            let forbids =
                |profile| !pss::evaluate(&workload.pod, Policy { profile, version }).is_empty();
            row.meets = if forbids(Profile::Baseline) {
                Profile::Privileged
            } else if forbids(Profile::Restricted) {
                Profile::Baseline
            } else {
                Profile::Restricted
            };
            let spec = workload.pod.spec;
            let account = spec.text("serviceAccountName").or_else(|| spec.text("serviceAccount"));
            if let Some(account) = account {
                account.value.clone_into(&mut row.account);
            }
        }
        let home = self.seen.found.namespaces.entry(row.namespace.clone()).or_default();
        home.workloads = home.workloads.saturating_add(1);
        let [baseline, restricted] = &mut home.forbidden;
        *baseline = baseline.saturating_add(usize::from(row.meets < Profile::Baseline));
        *restricted = restricted.saturating_add(usize::from(row.meets < Profile::Restricted));
        if object.kind != "Pod" {
            self.templates.push((number, written(&object)));
        }
        self.seen.found.workloads.push(row);
        self.rows.insert(key, number);
        number
    }

    /// All was told.
    pub fn finish(self) -> Assessment {
        let Self { seen, estate, mut images, access, templates, .. } = self;
        let Seen { cluster, services, mut found, .. } = seen;
        for (number, names) in templates {
            // What runs says more exactly what it is than what was asked for.
            if let Some(row) = found.workloads.get_mut(number).filter(|row| row.images.is_empty()) {
                for (container, name) in names {
                    let image = images.add(&name, None);
                    row.images.insert(image);
                    row.containers.push((container, image));
                }
            }
        }
        found.images = images.into_all();
        found.access = estate.into_access();
        found.access.add_workloads_of(access.finish());
        found.reach = Reach::of(&cluster.finish(), &services, &mut found.namespaces);
        sort(&mut found);
        found.others.sort_by(|a, b| {
            (&a.namespace, &a.kind, &a.name).cmp(&(&b.namespace, &b.kind, &b.name))
        });
        found
    }
}

/// Sorts the workloads, whose numbers nodes have.
fn sort(found: &mut Assessment) {
    let mut rows: Vec<(usize, Row)> = found.workloads.drain(..).enumerate().collect();
    rows.sort_by(|(_, a), (_, b)| {
        (&a.namespace, &a.kind, &a.name).cmp(&(&b.namespace, &b.kind, &b.name))
    });
    let mut places = vec![0; rows.len()];
    for (place, (old, _)) in rows.iter().enumerate() {
        if let Some(of) = places.get_mut(*old) {
            *of = place;
        }
    }
    nodes::renumber(&mut found.nodes, &places);
    found.workloads = rows.into_iter().map(|(_, row)| row).collect();
}

const CONTAINERS: [(&str, &str); 3] = [
    ("initContainers", "initContainerStatuses"),
    ("containers", "containerStatuses"),
    ("ephemeralContainers", "ephemeralContainerStatuses"),
];

/// The containers that the pods of a template would have, and their images.
fn written(object: &Object<'_>) -> Vec<(String, String)> {
    let spec = crate::workload::root(object).and_then(|root| root.get("spec"));
    let lists =
        CONTAINERS.iter().flat_map(|(list, _)| spec.map_or(&[][..], |spec| spec.list(list)));
    let names = lists.filter_map(|one| Some((one.text("name")?.value, one.text("image")?.value)));
    let names = names.filter(|(_, image)| !image.is_empty());
    names.map(|(name, image)| (name.to_owned(), image.to_owned())).collect()
}

/// The containers of a pod and their images, as its runtime calls them where it does.
fn running(object: &Object<'_>, images: &mut Images) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let list = |part: &str, name: &str| {
        object.node.get(part).map_or(&[][..], |part: &Node| part.list(name))
    };
    for (containers, statuses) in CONTAINERS {
        for container in list("spec", containers) {
            let Some(written) = container.text("image").filter(|it| !it.value.is_empty()) else {
                continue;
            };
            let name = container.text("name").map(|name| name.value);
            let mut all = list("status", statuses).iter();
            let status = all.find(|one| one.text("name").map(|it| it.value) == name);
            let id = status.and_then(|status| Some(status.text("imageID")?.value));
            let image = images.add(written.value, id);
            found.push((name.unwrap_or_default().to_owned(), image));
        }
    }
    found
}
