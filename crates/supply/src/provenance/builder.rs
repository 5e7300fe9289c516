//! Builders: how they are named, and which of them are trusted without being named.

use super::git::{self, Version};
use super::refusal::{Refusal, RefusalKind};

macro_rules! generator {
    ($file:literal) => {
        concat!("https://github.com/slsa-framework/slsa-github-generator/.github/workflows/", $file)
    };
}

pub(super) const GENERIC: &str = generator!("generator_generic_slsa3.yml");
pub(super) const CONTAINER: &str = generator!("generator_container_slsa3.yml");
pub(super) const GO: &str = generator!("builder_go_slsa3.yml");
pub(super) const CONTAINER_BASED: &str = generator!("builder_container-based_slsa3.yml");
pub(super) const DELEGATOR: &str = generator!("delegator_generic_slsa3.yml");
pub(super) const LOW_PERMS_DELEGATOR: &str = generator!("delegator_lowperms-generic_slsa3.yml");
/// What the builders that delegators call begin with, where they are the generators' own.
pub(super) const GENERATOR_WORKFLOWS: &str = generator!("");
pub(super) const NPM_CLI: &str = "https://github.com/actions/runner";
pub(super) const NPM_CLI_HOSTED: &str = "https://github.com/actions/runner/github-hosted";
pub(super) const NPM_CLI_SELF_HOSTED: &str = "https://github.com/actions/runner/self-hosted";
pub(super) const BCR_RELEASER: &str =
    "https://github.com/bazel-contrib/.github/.github/workflows/release_ruleset.yaml";
pub(super) const BCR_PUBLISHER: &str =
    "https://github.com/bazel-contrib/publish-to-bcr/.github/workflows/publish.yaml";
pub(super) const CLOUD_BUILD: &str = "https://cloudbuild.googleapis.com/GoogleHostedWorker";

/// Where the generators are tested: the address, and without the host.
pub(super) const END_TO_END_REPOSITORY: &str = "https://github.com/slsa-framework/example-package";
pub(super) const TEST_REPOSITORIES: &[&str] =
    &["slsa-framework/slsa-github-generator", "slsa-framework/example-package"];
pub(super) const HEAD: &str = "refs/heads/main";

/// The builders of artefacts that are trusted without being named.
pub(super) const FOR_ARTIFACTS: &[&str] =
    &[GENERIC, GO, CONTAINER_BASED, DELEGATOR, LOW_PERMS_DELEGATOR];
/// The builders of images that are trusted without being named.
pub(super) const FOR_IMAGES: &[&str] = &[CONTAINER];
/// Workflows that build by calling another one, which is the builder then.
pub(super) const DELEGATORS: &[&str] = &[DELEGATOR, LOW_PERMS_DELEGATOR];

/// A builder's name and, behind an `@`, its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BuilderId {
    pub(super) name: String,
    pub(super) version: Option<String>,
}

impl BuilderId {
    pub(super) fn parse(id: &str) -> Result<Self, Refusal> {
        let (name, version) = match id.split_once('@') {
            None => (id, None),
            Some((name, version)) if !version.is_empty() && !version.contains('@') => {
                (name, Some(version.to_owned()))
            }
            Some(_) => {
                let why = format!("the builder `{id}`");
                return Err(Refusal::new(RefusalKind::InvalidFormat, why));
            }
        };
        Ok(Self { name: name.to_owned(), version })
    }

    /// As `parse`, and the version must be there.
    pub(super) fn parse_with_version(id: &str) -> Result<Self, Refusal> {
        let builder = Self::parse(id)?;
        if builder.version.is_none() {
            let why = format!("the builder `{id}` without a version");
            return Err(Refusal::new(RefusalKind::InvalidFormat, why));
        }
        Ok(builder)
    }

    /// Whether `expected` is this builder. A version that `expected` leaves out is any one; a
    /// tag may be named with or without `refs/tags/` where `allow_ref` is set.
    pub(super) fn check(&self, expected: &str, allow_ref: bool) -> Result<(), Refusal> {
        let wanted = Self::parse(expected)?;
        let same_version = wanted.version.is_none() || self.has_version(&wanted, allow_ref);
        self.settle(expected, wanted.name == self.name && same_version)
    }

    /// As `check`, but the version counts even where `expected` leaves it out.
    pub(super) fn check_full(&self, expected: &str) -> Result<(), Refusal> {
        let wanted = Self::parse(expected)?;
        self.settle(expected, wanted.name == self.name && self.has_version(&wanted, true))
    }

    fn has_version(&self, wanted: &Self, allow_ref: bool) -> bool {
        if wanted.version == self.version {
            return true;
        }
        let tag = wanted.version.as_deref().map(|version| format!("refs/tags/{version}"));
        allow_ref && tag.is_some() && tag == self.version
    }

    fn settle(&self, expected: &str, same: bool) -> Result<(), Refusal> {
        if same {
            Ok(())
        } else {
            Err(Refusal::mismatch(RefusalKind::MismatchBuilderID, expected, &self.to_string()))
        }
    }

    /// Whether this is a workflow that delegates.
    pub(super) fn is_delegator(&self) -> bool {
        DELEGATORS.contains(&self.name.as_str())
    }
}

impl std::fmt::Display for BuilderId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{}@{version}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A builder is referenced by a tag `vX.Y.Z` and nothing else, for only that is a release.
pub(super) fn check_tag(reference: &str) -> Result<(), Refusal> {
    let tag = git::tag_of(reference)?;
    let release = Version::parse(tag).is_some_and(|version| {
        version.patch.is_some() && version.prerelease.is_empty() && version.build.is_empty()
    });
    if release { Ok(()) } else { Err(not_a_release(tag, "vX.Y.Z")) }
}

/// In tests of the generators a builder may be at the head of its branch, or a prerelease.
pub(super) fn check_test_reference(reference: &str) -> Result<(), Refusal> {
    if reference == HEAD {
        return Ok(());
    }
    let tag = git::tag_of(reference)?;
    let numbered = Version::parse(tag)
        .is_some_and(|version| version.patch.is_some() && version.build.is_empty());
    if numbered { Ok(()) } else { Err(not_a_release(tag, "vX.Y.Z-PRERELEASE")) }
}

/// The builders of `JReleaser` are referenced by a tag for each language.
pub(super) fn check_jreleaser_tag(reference: &str) -> Result<(), Refusal> {
    let tag = git::tag_of(reference)?;
    let release = Version::parse(tag).is_some_and(|version| {
        version.patch.is_some() && version.prerelease == "-java" && version.build.is_empty()
    });
    if release { Ok(()) } else { Err(not_a_release(tag, "vX.Y.Z-java")) }
}

fn not_a_release(tag: &str, form: &str) -> Refusal {
    Refusal::new(RefusalKind::InvalidRef, format!("the builder's tag `{tag}`, not `{form}`"))
}
