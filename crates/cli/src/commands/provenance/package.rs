//! A package of an npm registry: what the registry says of it, and its attestations.
//!
//! The registry is believed in nothing: its signature over name, version and content must hold where
//! it gives one, and the attestations must be of that content.

use plimsoll_model::Purl;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::hash::{HashAlgorithm, hex};
use plimsoll_supply::npm::{Keys, Version};
use plimsoll_supply::provenance::{Expectation, Refusal, RefusalKind};
use plimsoll_witness::PackageRegistry;

use crate::exit::{Usage, tell};
use crate::package_registry::{self, NPMJS};

/// A version of a package.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Package {
    name: String,
    version: String,
}

impl Package {
    /// Whether an argument names a package and not a file.
    pub(super) fn is_one(argument: &str) -> bool {
        argument.starts_with("pkg:") || argument.starts_with("npm:")
    }

    /// The package that an argument names as `pkg:npm/NAME@VERSION` or `npm:NAME@VERSION`.
    pub(super) fn named(argument: &str) -> Result<Option<Self>, Usage> {
        let (name, version) = if let Some(rest) = argument.strip_prefix("npm:") {
            // The name of a package in a scope begins with `@`.
            let parts = rest.rsplit_once('@').filter(|(name, _)| !name.is_empty());
            let (name, version) = parts.unwrap_or((rest, ""));
            (name.to_owned(), version.to_owned())
        } else if Self::is_one(argument) {
            let purl: Purl = argument.parse().map_err(|error| Usage(format!("{error}")))?;
            if purl.kind != "npm" {
                let why = "provenance of other packages is not fetched here: name a file and its \
                           provenance, or see `plimsoll verify --pypi-publisher`";
                return Err(Usage(format!("`{argument}` is no package of npm's: {why}")));
            }
            let name = match purl.namespace.as_str() {
                "" => purl.name,
                scope => format!("{scope}/{}", purl.name),
            };
            (name, purl.version)
        } else {
            return Ok(None);
        };
        if version.is_empty() {
            let why = format!("`{argument}` names no version: add `@VERSION`");
            return Err(Usage(why));
        }
        Ok(Some(Self { name, version }))
    }

    /// The attestations of this package, those that are `given` or those of its registry; what is
    /// expected of them is written down.
    pub(super) fn published(
        &self,
        registry: Option<&str>,
        given: Option<Vec<u8>>,
        expected: &mut Expectation,
    ) -> anyhow::Result<Result<Vec<u8>, Refusal>> {
        let Self { name, version } = self;
        for (flag, demanded, named) in [
            ("--package-name", &mut expected.package_name, name),
            ("--package-version", &mut expected.package_version, version),
        ] {
            let demanded = demanded.get_or_insert_with(|| named.clone());
            if demanded != named {
                let why = format!("`{flag} {demanded}` is not `{named}`, which is to be verified");
                return Err(Usage(why).into());
            }
        }
        let registry = package_registry::npm(name, registry)?;
        let address = registry.address();
        let refused = |kind, why: String| Ok(Err(Refusal { kind, why }));
        let Some(said) = registry.npm_package(name)? else {
            anyhow::bail!("`{address}` has no package `{name}`");
        };
        let said = Version::parse(&said, Some(version))?;
        if said.name != *name {
            let why = format!("asked for `{name}`, the registry speaks of `{}`", said.name);
            return refused(RefusalKind::MismatchPackageName, why);
        }
        let Some(digest) = said.sha512() else {
            let why = "the registry states no SHA-512 of the package";
            return refused(RefusalKind::InvalidHash, why.into());
        };
        expected.digest = hex(&digest);
        if let Err(error) = self.check_signature(&registry, &said, digest)? {
            return refused(RefusalKind::InvalidSignature, format!("the registry's: {error}"));
        }
        if let Some(given) = given {
            return Ok(Ok(given));
        }
        match registry.npm_attestations(name, version)? {
            Some(attestations) => Ok(Ok(attestations)),
            None if said.is_attested() => anyhow::bail!(
                "`{address}` says that it has attestations of {name}@{version}, but hands out none, as \
                 mirrors do: name them with `--provenance-path`, or another registry with `--registry`"
            ),
            None => refused(
                RefusalKind::NotPresent,
                format!("`{address}` has no attestations of {name}@{version}"),
            ),
        }
    }

    /// Whether the registry's own signature holds, where it gives one and its keys are known.
    fn check_signature(
        &self,
        registry: &PackageRegistry,
        said: &Version,
        digest: Vec<u8>,
    ) -> anyhow::Result<Result<(), plimsoll_supply::Error>> {
        let Self { name, version } = self;
        let address = registry.address();
        if !said.is_signed() {
            tell(&format!("note: `{address}` did not sign {name}@{version}"));
            return Ok(Ok(()));
        }
        // What is built in was not fetched from those who are to be checked with it.
        let keys = if address == NPMJS {
            Keys::built_in()?
        } else if let Some(listed) = registry.npm_keys()? {
            Keys::parse(&listed)?
        } else {
            let why = "names no keys, so that its signature is not checked";
            tell(&format!("note: `{address}` {why}"));
            return Ok(Ok(()));
        };
        let tarball = Artefact::digest_only(HashAlgorithm::Sha512, digest);
        Ok(said.verify(&tarball, &keys).map(drop))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named_as_a_package_url_or_as_npm_names_it() {
        let named = |text: &str| {
            Package::named(text).map(|it| it.map(|it| format!("{} {}", it.name, it.version)))
        };
        for text in ["pkg:npm/%40a/b@1.0.0", "pkg:npm/@a/b@1.0.0", "npm:@a/b@1.0.0"] {
            assert_eq!(named(text).unwrap().as_deref(), Some("@a/b 1.0.0"), "{text}");
        }
        assert_eq!(named("npm:b@1").unwrap().as_deref(), Some("b 1"));
        assert_eq!(named("package.tgz").unwrap(), None);
        for text in ["npm:b", "npm:@a/b", "pkg:npm/b", "pkg:pypi/b@1", "pkg:npm"] {
            assert!(named(text).is_err(), "{text}");
        }
    }
}
