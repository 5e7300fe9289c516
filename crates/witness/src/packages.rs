//! What registries of packages say of one: npm's, and the Python package index.
//!
//! Names come from the user and are one part of a path each, whatever letters they have. User and
//! password of an address are sent to it and shown to nobody.
//! Sources: `lib/registry.js` of npm/pacote; PEP 691 and PEP 740.

use std::io::Read as _;

use reqwest::Url;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};

use crate::web::{Web, WitnessError, address, innermost};

/// The largest answers: what is said of all versions of a package, and attestations of one.
const MAX_PACKAGE: u64 = 64 << 20;
const MAX_ATTESTATIONS: u64 = 16 << 20;

/// A registry of packages.
pub struct PackageRegistry {
    web: Web,
    base: Url,
    authorization: Option<HeaderValue>,
}

impl PackageRegistry {
    /// The registry at an address; `authorization` is the header that it wants.
    pub fn at(base: &str, authorization: Option<&str>) -> Result<Self, WitnessError> {
        let mut url = Url::parse(base).map_err(|error| WitnessError::Address {
            url: "the registry".into(),
            why: error.to_string(),
        })?;
        let user = (url.username().to_owned(), url.password().map(str::to_owned));
        let hide = |url: &mut Url| url.set_username("").and_then(|()| url.set_password(None));
        if hide(&mut url).is_err() {
            return Err(WitnessError::Address {
                url: "the registry".into(),
                why: "no host".into(),
            });
        }
        let base = address(url.as_str(), "/")?;
        let given = match authorization {
            Some(text) => Some(text.to_owned()),
            None if user.0.is_empty() => None,
            None => Some(basic(&user.0, user.1.as_deref().unwrap_or_default())),
        };
        let mut header = given.map(HeaderValue::try_from).transpose().map_err(|_| {
            WitnessError::Address { url: base.to_string(), why: "its token is no text".into() }
        })?;
        if let Some(header) = &mut header {
            header.set_sensitive(true);
        }
        Ok(Self { web: Web::new()?, base, authorization: header })
    }

    /// Where it is.
    pub fn address(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// All that an npm registry says of a package; `None` where it has none of that name.
    pub fn npm_package(&self, name: &str) -> Result<Option<Vec<u8>>, WitnessError> {
        self.document(&self.below(&self.base, &[name])?, "application/json", MAX_PACKAGE)
    }

    /// The attestations that an npm registry has of a version.
    pub fn npm_attestations(
        &self,
        name: &str,
        version: &str,
    ) -> Result<Option<Vec<u8>>, WitnessError> {
        let package = format!("{name}@{version}");
        let url = self.below(&self.base, &["-", "npm", "v1", "attestations", &package])?;
        self.document(&url, "application/json", MAX_ATTESTATIONS)
    }

    /// The keys that an npm registry signs with.
    pub fn npm_keys(&self) -> Result<Option<Vec<u8>>, WitnessError> {
        let url = self.below(&self.base, &["-", "npm", "v1", "keys"])?;
        self.document(&url, "application/json", MAX_ATTESTATIONS)
    }

    /// The files of a project on a Python index, whose address ends with `/simple`.
    pub fn python_project(&self, project: &str) -> Result<Option<Vec<u8>>, WitnessError> {
        let url = self.below(&self.base, &[project, ""])?;
        self.document(&url, "application/vnd.pypi.simple.v1+json", MAX_PACKAGE)
    }

    /// The provenance of one file on a Python index.
    pub fn python_provenance(
        &self,
        project: &str,
        version: &str,
        file: &str,
    ) -> Result<Option<Vec<u8>>, WitnessError> {
        let mut top = self.base.clone();
        let path = top.path().trim_end_matches('/');
        let path = path.strip_suffix("/simple").unwrap_or(path).to_owned();
        top.set_path(&path);
        let url = self.below(&top, &["integrity", project, version, file, "provenance"])?;
        self.document(&url, "application/vnd.pypi.integrity.v1+json", MAX_ATTESTATIONS)
    }

    /// The address of a path, each part of which is one.
    fn below(&self, base: &Url, parts: &[&str]) -> Result<Url, WitnessError> {
        let wrong = |why: &str| WitnessError::Address { url: base.to_string(), why: why.into() };
        if parts.iter().any(|part| matches!(*part, "." | "..")) {
            return Err(wrong("a name may not be `.` or `..`"));
        }
        let mut url = base.clone();
        url.path_segments_mut()
            .map_err(|()| wrong("nothing can be below it"))?
            .pop_if_empty()
            .extend(parts);
        debug_assert_eq!(url.origin(), self.base.origin());
        Ok(url)
    }

    fn document(
        &self,
        url: &Url,
        accept: &'static str,
        most: u64,
    ) -> Result<Option<Vec<u8>>, WitnessError> {
        let mut request = self.web.get(url).header(ACCEPT, accept);
        if let Some(value) = &self.authorization {
            request = request.header(AUTHORIZATION, value.clone());
        }
        let unreachable = |why| WitnessError::Unreachable { url: url.to_string(), why };
        let response = request.send().map_err(|error| unreachable(innermost(&error)))?;
        let status = response.status();
        if status.as_u16() == 404 {
            return Ok(None);
        }
        if !status.is_success() {
            let (url, status) = (url.to_string(), status.as_u16());
            return Err(WitnessError::Refused { url, status, said: String::new() });
        }
        let mut body = Vec::new();
        let read = response.take(most + 1).read_to_end(&mut body);
        read.map_err(|error| unreachable(error.to_string()))?;
        if body.len() as u64 > most {
            let why = format!("more than {most} bytes");
            return Err(WitnessError::Answer { url: url.to_string(), why });
        }
        Ok(Some(body))
    }
}

/// The header of a user with a password.
fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[cfg(test)]
mod tests {
    use plimsoll_testkit::{Reply, Server};

    use super::*;

    #[test]
    fn a_name_is_one_part_of_the_path_and_a_password_is_shown_to_nobody() {
        let server = Server::start(|_| Reply::new(200, "{}"));
        let address = format!("http://me:secret@{}/npm/", server.host());
        let registry = PackageRegistry::at(&address, None).unwrap();
        assert!(!registry.address().contains("secret"));
        registry.npm_package("@a/b").unwrap();
        registry.npm_attestations("@a/b", "1.0.0?x#y/../z").unwrap();
        assert!(registry.npm_package("..").is_err());
        let requests = server.requests();
        assert_eq!(requests[0].path, "/npm/@a%2Fb");
        assert_eq!(requests[0].header("authorization"), Some("Basic bWU6c2VjcmV0"));
        assert_eq!(requests[1].path, "/npm/-/npm/v1/attestations/@a%2Fb@1.0.0%3Fx%23y%2F..%2Fz");
    }

    #[test]
    fn provenance_is_beside_the_index_and_what_is_missing_is_told_from_what_is_refused() {
        let server = Server::start(|request| match request.path.as_str() {
            "/root/simple/a/" => Reply::new(403, "no"),
            _ => Reply::new(404, ""),
        });
        let index = PackageRegistry::at(&format!("http://{}/root/simple/", server.host()), None);
        let index = index.unwrap();
        assert!(matches!(
            index.python_project("a"),
            Err(WitnessError::Refused { status: 403, .. })
        ));
        assert_eq!(index.python_provenance("a", "1", "a-1.zip").unwrap(), None);
        assert_eq!(server.requests()[1].path, "/root/integrity/a/1/a-1.zip/provenance");
        assert!(PackageRegistry::at("http://registry.example/", None).is_err(), "without TLS");
        assert!(PackageRegistry::at("data:x", None).is_err());
    }
}
