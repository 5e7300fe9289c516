//! What is in a base image: facts of the official ones, and the same drawn from a real one.
//!
//! A [`Base`] says only what is known: each field may be absent, and no rule may conclude anything
//! from an absent one. The shipped facts stand in `facts/*.toml`, each with its day and its
//! source; they are read once, when first asked for. A derived image (`node:20-alpine3.20`) takes
//! what it inherits from the facts of the image below it (`alpine:3.20`).
//!
//! Format of the facts: the types of `facts.rs`.

mod facts;
mod lifecycle;
mod measured;
mod name;

use std::collections::BTreeSet;

use plimsoll_model::{Platform, Timestamp};
use serde::{Deserialize, Serialize};

pub use facts::{FactsError, Family, all, known};
pub use lifecycle::{Lifecycles, Product, Release, lifecycles};
pub use measured::MeasuredRoot;
pub use name::BaseName;
pub(crate) use name::compare_versions;

/// What installs packages in an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PackageManager {
    /// Alpine, Wolfi.
    Apk,
    /// Debian, Ubuntu.
    Apt,
    /// Fedora, RHEL and their kin.
    Dnf,
    /// The small dnf of minimal images.
    Microdnf,
    /// RHEL up to 7, Amazon Linux 2.
    Yum,
    /// openSUSE, SLES.
    Zypper,
    /// Arch.
    Pacman,
    /// There is none.
    None,
}

impl PackageManager {
    /// The command that people type; `none` where there is none.
    pub fn name(self) -> &'static str {
        match self {
            Self::Apk => "apk",
            Self::Apt => "apt",
            Self::Dnf => "dnf",
            Self::Microdnf => "microdnf",
            Self::Yum => "yum",
            Self::Zypper => "zypper",
            Self::Pacman => "pacman",
            Self::None => "none",
        }
    }
}

/// The C library of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Libc {
    /// GNU's, of most distributions.
    Glibc,
    /// Alpine's.
    Musl,
    /// Of some embedded systems and one variant of busybox.
    Uclibc,
    /// There is none: only static programs run.
    None,
}

impl Libc {
    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Glibc => "glibc",
            Self::Musl => "musl",
            Self::Uclibc => "uclibc",
            Self::None => "none",
        }
    }
}

/// Which program `/bin/sh` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Shell {
    /// Of `busybox`.
    Ash,
    /// Debian's.
    Dash,
    /// GNU's.
    Bash,
    /// There is a `/bin/sh`, of an unknown kind.
    Other,
    /// There is no `/bin/sh`: `RUN`, and `CMD` in shell form, fail.
    None,
}

impl Shell {
    /// As people write it; `none` where there is none.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ash => "ash",
            Self::Dash => "dash",
            Self::Bash => "bash",
            Self::Other => "sh",
            Self::None => "none",
        }
    }
}

/// The shells of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellFact {
    /// What `/bin/sh` is.
    pub kind: Shell,
    /// Paths of shells that are known, sorted.
    pub paths: Vec<String>,
}

impl ShellFact {
    /// Whether there is a `/bin/sh`.
    pub fn exists(&self) -> bool {
        self.kind != Shell::None
    }
}

/// A user or a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// Name.
    pub name: String,
    /// Number.
    pub id: u32,
}

/// The distribution of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// `ID` of os-release: `debian`, `alpine`.
    pub id: String,
    /// Release, as far as known: `12`, `3.20`.
    pub version: Option<String>,
}

impl std::fmt::Display for Distribution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.id)?;
        match &self.version {
            Some(version) => write!(f, " {version}"),
            None => Ok(()),
        }
    }
}

/// Which commands can be called without a path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandFacts {
    /// Surely there.
    pub present: BTreeSet<String>,
    /// Surely not there.
    pub absent: BTreeSet<String>,
    /// Whether what is not `present` is absent.
    pub complete: bool,
}

impl CommandFacts {
    fn add(&mut self, name: &str) {
        self.absent.remove(name);
        self.present.insert(name.to_owned());
    }

    fn deny(&mut self, name: &str) {
        self.present.remove(name);
        self.absent.insert(name.to_owned());
    }
}

/// Bytes of an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// As a registry holds and sends it.
    pub compressed: Option<u64>,
    /// On disk.
    pub unpacked: Option<u64>,
}

/// When fixes end, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifetime {
    /// `Debian 12`, `Node.js 20`.
    pub of: String,
    /// The last day of regular support.
    pub end: Timestamp,
    /// The last day of support that goes on in the same package source at no cost.
    pub extended: Option<Timestamp>,
}

impl Lifetime {
    /// The last day on which fixes come at no cost.
    pub fn last_day(&self) -> Timestamp {
        self.extended.map_or(self.end, |extended| extended.max(self.end))
    }
}

/// A base image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The reference as people write it: `node:20-alpine`.
    pub name: String,
    /// Its distribution.
    pub distro: Option<Distribution>,
    /// What installs packages in it.
    pub package_manager: Option<PackageManager>,
    /// Its C library.
    pub libc: Option<Libc>,
    /// Its shells.
    pub shell: Option<ShellFact>,
    /// `USER`; `root` where the image names none.
    pub user: Option<String>,
    /// Users known to be there.
    pub users: Vec<Account>,
    /// Groups known to be there.
    pub groups: Vec<Account>,
    /// Whether there are no users and groups but these, those of the distribution aside.
    pub accounts_complete: bool,
    /// The names of all packages of the distribution, where all are known.
    pub installed: Option<BTreeSet<String>>,
    /// Packages that are surely not installed, though a command of their name is there.
    pub without_packages: BTreeSet<String>,
    /// Commands.
    pub commands: CommandFacts,
    /// `WORKDIR`.
    pub workdir: Option<String>,
    /// `ENTRYPOINT`; empty where the image has none.
    pub entrypoint: Option<Vec<String>>,
    /// `CMD`; empty where the image has none.
    pub cmd: Option<Vec<String>>,
    /// What it is made for, where it was read from the image.
    pub platform: Option<Platform>,
    /// Bytes, of linux/amd64 and about right where they are shipped facts.
    pub size: Size,
    /// The day on which the sizes were true, where it is not `as_of`.
    pub size_as_of: Option<Timestamp>,
    /// How many packages of the distribution are installed.
    pub packages: Option<u64>,
    /// When fixes end: of the product of the image and of its distribution, soonest first.
    pub lifetimes: Vec<Lifetime>,
    /// The soonest of `lifetimes`: the day after which something in it gets no regular fix.
    pub end_of_life: Option<Timestamp>,
    /// The day on which all this was true; for a measured image, of its making where known.
    pub as_of: Option<Timestamp>,
    /// Where it was read: the address of the Dockerfile or page, or the image itself.
    pub source: String,
    /// Whether it was drawn from a real image rather than from shipped facts.
    pub measured: bool,
}

impl Base {
    /// A base of which nothing is known.
    fn empty(name: &str, source: &str) -> Self {
        Self {
            name: name.to_owned(),
            distro: None,
            package_manager: None,
            libc: None,
            shell: None,
            user: None,
            users: Vec::new(),
            groups: Vec::new(),
            accounts_complete: false,
            installed: None,
            without_packages: BTreeSet::new(),
            commands: CommandFacts::default(),
            workdir: None,
            entrypoint: None,
            cmd: None,
            platform: None,
            size: Size::default(),
            size_as_of: None,
            packages: None,
            lifetimes: Vec::new(),
            end_of_life: None,
            as_of: None,
            source: source.to_owned(),
            measured: false,
        }
    }

    /// Whether a command is there: `None` where nobody knows. A path is judged by its last part.
    pub fn has_command(&self, name: &str) -> Option<bool> {
        let name = name.rsplit('/').next().unwrap_or(name);
        if name.is_empty() {
            return None;
        }
        if self.commands.present.contains(name) {
            return Some(true);
        }
        if self.commands.absent.contains(name) || self.commands.complete {
            return Some(false);
        }
        match (name, &self.shell) {
            ("sh", Some(shell)) => Some(shell.exists()),
            _ => None,
        }
    }

    /// Whether a package of the distribution is installed: `None` where nobody knows.
    ///
    /// A package has a command of its own name, so where that is absent, it is too. The official
    /// images on Alpine remove the groups of `apk add --virtual` that they build with.
    pub fn has_package(&self, name: &str) -> Option<bool> {
        if let Some(installed) = &self.installed {
            return Some(installed.contains(name));
        }
        let is_build_group = self.package_manager == Some(PackageManager::Apk)
            && [".build-deps", ".build-dependencies", ".fetch-deps"].contains(&name);
        let is_absent = is_build_group
            || self.without_packages.contains(name)
            || self.commands.absent.contains(name);
        is_absent.then_some(false)
    }

    /// The user of a number.
    pub fn user_with_id(&self, id: u32) -> Option<&Account> {
        self.users.iter().find(|account| account.id == id)
    }

    /// The group of a number.
    pub fn group_with_id(&self, id: u32) -> Option<&Account> {
        self.groups.iter().find(|account| account.id == id)
    }

    /// The user of a name.
    pub fn user_named(&self, name: &str) -> Option<&Account> {
        self.users.iter().find(|account| account.name == name)
    }

    /// The group of a name.
    pub fn group_named(&self, name: &str) -> Option<&Account> {
        self.groups.iter().find(|account| account.name == name)
    }

    /// Whether its processes run as root unless told otherwise.
    pub fn is_root_by_default(&self) -> Option<bool> {
        let user = self.user.as_deref()?;
        let name = user.split(':').next().unwrap_or(user);
        match name.parse::<u32>() {
            Ok(id) => Some(id == 0),
            Err(_) if name.is_empty() || name == "root" => Some(true),
            Err(_) => Some(self.user_named(name).is_some_and(|account| account.id == 0)),
        }
    }

    /// Whether something in it has got no fix at any cost-free source since before `today`.
    pub fn has_ended(&self, today: Timestamp) -> Option<bool> {
        let soonest = self.lifetimes.iter().map(Lifetime::last_day).min()?;
        Some(soonest < today)
    }

    /// Takes over when the products of an image end, from its facts: a root file system says what
    /// distribution it is, and not which language it is for.
    pub fn take_lifetimes(&mut self, facts: &Self) {
        let own = |lifetime: &&Lifetime| {
            let product = |of: &str| of.rsplit_once(' ').map(|(name, _)| name.to_owned());
            !self.lifetimes.iter().any(|known| product(&known.of) == product(&lifetime.of))
        };
        let new: Vec<Lifetime> = facts.lifetimes.iter().filter(own).cloned().collect();
        for lifetime in new {
            self.add_lifetime(lifetime);
        }
    }

    fn add_lifetime(&mut self, lifetime: Lifetime) {
        self.lifetimes.push(lifetime);
        self.lifetimes.sort_by_key(|lifetime| lifetime.end);
        self.end_of_life = self.lifetimes.first().map(|lifetime| lifetime.end);
    }
}

/// Puts an account into a list sorted by number; one of the same name gives way.
fn put_account(accounts: &mut Vec<Account>, name: &str, id: u32) {
    accounts.retain(|account| account.name != name);
    accounts.push(Account { name: name.to_owned(), id });
    accounts.sort_by_key(|account| account.id);
}

#[cfg(test)]
mod tests;
