//! The Pod Security Standards, answered as the API server's own plugin answers.
//!
//! After `admission/admission.go` of <https://github.com/kubernetes/pod-security-admission>, with
//! its messages and audit annotations word for word.

mod namespace;
mod update;

use std::collections::BTreeMap;

use plimsoll_kube::Workload;
use plimsoll_kube::manifest::Node;
use plimsoll_kube::pss::{self, Check, Forbidden, Modes, Policy, Profile, WrongLabel};

use crate::answer::{Answer, Status, aggregate};
use crate::containers::Containers;
use crate::exception::{Case, Spared, spared};
use crate::facts::Facts;
use crate::review::{Operation, Request, Subject};
use crate::settings::{Failure, Mode, PodSecurity, Settings};
use crate::tally::{Decision, Tally};

pub(crate) use update::is_significant;

/// Subresources of pods that cannot change what a pod may do; any other is judged.
const IGNORED: [&str; 8] =
    ["exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"];

/// Whether a review has to do with the standards at all; else no fact is needed.
pub(crate) fn concerns(request: &Request<'_>) -> bool {
    match request.subject() {
        Subject::Pod => !IGNORED.contains(&request.subresource),
        Subject::Template | Subject::Namespace => request.subresource.is_empty(),
        Subject::Other => false,
    }
}

/// Whether the labels of the namespace are asked for.
pub(crate) fn asks_namespace(request: &Request<'_>, own: &PodSecurity) -> bool {
    concerns(request)
        && matches!(request.subject(), Subject::Pod | Subject::Template)
        && exempt(request, own).is_none()
}

/// Whether the pods of a namespace are asked for, whose labels change.
pub(crate) fn asks_pods(request: &Request<'_>, own: &PodSecurity) -> bool {
    namespace::new_enforced(request, own).is_some()
}

/// Judges a review.
pub(crate) fn judge(
    request: &Request<'_>,
    own: &PodSecurity,
    settings: &Settings,
    facts: &Facts,
    tally: &mut Tally,
) -> Answer {
    if !concerns(request) {
        return Answer::allowed();
    }
    let subject = request.subject();
    if subject == Subject::Namespace {
        return namespace::judge(request, own, facts);
    }
    if let Some(why) = exempt(request, own) {
        tally.exemption(request);
        return Answer::allowed().annotated("exempt", why);
    }
    let is_pod = subject == Subject::Pod;
    let labels = match &facts.namespace {
        Some(Ok(labels)) => labels,
        Some(Err(why)) => return no_namespace(request, why, is_pod, settings.failure, tally),
        None => {
            return no_namespace(request, "it was not asked for", is_pod, settings.failure, tally);
        }
    };
    let (modes, wrong) = modes(labels, own);
    let is_open = |policy: Policy| policy.profile == Profile::Privileged;
    if wrong.is_empty() && is_pod && modes.is_open() {
        tally.evaluation(request, Decision::Allow, modes.enforce, Mode::Enforce);
        return Answer::allowed().annotated("enforce-policy", "privileged:latest");
    }
    if wrong.is_empty() && !is_pod && is_open(modes.warn) && is_open(modes.audit) {
        return Answer::allowed();
    }
    let workload = request.workload().filter(|workload| workload.pod.problems.is_empty());
    let Some(workload) = workload else {
        return unreadable(request, is_pod, settings.failure, tally);
    };
    if is_pod && request.operation == Operation::Update {
        let old = request.old_workload().filter(|old| old.pod.problems.is_empty());
        let Some(old) = old else {
            tally.error(request, true);
            return failed(settings.failure, Status::bad_request("failed to decode old object"));
        };
        if !is_significant(&workload.pod, &old.pod) {
            return Answer::allowed();
        }
    }
    Evaluation { request, own, settings, facts, modes, wrong, workload, is_pod }.answer(tally)
}

/// What labels ask, as far as the settings let them.
fn modes(labels: &BTreeMap<String, String>, own: &PodSecurity) -> (Modes, Vec<WrongLabel>) {
    let label = |name: &str| labels.get(name).map(String::as_str);
    let (mut modes, wrong) = Modes::read(label, own.defaults.0);
    let stricter = |one: Policy, other: Policy| {
        if other.profile > one.profile { other } else { one }
    };
    match own.mode {
        Mode::Enforce | Mode::DryRun => {}
        Mode::Warn => {
            modes.warn = stricter(modes.warn, modes.enforce);
            modes.enforce = Modes::OPEN.enforce;
        }
        Mode::Audit => {
            modes.audit = stricter(stricter(modes.audit, modes.warn), modes.enforce);
            (modes.enforce, modes.warn) = (Modes::OPEN.enforce, Modes::OPEN.warn);
        }
    }
    (modes, wrong)
}

/// Why nothing is asked of the request as a whole.
fn exempt(request: &Request<'_>, own: &PodSecurity) -> Option<&'static str> {
    let has = |all: &[String], name: &str| !name.is_empty() && all.iter().any(|one| one == name);
    if has(&own.exemptions.namespaces, request.namespace) {
        Some("namespace")
    } else if has(&own.exemptions.usernames, request.user) {
        Some("user")
    } else {
        None
    }
}

fn exempt_class(spec: &Node, own: &PodSecurity) -> bool {
    let class = spec.text("runtimeClassName").map_or("", |it| it.value);
    !class.is_empty() && own.exemptions.runtime_classes.iter().any(|one| one == class)
}

/// The answer where something does not work, and pods would be at stake.
fn failed(failure: Failure, status: Status) -> Answer {
    let why = status.message.clone();
    Answer { allowed: failure == Failure::Open, ..Answer::denied(status) }.annotated("error", why)
}

fn no_namespace(
    request: &Request<'_>,
    why: &str,
    is_pod: bool,
    failure: Failure,
    tally: &mut Tally,
) -> Answer {
    tally.error(request, true);
    let said = format!("failed to lookup namespace {:?}", request.namespace);
    if !is_pod {
        return Answer::allowed().annotated("error", format!("{said}: {why}"));
    }
    let status = Status::internal(said);
    let detail = format!("{}: {why}", status.message);
    failed(failure, status).annotated("error", detail)
}

fn unreadable(request: &Request<'_>, is_pod: bool, failure: Failure, tally: &mut Tally) -> Answer {
    let has_none = || {
        let spec = request.object.and_then(|object| object.get("spec"));
        spec.is_some_and(|spec| spec.get("template").is_none())
    };
    // A controller need not have a template.
    if !is_pod && request.resource.name == "replicationcontrollers" && has_none() {
        return Answer::allowed();
    }
    tally.error(request, true);
    if is_pod {
        failed(failure, Status::bad_request("failed to decode object"))
    } else {
        Answer::allowed()
            .annotated("error", "failed to decode object: it has no pod of the API's type")
    }
}

/// What a policy forbids, in one text: `AggregateCheckResult.ForbiddenDetail`.
fn details(forbidden: &[(&'static Check, Forbidden)]) -> String {
    let all: Vec<String> = forbidden.iter().map(|(_, one)| one.message()).collect();
    all.join(", ")
}

struct Evaluation<'e> {
    request: &'e Request<'e>,
    own: &'e PodSecurity,
    settings: &'e Settings,
    facts: &'e Facts,
    modes: Modes,
    wrong: Vec<WrongLabel>,
    workload: Workload<'e>,
    is_pod: bool,
}

impl Evaluation<'_> {
    /// `EvaluatePod` of the admission plugin.
    fn answer(&self, tally: &mut Tally) -> Answer {
        let Self { request, modes, is_pod, .. } = self;
        if exempt_class(self.workload.pod.spec, self.own) {
            tally.exemption(request);
            return Answer::allowed().annotated("exempt", "runtimeClass");
        }
        let mut answer = Answer::allowed();
        let mut notes = Notes::default();
        let mut known: Vec<(Policy, String)> = Vec::new();
        if !self.wrong.is_empty() {
            tally.error(request, false);
            let why = namespace::errors(&self.wrong);
            answer =
                answer.annotated("error", format!("Failed to parse policy: {}", aggregate(&why)));
        }
        if *is_pod {
            let said = self.forbidden(modes.enforce, &mut known, &mut notes);
            let decision = if said.is_empty() { Decision::Allow } else { Decision::Deny };
            tally.evaluation(request, decision, modes.enforce, Mode::Enforce);
            answer = answer.annotated("enforce-policy", modes.enforce.to_string());
            if !said.is_empty() {
                let why = format!("violates PodSecurity \"{}\": {said}", modes.enforce);
                let (group, resource) = (request.resource.group, request.resource.name);
                answer.status = Some(Status::forbidden(group, resource, request.name, &why));
                answer.allowed = false;
            }
        }
        let said = self.forbidden(modes.audit, &mut known, &mut notes);
        if !said.is_empty() {
            let text = format!("would violate PodSecurity \"{}\": {said}", modes.audit);
            answer = answer.annotated("audit-violations", text);
            tally.evaluation(request, Decision::Deny, modes.audit, Mode::Audit);
        }
        if answer.allowed {
            let said = self.forbidden(modes.warn, &mut known, &mut notes);
            if !said.is_empty() {
                let text = format!("would violate PodSecurity \"{}\": {said}", modes.warn);
                answer.warnings.push(text);
                tally.evaluation(request, Decision::Deny, modes.warn, Mode::Warn);
            }
        }
        notes.add_to(&mut answer);
        answer
    }

    /// What a policy forbids, but for what is spared; empty where it allows the pod.
    fn forbidden(
        &self,
        policy: Policy,
        known: &mut Vec<(Policy, String)>,
        notes: &mut Notes,
    ) -> String {
        if let Some((_, said)) = known.iter().find(|(one, _)| *one == policy) {
            return said.clone();
        }
        let mut found = pss::evaluate(&self.workload.pod, policy);
        found.retain(|(check, one)| !self.is_spared(check, one, notes));
        let said = details(&found);
        known.push((policy, said.clone()));
        said
    }

    fn is_spared(&self, check: &Check, forbidden: &Forbidden, notes: &mut Notes) -> bool {
        if self.settings.exceptions.is_empty() {
            return false;
        }
        let known = Containers::of(&self.workload.pod);
        let places: Option<Vec<&str>> = forbidden
            .offences
            .iter()
            .map(|place| known.at(place.span).map(|container| container.name))
            .collect();
        let containers = places.unwrap_or_default();
        let case = Case {
            rule: check.rule.id,
            namespace: self.request.namespace,
            kind: self.request.kind.name,
            name: self.request.called(),
            containers: &containers,
            image: None,
        };
        notes.spared(spared(&self.settings.exceptions, &case, self.facts.now), check.rule.id)
    }
}

/// What the exceptions did, for whoever asked and for the audit log.
#[derive(Default)]
pub(crate) struct Notes {
    by: BTreeMap<String, Vec<String>>,
    expired: BTreeMap<String, Vec<String>>,
}

impl Notes {
    /// Notes what the exceptions say; whether one holds.
    pub(crate) fn spared(&mut self, answer: Spared<'_>, rule: &str) -> bool {
        let (list, name) = match answer {
            Spared::No => return false,
            Spared::By(name) => (&mut self.by, name),
            Spared::Expired(name) => (&mut self.expired, name),
        };
        let rules = list.entry(name.to_owned()).or_default();
        if !rules.iter().any(|one| one == rule) {
            rules.push(rule.to_owned());
        }
        matches!(answer, Spared::By(_))
    }

    /// Adds them to an answer.
    pub(crate) fn add_to(self, answer: &mut Answer) {
        let list = |all: &BTreeMap<String, Vec<String>>| {
            let one =
                |(name, rules): (&String, &Vec<String>)| format!("{name}: {}", rules.join(", "));
            all.iter().map(one).collect::<Vec<_>>().join("; ")
        };
        for (key, all) in [("exceptions", &self.by), ("exceptions-expired", &self.expired)] {
            if !all.is_empty() {
                let said = answer.annotations.entry(key.to_owned()).or_default();
                let between = if said.is_empty() { "" } else { "; " };
                *said = format!("{said}{between}{}", list(all));
            }
        }
        for (name, rules) in &self.expired {
            let text = format!("exception `{name}` for {} has expired", rules.join(", "));
            answer.warnings.push(text);
        }
    }
}
