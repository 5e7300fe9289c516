//! What the files say together: namespaces with their labels, pods, policies.
//!
//! What makes pods stands for one pod of its name. Where its pods, or what makes them, are given
//! as well, as in a dump of a cluster, those stand for themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use plimsoll_model::text::Source;

use super::address::read_address;
use super::admin::{AdminPolicy, Nodes};
use super::policy::{File, Place, Policy, Protocol};
use super::read::{GROUP, KINDS, admin_policy, policy};
use super::refused::{Refused, Wrong};
use super::selector::Labels;
use crate::manifest::{Manifest, Node, ProblemKind};
use crate::object::{Key, Object, objects};
use crate::pod::Sort;
use crate::workload::Workload;

/// The label of a namespace with its name, which the API server sets.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Kinds that decide about traffic too, and that are not judged here.
const OTHER_POLICIES: [&str; 6] = [
    "ClusterNetworkPolicy",
    "CiliumNetworkPolicy",
    "CiliumClusterwideNetworkPolicy",
    "GlobalNetworkPolicy",
    "StagedNetworkPolicy",
    "AuthorizationPolicy",
];

/// What is known of a cluster.
#[derive(Debug, Default)]
pub struct Cluster {
    /// Labels of each namespace that is named anywhere.
    pub namespaces: BTreeMap<String, Labels>,
    /// The namespaces that have an object of their own, so that all their labels are known.
    pub known_namespaces: BTreeSet<String>,
    /// The pods, in the order of the files.
    pub pods: Vec<Pod>,
    /// The policies, in the order of the files.
    pub policies: Vec<Policy>,
    /// The policies of administrators, in the order of the files.
    pub admin_policies: Vec<AdminPolicy>,
    /// The nodes.
    pub nodes: Nodes,
    /// What is wrong with policies and pods: what they would do is not known.
    pub refused: Vec<Refused>,
    /// Objects that decide about traffic too and are passed over: their kind, and where.
    pub passed_over: Vec<(String, Place)>,
}

/// A pod, or what makes pods and stands for one of them.
#[derive(Debug, Clone, Default)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its name, or that of what makes it.
    pub name: String,
    /// `Pod`, or the kind of what makes it.
    pub kind: String,
    /// Its labels.
    pub labels: Labels,
    /// Its addresses, where they are known: of one family or of both.
    pub addresses: Vec<IpAddr>,
    /// The ports that its containers declare.
    pub ports: Vec<ContainerPort>,
    /// The first port of its node that a container takes.
    pub host_port: Option<u16>,
    /// Whether it has the network of its node: what a policy does to it is not defined.
    pub host_network: bool,
    /// Where its name stands; `None` where it was not read from a file.
    pub place: Option<Place>,
}

/// A port that a container declares.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerPort {
    /// Its number.
    pub number: u16,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its name; empty where it has none.
    pub name: String,
}

impl Pod {
    /// What it, or what makes it, is told from other objects by.
    pub fn key(&self) -> Key {
        (self.namespace.clone(), self.kind.clone(), self.name.clone())
    }

    /// `shop/web`.
    pub fn called(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

impl Cluster {
    /// What these files say together, each with the name that places are told by.
    pub fn of<'m>(files: impl IntoIterator<Item = (&'m str, &'m Manifest)>) -> Self {
        let mut builder = Builder::default();
        for (name, manifest) in files {
            builder.add(name, manifest);
        }
        builder.finish()
    }

    fn add<'m>(
        &mut self,
        object: Object<'m>,
        source: &'m Source,
        file: &File,
        owned: &mut BTreeSet<Key>,
    ) {
        match object.kind {
            "Namespace" => {
                let (found, wrong) = labels(object.node);
                for (path, node) in wrong {
                    let wrong = Wrong::Type { wanted: "a text", found: node.kind() };
                    self.refused.push(Refused {
                        place: file.place(source, node.span),
                        path,
                        wrong,
                    });
                }
                self.namespaces.entry(object.name.to_owned()).or_default().extend(found);
                self.known_namespaces.insert(object.name.to_owned());
            }
            // Calico has a kind of the same name.
            "NetworkPolicy"
                if object.group() == "projectcalico.org"
                    || object.group() == "crd.projectcalico.org" =>
            {
                self.pass_over(&object, source, file);
            }
            "NetworkPolicy" => {
                self.refuse_home(&object, source, file);
                match policy(&object, source, file) {
                    Ok(policy) => self.policies.push(policy),
                    Err(refused) => self.refused.extend(refused),
                }
            }
            kind if KINDS.contains(&kind) && object.group() == GROUP => {
                match admin_policy(&object, source, file) {
                    Ok(policy) => {
                        if policy.has_domains() {
                            let what = format!("a name of a domain in {}", object.called());
                            self.passed_over.push((what, file.place(source, object.head())));
                        }
                        self.admin_policies.push(policy);
                    }
                    Err(refused) => self.refused.extend(refused),
                }
            }
            "Node" if object.group().is_empty() => self.add_node(&object),
            kind if OTHER_POLICIES.contains(&kind) => self.pass_over(&object, source, file),
            _ => {
                if let Some(workload) = Workload::new(object, source) {
                    self.refuse_home(&workload.object, source, file);
                    self.add_workload(&workload, source, file, owned);
                }
            }
        }
    }

    /// A namespace that is no text is not `default`: nobody knows which it should be.
    fn refuse_home(&mut self, object: &Object<'_>, source: &Source, file: &File) {
        if let Some(node) = object.node.at(&["metadata", "namespace"])
            && !node.is_null()
            && node.as_str().is_none()
        {
            let wrong = Wrong::Type { wanted: "a text", found: node.kind() };
            let (place, path) = (file.place(source, node.span), "metadata.namespace".to_owned());
            self.refused.push(Refused { place, path, wrong });
        }
    }

    fn add_node(&mut self, object: &Object<'_>) {
        let (labels, _) = labels(object.node);
        let told = object.node.get("status").map_or(&[][..], |status| status.list("addresses"));
        let addresses = told.iter().filter_map(|one| read_address(one.text("address")?.value));
        let node = super::admin::Node { labels, addresses: addresses.collect() };
        self.nodes.insert(object.name.to_owned(), node);
    }

    fn pass_over(&mut self, object: &Object<'_>, source: &Source, file: &File) {
        self.passed_over.push((object.called(), file.place(source, object.head())));
    }

    fn add_workload<'m>(
        &mut self,
        workload: &Workload<'m>,
        source: &'m Source,
        file: &File,
        owned: &mut BTreeSet<Key>,
    ) {
        let object = &workload.object;
        let namespace = object.home().to_owned();
        let owners =
            object.node.get("metadata").map_or(&[][..], |data| data.list("ownerReferences"));
        for owner in owners {
            if let (Some(kind), Some(name)) = (owner.text("kind"), owner.text("name")) {
                owned.insert((namespace.clone(), kind.value.to_owned(), name.value.to_owned()));
            }
        }
        // An old revision of a deployment has no pods.
        let replicas = object.node.get("spec").and_then(|spec| spec.integer("replicas"));
        if !owners.is_empty() && replicas.is_some_and(|replicas| replicas.value == 0) {
            return;
        }
        let decides = |path: &str| {
            path.starts_with("metadata.labels")
                || path == "spec.hostNetwork"
                || path.contains("ontainers[") && path.contains("].ports")
        };
        for problem in &workload.pod.problems {
            if let ProblemKind::WrongType { path, wanted, found } = &problem.kind
                && decides(path)
            {
                let place = file.place(source, problem.span);
                let wrong = Wrong::Type { wanted, found };
                self.refused.push(Refused { place, path: path.clone(), wrong });
            }
        }
        let root = workload.pod.root;
        let spec = workload.pod.spec;
        let (labels, _) = labels(root);
        let runs_beside =
            |node: &Node| node.text("restartPolicy").is_some_and(|policy| policy.value == "Always");
        let containers = workload.pod.containers.iter().filter(|one| match one.sort {
            Sort::Regular => true,
            Sort::Init => runs_beside(one.node),
            Sort::Ephemeral => false,
        });
        let ports = containers.flat_map(|one| one.node.list("ports")).filter_map(|node| {
            let number = u16::try_from(node.integer("containerPort")?.value).ok()?;
            let protocol = node
                .text("protocol")
                .map_or(Some(Protocol::TCP), |name| Protocol::named(name.value))?;
            let name = node.text("name").map(|name| name.value).unwrap_or_default().to_owned();
            Some(ContainerPort { number, protocol, name })
        });
        let taken = workload.pod.containers.iter().flat_map(|one| one.node.list("ports"));
        let mut taken =
            taken.filter_map(|node| u16::try_from(node.integer("hostPort")?.value).ok());
        self.pods.push(Pod {
            host_port: taken.find(|port| *port > 0),
            namespace,
            name: object.name.to_owned(),
            kind: object.kind.to_owned(),
            labels,
            addresses: addresses(root),
            ports: ports.collect(),
            host_network: spec.boolean("hostNetwork").is_some_and(|host| host.value),
            place: Some(file.place(source, object.head())),
        });
    }

    /// Leaves out what makes pods where what it makes is given as well.
    fn leave_out_owners(&mut self, owners: &BTreeSet<Key>) {
        self.pods.retain(|pod| !owners.contains(&pod.key()));
    }
}

/// Gathers a cluster from manifests that need not be there at the same time.
#[derive(Debug, Default)]
pub struct Builder {
    cluster: Cluster,
    /// What made an object.
    owned: BTreeSet<Key>,
    /// The manifest that came last.
    file: File,
    /// How many there were.
    manifests: usize,
}

impl Builder {
    /// Takes what a manifest says; `name` is what its places are told by. Tells its number, which its
    /// places have.
    pub fn add(&mut self, name: &str, manifest: &Manifest) -> usize {
        self.file.manifest = self.manifests;
        self.manifests = self.manifests.saturating_add(1);
        for object in objects(manifest).0 {
            self.add_object(name, object, &manifest.source);
        }
        self.file.manifest
    }

    /// How many things were read that something may be told of: policies, and what is wrong.
    pub fn told_of(&self) -> usize {
        let Cluster { policies, admin_policies, refused, passed_over, .. } = &self.cluster;
        let told = [policies.len(), admin_policies.len(), refused.len(), passed_over.len()];
        told.into_iter().sum()
    }

    /// Takes what one object of a text says.
    pub fn add_object(&mut self, name: &str, object: Object<'_>, source: &Source) {
        if *self.file.name != *name {
            self.file.name = Arc::from(name);
        }
        self.cluster.add(object, source, &self.file, &mut self.owned);
    }

    /// What all of them say together.
    pub fn finish(self) -> Cluster {
        let Self { mut cluster, owned, .. } = self;
        cluster.leave_out_owners(&owned);
        for namespace in cluster.pods.iter().map(|pod| &pod.namespace) {
            if !cluster.namespaces.contains_key(namespace) {
                cluster.namespaces.insert(namespace.clone(), Labels::default());
            }
        }
        for policy in &cluster.policies {
            cluster.namespaces.entry(policy.namespace.clone()).or_default();
        }
        for (name, labels) in &mut cluster.namespaces {
            labels.insert(NAME_LABEL.to_owned(), name.clone());
        }
        cluster
    }
}

impl From<Cluster> for Builder {
    /// Goes on where a cluster was left.
    fn from(cluster: Cluster) -> Self {
        Self { cluster, ..Self::default() }
    }
}

/// The addresses of a pod that runs.
fn addresses(root: &Node) -> Vec<IpAddr> {
    let Some(status) = root.get("status") else { return Vec::new() };
    let all = status.list("podIPs").iter().filter_map(|one| one.text("ip"));
    let all = status.text("podIP").into_iter().chain(all);
    let mut found: Vec<IpAddr> = all.filter_map(|ip| read_address(ip.value)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The labels of an object, and those that are no text.
fn labels(root: &Node) -> (Labels, Vec<(String, &Node)>) {
    let fields = root.at(&["metadata", "labels"]).and_then(Node::as_mapping);
    let (mut found, mut wrong) = (Labels::new(), Vec::new());
    for field in fields.into_iter().flat_map(|labels| &labels.fields) {
        let value = if field.value.is_null() { Some("") } else { field.value.as_str() };
        match value {
            Some(value) => {
                found.insert(field.name.to_string(), value.to_owned());
            }
            None => wrong.push((format!("metadata.labels[{}]", field.name), &*field.value)),
        }
    }
    (found, wrong)
}
