//! Which registry a package is asked for at: what was given, else as npm and pip are set up here.
//!
//! Credentials are read from the user's own settings only, and go to the address that they are for:
//! a file in a folder that somebody else wrote can name a registry, but gets no token.
//! Sources: <https://docs.npmjs.com/cli/configuring-npm/npmrc>, <https://pip.pypa.io/en/stable/topics/configuration/>.

use std::env;
use std::path::PathBuf;

use anyhow::Context as _;
use plimsoll_witness::PackageRegistry;

use crate::settings::{self, Setting};

/// Where npm asks if nothing else is said.
pub(crate) const NPMJS: &str = "https://registry.npmjs.org";

/// Where pip asks if nothing else is said.
const PYPI: &str = "https://pypi.org/simple";

/// The npm registry of a package.
pub(crate) fn npm(package: &str, given: Option<&str>) -> anyhow::Result<PackageRegistry> {
    let user = variable("npm_config_userconfig")
        .map_or_else(|| env::home_dir().unwrap_or_default().join(".npmrc"), PathBuf::from);
    let own = settings::read(&user);
    let mut layers = vec![settings::read(&project()), own.clone()];
    layers.extend(variable("npm_config_globalconfig").map(|it| settings::read(&PathBuf::from(it))));
    let from_environment = variable("npm_config_registry");
    let url = given.unwrap_or_else(|| registry_of(package, from_environment.as_deref(), &layers));
    let authorization = authorization(url, &own);
    PackageRegistry::at(url, authorization.as_deref()).context("the npm registry")
}

/// The Python index.
pub(crate) fn python(given: Option<&str>) -> anyhow::Result<PackageRegistry> {
    let home = env::home_dir().unwrap_or_default();
    let files = match variable("PIP_CONFIG_FILE") {
        Some(file) => vec![PathBuf::from(file)],
        None => vec![
            home.join(".config/pip/pip.conf"),
            home.join(".pip/pip.conf"),
            PathBuf::from("/etc/pip.conf"),
        ],
    };
    let named = |it: &Setting| {
        ["global", "install"].contains(&it.section.as_str())
            && it.name.replace('_', "-") == "index-url"
    };
    let url = given
        .map(str::to_owned)
        .or_else(|| variable("PIP_INDEX_URL"))
        .or_else(|| {
            let all = files.iter().flat_map(|file| settings::read(file));
            all.into_iter().find(named).map(|it| it.value)
        })
        .unwrap_or_else(|| PYPI.to_owned());
    PackageRegistry::at(&url, None).context("the Python index")
}

/// `.npmrc` of the project that one stands in.
fn project() -> PathBuf {
    let here = env::current_dir().unwrap_or_default();
    let is_project = |it: &&std::path::Path| {
        it.join("package.json").exists() || it.join("node_modules").exists()
    };
    here.ancestors().find(is_project).unwrap_or(&here).join(".npmrc")
}

/// That of the package's scope, else the environment's, else the first that says one.
fn registry_of<'s>(
    package: &str,
    from_environment: Option<&'s str>,
    layers: &'s [Vec<Setting>],
) -> &'s str {
    let find = |name: &str| {
        // In a file, the last counts.
        layers.iter().find_map(|layer| layer.iter().rev().find(|it| it.name == name))
    };
    let scope = package.split_once('/').map(|(scope, _)| format!("{scope}:registry"));
    let scoped = scope.and_then(|name| find(&name)).map(|it| it.value.as_str());
    scoped
        .or(from_environment)
        .or_else(|| find("registry").map(|it| it.value.as_str()))
        .unwrap_or(NPMJS)
}

/// The header that the user's settings have for an address or one above it.
fn authorization(url: &str, own: &[Setting]) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let mut at = format!("//{}/", rest.trim_end_matches('/'));
    loop {
        let find = |name: &str| {
            let whole = format!("{at}:{name}");
            own.iter().rev().find(|it| it.name == whole).map(|it| expanded(&it.value))
        };
        if let Some(token) = find("_authToken") {
            return Some(format!("Bearer {token}"));
        }
        if let Some(pair) = find("_auth") {
            return Some(format!("Basic {pair}"));
        }
        let above = at.trim_end_matches('/').rsplit_once('/')?.0;
        if above.len() < 3 {
            return None;
        }
        at = format!("{above}/");
    }
}

/// `${NAME}` as the environment has it.
fn expanded(value: &str) -> String {
    match value.strip_prefix("${").and_then(|it| it.strip_suffix('}')) {
        Some(name) => env::var(name).unwrap_or_else(|_| value.to_owned()),
        None => value.to_owned(),
    }
}

/// A variable of the environment, in whichever letters.
fn variable(name: &str) -> Option<String> {
    let mut found = env::vars_os().filter(|(key, value)| {
        key.to_string_lossy().eq_ignore_ascii_case(name) && !value.is_empty()
    });
    found.next().and_then(|(_, value)| value.into_string().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(name: &str, value: &str) -> Setting {
        Setting { section: String::new(), name: name.into(), value: value.into() }
    }

    #[test]
    fn the_scope_s_registry_comes_first_then_the_environment_s_then_the_nearest_file_s() {
        let layers = [
            vec![setting("registry", "https://project"), setting("@a:registry", "https://a")],
            vec![setting("registry", "https://user"), setting("@b:registry", "https://b")],
        ];
        let of = |package, variable| registry_of(package, variable, &layers);
        assert_eq!(of("@a/x", Some("https://env")), "https://a");
        assert_eq!(of("@b/x", None), "https://b");
        assert_eq!(of("@c/x", Some("https://env")), "https://env");
        assert_eq!(of("x", None), "https://project");
        assert_eq!(registry_of("x", None, &[]), NPMJS);
    }

    #[test]
    fn a_token_is_for_the_address_that_it_is_filed_under() {
        let own = [
            setting("//r.example/npm/:_authToken", "t"),
            setting("//other.example/:_auth", "YTpi"),
        ];
        let of = |url| authorization(url, &own);
        assert_eq!(of("https://r.example/npm/").as_deref(), Some("Bearer t"));
        assert_eq!(of("https://r.example/npm/team").as_deref(), Some("Bearer t"));
        assert_eq!(of("https://other.example").as_deref(), Some("Basic YTpi"));
        assert_eq!(of("https://r.example/"), None);
        assert_eq!(of("https://r.example.evil/npm/"), None);
    }
}
