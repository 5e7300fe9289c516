//! What a whole cluster comes to, out of objects that need not be there at the same time.
//!
//! First what workloads are judged by ([`Surroundings`]), then what makes pods and the pods ([`Judge`]):
//! a workload counts once, however many pods it has, so that figures do not grow with replicas. Of a pod
//! that something known made only its images are taken.

mod identity;
mod images;
mod network;
mod owners;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use plimsoll_model::text::{Level, Source};

pub use identity::{Identity, fingerprint};
pub use images::Image;
pub use network::Reach;

use crate::config::Config;
use crate::estate::{self, Estate};
use crate::lint::lint_object;
use crate::manifest::{Manifest, Node};
use crate::netpol;
use crate::object::{Object, objects};
use crate::pss::{self, Modes, NamespaceLabels, Policy, Profile};
use crate::rbac::{self, Access};
use crate::rule::Rule;
use crate::workload::Workload;
use images::Images;
use owners::{Key, Owners, key, maker};

/// A cluster, assessed.
#[derive(Debug, Default)]
pub struct Assessment {
    /// What makes pods and was made by nothing known, by namespace, kind and name.
    pub workloads: Vec<Row>,
    /// Roles, bindings, services and their like of which a rule has something to say.
    pub others: Vec<Other>,
    /// By name.
    pub namespaces: BTreeMap<String, Home>,
    /// The images, each once.
    pub images: Vec<Image>,
    /// How many nodes have a kubelet of which version.
    pub kubelets: BTreeMap<String, usize>,
    /// How many objects of each kind were looked at.
    pub counts: BTreeMap<String, u64>,
    /// Who may do what.
    pub access: Access,
    /// Who is open to the world, and how far one comes from there.
    pub reach: Reach,
}

/// A workload.
#[derive(Debug)]
pub struct Row {
    /// Its namespace.
    pub namespace: String,
    /// `Deployment`; of what a kind not known here makes, that kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// How many pods of it were seen.
    pub pods: u64,
    /// Its images, by number.
    pub images: BTreeSet<usize>,
    /// What rules say.
    pub findings: Vec<Said>,
    /// The highest profile of the Pod Security Standards that allows it.
    pub meets: Profile,
    /// The service account that it runs as.
    pub account: String,
    /// What it is to the API server, and a hash of its pod's spec.
    pub identity: Identity,
    /// Of a deployment the replica set of its present revision.
    pub current: Option<Identity>,
    /// Its containers, each with the number of its image.
    pub containers: Vec<(String, usize)>,
}

/// Another object and what rules say of it.
#[derive(Debug)]
pub struct Other {
    /// Its namespace, where it has one.
    pub namespace: Option<String>,
    /// `ClusterRole`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What rules say.
    pub findings: Vec<Said>,
    /// What it is to the API server, and a hash of the whole of it.
    pub identity: Identity,
}

/// What a rule says of an object.
#[derive(Debug, Clone)]
pub struct Said {
    /// The rule.
    pub rule: &'static Rule,
    /// How grave.
    pub level: Level,
    /// What.
    pub message: String,
    /// At how many places of the object.
    pub times: u32,
}

/// A namespace.
#[derive(Debug, Default)]
pub struct Home {
    /// What its labels ask; `None` where none says anything.
    pub modes: Option<Modes>,
    /// How many workloads it has.
    pub workloads: usize,
    /// How many of them baseline forbids, and how many restricted.
    pub forbidden: [usize; 2],
    /// How many network policies it has.
    pub policies: usize,
    /// How many of its workloads no policy isolates from those who send to it.
    pub open: usize,
}

impl Home {
    /// The highest profile that allows all its workloads.
    pub fn meets(&self) -> Profile {
        match self.forbidden {
            [0, 0] => Profile::Restricted,
            [0, _] => Profile::Baseline,
            _ => Profile::Privileged,
        }
    }
}

/// What objects are counted, and what workloads are judged by.
#[derive(Debug)]
pub struct Surroundings {
    config: Config,
    /// The only namespace that is looked at.
    only: Option<String>,
    /// Whether what nothing is said of is told as well.
    is_complete: bool,
    estate: estate::Builder,
    access: rbac::Builder,
    cluster: netpol::Builder,
    owners: Owners,
    kept: Vec<Manifest>,
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
            access: rbac::Builder::default(),
            cluster: netpol::Builder::default(),
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

    /// Takes what is no workload; of a workload takes note that it is there. `name` is what places
    /// are told by.
    pub fn add(&mut self, name: &str, manifest: Manifest) {
        let mut keeps = false;
        for object in objects(&manifest).0 {
            if !is_wanted(self.only.as_deref(), &object) {
                continue;
            }
            if makes_pods(&object) {
                if object.kind != "Pod" {
                    self.owners.note(&object);
                }
                continue;
            }
            keeps |= OTHERS.contains(&object.kind) && !is_given(&object);
            self.one(name, object, &manifest.source);
        }
        if keeps {
            self.kept.push(manifest);
        }
    }

    fn one(&mut self, name: &str, object: Object<'_>, source: &Source) {
        count(&mut self.found, &object);
        self.estate.add_object(&object, source);
        self.access.add_object(name, &object, source);
        self.cluster.add_object(name, object, source);
        let home = object.namespace.unwrap_or("default");
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
            }
            _ => {}
        }
    }

    /// All of it was told.
    pub fn finish(self) -> Judge {
        let Self { config, only, is_complete, estate, access, cluster, owners, kept, mut found } =
            self;
        let estate = estate.finish();
        for manifest in &kept {
            for object in objects(manifest).0 {
                if !OTHERS.contains(&object.kind)
                    || is_given(&object)
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
        Judge {
            config,
            only,
            estate,
            access,
            cluster,
            owners,
            kept,
            found,
            images: Images::default(),
            rows: HashMap::new(),
            revisions: HashMap::new(),
            templates: Vec::new(),
        }
    }
}

/// Judges workloads and pods.
#[derive(Debug)]
pub struct Judge {
    config: Config,
    only: Option<String>,
    estate: Estate,
    access: rbac::Builder,
    cluster: netpol::Builder,
    owners: Owners,
    kept: Vec<Manifest>,
    found: Assessment,
    images: Images,
    rows: HashMap<Key, usize>,
    /// Which revision of its template a deployment is at.
    revisions: HashMap<Key, Option<String>>,
    /// The containers of templates and the images that they name, by the number of their row.
    templates: Vec<(usize, Vec<(String, String)>)>,
}

impl Judge {
    /// Takes what makes pods; whatever made it has to be told before it.
    pub fn controller(&mut self, name: &str, manifest: &Manifest) {
        for object in objects(manifest).0 {
            if object.kind == "Pod" || !makes_pods(&object) || !self.is_wanted(&object) {
                continue;
            }
            self.owners.note(&object);
            count(&mut self.found, &object);
            let key = key(&object);
            if self.owners.root(&object) == key {
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
            count(&mut self.found, &object);
            let mut root = self.owners.root(&object);
            // The first pod of what is not known here, such as a job of an operator, stands for all.
            // What a node runs by itself is nobody's but its own.
            if root == key(&object)
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
            if let Some(row) = self.found.workloads.get_mut(number) {
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
            && let Some(row) = self.found.workloads.get_mut(*row)
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
        self.cluster.add_object(name, object, &manifest.source);
        let number = self.found.workloads.len();
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
        let home = self.found.namespaces.entry(row.namespace.clone()).or_default();
        home.workloads = home.workloads.saturating_add(1);
        let [baseline, restricted] = &mut home.forbidden;
        *baseline = baseline.saturating_add(usize::from(row.meets < Profile::Baseline));
        *restricted = restricted.saturating_add(usize::from(row.meets < Profile::Restricted));
        if object.kind != "Pod" {
            self.templates.push((number, written(&object)));
        }
        self.found.workloads.push(row);
        self.rows.insert(key, number);
        number
    }

    /// All was told.
    pub fn finish(self) -> Assessment {
        let Self { mut found, mut images, access, cluster, kept, templates, .. } = self;
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
        found.access = access.finish();
        found.reach = Reach::of(&cluster.finish(), &kept, &mut found.namespaces);
        found.workloads.sort_by(|a, b| {
            (&a.namespace, &a.kind, &a.name).cmp(&(&b.namespace, &b.kind, &b.name))
        });
        found.others.sort_by(|a, b| {
            (&a.namespace, &a.kind, &a.name).cmp(&(&b.namespace, &b.kind, &b.name))
        });
        found
    }
}

fn makes_pods(object: &Object<'_>) -> bool {
    crate::workload::root(object).is_some()
}

/// Whether it is in the only namespace that is looked at, or in none.
fn is_wanted(only: Option<&str>, object: &Object<'_>) -> bool {
    const OF_THE_CLUSTER: [&str; 5] = [
        "Node",
        "ClusterRole",
        "ClusterRoleBinding",
        "AdminNetworkPolicy",
        "BaselineAdminNetworkPolicy",
    ];
    only.is_none_or(|only| match object.kind {
        "Namespace" => object.name == only,
        kind if OF_THE_CLUSTER.contains(&kind) => true,
        _ => object.namespace.unwrap_or("default") == only,
    })
}

/// Whether every cluster has it from the beginning: nobody wrote it and nobody can mend it.
fn is_given(object: &Object<'_>) -> bool {
    let labels = object.node.at(&["metadata", "labels"]);
    labels.is_some_and(|labels| labels.text("kubernetes.io/bootstrapping").is_some())
}

fn count(found: &mut Assessment, object: &Object<'_>) {
    match found.counts.get_mut(object.kind) {
        Some(count) => *count = count.saturating_add(1),
        None => drop(found.counts.insert(object.kind.to_owned(), 1)),
    }
}

/// What rules say of an object, the same told once.
fn said(object: &Object<'_>, manifest: &Manifest, estate: &Estate, config: &Config) -> Vec<Said> {
    let mut all: Vec<Said> = Vec::new();
    for finding in lint_object(object, manifest, estate, config) {
        let same =
            |one: &&mut Said| one.rule.id == finding.rule.id && one.message == finding.message;
        match all.iter_mut().find(same) {
            Some(one) => one.times = one.times.saturating_add(1),
            None => all.push(Said {
                rule: finding.rule,
                level: finding.level,
                message: finding.message.into_owned(),
                times: 1,
            }),
        }
    }
    all.sort_by(|a, b| (b.level, a.rule.id).cmp(&(a.level, b.rule.id)));
    all
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

#[cfg(test)]
mod tests;
