//! Package URLs: `pkg:type/namespace/name@version?qualifiers#subpath`.
//!
//! Built from packages, read from text, and written in canonical form.
//!
//! Source: <https://github.com/package-url/purl-spec/blob/main/PURL-SPECIFICATION.rst>.

mod parse;
mod types;

use std::collections::BTreeMap;
use std::fmt;

use crate::{Distro, Package, PackageKind};

pub use parse::PurlError;

/// A package URL, its parts decoded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Purl {
    /// Lower case.
    pub kind: String,
    /// Segments joined by `/`; empty where there is none.
    pub namespace: String,
    /// Never empty.
    pub name: String,
    /// Empty where there is none.
    pub version: String,
    /// Lower-case keys, no empty values.
    pub qualifiers: BTreeMap<String, String>,
    /// Empty where there is none.
    pub subpath: String,
}

impl Purl {
    /// The package URL of a package; the distribution gives the namespace of its packages.
    ///
    /// ```
    /// use plimsoll_model::{Package, PackageKind, Purl};
    /// let package = Package::new(PackageKind::Npm, "@types/node", "20.1.0");
    /// assert_eq!(Purl::of(&package, None).to_string(), "pkg:npm/%40types/node@20.1.0");
    /// ```
    pub fn of(package: &Package, distro: Option<&Distro>) -> Self {
        let (mut namespace, mut name) = split(package.kind, &package.name);
        let mut version = package.version.clone();
        let mut qualifiers = BTreeMap::new();
        if package.kind.is_os() {
            namespace = distro.map(|distro| distro.id.clone()).unwrap_or_default();
            if let Some(distro) = distro.filter(|distro| !distro.id.is_empty()) {
                let release = [distro.id.as_str(), distro.version.as_str()].join("-");
                qualifiers.insert("distro".into(), release.trim_end_matches('-').into());
            }
            qualifiers.extend(package.arch.clone().map(|arch| ("arch".to_owned(), arch)));
            if let Some(source) = package
                .source
                .as_ref()
                .filter(|s| s.name != package.name || s.version != package.version)
            {
                qualifiers.insert("upstream".into(), format!("{}@{}", source.name, source.version));
            }
        }
        if package.kind == PackageKind::Rpm
            && let Some((epoch, rest)) = package.version.split_once(':')
        {
            qualifiers.insert("epoch".into(), epoch.into());
            rest.clone_into(&mut version);
        }
        if package.kind == PackageKind::Pypi {
            name = crate::syft::name_of(package.kind, &name);
        }
        Self {
            kind: package.kind.purl_type().into(),
            namespace,
            name,
            version,
            qualifiers,
            subpath: String::new(),
        }
    }
}

/// The namespace in a name, as each ecosystem writes it.
fn split(kind: PackageKind, name: &str) -> (String, String) {
    let parts = match kind {
        PackageKind::Maven => name.split_once(':'),
        PackageKind::Npm
        | PackageKind::Golang
        | PackageKind::Composer
        | PackageKind::Swift
        | PackageKind::Github => name.rsplit_once('/'),
        _ => None,
    };
    let (namespace, name) = parts.unwrap_or(("", name));
    (namespace.to_owned(), name.to_owned())
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}/", self.kind)?;
        for segment in self.namespace.split('/').filter(|segment| !segment.is_empty()) {
            write!(f, "{}/", Encoded(segment))?;
        }
        write!(f, "{}", Encoded(&self.name))?;
        if !self.version.is_empty() {
            write!(f, "@{}", Encoded(&self.version))?;
        }
        for (at, (key, value)) in self.qualifiers.iter().enumerate() {
            write!(f, "{}{key}={}", if at == 0 { '?' } else { '&' }, Encoded(value))?;
        }
        let mut mark = '#';
        for segment in self.subpath.split('/').filter(|segment| !segment.is_empty()) {
            write!(f, "{mark}{}", Encoded(segment))?;
            mark = '/';
        }
        Ok(())
    }
}

/// Percent-encoded but for letters, digits and `.-_~`, and the colon, which the specification
/// leaves as it is.
struct Encoded<'t>(&'t str);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &byte in self.0.as_bytes() {
            if byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte) {
                write!(f, "{}", char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SourcePackage;

    #[test]
    fn packages_of_a_distribution_name_it_and_their_source() {
        let distro = Distro { id: "debian".into(), version: "12".into(), ..Distro::default() };
        let mut package = Package::new(PackageKind::Deb, "libstdc++6", "1:12.2.0-14");
        package.arch = Some("amd64".into());
        package.source = Some(SourcePackage { name: "gcc-12".into(), version: "12.2.0-14".into() });
        assert_eq!(
            Purl::of(&package, Some(&distro)).to_string(),
            "pkg:deb/debian/libstdc%2B%2B6@1:12.2.0-14?arch=amd64&distro=debian-12&upstream=gcc-12%4012.2.0-14"
        );
    }

    #[test]
    fn each_ecosystem_splits_its_names_in_its_own_way() {
        let of = |kind, name| Purl::of(&Package::new(kind, name, "1"), None).to_string();
        assert_eq!(
            of(PackageKind::Maven, "org.apache:log4j-core"),
            "pkg:maven/org.apache/log4j-core@1"
        );
        assert_eq!(of(PackageKind::Golang, "golang.org/x/net"), "pkg:golang/golang.org/x/net@1");
        assert_eq!(of(PackageKind::Pypi, "Zope.Interface"), "pkg:pypi/zope-interface@1");
        assert_eq!(of(PackageKind::Rpm, "bash"), "pkg:rpm/bash@1");
    }
}
