//! Ruby gems that are installed: `specifications/NAME-VERSION.gemspec`.
//!
//! RubyGems writes these files itself, a Ruby program of one assignment a line; no Ruby is run
//! here. What an author wrote by hand may compute its version, which is then not known.
//!
//! Source: <https://guides.rubygems.org/specification-reference/>.

use plimsoll_model::{Package, PackageKind};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};

/// Reads specifications of installed gems.
#[derive(Debug)]
pub(crate) struct GemSpec;

impl Cataloguer for GemSpec {
    fn name(&self) -> &'static str {
        "gem-spec"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::InNamed("specifications", ".gemspec"), Want::InNamed("default", ".gemspec")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let folder = file.folder();
        if !folder.ends_with("specifications") && !folder.ends_with("specifications/default") {
            return Ok(());
        }
        let text = file.text()?;
        let mut package = Package::new(PackageKind::Gem, "", "");
        let (mut at_version, mut stub) = (0, None);
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if let Some(words) = line.strip_prefix("# stub: ") {
                stub = stub.or(words.split_once(' '));
            }
            let Some((field, value)) = assignment(line) else { continue };
            match field {
                "name" => first_text(value).unwrap_or_default().clone_into(&mut package.name),
                "version" => {
                    at_version = at + 1;
                    first_text(value).unwrap_or_default().clone_into(&mut package.version);
                }
                "license" | "licenses" => {
                    package.licenses = texts(value).map(str::to_owned).collect();
                }
                "authors" | "author" => package.supplier = first_text(value).map(str::to_owned),
                "add_runtime_dependency" | "add_dependency" => {
                    let name = first_text(value).unwrap_or_default();
                    if !name.is_empty()
                        && package.depends_on.iter().rev().take(64).all(|known| known != name)
                    {
                        package.depends_on.push(name.to_owned());
                    }
                }
                _ => {}
            }
        }
        if let Some((name, rest)) = stub {
            let version = rest.split(' ').next().unwrap_or_default();
            fill(&mut package.name, name);
            fill(&mut package.version, version);
        }
        if package.name.is_empty() || package.version.is_empty() {
            return Err(CatalogueError::malformed("gemspec", "name or version is computed"));
        }
        found.add_at(file, at_version.max(1), package);
        Ok(())
    }
}

fn fill(field: &mut String, stated: &str) {
    if field.is_empty() {
        stated.clone_into(field);
    }
}

/// `s.FIELD = VALUE`, `s.FIELD(VALUE)` or `s.FIELD VALUE`, whatever the variable is called.
fn assignment(line: &str) -> Option<(&str, &str)> {
    // `s.add_… if s.respond_to? …` begins with the same variable; conditions begin otherwise.
    let (variable, rest) = line.split_once('.')?;
    let is_variable = variable.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    let (field, value) = rest.split_at_checked(end)?;
    is_variable.then_some((field, value.trim_start_matches([' ', '=', '('])))
}

/// The first literal, where the value begins with one or with `Gem::Version.new(` or a list.
fn first_text(value: &str) -> Option<&str> {
    let value = value.trim_start_matches("Gem::Version.new(").trim_start_matches('[');
    value.starts_with(['"', '\'', '%']).then(|| texts(value).next())?
}

/// All literals: `"x"`, `'x'`, `%q<x>`.
fn texts(value: &str) -> impl Iterator<Item = &str> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let at = rest.find(['"', '\'', '%'])?;
        let tail = rest.get(at..)?;
        let (text, after) = if let Some(tail) = tail.strip_prefix("%q<") {
            tail.split_once('>')?
        } else {
            let quote = tail.chars().next()?;
            tail.get(1..)?.split_once(quote)?
        };
        rest = after;
        Some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    const PATH: &str = "usr/lib/ruby/gems/3.1.0/specifications/rack-2.2.3.gemspec";

    #[test]
    fn the_generated_text_is_read_without_ruby() {
        let text = b"# -*- encoding: utf-8 -*-\n# stub: rack 2.2.3 ruby lib\n\nGem::Specification.new do |s|\n\
            \x20 s.name = \"rack\".freeze\n  s.version = \"2.2.3\"\n  s.licenses = [\"MIT\".freeze, \"BSD\".freeze]\n\
            \x20 s.authors = [\"Leah\".freeze]\n  s.add_runtime_dependency(%q<webrick>.freeze, [\"~> 1.7\"])\n\
            \x20 s.add_development_dependency(%q<minitest>.freeze, [\"~> 5.0\"])\nend\n".to_vec();
        assert_eq!(listing(&GemSpec, PATH, &text), "gem rack 2.2.3 (line 6)\n");
        let mut found = Found::default();
        GemSpec.catalogue(&File::new(PATH, &text, false), &mut found).unwrap();
        let package = &found.packages[0];
        assert_eq!(package.licenses, ["MIT", "BSD"]);
        assert_eq!(package.depends_on, ["webrick"]);
        assert_eq!(package.supplier.as_deref(), Some("Leah"));
    }

    #[test]
    fn a_computed_version_is_taken_from_the_stub_or_not_at_all() {
        let text = "Gem::Specification.new do |spec|\n  spec.name = 'a'\n  spec.version = A::VERSION\nend\n";
        insta::assert_snapshot!(listing(&GemSpec, PATH, text.as_bytes()), @"error: not a valid gemspec: name or version is computed");
        let text = format!("# stub: a 1.0 ruby lib\n{text}");
        assert_eq!(listing(&GemSpec, PATH, text.as_bytes()), "gem a 1.0 (line 4)\n");
        assert_eq!(listing(&GemSpec, "srv/default/a.gemspec", text.as_bytes()), "");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(s\\.|name|version| = |\"|'|%q<|>|\\PC{0,4}|\n){0,20}") {
            listing(&GemSpec, PATH, text.as_bytes());
        }
    }
}
