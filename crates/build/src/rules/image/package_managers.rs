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
    let all = rest.is_empty();
    let found = match (family(program)?, &*word.text) {
        (Family::Apt | Family::Apk, "update")
        | (Family::Zypper, "refresh" | "ref")
        | (Family::Rpm, "makecache" | "check-update") => Action::Update,
        (Family::Apt, "dist-upgrade" | "full-upgrade") => Action::DistUpgrade,
        (Family::Apt, "upgrade" | "safe-upgrade") => Action::Upgrade,
        (Family::Apk, "upgrade")
        | (Family::Zypper, "update" | "up")
        | (Family::Rpm, "update" | "upgrade")
            if all =>
        {
            Action::Upgrade
        }
        (_, word) if USES.contains(&word) => Action::Use,
        _ => return None,
    };
    Some(found)
}

/// Package managers with the same subcommands.
#[derive(Clone, Copy)]
enum Family {
    Apt,
    Apk,
    Zypper,
    Rpm,
}

/// Subcommands that need the lists of packages, or change what is installed.
const USES: [&str; 26] = [
    "install",
    "add",
    "in",
    "reinstall",
    "source",
    "download",
    "build-dep",
    "satisfy",
    "source-install",
    "groupinstall",
    "localinstall",
    "group",
    "builddep",
    "fetch",
    "search",
    "show",
    "policy",
    "update",
    "up",
    "upgrade",
    "list",
    "module",
    "purge",
    "remove",
    "autoremove",
    "dselect-upgrade",
];

fn family(program: &Invocation<'_>) -> Option<Family> {
    Some(match program.program() {
        "apt-get" | "apt" | "aptitude" => Family::Apt,
        "apk" => Family::Apk,
        "zypper" => Family::Zypper,
        "yum" | "dnf" | "microdnf" | "tdnf" => Family::Rpm,
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
    matches!(family(program), Some(Family::Rpm))
}

/// The first program of a text that does what is wanted.
pub(super) fn first(
    commands: Commands<'_>,
    wanted: impl Fn(Action, &Invocation<'_>) -> bool,
) -> Option<(usize, Invocation<'_>)> {
    let inner = commands.invocations.iter().map(|program| program.through_wrappers());
    inner.enumerate().find(|(_, program)| action(program).is_some_and(|what| wanted(what, program)))
}
