//! The shortest ways to the whole cluster.
//!
//! One search backwards from whoever may do everything answers for all subjects.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use super::access::{Access, Binding};
use super::builtin::RAISER;
use super::grant::{Grant, Place};
use super::subject::Subject;
use super::techniques::{self, Move, Rights, Who};

/// How somebody comes to the whole cluster.
#[derive(Debug, Clone)]
pub struct Path<'a> {
    /// Who.
    pub from: &'a Subject,
    /// Step by step; never none.
    pub steps: Vec<Step<'a>>,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step<'a> {
    /// What is done, in a few words: "may make pods in ci that run as any service account".
    pub how: String,
    /// Who it makes him; `None` where that is whoever may do everything.
    pub becomes: Option<String>,
    /// The binding and the rule of the role that let him; `None` where no rule is needed.
    pub by: Option<(&'a Binding, &'a Grant)>,
}

/// What is done, and who it makes him behind an arrow.
impl fmt::Display for Step<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.how)?;
        self.becomes.as_ref().map_or(Ok(()), |who| write!(out, " (→ {who})"))
    }
}

/// The ways of all subjects.
#[derive(Debug)]
pub struct Paths<'a> {
    access: &'a Access,
    next: BTreeMap<Who, (Who, Edge<'a>)>,
}

#[derive(Debug, Clone)]
struct Edge<'a> {
    how: String,
    by: Option<(&'a Binding, &'a Grant)>,
}

impl<'a> Paths<'a> {
    /// Works out all ways.
    pub fn new(access: &'a Access) -> Self {
        let mut graph = Graph { access, back: BTreeMap::new() };
        graph.fill();
        let mut next = BTreeMap::new();
        let mut seen = BTreeSet::from([Who::Admin]);
        let mut queue = VecDeque::from([Who::Admin]);
        while let Some(reached) = queue.pop_front() {
            for (from, edge) in graph.back.remove(&reached).unwrap_or_default() {
                if seen.insert(from.clone()) {
                    next.insert(from.clone(), (reached.clone(), edge));
                    queue.push_back(from);
                }
            }
        }
        Self { access, next }
    }

    /// The shortest way of one subject; `None` where there is none.
    pub fn of(&self, subject: &'a Subject) -> Option<Path<'a>> {
        let mut steps: Vec<Step<'a>> = Vec::new();
        let mut who = Who::Subject(subject.clone());
        while let Some((to, edge)) = self.next.get(&who) {
            let becomes = match to {
                Who::Subject(subject) => Some(subject.to_string()),
                _ => None,
            };
            match steps.last_mut() {
                // "Any account of ci" and "ci/argo is one" are one step.
                Some(last) if edge.by.is_none() && becomes.is_some() => last.becomes = becomes,
                _ if edge.how.is_empty() => {}
                _ => steps.push(Step { how: edge.how.clone(), becomes, by: edge.by }),
            }
            who = to.clone();
        }
        (!steps.is_empty()).then_some(Path { from: subject, steps })
    }

    /// The ways of all subjects that have one, the shortest first; without those that Kubernetes
    /// itself has, unless they are asked for.
    pub fn all(&self, with_systems: bool) -> Vec<Path<'a>> {
        let wanted = |subject: &&Subject| with_systems || !subject.is_systems();
        let mut paths: Vec<Path<'a>> =
            self.access.subjects().filter(wanted).filter_map(|one| self.of(one)).collect();
        paths.sort_by(|a, b| (a.steps.len(), a.from).cmp(&(b.steps.len(), b.from)));
        paths
    }
}

/// For each one, who can become him.
struct Graph<'a> {
    access: &'a Access,
    back: BTreeMap<Who, Vec<(Who, Edge<'a>)>>,
}

impl<'a> Graph<'a> {
    fn fill(&mut self) {
        let access = self.access;
        let mut homes = BTreeSet::from(["kube-system"]);
        for subject in access.subjects() {
            for Move { to, how, by } in moves(access, subject) {
                let edge = Edge { how, by: Some((by.binding, by.grant)) };
                self.add(Who::Subject(subject.clone()), to, edge);
            }
            match subject {
                Subject::ServiceAccount(home, _) => {
                    homes.insert(home);
                    self.is_one(Who::AccountsOf(home.clone()), subject);
                    if access.workloads.contains_key(subject) {
                        self.is_one(Who::RunningIn(home.clone()), subject);
                    }
                }
                Subject::User(_) => self.is_one(Who::AnyUser, subject),
                Subject::Group(_) if Access::is_master(subject) => {
                    let how = "do everything as a member of it".to_owned();
                    self.add(Who::Subject(subject.clone()), Who::Admin, Edge { how, by: None });
                }
                Subject::Group(_) => {}
            }
        }
        let silent = || Edge { how: String::new(), by: None };
        for home in homes {
            self.add(Who::AnyAccount, Who::AccountsOf(home.to_owned()), silent());
            self.add(Who::AnyRunning, Who::RunningIn(home.to_owned()), silent());
        }
        self.add_raiser();
    }

    /// The account of Kubernetes' own that may raise roles, where the files do not say of it
    /// themselves.
    fn add_raiser(&mut self) {
        let raiser = Subject::ServiceAccount("kube-system".into(), RAISER.into());
        if self.access.held(&raiser).is_empty() {
            self.is_one(Who::AccountsOf("kube-system".into()), &raiser);
            let how = "write any right into clusterroles everywhere".to_owned();
            self.add(Who::Subject(raiser), Who::Admin, Edge { how, by: None });
        }
    }

    fn is_one(&mut self, group: Who, subject: &Subject) {
        let edge = Edge { how: String::new(), by: None };
        self.add(group, Who::Subject(subject.clone()), edge);
    }

    fn add(&mut self, from: Who, to: Who, edge: Edge<'a>) {
        self.back.entry(to).or_default().push((from, edge));
    }
}

/// Whom a subject can become by his own rights.
fn moves<'a>(access: &'a Access, subject: &Subject) -> Vec<Move<'a>> {
    let rights = Rights { held: access.held(subject), stored_tokens: &access.tokens };
    let mut moves = Vec::new();
    for technique in techniques::ALL {
        technique(&rights, &mut moves);
    }
    moves
}

impl Step<'_> {
    /// Where the right comes from, in words.
    pub fn origin(&self) -> String {
        match self.by {
            Some((binding, grant)) => {
                let role = match &grant.place {
                    place if *place == Place::default() => binding.role.clone(),
                    place => format!("{} ({place})", binding.role),
                };
                format!("{} ({}) gives {role}", binding.name, binding.place)
            }
            None => "every cluster has it".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::text::Source;

    use super::*;
    use crate::manifest::Manifest;

    fn ways(text: &str, from: &str) -> Vec<String> {
        let manifest = Manifest::parse(Source::new(text));
        assert!(manifest.problems.is_empty(), "{:?}", manifest.problems);
        let access = Access::of([("a.yaml", &manifest)]);
        let subject = Subject::named(from).unwrap();
        let paths = Paths::new(&access);
        let path = paths.of(&subject);
        let step = |step: &Step<'_>| match &step.becomes {
            Some(who) => format!("{} → {who}", step.how),
            None => step.how.clone(),
        };
        path.map_or_else(Vec::new, |path| path.steps.iter().map(step).collect())
    }

    fn role(home: &str, name: &str, rules: &str) -> String {
        format!(
            "---\nkind: Role\napiVersion: rbac.authorization.k8s.io/v1\nmetadata: {{namespace: {home}, \
             name: {name}}}\nrules: [{rules}]\n---\nkind: RoleBinding\napiVersion: \
             rbac.authorization.k8s.io/v1\nmetadata: {{namespace: {home}, name: {name}}}\nroleRef: \
             {{kind: Role, name: {name}}}\nsubjects: [{{kind: ServiceAccount, name: {name}}}]\n"
        )
    }

    fn cluster(home: &str, name: &str, role: &str, rules: &str) -> String {
        let own = if rules.is_empty() {
            String::new()
        } else {
            format!(
                "---\nkind: ClusterRole\napiVersion: rbac.authorization.k8s.io/v1\nmetadata: {{name: {role}}}\nrules: [{rules}]\n"
            )
        };
        format!(
            "{own}---\nkind: ClusterRoleBinding\napiVersion: rbac.authorization.k8s.io/v1\nmetadata: \
             {{name: {name}}}\nroleRef: {{kind: ClusterRole, name: {role}}}\nsubjects: [{{kind: \
             ServiceAccount, namespace: {home}, name: {name}}}]\n"
        )
    }

    #[test]
    fn who_makes_pods_beside_an_administrator_becomes_him() {
        let text = role("ci", "build", "{apiGroups: [''], resources: [pods], verbs: [create]}")
            + &cluster("ci", "argo", "cluster-admin", "");
        assert_eq!(
            ways(&text, "ci/build"),
            [
                "make pods in ci that run as any service account → ServiceAccount ci/argo",
                "do everything",
            ]
        );
        assert_eq!(ways(&text, "ci/argo"), ["do everything"]);
        let elsewhere = text.replace("namespace: ci, name: argo", "namespace: cd, name: argo");
        assert!(ways(&elsewhere, "ci/build").is_empty());
    }

    #[test]
    fn programs_can_be_run_only_in_pods_that_are_there() {
        let exec = "{apiGroups: [''], resources: [pods/exec], verbs: [create]}";
        let text = role("ci", "debug", exec) + &cluster("ci", "argo", "cluster-admin", "");
        assert!(ways(&text, "ci/debug").is_empty());
        let pod = "---\nkind: Pod\napiVersion: v1\nmetadata: {namespace: ci, name: a}\nspec: \
                   {serviceAccountName: argo, containers: [{name: c}]}\n";
        assert_eq!(ways(&(text + pod), "ci/debug").len(), 2);
    }

    #[test]
    fn each_right_that_good_practice_warns_of_leads_to_the_whole_cluster() {
        let rbac = "apiGroups: [rbac.authorization.k8s.io]";
        let rights = [
            (
                format!("{{{rbac}, resources: [clusterroles], verbs: [escalate, update]}}"),
                "write any right into clusterroles everywhere",
            ),
            (
                format!(
                    "{{{rbac}, resources: [clusterroles], verbs: [bind]}}, {{{rbac}, resources: \
                     [clusterrolebindings], verbs: [create]}}"
                ),
                "bind cluster-admin",
            ),
            (
                "{apiGroups: [''], resources: [users, groups], verbs: [impersonate]}".into(),
                "act as a member of system:masters",
            ),
            (
                "{apiGroups: [''], resources: [serviceaccounts/token], verbs: [create]}".into(),
                "request a token of any service account everywhere → ServiceAccount \
                 kube-system/clusterrole-aggregation-controller",
            ),
            (
                "{apiGroups: [''], resources: [secrets], verbs: [create, get]}".into(),
                "have a token of any service account written into a secret everywhere → \
                 ServiceAccount kube-system/clusterrole-aggregation-controller",
            ),
            (
                "{apiGroups: [admissionregistration.k8s.io], resources: ['*'], verbs: [patch]}"
                    .into(),
                "have a webhook change every pod that is made → ServiceAccount \
                 kube-system/clusterrole-aggregation-controller",
            ),
        ];
        for (rules, first) in rights {
            let found = ways(&cluster("a", "b", "c", &rules), "a/b");
            assert_eq!(found.first().map(String::as_str), Some(first), "{rules}");
        }
    }

    #[test]
    fn rights_that_lack_a_part_lead_nowhere() {
        for rules in [
            "{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [escalate]}",
            "{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind, update]}",
            "{apiGroups: [''], resources: [groups], verbs: [impersonate]}",
            "{apiGroups: [certificates.k8s.io], resources: ['*'], verbs: [create, update]}",
            "{apiGroups: [''], resources: [secrets, pods], verbs: [get, list, watch]}",
            "{apiGroups: [apps], resources: ['*'], verbs: [get]}",
        ] {
            assert!(ways(&cluster("a", "b", "c", rules), "a/b").is_empty(), "{rules}");
        }
        // A cluster role that is bound in a namespace gives nothing that is in no namespace.
        let escalate =
            "{apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: ['*']}";
        assert!(ways(&role("a", "b", escalate), "a/b").is_empty());
    }

    #[test]
    fn a_secret_with_a_token_makes_its_reader_the_account() {
        let text = role("ci", "read", "{apiGroups: [''], resources: [secrets], verbs: [list]}")
            + &cluster("ci", "argo", "cluster-admin", "")
            + "---\nkind: Secret\napiVersion: v1\ntype: kubernetes.io/service-account-token\nmetadata: \
               {namespace: ci, name: t, annotations: {kubernetes.io/service-account.name: argo}}\n";
        assert_eq!(ways(&text, "ci/read").len(), 2);
    }

    #[test]
    fn what_all_accounts_may_each_of_them_may() {
        let text = role("ci", "x", "{apiGroups: [''], resources: [pods], verbs: [get]}")
            + "---\nkind: ClusterRoleBinding\napiVersion: rbac.authorization.k8s.io/v1\nmetadata: \
               {name: all}\nroleRef: {kind: ClusterRole, name: cluster-admin}\nsubjects: [{kind: Group, \
               name: 'system:serviceaccounts:ci'}]\n";
        assert_eq!(ways(&text, "ci/x"), ["do everything"]);
    }
}
