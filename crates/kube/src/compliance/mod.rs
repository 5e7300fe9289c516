//! What manifests show of a standard: each control passes, fails, or cannot be judged.
//!
//! The ids and titles are those of Trivy's reports, so that one can stand in for the other:
//! <https://github.com/aquasecurity/trivy-checks/tree/main/pkg/compliance>. A control is judged
//! by what its title asks. Where nothing was read that it is about, it is not judged, and a
//! control about what no manifest shows never is: silence is no pass.

mod baseline;
mod cis;
mod nsa;
mod object;
mod restricted;
mod server;

use std::collections::BTreeSet;

use plimsoll_model::text::Span;

use crate::config::{Config, Family};
use crate::estate::Estate;
use crate::lint::lint;
use crate::manifest::Manifest;
use crate::object::{Object, objects};
use crate::pss::Profile;
use crate::workload::Workload;
use server::Flags;

/// A standard.
#[derive(Debug)]
pub struct Standard {
    /// As Trivy calls it: `k8s-nsa-1.0`.
    pub id: &'static str,
    /// As `--compliance` takes it.
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Where it is published.
    pub source: &'static str,
    /// Its controls.
    pub controls: &'static [Control],
}

/// A control of a standard.
#[derive(Debug)]
pub struct Control {
    /// Its number.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// How grave a failure is, in Trivy's words.
    pub severity: &'static str,
    judged: Judged,
}

/// What a control is judged by.
#[derive(Debug)]
enum Judged {
    /// Rules on pods: `runAsNonRoot`, or `hostNamespaces:hostPID`, of which only findings count
    /// that speak of it.
    Pods(&'static [&'static str]),
    /// Rules on roles and bindings.
    Roles(&'static [&'static str]),
    /// A look at each object; what it is about, and what is wrong with it.
    Objects(&'static str, fn(&Object<'_>, Option<&Workload<'_>>) -> Option<Vec<Wrong>>),
    /// Each namespace that pods are in has to have an object of this kind.
    Namespaces(&'static str),
    /// The arguments of the API server; `Some` is what is wrong.
    ApiServer(fn(&Flags<'_>) -> Option<String>),
    /// No manifest shows it: what would.
    Elsewhere(&'static str),
}

/// Something wrong, and where.
type Wrong = (Span, String);

/// How grave a failure is.
const CRITICAL: &str = "CRITICAL";
const HIGH: &str = "HIGH";
const MEDIUM: &str = "MEDIUM";
const LOW: &str = "LOW";

/// A control with what judges it: a line of a standard's table.
const fn control(
    id: &'static str,
    title: &'static str,
    severity: &'static str,
    judged: Judged,
) -> Control {
    Control { id, title, severity, judged }
}

impl Standard {
    /// All that are known.
    pub const ALL: [&'static Self; 4] =
        [&nsa::STANDARD, &cis::STANDARD, &baseline::STANDARD, &restricted::STANDARD];

    /// The standard of that name, or of Trivy's id with its version or without.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.into_iter().find(|one| {
            let short = one.id.rsplit_once('-').map_or(one.id, |(short, _)| short);
            [one.name, one.id, short].contains(&name)
        })
    }
}

/// How a control came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing in what was read is against it.
    Pass,
    /// These are against it.
    Fail(Vec<Failure>),
    /// Nothing can be said, and why.
    NotJudged(String),
}

/// What is against a control.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// What is wrong.
    pub message: String,
    /// The rule that found it, where one did.
    pub rule: Option<&'static str>,
}

/// How a standard came out.
#[derive(Debug)]
pub struct Report {
    /// The standard.
    pub standard: &'static Standard,
    /// Its controls in their order.
    pub controls: Vec<(&'static Control, State)>,
}

impl Report {
    /// How many controls passed.
    pub fn passed(&self) -> usize {
        self.controls.iter().filter(|(_, state)| *state == State::Pass).count()
    }

    /// How many failed.
    pub fn failed(&self) -> usize {
        self.controls.iter().filter(|(_, state)| matches!(state, State::Fail(_))).count()
    }

    /// How many were not judged.
    pub fn not_judged(&self) -> usize {
        self.controls.len().saturating_sub(self.passed()).saturating_sub(self.failed())
    }

    /// Of the controls that were judged, how many in a hundred passed, rounded down; `None` where
    /// none was judged.
    pub fn score(&self) -> Option<usize> {
        let judged = self.passed().saturating_add(self.failed());
        self.passed().saturating_mul(100).checked_div(judged)
    }
}

/// Judges files, each with the name that places are told by.
pub fn report<'m>(
    standard: &'static Standard,
    files: impl IntoIterator<Item = (&'m str, &'m Manifest)>,
    estate: &Estate,
) -> Report {
    let mut seen = Seen::default();
    for (file, manifest) in files {
        seen.add(file, manifest, estate);
    }
    let judge = |control| (control, seen.judge(control));
    Report { standard, controls: standard.controls.iter().map(judge).collect() }
}

/// What was read, with what rules found in it.
#[derive(Default)]
struct Seen<'m> {
    found: BTreeSet<Failure>,
    objects: Vec<(&'m str, &'m Manifest, Object<'m>)>,
    workloads: usize,
    roles: usize,
}

impl<'m> Seen<'m> {
    fn add(&mut self, file: &'m str, manifest: &'m Manifest, estate: &Estate) {
        // Labels of namespaces say what is enforced, not what a standard asks.
        for (profile, only) in [
            (Some(Profile::Baseline), Family::Pss),
            (Some(Profile::Restricted), Family::Pss),
            (None, Family::Practice),
        ] {
            let config = Config { profile, only: Some(only), ..Config::default() };
            self.found.extend(lint(manifest, estate, &config).into_iter().map(|one| Failure {
                file: file.to_owned(),
                line: manifest.source.line(one.span.start),
                message: one.message.into_owned(),
                rule: Some(one.rule.id),
            }));
        }
        for object in objects(manifest).0 {
            self.workloads += usize::from(Workload::new(object, &manifest.source).is_some());
            self.roles += usize::from(object::is_role(&object));
            self.objects.push((file, manifest, object));
        }
    }

    fn judge(&self, control: &Control) -> State {
        match &control.judged {
            Judged::Pods(_) | Judged::Namespaces(_) if self.workloads == 0 => nothing("pod"),
            Judged::Roles(_) if self.roles == 0 => nothing("role or binding"),
            Judged::Pods(rules) | Judged::Roles(rules) => self.by_rules(rules),
            Judged::Objects(about, look) => self.by_objects(about, *look),
            Judged::Namespaces(kind) => self.by_namespaces(kind),
            Judged::ApiServer(look) => self.by_server(*look),
            Judged::Elsewhere(place) => State::NotJudged((*place).to_owned()),
        }
    }

    fn by_rules(&self, rules: &[&str]) -> State {
        let is_meant = |failure: &&Failure| {
            rules.iter().any(|rule| {
                let (rule, part) = rule.split_once(':').unwrap_or((rule, ""));
                failure.rule == Some(rule) && failure.message.contains(part)
            })
        };
        state(self.found.iter().filter(is_meant).cloned().collect())
    }

    fn by_objects(
        &self,
        about: &str,
        look: fn(&Object<'_>, Option<&Workload<'_>>) -> Option<Vec<Wrong>>,
    ) -> State {
        let (mut failures, mut is_about_any) = (Vec::new(), false);
        for (file, manifest, object) in &self.objects {
            let workload = Workload::new(*object, &manifest.source);
            let Some(wrong) = look(object, workload.as_ref()) else { continue };
            is_about_any = true;
            failures.extend(wrong.into_iter().map(|one| failure(file, manifest, one)));
        }
        if is_about_any { state(failures) } else { nothing(about) }
    }

    fn by_namespaces(&self, kind: &str) -> State {
        let home = Object::home;
        let own = self.objects.iter().filter(|(_, _, object)| object.kind == kind);
        let mut known: BTreeSet<&str> = own.map(|(_, _, object)| home(object)).collect();
        let mut failures = Vec::new();
        for (file, manifest, object) in &self.objects {
            let makes_pods = Workload::new(*object, &manifest.source).is_some();
            // One is named for each namespace.
            if makes_pods && known.insert(home(object)) {
                let (called, home) = (object.called(), home(object));
                let message = format!("{called} is in the namespace `{home}`, which has no {kind}");
                failures.push(failure(file, manifest, (object.head(), message)));
            }
        }
        state(failures)
    }

    fn by_server(&self, look: fn(&Flags<'_>) -> Option<String>) -> State {
        let (mut failures, mut is_there) = (Vec::new(), false);
        for (file, manifest, object) in &self.objects {
            let Some(workload) = Workload::new(*object, &manifest.source) else { continue };
            for container in &workload.pod.containers {
                let Some(flags) = Flags::of(container.node) else { continue };
                is_there = true;
                failures.extend(
                    look(&flags).map(|wrong| failure(file, manifest, (container.head(), wrong))),
                );
            }
        }
        if is_there { state(failures) } else { nothing("manifest of a kube-apiserver") }
    }
}

fn failure(file: &str, manifest: &Manifest, (span, message): Wrong) -> Failure {
    let line = manifest.source.line(span.start);
    Failure { file: file.to_owned(), line, message, rule: None }
}

fn state(failures: Vec<Failure>) -> State {
    if failures.is_empty() { State::Pass } else { State::Fail(failures) }
}

fn nothing(what: &str) -> State {
    State::NotJudged(format!("no {what} is in what was read"))
}

impl Control {
    /// Ids of the rules that judge it; none where it is judged by itself, or not at all.
    pub fn rules(&self) -> impl Iterator<Item = &'static str> {
        let rules = match &self.judged {
            Judged::Pods(rules) | Judged::Roles(rules) => *rules,
            _ => &[],
        };
        rules.iter().map(|rule| rule.split(':').next().unwrap_or(rule))
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::text::Source;

    use super::*;

    fn states(standard: &str, text: &str) -> Vec<(&'static str, State)> {
        let manifest = Manifest::parse(Source::new(text));
        let estate = Estate::of([&manifest]);
        let standard = Standard::named(standard).unwrap();
        let report = report(standard, [("all.yaml", &manifest)], &estate);
        report.controls.into_iter().map(|(control, state)| (control.id, state)).collect()
    }

    fn of(states: &[(&'static str, State)], id: &str) -> State {
        states.iter().find(|(own, _)| *own == id).unwrap().1.clone()
    }

    fn lines(state: &State) -> Vec<u32> {
        let State::Fail(failures) = state else { panic!("{state:?}") };
        failures.iter().map(|one| one.line).collect()
    }

    const POD: &str = "apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  hostPID: true
  containers:
    - name: web
      image: web:1
      securityContext:
        privileged: true
";

    #[test]
    fn every_rule_that_a_control_names_is_there_and_ids_are_unique() {
        for standard in Standard::ALL {
            let mut ids = BTreeSet::new();
            for control in standard.controls {
                assert!(ids.insert(control.id), "{} has {} twice", standard.id, control.id);
                for rule in control.rules() {
                    assert!(
                        crate::rules::named(rule).is_some_and(|known| known.id == rule),
                        "{} {}: no rule {rule}",
                        standard.id,
                        control.id
                    );
                }
            }
        }
    }

    #[test]
    fn standards_go_by_their_short_name_and_by_trivys() {
        for name in ["nsa", "k8s-nsa-1.0", "k8s-nsa"] {
            assert_eq!(Standard::named(name).map(|one| one.id), Some("k8s-nsa-1.0"), "{name}");
        }
        assert!(Standard::named("pci").is_none());
    }

    #[test]
    fn a_control_fails_where_its_own_part_of_a_rule_does() {
        let nsa = states("nsa", POD);
        assert_eq!(lines(&of(&nsa, "1.2")), [10]);
        assert_eq!(of(&nsa, "1.3"), State::Pass);
        assert_eq!(lines(&of(&nsa, "1.4")), [5]);
        assert_eq!(of(&nsa, "1.5"), State::Pass);
    }

    #[test]
    fn what_was_not_read_is_not_judged() {
        let none = states("cis", "kind: ConfigMap\nmetadata: {name: a}\n");
        assert!(none.iter().all(|(_, state)| matches!(state, State::NotJudged(_))), "{none:?}");
        let nsa = states("nsa", POD);
        assert!(matches!(of(&nsa, "3.0"), State::NotJudged(_)));
        assert!(matches!(of(&nsa, "7.1"), State::NotJudged(_)));
    }

    #[test]
    fn labels_of_a_namespace_change_no_verdict() {
        let labelled = format!(
            "{POD}---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n    \
             pod-security.kubernetes.io/enforce: privileged\n"
        );
        assert_eq!(lines(&of(&states("pss-baseline", &labelled), "3")), [10]);
    }

    #[test]
    fn a_namespace_without_a_quota_is_named_once() {
        let two = format!("{POD}---\n{POD}");
        assert_eq!(lines(&of(&states("nsa", &two), "4.0")), [3]);
        let quota = format!(
            "{POD}---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: a, namespace: shop}}\n"
        );
        assert_eq!(of(&states("nsa", &quota), "4.0"), State::Pass);
        assert_eq!(lines(&of(&states("nsa", &quota), "4.1")), [3]);
    }

    #[test]
    fn the_score_is_of_what_was_judged() {
        let manifest = Manifest::parse(Source::new(POD));
        let estate = Estate::of([&manifest]);
        let report = report(&nsa::STANDARD, [("all.yaml", &manifest)], &estate);
        assert_eq!(report.passed() + report.failed() + report.not_judged(), report.controls.len());
        let judged = report.passed() + report.failed();
        assert_eq!(report.score(), Some(report.passed() * 100 / judged));
    }
}
