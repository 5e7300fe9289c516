//! Runtimes and toolchains that state their version in a file of their own: Java's `release`,
//! Go's `VERSION`, Erlang's `OTP_VERSION`, Ruby's `rbconfig.rb`, Elixir's `elixir.app`.
//!
//! Go's is listed as the module `toolchain`, because its advisories name it so.

use plimsoll_model::{Package, PackageKind};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};

/// Reads those files.
#[derive(Debug)]
pub(crate) struct ProgramRelease;

/// Larger files of these names are something else.
const MAX_SIZE: u64 = 256 << 10;
const MAX_VERSION: usize = 64;

impl Cataloguer for ProgramRelease {
    fn name(&self) -> &'static str {
        "program-release"
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want::Name("release"),
            Want::InNamed("go", "VERSION"),
            Want::Name("OTP_VERSION"),
            Want::Name("rbconfig.rb"),
            Want::Name("elixir.app"),
        ]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        if file.size() > MAX_SIZE {
            return Ok(());
        }
        let text = file.text()?;
        let package = match file.name() {
            "release" => java(&text),
            "VERSION" => text.split_whitespace().next().and_then(go),
            "OTP_VERSION" => plain(PackageKind::Generic, "erlang", text.trim()),
            "rbconfig.rb" => ruby(&text),
            "elixir.app" => text
                .split_once("{vsn,\"")
                .and_then(|(_, rest)| rest.split_once('"'))
                .and_then(|(version, _)| plain(PackageKind::Generic, "elixir", version)),
            _ => None,
        };
        if let Some(mut package) = package {
            package.notes.push(format!("version read from its file `{}`", file.name()));
            found.add(package);
        }
        Ok(())
    }
}

/// The value behind `key` and an equals sign on a line of its own, without quotes.
fn value<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let values = text.lines().filter_map(|line| {
        let (found, value) = line.split_once('=')?;
        (found.trim() == key).then(|| value.trim().trim_matches('"'))
    });
    values.into_iter().next().filter(|value| !value.is_empty())
}

/// Each vendor builds its own; what is wrong in one is as a rule wrong in all.
fn java(text: &str) -> Option<Package> {
    let version = value(text, "JAVA_VERSION")?;
    let vendor = value(text, "IMPLEMENTOR");
    let is = |word: &str| vendor.is_some_and(|vendor| vendor.contains(word));
    let is_commercial = is("Oracle") && value(text, "BUILD_TYPE") == Some("commercial");
    let program = match () {
        () if is("IBM") => "ibm-java",
        () if is("Azul") => "zulu",
        () if is_commercial => "oracle-jdk",
        () => "openjdk",
    };
    let mut package = plain(PackageKind::Generic, program, version)?;
    package.supplier = vendor.map(str::to_owned);
    if let Some(runtime) = value(text, "JAVA_RUNTIME_VERSION").filter(|it| *it != version) {
        package.notes.push(format!("the vendor calls it {runtime}"));
    }
    Some(package)
}

fn go(word: &str) -> Option<Package> {
    plain(PackageKind::Golang, "toolchain", word.strip_prefix("go")?)
}

fn ruby(text: &str) -> Option<Package> {
    let number = |key: &str| {
        let key = format!("CONFIG[\"{key}\"]");
        value(text, &key).filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let version = format!("{}.{}.{}", number("MAJOR")?, number("MINOR")?, number("TEENY")?);
    plain(PackageKind::Generic, "ruby", &version)
}

fn plain(kind: PackageKind, name: &str, version: &str) -> Option<Package> {
    let is_version = version.len() <= MAX_VERSION
        && version.starts_with(|c: char| c.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c));
    is_version.then(|| Package::new(kind, name, version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    fn of(path: &str, text: &str) -> String {
        listing(&ProgramRelease, path, text.as_bytes()).trim_end().to_owned()
    }

    #[test]
    fn each_runtime_has_its_file() {
        let java = "IMPLEMENTOR=\"Eclipse Adoptium\"\nJAVA_RUNTIME_VERSION=\"17.0.9+9\"\nJAVA_VERSION=\"17.0.9\"\n";
        assert_eq!(of("opt/java/openjdk/release", java), "generic openjdk 17.0.9");
        let zulu = "IMPLEMENTOR=\"Azul Systems, Inc.\"\nJAVA_VERSION=\"1.8.0_392\"\n";
        assert_eq!(of("usr/lib/jvm/release", zulu), "generic zulu 1.8.0_392");
        assert_eq!(
            of("usr/local/go/VERSION", "go1.21.3\ntime 2023-10-09T17:04:35Z\n"),
            "golang toolchain 1.21.3"
        );
        assert_eq!(
            of("usr/lib/erlang/releases/25/OTP_VERSION", "25.3.2\n"),
            "generic erlang 25.3.2"
        );
        let ruby = "  CONFIG[\"MAJOR\"] = \"3\"\n  CONFIG[\"MINOR\"] = \"2\"\n  CONFIG[\"TEENY\"] = \"2\"\n";
        assert_eq!(
            of("usr/local/lib/ruby/3.2.0/x86_64-linux/rbconfig.rb", ruby),
            "generic ruby 3.2.2"
        );
        let elixir = "{application,elixir,[{description,\"elixir\"},{vsn,\"1.15.7\"}]}";
        assert_eq!(
            of("usr/local/lib/elixir/lib/elixir/ebin/elixir.app", elixir),
            "generic elixir 1.15.7"
        );
    }

    #[test]
    fn other_files_of_the_same_names_are_passed_over() {
        assert_eq!(of("etc/release", "NAME=\"My Linux\"\nVERSION=1\n"), "");
        assert_eq!(of("srv/go/VERSION", "version seven"), "");
        assert_eq!(of("srv/OTP_VERSION", "<html>"), "");
        assert_eq!(of("lib/rbconfig.rb", "module RbConfig\nend\n"), "");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*") {
            for name in ["release", "go/VERSION", "OTP_VERSION", "rbconfig.rb", "elixir.app"] {
                of(name, &text);
            }
        }
    }
}
