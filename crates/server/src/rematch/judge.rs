//! Components against the advisories, without any image.

use std::collections::HashMap;

use plimsoll_advisory::database::Database;
use plimsoll_advisory::matching::{Declared, match_inventory};
use plimsoll_model::Inventory;

use crate::catalogue::Component;
use crate::error::Result;
use crate::store::findings::Content;

/// What the advisories say of a component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judged {
    /// Its findings.
    pub findings: Vec<Content>,
    /// Ids of advisories of which nobody can say whether they apply, and why.
    pub undecided: Vec<(String, String)>,
}

/// What the advisories say of each of these components, in their order.
pub fn judge(components: &[Component], database: &Database) -> Result<Vec<Judged>> {
    let mut judged = vec![Judged::default(); components.len()];
    let mut groups: HashMap<_, Vec<usize>> = HashMap::new();
    for (at, component) in components.iter().enumerate().filter(|(_, it)| it.judged) {
        groups.entry(&component.release).or_default().push(at);
    }
    for members in groups.into_values() {
        let of = |at: &usize| components.get(*at);
        let inventory = Inventory {
            distro: members.first().and_then(of).and_then(Component::distro),
            packages: members.iter().filter_map(of).map(Component::package).collect(),
            ..Inventory::default()
        };
        let matches = match_inventory(&inventory, database, Declared::Counts)?;
        for finding in &matches.findings {
            let at = usize::try_from(finding.package.index).ok().and_then(|at| members.get(at));
            if let Some(judged) = at.and_then(|at| judged.get_mut(*at)) {
                judged.findings.push(Content::of(finding));
            }
        }
        for at in matches.undecided.iter().filter(|it| !it.advisory.is_empty()) {
            for member in &members {
                let same = components
                    .get(*member)
                    .is_some_and(|it| it.name == at.package && it.version == at.version);
                if let Some(judged) = judged.get_mut(*member).filter(|_| same) {
                    judged.undecided.push((at.advisory.clone(), at.why.clone()));
                }
            }
        }
    }
    Ok(judged)
}
