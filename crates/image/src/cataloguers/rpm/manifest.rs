//! Packages of an Azure Linux or Mariner image without a database, as its build lists them.
//!
//! `container-manifest-2` is what `rpm -qa` printed with ten fields between tabs: name,
//! version-release, installation time, build time, vendor, epoch, size, architecture, epoch as a
//! number, source rpm. `container-manifest-1` beside it names the same packages with neither
//! epoch nor source and is not read.
//!
//! Source: <https://github.com/microsoft/azurelinux/blob/3.0/toolkit/tools/imagegen/installutils/installutils.go>.

use plimsoll_model::{Package, PackageKind};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::cataloguers::rpm::evr::{source_package, version};

/// Reads the package lists of distroless Azure Linux.
#[derive(Debug)]
pub(crate) struct RpmManifest;

impl Cataloguer for RpmManifest {
    fn name(&self) -> &'static str {
        "rpm-manifest"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Path("var/lib/rpmmanifest/container-manifest-2")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        for (at, line) in file.text()?.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            match package(line) {
                Some(package) => found.add_at(file, at + 1, package),
                None => found.skip(at + 1, "expected ten fields between tabs"),
            }
        }
        Ok(())
    }
}

fn package(line: &str) -> Option<Package> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [name, evr, _, _, vendor, _, _, arch, epoch, source] = fields.try_into().ok()?;
    let (stated, release) = evr.rsplit_once('-')?;
    if name.is_empty() || stated.is_empty() {
        return None;
    }
    let epoch = epoch.parse().unwrap_or(0);
    let mut package = Package::new(PackageKind::Rpm, name, version(epoch, stated, release));
    let stated = |text: &str| (!text.is_empty() && text != "(none)").then(|| text.to_owned());
    package.arch = stated(arch);
    package.supplier = stated(vendor);
    package.source = source_package(source, epoch);
    Some(package)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    const PATH: &str = "var/lib/rpmmanifest/container-manifest-2";

    #[test]
    fn each_line_is_a_package_with_its_source() {
        let lines = "glibc\t2.38-6.azl3\t1700000000\t1690000000\tMicrosoft Corporation\t(none)\t100\tx86_64\t0\tglibc-2.38-6.azl3.src.rpm\n\
                     half\t1-2\nopenssl-libs\t3.3.0-1.azl3\t1\t1\tMicrosoft Corporation\t1\t1\tx86_64\t1\topenssl-3.3.0-1.azl3.src.rpm\n";
        insta::assert_snapshot!(listing(&RpmManifest, PATH, lines.as_bytes()), @r"
        rpm glibc 2.38-6.azl3 from glibc 2.38-6.azl3 (line 1)
        rpm openssl-libs 1:3.3.0-1.azl3 from openssl 1:3.3.0-1.azl3 (line 3)
        Skipped line 2: expected ten fields between tabs
        ");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[a-z0-9\t\n.-]{0,200}") {
            listing(&RpmManifest, PATH, text.as_bytes());
        }
    }
}
