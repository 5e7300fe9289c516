//! Packages that pacman installed: `var/lib/pacman/local/NAME-VERSION/desc`.
//!
//! A line `%FIELD%` begins a field, a blank line ends it; all between are its values.
//!
//! Source: `libalpm/be_local.c`, <https://gitlab.archlinux.org/pacman/pacman>.

use plimsoll_model::{Package, PackageKind, SourcePackage};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};

/// Reads the package database of Arch Linux and its children.
#[derive(Debug)]
pub(crate) struct Pacman;

impl Cataloguer for Pacman {
    fn name(&self) -> &'static str {
        "pacman"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("desc"), Want::Name("files")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let Some(folder) = file.folder().strip_prefix("var/lib/pacman/local/") else {
            return Ok(());
        };
        let text = file.text()?;
        if file.name() == "files" {
            // The folder is named NAME-VERSION-RELEASE.
            let name = folder.rsplitn(3, '-').nth(2).unwrap_or(folder);
            values(&text, |field, path| {
                if field == "FILES" && !path.ends_with('/') {
                    found.owns(name, path);
                }
            });
            return Ok(());
        }
        let mut package = Package::new(PackageKind::Alpm, "", "");
        let mut base = None;
        values(&text, |field, value| match field {
            "NAME" => value.clone_into(&mut package.name),
            "VERSION" => value.clone_into(&mut package.version),
            "BASE" => base = Some(value.to_owned()),
            "ARCH" => package.arch = Some(value.to_owned()),
            "PACKAGER" => package.supplier = Some(value.to_owned()),
            "LICENSE" => package.licenses.push(value.to_owned()),
            "DEPENDS" => {
                let name = value.split(['<', '>', '=']).next().unwrap_or(value);
                // Shared objects are no packages.
                if !name.contains(".so") {
                    package.depends_on.push(name.to_owned());
                }
            }
            _ => {}
        });
        if package.name.is_empty() || package.version.is_empty() {
            return Err(CatalogueError::malformed("pacman entry", "no `%NAME%` or no `%VERSION%`"));
        }
        package.source = base.map(|name| SourcePackage { name, version: package.version.clone() });
        found.add(package);
        Ok(())
    }
}

fn values<'t>(text: &'t str, mut each: impl FnMut(&'t str, &'t str)) {
    let mut field = "";
    for line in text.lines().map(str::trim_end) {
        if let Some(name) = line.strip_prefix('%').and_then(|line| line.strip_suffix('%')) {
            field = name;
        } else if line.is_empty() {
            field = "";
        } else if !field.is_empty() {
            each(field, line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    const PATH: &str = "var/lib/pacman/local/gcc-libs-1:14.2-1/desc";

    #[test]
    fn fields_are_read_and_other_files_of_that_name_are_not() {
        let text = b"%NAME%\ngcc-libs\n\n%VERSION%\n1:14.2-1\n\n%BASE%\ngcc\n\n%DEPENDS%\nglibc>=2.27\nlibc.so=6\n";
        assert_eq!(listing(&Pacman, PATH, text), "alpm gcc-libs 1:14.2-1 from gcc 1:14.2-1\n");
        assert_eq!(listing(&Pacman, "srv/desc", text), "");
        let cut = "error: not a valid pacman entry: no `%NAME%` or no `%VERSION%`\n";
        assert_eq!(listing(&Pacman, PATH, b"%NAME%\na\n\n%VERSION%\n"), cut);
    }

    #[test]
    fn files_belong_to_the_package_of_their_folder() {
        let mut found = Found::default();
        let path = "var/lib/pacman/local/gcc-libs-14.2-1/files";
        let content = b"%FILES%\nusr/\nusr/lib/libgcc_s.so\n".to_vec();
        Pacman.catalogue(&File::new(path, &content, false), &mut found).unwrap();
        assert_eq!(found.owned, [("gcc-libs".to_owned(), "usr/lib/libgcc_s.so".to_owned())]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(%|NAME|\\PC{0,4}|\n){0,20}") {
            listing(&Pacman, PATH, text.as_bytes());
        }
    }
}
