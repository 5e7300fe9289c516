//! What a command of a package manager does, by its subcommand.

use crate::context::Commands;
use crate::script::Program;
use crate::shell::Invocation;

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// It fetches the lists of packages.
    Update,
    /// It replaces all packages by newer ones.
    Upgrade,
    /// It replaces all packages and may remove some.
    DistUpgrade,
    /// It needs the lists: installs, downloads, builds.
    Use,
}

/// What the command does; `None` where it is no package manager, or does something else.
pub(super) fn action(program: &Invocation<'_>) -> Option<Action> {
    let values = ["o", "option", "c", "t", "target-release", "X", "repository", "setopt"];
    let operands = program.operands_after(&values);
    let (word, rest) = operands.split_first()?;
    let alone = rest.is_empty();
    Some(match (program.program(), &*word.text) {
        ("apt-get" | "apt" | "aptitude", "update") => Action::Update,
        ("apt-get" | "apt" | "aptitude", "upgrade" | "safe-upgrade") => Action::Upgrade,
        ("apt-get" | "apt" | "aptitude", "dist-upgrade" | "full-upgrade") => Action::DistUpgrade,
        ("apk", "update") => Action::Update,
        ("apk", "upgrade") if alone => Action::Upgrade,
        ("zypper", "refresh" | "ref") => Action::Update,
        ("zypper", "update" | "up") if alone => Action::Upgrade,
        ("yum" | "dnf" | "microdnf" | "tdnf", "makecache" | "check-update") => Action::Update,
        ("yum" | "dnf" | "microdnf" | "tdnf", "update" | "upgrade") if alone => Action::Upgrade,
        (
            "apt-get" | "apt" | "aptitude" | "apk" | "zypper" | "yum" | "dnf" | "microdnf" | "tdnf",
            "install" | "add" | "in" | "reinstall" | "source" | "download" | "build-dep"
            | "satisfy" | "source-install" | "groupinstall" | "localinstall" | "group" | "builddep"
            | "fetch" | "search" | "show" | "policy" | "update" | "up" | "upgrade" | "list"
            | "module" | "purge" | "remove" | "autoremove",
        ) => Action::Use,
        _ => return None,
    })
}

/// Whether a program may use lists of packages in a way that is not seen: a script.
pub(super) fn is_script(program: &Program<'_>) -> bool {
    let inner = program.through_wrappers();
    let name = inner.name();
    let shell = matches!(inner.program(), "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh");
    name.ends_with(".sh")
        || name.starts_with('$')
        || (name.contains('/') && !name.starts_with("/usr") && !name.starts_with("/bin"))
        || shell
        || matches!(inner.program(), "apt-cache" | "gdebi" | "dpkg" | "make" | "ansible-playbook")
}

/// Whether it is a package manager of rpm, whose `update` replaces packages.
pub(super) fn is_rpm(program: &Invocation<'_>) -> bool {
    matches!(program.program(), "yum" | "dnf" | "microdnf" | "tdnf")
}

/// The first program of a text that does what is wanted.
pub(super) fn first<'c>(
    commands: Commands<'c>,
    wanted: impl Fn(Action, &Invocation<'_>) -> bool,
) -> Option<(usize, Invocation<'c>)> {
    let inner = commands.invocations.iter().map(|program| program.through_wrappers());
    inner.enumerate().find(|(_, program)| action(program).is_some_and(|what| wanted(what, program)))
}
