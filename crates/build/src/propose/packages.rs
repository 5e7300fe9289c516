//! Packages of the distribution: which of them build, and which run.

use crate::script::Program;

use super::recipe::is_plain;

/// The packages that a `RUN` installs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Packages {
    /// `apk` rather than `apt-get`.
    pub(super) apk: bool,
    /// As written, versions included.
    pub(super) names: Vec<String>,
}

/// Only of use while something is built; a name that ends with `-dev` is too.
const BUILDS: &[&str] = &[
    "autoconf",
    "automake",
    "binutils",
    "bison",
    "build-base",
    "build-essential",
    "cargo",
    "ccache",
    "clang",
    "cmake",
    "dpkg-dev",
    "flex",
    "g++",
    "gcc",
    "git",
    "git-core",
    "gnupg",
    "gnupg2",
    "go",
    "golang",
    "gradle",
    "libtool",
    "lld",
    "llvm",
    "make",
    "maven",
    "mold",
    "musl-tools",
    "nasm",
    "ninja-build",
    "ninja",
    "npm",
    "openssh-client",
    "patch",
    "pkg-config",
    "pkgconf",
    "pkgconfig",
    "protobuf-compiler",
    "protoc",
    "python3-dev",
    "python-dev",
    "rust",
    "rustc",
    "software-properties-common",
    "subversion",
    "upx",
    "xz-utils",
    "yarn",
    "apt-transport-https",
    "apt-utils",
    "linux-headers",
    "python3-setuptools",
    "python3-wheel",
    "samurai",
    "swig",
];

/// The library behind a package of headers, as Debian 12 and 13 and Alpine call it; empty where
/// the slim image has it.
const LIBRARIES: &[(&str, &str, &str)] = &[
    ("libpq-dev", "libpq5", ""),
    ("postgresql-dev", "", "libpq"),
    ("default-libmysqlclient-dev", "libmariadb3", ""),
    ("libmysqlclient-dev", "libmariadb3", ""),
    ("libmariadb-dev", "libmariadb3", ""),
    ("mariadb-dev", "", "mariadb-connector-c"),
    ("mysql-dev", "", "mariadb-connector-c"),
    ("mariadb-connector-c-dev", "", "mariadb-connector-c"),
    ("libxml2-dev", "libxml2", "libxml2"),
    ("libxslt1-dev", "libxslt1.1", ""),
    ("libxslt-dev", "libxslt1.1", "libxslt"),
    ("libffi-dev", "", "libffi"),
    ("libssl-dev", "libssl3", ""),
    ("openssl-dev", "", ""),
    ("libsqlite3-dev", "libsqlite3-0", ""),
    ("sqlite-dev", "", "sqlite-libs"),
    ("libcurl4-openssl-dev", "libcurl4", ""),
    ("libldap2-dev", "libldap-2.5-0", ""),
    ("zlib1g-dev", "", ""),
    ("zlib-dev", "", ""),
    ("libc6-dev", "", ""),
    ("libc-dev", "", ""),
    ("musl-dev", "", ""),
    ("libjpeg-dev", "libjpeg62-turbo", ""),
    ("libjpeg62-turbo-dev", "libjpeg62-turbo", ""),
    ("jpeg-dev", "", "libjpeg-turbo"),
    ("libpng-dev", "libpng16-16", "libpng"),
    ("libfreetype6-dev", "libfreetype6", ""),
    ("freetype-dev", "", "freetype"),
    ("libgmp-dev", "libgmp10", ""),
    ("libbz2-dev", "", ""),
    ("liblzma-dev", "", ""),
    ("libreadline-dev", "", ""),
    ("libncurses-dev", "", ""),
    ("libzmq3-dev", "libzmq5", ""),
    ("python3-dev", "", ""),
    ("python-dev", "", ""),
    ("python2-dev", "", ""),
];

/// Programs beside a package manager that leave nothing behind.
const BESIDE: &[&str] = &["rm", "echo", "set", "true", "export"];
/// The flags of apt-get and apk that take a value.
const APT_VALUES: &[&str] = &["c", "config-file", "o", "option", "t", "target-release"];
const APK_VALUES: &[&str] = &["t", "virtual", "X", "repository", "p", "root", "repositories-file"];

/// The packages that some programs install; `None` where they do more than that, or where a
/// name is not known before the build.
pub(super) fn of(programs: &[Program<'_>]) -> Option<Packages> {
    let mut packages = Packages::default();
    for program in programs {
        let program = program.through_wrappers();
        let (apk, operands) = match program.program() {
            "apt-get" | "apt" => (false, program.operands_after(APT_VALUES)),
            "apk" => (true, program.operands_after(APK_VALUES)),
            other if BESIDE.contains(&other) => continue,
            _ => return None,
        };
        let (first, rest) = operands.split_first()?;
        match &*first.text {
            "install" | "add" => {
                if !rest.iter().all(|one| is_plain(one)) {
                    return None;
                }
                packages.apk = apk;
                packages.names.extend(rest.iter().map(|one| one.text.clone().into_owned()));
            }
            "update" | "upgrade" | "dist-upgrade" | "clean" | "autoclean" | "autoremove" => {}
            _ => return None,
        }
    }
    Some(packages)
}

impl Packages {
    /// Those that the running image needs. What only builds is left out, and headers become the
    /// library behind them; headers that are not known are named in `unknown`.
    pub(super) fn that_run(&self, unknown: &mut Vec<String>) -> Vec<String> {
        let mut run = Vec::new();
        for written in &self.names {
            let name = written.split(['=', '<', '>', '~', '@']).next().unwrap_or(written);
            if let Some((_, debian, alpine)) = LIBRARIES.iter().find(|(dev, ..)| *dev == name) {
                let library = if self.apk { *alpine } else { *debian };
                if !library.is_empty() {
                    run.push(library.to_owned());
                }
            } else if name.ends_with("-dev") || name.ends_with("-headers") {
                unknown.push(name.to_owned());
            } else if !BUILDS.contains(&name) {
                run.push(written.clone());
            }
        }
        run.dedup();
        run
    }
}

/// The `RUN` that installs packages.
pub(super) fn install(apk: bool, names: &[String]) -> String {
    if apk {
        return format!("RUN apk add --no-cache {}", names.join(" "));
    }
    format!(
        "RUN apt-get update \\\n    && apt-get install -y --no-install-recommends {} \\\n    \
         && rm -rf /var/lib/apt/lists/*",
        names.join(" ")
    )
}
