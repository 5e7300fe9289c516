//! Package URLs: `pkg:type/namespace/name@version?qualifiers#subpath`.
//!
//! Source: <https://github.com/package-url/purl-spec/blob/main/PURL-SPECIFICATION.rst>.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A package URL in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Purl {
    /// Lower case.
    pub kind: String,
    /// Segments joined by `/`, decoded; empty where there is none.
    pub namespace: String,
    /// Decoded.
    pub name: String,
    /// Decoded; empty where there is none.
    pub version: String,
    /// Lower-case keys, no empty values.
    pub qualifiers: BTreeMap<String, String>,
    /// Decoded; empty where there is none.
    pub subpath: String,
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}/", self.kind)?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}

impl FromStr for Purl {
    type Err = PurlError;

    fn from_str(text: &str) -> Result<Self, PurlError> {
        Err(PurlError(text.into()))
    }
}

/// A text that is no package URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no package URL")]
pub struct PurlError(pub String);
