//! What breaks when one base takes the place of another.
//!
//! A trap is named only where both sides are known; what is not known makes none.

use std::fmt;

use crate::bases::{Base, Libc, PackageManager};

use super::{Candidate, Scope};

/// Commands that Dockerfiles and entry points call, worth naming where they go.
const NOTABLE: &[&str] = &[
    "bash", "curl", "wget", "git", "gcc", "make", "tar", "unzip", "xz", "ps", "openssl", "perl",
    "python3", "useradd", "adduser", "npm", "yarn", "pip", "javac", "gosu",
];

/// Something that may break.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Trap {
    /// From glibc to musl, and whose modules that concerns.
    Musl(Modules),
    /// From musl to glibc.
    Glibc,
    /// There is no C library.
    NoLibc,
    /// There is no shell.
    NoShell,
    /// `/bin/sh` is another one.
    OtherShell {
        /// Before.
        from: &'static str,
        /// After.
        to: &'static str,
    },
    /// There is no package manager.
    NoPackageManager,
    /// Packages are installed by another one.
    OtherPackageManager {
        /// Before.
        from: &'static str,
        /// After.
        to: &'static str,
    },
    /// It no longer runs as root.
    NoLongerRoot(String),
    /// A user that the old base had is not in the new one.
    UserGone(String),
    /// A user has another number.
    UserMoved {
        /// Its name.
        name: String,
        /// Number before.
        from: u32,
        /// Number after.
        to: u32,
    },
    /// The entry point is another one.
    EntrypointChanged(Vec<String>),
    /// Commands are gone.
    CommandsGone(Vec<String>),
    /// Another release of the same distribution.
    OtherRelease {
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// Another distribution.
    OtherDistribution {
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// Another version of the language or server.
    OtherVersion {
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// Nothing is in it: no certificates, time zones, users or `/tmp`.
    Empty,
    /// It can only be the last stage: what builds stays in a stage of its own.
    FinalStageOnly,
}

impl Trap {
    /// How much work it makes, in points.
    pub fn cost(&self) -> u64 {
        match self {
            Self::Glibc | Self::OtherShell { .. } | Self::UserMoved { .. } => 1,
            Self::NoPackageManager
            | Self::OtherPackageManager { .. }
            | Self::NoLongerRoot(_)
            | Self::UserGone(_)
            | Self::EntrypointChanged(_)
            | Self::CommandsGone(_)
            | Self::OtherRelease { .. } => 2,
            Self::FinalStageOnly | Self::OtherDistribution { .. } | Self::Empty => 3,
            Self::OtherVersion { .. } => 4,
            Self::NoLibc => 5,
            Self::NoShell => 6,
            Self::Musl(Modules::None | Modules::Java) => 8,
            Self::Musl(_) => 14,
        }
    }
}

/// What brings machine code that is built for one C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Modules {
    /// Nothing that is known.
    None,
    /// The JVM alone.
    Java,
    /// Addons of npm packages.
    Node,
    /// Wheels.
    Python,
    /// Native gems.
    Ruby,
}

impl Modules {
    fn of(base: &Base) -> Self {
        let commands =
            [("pip", Self::Python), ("npm", Self::Node), ("gem", Self::Ruby), ("java", Self::Java)];
        commands
            .into_iter()
            .find(|(command, _)| base.has_command(command) == Some(true))
            .map_or(Self::None, |(_, modules)| modules)
    }

    fn text(self) -> &'static str {
        match self {
            Self::None => "programs built for glibc do not start",
            Self::Java => "JNI libraries built for glibc do not load",
            Self::Node => {
                "native addons are built anew, with a compiler where no musl build is \
                           published"
            }
            Self::Python => {
                "wheels must be musllinux; one that is only manylinux is built from \
                             source"
            }
            Self::Ruby => "native gems are built anew",
        }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Musl(modules) => write!(
                f,
                "musl in the place of glibc: {}; DNS asks all name servers at once and takes the \
                 first answer; there are no locales but C.UTF-8; malloc is slow with many \
                 threads, whose stacks are 128 KiB",
                modules.text(),
            ),
            Self::Glibc => f.write_str("glibc in the place of musl: native modules are built anew"),
            Self::NoLibc => f.write_str(
                "no C library: only static programs run (CGO_ENABLED=0, target *-linux-musl)",
            ),
            Self::NoShell => f.write_str(
                "no shell: RUN fails, CMD, ENTRYPOINT and HEALTHCHECK need the JSON form, and \
                 entry point scripts do not run",
            ),
            Self::OtherShell { from, to } => {
                write!(f, "/bin/sh is {to} and no longer {from}: scripts with its extensions break")
            }
            Self::NoPackageManager => {
                f.write_str("no package manager: files come by COPY --from another stage")
            }
            Self::OtherPackageManager { from, to } => {
                write!(f, "packages come by {to} and no longer by {from}: names and flags differ")
            }
            Self::NoLongerRoot(user) => write!(
                f,
                "runs as {user} and no longer as root: give it its files with COPY --chown",
            ),
            Self::UserGone(user) => write!(f, "the user {user} is not there: USER {user} fails"),
            Self::UserMoved { name, from, to } => {
                write!(f, "{name} is {to} and no longer {from}: files in volumes change owner")
            }
            Self::EntrypointChanged(to) if to.is_empty() => {
                f.write_str("no entry point: CMD is the whole command")
            }
            Self::EntrypointChanged(to) => {
                write!(f, "the entry point is {}: CMD is its arguments", to.join(" "))
            }
            Self::CommandsGone(commands) => write!(f, "not there: {}", commands.join(", ")),
            Self::OtherRelease { from, to } => {
                write!(f, "{to} in the place of {from}: versions of packages and libraries change")
            }
            Self::OtherDistribution { from, to } => write!(f, "{to} in the place of {from}"),
            Self::OtherVersion { from, to } => {
                write!(f, "{to} in the place of {from}: read what it removed")
            }
            Self::Empty => f.write_str(
                "nothing is in it: COPY certificates, time zones and /etc/passwd where needed",
            ),
            Self::FinalStageOnly => {
                f.write_str("for the last stage alone: what builds stays in a stage of its own")
            }
        }
    }
}

/// The traps on the way from one base to another, dearest first.
pub fn traps(from: &Candidate, to: &Candidate) -> Vec<Trap> {
    let (old, new) = (&from.base, &to.base);
    let mut traps: Vec<Trap> = Vec::new();
    traps.extend(libc(old, new));
    traps.extend(shell(old, new));
    traps.extend(package_manager(old, new));
    traps.extend(accounts(old, new));
    traps.extend(releases(old, new));
    if new.name == "scratch" {
        traps.push(Trap::Empty);
    }
    let is_last = to.scope == Scope::FinalStage && from.scope != Scope::FinalStage;
    if is_last {
        traps.push(Trap::FinalStageOnly);
    } else {
        // A last stage has none of the commands that build, and is not meant to.
        traps.extend(commands(old, new));
        if let (Some(before), Some(after)) = (&old.entrypoint, &new.entrypoint)
            && before != after
        {
            traps.push(Trap::EntrypointChanged(after.clone()));
        }
    }
    traps.sort_by(|a, b| b.cost().cmp(&a.cost()).then_with(|| a.cmp(b)));
    traps
}

fn libc(old: &Base, new: &Base) -> Option<Trap> {
    match (old.libc?, new.libc?) {
        (Libc::Glibc, Libc::Musl) => Some(Trap::Musl(Modules::of(old))),
        (Libc::Musl, Libc::Glibc) => Some(Trap::Glibc),
        (Libc::Glibc | Libc::Musl, Libc::None) => Some(Trap::NoLibc),
        _ => None,
    }
}

fn shell(old: &Base, new: &Base) -> Option<Trap> {
    let (old, new) = (old.shell.as_ref()?, new.shell.as_ref()?);
    match (old.exists(), new.exists()) {
        (true, false) => Some(Trap::NoShell),
        (true, true) if old.kind != new.kind && old.kind == crate::bases::Shell::Bash => {
            Some(Trap::OtherShell { from: old.kind.name(), to: new.kind.name() })
        }
        _ => None,
    }
}

fn package_manager(old: &Base, new: &Base) -> Option<Trap> {
    match (old.package_manager?, new.package_manager?) {
        (PackageManager::None, _) => None,
        (_, PackageManager::None) => Some(Trap::NoPackageManager),
        (from, to) if from != to => {
            Some(Trap::OtherPackageManager { from: from.name(), to: to.name() })
        }
        _ => None,
    }
}

fn accounts(old: &Base, new: &Base) -> Vec<Trap> {
    let mut traps = Vec::new();
    if old.is_root_by_default() == Some(true)
        && new.is_root_by_default() == Some(false)
        && let Some(user) = &new.user
    {
        traps.push(Trap::NoLongerRoot(user.clone()));
    }
    // Those above the distribution's own are what a Dockerfile names.
    let own = old.users.iter().filter(|account| (100..65_000).contains(&account.id));
    for account in own.take(8) {
        match new.user_named(&account.name) {
            Some(there) if there.id == account.id => {}
            Some(there) => traps.push(Trap::UserMoved {
                name: account.name.clone(),
                from: account.id,
                to: there.id,
            }),
            // Accounts of the distribution's own are of no use to anybody.
            None if ["guest", "ntp", "_apt"].contains(&account.name.as_str()) => {}
            None if new.measured || new.package_manager == Some(PackageManager::None) => {
                traps.push(Trap::UserGone(account.name.clone()));
            }
            None => {}
        }
    }
    traps
}

fn releases(old: &Base, new: &Base) -> Vec<Trap> {
    let mut traps = Vec::new();
    if let (Some(from), Some(to)) = (&old.distro, &new.distro) {
        // That another distribution has musl says all that matters.
        if from.id != to.id && new.libc != Some(Libc::Musl) {
            traps.push(Trap::OtherDistribution { from: from.to_string(), to: to.to_string() });
        } else if let (Some(before), Some(after)) = (&from.version, &to.version)
            && from.id == to.id
            && release(before, &from.id) != release(after, &to.id)
        {
            traps.push(Trap::OtherRelease { from: from.to_string(), to: to.to_string() });
        }
    }
    // `Node.js 20` and `Node.js 22` are two versions of one product.
    let product = |of: &str| of.rsplit_once(' ').map(|(name, _)| name.to_owned());
    for before in &old.lifetimes {
        let same = new
            .lifetimes
            .iter()
            .find(|after| after.of != before.of && product(&after.of) == product(&before.of));
        let is_distro = old.distro.as_ref().is_some_and(|distro| {
            crate::bases::lifecycles()
                .products
                .get(&distro.id)
                .is_some_and(|known| Some(known.name.clone()) == product(&before.of))
        });
        if let Some(after) = same
            && !is_distro
        {
            traps.push(Trap::OtherVersion { from: before.of.clone(), to: after.of.clone() });
        }
    }
    traps
}

/// `3.19.4` and `3.19.1` are one release, as are 9.3 and 9.4 of RHEL.
fn release(version: &str, distro: &str) -> String {
    let parts = match distro {
        "alpine" | "ubuntu" | "opensuse-leap" => 2,
        _ => 1,
    };
    version.split('.').take(parts).collect::<Vec<_>>().join(".")
}

fn commands(old: &Base, new: &Base) -> Option<Trap> {
    let gone: Vec<String> = NOTABLE
        .iter()
        .filter(|name| old.has_command(name) == Some(true) && new.has_command(name) == Some(false))
        .map(|name| (*name).to_owned())
        .collect();
    (!gone.is_empty()).then_some(Trap::CommandsGone(gone))
}
