//! Packages that rpm installed, from its database in any of the forms it has had.
//!
//! SQLite since rpm 4.16, `ndb` at SUSE, Berkeley DB before; the first bytes tell which, because
//! a file can lie under another's name. All hold the same headers, and all are read here without
//! the library that wrote them, so that a damaged database still gives what is whole in it.
//!
//! Source: <https://rpm-software-management.github.io/rpm/manual/>.

mod berkeley;
mod evr;
mod header;
mod intake;
mod manifest;
mod ndb;
mod sqlite;

pub(crate) use manifest::RpmManifest;

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::cataloguers::rpm::intake::Intake;
use crate::content::read_exact_at;

/// Reads the package database of Red Hat, SUSE, Amazon and their like.
#[derive(Debug)]
pub(crate) struct Rpm;

impl Cataloguer for Rpm {
    fn name(&self) -> &'static str {
        "rpm"
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want::Path("var/lib/rpm/rpmdb.sqlite"),
            Want::Path("var/lib/rpm/rpmdb.sqlite-wal"),
            Want::Path("var/lib/rpm/Packages.db"),
            Want::Path("var/lib/rpm/Packages"),
            Want::Path("usr/lib/sysimage/rpm/rpmdb.sqlite"),
            Want::Path("usr/lib/sysimage/rpm/rpmdb.sqlite-wal"),
            Want::Path("usr/lib/sysimage/rpm/Packages.db"),
            Want::Path("usr/lib/sysimage/rpm/Packages"),
            // Where rpm-ostree keeps it.
            Want::Path("usr/share/rpm/rpmdb.sqlite"),
            Want::Path("usr/share/rpm/Packages"),
        ]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        if file.size() == 0 {
            return Ok(());
        }
        if file.name().ends_with("-wal") {
            found.skip(0, "changes in SQLite's write-ahead log are not read");
            return Ok(());
        }
        let start = usize::try_from(file.size()).unwrap_or(usize::MAX).min(16);
        let start = read_exact_at(file.content(), 0, start)?;
        let mut intake = Intake::default();
        if start.starts_with(sqlite::MAGIC) {
            sqlite::read(file.content(), &mut intake);
        } else if start.starts_with(ndb::MAGIC) {
            ndb::read(file.content(), &mut intake);
        } else if let Some(order) = berkeley::byte_order(&start) {
            berkeley::read(file.content(), order, &mut intake);
        } else {
            return Err(CatalogueError::malformed("rpm database", "unknown first bytes"));
        }
        intake.finish(found);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::header::tests::header;
    use super::*;
    use crate::cataloguer::listing;

    fn catalogued(headers: &[Vec<u8>]) -> Found {
        let mut intake = Intake::default();
        for blob in headers {
            intake.header(blob);
        }
        let mut found = Found::default();
        intake.finish(&mut found);
        found
    }

    #[test]
    fn a_header_gives_everything_that_matching_needs() {
        let found = catalogued(&[
            header(&[
                (1000, 6, 1, b"libfoo\0"),
                (1001, 6, 1, b"1.2\0"),
                (1002, 6, 1, b"3.el8\0"),
                (1003, 4, 1, &[0, 0, 0, 1]),
                (1011, 6, 1, b"Example\0"),
                (1014, 6, 1, b"MIT\0"),
                (1022, 6, 1, b"x86_64\0"),
                (1030, 3, 3, &[0x81, 0xa4, 0x41, 0xed, 0x81, 0xa4]),
                (1044, 6, 1, b"foo-1.2-3.el8.src.rpm\0"),
                (1047, 8, 2, b"libfoo\0libfoo.so.1()(64bit)\0"),
                (1116, 4, 3, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
                (1117, 8, 3, b"libfoo.so.1\0dir\0foo\0"),
                (1118, 8, 2, b"/usr/lib64/\0/usr/bin/\0"),
                (5096, 6, 1, b"foo:1:820:abc\0"),
            ]),
            header(&[
                (1000, 6, 1, b"app\0"),
                (1001, 6, 1, b"2\0"),
                (1002, 6, 1, b"1\0"),
                (1049, 8, 4, b"libfoo.so.1()(64bit)\0/usr/bin/foo\0rpmlib(X)\0app\0"),
            ]),
        ]);
        let library = &found.packages[0];
        assert_eq!(library.version, "1:1.2-3.el8");
        assert_eq!((library.source_name(), library.source_version()), ("foo", "1:1.2-3.el8"));
        assert_eq!(library.module.as_deref(), Some("foo:1:820:abc"));
        assert_eq!(
            (library.arch.as_deref(), library.supplier.as_deref()),
            (Some("x86_64"), Some("Example"))
        );
        assert_eq!(found.packages[1].depends_on, ["libfoo"]);
        let owned: Vec<&str> = found.owned.iter().map(|(_, path)| path.as_str()).collect();
        assert_eq!(owned, ["usr/lib64/libfoo.so.1", "usr/bin/foo"]);
    }

    #[test]
    fn a_log_with_changes_is_said_to_be_unread_and_an_empty_file_is_not_damage() {
        let wal = "var/lib/rpm/rpmdb.sqlite-wal";
        assert_eq!(listing(&Rpm, wal, b""), "");
        assert!(listing(&Rpm, wal, b"7\x7f\x06\x82").starts_with("Skipped: changes"));
        assert!(listing(&Rpm, "var/lib/rpm/Packages", b"what").starts_with("error: not a valid"));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..600), form in 0..4) {
            let start: &[u8] = match form {
                0 => b"SQLite format 3\0\x02\0\x01\x01\0",
                1 => b"RpmP\0\0\0\0\0\0\0\0\x01\0\0\0",
                2 => b"\0\0\0\0\0\0\0\0\0\0\0\0\x61\x15\x06\0\x09\0\0\0\0\x02\0\0\0\x08",
                _ => b"",
            };
            listing(&Rpm, "var/lib/rpm/Packages", &[start, &bytes].concat());
        }
    }
}
