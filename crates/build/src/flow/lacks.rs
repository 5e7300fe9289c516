//! What a stage surely does not have: a command, a user, a group.
//!
//! "Surely" is: the base is known not to have it, nothing before the instruction is of unknown
//! effect, each package that was installed is known not to bring it, and nothing names it.

use crate::bases::{Base, PackageManager};

use super::event::{Effect, Opaque};
use super::packages::{Manager, manager_called};
use super::paths::base_name;
use super::programs::{is_system, makes_no_account, surely_without};
use super::{Flow, paths};

impl Flow {
    /// Whether a command is surely not there when an instruction of the stage is reached. With an
    /// `instruction` behind the last one, at the end.
    pub fn lacks_command(&self, stage: usize, instruction: usize, command: &str) -> bool {
        let Some(base) = self.base(stage) else { return false };
        let name = base_name(command);
        let in_folder = command.rsplit_once('/').map(|(folder, _)| folder);
        if in_folder.is_some_and(|folder| !paths::COMMAND_FOLDERS.contains(&folder))
            || name.is_empty()
            || !base_lacks(base, name)
        {
            return false;
        }
        let is_system = is_system(name);
        let is_foreign_manager = manager_called(name).is_some();
        self.events_before(stage, instruction).all(|event| match &event.effect {
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
    pub fn lacks_user(&self, stage: usize, instruction: usize, user: &str) -> bool {
        let known = |base: &Base| base.user_named(user).is_some();
        self.lacks_account(stage, instruction, user, known, |new| !new.group && new.name == user)
    }

    /// Whether there is surely no group of that name.
    pub fn lacks_group(&self, stage: usize, instruction: usize, group: &str) -> bool {
        let known = |base: &Base| base.group_named(group).is_some();
        self.lacks_account(stage, instruction, group, known, |new| {
            new.name == group && (new.group || new.own_group)
        })
    }

    fn lacks_account(
        &self,
        stage: usize,
        instruction: usize,
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
        self.events_before(stage, instruction).all(|event| match &event.effect {
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
