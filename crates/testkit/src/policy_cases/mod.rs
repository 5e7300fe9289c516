//! Signatures under certificates and in logs, each with a requirement of `containers-policy.json`
//! and the verdict that is due: one table for every program that judges such policies.
//!
//! Authorities, logs and signers are made anew each time; no service is asked.

mod authorities;
mod draft;
mod fulcio;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use draft::{Draft, World};

/// A signature, what is demanded of it, and the verdict.
#[derive(Debug, Clone)]
pub struct PolicyCase {
    /// What is peculiar to it.
    pub name: String,
    /// The requirement, for a list in `policy.json`.
    pub requirement: Value,
    /// What is signed.
    pub payload: Vec<u8>,
    /// What stands beside it.
    pub annotations: BTreeMap<String, String>,
    /// Whether containers/image accepts it.
    pub allowed: bool,
}

/// Every case; `reference` names the image of each by its number, `digest` is that of its manifest.
pub fn policy_cases(reference: impl Fn(usize) -> String, digest: &str) -> Vec<PolicyCase> {
    let mut table = Table { world: World::new(), reference, digest, cases: Vec::new() };
    table.fulcio();
    table.logged_keys();
    table.own_authority();
    table.cases
}

struct Table<'d, R> {
    world: World,
    reference: R,
    digest: &'d str,
    cases: Vec<PolicyCase>,
}

type Bend = for<'w> fn(&'w World, &mut Value, &mut Draft<'w>);

impl<R: Fn(usize) -> String> Table<'_, R> {
    fn add(
        &mut self,
        name: String,
        allowed: bool,
        mut requirement: Value,
        begin: Bend,
        bend: Bend,
    ) {
        let world = &self.world;
        let mut draft = Draft::new(world, (self.reference)(self.cases.len()), self.digest);
        begin(world, &mut requirement, &mut draft);
        bend(world, &mut requirement, &mut draft);
        requirement["type"] = json!("sigstoreSigned");
        let (payload, annotations) = draft.make(world);
        self.cases.push(PolicyCase { name, requirement, payload, annotations, allowed });
    }
}
