//! `requirements.txt` and its like: what somebody asked pip for.
//!
//! Only `==` names what will be installed. Of a range the lowest (or only) version that it names
//! is given, with a note that says so; without one the version stays empty. Options, other files
//! and addresses are no packages.
//!
//! Source: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>.

use plimsoll_model::{Hash, Package, PackageKind, Scope};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::cataloguers::dependency_folder::is_in_dependency;

/// Reads requirements files.
#[derive(Debug)]
pub(crate) struct PythonRequirements;

impl Cataloguer for PythonRequirements {
    fn name(&self) -> &'static str {
        "python-requirements"
    }

    fn declares(&self, _path: &str) -> bool {
        true
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self) -> &'static [Want] {
        &[
            Want::Suffix("requirements.txt"),
            Want::InNamed("requirements", ".txt"),
            Want::Name("requirements-base.txt"),
            Want::Name("requirements-ci.txt"),
            Want::Name("requirements-dev.txt"),
            Want::Name("requirements-development.txt"),
            Want::Name("requirements-docs.txt"),
            Want::Name("requirements-lock.txt"),
            Want::Name("requirements-prod.txt"),
            Want::Name("requirements-test.txt"),
            Want::Name("requirements-tests.txt"),
            Want::Name("requirements.dev.txt"),
            Want::Name("requirements_dev.txt"),
            Want::Name("requirements_test.txt"),
        ]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        if is_in_dependency(file.path()) {
            return Ok(());
        }
        let words = ["dev", "test", "doc", "lint"];
        let is_development = words.iter().any(|word| file.name().contains(word));
        for (at, line) in joined(&file.text()?) {
            match requirement(&line) {
                Ok(Some(mut package)) => {
                    if is_development {
                        package.scope = Scope::Development;
                    }
                    found.add_at(file, at, package);
                }
                Ok(None) => {}
                Err(why) => found.skip(at, why),
            }
        }
        Ok(())
    }
}

/// Lines with those that end in a backslash joined, comments cut, and the number of the first.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut all: Vec<(usize, String)> = Vec::new();
    let mut continues = false;
    for (at, line) in text.lines().enumerate() {
        // A comment begins a line or follows a space; `#egg=` in an address is none.
        let line = match line.find(" #").or_else(|| line.trim_start().starts_with('#').then_some(0))
        {
            Some(at) => line.get(..at).unwrap_or_default(),
            None => line,
        };
        let goes_on = line.ends_with('\\');
        let line = line.trim_end_matches('\\');
        match all.last_mut().filter(|_| continues) {
            Some((_, open)) => open.push_str(line),
            None => all.push((at + 1, line.to_owned())),
        }
        continues = goes_on;
    }
    all
}

fn requirement(line: &str) -> Result<Option<Package>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with("-r") || line.starts_with("--requirement") {
        return Ok(None);
    }
    if line.starts_with("-e") || line.starts_with("--editable") {
        return Err("an editable folder or address has no released version".into());
    }
    if line.starts_with('-') {
        return Ok(None);
    }
    let name_end = line.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
    let (name, rest) = line.split_at_checked(name_end.unwrap_or(line.len())).unwrap_or((line, ""));
    let rest = rest.trim_start();
    // Extras.
    let rest = match rest.strip_prefix('[').and_then(|extras| extras.split_once(']')) {
        Some((_, rest)) => rest.trim_start(),
        None => rest,
    };
    let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !is_name || rest.starts_with(['@', ':', '/', '\\']) {
        return Err("an address or path has no released version".into());
    }
    // Environment markers, then options of this requirement.
    let wish = rest.split(';').next().unwrap_or(rest);
    let wish = wish.split(" -").next().unwrap_or(wish).trim();
    let wish = wish.strip_prefix('(').map_or(wish, |wish| wish.trim_end_matches(')'));
    if wish.contains("${") {
        return Err(format!("`{name}` takes its version from the environment"));
    }
    if !wish.is_empty() && !wish.starts_with(['=', '<', '>', '!', '~']) {
        return Err(format!("expected a version after `{name}`"));
    }
    let mut package = Package::new(PackageKind::Pypi, name, "");
    match version(wish) {
        Some(("==" | "===", "")) => return Err(format!("`{name}` has no version after `==`")),
        Some(("==" | "===", version)) => version.clone_into(&mut package.version),
        Some((_, version)) => {
            version.clone_into(&mut package.version);
            package.notes.push(format!("`{wish}` is no pin: another version may be installed"));
        }
        None if wish.is_empty() => package.notes.push("any version may be installed".into()),
        None => package.notes.push(format!("`{wish}` leaves the version open")),
    }
    package.hashes = hashes(rest);
    Ok(Some(package))
}

/// Operator and version of a wish that names one; a wish of several parts or with a wildcard
/// names none.
fn version(wish: &str) -> Option<(&str, &str)> {
    let operators = ["===", "==", ">=", "<=", "~="];
    let (operator, rest) = operators.iter().find_map(|o| Some((*o, wish.strip_prefix(o)?)))?;
    if rest.contains(',') || rest.contains('*') {
        return None;
    }
    Some((operator, rest.split_whitespace().next().unwrap_or_default()))
}

/// The hash of a requirement, where it has but one: several are of several files.
fn hashes(options: &str) -> Vec<Hash> {
    let all = options.split_whitespace().filter_map(|word| {
        let (algorithm, hex) = word.strip_prefix("--hash=")?.split_once(':')?;
        let is_hex = hex.len() >= 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| Hash { algorithm: algorithm.into(), hex: hex.to_ascii_lowercase() })
    });
    let all: Vec<_> = all.collect();
    if all.len() == 1 { all } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cataloguer::listing;

    #[test]
    fn pins_are_packages_and_the_rest_says_why_not() {
        let text = "# comment\nDjango==2.2 \\\n    --hash=sha256:12\nrequests [security] >= 2.8.1 ; python_version < '3'\n\
            a==1.*\nb @ https://b.example/b.zip\n-e .\n-r other.txt\nc==\nd # any\n";
        insta::assert_snapshot!(listing(&PythonRequirements, "requirements.txt", text.as_bytes()), @r"
        pypi Django 2.2 (line 2)
        pypi requests 2.8.1 (line 4)
        pypi a  (line 5)
        pypi d  (line 10)
        Skipped line 6: an address or path has no released version
        Skipped line 7: an editable folder or address has no released version
        Skipped line 9: `c` has no version after `==`
        ");
    }

    #[test]
    fn what_is_no_pin_is_noted() {
        let package = requirement("a>=1").unwrap().unwrap();
        assert_eq!(package.notes, ["`>=1` is no pin: another version may be installed"]);
        assert!(requirement("a==1").unwrap().unwrap().notes.is_empty());
    }

    #[test]
    fn files_named_for_development_are_for_development() {
        assert_eq!(
            listing(&PythonRequirements, "requirements-dev.txt", b"a==1"),
            "pypi a 1 (Development) (line 1)\n"
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            listing(&PythonRequirements, "requirements.txt", text.as_bytes());
        }
    }
}
