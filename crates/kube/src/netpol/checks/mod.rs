//! What is likely not meant so: checks of network policies, one file each.
//!
//! To add one: write its file, and add its line here.

mod admin;
mod cover;
mod reading;

use std::borrow::Cow;

use plimsoll_model::text::Level;

use super::cluster::Cluster;
use super::network::Network;
use super::policy::{Direction, Place, Policy, Rule as PolicyRule};
use crate::finding::Finding;
use crate::rule::Rule;

/// A check: its page and what finds its violations.
#[derive(Debug)]
pub(super) struct Check {
    rule: Rule,
    check: fn(&Context<'_>, &mut Found),
}

/// What a check sees.
struct Context<'n> {
    network: &'n Network<'n>,
}

impl<'n> Context<'n> {
    fn cluster(&self) -> &'n Cluster {
        self.network.cluster
    }

    /// The policies with their numbers.
    fn policies(&self) -> impl Iterator<Item = (usize, &'n Policy)> {
        self.cluster().policies.iter().enumerate()
    }

    /// The rules that have an effect, with the number of their policy.
    fn effective(
        &self,
        direction: Direction,
    ) -> impl Iterator<Item = (usize, &'n Policy, &'n PolicyRule)> {
        let policies = self.policies().filter(move |(_, policy)| policy.isolates(direction));
        policies.flat_map(move |(number, policy)| {
            policy.rules(direction).iter().map(move |rule| (number, policy, rule))
        })
    }
}

/// Where a check puts what it finds.
struct Found {
    rule: &'static Rule,
    found: Vec<(Place, Finding)>,
}

impl Found {
    fn report(&mut self, place: &Place, message: impl Into<Cow<'static, str>>) {
        self.report_as(self.rule.level, place, message);
    }

    fn report_as(&mut self, level: Level, place: &Place, message: impl Into<Cow<'static, str>>) {
        let finding = Finding::new(self.rule, level, place.span, message);
        self.found.push((place.clone(), finding));
    }
}

/// Makes the modules and their list.
macro_rules! registry {
    ($($module:ident)*) => {
        $(mod $module;)*
        static ALL: &[&Check] = &[$(&$module::CHECK),*];
    };
}

/// The pages of all checks.
pub fn pages() -> impl Iterator<Item = &'static Rule> {
    std::iter::once(&reading::WRONG).chain(ALL.iter().map(|check| &check.rule))
}

/// What all checks find, each with its place; sorted by file and place.
pub fn check(network: &Network<'_>) -> Vec<(Place, Finding)> {
    let mut found = Found { rule: &reading::WRONG, found: Vec::new() };
    for refused in &network.cluster.refused {
        found.report(&refused.place, format!("`{}` {}", refused.path, refused.wrong));
    }
    let context = Context { network };
    for one in ALL {
        found.rule = &one.rule;
        (one.check)(&context, &mut found);
    }
    let mut found = found.found;
    found.sort_by(|(place, one), (other_place, other)| {
        let key = |place: &Place, one: &Finding| (place.manifest, one.span, one.rule.id);
        let files = place.file.cmp(&other_place.file);
        files.then_with(|| key(place, one).cmp(&key(other_place, other)))
    });
    found
}

registry! {
    pn1001
    pn1002
    pn1003
    pn1004
    pn1005
    pn1006
    pn1007
    pn1008
    pn1009
    pn1010
}
