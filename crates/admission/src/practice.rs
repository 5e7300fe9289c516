//! Rules of our own, as `kube lint` asks them.

use plimsoll_kube::{Estate, Object, lint_object};

use crate::containers::{Containers, path};
use crate::exception::{Case, spared};
use crate::facts::Facts;
use crate::judge::{Found, Violation};
use crate::review::Request;
use crate::settings::Settings;

/// Asks the rules that have a mode.
pub(crate) fn judge(request: &Request<'_>, settings: &Settings, facts: &Facts, found: &mut Found) {
    let Some(node) = request.object.filter(|_| !settings.rules.is_empty()) else { return };
    let asked = settings.asked();
    let manifest = request.manifest();
    let object = Object::new(node);
    let workload = request.workload();
    let known = workload.as_ref().map(|workload| Containers::of(&workload.pod));
    for finding in lint_object(&object, manifest, &Estate::default(), &asked.config) {
        let Some(mode) = asked.modes.get(finding.rule.id).copied() else { continue };
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
