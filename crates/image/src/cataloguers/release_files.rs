//! Which distribution it is, from the files that were there before `os-release` and still are.
//!
//! They only stand in where `os-release` is missing (`CentOS` 6, stripped images). One of them says
//! more than it: `etc/apk/repositories` names the branch that Alpine's packages really come from.

use plimsoll_model::{Distro, Ecosystem, EcosystemName};

use super::os_release;
use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};

/// Where Alpine keeps the sources of its packages.
pub(crate) const APK_REPOSITORIES: &str = "etc/apk/repositories";

/// Reads `alpine-release`, `debian_version`, `redhat-release` and their like.
#[derive(Debug)]
pub(crate) struct ReleaseFiles;

impl Cataloguer for ReleaseFiles {
    fn name(&self) -> &'static str {
        "release-files"
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want::Path("etc/alpine-release"),
            Want::Path(APK_REPOSITORIES),
            Want::Path("etc/debian_version"),
            Want::Path("etc/centos-release"),
            Want::Path("etc/oracle-release"),
            Want::Path("etc/redhat-release"),
            Want::Path("etc/system-release"),
        ]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let text = file.text()?;
        let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        found.distro = match file.path() {
            APK_REPOSITORIES => newest_branch(&text).map(|branch| Distro {
                id: "alpine".into(),
                ecosystem: Some(Ecosystem::with_release(EcosystemName::Alpine, branch)),
                ..Distro::default()
            }),
            "etc/alpine-release" => released("alpine", line),
            "etc/debian_version" => released("debian", debian_release(line)),
            _ => named(line).and_then(|(id, version)| released(id, version)),
        };
        Ok(())
    }
}

fn released(id: &str, version: &str) -> Option<Distro> {
    if version.is_empty() || version.len() > 64 {
        return None;
    }
    let mut distro = Distro {
        id: id.into(),
        version: version.into(),
        name: format!("{id} {version}"),
        ..Distro::default()
    };
    distro.ecosystem = os_release::ecosystem(&distro);
    Some(distro)
}

/// A release that is not out yet states its name: `forky/sid`.
fn debian_release(line: &str) -> &str {
    let name = line.split('/').next().unwrap_or(line);
    os_release::debian_number(name).unwrap_or(line)
}

/// `CentOS release 6.10 (Final)`, `Amazon Linux AMI release 2018.03`.
fn named(line: &str) -> Option<(&'static str, &str)> {
    const NAMES: [(&str, &str); 7] = [
        ("Red Hat Enterprise Linux", "rhel"),
        ("CentOS", "centos"),
        ("Rocky Linux", "rocky"),
        ("AlmaLinux", "almalinux"),
        ("Oracle Linux", "ol"),
        ("Amazon Linux", "amzn"),
        ("Fedora", "fedora"),
    ];
    let (_, id) = NAMES.iter().find(|(name, _)| line.starts_with(name))?;
    let (_, rest) = line.split_once("release ")?;
    Some((id, rest.split_whitespace().next()?))
}

/// The newest branch among the repositories; `edge` is newer than any.
fn newest_branch(text: &str) -> Option<String> {
    let branch = |line: &str| {
        let line = line.trim();
        let (_, rest) = line.split_once("/alpine/").filter(|_| !line.starts_with('#'))?;
        let branch = rest.split('/').next()?;
        branch_order(branch).map(|order| (order, branch.to_owned()))
    };
    text.lines().filter_map(branch).max().map(|(_, branch)| branch)
}

/// The place of a branch (`v3.20`, `edge`) among all; `None` for other words.
pub(crate) fn branch_order(branch: &str) -> Option<(u32, u32)> {
    if branch == "edge" {
        return Some((u32::MAX, u32::MAX));
    }
    let (major, minor) = branch.strip_prefix('v')?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distro(path: &str, text: &str) -> String {
        let mut found = Found::default();
        let content = text.as_bytes().to_vec();
        ReleaseFiles.catalogue(&File::new(path, &content, false), &mut found).unwrap();
        let ecosystem = found.distro.and_then(|distro| distro.ecosystem);
        ecosystem.map_or_else(|| "none".into(), |ecosystem| ecosystem.to_string())
    }

    #[test]
    fn each_file_names_its_release() {
        assert_eq!(distro("etc/alpine-release", "3.20.3\n"), "Alpine:v3.20");
        assert_eq!(distro("etc/debian_version", "12.5\n"), "Debian:12");
        assert_eq!(distro("etc/debian_version", "trixie/sid\n"), "Debian:13");
        assert_eq!(distro("etc/redhat-release", "CentOS release 6.10 (Final)\n"), "Red Hat:6");
        let rhel = "Red Hat Enterprise Linux Server release 6.10 (Santiago)\n";
        assert_eq!(distro("etc/redhat-release", rhel), "Red Hat:6");
        assert_eq!(
            distro("etc/system-release", "Amazon Linux AMI release 2018.03"),
            "Amazon Linux:1"
        );
        assert_eq!(distro("etc/redhat-release", "My own release 1"), "none");
    }

    #[test]
    fn the_newest_repository_is_the_branch() {
        let text = "#http://mirror.example/alpine/edge/main\nhttp://mirror.example/alpine/v3.9/main\n\
                    http://mirror.example/alpine/v3.10/community\n";
        assert_eq!(distro(APK_REPOSITORIES, text), "Alpine:v3.10");
        assert_eq!(distro(APK_REPOSITORIES, "https://packages.wolfi.example/os\n"), "none");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*") {
            distro("etc/redhat-release", &text);
            distro(APK_REPOSITORIES, &text);
        }
    }
}
