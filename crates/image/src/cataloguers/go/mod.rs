//! Go: modules in built programs, in `go.mod` and in a `vendor` folder.
//!
//! Versions stay as Go writes them (`v1.2.3`), but that of the standard library, which is listed
//! as `stdlib`: `1.21.3` for `go1.21.3`.

mod binary;
mod build_info;
mod go_mod;
mod vendor;

pub(crate) use binary::GoBinary;
pub(crate) use go_mod::GoMod;
pub(crate) use vendor::GoVendor;

use plimsoll_model::{Package, PackageKind};

/// The standard library of a toolchain (`go1.21.3`, `go1.20.12 (Red Hat 1.20.12-2.el9)`).
fn stdlib(toolchain: &str) -> Package {
    let version = toolchain.strip_prefix("go").unwrap_or(toolchain);
    let is_version = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let end = version.find(|c| !is_version(c)).unwrap_or(version.len());
    let (version, more) = version.split_at_checked(end).unwrap_or((version, ""));
    if !version.starts_with(|c: char| c.is_ascii_digit()) {
        let mut package = Package::new(PackageKind::Golang, "stdlib", "");
        package.notes.push(format!("built with a toolchain without a version: `{toolchain}`"));
        return package;
    }
    let mut package = Package::new(PackageKind::Golang, "stdlib", version);
    // Go 1.26 writes a hyphen where earlier versions wrote a space.
    if let Some(experiments) = [" X:", "-X:"].iter().find_map(|mark| more.strip_prefix(mark)) {
        package.notes.push(format!("built with experiments: `{experiments}`"));
    } else if !more.trim().is_empty() {
        package.notes.push(format!("built with a patched toolchain: `{toolchain}`"));
    }
    package
}

/// Whether a replacement is a folder rather than a module.
fn is_folder(path: &str) -> bool {
    path.starts_with(['.', '/', '\\']) || path.get(1..2) == Some(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendors_suffix_is_no_part_of_the_version_but_is_kept() {
        let shown = |toolchain| {
            let package = stdlib(toolchain);
            format!("{} {}", package.version, package.notes.concat())
        };
        assert_eq!(shown("go1.21.3"), "1.21.3 ");
        assert_eq!(shown("go1.22rc1"), "1.22rc1 ");
        assert_eq!(
            shown("go1.20.12 (Red Hat 1.20.12-2.el9)"),
            "1.20.12 built with a patched toolchain: `go1.20.12 (Red Hat 1.20.12-2.el9)`"
        );
        assert_eq!(
            shown("go1.20.12-fips"),
            "1.20.12 built with a patched toolchain: `go1.20.12-fips`"
        );
        assert_eq!(
            shown("go1.21.3 X:boringcrypto"),
            "1.21.3 built with experiments: `boringcrypto`"
        );
        assert_eq!(shown("go1.26.8-X:jsonv2"), "1.26.8 built with experiments: `jsonv2`");
        assert_eq!(
            shown("devel go1.22-8f1d2b3 Mon"),
            " built with a toolchain without a version: `devel go1.22-8f1d2b3 Mon`"
        );
    }
}
