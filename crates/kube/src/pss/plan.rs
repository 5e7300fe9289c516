//! How far each namespace is from the next profile, and how to take it there.
//!
//! What a change of labels says of running pods is what `EvaluatePodsInNamespace` in
//! `admission/admission.go` of the admission plugin returns, but that all pods are looked at.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::text::Safety;

use super::namespace::{Modes, NamespaceLabels, PREFIX};
use super::policy::{Policy, Profile, Version};
use super::{Forbidden, evaluate};
use crate::manifest::Manifest;
use crate::object::{Object, objects};
use crate::workload::Workload;

/// A namespace: what its labels ask, what its workloads meet, and what keeps them from more.
#[derive(Debug)]
pub struct Rollout {
    /// The namespace's name.
    pub namespace: String,
    /// What its labels ask; `None` where no label says anything or the namespace was not given.
    pub modes: Option<Modes>,
    /// The version of Kubernetes that it was judged at.
    pub version: Version,
    /// The objects that make pods, or are some; what another one of them made is not among them.
    pub workloads: usize,
    /// The highest profile that allows all of them.
    pub meets: Profile,
    /// What baseline forbids, and what restricted forbids.
    blockers: [Vec<Blocker>; 2],
    /// Name of each running pod, and the reasons of baseline and of restricted.
    pods: Vec<(String, [String; 2])>,
}

/// A workload that a profile forbids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// `Deployment/web`.
    pub object: String,
    /// The file that it stands in.
    pub path: String,
    /// Its line there, from 1.
    pub line: u32,
    /// What is forbidden, in Kubernetes' order; never none.
    pub forbidden: Vec<Violation>,
    /// Whether what made it would be allowed, so that something changed it on its way.
    pub changed: bool,
}

/// One check that forbids a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Kubernetes' id of the check.
    pub check: &'static str,
    /// As the API server words it.
    pub message: String,
    /// Whether a fix is known, and whether it is safe.
    pub fix: Option<Safety>,
}

/// The labels that a namespace can take today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advice {
    /// What can be enforced without refusing any workload; never less than what is enforced.
    pub enforce: Policy,
    /// What to audit and to warn of: the next profile.
    pub next: Policy,
}

/// The profiles that forbid anything.
const STRICT: [Profile; 2] = [Profile::Baseline, Profile::Restricted];

impl Rollout {
    /// The workloads that `profile` forbids, by file and line.
    pub fn blockers(&self, profile: Profile) -> &[Blocker] {
        let index = STRICT.iter().position(|one| *one == profile);
        index.and_then(|index| self.blockers.get(index)).map_or(&[], Vec::as_slice)
    }

    /// The next profile after the one that is met; `None` after the last.
    pub fn next(&self) -> Option<Profile> {
        STRICT.into_iter().find(|profile| *profile > self.meets)
    }

    /// What to label the namespace with.
    pub fn advice(&self) -> Advice {
        let mut enforce = Policy { profile: self.meets, version: self.version };
        if let Some(modes) = self.modes
            && modes.enforce.profile > self.meets
        {
            enforce = modes.enforce;
        }
        let next = self.next().unwrap_or(Profile::Restricted).max(enforce.profile);
        Advice { enforce, next: Policy { profile: next, version: self.version } }
    }

    /// Whether the labels already say what [`Rollout::advice`] says.
    pub fn is_labelled(&self) -> bool {
        let Advice { enforce, next } = self.advice();
        self.modes == Some(Modes { enforce, audit: next, warn: next })
    }

    /// The command that sets what is advised; `None` where the name is none that a namespace can
    /// have (RFC 1123), which a shell might take for something else.
    pub fn command(&self) -> Option<String> {
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let name = self.namespace.as_str();
        if name.is_empty() || name.starts_with('-') || !name.bytes().all(is_plain) {
            return None;
        }
        let Advice { enforce, next } = self.advice();
        let labels =
            [("enforce", enforce), ("audit", next), ("warn", next)].map(|(mode, policy)| {
                let Policy { profile, version } = policy;
                format!("{PREFIX}{mode}={} {PREFIX}{mode}-version={version}", profile.name())
            });
        Some(format!("kubectl label --overwrite namespace {name} {}", labels.join(" ")))
    }

    /// What `kubectl label --dry-run=server` would warn of if `profile` were enforced: a line for
    /// all running pods, and one for each reason.
    pub fn warnings(&self, profile: Profile) -> Vec<String> {
        let Some(index) = STRICT.iter().position(|one| *one == profile) else { return Vec::new() };
        let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, reasons) in &self.pods {
            if let Some(reason) = reasons.get(index).filter(|reason| !reason.is_empty()) {
                by_reason.entry(reason).or_default().push(name);
            }
        }
        let mut lines: Vec<String> = by_reason
            .into_iter()
            .map(|(reason, pods)| {
                let first = pods.iter().min().copied().unwrap_or_default();
                match pods.len() {
                    1 => format!("{first}: {reason}"),
                    2 => format!("{first} (and 1 other pod): {reason}"),
                    count => {
                        format!("{first} (and {} other pods): {reason}", count.saturating_sub(1))
                    }
                }
            })
            .collect();
        lines.sort();
        if !lines.is_empty() {
            let policy = Policy { profile, version: self.version };
            let head = format!(
                "existing pods in namespace {:?} violate the new PodSecurity enforce level \"{policy}\"",
                self.namespace
            );
            lines.insert(0, head);
        }
        lines
    }
}

/// Plans the rollout for each namespace that the files name, by name.
pub fn plan<'m>(
    files: impl IntoIterator<Item = (&'m str, &'m Manifest)>,
    version: Version,
) -> Vec<Rollout> {
    let mut homes: BTreeMap<&str, Home<'_>> = BTreeMap::new();
    for (path, manifest) in files {
        for object in objects(manifest).0 {
            if let Some(labels) = NamespaceLabels::of(&object) {
                homes.entry(object.name).or_default().modes = labels.modes;
            } else if let Some(workload) = Workload::new(object, &manifest.source) {
                let home = homes.entry(object.home()).or_default();
                home.workloads.push(Judged::new(path, &workload, version));
            }
        }
    }
    homes.into_iter().map(|(name, home)| home.rollout(name, version)).collect()
}

#[derive(Default)]
struct Home<'m> {
    modes: Option<Modes>,
    workloads: Vec<Judged<'m>>,
}

/// A workload with what each profile forbids in it.
struct Judged<'m> {
    object: Object<'m>,
    owner: Option<(&'m str, &'m str)>,
    path: &'m str,
    line: u32,
    forbidden: [Vec<Violation>; 2],
    reasons: [String; 2],
}

impl<'m> Judged<'m> {
    fn new(path: &'m str, workload: &Workload<'m>, version: Version) -> Self {
        let object = workload.object;
        let found = STRICT.map(|profile| evaluate(&workload.pod, Policy { profile, version }));
        let reasons = found.each_ref().map(|found| {
            let reasons: Vec<&str> = found.iter().map(|(_, one)| one.reason.as_ref()).collect();
            reasons.join(", ")
        });
        let forbidden = found.map(|found| {
            let one = |(check, forbidden): (&'static super::Check, Forbidden)| Violation {
                check: check.rule.id,
                message: forbidden.message(),
                fix: forbidden.fix.map(|fix| fix.safety),
            };
            found.into_iter().map(one).collect()
        });
        let line = workload.pod.source.position(object.head().start).line;
        Self { object, owner: owner(&object), path, line, forbidden, reasons }
    }
}

impl Home<'_> {
    fn rollout(mut self, name: &str, version: Version) -> Rollout {
        self.workloads.sort_by_key(|one| (one.path, one.line));
        let known: BTreeMap<(&str, &str), &Judged<'_>> =
            self.workloads.iter().map(|one| ((one.object.kind, one.object.name), one)).collect();
        let blockers = [0, 1].map(|index| {
            let all = self.workloads.iter();
            all.filter_map(|one| blocker(one, maker(one, &known), index)).collect::<Vec<_>>()
        });
        let is_first = |one: &&Judged<'_>| maker(one, &known).is_none();
        let workloads = self.workloads.iter().filter(is_first).count();
        let meets = match &blockers {
            [baseline, _] if !baseline.is_empty() => Profile::Privileged,
            [_, restricted] if !restricted.is_empty() => Profile::Baseline,
            _ => Profile::Restricted,
        };
        let is_pod = |one: &&Judged<'_>| one.object.kind == "Pod";
        let pod = |one: &Judged<'_>| (one.object.name.to_owned(), one.reasons.clone());
        let pods = self.workloads.iter().filter(is_pod).map(pod).collect();
        let namespace = name.to_owned();
        Rollout { namespace, modes: self.modes, version, workloads, meets, blockers, pods }
    }
}

fn blocker(one: &Judged<'_>, maker: Option<&Judged<'_>>, index: usize) -> Option<Blocker> {
    let of = |judged: &Judged<'_>| judged.forbidden.get(index).cloned().unwrap_or_default();
    let mut forbidden = of(one);
    if let Some(maker) = maker {
        let known: BTreeSet<&str> =
            maker.forbidden.get(index).into_iter().flatten().map(|one| one.check).collect();
        forbidden.retain(|violation| !known.contains(violation.check));
    }
    (!forbidden.is_empty()).then(|| Blocker {
        object: one.object.called(),
        path: one.path.to_owned(),
        line: one.line,
        forbidden,
        changed: maker.is_some(),
    })
}

/// The object that made this one, where it is known too; of a pod the replica set's deployment.
fn maker<'j, 'm>(
    one: &Judged<'m>,
    known: &BTreeMap<(&'m str, &'m str), &'j Judged<'m>>,
) -> Option<&'j Judged<'m>> {
    let first = *known.get(&one.owner?)?;
    let second = first.owner.and_then(|owner| known.get(&owner)).copied();
    Some(second.unwrap_or(first))
}

/// Kind and name of the controller that an object belongs to.
fn owner<'m>(object: &Object<'m>) -> Option<(&'m str, &'m str)> {
    let owners = object.node.get("metadata")?.list("ownerReferences");
    let mut controllers =
        owners.iter().filter(|owner| owner.boolean("controller").is_some_and(|is| is.value));
    let owner = controllers.next()?;
    Some((owner.text("kind")?.value, owner.text("name")?.value))
}

#[cfg(test)]
mod tests {
    use plimsoll_model::text::Source;

    use super::*;

    const HARDENED: &str = "{allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: \
                            {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}";

    fn pod(name: &str, owner: &str, pod: &str, container: &str) -> String {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop{owner}}}\n\
             spec: {{{pod} containers: [{{name: c, image: i, securityContext: {container}}}]}}\n"
        )
    }

    fn rollout(text: String) -> Rollout {
        let manifest = Manifest::parse(Source::new(text));
        plan([("a.yaml", &manifest)], Version::Latest).pop().unwrap()
    }

    #[test]
    fn a_namespace_without_any_violation_can_enforce_restricted() {
        let found = rollout(pod("a", "", "", HARDENED));
        assert_eq!(found.meets, Profile::Restricted);
        assert_eq!(found.next(), None);
        assert!(found.command().unwrap().starts_with(
            "kubectl label --overwrite namespace shop pod-security.kubernetes.io/enforce=restricted \
             pod-security.kubernetes.io/enforce-version=latest"
        ));
    }

    #[test]
    fn running_pods_are_counted_by_reason_as_the_api_server_counts_them() {
        let text = ["b", "c", "a"].map(|name| pod(name, "", "", "{}")).concat()
            + &pod("d", "", "hostPID: true,", HARDENED);
        let found = rollout(text);
        assert_eq!(found.meets, Profile::Privileged);
        assert_eq!(
            found.warnings(Profile::Restricted),
            [
                "existing pods in namespace \"shop\" violate the new PodSecurity enforce level \
             \"restricted:latest\"",
                "a (and 2 other pods): allowPrivilegeEscalation != false, unrestricted capabilities, \
             runAsNonRoot != true, seccompProfile",
                "d: host namespaces",
            ]
        );
        assert_eq!(found.warnings(Profile::Baseline).len(), 2);
        assert!(found.warnings(Profile::Privileged).is_empty());
    }

    #[test]
    fn what_a_workload_made_counts_once_and_is_told_apart_where_it_was_changed() {
        let deployment = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop}}\nspec: \
             {{template: {{spec: {{containers: [{{name: c, image: i, securityContext: \
             {HARDENED}}}]}}}}}}\n"
        );
        let owner = ", ownerReferences: [{kind: Deployment, name: web, controller: true}]";
        let found = rollout(deployment + &pod("web-1", owner, "hostPID: true,", HARDENED));
        assert_eq!(found.workloads, 1);
        let [blocker] = found.blockers(Profile::Baseline) else { panic!("one is expected") };
        assert_eq!((blocker.object.as_str(), blocker.changed), ("Pod/web-1", true));
    }

    #[test]
    fn a_name_that_a_shell_would_read_otherwise_gets_no_command() {
        let text = pod("a", "", "", "{}").replace("shop", "\"a;reboot\"");
        assert_eq!(rollout(text).command(), None);
    }

    #[test]
    fn nobody_is_told_to_enforce_less_than_now() {
        let labels = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: \
                      {pod-security.kubernetes.io/enforce: restricted}}\n";
        let found = rollout(labels.to_owned() + &pod("a", "", "", "{}"));
        assert_eq!(found.meets, Profile::Baseline);
        assert_eq!(found.advice().enforce.profile, Profile::Restricted);
        assert_eq!(found.advice().next.profile, Profile::Restricted);
        assert!(!found.is_labelled());
    }
}
