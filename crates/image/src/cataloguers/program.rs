//! Well-known programs, by what they say of their own version: images often bring the main one
//! without any package manager.
//!
//! `program_rules.rs` has the table. Only read-only data is searched, never code, in pieces: a
//! program of 100 MB costs no more memory than a small one. Programs that a distribution's
//! package brought are found as well and belong to that package, as all its files do.

use std::io;

use plimsoll_model::{Package, PackageKind};

use super::program_rules::{Mark, RULES, Rule};
use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::content::{ReadAt, read_exact_at};
use crate::object_file::{ObjectFile, Part};

/// Looks into programs of known names.
#[derive(Debug)]
pub(crate) struct Program;

/// Searched of one file, all parts together; the largest read-only data known has 48 MB.
const MAX_SEARCH: u64 = 128 << 20;
/// Read at once.
const PIECE: usize = 1 << 20;
/// What two pieces have in common, so that no text is cut in both.
const OVERLAP: usize = 256;
/// Longer versions are none.
const MAX_VERSION: usize = 40;
/// Candidates that are kept of one file.
const MAX_CANDIDATES: usize = 1000;

impl Cataloguer for Program {
    fn name(&self) -> &'static str {
        "program"
    }

    fn wants(&self) -> &'static [Want] {
        // Shared libraries are no programs, so those that matter are named.
        &[
            Want::Executable,
            Want::Name("libcrypto.so.1.0.0"),
            Want::Name("libcrypto.so.1.0.2"),
            Want::Name("libcrypto.so.1.1"),
            Want::Name("libcrypto.so.3"),
            Want::Name("libphp.so"),
            Want::Name("libpython2.7.so.1.0"),
            Want::Name("libpython3.6m.so.1.0"),
            Want::Name("libpython3.7m.so.1.0"),
            Want::Name("libpython3.8.so.1.0"),
            Want::Name("libpython3.9.so.1.0"),
            Want::Name("libpython3.10.so.1.0"),
            Want::Name("libpython3.11.so.1.0"),
            Want::Name("libpython3.12.so.1.0"),
            Want::Name("libpython3.13.so.1.0"),
            Want::Name("libpython3.14.so.1.0"),
        ]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let known = RULES.iter().filter_map(|rule| {
            let number = rule.files.iter().find_map(|name| name.of(file.name()))?;
            Some(Search::new(rule, number))
        });
        let mut searches: Vec<Search<'_>> = known.collect();
        if searches.is_empty() {
            return Ok(());
        }
        let Some(object) = ObjectFile::read(file.content())? else { return Ok(()) };
        read_parts(file.content(), &object, |bytes| {
            for search in &mut searches {
                search.look(bytes);
            }
            let best = searches.first().and_then(|search| search.found.first());
            !best.is_some_and(Option::is_some)
        })?;
        for search in searches {
            if let Some(version) = search.version() {
                let mut package = Package::new(PackageKind::Generic, search.rule.program, version);
                package.notes.push(format!(
                    "version read from the program by the rule for `{}`",
                    search.rule.program
                ));
                found.add(package);
                break;
            }
        }
        Ok(())
    }
}

/// Hands the read-only data to `look` in pieces until that answers false.
fn read_parts(
    content: &dyn ReadAt,
    object: &ObjectFile,
    mut look: impl FnMut(&[u8]) -> bool,
) -> io::Result<()> {
    const NAMES: [&str; 7] =
        [".rodata", ".rdata", "__cstring", "__const", ".data.rel.ro", ".data", ".comment"];
    let named = |part: &&Part| NAMES.contains(&part.name.as_str());
    let mut parts: Vec<&Part> = object.sections.iter().filter(named).collect();
    if parts.is_empty() {
        parts = object.segments.iter().collect();
    }
    let mut room = MAX_SEARCH;
    for part in parts {
        let end = part.offset.saturating_add(part.size).min(content.size());
        let mut at = part.offset;
        while at < end && room > 0 {
            let len = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
            let piece = read_exact_at(content, at, len)?;
            if !look(&piece) {
                return Ok(());
            }
            if len < PIECE {
                break;
            }
            let step = (PIECE - OVERLAP) as u64;
            at = at.saturating_add(step);
            room = room.saturating_sub(step);
        }
    }
    Ok(())
}

/// One rule on one file.
struct Search<'f> {
    rule: &'static Rule,
    /// In the file's name.
    number: &'f str,
    /// By mark of the rule.
    found: Vec<Option<String>>,
    /// Versions that are texts of their own, and texts that may begin with one.
    alone: Vec<String>,
    builds: Vec<String>,
}

impl<'f> Search<'f> {
    fn new(rule: &'static Rule, number: &'f str) -> Self {
        let found = vec![None; rule.marks.len()];
        Self { rule, number, found, alone: Vec::new(), builds: Vec::new() }
    }

    fn look(&mut self, bytes: &[u8]) {
        for (mark, found) in self.rule.marks.iter().zip(&mut self.found) {
            if found.is_some() {
                continue;
            }
            *found = match mark {
                Mark::Between("", after) => places(bytes, after.as_bytes()).find_map(|at| {
                    let (before, _) = bytes.split_at_checked(at)?;
                    version_at_end(before)
                }),
                Mark::Between(before, after) => places(bytes, before.as_bytes()).find_map(|at| {
                    let rest = bytes.get(at + before.len()..)?;
                    version(rest, after.as_bytes())
                }),
                Mark::OfName if self.number.contains('.') => {
                    let before = format!("\0{}.", self.number);
                    places(bytes, before.as_bytes())
                        .find_map(|at| version(bytes.get(at + 1..)?, b"\0"))
                }
                Mark::OfName => None,
                Mark::BuildId => {
                    collect_builds(bytes, &mut self.alone, &mut self.builds);
                    None
                }
            };
        }
    }

    fn version(&self) -> Option<String> {
        let by_build = || {
            let built = |version: &&String| self.builds.iter().any(|build| begins(build, version));
            self.alone.iter().filter(built).max_by_key(|version| version.len()).cloned()
        };
        self.found.iter().flatten().next().cloned().or_else(by_build)
    }
}

/// `7.0.15` and `7.0.15host-17900000000000000000`. What stands before the latter need not end in
/// a NUL, because it need not be text.
fn collect_builds(bytes: &[u8], alone: &mut Vec<String>, builds: &mut Vec<String>) {
    const DIGITS_OF_BUILD: usize = 17;
    const LONGEST: usize = 120;
    for text in bytes.split(|&byte| byte == 0) {
        let letters = text.iter().rev().take_while(|byte| byte.is_ascii_graphic()).count();
        let text = text.get(text.len() - letters..).unwrap_or_default();
        let Ok(text) = std::str::from_utf8(text) else { continue };
        if text.len() > LONGEST {
            continue;
        }
        let digits = text.bytes().rev().take_while(u8::is_ascii_hexdigit).count();
        let is_version = || text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let dots = text.bytes().filter(|&byte| byte == b'.').count();
        if digits >= DIGITS_OF_BUILD && dots >= 2 && builds.len() < MAX_CANDIDATES {
            builds.push(text.to_owned());
        } else if dots == 2 && is_version() && alone.len() < MAX_CANDIDATES {
            alone.push(text.to_owned());
        }
    }
}

/// Whether `build` has `version` in it as the beginning of a number.
fn begins(build: &str, version: &str) -> bool {
    build.split_once(version).is_some_and(|(before, _)| {
        !before.ends_with(|letter: char| letter.is_ascii_digit() || letter == '.')
    })
}

/// Where `text` stands in `bytes`.
fn places<'b>(bytes: &'b [u8], text: &'b [u8]) -> impl Iterator<Item = usize> + 'b {
    memchr::memmem::find_iter(bytes, text)
}

/// The version at the beginning of `bytes`, where `after` follows it.
fn version(bytes: &[u8], after: &[u8]) -> Option<String> {
    let bytes = bytes.get(..bytes.len().min(OVERLAP)).unwrap_or_default();
    let len = version_len(bytes)?;
    let (version, rest) = bytes.split_at_checked(len)?;
    // What a distribution appends.
    let is_appended = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.~".contains(byte);
    let appended = match rest.first() {
        Some(b'+' | b'-' | b'~') => rest.iter().take_while(|byte| is_appended(byte)).count(),
        _ => 0,
    };
    let follows =
        rest.starts_with(after) || rest.get(appended..).is_some_and(|rest| rest.starts_with(after));
    follows.then(|| String::from_utf8_lossy(version).into_owned())
}

/// The version at the end of `bytes`.
fn version_at_end(bytes: &[u8]) -> Option<String> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b".-".contains(byte);
    let len = bytes.iter().rev().take(MAX_VERSION).take_while(|byte| is_part(byte)).count();
    let text = bytes.get(bytes.len() - len..)?;
    let found = version_len(text).filter(|&found| found == text.len())?;
    Some(String::from_utf8_lossy(text.get(..found)?).into_owned())
}

/// The length of what reads as a version: numbers between dots, at least two, and perhaps a word
/// for what comes before or after a release (`rc1`, `-beta.2`, `p20`, `w`).
fn version_len(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        bytes.get(from..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count()
    };
    let mut len = digits(0);
    let mut numbers = usize::from(len > 0);
    while numbers > 0 && bytes.get(len) == Some(&b'.') && digits(len + 1) > 0 {
        len += 1 + digits(len + 1);
        numbers += 1;
    }
    if numbers < 2 || len > MAX_VERSION {
        return None;
    }
    let mut end = len + usize::from(bytes.get(len) == Some(&b'-'));
    let word = bytes.get(end..).unwrap_or_default();
    let letters = word.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let word = word.get(..letters).unwrap_or_default();
    let is_known = matches!(
        word,
        b"a" | b"alpha" | b"b" | b"beta" | b"dev" | b"p" | b"preview" | b"rc" | b"RC"
    );
    let is_letter = letters == 1 && end == len;
    if is_known || is_letter {
        end += letters;
        end += usize::from(bytes.get(end) == Some(&b'.') && digits(end + 1) > 0);
        end += digits(end);
        if !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric) && end <= MAX_VERSION {
            return Some(end);
        }
    }
    Some(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    /// A little-endian ELF file of 64 bits with one read-only segment of this content.
    fn elf(content: &[u8]) -> Vec<u8> {
        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(64, 0);
        file.splice(32..40, 64_u64.to_le_bytes());
        file.splice(54..58, [56, 0, 1, 0]);
        file.extend(1_u32.to_le_bytes());
        file.extend(4_u32.to_le_bytes());
        for word in [120, 0x1000, 0, content.len() as u64, content.len() as u64, 0] {
            file.extend(word.to_le_bytes());
        }
        file.extend(content);
        file
    }

    fn of(path: &str, text: &str) -> String {
        listing(&Program, path, &elf(text.as_bytes())).trim_end().to_owned()
    }

    #[test]
    fn each_program_says_its_version_in_its_own_way() {
        let shown =
            |path, text| assert!(of(path, text).starts_with("generic "), "{path}: {text:?}");
        assert_eq!(of("usr/local/bin/node", "\0node.js/v20.10.0 (d"), "generic node 20.10.0");
        assert_eq!(of("usr/local/bin/python3.12", "x\x003.12.1\0y"), "generic python 3.12.1");
        assert_eq!(of("opt/bin/python3.13", "x\x003.13.0rc1\0y"), "generic python 3.13.0rc1");
        assert_eq!(of("usr/lib/libpython3.7m.so.1.0", "\x003.7.17\0"), "generic python 3.7.17");
        assert_eq!(
            of("usr/sbin/haproxy", "\0 version 2.6.12-1+deb12u4, released 2023/12/16"),
            "generic haproxy 2.6.12"
        );
        assert_eq!(
            of(
                "usr/local/bin/redis-server",
                "\x001.0.0\x007.2.4\0\u{7f}A7.2.4host-17047988510000000000\0"
            ),
            "generic redis 7.2.4"
        );
        assert_eq!(of("sbin/mariadbd", "\x0010.11.4-MariaDB\0"), "generic mariadb 10.11.4");
        assert_eq!(of("sbin/mysqld", "\0/build/mysql-8.0.35/sql"), "generic mysql 8.0.35");
        assert_eq!(of("bin/openssl", "\0OpenSSL 1.1.1w  11 Sep 2023\0"), "generic openssl 1.1.1w");
        assert_eq!(
            of("lib/libcrypto.so.3", "\0OpenSSL 3.0.11 19 Sep 2023"),
            "generic openssl 3.0.11"
        );
        assert_eq!(
            of("bin/openssl", "\0OpenSSL 1.1.1 (compatible; AWS-LC 1.69.0)\0"),
            "generic aws-lc 1.69.0"
        );
        assert_eq!(of("usr/bin/ruby", "ruby 3.1.2p20 (2022-04-12"), "generic ruby 3.1.2p20");
        assert_eq!(of("bin/postgres", "PostgreSQL 9.6.24 on x86"), "generic postgresql 9.6.24");
        shown("usr/bin/perl", "\0/usr/local/lib/perl5/5.36.0/x86_64-linux");
        shown("usr/sbin/nginx", "\0nginx version: nginx/1.25.3\0");
        shown("usr/local/sbin/php-fpm", "\0X-Powered-By: PHP/8.2.7\0");
        shown("bin/busybox", "BusyBox v1.36.1 (2023-11-07)");
    }

    #[test]
    fn other_files_of_the_same_name_say_nothing() {
        assert_eq!(of("usr/bin/node", "\0a node of a graph, v1.2\0"), "");
        assert_eq!(of("usr/bin/nodes", "node.js/v20.10.0"), "");
        assert_eq!(listing(&Program, "usr/bin/node", b"#!/bin/sh\nnode.js/v20.10.0"), "");
    }

    #[test]
    fn a_text_on_the_border_of_two_pieces_is_found() {
        for shift in [0, 5, 250, 256, 300] {
            let text = format!("{}node.js/v20.10.0 ", " ".repeat(PIECE - shift));
            assert_eq!(of("bin/node", &text), "generic node 20.10.0", "{shift}");
        }
    }

    #[test]
    fn versions_end_where_words_begin() {
        fn len(text: &str) -> Option<&str> {
            text.get(..version_len(text.as_bytes())?)
        }
        assert_eq!(len("1.2.3buildkit"), Some("1.2.3"));
        assert_eq!(len("3.0.0-beta.2 "), Some("3.0.0-beta.2"));
        assert_eq!(len("1.0"), Some("1.0"));
        assert_eq!(len("1."), None);
        assert_eq!(len("v1.2"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            for name in ["node", "redis-server", "python3.11", "mariadbd", "haproxy"] {
                listing(&Program, name, &elf(&bytes));
                listing(&Program, name, &[b"\x7fELF\x02\x01\x01".as_slice(), &bytes].concat());
            }
        }

        #[test]
        fn no_text_panics(text in "[0-9.\0a-z-]{0,60}") {
            of("redis-server", &text);
            of("python3.1", &text);
            of("mysqld", &format!("{text}-MariaDB"));
        }
    }
}
