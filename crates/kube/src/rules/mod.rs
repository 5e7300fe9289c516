//! Rules of our own, one file each: what other linters of workloads ask as well.
//!
//! To add one: write its file, and add its line here.

mod ingress;
pub(crate) mod reading;
mod right;
pub(crate) mod secret;

use crate::estate::Estate;
use crate::finding::Findings;
use crate::manifest::Manifest;
use crate::object::Object;
use crate::pod::{Container, Sort};
use crate::pss;
use crate::rule::Rule;
use crate::workload::Workload;

/// A rule of our own: its page and what finds its violations.
#[derive(Debug)]
pub struct Practice {
    /// Its page.
    pub rule: Rule,
    /// Finds its violations in one object.
    pub check: fn(&Context<'_>, &mut Findings<'_>),
}

/// What a rule sees.
#[derive(Debug)]
pub struct Context<'a> {
    /// The file.
    pub manifest: &'a Manifest,
    /// The object that is judged.
    pub object: Object<'a>,
    /// The same as one that makes pods, where it is.
    pub workload: Option<&'a Workload<'a>>,
    /// What all files say together.
    pub estate: &'a Estate,
}

impl<'a> Context<'a> {
    /// The containers that run for as long as the pod: init containers that end are left out.
    pub fn lasting(&self) -> impl Iterator<Item = &'a Container<'a>> {
        self.containers().filter(|one| {
            let restarts = || one.node.text("restartPolicy");
            match one.sort {
                Sort::Regular => true,
                Sort::Init => restarts().is_some_and(|policy| policy.value == "Always"),
                Sort::Ephemeral => false,
            }
        })
    }

    /// All containers but ephemeral ones, which nobody writes into a manifest.
    pub fn containers(&self) -> impl Iterator<Item = &'a Container<'a>> {
        let all = self.workload.into_iter().flat_map(|workload| &workload.pod.containers);
        all.filter(|one| one.sort != Sort::Ephemeral)
    }
}

/// Makes the modules and their list.
macro_rules! registry {
    ($($module:ident)*) => {
        $(mod $module;)*
        static ALL: &[&Practice] = &[$(&$module::RULE),*];
    };
}

/// All rules of our own.
pub fn all() -> impl Iterator<Item = &'static Practice> {
    ALL.iter().copied()
}

/// The pages of all rules: of reading, of the Pod Security Standards, and of our own.
pub fn pages() -> impl Iterator<Item = &'static Rule> {
    let standards = pss::all().map(|check| &check.rule);
    reading::ALL.iter().copied().chain(standards).chain(all().map(|one| &one.rule))
}

/// The page of the rule of that id or alias, in any case.
pub fn named(name: &str) -> Option<&'static Rule> {
    pages()
        .find(|rule| rule.id.eq_ignore_ascii_case(name))
        .or_else(|| pages().find(|rule| rule.is_called(name)))
}

registry! {
    pk1001
    pk1002
    pk1003
    pk1004
    pk2001
    pk2002
    pk2003
    pk2004
    pk2005
    pk2006
    pk2007
    pk3001
    pk3002
    pk3003
    pk3004
    pk3005
    pk3006
    pk3007
    pk3008
    pk3009
    pk3010
    pk4001
    pk4002
    pk4003
    pk4004
    pk4005
    pk4006
    pk4007
    pk5001
    pk5002
    pk5003
    pk5004
    pk5005
    pk5006
    pk5007
    pk5008
    pk5009
    pk6001
    pk6002
    pk6003
    pk6004
    pk6005
    pk6006
    pk6007
    pk6008
    pk6009
    pk6010
}
