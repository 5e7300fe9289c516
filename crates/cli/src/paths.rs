//! Where Plimsoll keeps what it can fetch or compute again.

use std::env;
use std::path::PathBuf;

/// The database's file in its folder.
const DATABASE: &str = "advisories.db";

/// `PLIMSOLL_CACHE_DIR`, else `plimsoll` in the user's cache folder: `XDG_CACHE_HOME`, else
/// `.cache` in the home of the user; for one without a home the machine's.
pub(crate) fn cache_dir() -> PathBuf {
    if let Some(folder) = variable("PLIMSOLL_CACHE_DIR") {
        return folder;
    }
    // The base directory specification: a relative path in it is to be ignored.
    let cache = variable("XDG_CACHE_HOME").filter(|folder| folder.is_absolute());
    let home = env::home_dir().filter(|home| home.is_absolute());
    cache
        .or_else(|| Some(home?.join(".cache")))
        .unwrap_or_else(|| "/var/cache".into())
        .join("plimsoll")
}

/// The folder of the database: as given by `--db`, else `PLIMSOLL_DB_DIR`, else in the cache.
pub(crate) fn db_dir(given: Option<PathBuf>) -> PathBuf {
    given.or_else(|| variable("PLIMSOLL_DB_DIR")).unwrap_or_else(|| cache_dir().join("db"))
}

/// The compiled database in that folder.
pub(crate) fn db_file(given: Option<PathBuf>) -> PathBuf {
    db_dir(given).join(DATABASE)
}

/// Where the last scan is kept for `explain`.
pub(crate) fn last_scan() -> PathBuf {
    cache_dir().join("last-scan.json")
}

/// Where trusted roots are kept: `PLIMSOLL_TRUST_DIR`, else `plimsoll/trust` in the user's folder
/// of data, since whom one trusts is not to be lost with a cache.
pub(crate) fn trust_dir() -> PathBuf {
    if let Some(folder) = variable("PLIMSOLL_TRUST_DIR") {
        return folder;
    }
    let data = variable("XDG_DATA_HOME").filter(|folder| folder.is_absolute());
    let home = env::home_dir().filter(|home| home.is_absolute());
    data.or_else(|| Some(home?.join(".local/share")))
        .unwrap_or_else(|| "/var/lib".into())
        .join("plimsoll/trust")
}

/// Where notation keeps trust policy and trust store: `notation` in `XDG_CONFIG_HOME`, else in
/// `.config` in the home of the user, as Go's `os.UserConfigDir` has it.
pub(crate) fn notation_dir() -> PathBuf {
    let home = || env::home_dir().unwrap_or_default().join(".config");
    variable("XDG_CONFIG_HOME").unwrap_or_else(home).join("notation")
}

/// Where it is said where signatures are, for programs of containers/image: `registries.d` in the
/// home of the user, else the machine's.
pub(crate) fn registries_dir() -> PathBuf {
    let own = env::home_dir().unwrap_or_default().join(".config/containers/registries.d");
    if own.exists() { own } else { "/etc/containers/registries.d".into() }
}

/// Where those programs keep signatures, as a URL, where nothing else is said.
pub(crate) fn lookaside() -> String {
    let me = std::fs::metadata("/proc/self");
    let is_root = me.is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0);
    let folder = if is_root {
        PathBuf::from("/var/lib/containers/sigstore")
    } else {
        env::home_dir().unwrap_or_default().join(".local/share/containers/sigstore")
    };
    format!("file://{}", folder.display())
}

/// Where Docker keeps metadata of Content Trust: `trust` in `DOCKER_CONFIG`, else in `.docker` in the
/// home of the user.
pub(crate) fn docker_trust_dir() -> PathBuf {
    let home = || env::home_dir().unwrap_or_default().join(".docker");
    variable("DOCKER_CONFIG").unwrap_or_else(home).join("trust")
}

/// The server of Content Trust that Docker would ask whatever the registry.
pub(crate) fn notary_server() -> Option<String> {
    env::var("DOCKER_CONTENT_TRUST_SERVER").ok().filter(|url| !url.is_empty())
}

/// An empty variable is the same as none.
fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
