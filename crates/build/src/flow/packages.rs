//! Package managers of distributions: which words of a call are packages.

use std::fmt;

use crate::script::Program;
use crate::shell::{Arg, Invocation};

/// A package manager, with the programs that are one with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Manager {
    /// `apk`
    Apk,
    /// `apt-get`, `apt`, `aptitude`
    Apt,
    /// `dnf`, `microdnf`, `yum`
    Dnf,
    /// `zypper`
    Zypper,
}

impl fmt::Display for Manager {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Apk => "apk",
            Self::Apt => "apt",
            Self::Dnf => "dnf",
            Self::Zypper => "zypper",
        })
    }
}

struct Syntax {
    manager: Manager,
    programs: &'static [&'static str],
    install: &'static [&'static str],
    remove: &'static [&'static str],
    /// Removes what nothing needs.
    sweep: &'static [&'static str],
    /// Subcommands that add nothing and remove nothing.
    idle: &'static [&'static str],
    with_values: &'static [&'static str],
    /// The flags that install into another root.
    elsewhere: &'static [&'static str],
}

const SYNTAXES: &[Syntax] = &[
    Syntax {
        manager: Manager::Apk,
        programs: &["apk"],
        install: &["add"],
        remove: &["del"],
        sweep: &[],
        idle: &[
            "update", "upgrade", "info", "search", "policy", "version", "fetch", "cache", "fix",
        ],
        with_values: &[
            "t",
            "virtual",
            "X",
            "repository",
            "p",
            "root",
            "repositories-file",
            "wait",
            "keys-dir",
            "cache-dir",
            "cache-max-age",
            "arch",
        ],
        elsewhere: &["p", "root"],
    },
    Syntax {
        manager: Manager::Apt,
        programs: &["apt-get", "apt", "aptitude"],
        install: &["install"],
        remove: &["remove", "purge"],
        sweep: &["autoremove", "autopurge"],
        idle: &[
            "update",
            "upgrade",
            "dist-upgrade",
            "full-upgrade",
            "clean",
            "autoclean",
            "check",
            "list",
            "search",
            "show",
            "download",
            "source",
            "changelog",
            "policy",
        ],
        with_values: &[
            "c",
            "config-file",
            "o",
            "option",
            "t",
            "target-release",
            "default-release",
            "a",
            "host-architecture",
        ],
        elsewhere: &[],
    },
    Syntax {
        manager: Manager::Dnf,
        programs: &["dnf", "microdnf", "yum", "dnf5"],
        install: &["install", "in"],
        remove: &["remove", "erase", "rm"],
        sweep: &["autoremove"],
        idle: &[
            "update",
            "upgrade",
            "clean",
            "makecache",
            "check-update",
            "list",
            "info",
            "repolist",
            "config-manager",
            "search",
            "up",
        ],
        with_values: &[
            "c",
            "config",
            "x",
            "exclude",
            "enablerepo",
            "disablerepo",
            "setopt",
            "repo",
            "releasever",
            "installroot",
        ],
        elsewhere: &["installroot"],
    },
    Syntax {
        manager: Manager::Zypper,
        programs: &["zypper"],
        install: &["install", "in"],
        remove: &["remove", "rm"],
        sweep: &[],
        idle: &[
            "refresh",
            "ref",
            "update",
            "up",
            "clean",
            "cc",
            "addrepo",
            "ar",
            "removerepo",
            "rr",
            "patch",
            "dist-upgrade",
            "dup",
            "modifyrepo",
            "mr",
        ],
        with_values: &["r", "repo", "from", "t", "type", "root", "R", "installroot"],
        elsewhere: &["root", "R", "installroot"],
    },
];

/// What a call of a package manager does.
#[derive(Debug)]
pub(super) enum Call<'i, 'a> {
    /// Packages come; the name of `--virtual` stands for them.
    Install { manager: Manager, words: Vec<&'i Arg<'a>>, group: Option<&'i str> },
    /// Packages go.
    Remove { manager: Manager, words: Vec<&'i Arg<'a>>, sweeps: bool },
    /// Neither.
    Idle,
    /// What it does is not followed: another root, a file of packages, a group of them.
    Unknown,
}

/// Reads a call that has no wrapper before it; `None` where it is no package manager.
pub(super) fn call<'i, 'a>(program: &'i Invocation<'a>) -> Option<Call<'i, 'a>> {
    let called = program.program();
    let syntax = SYNTAXES.iter().find(|syntax| syntax.programs.contains(&called))?;
    let mut words = program.operands_after(syntax.with_values).into_iter();
    let Some(subcommand) = words.next() else { return Some(Call::Idle) };
    let words: Vec<&Arg<'a>> = words.collect();
    let manager = syntax.manager;
    let is = |list: &[&str]| list.contains(&&*subcommand.text);
    let is_help = program.has_flag(&["help", "dry-run", "simulate", "download-only"]);
    Some(if is_help || is(syntax.idle) {
        Call::Idle
    } else if program.has_flag(syntax.elsewhere) && !syntax.elsewhere.is_empty() {
        Call::Unknown
    } else if is(syntax.install) {
        let group = (manager == Manager::Apk).then(|| program.value_of(&["t", "virtual"]));
        Call::Install { manager, words, group: group.flatten() }
    } else if is(syntax.remove) || is(syntax.sweep) {
        let sweeps = is(syntax.sweep) || program.has_flag(&["auto-remove", "autoremove"]);
        Call::Remove { manager, words, sweeps }
    } else {
        Call::Unknown
    })
}

/// The package manager of which a program is a part.
pub(crate) fn manager_called(program: &str) -> Option<Manager> {
    let syntax = SYNTAXES.iter().find(|syntax| syntax.programs.contains(&program));
    syntax.map(|syntax| syntax.manager)
}

/// The name in the word of a package; `None` where it names none: a file, an address, a pattern.
pub(super) fn name(manager: Manager, word: &str) -> Option<&str> {
    let end = match manager {
        Manager::Apk => word.find(['=', '<', '>', '~', '@']),
        Manager::Apt => word.find(['=', '/', ':']),
        Manager::Dnf => None,
        Manager::Zypper => word.find(['=', '<', '>']),
    };
    let is_file = word.starts_with(['.', '/', '@', '!']) && manager != Manager::Apk
        || word.contains("://")
        || [".deb", ".rpm", ".apk"].iter().any(|end| word.ends_with(end));
    let name = word.get(..end.unwrap_or(word.len())).unwrap_or_default();
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte);
    let fits = !name.is_empty() && name.bytes().all(known) && !name.ends_with('-');
    (fits && !is_file && !name.contains("..") && !word.starts_with('/')).then_some(name)
}

/// Whether the list of a wrapper's words takes packages from elsewhere: `xargs apk add`.
pub(super) fn reads_more(program: &Program<'_>, inner: &Invocation<'_>) -> bool {
    inner.wrappers().iter().any(|wrapper| wrapper.text.ends_with("xargs"))
        || program.place.position > 0
}
