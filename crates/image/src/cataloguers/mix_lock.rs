//! `mix.lock` of Elixir and Erlang: a map, an entry a line.
//!
//! `"name": {:hex, :package, "version", "hash", …}` from the registry, or
//! `"name": {:git, "address", "commit", …}`.
//!
//! Source: <https://hexdocs.pm/mix/Mix.Tasks.Deps.html>.

use plimsoll_model::{Package, PackageKind};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};

/// Reads Mix's lock.
#[derive(Debug)]
pub(crate) struct MixLock;

impl Cataloguer for MixLock {
    fn name(&self) -> &'static str {
        "mix-lock"
    }

    fn declares(&self, _path: &str) -> bool {
        true
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("mix.lock")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        for (at, line) in file.text()?.lines().enumerate() {
            let line = line.trim();
            if !line.starts_with('"') {
                continue;
            }
            match package(line) {
                Some(package) => found.add_at(file, at + 1, package),
                None => found.skip(at + 1, "expected `\"name\": {:hex, :package, \"version\", …`"),
            }
        }
        Ok(())
    }
}

fn package(line: &str) -> Option<Package> {
    let (name, rest) = line.strip_prefix('"')?.split_once("\":")?;
    let mut parts = rest.trim_start().strip_prefix('{')?.splitn(4, ", ").map(str::trim);
    let (kind, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    let third = third.trim_matches(|c| "\"{},".contains(c));
    match kind {
        ":hex" if third.starts_with(|c: char| c.is_ascii_digit()) => {
            let published = second.trim_start_matches(':').trim_matches('"');
            let mut package = Package::new(PackageKind::Hex, published, third);
            if published != name {
                package.notes.push(format!("used under the name `{name}`"));
            }
            Some(package)
        }
        ":git" => {
            let mut package = Package::new(PackageKind::Hex, name, "");
            package.notes.push(format!("from git, commit {third}"));
            Some(package)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn entries_of_the_registry_and_of_repositories() {
        let lock = "%{\n  \"plug\": {:hex, :plug, \"1.11.1\", \"f2992b\", [:mix], [], \"hexpm\"},\n\
            \x20 \"foo\": {:git, \"https://git.example/foo\", \"fc94\", []},\n  \"certifi\": {:hex, },\n}\n";
        insta::assert_snapshot!(listing(&MixLock, "mix.lock", lock.as_bytes()), @r#"
        hex plug 1.11.1 (line 2)
        hex foo  (line 3)
        Skipped line 4: expected `"name": {:hex, :package, "version", …`
        "#);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(\"|: |\\{|:hex|, |\\PC{0,4}|\n){0,20}") {
            listing(&MixLock, "mix.lock", text.as_bytes());
        }
    }
}
