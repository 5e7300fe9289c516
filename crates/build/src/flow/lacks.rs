//! What a stage surely does not have: a command, a user, a group.
//!
//! "Surely" is: the base is known not to have it, nothing before the instruction is of unknown
//! effect, each package that was installed is known not to bring it, and nothing names it.

use crate::bases::{Base, PackageManager, ShellFact};

use super::event::{Effect, Event, Opaque};
use super::packages::{Manager, manager_called};
use super::paths::base_name;
use super::programs::{is_system, makes_no_account, surely_without};
use super::{Flow, paths};

/// Up to where the events of a stage count.
#[derive(Debug, Clone, Copy)]
pub enum Until<'e> {
    /// Those of the instructions before this one.
    Instruction(usize),
    /// Those before this one.
    Event(&'e Event),
    /// All.
    End,
}

impl Flow {
    /// The events of a stage and of those that it is built on, up to a place.
    pub fn events_until<'f>(
        &'f self,
        stage: usize,
        until: Until<'f>,
    ) -> impl Iterator<Item = &'f Event> + Clone {
        self.events(stage).take_while(move |event| match until {
            Until::Instruction(instruction) => event.instruction < instruction,
            Until::Event(end) => !std::ptr::eq(*event, end),
            Until::End => true,
        })
    }

    /// Whether a command is surely not there.
    pub fn lacks_command(&self, stage: usize, until: Until<'_>, command: &str) -> bool {
        let Some(base) = self.base(stage) else { return false };
        let name = base_name(command);
        let in_folder = command.rsplit_once('/').map(|(folder, _)| folder);
        if in_folder.is_some_and(|folder| !paths::COMMAND_FOLDERS.contains(&folder))
            || name.is_empty()
            || BUILTINS.contains(&name) && base.shell.as_ref().is_none_or(ShellFact::exists)
            || !base_lacks(base, name)
        {
            return false;
        }
        let is_system = is_system(name);
        let is_foreign_manager = manager_called(name).is_some();
        self.events_until(stage, until).all(|event| match &event.effect {
            Effect::Opaque(Opaque::All | Opaque::Commands) => {
                is_foreign_manager && base.shell.is_some()
            }
            Effect::Opaque(Opaque::Tools) => is_system,
            Effect::Install { package, .. } => {
                is_foreign_manager && package != name || is_system && surely_without(package, name)
            }
            Effect::Write { path, .. } => base_name(path) != name,
            _ => true,
        })
    }

    /// Whether there is surely no user of that name or number.
    pub fn lacks_user(&self, stage: usize, until: Until<'_>, user: &str) -> bool {
        let known = |base: &Base| base.user_named(user).is_some();
        self.lacks_account(stage, until, user, known, |new| !new.group && new.name == user)
    }

    /// Whether there is surely no group of that name.
    pub fn lacks_group(&self, stage: usize, until: Until<'_>, group: &str) -> bool {
        let known = |base: &Base| base.group_named(group).is_some();
        self.lacks_account(stage, until, group, known, |new| {
            new.name == group && (new.group || new.own_group)
        })
    }

    /// Whether a package, or a name of `apk add --virtual`, surely was never there.
    pub fn never_had_package(
        &self,
        stage: usize,
        until: Until<'_>,
        manager: Manager,
        name: &str,
    ) -> bool {
        let Some(base) = self.base(stage).filter(|base| base.has_package(name) == Some(false))
        else {
            return false;
        };
        let of_base = match base.package_manager {
            Some(PackageManager::Apk) => manager == Manager::Apk,
            Some(PackageManager::Apt) => manager == Manager::Apt,
            _ => false,
        };
        // A name that starts with a dot is one of `--virtual`, which nothing else brings.
        let is_virtual = manager == Manager::Apk && name.starts_with('.');
        of_base
            && self.events_until(stage, until).all(|event| match &event.effect {
                Effect::Opaque(Opaque::All) => false,
                Effect::Install { package, group, .. } => {
                    package != name
                        && group.as_deref() != Some(name)
                        && (is_virtual || is_system(name) && surely_without(package, name))
                }
                _ => true,
            })
    }

    fn lacks_account(
        &self,
        stage: usize,
        until: Until<'_>,
        name: &str,
        known: impl Fn(&Base) -> bool,
        makes: impl Fn(&super::NewAccount) -> bool,
    ) -> bool {
        let Some(base) = self.base(stage).filter(|base| base.accounts_complete) else {
            return false;
        };
        if known(base) || !base.measured && DISTRIBUTIONS.contains(&name) {
            return false;
        }
        self.events_until(stage, until).all(|event| match &event.effect {
            Effect::Opaque(Opaque::All) | Effect::OtherAccounts => false,
            Effect::Install { package, .. } => makes_no_account(package),
            Effect::Account(new) => !makes(new),
            _ => true,
        })
    }
}

/// Whether the base itself has no such command.
fn base_lacks(base: &Base, name: &str) -> bool {
    if let Some(has) = base.has_command(name) {
        return !has;
    }
    // An image has one package manager, unless it was built to have several.
    let (Some(manager), Some(own)) = (manager_called(name), base.package_manager) else {
        return false;
    };
    let own = match own {
        PackageManager::Apk => Some(Manager::Apk),
        PackageManager::Apt => Some(Manager::Apt),
        PackageManager::Dnf | PackageManager::Microdnf | PackageManager::Yum => Some(Manager::Dnf),
        PackageManager::Zypper => Some(Manager::Zypper),
        PackageManager::Pacman | PackageManager::None => None,
    };
    own != Some(manager)
}

/// What a shell does itself.
const BUILTINS: &[&str] = &[
    ".", ":", "[", "alias", "bg", "break", "builtin", "cd", "command", "continue", "declare",
    "echo", "eval", "exec", "exit", "export", "false", "fg", "getopts", "hash", "jobs", "kill",
    "let", "local", "popd", "printf", "pushd", "pwd", "read", "readonly", "return", "set", "shift",
    "shopt", "source", "test", "time", "times", "trap", "true", "type", "typeset", "ulimit",
    "umask", "unalias", "unset", "wait",
];

/// Accounts that distributions come with in one release and not in the next, whatever the shipped
/// facts say.
const DISTRIBUTIONS: &[&str] = &[
    "_apt",
    "adm",
    "at",
    "audio",
    "backup",
    "bin",
    "cdrom",
    "cron",
    "cyrus",
    "daemon",
    "dialout",
    "disk",
    "floppy",
    "ftp",
    "games",
    "gnats",
    "guest",
    "halt",
    "input",
    "irc",
    "kmem",
    "kvm",
    "list",
    "lp",
    "lpd",
    "mail",
    "man",
    "messagebus",
    "netdev",
    "news",
    "nobody",
    "nogroup",
    "ntp",
    "operator",
    "ping",
    "postmaster",
    "proxy",
    "readproc",
    "render",
    "root",
    "sasl",
    "shadow",
    "shutdown",
    "smmsp",
    "squid",
    "src",
    "sshd",
    "ssh",
    "staff",
    "sudo",
    "svn",
    "sync",
    "sys",
    "systemd-journal",
    "systemd-network",
    "systemd-resolve",
    "systemd-timesync",
    "tape",
    "tty",
    "ubuntu",
    "users",
    "utmp",
    "uucp",
    "video",
    "voice",
    "vpopmail",
    "wheel",
    "www-data",
    "xfs",
];
