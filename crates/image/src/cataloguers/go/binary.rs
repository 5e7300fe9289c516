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

    fn version(&self) -> u32 {
        2
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
    let (mut revision, mut modified, mut flags) = (None, false, "");
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
                Some(("-ldflags", value)) => flags = value,
                _ => {}
            },
            // `path` is the main package; Go may add other kinds of lines.
            _ => {}
        }
    }
    if let Some(main) = main.as_mut().filter(|main| main.version.is_empty())
        && let Some((variable, version)) = linked_version(flags, &main.name)
    {
        main.version = version;
        main.notes = vec![format!("version set by the linker in `{variable}`")];
    }
    if let (Some(main), Some(revision)) = (&mut main, revision) {
        let changes = if modified { " with changes" } else { "" };
        main.notes.push(format!("built from revision {revision}{changes}"));
    }
    (main, modules)
}

/// The variable and version that `-X main.version=1.2.3` or its like sets, as projects do that
/// are built from a working copy.
fn linked_version(flags: &str, main: &str) -> Option<(String, String)> {
    const LONGEST: usize = 64;
    let words = flags.split(|c: char| c.is_whitespace() || "\"'\\".contains(c));
    let settings = words.filter_map(|word| word.trim_start_matches("-X=").split_once('='));
    let versions = settings.filter_map(|(variable, value)| {
        let (package, name) = variable.rsplit_once('.')?;
        let name = name.to_ascii_lowercase();
        let is_own = package == "main" || package.starts_with(main);
        let is_version = name.ends_with("version") || name.ends_with("tag");
        let number = value.strip_prefix('v').unwrap_or(value);
        let is_number = number.len() <= LONGEST
            && number.split('.').count() >= 3
            && number.starts_with(|c: char| c.is_ascii_digit())
            && number.chars().all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c));
        let is_good = is_own && is_version && is_number;
        is_good.then(|| (variable.to_owned(), format!("v{number}")))
    });
    // `…/version.Version` before `…/version.GoVersion`.
    versions.min_by_key(|(variable, _)| variable.rsplit('.').next().map(str::len))
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
    fn the_linker_may_have_set_the_version() {
        let of = |flags: &str| {
            let lines = format!("mod\texample.com/app\t(devel)\t\nbuild\t-ldflags={flags}\n");
            shown(&lines).trim_end().to_owned()
        };
        let set = of(r#""-s -X main.goVersion=go1.2.3 -X main.version=1.4.0-rc.1""#);
        assert_eq!(set, "example.com/app v1.4.0-rc.1 version set by the linker in `main.version`");
        assert!(
            of(r#""-X 'example.com/app/cmd.Tag=v2.0.1'""#).starts_with("example.com/app v2.0.1 ")
        );
        for flags in ["\"-X example.com/other.version=1.2.3\"", "-X=main.version=dev", "-s"] {
            assert!(of(flags).starts_with("example.com/app  built"), "{flags}");
        }
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
