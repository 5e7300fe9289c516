//! Which role has the word on a tag, and who else signed the same.
//!
//! Source: `tuf/tuf.go` (`WalkTargets`) and `client/reader.go` of theupdateframework/notary;
//! `trust/common.go` of docker/cli.

use std::collections::{BTreeMap, VecDeque};

use super::metadata::{Delegation, FileMeta, TARGETS, Targets};

/// The role whose targets are released, before those of the top.
pub(super) const RELEASES: &str = "targets/releases";

/// A role's metadata, verified.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) role: Delegation,
    pub(super) targets: Targets,
}

/// Every role that could be verified, by name.
#[derive(Debug, Default)]
pub(super) struct Roles(pub(super) BTreeMap<String, Loaded>);

impl Roles {
    /// The first role of the highest of the subtrees `asked` that lists `name`.
    pub(super) fn find<'l>(
        &'l self,
        name: &str,
        asked: &[&str],
    ) -> Option<(&'l str, &'l FileMeta)> {
        asked.iter().find_map(|top| {
            // Other roles that are asked for have a turn of their own.
            let skipped = |role: &str| role != *top && asked.contains(&role);
            self.first(name, top, &skipped)
        })
    }

    /// Every role that may speak for `name` and lists it.
    pub(super) fn all<'l>(&'l self, name: &str) -> Vec<(&'l str, &'l FileMeta)> {
        let mut found = Vec::new();
        self.visit(name, "", &|_| false, &mut |role, file| {
            found.push((role, file));
            false
        });
        found
    }

    /// Roles that list `name` and may not speak for it.
    pub(super) fn presumptuous(&self, name: &str) -> Vec<&str> {
        let lists =
            |it: &&Loaded| it.targets.target(name).is_some() && !it.role.may_speak_for(name);
        self.0.values().filter(lists).map(|it| it.role.name.as_str()).collect()
    }

    fn first<'l>(
        &'l self,
        name: &str,
        top: &str,
        skipped: &dyn Fn(&str) -> bool,
    ) -> Option<(&'l str, &'l FileMeta)> {
        let mut found = None;
        self.visit(name, top, skipped, &mut |role, file| {
            found = Some((role, file));
            true
        });
        found
    }

    /// Goes through the roles in breadth from the top down, and shows each that lists `name` to
    /// `found` until that is content. A role that is passed over hides those below it.
    fn visit<'l>(
        &'l self,
        name: &str,
        top: &str,
        skipped: &dyn Fn(&str) -> bool,
        found: &mut dyn FnMut(&'l str, &'l FileMeta) -> bool,
    ) {
        let below = |role: &str, above: &str| {
            role.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
        };
        let mut waiting: VecDeque<&str> = VecDeque::from([TARGETS]);
        while let Some(role) = waiting.pop_front() {
            let Some(loaded) = self.0.get(role) else { continue };
            let leads_there = below(top, role);
            if !leads_there {
                let within = top.is_empty() || role == top || below(role, top);
                if !within || skipped(role) || !loaded.role.may_speak_for(name) {
                    continue;
                }
                if let Some(file) = loaded.targets.target(name)
                    && found(&loaded.role.name, file)
                {
                    return;
                }
            }
            let children = loaded.targets.delegations(&loaded.role);
            let children = children.iter().filter_map(|it| self.0.get(&it.name));
            waiting.extend(children.map(|it| it.role.name.as_str()));
        }
    }
}

/// Whether what this role lists is released.
pub(super) fn is_released(role: &str) -> bool {
    role == TARGETS || role == RELEASES
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Roles with what each may speak for and what it lists.
    fn roles(all: &[(&str, &[&str], &[&str])]) -> Roles {
        let mut roles = Roles::default();
        for (name, paths, listed) in all {
            let children: Vec<_> = all
                .iter()
                .filter(|(child, ..)| child.rsplit_once('/').is_some_and(|it| it.0 == *name))
                .map(|(child, paths, _)| {
                    json!({"name": child, "paths": paths, "keyids": [], "threshold": 1})
                })
                .collect();
            let files: BTreeMap<_, _> =
                listed.iter().map(|tag| (*tag, json!({"length": 1, "hashes": {}}))).collect();
            let targets = serde_json::from_value(json!({
                "version": 1, "expires": "2030-01-01T00:00:00Z", "targets": files,
                "delegations": {"keys": {}, "roles": children},
            }))
            .expect("targets");
            let paths = paths.iter().map(|it| (*it).to_owned()).collect();
            let mut role = Delegation::top();
            role.name = (*name).into();
            role.paths = paths;
            roles.0.insert((*name).into(), Loaded { role, targets });
        }
        roles
    }

    #[test]
    fn releases_have_the_word_before_the_top_and_others_none_before_either() {
        let roles = roles(&[
            ("targets", &[""], &["top", "both"]),
            ("targets/alice", &[""], &["both", "alice"]),
            ("targets/releases", &["", "v"], &["both", "released"]),
            ("targets/releases/deep", &["v"], &["v1", "w1"]),
        ]);
        let found = |tag: &str, asked: &[&str]| roles.find(tag, asked).map(|it| it.0);
        let docker = [RELEASES, TARGETS];
        assert_eq!(found("both", &docker), Some("targets/releases"));
        assert_eq!(found("top", &docker), Some("targets"));
        assert_eq!(found("v1", &docker), Some("targets/releases/deep"));
        assert_eq!(found("alice", &docker), Some("targets/alice"));
        assert_eq!(found("w1", &docker), None, "it may only speak for names with `v`");
        assert_eq!(found("both", &["targets/alice"]), Some("targets/alice"));
        assert_eq!(found("top", &["targets/alice"]), None);
        assert_eq!(found("v1", &["targets/releases/deep"]), Some("targets/releases/deep"));
        let all: Vec<_> = roles.all("both").into_iter().map(|it| it.0).collect();
        assert_eq!(all, ["targets", "targets/alice", "targets/releases"]);
        assert_eq!(roles.presumptuous("w1"), ["targets/releases/deep"]);
    }
}
