//! Reading a package URL, and building one from its parts.
//!
//! Source: <https://github.com/package-url/purl-spec/blob/main/docs/how-to-parse.md>.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::{Purl, types};

/// The longest package URL that is read: 16 KiB.
const LONGEST: usize = 16 << 10;

/// Why a text is no package URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no package URL: {why}")]
pub struct PurlError {
    /// As written, cut after 200 characters.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl PurlError {
    fn new(text: &str, why: &'static str) -> Self {
        Self { text: text.chars().take(200).collect(), why }
    }
}

impl FromStr for Purl {
    type Err = PurlError;

    /// Reads any valid writing and brings it to the canonical form.
    ///
    /// ```
    /// use plimsoll_model::Purl;
    /// let purl: Purl = "pkg:PyPI/Django_Rest@1.0".parse()?;
    /// assert_eq!(purl.to_string(), "pkg:pypi/django-rest@1.0");
    /// # Ok::<(), plimsoll_model::PurlError>(())
    /// ```
    fn from_str(text: &str) -> Result<Self, PurlError> {
        let error = |why| PurlError::new(text, why);
        if text.len() > LONGEST {
            return Err(error("it is too long"));
        }
        let scheme = text.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("pkg:"));
        let rest = scheme.and_then(|_| text.get(4..)).ok_or_else(|| error("it has no `pkg:`"))?;
        let rest = rest.trim_start_matches('/');
        let (rest, subpath) = rest.rsplit_once('#').unwrap_or((rest, ""));
        let (rest, qualifiers) = rest.rsplit_once('?').unwrap_or((rest, ""));
        let (kind, rest) = rest.split_once('/').ok_or_else(|| error("it has no name"))?;
        let rest = rest.trim_matches('/');
        // The `@` of npm's scopes stands before the last slash.
        let (path, version) = match rest.rsplit_once('@') {
            Some((path, version)) if !path.is_empty() && !version.contains('/') => (path, version),
            Some(("", _)) => return Err(error("it has no name")),
            _ => (rest, ""),
        };
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut pairs = BTreeMap::new();
        for pair in qualifiers.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = decoded(value).ok_or_else(|| error("an escape in it is no UTF-8"))?;
            pairs.insert(key.to_owned(), value);
        }
        let decode = |part: &str| decoded(part).ok_or_else(|| error("an escape in it is no UTF-8"));
        let segments = |part: &str| -> Result<String, PurlError> {
            let parts = part.split('/').filter(|part| !part.is_empty());
            Ok(parts.map(decode).collect::<Result<Vec<_>, _>>()?.join("/"))
        };
        Self {
            kind: kind.to_owned(),
            namespace: segments(namespace)?,
            name: decode(name)?,
            version: decode(version)?,
            qualifiers: pairs,
            subpath: segments(subpath)?,
        }
        .canonical()
        .map_err(error)
    }
}

impl Purl {
    /// Checks the parts and brings them to the canonical form of their type.
    ///
    /// # Errors
    /// What is wrong with them, in a few words.
    pub fn canonical(mut self) -> Result<Self, &'static str> {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
        if !self.kind.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
            || !self.kind.bytes().all(letter)
        {
            return Err("its type has other characters than letters, digits, `.` and `-`");
        }
        self.kind.make_ascii_lowercase();
        if self.name.is_empty() {
            return Err("it has no name");
        }
        self.qualifiers.retain(|_, value| !value.is_empty());
        // The specification's tests refuse keys in upper case for rpm, and take them elsewhere.
        if self.kind != "rpm" {
            let qualifiers = std::mem::take(&mut self.qualifiers).into_iter();
            self.qualifiers =
                qualifiers.map(|(key, value)| (key.to_ascii_lowercase(), value)).collect();
        }
        let is_key = |key: &String| {
            key.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
                && key
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-_".contains(&b))
        };
        if !self.qualifiers.keys().all(is_key) {
            return Err(
                "the key of a qualifier has other characters than lower-case letters, digits and `.-_`",
            );
        }
        let inside = |part: &&str| !matches!(*part, "" | "." | "..");
        self.subpath = self.subpath.split('/').filter(inside).collect::<Vec<_>>().join("/");
        types::canonical(&mut self)?;
        Ok(self)
    }
}

/// Percent-decoded; `None` where the bytes are no UTF-8. What is no escape stays as it is.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let hex = |at: usize| after.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (first, hex(0), hex(1)) {
            bytes.push(u8::try_from(high * 16 + low).ok()?);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}
