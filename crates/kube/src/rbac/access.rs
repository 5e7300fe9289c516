//! All roles, bindings and accounts of some manifests, and what they give to whom.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::text::Source;

use super::builtin;
use super::grant::{Grant, Place, Request};
use super::subject::{MASTERS, Scope, Subject};
use crate::estate::Selector;
use crate::manifest::{Manifest, Node};
use crate::object::{Object, objects};
use crate::workload;

/// What is known of rights.
#[derive(Debug, Default)]
pub struct Access {
    /// By namespace (`None` for cluster roles) and name.
    roles: BTreeMap<(Option<String>, String), Vec<Grant>>,
    bindings: Vec<Binding>,
    /// The bindings of each subject, by number.
    bound: BTreeMap<Subject, Vec<usize>>,
    /// The workloads that run as each account: `Deployment/web`.
    pub(super) workloads: BTreeMap<Subject, BTreeSet<String>>,
    /// Accounts whose token lies in a secret.
    pub(super) tokens: BTreeSet<Subject>,
    subjects: BTreeSet<Subject>,
}

/// A binding of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// `RoleBinding shop/web`.
    pub name: String,
    /// Where the role's rights hold.
    pub scope: Scope,
    /// `ClusterRole edit`, `Role shop/web`.
    pub role: String,
    /// Where it stands.
    pub place: Place,
    key: (Option<String>, String),
}

/// A right that somebody holds.
#[derive(Debug, Clone, Copy)]
pub struct Held<'a> {
    /// The rule of the role.
    pub grant: &'a Grant,
    /// What binds the role to him.
    pub binding: &'a Binding,
}

/// Who gets more than labels say.
#[derive(Debug)]
struct Aggregated {
    name: String,
    selectors: Vec<Selector>,
}

/// A cluster role and its labels.
#[derive(Debug)]
struct Labelled {
    name: String,
    labels: Option<Node>,
}

/// Gathers rights from manifests that need not be there at the same time.
#[derive(Debug, Default)]
pub struct Builder {
    access: Access,
    aggregated: Vec<Aggregated>,
    labelled: Vec<Labelled>,
}

impl Builder {
    /// Takes what a manifest says; `file` is what its places are told by.
    pub fn add(&mut self, file: &str, manifest: &Manifest) {
        for object in objects(manifest).0 {
            self.add_object(file, &object, &manifest.source);
        }
    }

    /// Takes what one object of a text says.
    pub fn add_object(&mut self, file: &str, object: &Object<'_>, source: &Source) {
        let access = &mut self.access;
        let place = |node: &Node| Place {
            file: file.to_owned(),
            line: source.position(node.span.start).line,
        };
        match object.kind {
            "Role" | "ClusterRole" => {
                access.add_role(object, &place, &mut self.aggregated);
                if object.kind == "ClusterRole" {
                    let labels = object.node.at(&["metadata", "labels"]).cloned();
                    self.labelled.push(Labelled { name: object.name.to_owned(), labels });
                }
            }
            "RoleBinding" | "ClusterRoleBinding" => access.bind(object, &place),
            "ServiceAccount" => {
                let home = object.home().to_owned();
                let account = Subject::ServiceAccount(home, object.name.to_owned());
                access.subjects.insert(account);
            }
            "Secret" => access.add_token(object),
            _ => access.add_workload(object),
        }
    }

    /// What all of them say together.
    pub fn finish(self) -> Access {
        let Self { mut access, aggregated, labelled } = self;
        access.aggregate(&aggregated, &labelled);
        access
    }
}

impl Access {
    /// What these files say together, each with its name.
    pub fn of<'m>(files: impl IntoIterator<Item = (&'m str, &'m Manifest)>) -> Self {
        let mut builder = Builder::default();
        for (file, manifest) in files {
            builder.add(file, manifest);
        }
        builder.finish()
    }

    fn add_role(
        &mut self,
        object: &Object<'_>,
        place: &impl Fn(&Node) -> Place,
        aggregated: &mut Vec<Aggregated>,
    ) {
        let is_cluster = object.kind == "ClusterRole";
        let home = (!is_cluster).then(|| object.home().to_owned());
        let rules = object.node.list("rules").iter();
        let grants = rules.map(|rule| Grant::of(rule, place(rule))).collect();
        self.roles.insert((home, object.name.to_owned()), grants);
        let selectors = object.node.get("aggregationRule");
        if let (true, Some(rule)) = (is_cluster, selectors) {
            let selectors = rule.list("clusterRoleSelectors").iter();
            let selectors = selectors.map(|one| Selector::new(Some(one))).collect();
            aggregated.push(Aggregated { name: object.name.to_owned(), selectors });
        }
    }

    /// Gives cluster roles that gather others what those allow.
    fn aggregate(&mut self, aggregated: &[Aggregated], labelled: &[Labelled]) {
        for one in aggregated {
            let mut gathered = Vec::new();
            for Labelled { name, labels } in labelled {
                let is_selected = *name != one.name
                    && one.selectors.iter().any(|selector| selector.selects(labels.as_ref()));
                if is_selected && let Some(grants) = self.roles.get(&(None, name.clone())) {
                    gathered.extend(grants.iter().cloned());
                }
            }
            if let Some(grants) = self.roles.get_mut(&(None, one.name.clone())) {
                for grant in gathered {
                    // A cluster's export has them in the role already.
                    if !grants.iter().any(|own| own.place == grant.place) {
                        grants.push(grant);
                    }
                }
            }
        }
    }

    fn bind(&mut self, object: &Object<'_>, place: &impl Fn(&Node) -> Place) {
        let Some(role) = object.node.get("roleRef") else { return };
        let (Some(kind), Some(name)) = (role.text("kind"), role.text("name")) else { return };
        let home = (object.kind == "RoleBinding").then(|| object.home());
        let is_cluster = kind.value == "ClusterRole";
        let (key, shown) = match home {
            _ if is_cluster => {
                ((None, name.value.to_owned()), format!("ClusterRole {}", name.value))
            }
            Some(home) => (
                (Some(home.to_owned()), name.value.to_owned()),
                format!("Role {home}/{}", name.value),
            ),
            None => return,
        };
        let number = self.bindings.len();
        self.bindings.push(Binding {
            name: match home {
                Some(home) => format!("RoleBinding {home}/{}", object.name),
                None => format!("ClusterRoleBinding {}", object.name),
            },
            scope: home.map_or(Scope::Cluster, |home| Scope::Namespace(home.to_owned())),
            role: shown,
            place: place(object.node),
            key,
        });
        for subject in object.node.list("subjects") {
            if let Some(subject) = Subject::of(subject, home) {
                self.bound.entry(subject.clone()).or_default().push(number);
                self.subjects.insert(subject);
            }
        }
    }

    fn add_token(&mut self, object: &Object<'_>) {
        let kind = object.node.text("type").map(|text| text.value);
        let account = object
            .node
            .at(&["metadata", "annotations"])
            .and_then(|all| all.text("kubernetes.io/service-account.name"));
        if let (Some("kubernetes.io/service-account-token"), Some(account)) = (kind, account) {
            let home = object.home().to_owned();
            self.tokens.insert(Subject::ServiceAccount(home, account.value.to_owned()));
        }
    }

    fn add_workload(&mut self, object: &Object<'_>) {
        let Some(account) = account(object) else { return };
        self.workloads.entry(account.clone()).or_default().insert(object.called());
        self.subjects.insert(account);
    }

    /// Takes the workloads of another, and who they run as.
    pub(crate) fn add_workloads_of(&mut self, other: Self) {
        for (account, names) in other.workloads {
            self.workloads.entry(account).or_default().extend(names);
        }
        self.subjects.extend(other.subjects);
    }

    /// All who are bound, are made, or run, and those groups.
    pub fn subjects(&self) -> impl Iterator<Item = &Subject> {
        self.subjects.iter()
    }

    /// The workloads that run as an account.
    pub fn workloads(&self, subject: &Subject) -> impl Iterator<Item = &str> {
        self.workloads.get(subject).into_iter().flatten().map(String::as_str)
    }

    /// What somebody holds, himself and by the groups that he is always in.
    pub fn held(&self, subject: &Subject) -> Vec<Held<'_>> {
        let mut held = Vec::new();
        let groups = subject.groups();
        for one in std::iter::once(subject).chain(&groups) {
            for number in self.bound.get(one).into_iter().flatten() {
                let Some(binding) = self.bindings.get(*number) else { continue };
                let grants = self.grants(&binding.key);
                held.extend(grants.iter().map(|grant| Held { grant, binding }));
            }
        }
        held
    }

    fn grants(&self, key: &(Option<String>, String)) -> &[Grant] {
        if let Some(grants) = self.roles.get(key) {
            return grants;
        }
        let known = key.0.is_none().then(|| KNOWN.get(key.1.as_str())).flatten();
        known.map_or(&[], Vec::as_slice)
    }

    /// Who may do this in a namespace, or in the whole cluster, and by which right.
    pub fn who_can(
        &self,
        request: &Request<'_>,
        namespace: Option<&str>,
    ) -> Vec<(&Subject, Held<'_>)> {
        let mut found = Vec::new();
        for (subject, bindings) in &self.bound {
            let bindings = bindings.iter().filter_map(|number| self.bindings.get(*number));
            let mut held =
                bindings.filter(|binding| binding.scope.covers(namespace)).flat_map(|binding| {
                    self.grants(&binding.key).iter().map(move |grant| Held { grant, binding })
                });
            if let Some(held) = held.find(|held| held.grant.allows(request)) {
                found.push((subject, held));
            }
        }
        found
    }

    /// Whether a subject may do everything: as a member of `system:masters`.
    pub(super) fn is_master(subject: &Subject) -> bool {
        matches!(subject, Subject::Group(name) if name == MASTERS)
    }
}

static KNOWN: std::sync::LazyLock<BTreeMap<&'static str, Vec<Grant>>> =
    std::sync::LazyLock::new(|| {
        let names = ["cluster-admin", "admin", "edit", "view"];
        names.into_iter().filter_map(|name| Some((name, builtin::cluster_role(name)?))).collect()
    });

/// The account that the pods of an object run as, where it makes any.
pub(crate) fn account(object: &Object<'_>) -> Option<Subject> {
    let spec = workload::root(object)?.get("spec")?;
    let name = spec.text("serviceAccountName").or_else(|| spec.text("serviceAccount"));
    let home = object.home().to_owned();
    Some(Subject::ServiceAccount(home, name.map_or("default", |name| name.value).to_owned()))
}
