//! Rules of our own, as `kube lint` asks them.

use std::collections::BTreeMap;

use plimsoll_kube::{Config, Estate, Family, Object, lint_object, rules};
use plimsoll_model::text::Level;

use crate::containers::{Containers, path};
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
    let known = workload.as_ref().map(|workload| Containers::of(&workload.pod));
    for finding in lint_object(&object, manifest, &Estate::default(), &config) {
        let Some(mode) = settings.mode_of(finding.rule) else { continue };
        let container = known.as_ref().and_then(|known| known.at(finding.span));
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
