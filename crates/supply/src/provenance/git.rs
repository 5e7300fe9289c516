//! Git addresses, references and version tags as provenance writes them.

use super::refusal::{Refusal, RefusalKind};

/// An address in the form `git+https://…`.
pub(super) fn normalize_uri(uri: &str) -> String {
    if uri.starts_with("git+") {
        uri.to_owned()
    } else if uri.contains("://") {
        format!("git+{uri}")
    } else {
        format!("git+https://{uri}")
    }
}

/// An address and the reference behind its first `@`, empty where there is none.
pub(super) fn split_uri(uri: &str) -> Result<(&str, &str), Refusal> {
    if uri.is_empty() {
        return Err(Refusal::new(RefusalKind::MalformedURI, "an empty address"));
    }
    if !uri.starts_with("git+") {
        let why = format!("`{uri}` is not a git address");
        return Err(Refusal::new(RefusalKind::MalformedURI, why));
    }
    Ok(uri.split_once('@').unwrap_or((uri, "")))
}

/// The kind of a full reference such as `heads`, and its name; the kind is empty for others.
pub(super) fn split_ref(reference: &str) -> (&str, &str) {
    let mut parts = reference.splitn(3, '/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("refs"), Some(kind), Some(name)) => (kind, name),
        _ => ("", reference),
    }
}

fn name_of<'a>(kind: &str, reference: &'a str) -> Result<&'a str, Refusal> {
    match split_ref(reference) {
        (found, name) if found == kind && !name.is_empty() => Ok(name),
        _ => {
            let why = format!("`{reference}` is not of the form `refs/{kind}/…`");
            Err(Refusal::new(RefusalKind::InvalidRef, why))
        }
    }
}

/// The name of the tag in `refs/tags/NAME`.
pub(super) fn tag_of(reference: &str) -> Result<&str, Refusal> {
    name_of("tags", reference)
}

/// The name of the branch in `refs/heads/NAME`.
pub(super) fn branch_of(reference: &str) -> Result<&str, Refusal> {
    name_of("heads", reference)
}

/// A version such as `v1.2.3-rc.1+build`; short forms have no minor or no patch.
///
/// Source: `golang.org/x/mod/semver`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version<'a> {
    pub(super) major: &'a str,
    pub(super) minor: Option<&'a str>,
    pub(super) patch: Option<&'a str>,
    /// With the hyphen; empty where there is none.
    pub(super) prerelease: &'a str,
    /// With the plus; empty where there is none.
    pub(super) build: &'a str,
}

impl<'a> Version<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix('v')?;
        let (major, rest) = number(rest)?;
        let bare = Self { major, minor: None, patch: None, prerelease: "", build: "" };
        if rest.is_empty() {
            return Some(bare);
        }
        let (minor, rest) = number(rest.strip_prefix('.')?)?;
        if rest.is_empty() {
            return Some(Self { minor: Some(minor), ..bare });
        }
        let (patch, rest) = number(rest.strip_prefix('.')?)?;
        let (prerelease, build) = match rest.find('+') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let valid = |part: &str, sign: char, numeric: bool| {
            part.is_empty()
                || part
                    .strip_prefix(sign)
                    .is_some_and(|it| it.split('.').all(|id| word(id, numeric)))
        };
        (valid(prerelease, '-', true) && valid(build, '+', false)).then_some(Self {
            minor: Some(minor),
            patch: Some(patch),
            prerelease,
            build,
            ..bare
        })
    }
}

fn number(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let plain = !digits.is_empty() && (digits == "0" || !digits.starts_with('0'));
    plain.then_some((digits, rest))
}

fn word(id: &str, numeric: bool) -> bool {
    let letters = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let zero = numeric
        && id.len() > 1
        && id.starts_with('0')
        && id.bytes().all(|byte| byte.is_ascii_digit());
    !id.is_empty() && letters && !zero
}

/// Whether `tag` is of the version `expected`, of which minor and patch may be left out.
///
/// A prerelease is part of the patch and must be the same; the build does not count.
pub(super) fn check_versioned_tag(tag: &str, expected: &str) -> Result<(), Refusal> {
    let read = |text| {
        Version::parse(text).ok_or_else(|| {
            Refusal::new(RefusalKind::InvalidSemver, format!("`{text}` is no version"))
        })
    };
    let wanted = read(expected)?;
    let found = read(tag)?;
    let minor = |version: Version<'_>| version.minor.unwrap_or("0").to_owned();
    let patch =
        |version: Version<'_>| format!("{}{}", version.patch.unwrap_or("0"), version.prerelease);
    let same = wanted.major == found.major
        && (wanted.minor.is_none() || minor(wanted) == minor(found))
        && (wanted.patch.is_none() || patch(wanted) == patch(found));
    if same {
        Ok(())
    } else {
        Err(Refusal::mismatch(RefusalKind::MismatchVersionedTag, expected, tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(tag: &str, expected: &str) -> Option<RefusalKind> {
        check_versioned_tag(tag, expected).err().map(|refusal| refusal.kind)
    }

    #[test]
    fn a_short_version_stands_for_all_below_it() {
        for expected in ["v1", "v1.2", "v1.2.3", "v1.2.3+other"] {
            assert_eq!(judge("v1.2.3", expected), None, "{expected}");
        }
        for expected in ["v2", "v1.3", "v1.2.4", "v1.2.3-rc.1"] {
            let refused = Some(RefusalKind::MismatchVersionedTag);
            assert_eq!(judge("v1.2.3", expected), refused, "{expected}");
        }
        assert_eq!(judge("v1.2.3-rc.1", "v1.2.3-rc.2"), Some(RefusalKind::MismatchVersionedTag));
        assert_eq!(judge("v1", "v1.0.0"), None);
        for (tag, expected) in
            [("1.2.3", "v1.2.3"), ("v1.2.3", "1"), ("v01", "v1"), ("v1.2-a", "v1")]
        {
            assert_eq!(judge(tag, expected), Some(RefusalKind::InvalidSemver), "{tag}");
        }
    }

    #[test]
    fn references_and_addresses_are_split() {
        assert_eq!(split_ref("refs/tags/a/b"), ("tags", "a/b"));
        assert_eq!(split_ref("main"), ("", "main"));
        assert!(tag_of("refs/tags/").is_err());
        assert_eq!(branch_of("refs/heads/main"), Ok("main"));
        assert_eq!(normalize_uri("github.com/a/b"), "git+https://github.com/a/b");
        assert_eq!(split_uri("git+https://a@b@c"), Ok(("git+https://a", "b@c")));
        assert!(split_uri("https://a").is_err());
    }
}
