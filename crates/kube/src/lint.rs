//! One file through all rules.

use std::borrow::Cow;
use std::collections::BTreeSet;

use plimsoll_model::text::Level;

use crate::config::{Config, Family};
use crate::estate::{Estate, wrong_labels};
use crate::finding::{Finding, Findings};
use crate::manifest::{Manifest, Problem};
use crate::object::{Object, objects};
use crate::pss::{self, Policy, Profile};
use crate::rules::{self, Context, reading};
use crate::workload::Workload;

/// The annotation by which an object is spared rules of our own.
///
/// The API server heeds no such word, so the checks of the Pod Security Standards do not either.
pub const IGNORE: &str = "plimsoll/ignore";

/// Judges a manifest.
///
/// First stands what could not be read, then object by object what its pods violate: of the Pod
/// Security Standards in Kubernetes' order, of our own rules by place.
pub fn lint(manifest: &Manifest, estate: &Estate, config: &Config) -> Vec<Finding> {
    let (objects, nested) = objects(manifest);
    let mut found = Vec::new();
    add_problems(manifest.problems.iter().chain(&nested), config, &mut found);
    for object in objects {
        let workload = Workload::new(object, &manifest.source);
        judge(&object, workload.as_ref(), manifest, estate, config, &mut found);
    }
    found
}

/// Judges one object of a manifest: by what stands in it and in the estate.
pub fn lint_object(
    object: &Object<'_>,
    manifest: &Manifest,
    estate: &Estate,
    config: &Config,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let workload = Workload::new(*object, &manifest.source);
    judge(object, workload.as_ref(), manifest, estate, config, &mut found);
    found
}

fn judge(
    object: &Object<'_>,
    workload: Option<&Workload<'_>>,
    manifest: &Manifest,
    estate: &Estate,
    config: &Config,
    found: &mut Vec<Finding>,
) {
    // What a pod on its own has is looked at with the pod.
    if workload.is_none_or(|workload| !workload.pod.path.is_empty()) {
        add_problems(&object.problems(), config, found);
    }
    if let Some(workload) = workload {
        add_problems(&workload.pod.problems, config, found);
    }
    if config.asks(Family::Pss) {
        for (span, message) in wrong_labels(object) {
            add(&reading::LABEL, span, message, config, found);
        }
        if let Some(workload) = workload {
            add_pss(workload, estate, config, found);
        }
    }
    if config.asks(Family::Practice) {
        let spared = if config.unsparing { Vec::new() } else { spared(object) };
        let context = Context { manifest, object: *object, workload, estate };
        let before = found.len();
        for rule in rules::all() {
            let level = config.level(&rule.rule).unwrap_or(rule.rule.level);
            let is_spared = || spared.iter().any(|name| rule.rule.is_called(name));
            if level > Level::Ignore && !is_spared() {
                (rule.check)(&context, &mut Findings { rule: &rule.rule, level, found });
            }
        }
        if let Some(own) = found.get_mut(before..) {
            own.sort_by_key(|one| (one.span, one.rule.id));
        }
    }
}

/// Which policies a workload is judged by, and how much each counts: what the caller asks, else
/// what the namespace asks, else both profiles.
fn policies(
    workload: &Workload<'_>,
    estate: &Estate,
    config: &Config,
) -> [Option<(Policy, Level)>; 3] {
    let own = |profile| Policy { profile, version: config.version };
    if let Some(profile) = config.profile {
        return [Some((own(profile), Level::Error)), None, None];
    }
    match estate.modes(&workload.object) {
        Some(modes) => [
            Some((modes.enforce, Level::Error)),
            Some((modes.warn, Level::Warning)),
            Some((modes.audit, Level::Info)),
        ],
        None => [
            Some((own(Profile::Baseline), Level::Error)),
            Some((own(Profile::Restricted), Level::Warning)),
            None,
        ],
    }
}

fn add_pss(workload: &Workload<'_>, estate: &Estate, config: &Config, found: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    for (policy, level) in policies(workload, estate, config).into_iter().flatten() {
        for (check, forbidden) in pss::evaluate(&workload.pod, policy) {
            let level = config.level(&check.rule).unwrap_or(level);
            if level == Level::Ignore || !seen.insert((check.rule.id, forbidden.detail.clone())) {
                continue;
            }
            let mut places = forbidden.offences.iter();
            let Some(first) = places.next() else { continue };
            let mut finding = Finding::new(&check.rule, level, first.span, forbidden.message());
            let also: BTreeSet<_> = places.map(|place| place.span).collect();
            let also = also.into_iter().filter(|span| *span != first.span);
            finding.related = also.map(|span| (span, Cow::Borrowed("and here"))).collect();
            finding.fix = forbidden.fix;
            found.push(finding);
        }
    }
}

fn add_problems<'p>(
    problems: impl IntoIterator<Item = &'p Problem>,
    config: &Config,
    found: &mut Vec<Finding>,
) {
    for problem in problems {
        // The standards judge what can be read as the API server reads it.
        if problem.kind.is_readable() && !config.asks(Family::Practice) {
            continue;
        }
        let before = found.len();
        let rule = reading::rule(&problem.kind);
        add(rule, problem.span, problem.kind.to_string(), config, found);
        if let Some(finding) = found.get_mut(before) {
            finding.related.extend(problem.related.map(|span| (span, "it stands here".into())));
        }
    }
}

fn add(
    rule: &'static crate::Rule,
    span: plimsoll_model::text::Span,
    message: String,
    config: &Config,
    found: &mut Vec<Finding>,
) {
    let level = config.level(rule).unwrap_or(rule.level);
    if level > Level::Ignore {
        found.push(Finding::new(rule, level, span, message));
    }
}

/// The rules that an object asks to be spared.
fn spared<'m>(object: &Object<'m>) -> Vec<&'m str> {
    let annotations = object.node.at(&["metadata", "annotations"]);
    let names = annotations.and_then(|all| all.text(IGNORE)).map_or("", |names| names.value);
    names.split([',', ' ', '\n']).filter(|name| !name.is_empty()).collect()
}
