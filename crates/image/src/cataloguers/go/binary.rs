//! Modules in a program that the Go toolchain built, from the build information it embeds.
//!
//! Lines of fields between tabs: `path`, `mod` (the main module), `dep`, `=>` (what stands in for
//! the `dep` above it) and `build` (settings). The standard library is what the toolchain brought.
//!
//! Source: <https://pkg.go.dev/runtime/debug#BuildInfo>.

use std::fmt::Write;

use plimsoll_model::{Hash, Package, PackageKind};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::cataloguers::go::{build_info, is_folder, stdlib};
use crate::object_file::ObjectFile;

/// Reads Go programs, stripped or not.
#[derive(Debug)]
pub(crate) struct GoBinary;

/// What Go writes where it knows no version.
const DEVEL: &str = "(devel)";

impl Cataloguer for GoBinary {
    fn name(&self) -> &'static str {
        "go-binary"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Executable]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let Some(object) = ObjectFile::read(file.content())? else { return Ok(()) };
        let Some(info) = build_info::read(file.content(), &object)? else { return Ok(()) };
        let (main, mut modules) = modules(&info.modules, found);
        modules.push(stdlib(&info.toolchain));
        if let Some(mut main) = main {
            main.depends_on = modules.iter().map(|module| module.name.clone()).collect();
            found.add(main);
        }
        found.packages.append(&mut modules);
        Ok(())
    }
}

/// The main module and those that it was built with.
fn modules(lines: &str, found: &mut Found) -> (Option<Package>, Vec<Package>) {
    let mut main: Option<Package> = None;
    let mut modules: Vec<Package> = Vec::new();
    let (mut revision, mut modified) = (None, false);
    for line in lines.lines() {
        let (kind, fields) = line.split_once('\t').unwrap_or((line, ""));
        let mut parts = fields.split('\t');
        let mut next = || parts.next().unwrap_or_default();
        match kind {
            "mod" => main = Some(module(next(), next(), next())),
            "dep" => modules.push(module(next(), next(), next())),
            "=>" => match modules.last_mut() {
                Some(replaced) => replace(replaced, next(), next(), next()),
                None => found.skip(0, "a replacement without a module before it"),
            },
            "build" => match fields.split_once('=') {
                Some(("vcs.revision", value)) => revision = Some(value.to_owned()),
                Some(("vcs.modified", value)) => modified = value == "true",
                _ => {}
            },
            // `path` is the main package; Go may add other kinds of lines.
            _ => {}
        }
    }
    if let (Some(main), Some(revision)) = (&mut main, revision) {
        let changes = if modified { " with changes" } else { "" };
        main.notes.push(format!("built from revision {revision}{changes}"));
    }
    (main, modules)
}

fn module(path: &str, version: &str, sum: &str) -> Package {
    let known = if version == DEVEL { "" } else { version };
    let mut module = Package::new(PackageKind::Golang, path, known);
    if known.is_empty() {
        module.notes.push("built from a working copy without a version".into());
    }
    module.hashes.extend(
        sum.strip_prefix("h1:")
            .and_then(base64)
            .map(|hex| Hash { algorithm: "sha256".into(), hex }),
    );
    module
}

/// Another module is what was built in. A folder has no version: its module's name stays, and
/// what the code is worth cannot be known.
fn replace(replaced: &mut Package, path: &str, version: &str, sum: &str) {
    let before = format!("{} {}", replaced.name, replaced.version);
    let before = before.trim_end();
    if is_folder(path) {
        replaced.notes = vec![format!("`{before}` was replaced by the folder `{path}`")];
        replaced.version.clear();
        replaced.hashes.clear();
    } else {
        let mut other = module(path, version, sum);
        other.notes.push(format!("stands in for `{before}`"));
        *replaced = other;
    }
}

/// The 32 bytes of a digest, from base64 to hexadecimal.
fn base64(text: &str) -> Option<String> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.strip_suffix('=').filter(|digits| digits.len() == 43)?;
    let (mut bits, mut held) = (0_u32, 0_u32);
    let mut hex = String::with_capacity(64);
    for digit in digits.bytes() {
        let value = DIGITS.iter().position(|&known| known == digit)?;
        bits = (bits << 6) | u32::try_from(value).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            let _ = write!(hex, "{:02x}", (bits >> held) & 0xff);
            bits &= (1 << held) - 1;
        }
    }
    Some(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(lines: &str) -> String {
        let (main, modules) = modules(lines, &mut Found::default());
        let line = |p: &Package| {
            let hash = p.hashes.first().map(|hash| format!(" {}", &hash.hex[..8]));
            format!("{} {}{} {}\n", p.name, p.version, hash.unwrap_or_default(), p.notes.join("; "))
        };
        main.iter().chain(&modules).map(line).collect()
    }

    #[test]
    fn what_stands_in_for_a_module_is_listed_in_its_place() {
        let lines = "path\texample.com/app/cmd/app\n\
            mod\texample.com/app\t(devel)\t\n\
            dep\tgolang.org/x/net\tv0.1.0\th1:hZ/3BUoy5aId7sCpA/Tc5lt8DkFgdVS2onTpJsZ/fl0=\n\
            dep\texample.com/old\tv1.0.0\n\
            =>\texample.com/new\tv1.1.0\th1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\
            dep\texample.com/local\tv1.0.0\n\
            =>\t./local\t(devel)\t\n\
            build\tvcs.revision=abc\n\
            build\tvcs.modified=true\n";
        insta::assert_snapshot!(shown(lines).replace(" \n", "\n"), @r"
        example.com/app  built from a working copy without a version; built from revision abc with changes
        golang.org/x/net v0.1.0 859ff705
        example.com/new v1.1.0 00000000 stands in for `example.com/old v1.0.0`
        example.com/local  `example.com/local v1.0.0` was replaced by the folder `./local`
        ");
    }

    #[test]
    fn a_sum_that_is_none_is_left_out() {
        assert_eq!(base64("AAA="), None);
        assert_eq!(base64(&"?".repeat(43)), None);
        assert_eq!(base64(&format!("{}=", "/".repeat(43))).map(|hex| hex.len()), Some(64));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400), form in 0..3) {
            let magic: &[u8] = match form { 0 => b"\x7fELF\x01\x02\x01", 1 => b"\x7fELF\x02\x01\x01", _ => b"MZ" };
            crate::cataloguer::listing(&GoBinary, "app", &[magic, &bytes].concat());
        }

        #[test]
        fn no_lines_panic(text in "((mod|dep|=>|build)[\ta-z/.=+]{0,20}\n){0,9}") {
            shown(&text);
        }
    }
}
