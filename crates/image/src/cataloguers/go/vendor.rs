//! Modules in a `vendor` folder, as `vendor/modules.txt` lists them.
//!
//! `# PATH VERSION` begins a module, `## …` tells more of it, and each other line is a package
//! that was copied. A module without a package is only required: nothing of it is there.
//!
//! Source: <https://go.dev/ref/mod#vendoring>.

use std::collections::HashSet;

use plimsoll_model::{Package, PackageKind};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::cataloguers::go::is_folder;

/// Reads `vendor/modules.txt`.
#[derive(Debug)]
pub(crate) struct GoVendor;

impl Cataloguer for GoVendor {
    fn name(&self) -> &'static str {
        "go-vendor"
    }

    fn declares(&self, _path: &str) -> bool {
        true
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::InNamed("vendor", "modules.txt")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        if file.name() != "modules.txt" {
            return Ok(());
        }
        let mut open: Option<(usize, Package)> = None;
        let mut listed = HashSet::new();
        for (at, line) in file.text()?.lines().enumerate() {
            if let Some(header) = line.strip_prefix("# ") {
                open = None;
                match module(header) {
                    Some(module) => open = Some((at + 1, module)),
                    None => found.skip(at + 1, "expected `# PATH VERSION`"),
                }
            } else if !line.starts_with('#')
                && !line.trim().is_empty()
                && let Some((line, module)) = open.take()
                && listed.insert((module.name.clone(), module.version.clone()))
            {
                found.add_at(file, line, module);
            }
        }
        Ok(())
    }
}

/// `PATH [VERSION] [=> PATH [VERSION]]`.
fn module(header: &str) -> Option<Package> {
    let (required, by) = match header.split_once(" => ") {
        Some((required, by)) => (required, Some(by)),
        None => (header, None),
    };
    let pair = |text: &str| -> Option<(String, String)> {
        let mut words = text.split_whitespace().map(str::to_owned);
        let pair = (words.next()?, words.next().unwrap_or_default());
        words.next().is_none().then_some(pair)
    };
    let (path, version) = pair(required)?;
    let Some((by, by_version)) = by.map(pair).unwrap_or_default() else {
        let complete = by.is_none() && !version.is_empty();
        return complete.then(|| Package::new(PackageKind::Golang, path, version));
    };
    let replaced = format!("{path} {version}");
    let replaced = replaced.trim_end();
    let (package, note) = if is_folder(&by) {
        let note = format!("`{replaced}` was replaced by the folder `{by}`");
        (Package::new(PackageKind::Golang, &path, &version), note)
    } else {
        let note = format!("stands in for `{replaced}`");
        (Package::new(PackageKind::Golang, by, by_version), note)
    };
    Some(Package { notes: vec![note], ..package })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn only_modules_with_copied_packages_are_there() {
        let text = "# example.com/a v1.0.0\n## explicit; go 1.21\nexample.com/a/x\nexample.com/a/y\n\
            # example.com/unused v1.0.0\n## explicit\n# example.com/b v1.0.0 => example.com/fork v1.1.0\nexample.com/b\n\
            # odd\nexample.com/odd\n# example.com/c v1.0.0 => ./c\nexample.com/c\n";
        insta::assert_snapshot!(listing(&GoVendor, "src/vendor/modules.txt", text.as_bytes()), @r"
        golang example.com/a v1.0.0 (line 1)
        golang example.com/fork v1.1.0 (line 7)
        golang example.com/c v1.0.0 (line 11)
        Skipped line 9: expected `# PATH VERSION`
        ");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(#{0,2} ?[a-z./v0-9 =>é]{0,30}\n){0,12}") {
            listing(&GoVendor, "vendor/modules.txt", text.as_bytes());
        }
    }
}
