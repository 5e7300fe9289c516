//! A base drawn from a real image: its accounts, its release and the programs on its path.
//!
//! Formats: `passwd(5)`, `group(5)`, `os-release(5)`. A line that is not as it must be is passed
//! over, because one account less is better than no base.

use plimsoll_model::RunConfig;

use super::{
    Base, Distribution, Libc, PackageManager, Shell, ShellFact, lifecycle::lifetime, put_account,
};

/// Folders that commands are looked for in, without a leading slash.
const PATH: &[&str] =
    &["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin", "busybox"];

/// Most accounts that are kept of a file.
const MOST_ACCOUNTS: usize = 10_000;

/// What was read of a root file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct MeasuredRoot<'r> {
    /// `/etc/passwd`.
    pub passwd: &'r str,
    /// `/etc/group`.
    pub group: &'r str,
    /// `/etc/os-release`.
    pub os_release: &'r str,
    /// The configuration; a bare root has none.
    pub config: Option<&'r RunConfig>,
    /// Where links lead, as `(link, target)` without leading slashes: `bin/sh` to `busybox`.
    pub links: &'r [(String, String)],
}

impl Base {
    /// Draws a base from a root file system. `paths` are those of its programs, with or without a
    /// leading slash; they are all there are, so what is not among them is absent.
    pub fn from_root<'p>(
        name: &str,
        root: MeasuredRoot<'_>,
        paths: impl Iterator<Item = &'p str>,
    ) -> Self {
        let mut base = Self::empty(name, name);
        base.measured = true;
        base.commands.complete = true;
        let mut path = path_of(root.config);
        // Debian's `bin` is a link to `usr/bin`, so the list holds only one of the two.
        path.extend(PATH.iter().map(|folder| (*folder).to_owned()));
        let mut programs = std::collections::BTreeSet::new();
        for program in paths {
            let program = program.trim_start_matches(['/', '.']).trim_start_matches('/');
            programs.insert(program.to_owned());
            if let Some((folder, file)) = program.rsplit_once('/')
                && path.iter().any(|known| known == folder)
            {
                base.commands.add(file);
            }
        }
        accounts(root.passwd, &mut base.users);
        accounts(root.group, &mut base.groups);
        base.accounts_complete = true;
        base.distro = distribution(root.os_release);
        base.package_manager = Some(package_manager(&base));
        base.libc = Some(libc(&programs));
        base.shell = Some(shells(&programs, root.links));
        if let Some(config) = root.config {
            base.user = Some(if config.user.is_empty() { "root" } else { &config.user }.to_owned());
            let workdir = if config.workdir.is_empty() { "/" } else { &config.workdir };
            base.workdir = Some(workdir.to_owned());
            base.entrypoint = Some(config.entrypoint.clone());
            base.cmd = Some(config.cmd.clone());
        }
        if let Some(distro) = &base.distro
            && let Some(version) = &distro.version
            && let Some(lifetime) = lifetime(&distro.id, version)
        {
            base.add_lifetime(lifetime);
        }
        base
    }
}

/// Folders of the configuration's `PATH`.
fn path_of(config: Option<&RunConfig>) -> Vec<String> {
    let env = config.map(|config| config.env.as_slice()).unwrap_or_default();
    env.iter()
        .filter_map(|variable| variable.strip_prefix("PATH="))
        .flat_map(|path| path.split(':'))
        .map(|folder| folder.trim_matches('/').to_owned())
        .filter(|folder| !folder.is_empty())
        .take(64)
        .collect()
}

/// `name:password:number:…` of passwd and of group.
fn accounts(text: &str, into: &mut Vec<super::Account>) {
    let mut seen = std::collections::BTreeMap::new();
    for line in text.lines().take(MOST_ACCOUNTS) {
        let mut fields = line.split(':');
        let (name, _, id) = (fields.next(), fields.next(), fields.next());
        if let (Some(name), Some(Ok(id))) = (name, id.map(str::parse::<u32>))
            && !name.is_empty()
            && !name.starts_with('#')
        {
            seen.entry(name).or_insert(id);
        }
    }
    into.extend(seen.into_iter().map(|(name, id)| super::Account { name: name.to_owned(), id }));
    into.sort_by_key(|account| account.id);
}

fn distribution(os_release: &str) -> Option<Distribution> {
    let field = |wanted: &str| {
        os_release.lines().take(1000).find_map(|line| {
            let (name, value) = line.trim().split_once('=')?;
            let value = value.trim().trim_matches(['"', '\'']);
            (name == wanted && !value.is_empty()).then(|| value.to_owned())
        })
    };
    Some(Distribution { id: field("ID")?.to_ascii_lowercase(), version: field("VERSION_ID") })
}

fn package_manager(base: &Base) -> PackageManager {
    let known = [
        ("apk", PackageManager::Apk),
        ("apt-get", PackageManager::Apt),
        ("dnf", PackageManager::Dnf),
        ("dnf5", PackageManager::Dnf),
        ("microdnf", PackageManager::Microdnf),
        ("yum", PackageManager::Yum),
        ("zypper", PackageManager::Zypper),
        ("pacman", PackageManager::Pacman),
    ];
    known
        .iter()
        .find(|(command, _)| base.commands.present.contains(*command))
        .map_or(PackageManager::None, |(_, manager)| *manager)
}

/// By the loader, which has the library's name in its own.
fn libc(programs: &std::collections::BTreeSet<String>) -> Libc {
    let named = |start: &str| {
        programs.iter().any(|path| {
            path.rsplit('/').next().is_some_and(|file| file.starts_with(start))
                && (path.starts_with("lib") || path.starts_with("usr/lib"))
        })
    };
    if named("ld-musl-") {
        Libc::Musl
    } else if named("ld-uClibc") {
        Libc::Uclibc
    } else if named("ld-linux") || named("ld64.so") || named("ld-2.") || named("ld.so") {
        Libc::Glibc
    } else {
        Libc::None
    }
}

fn shells(programs: &std::collections::BTreeSet<String>, links: &[(String, String)]) -> ShellFact {
    const NAMES: &[&str] = &["sh", "ash", "dash", "bash", "zsh", "ksh", "mksh", "fish"];
    let linked = |path: &str| links.iter().find(|(link, _)| link == path).map(|(_, to)| to);
    let mut paths: Vec<String> = programs
        .iter()
        .filter(|path| {
            path.rsplit_once('/').is_some_and(|(folder, file)| {
                NAMES.contains(&file) && (PATH.contains(&folder) || folder == "busybox")
            })
        })
        .map(|path| format!("/{path}"))
        .collect();
    paths.sort_unstable();
    let kind = ["bin/sh", "usr/bin/sh"].iter().find(|path| programs.contains(**path)).map_or(
        Shell::None,
        |path| {
            let target = linked(path).map_or("", |to| to.rsplit('/').next().unwrap_or(to));
            match target {
                "busybox" | "ash" => Shell::Ash,
                "dash" => Shell::Dash,
                "bash" => Shell::Bash,
                _ => Shell::Other,
            }
        },
    );
    ShellFact { kind, paths }
}

/// An account added by hand, as a test or a rule that follows `useradd` does.
impl Base {
    /// Adds a user that an instruction made.
    pub fn put_user(&mut self, name: &str, id: u32) {
        put_account(&mut self.users, name, id);
    }

    /// Adds a group that an instruction made.
    pub fn put_group(&mut self, name: &str, id: u32) {
        put_account(&mut self.groups, name, id);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use plimsoll_model::RunConfig;

    use super::MeasuredRoot;
    use crate::bases::{Base, Libc, PackageManager, Shell};

    const ALPINE: &[&str] = &[
        "bin/busybox",
        "bin/sh",
        "bin/ls",
        "sbin/apk",
        "lib/ld-musl-x86_64.so.1",
        "usr/bin/wget",
        "opt/tool/bin/tool",
    ];

    fn alpine() -> Base {
        let config = RunConfig {
            user: "1000:1000".into(),
            env: vec!["PATH=/opt/tool/bin:/usr/bin".into()],
            ..RunConfig::default()
        };
        let links = [("bin/sh".to_owned(), "/bin/busybox".to_owned())];
        let root = MeasuredRoot {
            passwd: "root:x:0:0:root:/root:/bin/sh\nbroken\nnode:x:1000:1000::/home/node:/bin/sh\n",
            group: "root:x:0:root\nnode:x:1000:node\n",
            os_release: "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.19.4\n",
            config: Some(&config),
            links: &links,
        };
        Base::from_root("app", root, ALPINE.iter().copied())
    }

    #[test]
    fn a_root_says_what_it_is() {
        let base = alpine();
        assert_eq!(base.distro.as_ref().unwrap().to_string(), "alpine 3.19.4");
        assert_eq!(base.package_manager, Some(PackageManager::Apk));
        assert_eq!(base.libc, Some(Libc::Musl));
        assert_eq!(base.shell.as_ref().unwrap().kind, Shell::Ash);
        assert_eq!(base.user_with_id(1000).unwrap().name, "node");
        assert_eq!(base.is_root_by_default(), Some(false));
        assert_eq!(base.end_of_life.unwrap().date(), "2025-11-01");
    }

    #[test]
    fn the_path_of_the_configuration_counts_and_the_rest_is_absent() {
        let base = alpine();
        assert_eq!(base.has_command("tool"), Some(true));
        assert_eq!(base.has_command("/bin/ls"), Some(true));
        assert_eq!(base.has_command("curl"), Some(false));
    }

    #[test]
    fn an_empty_root_has_no_shell_and_no_package_manager() {
        let base = Base::from_root("x", MeasuredRoot::default(), std::iter::empty());
        assert_eq!(base.shell.unwrap().kind, Shell::None);
        assert_eq!(base.package_manager, Some(PackageManager::None));
        assert_eq!(base.libc, Some(Libc::None));
        assert_eq!(base.user, None);
    }

    proptest! {
        #[test]
        fn no_text_panics(passwd: String, group: String, os_release: String, paths: Vec<String>) {
            let root = MeasuredRoot {
                passwd: &passwd,
                group: &group,
                os_release: &os_release,
                ..MeasuredRoot::default()
            };
            let base = Base::from_root("x", root, paths.iter().map(String::as_str));
            let _ = base.has_command("sh");
        }
    }
}
