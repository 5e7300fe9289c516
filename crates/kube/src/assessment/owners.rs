//! What makes what: a pod belongs to the workload that a person wrote.

use std::collections::{HashMap, HashSet};

use crate::manifest::Node;
use crate::object::{Key, Object};

/// How far makers are followed: a pod, its replica set, its deployment, and what made that.
const MAX_STEPS: usize = 8;

/// What is known of makers.
#[derive(Debug, Default)]
pub struct Owners {
    known: HashSet<Key>,
    makers: HashMap<Key, Key>,
}

impl Owners {
    /// Takes note of an object that makes pods.
    pub fn note(&mut self, object: &Object<'_>) {
        if let Some(maker) = maker(object) {
            self.makers.insert(object.key(), maker);
        }
        self.known.insert(object.key());
    }

    /// The first maker in the line of an object that is known; itself where nothing known made it.
    pub fn root(&self, object: &Object<'_>) -> Key {
        let mut root = object.key();
        let mut next = maker(object);
        for _ in 0..MAX_STEPS {
            let Some(maker) = next.filter(|maker| self.known.contains(maker)) else { break };
            next = self.makers.get(&maker).cloned();
            root = maker;
        }
        root
    }
}

/// The controller that an object belongs to.
pub(super) fn maker(object: &Object<'_>) -> Option<Key> {
    let owner = maker_reference(object)?;
    let namespace = object.home().to_owned();
    Some((namespace, owner.text("kind")?.value.to_owned(), owner.text("name")?.value.to_owned()))
}

/// What an object says of the controller that it belongs to.
pub(super) fn maker_reference<'m>(object: &Object<'m>) -> Option<&'m Node> {
    let owners = object.node.get("metadata")?.list("ownerReferences");
    let owner = owners.iter().find(|it| it.boolean("controller").is_some_and(|is| is.value));
    owner.map(|owner| &**owner)
}
