//! Which distribution it is, from `os-release`.
//!
//! Source: <https://www.freedesktop.org/software/systemd/man/latest/os-release.html>. The release
//! is written as the advisories of that distribution write it; a derivative whose packages have
//! advisories of nobody gets no ecosystem rather than its parent's.

use plimsoll_model::{Distro, Ecosystem, EcosystemName};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};

/// Reads `os-release`.
#[derive(Debug)]
pub(crate) struct OsRelease;

impl Cataloguer for OsRelease {
    fn name(&self) -> &'static str {
        "os-release"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Path("etc/os-release"), Want::Path("usr/lib/os-release")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let mut distro = Distro::default();
        for (at, line) in file.text()?.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((key, value)) = line.split_once('=') else {
                found.skip(at + 1, "expected `KEY=value`");
                continue;
            };
            let value = unquote(value);
            match key {
                "ID" => distro.id = value.to_ascii_lowercase(),
                "ID_LIKE" => distro.id_like = value.split_whitespace().map(str::to_owned).collect(),
                "VERSION_ID" => distro.version = value,
                "VERSION_CODENAME" => distro.codename = Some(value),
                "PRETTY_NAME" => distro.name = value,
                "CPE_NAME" => distro.cpe = Some(value),
                _ => {}
            }
        }
        if distro.id.is_empty() {
            // An empty or odd file says nothing of the distribution.
            return Ok(());
        }
        distro.ecosystem = ecosystem(&distro);
        found.distro = Some(distro);
        Ok(())
    }
}

/// A value may stand in quotes of either kind, with backslashes before special characters.
fn unquote(value: &str) -> String {
    let inner = |quote| value.strip_prefix(quote).and_then(|v| v.strip_suffix(quote));
    let plain = inner('"').or_else(|| inner('\'')).unwrap_or(value);
    let mut out = String::with_capacity(plain.len());
    let mut letters = plain.chars();
    while let Some(letter) = letters.next() {
        out.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    out
}

/// The release in the words of its distribution's advisories.
pub fn ecosystem(distro: &Distro) -> Option<Ecosystem> {
    use EcosystemName as Name;
    let version = distro.version.as_str();
    let major = version.split('.').next().unwrap_or(version);
    let released = |name, release: &str| {
        Some(if release.is_empty() {
            Ecosystem::new(name)
        } else {
            Ecosystem::with_release(name, release)
        })
    };
    match distro.id.as_str() {
        "debian" | "raspbian" if major.is_empty() => {
            // Before a release is out its os-release has a name and no number.
            released(Name::Debian, debian_number(distro.codename.as_deref()?)?)
        }
        "debian" | "raspbian" => released(Name::Debian, major),
        "ubuntu" => released(Name::Ubuntu, &ubuntu_release(version)),
        "alpine" => released(Name::Alpine, &alpine_branch(version)),
        "wolfi" => released(Name::Wolfi, ""),
        "chainguard" => released(Name::Chainguard, ""),
        "minimos" => released(Name::MinimOs, ""),
        "rhel" | "centos" => released(Name::RedHat, major),
        "rocky" => released(Name::Rocky, major),
        "almalinux" => released(Name::AlmaLinux, major),
        "ol" => released(Name::Oracle, major),
        // Amazon Linux 1 was versioned by date, 2018.03 the last.
        "amzn" if major.len() == 4 && major < "2022" => released(Name::Amazon, "1"),
        "amzn" => released(Name::Amazon, major),
        "opensuse-leap" => released(Name::OpenSuse, &format!("Leap {version}")),
        "opensuse-tumbleweed" => released(Name::OpenSuse, "Tumbleweed"),
        "sles" => released(Name::Suse, &suse_release(version)),
        "photon" => released(Name::Photon, version),
        "azurelinux" => released(Name::AzureLinux, major),
        "mariner" => released(Name::Mariner, version),
        "openeuler" => released(Name::OpenEuler, version),
        _ => None,
    }
}

/// The number of a Debian release.
///
/// Source: <https://www.debian.org/releases/>.
pub(super) fn debian_number(codename: &str) -> Option<&'static str> {
    const NAMES: [(&str, &str); 6] = [
        ("buster", "10"),
        ("bullseye", "11"),
        ("bookworm", "12"),
        ("trixie", "13"),
        ("forky", "14"),
        ("duke", "15"),
    ];
    NAMES.iter().find(|(name, _)| *name == codename).map(|(_, number)| *number)
}

/// Releases of April in even years have long-term support, which OSV writes behind the number.
fn ubuntu_release(version: &str) -> String {
    let even = |year: &str| year.parse::<u32>().is_ok_and(|year| year % 2 == 0);
    match version.split_once('.') {
        Some((year, "04")) if even(year) => format!("{version}:LTS"),
        _ => version.to_owned(),
    }
}

/// `3.20.3` is of branch v3.20; `3.21_alpha20240923` is of edge.
fn alpine_branch(version: &str) -> String {
    let mut parts = version.split('.');
    match (parts.next(), parts.next()) {
        _ if version.contains(['_', '-']) => "edge".into(),
        (Some(major), Some(minor)) => format!("v{major}.{minor}"),
        _ => "edge".into(),
    }
}

fn suse_release(version: &str) -> String {
    match version.split_once('.') {
        Some((major, pack)) => format!("Linux Enterprise Server {major} SP{pack}"),
        None => format!("Linux Enterprise Server {version}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distro(text: &str) -> String {
        let mut found = Found::default();
        let content = text.as_bytes().to_vec();
        OsRelease.catalogue(&File::new("etc/os-release", &content, false), &mut found).unwrap();
        let distro = found.distro.unwrap_or_default();
        format!("{} {}", distro.name, distro.ecosystem.map_or("none".into(), |e| e.to_string()))
    }

    #[test]
    fn releases_are_written_as_their_advisories_write_them() {
        let of = |id: &str, version: &str| {
            distro(&format!("ID=\"{id}\"\nVERSION_ID={version}\nPRETTY_NAME=x\n"))
        };
        assert_eq!(of("debian", "\"12\""), "x Debian:12");
        assert_eq!(distro("ID=debian\nVERSION_CODENAME=trixie\nPRETTY_NAME=x\n"), "x Debian:13");
        assert_eq!(of("ubuntu", "24.04"), "x Ubuntu:24.04:LTS");
        assert_eq!(of("ubuntu", "23.10"), "x Ubuntu:23.10");
        assert_eq!(of("alpine", "3.20.3"), "x Alpine:v3.20");
        assert_eq!(of("alpine", "3.21_alpha20240923"), "x Alpine:edge");
        assert_eq!(of("rhel", "9.4"), "x Red Hat:9");
        assert_eq!(of("amzn", "2018.03"), "x Amazon Linux:1");
        assert_eq!(of("amzn", "2023"), "x Amazon Linux:2023");
        assert_eq!(of("sles", "15.5"), "x SUSE:Linux Enterprise Server 15 SP5");
    }

    #[test]
    fn a_derivative_is_not_taken_for_its_parent() {
        assert_eq!(
            distro("ID=linuxmint\nID_LIKE='ubuntu debian'\nPRETTY_NAME='Mint \\$'\n"),
            "Mint $ none"
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*") {
            distro(&text);
        }
    }
}
