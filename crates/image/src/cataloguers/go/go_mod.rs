//! What `go.mod` requires: the build list of a module, complete since Go 1.17.
//!
//! Replacements stand in for what they replace, and excluded versions are no requirements. The
//! `toolchain` line, or else the `go` line, tells the standard library. Older files leave out
//! what the required modules require themselves.
//!
//! Source: <https://go.dev/ref/mod#go-mod-file>.

use std::collections::{HashMap, HashSet};

use plimsoll_model::{Package, PackageKind};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::cataloguers::dependency_folder::is_in_dependency;
use crate::cataloguers::go::{is_folder, stdlib};

/// Words of a line that are looked at; no statement has more than five.
const MAX_WORDS: usize = 8;
/// The longest path or version.
const MAX_WORD: usize = 1024;

/// Reads `go.mod`.
#[derive(Debug)]
pub(crate) struct GoMod;

#[derive(Default)]
struct Module {
    /// Line, path, version.
    required: Vec<(usize, String, String)>,
    /// By path and version; without a version for all of them.
    replaced: HashMap<(String, Option<String>), (String, String)>,
    excluded: HashSet<(String, String)>,
    go: Option<(usize, String)>,
    toolchain: Option<(usize, String)>,
}

impl Cataloguer for GoMod {
    fn name(&self) -> &'static str {
        "go-mod"
    }

    fn declares(&self, _path: &str) -> bool {
        true
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Name("go.mod")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        // What lies in `testdata`, the Go tool itself passes over.
        if is_in_dependency(file.path()) || file.folder().split('/').any(|at| at == "testdata") {
            return Ok(());
        }
        let text = file.text()?;
        // The toolchain's own sources, whose version its file `VERSION` states.
        if text.lines().any(|line| matches!(line.trim(), "module std" | "module cmd")) {
            return Ok(());
        }
        let mut module = Module::default();
        let mut block: Option<String> = None;
        for (at, line) in text.lines().enumerate() {
            let words = words(line);
            let mut rest = words.iter().map(String::as_str);
            let verb = match &block {
                Some(verb) => verb.clone(),
                None => match rest.next() {
                    Some(verb) => verb.to_owned(),
                    None => continue,
                },
            };
            let fields: Vec<&str> = rest.collect();
            match (block.is_some(), fields.as_slice()) {
                (true, []) => {}
                (true, [")"]) => block = None,
                (false, ["("]) => block = Some(verb),
                (_, fields) => {
                    if let Err(why) = module.take(at + 1, &verb, fields) {
                        found.skip(at + 1, why);
                    }
                }
            }
        }
        module.list(file, found);
        Ok(())
    }
}

impl Module {
    fn take(&mut self, line: usize, verb: &str, fields: &[&str]) -> Result<(), &'static str> {
        let text = |text: &&str| (*text).to_owned();
        if fields.iter().any(|field| field.len() > MAX_WORD) {
            return Err("a path or version is too long");
        }
        match (verb, fields) {
            ("require", [path, version]) => {
                self.required.push((line, text(path), text(version)));
            }
            ("exclude", [path, version]) => {
                self.excluded.insert((text(path), text(version)));
            }
            ("replace", [path, rest @ ..]) => {
                let (version, by) = match rest {
                    ["=>", by @ ..] => (None, by),
                    [version, "=>", by @ ..] => (Some(text(version)), by),
                    _ => return Err("expected `replace PATH [VERSION] => PATH [VERSION]`"),
                };
                let by = match by {
                    [path] => (text(path), String::new()),
                    [path, version] => (text(path), text(version)),
                    _ => return Err("expected `replace PATH [VERSION] => PATH [VERSION]`"),
                };
                self.replaced.insert((text(path), version), by);
            }
            ("go", [version]) => self.go = Some((line, text(version))),
            // `default` and `local` leave it to the machine.
            ("toolchain", [name]) if name.starts_with("go") => {
                self.toolchain = Some((line, text(name)));
            }
            ("require" | "exclude", _) => return Err("expected a path and a version"),
            // `module`, `retract`, `tool`, `godebug`, `ignore` and whatever comes later.
            _ => {}
        }
        Ok(())
    }

    fn list(&self, file: &File<'_>, found: &mut Found) {
        let mut listed = HashSet::new();
        for (line, path, version) in &self.required {
            if self.excluded.contains(&(path.clone(), version.clone())) {
                continue;
            }
            let by = self
                .replaced
                .get(&(path.clone(), Some(version.clone())))
                .or_else(|| self.replaced.get(&(path.clone(), None)));
            let package = match by {
                Some((by, by_version)) => {
                    let mut package = Package::new(PackageKind::Golang, by, by_version);
                    let kind = if is_folder(by) { "a folder that " } else { "" };
                    package.notes.push(format!("{kind}stands in for `{path} {version}`"));
                    package
                }
                None => Package::new(PackageKind::Golang, path, version),
            };
            // One module can stand in for several.
            if listed.insert((package.name.clone(), package.version.clone())) {
                found.add_at(file, *line, package);
            }
        }
        if let Some((line, toolchain)) = self.toolchain.as_ref().or(self.go.as_ref()) {
            found.add_at(file, *line, stdlib(toolchain));
        }
    }
}

/// The words of a line; in quotation marks one may hold anything, and `//` begins a comment.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim_start();
    while !rest.is_empty() && !rest.starts_with("//") && words.len() < MAX_WORDS {
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '`'));
        let (word, behind) = match quote.and_then(|quote| rest.get(1..)?.split_once(quote)) {
            Some(quoted) => quoted,
            None if rest.starts_with(['(', ')']) => rest.split_at(1),
            None => {
                let is_end = |c: char| c.is_whitespace() || c == '(' || c == ')';
                let end = rest.find(is_end).unwrap_or(rest.len());
                let comment = rest.find("//").filter(|&at| at > 0).unwrap_or(end);
                rest.split_at_checked(end.min(comment)).unwrap_or((rest, ""))
            }
        };
        words.push(word.to_owned());
        rest = behind.trim_start();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn blocks_lines_quotes_and_comments_are_read() {
        let text = r#"
module example.com/app // the app

go 1.21

require example.com/one v1.0.0 // indirect
require (
	"example.com/two" v2.0.0+incompatible
	// example.com/not v1.0.0
	example.com/gone v1.0.0
	example.com/odd
)

exclude example.com/gone v1.0.0
replace example.com/one => example.com/fork v1.5.0
retract [v1.0.0, v1.1.0]
"#;
        insta::assert_snapshot!(listing(&GoMod, "go.mod", text.as_bytes()), @r"
        golang example.com/fork v1.5.0 (line 6)
        golang example.com/two v2.0.0+incompatible (line 8)
        golang stdlib 1.21 (line 4)
        Skipped line 11: expected a path and a version
        ");
    }

    #[test]
    fn the_toolchain_line_wins_over_the_go_line() {
        let of = |text: &str| listing(&GoMod, "go.mod", text.as_bytes());
        assert_eq!(of("go 1.21\ntoolchain go1.22.1\n"), "golang stdlib 1.22.1 (line 2)\n");
        assert_eq!(of("go 1.21\ntoolchain default\n"), "golang stdlib 1.21 (line 1)\n");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "((require|replace|exclude|go)?[ \t(]{0,2}[a-z./\"`v0-9 =>)é]{0,30}\n){0,12}") {
            listing(&GoMod, "go.mod", text.as_bytes());
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            listing(&GoMod, "go.mod", &bytes);
        }
    }
}
