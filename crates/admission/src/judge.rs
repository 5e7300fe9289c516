//! One review: what has to be known, and what is answered.
//!
//! Pod Security answers first and in its own words. Rules of our own and rules about images are
//! asked of what is new: who labels a running pod, or takes away a finalizer, is not held up by
//! what the pod was already.

use std::collections::BTreeSet;

use crate::answer::{Answer, Status};
use crate::facts::{Facts, Needs};
use crate::review::{Operation, Request, Subject};
use crate::security::{self, Notes};
use crate::settings::{Failure, Mode, Settings, Templates};
use crate::tally::Tally;
use crate::{images, practice};

/// A rule that a request violates.
#[derive(Debug, Clone)]
pub(crate) struct Violation {
    pub(crate) rule: &'static str,
    pub(crate) mode: Mode,
    pub(crate) why: String,
}

/// What could not be decided.
#[derive(Debug, Clone)]
pub(crate) struct Undecided {
    pub(crate) rule: &'static str,
    pub(crate) mode: Mode,
    pub(crate) why: String,
}

/// What rules of our own and about images say together.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) violations: Vec<Violation>,
    pub(crate) undecided: Vec<Undecided>,
    pub(crate) notes: Notes,
}

/// The most that is written out of violations.
const MAX_SAID: usize = 32;

/// What has to be asked for before a review can be judged.
pub fn needs(request: &Request<'_>, settings: &Settings) -> Needs {
    let mut needs = Needs::default();
    if is_exempt(request, settings) || request.operation == Operation::Other {
        return needs;
    }
    if let Some(own) = &settings.pod_security {
        if security::asks_namespace(request, own) && !request.namespace.is_empty() {
            needs.namespace = Some(request.namespace.to_owned());
        }
        if security::asks_pods(request, own) {
            needs.pods = Some(request.called().to_owned());
        }
    }
    if let Some(own) = settings.images.as_ref().filter(|_| settings.asks_registries())
        && is_new(request)
    {
        let all = images::named(request).into_iter().map(|image| image.name);
        needs.images = all.filter(|name| images::may_ask(own, name)).collect();
    }
    needs
}

/// Judges a review.
pub fn judge(
    request: &Request<'_>,
    settings: &Settings,
    facts: &Facts,
    tally: &mut Tally,
) -> Answer {
    if is_exempt(request, settings) {
        tally.exemption(request);
        return Answer::allowed().annotated("exempt", "namespace");
    }
    if request.operation == Operation::Other {
        return Answer::allowed();
    }
    let mut answer = match &settings.pod_security {
        Some(own) => {
            let answer = security::judge(request, own, settings, facts, tally);
            // What is only counted is told nobody.
            if own.mode == Mode::DryRun { Answer::allowed() } else { answer }
        }
        None => Answer::allowed(),
    };
    if is_new(request) {
        let mut found = Found::default();
        practice::judge(request, settings, facts, &mut found);
        images::judge(request, settings, facts, &mut found);
        found.add_to(&mut answer, request, settings, tally);
    }
    answer
}

fn is_exempt(request: &Request<'_>, settings: &Settings) -> bool {
    !request.namespace.is_empty()
        && settings.exempt_namespaces.iter().any(|one| one == request.namespace)
}

/// Whether what runs is another than before, so that it is asked anew.
fn is_new(request: &Request<'_>) -> bool {
    if !request.subresource.is_empty() && request.subresource != "ephemeralcontainers" {
        return false;
    }
    match (request.operation, request.subject()) {
        (Operation::Create, _) => true,
        (Operation::Update, Subject::Pod) => match (request.workload(), request.old_workload()) {
            (Some(new), Some(old)) => security::is_significant(&new.pod, &old.pod),
            _ => true,
        },
        (Operation::Update, Subject::Template) => {
            match (request.workload(), request.old_workload()) {
                (Some(new), Some(old)) => {
                    new.pod.spec != old.pod.spec || annotations(&new) != annotations(&old)
                }
                _ => true,
            }
        }
        (Operation::Update, Subject::Other) => {
            let spec = |node: Option<&plimsoll_kube::manifest::Node>| {
                ["spec", "rules", "subjects", "roleRef", "automountServiceAccountToken"]
                    .map(|field| node.and_then(|node| node.get(field)).cloned())
            };
            spec(request.object) != spec(request.old)
        }
        (Operation::Update, Subject::Namespace) | (Operation::Other, _) => false,
    }
}

fn annotations(workload: &plimsoll_kube::Workload<'_>) -> BTreeSet<(String, String)> {
    let all = workload.pod.annotations();
    all.map(|one| (one.name.to_owned(), one.value.to_owned())).collect()
}

impl Found {
    fn add_to(
        mut self,
        answer: &mut Answer,
        request: &Request<'_>,
        settings: &Settings,
        tally: &mut Tally,
    ) {
        let only_warns =
            request.subject() == Subject::Template && settings.templates == Templates::Warn;
        let soften = |mode: Mode| if only_warns { mode.min(Mode::Warn) } else { mode };
        for one in &self.undecided {
            tally.undecided.push(one.rule);
        }
        let undecided = self.undecided.drain(..).map(|one| {
            // Where it is let in, somebody has to know what was not asked.
            let mode = match settings.failure {
                Failure::Closed => one.mode,
                Failure::Open => one.mode.min(Mode::Warn),
            };
            Violation { rule: one.rule, mode, why: format!("cannot be decided: {}", one.why) }
        });
        let mut all: Vec<Violation> = self.violations.drain(..).chain(undecided).collect();
        for one in &mut all {
            one.mode = soften(one.mode);
            tally.violations.push((one.rule, one.mode));
        }
        let said = |mode: Mode| {
            let of_mode = all.iter().filter(|one| one.mode == mode);
            let texts: Vec<String> =
                of_mode.map(|one| format!("{}: {}", one.rule, one.why)).collect();
            texts
        };
        let refused = said(Mode::Enforce);
        if !refused.is_empty() && answer.allowed {
            let (group, resource) = (request.resource.group, request.resource.name);
            let why = join(&refused);
            answer.status = Some(Status::forbidden(group, resource, request.name, &why));
            answer.allowed = false;
            answer.warnings.clear();
        } else if !refused.is_empty() {
            // Pod Security has refused it in its own words; the rest is for whoever mends it.
            answer.warnings.extend(refused.iter().take(MAX_SAID).cloned());
        }
        if answer.allowed {
            answer.warnings.extend(said(Mode::Warn).into_iter().take(MAX_SAID));
        }
        let audited: Vec<String> =
            [Mode::Enforce, Mode::Warn, Mode::Audit].into_iter().flat_map(said).collect();
        if !audited.is_empty() {
            answer.annotations.insert("violations".into(), join(&audited));
        }
        self.notes.add_to(answer);
    }
}

fn join(all: &[String]) -> String {
    let said = all.iter().take(MAX_SAID).cloned().collect::<Vec<_>>().join("; ");
    match all.len().checked_sub(MAX_SAID) {
        Some(more) if more > 0 => format!("{said}; and {more} more"),
        _ => said,
    }
}
