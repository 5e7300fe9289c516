//! What a right can be used for to become somebody else, one function a way.
//!
//! To add one: write its function, and add it to [`ALL`].

use std::collections::BTreeSet;

use super::access::Held;
use super::subject::{MASTERS, Scope, Subject};

/// Who somebody can become.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// One whom the files name.
    Subject(Subject),
    /// Any service account of a namespace.
    AccountsOf(String),
    /// Any service account that pods of a namespace run as.
    RunningIn(String),
    /// Any service account.
    AnyAccount,
    /// Any service account that pods run as.
    AnyRunning,
    /// Any user, but no member of `system:masters`.
    AnyUser,
    /// Somebody who may do everything everywhere.
    Admin,
}

/// A way from one to another.
#[derive(Debug, Clone)]
pub(super) struct Move<'a> {
    pub(super) to: Who,
    /// What he does, in a few words after "may".
    pub(super) how: String,
    /// The right that lets him.
    pub(super) by: Held<'a>,
}

/// All rights of somebody.
pub(super) struct Rights<'a> {
    pub(super) held: Vec<Held<'a>>,
    /// Accounts whose token lies in a secret.
    pub(super) stored_tokens: &'a BTreeSet<Subject>,
}

const RBAC: &str = "rbac.authorization.k8s.io";

impl<'a> Rights<'a> {
    /// The rights to do one of `verbs` to one of `resources`, with the resource.
    fn to<'r>(
        &'r self,
        verbs: &'r [&'r str],
        group: &'r str,
        resources: &'r [&'r str],
    ) -> impl Iterator<Item = (Held<'a>, &'r str)> {
        self.held.iter().filter_map(move |held| {
            let allowed = |resource: &&&str| {
                verbs.iter().any(|verb| held.grant.allows_some(verb, group, resource))
            };
            Some((*held, *resources.iter().find(allowed)?))
        })
    }

    /// Whether one of `verbs` is allowed to `resource` wherever `scope` holds.
    fn has(&self, verbs: &[&str], group: &str, resource: &str, scope: &Scope) -> bool {
        self.to(verbs, group, &[resource]).any(|(held, _)| match scope {
            Scope::Cluster => held.binding.scope == Scope::Cluster,
            Scope::Namespace(home) => held.binding.scope.covers(Some(home)),
        })
    }
}

/// A way to become somebody else.
type Technique = for<'a> fn(&Rights<'a>, &mut Vec<Move<'a>>);

pub(super) const ALL: &[Technique] = &[
    everything,
    raise_roles,
    bind_roles,
    impersonate,
    request_tokens,
    write_tokens,
    read_tokens,
    run_pods,
    enter_pods,
    enter_through_nodes,
    approve_certificates,
    change_what_is_made,
];

fn accounts(scope: &Scope) -> Who {
    match scope {
        Scope::Cluster => Who::AnyAccount,
        Scope::Namespace(home) => Who::AccountsOf(home.clone()),
    }
}

fn running(scope: &Scope) -> Who {
    match scope {
        Scope::Cluster => Who::AnyRunning,
        Scope::Namespace(home) => Who::RunningIn(home.clone()),
    }
}

fn is_cluster(held: &Held<'_>) -> bool {
    held.binding.scope == Scope::Cluster
}

fn everything<'a>(rights: &Rights<'a>, moves: &mut Vec<Move<'a>>) {
    for held in rights.held.iter().filter(|held| held.grant.is_everything()) {
        let (to, how) = match &held.binding.scope {
            Scope::Cluster => (Who::Admin, "do everything".to_owned()),
            Scope::Namespace(home) => {
                (Who::AccountsOf(home.clone()), format!("do everything in {home}"))
            }
        };
        moves.push(Move { to, how, by: *held });
    }
}

/// `escalate` lets its holder write rights into a role that he does not have himself.
fn raise_roles<'a>(rights: &Rights<'a>, moves: &mut Vec<Move<'a>>) {
    for (held, resource) in rights.to(&["escalate"], RBAC, &["clusterroles", "roles"]) {
        let scope = &held.binding.scope;
        if !rights.has(&["update", "patch"], RBAC, resource, scope) {
            continue;
        }
        let to = if resource == "clusterroles" {
            if *scope != Scope::Cluster {
                continue;
            }
            Who::Admin
        } else {
            accounts(scope)
        };
        moves.push(Move { to, how: format!("write any right into {resource} {scope}"), by: held });
    }
}

/// `bind` lets its holder bind a role that allows more than he has himself.
fn bind_roles<'a>(rights: &Rights<'a>, moves: &mut Vec<Move<'a>>) {
    const WRITE: &[&str] = &["create", "update", "patch"];
    for (held, resource) in rights.to(&["bind"], RBAC, &["clusterroles", "roles"]) {
        let scope = &held.binding.scope;
        let is_strong =
            ["cluster-admin", "admin", "edit"].iter().any(|name| held.grant.concerns(name));
        if !is_strong {
            continue;
        }
        let binds_all = resource == "clusterroles"
            && *scope == Scope::Cluster
            && held.grant.concerns("cluster-admin")
            && rights.has(WRITE, RBAC, "clusterrolebindings", scope);
        if binds_all {
            moves.push(Move { to: Who::Admin, how: "bind cluster-admin".into(), by: held });
        } else if rights.has(WRITE, RBAC, "rolebindings", scope) {
            let how = format!("bind any role {scope}");
            moves.push(Move { to: accounts(scope), how, by: held });
        }
    }
}

fn impersonate<'a>(rights: &Rights<'a>, moves: &mut Vec<Move<'a>>) {
    let verbs = &["impersonate"];
    for (held, _) in rights.to(verbs, "", &["serviceaccounts"]) {
        let scope = &held.binding.scope;
        let how = |whom: &str| format!("act as {whom}");
        match scope {
            Scope::Namespace(home) if !held.grant.names.is_empty() => {
                for name in &held.grant.names {
                    let account = Subject::ServiceAccount(home.clone(), name.clone());
                    let how = how(&account.to_string());
                    moves.push(Move { to: Who::Subject(account), how, by: held });
                }
            }
            _ => {
                let how = how(&format!("any service account {scope}"));
                moves.push(Move { to: accounts(scope), how, by: held });
            }
        }
    }
    for (held, _) in rights.to(verbs, "", &["users"]).filter(|(held, _)| is_cluster(held)) {
        if held.grant.names.is_empty() {
            moves.push(Move { to: Who::AnyUser, how: "act as any user".into(), by: held });
        }
        for name in &held.grant.names {
            let user = Subject::User(name.clone());
            moves.push(Move { how: format!("act as {user}"), to: Who::Subject(user), by: held });
        }
    }
    // A group is acted for together with a user or an account.
    let has_name = rights.has(verbs, "", "users", &Scope::Cluster)
        || rights.to(verbs, "", &["serviceaccounts"]).next().is_some();
    for (held, _) in rights.to(verbs, "", &["groups"]).filter(|(held, _)| is_cluster(held)) {
        if !has_name {
            continue;
        }
        if held.grant.concerns(MASTERS) {
            let how = format!("act as a member of {MASTERS}");
            moves.push(Move { to: Who::Admin, how, by: held });
        }
        for name in held.grant.names.iter().filter(|name| *name != MASTERS) {
            let group = Subject::Group(name.clone());
            moves.push(Move { how: format!("act as {group}"), to: Who::Subject(group), by: held });
        }
    }
}

fn request_tokens<'a>(rights: &Rights<'a>, moves: &mut Vec<Move<'a>>) {
    for (held, _) in rights.to(&["create"], "", &["serviceaccounts/token"]) {
        match &held.binding.scope {
            Scope::Namespace(home) if !held.grant.names.is_empty() => {
                for name in &held.grant.names {
                    let account = Subject::ServiceAccount(home.clone(), name.clone());
                    let how = format!("request a token of {account}");
                    moves.push(Move { to: Who::Subject(account), how, by: held });
                }
            }
            scope => {
                let how = format!("request a token of any service account {scope}");
                moves.push(Move { to: accounts(scope), how, by: held });
            }
        }
    }
}

/// Whoever makes a secret of the right type has a token written into it, and reads it.
fn write_tokens<'a>(rights: &Rights<'a>, moves: &mut Vec<Move<'a>>) {
    for (held, _) in rights.to(&["create", "update", "patch"], "", &["secrets"]) {
        let scope = &held.binding.scope;
        if rights.has(&["get", "list", "watch"], "", "secrets", scope) {
            let how = format!("have a token of any service account written into a secret {scope}");
            moves.push(Move { to: accounts(scope), how, by: held });
        }
    }
}

fn read_tokens<'a>(rights: &Rights<'a>, moves: &mut Vec<Move<'a>>) {
    for (held, _) in rights.to(&["get", "list", "watch"], "", &["secrets"]) {
        for account in rights.stored_tokens {
            let Subject::ServiceAccount(home, _) = account else { continue };
            if held.grant.names.is_empty() && held.binding.scope.covers(Some(home)) {
                let how = format!("read the token of {account} in a secret");
                moves.push(Move { to: Who::Subject(account.clone()), how, by: held });
            }
        }
    }
}

/// A pod runs as whichever account of its namespace whoever makes it names.
fn run_pods<'a>(rights: &Rights<'a>, moves: &mut Vec<Move<'a>>) {
    let kinds: [(&[&str], &str, &[&str]); 4] = [
        (&["create"], "", &["pods"]),
        (&["create", "update", "patch"], "", &["replicationcontrollers"]),
        (
            &["create", "update", "patch"],
            "apps",
            &["deployments", "daemonsets", "statefulsets", "replicasets"],
        ),
        (&["create", "update", "patch"], "batch", &["jobs", "cronjobs"]),
    ];
    for (verbs, group, resources) in kinds {
        for (held, resource) in rights.to(verbs, group, resources) {
            let scope = &held.binding.scope;
            let how = format!("make {resource} {scope} that run as any service account");
            moves.push(Move { to: accounts(scope), how, by: held });
        }
    }
}

fn enter_pods<'a>(rights: &Rights<'a>, moves: &mut Vec<Move<'a>>) {
    let ways: [(&[&str], &[&str]); 2] = [
        // A WebSocket is opened by `get`.
        (&["create", "get"], &["pods/exec", "pods/attach"]),
        (&["update", "patch"], &["pods/ephemeralcontainers"]),
    ];
    for (verbs, resources) in ways {
        for (held, resource) in rights.to(verbs, "", resources) {
            let scope = &held.binding.scope;
            let how = format!("run programs in pods {scope} ({resource})");
            moves.push(Move { to: running(scope), how, by: held });
        }
    }
}

/// A kubelet runs programs in pods for whoever may `get` through its proxy, and no audit log of
/// the API server says so.
fn enter_through_nodes<'a>(rights: &Rights<'a>, moves: &mut Vec<Move<'a>>) {
    let ways = rights.to(&["get", "create"], "", &["nodes/proxy"]);
    for (held, _) in ways.filter(|(held, _)| is_cluster(held)) {
        let how = "run programs in all pods of a node (nodes/proxy)".into();
        moves.push(Move { to: Who::AnyRunning, how, by: held });
    }
}

fn approve_certificates<'a>(rights: &Rights<'a>, moves: &mut Vec<Move<'a>>) {
    const GROUP: &str = "certificates.k8s.io";
    const SIGNERS: [&str; 2] = ["kubernetes.io/kube-apiserver-client", "kubernetes.io/*"];
    let scope = &Scope::Cluster;
    let approves =
        rights.has(&["update", "patch"], GROUP, "certificatesigningrequests/approval", scope);
    let asks = rights.has(&["create"], GROUP, "certificatesigningrequests", scope);
    if !(approves && asks) {
        return;
    }
    for (held, _) in
        rights.to(&["approve"], GROUP, &["signers"]).filter(|(held, _)| is_cluster(held))
    {
        if SIGNERS.iter().any(|signer| held.grant.concerns(signer)) {
            let how = "approve a certificate for any user".into();
            moves.push(Move { to: Who::AnyUser, how, by: held });
        }
    }
}

/// A webhook writes into each pod that is made what it likes.
fn change_what_is_made<'a>(rights: &Rights<'a>, moves: &mut Vec<Move<'a>>) {
    let ways = rights.to(
        &["create", "update", "patch"],
        "admissionregistration.k8s.io",
        &["mutatingwebhookconfigurations"],
    );
    for (held, _) in ways.filter(|(held, _)| is_cluster(held)) {
        let how = "have a webhook change every pod that is made".into();
        moves.push(Move { to: Who::AnyAccount, how, by: held });
    }
}
