//! The name of a distribution's file: two that mean the same are the same.
//!
//! Source: the binary and source distribution formats of packaging.python.org, PEP 440, and
//! `parse_wheel_filename`, `parse_sdist_filename` of pypa/packaging.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::error::Error;

/// What a file's name says of a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// The project, in lower case, with `-` for each run of `-`, `_` and `.`.
    pub project: String,
    /// The version in its normal form.
    pub version: String,
    /// The build's number and text, of a wheel.
    pub build: Option<(String, String)>,
    /// Each combination of interpreter, ABI and platform, of a wheel.
    pub tags: BTreeSet<String>,
}

/// The longest name, in bytes, and the most tags of one: 512 and 1024.
const MAX_NAME: usize = 512;
const MAX_TAGS: usize = 1024;

impl Distribution {
    /// Reads the name of a wheel or a source distribution.
    pub fn parse(name: &str) -> Result<Self, Error> {
        let parsed = if name.len() > MAX_NAME {
            None
        } else if let Some(stem) = name.strip_suffix(".whl") {
            wheel(stem)
        } else {
            name.strip_suffix(".tar.gz").or_else(|| name.strip_suffix(".zip")).and_then(source)
        };
        parsed.ok_or_else(|| Error::malformed("distribution", format!("the name `{name}`")))
    }

    /// The version as it is written in a file's name, which may not be its normal form.
    pub fn written_version(name: &str) -> Option<&str> {
        if let Some(stem) = name.strip_suffix(".whl") {
            return stem.split('-').nth(1);
        }
        let stem = name.strip_suffix(".tar.gz").or_else(|| name.strip_suffix(".zip"))?;
        stem.rsplit_once('-').map(|(_, version)| version)
    }
}

fn wheel(stem: &str) -> Option<Distribution> {
    let parts: Vec<&str> = stem.split('-').collect();
    let (project, version, build, tags) = match parts.as_slice() {
        [project, version, python, abi, platform] => {
            (project, version, None, [python, abi, platform])
        }
        [project, version, build, python, abi, platform] => {
            let digits = build.bytes().take_while(u8::is_ascii_digit).count();
            let (number, text) = build.split_at_checked(digits).filter(|it| !it.0.is_empty())?;
            let number = number.trim_start_matches('0').to_owned();
            (project, version, Some((number, text.to_owned())), [python, abi, platform])
        }
        _ => return None,
    };
    let plain = |letter: char| letter.is_alphanumeric() || "._".contains(letter);
    if project.contains("__") || project.is_empty() || !project.chars().all(plain) {
        return None;
    }
    let [python, abi, platform] = tags.map(|it| it.to_lowercase());
    let count = |text: &str| text.split('.').count();
    if count(&python) * count(&abi) * count(&platform) > MAX_TAGS {
        return None;
    }
    let mut tags = BTreeSet::new();
    for python in python.split('.') {
        for abi in abi.split('.') {
            tags.extend(platform.split('.').map(|platform| format!("{python}-{abi}-{platform}")));
        }
    }
    Some(Distribution {
        project: normal_name(project),
        version: normal_version(version)?,
        build,
        tags,
    })
}

fn source(stem: &str) -> Option<Distribution> {
    let (project, version) = stem.rsplit_once('-')?;
    let version = normal_version(version)?;
    let tags = BTreeSet::new();
    Some(Distribution { project: normal_name(project), version, build: None, tags })
}

pub(super) fn normal_name(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            other => out.extend(other.to_lowercase()),
        }
    }
    out
}

#[allow(clippy::expect_used, reason = "the expression is ours")]
static VERSION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)^\s*v?(?:(?P<epoch>[0-9]+)!)?(?P<release>[0-9]+(?:\.[0-9]+)*)
        (?:[-_.]?(?P<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?P<pre_n>[0-9]+)?)?
        (?P<post>-(?P<post_n1>[0-9]+)|[-_.]?(?:post|rev|r)[-_.]?(?P<post_n2>[0-9]+)?)?
        (?P<dev>[-_.]?dev[-_.]?(?P<dev_n>[0-9]+)?)?
        (?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?\s*$",
    )
    .expect("an expression")
});

/// The normal form of PEP 440, in which equal versions are written alike: no zeros at either end.
pub(super) fn normal_version(text: &str) -> Option<String> {
    let found = VERSION.captures(text)?;
    let group = |name: &str| found.name(name).map(|it| it.as_str());
    let number = |text: &str| match text.trim_start_matches('0') {
        "" => "0".to_owned(),
        digits => digits.to_owned(),
    };
    let mut out = number(group("epoch").unwrap_or("0")) + "!";
    let mut release: Vec<String> = group("release")?.split('.').map(number).collect();
    while release.len() > 1 && release.last().is_some_and(|it| it == "0") {
        release.pop();
    }
    out.push_str(&release.join("."));
    if let Some(kind) = group("pre") {
        let kind = match kind.to_ascii_lowercase().as_str() {
            "alpha" | "a" => "a",
            "beta" | "b" => "b",
            _ => "rc",
        };
        out = out + kind + &number(group("pre_n").unwrap_or("0"));
    }
    if group("post").is_some() {
        let count = group("post_n1").or_else(|| group("post_n2")).unwrap_or("0");
        out = out + ".post" + &number(count);
    }
    if group("dev").is_some() {
        out = out + ".dev" + &number(group("dev_n").unwrap_or("0"));
    }
    if let Some(local) = group("local") {
        let part = |part: &str| {
            if part.bytes().all(|byte| byte.is_ascii_digit()) {
                number(part)
            } else {
                part.to_ascii_lowercase()
            }
        };
        let parts: Vec<String> = local.split(['-', '_', '.']).map(part).collect();
        out = out + "+" + &parts.join(".");
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::Distribution;

    fn same(a: &str, b: &str) -> bool {
        let parse = |name| Distribution::parse(name).expect(name);
        parse(a) == parse(b)
    }

    #[test]
    fn names_that_mean_the_same_are_the_same() {
        for (a, b) in [
            ("Foo.Bar-1.0.tar.gz", "foo_bar-1.tar.gz"),
            ("foo-1.0.0-py3-none-any.whl", "Foo-1.0-py3-none-any.whl"),
            ("foo-1.0-py2.py3-none-any.whl", "foo-1.0-py3.py2-none-any.whl"),
            ("foo-1.0alpha01-py3-none-any.whl", "foo-1.0a1-py3-none-any.whl"),
            ("foo-1.0.post0.tar.gz", "foo-1.post.tar.gz"),
            ("foo-1.0+Ubuntu_1.tar.gz", "foo-1+ubuntu.01.tar.gz"),
        ] {
            assert!(same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn a_version_is_taken_as_it_is_written() {
        for (name, version) in [
            ("a_b-1.0.0-py3-none-any.whl", Some("1.0.0")),
            ("a-b-1.00.tar.gz", Some("1.00")),
            ("a.exe", None),
        ] {
            assert_eq!(Distribution::written_version(name), version, "{name}");
        }
    }

    #[test]
    fn names_that_differ_are_others() {
        for (a, b) in [
            ("foo-1.0.tar.gz", "foo-1.1.tar.gz"),
            ("foo-1.0.tar.gz", "fop-1.0.tar.gz"),
            ("foo-1.0-py3-none-any.whl", "foo-1.0.tar.gz"),
            ("foo-1.0-py3-none-any.whl", "foo-1.0-1-py3-none-any.whl"),
            ("foo-1.0-py3-none-any.whl", "foo-1.0-cp39-none-any.whl"),
            ("foo-1!1.0.tar.gz", "foo-1.0.tar.gz"),
            ("foo-1.0.dev1.tar.gz", "foo-1.0.tar.gz"),
        ] {
            assert!(!same(a, b), "{a} {b}");
        }
        for bad in [
            "foo.tar.gz",
            "foo-1.0.exe",
            "foo-bar.tar.gz",
            "foo-1.0-py3-none.whl",
            "a__b-1-py3-none-any.whl",
            "foo-1-x1-py3-none-any.whl",
            ".whl",
            "",
        ] {
            assert!(Distribution::parse(bad).is_err(), "{bad}");
        }
        let many = format!("a-1-{0}-{0}-{0}.whl", "a.".repeat(60));
        assert!(Distribution::parse(&many).is_err());
    }
}
