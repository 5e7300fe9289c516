//! Users and groups of a machine and of its containers.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::Text;
use crate::scap::Account;

/// The most of them that are kept.
const MOST: usize = 65_536;

/// A user.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) name: Text,
    pub(crate) home: Text,
    pub(crate) shell: Text,
}

/// Accounts by container, of the machine by the empty name.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    users: HashMap<Box<[u8]>, HashMap<u32, User, RandomState>, RandomState>,
    groups: HashMap<Box<[u8]>, HashMap<u32, Text, RandomState>, RandomState>,
    count: usize,
}

impl Accounts {
    pub(crate) fn add(&mut self, account: Account) {
        match account {
            Account::User { uid, name, home, shell, .. } => {
                self.add_user(b"", uid, [&name, &home, &shell]);
            }
            Account::Group { gid, name } => self.add_group(b"", gid, &name),
        }
    }

    pub(crate) fn add_user(&mut self, container: &[u8], uid: u32, texts: [&[u8]; 3]) {
        // Lines of the name service.
        if self.count >= MOST || matches!(texts[0].first(), Some(b'+' | b'-')) {
            return;
        }
        self.count += 1;
        let [name, home, shell] = texts.map(Text::from);
        let users = self.users.entry(container.into()).or_default();
        users.insert(uid, User { name, home, shell });
    }

    pub(crate) fn add_group(&mut self, container: &[u8], gid: u32, name: &[u8]) {
        if self.count >= MOST || matches!(name.first(), Some(b'+' | b'-')) {
            return;
        }
        self.count += 1;
        self.groups.entry(container.into()).or_default().insert(gid, name.into());
    }

    pub(crate) fn remove_user(&mut self, container: &[u8], uid: u32) {
        self.users.get_mut(container).and_then(|users| users.remove(&uid));
    }

    pub(crate) fn remove_group(&mut self, container: &[u8], gid: u32) {
        self.groups.get_mut(container).and_then(|groups| groups.remove(&gid));
    }

    pub(crate) fn user(&self, container: Option<&str>, uid: u32) -> Option<&User> {
        self.users.get(container.unwrap_or("").as_bytes())?.get(&uid)
    }

    pub(crate) fn group(&self, container: Option<&str>, gid: u32) -> Option<&Text> {
        self.groups.get(container.unwrap_or("").as_bytes())?.get(&gid)
    }
}
