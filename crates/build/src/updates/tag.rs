//! Tags of images as versions: `24.1-alpine3.22` is version 24.1 of a variant that is itself of
//! version 3.22.
//!
//! There is no rule for tags. What is taken here: the first number and what hangs on it by dots is
//! the version; what stands before and behind it must be the same, but for numbers, which may grow.

use std::cmp::Ordering;

/// How far a newer version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The same tag, built anew.
    Rebuilt,
    /// Another third number, or another number of the variant.
    Patch,
    /// Another second number.
    Minor,
    /// Another first number.
    Major,
}

impl Step {
    /// All, with their names.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Rebuilt, "digest"),
        (Self::Patch, "patch"),
        (Self::Minor, "minor"),
        (Self::Major, "major"),
    ];

    /// In lower case.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(step, _)| *step == self).map_or("", |(_, name)| name)
    }

    /// How far numbers are from older ones, by the first that differs.
    pub fn between(old: &[u64], new: &[u64]) -> Self {
        match old.iter().zip(new).position(|(one, other)| one != other) {
            Some(0) => Self::Major,
            Some(1) => Self::Minor,
            _ => Self::Patch,
        }
    }

    /// The step of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(step, _)| *step)
    }
}

/// The longest tag that there can be: <https://github.com/opencontainers/distribution-spec>.
const MAX_TAG: usize = 128;

/// A tag taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'t> {
    before: &'t str,
    version: Vec<u64>,
    /// How many digits the first number has: a year is no version, and a day none either.
    digits: usize,
    behind: Vec<&'t str>,
    /// The numbers in what stands behind.
    numbers: Vec<u64>,
}

impl<'t> Parts<'t> {
    fn of(tag: &'t str) -> Option<Self> {
        if tag.len() > MAX_TAG {
            return None;
        }
        let start = tag.find(|one: char| one.is_ascii_digit())?;
        let (before, rest) = tag.split_at_checked(start)?;
        // A hash is no version: `sha-0a1b2c3`, `g0a1b2c3`.
        if before.contains("sha") || before.len() > 16 {
            return None;
        }
        let end = rest.find(|one: char| !one.is_ascii_digit() && one != '.').unwrap_or(rest.len());
        let (version, mut suffix) = rest.split_at_checked(end)?;
        let trimmed = version.trim_end_matches('.');
        suffix = rest.get(trimmed.len()..).unwrap_or(suffix);
        let digits = trimmed.split('.').next().map_or(0, str::len);
        let version =
            trimmed.split('.').map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>()?;
        let (mut behind, mut numbers) = (Vec::new(), Vec::new());
        while !suffix.is_empty() {
            let is_number = suffix.starts_with(|one: char| one.is_ascii_digit());
            let end =
                suffix.find(|one: char| one.is_ascii_digit() != is_number).unwrap_or(suffix.len());
            let (part, rest) = suffix.split_at_checked(end)?;
            if is_number {
                numbers.push(part.parse().ok()?);
                behind.push("#");
            } else {
                behind.push(part);
            }
            suffix = rest;
        }
        Some(Self { before, version, digits, behind, numbers })
    }

    /// Whether the other is a version of the same thing.
    fn is_like(&self, other: &Self) -> bool {
        self.before == other.before
            && self.version.len() == other.version.len()
            && self.behind == other.behind
            && self.digits.abs_diff(other.digits) <= 1
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.version.cmp(&other.version).then_with(|| self.numbers.cmp(&other.numbers))
    }

    fn step(&self, newer: &Self) -> Step {
        Step::between(&self.version, &newer.version)
    }
}

/// The newest of some tags that is a version of the same thing as `current` and newer, and no further
/// away than `most`.
pub fn newest<'t>(
    current: &str,
    tags: impl IntoIterator<Item = &'t str>,
    most: Step,
) -> Option<&'t str> {
    let own = Parts::of(current)?;
    let mut best: Option<(Parts<'t>, &'t str)> = None;
    for tag in tags {
        let Some(parts) = Parts::of(tag) else { continue };
        let fits = own.is_like(&parts)
            && parts.compare(&own) == Ordering::Greater
            && own.step(&parts) <= most
            // What is behind the version never goes back for the sake of the version.
            && own.numbers.iter().zip(&parts.numbers).find(|(one, other)| one != other)
                .is_none_or(|(one, other)| other > one);
        if fits
            && best.as_ref().is_none_or(|(before, _)| parts.compare(before) == Ordering::Greater)
        {
            best = Some((parts, tag));
        }
    }
    best.map(|(_, tag)| tag)
}

/// How far one version is from an older one of the same thing; `None` where they are not comparable.
pub fn step(old: &str, new: &str) -> Option<Step> {
    let (old, new) = (Parts::of(old)?, Parts::of(new)?);
    Some(if old == new { Step::Rebuilt } else { old.step(&new) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAGS: [&str; 20] = [
        "24.1-alpine3.21",
        "24.1-alpine3.22",
        "24.2-alpine3.22",
        "25.0-alpine3.22",
        "25.0-alpine3.20",
        "24.2-alpine",
        "24.2",
        "24.2.1",
        "24.3-rc1",
        "24",
        "26",
        "latest",
        "20240808",
        "v1.2.3",
        "v1.2.10",
        "v2.0.0",
        "v1.3.0-beta.1",
        "sha-1234567",
        "24.9-bookworm",
        "99999999999999999999.1",
    ];

    fn newer(tag: &str, most: Step) -> Option<&'static str> {
        newest(tag, TAGS, most)
    }

    #[test]
    fn a_newer_tag_is_one_of_the_same_variant_within_the_step() {
        assert_eq!(newer("24.1-alpine3.21", Step::Patch), Some("24.1-alpine3.22"));
        assert_eq!(newer("24.1-alpine3.21", Step::Minor), Some("24.2-alpine3.22"));
        assert_eq!(newer("24.1-alpine3.21", Step::Major), Some("25.0-alpine3.22"));
        assert_eq!(newer("24.1", Step::Major), Some("24.2"));
        assert_eq!(newer("v1.2.3", Step::Patch), Some("v1.2.10"));
        assert_eq!(newer("v1.2.3", Step::Minor), Some("v1.2.10"), "a beta is no release");
        assert_eq!(newer("v1.2.3", Step::Major), Some("v2.0.0"));
        assert_eq!(newer("24", Step::Major), Some("26"), "and not the day 20240808");
    }

    #[test]
    fn what_is_no_version_or_the_newest_has_nothing_newer() {
        for tag in ["latest", "", "stable-alpine", "sha-0000001", "26", "v2.0.0"] {
            assert_eq!(newer(tag, Step::Major), None, "{tag}");
        }
        assert_eq!(newest(&"1".repeat(200), TAGS, Step::Major), None);
    }

    #[test]
    fn steps_are_counted_from_the_left() {
        assert_eq!(step("1.2.3", "1.2.4"), Some(Step::Patch));
        assert_eq!(step("1.2.3", "1.3.0"), Some(Step::Minor));
        assert_eq!(step("1.2.3", "2.0.0"), Some(Step::Major));
        assert_eq!(step("1.2-a1", "1.2-a2"), Some(Step::Patch));
        assert_eq!(step("1.2", "1.2"), Some(Step::Rebuilt));
        assert_eq!(step("latest", "1"), None);
    }

    proptest::proptest! {
        #[test]
        fn what_is_newer_is_never_older_and_has_nothing_newer_itself(
            current in "v?[0-9]{1,3}(\\.[0-9]{1,3}){0,2}(-[a-z]{1,4}[0-9]{0,2})?",
            tags in proptest::collection::vec("v?[0-9]{1,3}(\\.[0-9]{1,3}){0,2}(-[a-z]{1,4}[0-9]{0,2})?", 0..20),
        ) {
            let all = || tags.iter().map(String::as_str);
            if let Some(found) = newest(&current, all(), Step::Major) {
                proptest::prop_assert_ne!(found, current.as_str());
                proptest::prop_assert_eq!(newest(found, [current.as_str()], Step::Major), None);
            }
        }

        #[test]
        fn no_tag_panics(one in ".*", other in ".*") {
            let _ = newest(&one, [other.as_str()], Step::Major);
            let _ = step(&one, &other);
        }
    }
}
