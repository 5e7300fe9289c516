//! Packages that apk installed, from `lib/apk/db/installed`.
//!
//! A blank line ends an entry; every other line is a letter, a colon, a value. Unknown letters
//! are passed over, because newer apk versions may add some.
//!
//! Source: <https://wiki.alpinelinux.org/wiki/Apk_spec#Installed_Database_V2>.

use plimsoll_model::{Package, PackageKind, SourcePackage};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};

/// Reads the package database of Alpine, Wolfi and their children.
#[derive(Debug)]
pub(crate) struct Apk;

impl Cataloguer for Apk {
    fn name(&self) -> &'static str {
        "apk"
    }

    fn wants(&self) -> &'static [Want] {
        // apk 3 keeps its database below usr.
        &[Want::Path("lib/apk/db/installed"), Want::Path("usr/lib/apk/db/installed")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let mut open: Option<(usize, Package)> = None;
        let mut folder = String::new();
        for (at, line) in file.text()?.lines().enumerate() {
            if line.is_empty() {
                finish(file, open.take(), found);
                continue;
            }
            let Some((letter, value)) = line.split_once(':') else {
                found.skip(at + 1, "expected `letter:value`");
                continue;
            };
            if letter == "P" {
                finish(file, open.take(), found);
                open = Some((at + 1, Package::new(PackageKind::Apk, value, "")));
                continue;
            }
            let Some((_, package)) = open.as_mut() else {
                if matches!(letter, "V" | "A" | "o") {
                    found.skip(at + 1, "field before a package name");
                }
                continue;
            };
            match letter {
                "V" => value.clone_into(&mut package.version),
                "A" => package.arch = Some(value.to_owned()),
                "o" => {
                    package.source =
                        Some(SourcePackage { name: value.into(), version: String::new() });
                }
                "L" => package.licenses = vec![value.to_owned()],
                "m" => package.supplier = Some(value.to_owned()),
                "D" => package.depends_on = value.split(' ').filter_map(needed).collect(),
                "F" => value.clone_into(&mut folder),
                "R" if folder.is_empty() => found.owned.push((package.name.clone(), value.into())),
                "R" => found.owned.push((package.name.clone(), format!("{folder}/{value}"))),
                _ => {}
            }
        }
        finish(file, open, found);
        Ok(())
    }
}

fn finish(file: &File<'_>, open: Option<(usize, Package)>, found: &mut Found) {
    let Some((line, mut package)) = open else { return };
    if package.version.is_empty() {
        found.skip(line, format!("`{}` has no version", package.name));
        return;
    }
    if let Some(source) = &mut package.source {
        // All packages of an origin are built together and share its version.
        source.version.clone_from(&package.version);
    }
    found.add_at(file, line, package);
}

/// The name in a dependency; conflicts (`!`) and things other than names (`so:`) are none.
fn needed(dependency: &str) -> Option<String> {
    let name = dependency.split(['=', '<', '>', '~']).next().unwrap_or(dependency);
    (!name.is_empty() && !name.starts_with(['!', '/']) && !name.contains(':'))
        .then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    const INSTALLED: &str = "\
C:Q1abc=
P:libcrypto3
V:3.3.2-r0
A:x86_64
o:openssl
L:Apache-2.0
D:so:libc.musl-x86_64.so.1 musl>=1.2 !old
F:lib
R:libcrypto.so.3

P:no-version

P:zlib
V:1.3.1-r1
";

    #[test]
    fn entries_keep_version_source_and_line() {
        insta::assert_snapshot!(listing(&Apk, "lib/apk/db/installed", INSTALLED.as_bytes()), @r"
        apk libcrypto3 3.3.2-r0 from openssl 3.3.2-r0 (line 2)
        apk zlib 1.3.1-r1 (line 13)
        Skipped line 11: `no-version` has no version
        ");
    }

    #[test]
    fn files_and_needs_belong_to_the_entry_above_them() {
        let mut found = Found::default();
        let content = INSTALLED.as_bytes().to_vec();
        Apk.catalogue(&File::new("lib/apk/db/installed", &content, false), &mut found).unwrap();
        assert_eq!(found.owned, [("libcrypto3".to_owned(), "lib/libcrypto.so.3".to_owned())]);
        assert_eq!(found.packages[0].depends_on, ["musl"]);
    }

    #[test]
    fn a_stray_field_costs_one_line_and_not_the_package_after_it() {
        insta::assert_snapshot!(listing(&Apk, "lib/apk/db/installed", b"V:9\n\nP:zlib\nV:1.3-r2\n"), @r"
        apk zlib 1.3-r2 (line 3)
        Skipped line 1: field before a package name
        ");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..500)) {
            listing(&Apk, "lib/apk/db/installed", &bytes);
        }
    }
}
