//! Packages that dpkg installed, from `var/lib/dpkg/status` and distroless' `status.d`; and opkg's
//! of `OpenWrt`, which keeps the same format.
//!
//! A blank line ends a paragraph; a line that begins with a space continues the field above it.
//! File lists (`info/NAME.list`) tell which files the packages own.
//!
//! Source: `deb-control(5)`, <https://www.debian.org/doc/debian-policy/ch-controlfields.html>.

use std::collections::HashMap;

use plimsoll_model::{Package, PackageKind, SourcePackage};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};

/// Reads the package database of Debian and its children.
#[derive(Debug)]
pub(crate) struct Dpkg;

impl Cataloguer for Dpkg {
    fn name(&self) -> &'static str {
        "dpkg"
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want::Path("var/lib/dpkg/status"),
            Want::Path("usr/lib/opkg/status"),
            Want::Path("var/lib/opkg/status"),
            Want::In("var/lib/dpkg/status.d", ""),
            Want::In("var/lib/dpkg/info", ".list"),
        ]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let text = file.text()?;
        if let Some(name) = file.name().strip_suffix(".list") {
            let package = name.split(':').next().unwrap_or(name);
            text.lines().filter(|path| *path != "/.").for_each(|path| found.owns(package, path));
        } else if let Some(package) = file.name().strip_suffix(".md5sums") {
            let paths = text.lines().filter_map(|line| line.split_once("  "));
            paths.for_each(|(_, path)| found.owns(package, path));
        } else {
            let is_distroless = file.name() != "status";
            paragraphs(&text, |first_line, fields| match package(fields, is_distroless) {
                Ok(Some(package)) => found.add_at(file, first_line, package),
                Ok(None) => {}
                Err(why) => found.skip(first_line, why),
            });
        }
        Ok(())
    }
}

/// The fields that matter here; others, long descriptions above all, are passed over.
const FIELDS: [&str; 8] = [
    "Package",
    "Status",
    "Version",
    "Architecture",
    "Source",
    "Maintainer",
    "Depends",
    "Pre-Depends",
];

fn paragraphs<'t>(text: &'t str, mut each: impl FnMut(usize, &HashMap<&'static str, &'t str>)) {
    let mut fields = HashMap::new();
    let mut first = 1;
    for (at, line) in text.lines().enumerate() {
        if line.is_empty() {
            if !fields.is_empty() {
                each(first, &fields);
                fields.clear();
            }
            first = at + 2;
        } else if !line.starts_with([' ', '\t'])
            && let Some((key, value)) = line.split_once(':')
            && let Some(known) = FIELDS.iter().find(|field| field.eq_ignore_ascii_case(key))
        {
            fields.insert(*known, value.trim());
        }
    }
    if !fields.is_empty() {
        each(first, &fields);
    }
}

/// `None` for a package that is known but not there (removed, its configuration left).
fn package(
    fields: &HashMap<&str, &str>,
    is_distroless: bool,
) -> Result<Option<Package>, &'static str> {
    let field = |name: &str| fields.get(name).copied().filter(|value| !value.is_empty());
    let state = field("Status").and_then(|status| status.split_whitespace().last());
    match state {
        None if is_distroless => {}
        Some("not-installed" | "config-files") => return Ok(None),
        None => return Err("entry without `Status`"),
        Some(_) => {}
    }
    let name = field("Package").ok_or("entry without `Package`")?;
    let version = field("Version").ok_or("entry without `Version`")?;
    let mut package = Package::new(PackageKind::Deb, name, version);
    if let Some(state) = state.filter(|&state| state != "installed") {
        package.notes.push(format!("dpkg says `{state}`"));
    }
    package.arch = field("Architecture").map(str::to_owned);
    package.supplier = field("Maintainer").map(str::to_owned);
    package.source = Some(source(field("Source"), name, version));
    package.depends_on =
        [field("Pre-Depends"), field("Depends")].into_iter().flatten().flat_map(names).collect();
    Ok(Some(package))
}

/// `Source: name (version)`; what it leaves out is the binary package's own.
fn source(field: Option<&str>, name: &str, version: &str) -> SourcePackage {
    let (source, stated) = match field.and_then(|field| field.split_once('(')) {
        Some((source, stated)) => (source.trim(), stated.trim_end_matches(')').trim()),
        None => (field.unwrap_or(name), version),
    };
    SourcePackage { name: source.into(), version: stated.into() }
}

/// Names in a dependency field: of alternatives the first, which is the one that dpkg prefers.
fn names(field: &str) -> impl Iterator<Item = String> {
    field.split(',').filter_map(|dependency| {
        let first = dependency.split('|').next()?;
        let name = first.trim().split([' ', '(', ':', '[']).next()?;
        (!name.is_empty()).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    const STATUS: &str = "\
Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl (3.0.15-1)
Version: 3.0.15-1~deb12u1
Depends: libc6 (>= 2.34), debconf (>= 0.5) | debconf-2.0
Description: Secure Sockets Layer toolkit
 Package: not-a-package
 .

Package: gone
Status: deinstall ok config-files
Version: 1

Package: half
Status: install ok half-configured
Version: 1:2-3

Package: broken
Status: install ok installed
";

    #[test]
    fn installed_packages_keep_their_source_and_what_is_gone_is_left_out() {
        insta::assert_snapshot!(listing(&Dpkg, "var/lib/dpkg/status", STATUS.as_bytes()), @r"
        deb libssl3 3.0.15-1~deb12u1 from openssl 3.0.15-1 (line 1)
        deb half 1:2-3 from half 1:2-3 (line 15)
        Skipped line 19: entry without `Version`
        ");
    }

    #[test]
    fn distroless_entries_need_no_status() {
        let text = "Package: base-files\nVersion: 12.4\n";
        assert_eq!(
            listing(&Dpkg, "var/lib/dpkg/status.d/base", text.as_bytes()),
            "deb base-files 12.4 from base-files 12.4 (line 1)\n"
        );
    }

    #[test]
    fn file_lists_give_each_path_its_owner() {
        let mut found = Found::default();
        let content = b"/.\n/usr/bin/bash\n".to_vec();
        Dpkg.catalogue(
            &File::new("var/lib/dpkg/info/bash:amd64.list", &content, false),
            &mut found,
        )
        .unwrap();
        assert_eq!(found.owned, [("bash".to_owned(), "usr/bin/bash".to_owned())]);
    }

    #[test]
    fn of_alternatives_the_first_is_needed() {
        let all: Vec<String> =
            names("libc6 (>= 2.34), debconf:any (>= 0.5) | debconf-2.0,").collect();
        assert_eq!(all, ["libc6", "debconf"]);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..500)) {
            listing(&Dpkg, "var/lib/dpkg/status", &bytes);
        }

        #[test]
        fn no_cut_panics(end in 0..STATUS.len()) {
            listing(&Dpkg, "var/lib/dpkg/status", &STATUS.as_bytes()[..end]);
        }
    }
}
