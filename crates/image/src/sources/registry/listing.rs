//! What a registry has: its repositories, their tags, and what those lead to.
//!
//! Lists come in pages, each with a `Link` to the next one; a registry decides how long a page is.
//!
//! Source: <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags>, and
//! `_catalog`, which is Docker's own: <https://distribution.github.io/distribution/spec/api/#catalog>.

use std::sync::Arc;

use plimsoll_model::{Digest, ImageName, Platform, Timestamp};
use reqwest::Method;
use reqwest::header::{ACCEPT, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH, LINK};
use serde::Deserialize;

use super::{Call, Client, Host, Image, MANIFESTS, MAX_DOCUMENT, RegistryOptions};
use crate::error::ImageError;
use crate::oci::Manifest;

/// How many referrers of a manifest are looked at.
const MAX_REFERRERS: usize = 1_000;

/// The annotation by which a bundle of Sigstore says what it is about.
///
/// Source: <https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md>.
const PREDICATE: &str = "dev.sigstore.bundle.predicateType";

/// How many pages of one list are read.
const MAX_PAGES: usize = 10_000;

/// How many entries a page is asked to have.
const PAGE: usize = 1_000;

/// Lists what a registry has.
pub struct Listing {
    host: Arc<Host>,
    registry: String,
    options: RegistryOptions,
}

/// The tags of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tags {
    /// The list is that of the `ETag` which was shown.
    Same,
    /// All tags, and the `ETag` of the list where the registry gave one.
    All(Vec<String>, Option<String>),
}

#[derive(Deserialize)]
struct Catalogue {
    #[serde(default)]
    repositories: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct TagList {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl Listing {
    /// The lists of `registry` (host, and port where it has one).
    pub fn new(registry: &str, options: &RegistryOptions) -> Result<Self, ImageError> {
        Ok(Self {
            host: Arc::new(Host::new(registry, options)?),
            registry: registry.to_owned(),
            options: options.clone(),
        })
    }

    /// All repositories, at most `most`.
    pub fn repositories(&self, most: usize) -> Result<Vec<String>, ImageError> {
        // Any repository does: the list belongs to the whole registry.
        let name = self.name("catalogue")?;
        let first = format!("/v2/_catalog?n={PAGE}");
        let what = format!("the repositories of {}", self.registry);
        let (found, _) = self.pages(&name, first, None, &what, most, |bytes| {
            let page: Catalogue = serde_json::from_slice(bytes)?;
            Ok(page.repositories.unwrap_or_default())
        })?;
        Ok(found.unwrap_or_default())
    }

    /// All tags of a repository, at most `most`; `known` is the `ETag` of the list as it was known
    /// before.
    pub fn tags(
        &self,
        repository: &str,
        known: Option<&str>,
        most: usize,
    ) -> Result<Tags, ImageError> {
        let name = self.name(repository)?;
        let what = format!("the tags of {}/{repository}", self.registry);
        let first = format!("tags/list?n={PAGE}");
        let (found, etag) = self.pages(&name, first, known, &what, most, |bytes| {
            let page: TagList = serde_json::from_slice(bytes)?;
            Ok(page.tags.unwrap_or_default())
        })?;
        Ok(found.map_or(Tags::Same, |tags| Tags::All(tags, etag)))
    }

    /// What a tag leads to, without fetching it where the registry says so.
    pub fn digest(&self, repository: &str, tag: &str) -> Result<Digest, ImageError> {
        let name = self.name(&format!("{repository}:{tag}"))?;
        let client = self.client(&name);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(MANIFESTS));
        let path = format!("manifests/{tag}");
        let call = Call { method: Method::HEAD, path: &path, headers: &headers, body: None };
        let response = client.call(&call, &name.to_string())?;
        let said = response.headers().get("docker-content-digest");
        if let Some(digest) = said.and_then(|it| it.to_str().ok()).and_then(|it| it.parse().ok()) {
            return Ok(digest);
        }
        super::digest(&name, &self.options)
    }

    /// What hangs on a manifest by the registry's list of referrers: the type of each and, of a
    /// bundle of Sigstore, of what it says. Nothing where the registry keeps no such lists.
    pub fn referrers(&self, repository: &str, digest: &Digest) -> Result<Vec<String>, ImageError> {
        if self.host.lists_nothing() {
            return Ok(Vec::new());
        }
        let name = self.name(&format!("{repository}@{digest}"))?;
        let client = self.client(&name);
        let path = format!("referrers/{digest}");
        let what = format!("what hangs on {name}");
        let bytes = match client.document(&path, &HeaderMap::new(), &what, MAX_DOCUMENT) {
            Err(ImageError::NotFound { .. }) => {
                self.host.found_without_lists();
                return Ok(Vec::new());
            }
            got => got?.1,
        };
        // Some answer with a page for people.
        let Ok(index) = serde_json::from_slice::<Manifest>(&bytes) else { return Ok(Vec::new()) };
        let types = index.manifests.into_iter().flat_map(|it| {
            let says = it.annotations.get(PREDICATE).cloned();
            it.artifact_type.into_iter().chain(says)
        });
        Ok(types.take(MAX_REFERRERS).collect())
    }

    /// When the image that a tag leads to was made, as its configuration says.
    pub fn created(
        &self,
        repository: &str,
        digest: &Digest,
        platform: &Platform,
    ) -> Result<Option<Timestamp>, ImageError> {
        let name = self.name(&format!("{repository}@{digest}"))?;
        let client = self.client(&name);
        let image = Image { name: &name, client: &client };
        let (_, manifest, _) = image.manifest(&digest.to_string(), Some(digest), platform, 0)?;
        let (config, _) = image.config(&manifest)?;
        Ok(config.created())
    }

    fn name(&self, rest: &str) -> Result<ImageName, ImageError> {
        let text = format!("{}/{rest}", self.registry);
        text.parse().map_err(|_| ImageError::Malformed {
            path: self.registry.clone().into(),
            what: "name of a repository".into(),
            message: format!("`{}`", super::plain(rest)),
        })
    }

    fn client(&self, name: &ImageName) -> Client {
        Client::on(Arc::clone(&self.host), name, &self.options)
    }

    /// Reads a list page by page; `None` where it is the one that is known.
    fn pages(
        &self,
        name: &ImageName,
        first: String,
        known: Option<&str>,
        what: &str,
        most: usize,
        read: impl Fn(&[u8]) -> Result<Vec<String>, serde_json::Error>,
    ) -> Result<(Option<Vec<String>>, Option<String>), ImageError> {
        let malformed = |message: String| ImageError::Malformed {
            path: self.registry.clone().into(),
            what: what.into(),
            message,
        };
        let client = self.client(name);
        let mut all = Vec::new();
        let mut path = first;
        for page in 0..MAX_PAGES {
            let mut headers = HeaderMap::new();
            if let Some(known) = known.filter(|_| page == 0)
                && let Ok(value) = HeaderValue::from_str(known)
            {
                headers.insert(IF_NONE_MATCH, value);
            }
            let (said, bytes) = match client.document(&path, &headers, what, MAX_DOCUMENT) {
                Err(ImageError::Registry { status: 304, .. }) => return Ok((None, None)),
                got => got?,
            };
            if bytes.len() as u64 > MAX_DOCUMENT {
                return Err(malformed(format!("a page has more than {MAX_DOCUMENT} bytes")));
            }
            all.extend(read(&bytes).map_err(|error| malformed(error.to_string()))?);
            if all.len() > most {
                return Err(malformed(format!("it has more than {most} entries")));
            }
            let text = |name| said.get(name).and_then(|it: &HeaderValue| it.to_str().ok());
            // A list of one page changes with its tag; of a longer one, only the first page would.
            let link = text(LINK).and_then(next_page);
            let etag = text(ETAG).filter(|_| page == 0 && link.is_none()).map(str::to_owned);
            match link {
                Some(next) if next != path => path = next,
                _ => return Ok((Some(all), etag)),
            }
        }
        Err(malformed(format!("it has more than {MAX_PAGES} pages")))
    }
}

/// The target of `Link: <…>; rel="next"`, as a path on the same registry.
///
/// Source: RFC 8288.
fn next_page(header: &str) -> Option<String> {
    for link in header.split(", ") {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = parameters
            .split(';')
            .any(|it| matches!(it.trim(), "rel=\"next\"" | "rel=next" | "rel='next'"));
        if is_next && !target.is_empty() {
            // Whatever host is named: the list goes on where it began.
            let rest = target.split_once("://").map_or(target, |(_, rest)| {
                rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default()
            });
            return rest.starts_with('/').then(|| rest.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use plimsoll_testkit::{Reply, Server};
    use proptest::prelude::*;

    use std::time::{Duration, Instant};

    use super::super::Pace;
    use super::*;

    fn listing(server: &Server) -> Listing {
        let mut options = RegistryOptions::anonymous();
        options.insecure.push(server.host());
        Listing::new(&server.host(), &options).unwrap()
    }

    #[test]
    fn a_link_to_the_next_page_is_followed_and_no_other() {
        let next = |text| next_page(text);
        assert_eq!(
            next("</v2/_catalog?last=b&n=2>; rel=\"next\"").as_deref(),
            Some("/v2/_catalog?last=b&n=2")
        );
        assert_eq!(
            next("<https://elsewhere.example/v2/a/tags/list?last=1>; rel=\"next\"").as_deref(),
            Some("/v2/a/tags/list?last=1")
        );
        for other in ["", "</a>; rel=\"prev\"", "/a; rel=next", "<>; rel=next", "<a>; rel=next"] {
            assert_eq!(next(other), None, "{other}");
        }
    }

    #[test]
    fn tags_come_in_pages_and_an_unchanged_list_is_not_sent_again() {
        let server = Server::start(|request| {
            if request.header("if-none-match") == Some("\"one\"") {
                return Reply::new(304, "");
            }
            if request.path.contains("last=b") {
                return Reply::new(200, r#"{"name":"app","tags":["c"]}"#);
            }
            if request.path.contains("/many/") {
                return Reply::new(200, r#"{"name":"many","tags":["a","b"]}"#)
                    .header("Link", "</v2/many/tags/list?last=b&n=2>; rel=\"next\"");
            }
            Reply::new(200, r#"{"name":"app","tags":null}"#).header("ETag", "\"one\"")
        });
        let listing = listing(&server);
        let all = |tags: &[&str]| Tags::All(tags.iter().map(ToString::to_string).collect(), None);
        assert_eq!(listing.tags("many", None, 10).unwrap(), all(&["a", "b", "c"]));
        assert!(listing.tags("many", None, 2).is_err(), "more than asked for");
        assert_eq!(
            listing.tags("app", None, 10).unwrap(),
            Tags::All(Vec::new(), Some("\"one\"".into()))
        );
        assert_eq!(listing.tags("app", Some("\"one\""), 10).unwrap(), Tags::Same);
    }

    #[test]
    fn requests_are_spaced_as_asked() {
        let server = Server::start(|_| Reply::new(200, r#"{"tags":[]}"#));
        let mut options = RegistryOptions::anonymous();
        options.insecure.push(server.host());
        options.pace = Some(Arc::new(Pace::per_minute(600)));
        let listing = Listing::new(&server.host(), &options).unwrap();
        let began = Instant::now();
        for _ in 0..4 {
            listing.tags("app", None, 1).unwrap();
        }
        assert!(began.elapsed() >= Duration::from_millis(300), "a tenth of a second between two");
    }

    proptest! {
        #[test]
        fn no_header_panics_and_a_page_is_always_a_path(text in "[<>;,=a-z/:\" ]{0,60}") {
            prop_assert!(next_page(&text).is_none_or(|path| path.starts_with('/')));
        }
    }
}
