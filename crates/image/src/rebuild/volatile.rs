//! Files that no two builds have in common, by their path alone.

use super::cause::{self, Cause};

/// Paths and folders (with a slash at the end), and why what is there differs.
static PATHS: &[(&str, &Cause)] = &[
    ("var/log/dpkg.log", &cause::PACKAGE_LOG),
    ("var/log/alternatives.log", &cause::PACKAGE_LOG),
    ("var/log/apt/", &cause::PACKAGE_LOG),
    ("var/log/bootstrap.log", &cause::PACKAGE_LOG),
    ("var/log/yum.log", &cause::PACKAGE_LOG),
    ("var/log/dnf", &cause::PACKAGE_LOG),
    ("var/log/hawkey.log", &cause::PACKAGE_LOG),
    ("var/log/zypper.log", &cause::PACKAGE_LOG),
    ("var/log/zypp/", &cause::PACKAGE_LOG),
    ("var/log/pacman.log", &cause::PACKAGE_LOG),
    ("var/log/apk.log", &cause::PACKAGE_LOG),
    ("etc/ld.so.cache", &cause::LOADER_CACHE),
    ("var/cache/ldconfig/aux-cache", &cause::LOADER_CACHE),
    ("var/lib/apt/lists/", &cause::PACKAGE_CACHE),
    ("var/cache/apt/", &cause::PACKAGE_CACHE),
    ("var/cache/dnf/", &cause::PACKAGE_CACHE),
    ("var/cache/yum/", &cause::PACKAGE_CACHE),
    ("var/cache/libdnf5/", &cause::PACKAGE_CACHE),
    ("var/cache/apk/", &cause::PACKAGE_CACHE),
    ("var/cache/zypp/", &cause::PACKAGE_CACHE),
    ("var/cache/pacman/", &cause::PACKAGE_CACHE),
    ("var/lib/dnf/history", &cause::PACKAGE_LOG),
    ("var/cache/debconf/", &cause::DEBCONF),
    ("etc/machine-id", &cause::MACHINE_ID),
    ("var/lib/dbus/machine-id", &cause::MACHINE_ID),
    ("var/lib/systemd/random-seed", &cause::MACHINE_ID),
    ("etc/ssh/ssh_host_", &cause::HOST_KEY),
    ("etc/ssl/private/ssl-cert-snakeoil.key", &cause::HOST_KEY),
    ("etc/ssl/certs/ssl-cert-snakeoil.pem", &cause::HOST_KEY),
    ("etc/shadow", &cause::SHADOW),
    ("etc/gshadow-", &cause::SHADOW),
    ("var/lib/rpm/", &cause::PACKAGE_DATABASE),
    ("usr/lib/sysimage/rpm/", &cause::PACKAGE_DATABASE),
    ("usr/share/rpm/", &cause::PACKAGE_DATABASE),
    ("etc/hostname", &cause::RUNTIME_FILE),
    ("etc/hosts", &cause::RUNTIME_FILE),
    ("etc/resolv.conf", &cause::RUNTIME_FILE),
    ("root/.cache/", &cause::HOME_CACHE),
    ("root/.npm/", &cause::HOME_CACHE),
    ("root/.gradle/caches/", &cause::HOME_CACHE),
    ("root/.cargo/registry/", &cause::HOME_CACHE),
    ("tmp/", &cause::TEMPORARY),
    ("var/tmp/", &cause::TEMPORARY),
    ("run/", &cause::TEMPORARY),
];

/// Entries that stand for everything that begins with them, though they are no folder.
const BEGINNINGS: &[&str] =
    &["var/log/dnf", "var/lib/dnf/history", "etc/ssh/ssh_host_", "etc/shadow"];

/// Why what is at `path` differs from build to build; none where it should not.
pub(super) fn of(path: &str) -> Option<&'static Cause> {
    let fits = |(entry, _): &&(&str, &Cause)| {
        if entry.ends_with('/') || BEGINNINGS.contains(entry) {
            path.starts_with(*entry)
        } else {
            path == *entry
        }
    };
    // That something is deleted is no content.
    if path.rsplit('/').next().is_some_and(|name| name.starts_with(".wh.")) {
        return None;
    }
    PATHS.iter().find(fits).map(|(_, cause)| *cause)
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn paths_are_known_whole_or_by_their_folder() {
        let id = |path: &str| of(path).map(|cause| cause.id);
        assert_eq!(id("var/log/dpkg.log"), Some("package-log"));
        assert_eq!(id("var/log/dpkg.log.1"), None);
        assert_eq!(id("var/log/apt/history.log"), Some("package-log"));
        assert_eq!(id("var/log/dnf.rpm.log"), Some("package-log"));
        assert_eq!(id("etc/shadow-"), Some("shadow"));
        assert_eq!(id("home/etc/shadow"), None);
        assert_eq!(id("tmp/.wh.a"), None);
    }
}
