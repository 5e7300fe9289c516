//! Rules of our own, as `kube lint` asks them.

use std::collections::BTreeMap;

use plimsoll_kube::manifest::Node;
use plimsoll_kube::{Config, Estate, Family, Object, lint_object, rules};
use plimsoll_model::text::{Level, Span};

use crate::exception::{Case, spared};
use crate::facts::Facts;
use crate::judge::{Found, Violation};
use crate::review::Request;
use crate::settings::Settings;

/// Asks the rules that have a mode.
pub(crate) fn judge(request: &Request<'_>, settings: &Settings, facts: &Facts, found: &mut Found) {
    let Some(node) = request.object.filter(|_| !settings.rules.is_empty()) else { return };
    let mut levels = BTreeMap::new();
    for rule in rules::all() {
        let is_asked = settings.mode_of(&rule.rule).is_some();
        let level = if is_asked { Level::Error } else { Level::Ignore };
        levels.insert(rule.rule.id.to_owned(), level);
    }
    let config =
        Config { only: Some(Family::Practice), levels, unsparing: true, ..Config::default() };
    let manifest = request.manifest();
    let object = Object::new(node);
    let workload = request.workload();
    for finding in lint_object(&object, manifest, &Estate::default(), &config) {
        let Some(mode) = settings.mode_of(finding.rule) else { continue };
        let container = workload.as_ref().and_then(|workload| {
            let mut all = workload.pod.containers.iter();
            all.find(|one| one.node.span.contains(finding.span))
        });
        let containers: Vec<&str> = container.iter().map(|one| one.name).collect();
        let image = container.and_then(|one| one.node.text("image"));
        let case = Case {
            rule: finding.rule.id,
            namespace: request.namespace,
            kind: request.kind.name,
            name: request.called(),
            containers: &containers,
            image: image.map(|image| image.value),
        };
        let answer = spared(&settings.exceptions, &case, facts.now);
        if found.notes.spared(answer, finding.rule.id) {
            continue;
        }
        let place = path(node, finding.span);
        let place = if place.is_empty() { String::new() } else { format!(" ({place})") };
        let why = format!("{}{place}", finding.message);
        found.violations.push(Violation { rule: finding.rule.id, mode, why });
    }
}

/// The way from an object to the place: `spec.containers[0].image`.
fn path(node: &Node, span: Span) -> String {
    let mut path = String::new();
    let mut here = node;
    'down: loop {
        if let Some(mapping) = here.as_mapping() {
            for field in &mapping.fields {
                let is_name = field.name_span.contains(span);
                if is_name || field.value.span.contains(span) {
                    let dot = if path.is_empty() { "" } else { "." };
                    path = format!("{path}{dot}{}", field.name);
                    if is_name {
                        return path;
                    }
                    here = &field.value;
                    continue 'down;
                }
            }
        }
        for (index, item) in here.items().iter().enumerate() {
            if item.span.contains(span) {
                path = format!("{path}[{index}]");
                here = item;
                continue 'down;
            }
        }
        return path;
    }
}
