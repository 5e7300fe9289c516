//! A repository in a registry: manifests and blobs read, written and listed.

use std::io::Read;
use std::sync::Arc;

use plimsoll_model::{Digest, ImageName};
use reqwest::Method;
use reqwest::header::{
    ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, LINK, LOCATION,
};

use super::document::sha256;
use super::{FoundBy, MAX_PIECE, MAX_REFERRERS, Place, Stored};
use crate::error::ImageError;
use crate::oci::{Descriptor, Manifest};
use crate::sources::registry::{
    Call, Client, Host, MANIFESTS, MAX_DOCUMENT, RegistryOptions, verify,
};

/// Pages of a list of referrers.
const MAX_PAGES: usize = 100;

pub(super) struct Remote {
    name: ImageName,
    client: Client,
}

impl Remote {
    pub(super) fn open(name: &ImageName, options: &RegistryOptions) -> Result<Self, ImageError> {
        Ok(Self { name: name.clone(), client: Client::new(name, options)? })
    }

    /// By connections to the host that others use as well.
    pub(super) fn on(host: Arc<Host>, name: &ImageName, options: &RegistryOptions) -> Self {
        Self { name: name.clone(), client: Client::on(host, name, options) }
    }

    fn read(&self, path: &str, headers: &HeaderMap, max: u64) -> Result<Answer, ImageError> {
        let what = self.what(path);
        let response = self.client.get(path, headers, &what)?;
        let headers = response.headers().clone();
        let mut bytes = Vec::new();
        response.take(max + 1).read_to_end(&mut bytes).map_err(|error| ImageError::Network {
            host: self.client.registry().into(),
            what: what.clone(),
            message: error.to_string(),
        })?;
        if bytes.len() as u64 > max {
            return Err(self.malformed(&what, format!("it has more than {max} bytes")));
        }
        Ok(Answer { headers, bytes })
    }

    fn what(&self, path: &str) -> String {
        let end = path.rsplit('/').next().unwrap_or(path);
        let sign = if end.contains(':') { '@' } else { ':' };
        format!("{}{sign}{end}", self.name())
    }

    fn malformed(&self, what: &str, message: String) -> ImageError {
        ImageError::Malformed { path: self.name().into(), what: what.into(), message }
    }

    fn has(&self, path: &str) -> Result<bool, ImageError> {
        let call = Call { method: Method::HEAD, path, headers: &HeaderMap::new(), body: None };
        match self.client.call(&call, &self.what(path)) {
            Ok(_) => Ok(true),
            Err(ImageError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

struct Answer {
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Answer {
    fn header(&self, name: reqwest::header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Place for Remote {
    fn name(&self) -> String {
        format!("{}/{}", self.name.registry(), self.name.repository())
    }

    fn wanted(&self) -> Result<String, ImageError> {
        Ok(match (self.name.digest(), self.name.tag()) {
            (Some(digest), _) => digest.to_string(),
            (None, tag) => tag.unwrap_or("latest").to_owned(),
        })
    }

    fn manifest(&self, reference: &str) -> Result<Option<Stored>, ImageError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(MANIFESTS));
        let answer = match self.read(&format!("manifests/{reference}"), &headers, MAX_DOCUMENT) {
            Ok(answer) => answer,
            Err(ImageError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let digest = match reference.parse::<Digest>() {
            Ok(expected) => {
                verify(&answer.bytes, &expected)?;
                expected
            }
            Err(_) => sha256(&answer.bytes),
        };
        let manifest: Manifest = serde_json::from_slice(&answer.bytes)
            .map_err(|error| self.malformed(reference, error.to_string()))?;
        let kind = answer.header(CONTENT_TYPE);
        let media_type = kind.split(';').next().unwrap_or_default().trim().to_owned();
        let size = answer.bytes.len() as u64;
        let descriptor = Descriptor::new(media_type, digest, size);
        Ok(Some(Stored { descriptor, bytes: answer.bytes, manifest }))
    }

    fn put_manifest(&self, reference: &str, stored: &Stored) -> Result<bool, ImageError> {
        let path = format!("manifests/{reference}");
        let mut headers = HeaderMap::new();
        if let Ok(kind) = HeaderValue::from_str(&stored.descriptor.media_type) {
            headers.insert(CONTENT_TYPE, kind);
        }
        let body = Some(stored.bytes.as_slice());
        let call = Call { method: Method::PUT, path: &path, headers: &headers, body };
        let response = self.client.call(&call, &self.what(&path))?;
        Ok(response.headers().contains_key("oci-subject"))
    }

    fn blob(&self, of: &Descriptor) -> Result<Vec<u8>, ImageError> {
        if of.size > MAX_PIECE {
            let why = format!("{} bytes are more than {MAX_PIECE}", of.size);
            return Err(self.malformed(&of.digest.to_string(), why));
        }
        let path = format!("blobs/{}", of.digest);
        let answer = self.read(&path, &HeaderMap::new(), of.size)?;
        verify(&answer.bytes, &of.digest)?;
        Ok(answer.bytes)
    }

    fn put_blob(&self, digest: &Digest, bytes: &[u8]) -> Result<(), ImageError> {
        let path = format!("blobs/{digest}");
        if self.has(&path)? {
            return Ok(());
        }
        let what = self.what(&path);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        let begin = Call {
            method: Method::POST,
            path: "blobs/uploads/",
            headers: &headers,
            body: Some(&[]),
        };
        let response = self.client.call(&begin, &what)?;
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let location = location
            .and_then(|location| response.url().join(location).ok())
            .ok_or_else(|| self.malformed(&what, "no place to upload to was named".into()))?;
        self.client.may_send_to(&location, &what)?;
        let mut location = location;
        location.query_pairs_mut().append_pair("digest", &digest.to_string());
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        let call = Call {
            method: Method::PUT,
            path: location.as_str(),
            headers: &headers,
            body: Some(bytes),
        };
        self.client.call(&call, &what).map(drop)
    }

    fn lists_by(&self) -> FoundBy {
        FoundBy::Referrers
    }

    fn listed(&self, subject: &Digest) -> Result<Option<Vec<Descriptor>>, ImageError> {
        if self.client.host().lists_nothing() {
            return Ok(None);
        }
        let mut path = format!("referrers/{subject}");
        let mut all = Vec::new();
        for _ in 0..MAX_PAGES {
            let answer = match self.read(&path, &HeaderMap::new(), MAX_DOCUMENT) {
                Ok(answer) => answer,
                // A registry that does not know the path; some say so in their own ways.
                Err(
                    ImageError::NotFound { .. }
                    | ImageError::Registry { status: 400 | 405 | 501, .. },
                ) if all.is_empty() => {
                    self.client.host().found_without_lists();
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            if !answer.header(CONTENT_TYPE).starts_with("application/vnd.oci.image.index") {
                return Ok(None);
            }
            let index: Manifest = serde_json::from_slice(&answer.bytes)
                .map_err(|error| self.malformed(&path, error.to_string()))?;
            all.extend(index.manifests);
            match next_page(answer.header(LINK)) {
                Some(next) if all.len() <= MAX_REFERRERS => path = next,
                _ => break,
            }
        }
        Ok(Some(all))
    }
}

/// The path of `</v2/…?n=10>; rel="next"`.
fn next_page(link: &str) -> Option<String> {
    let (target, relation) = link.trim().strip_prefix('<')?.split_once('>')?;
    (relation.contains("rel=\"next\"") && target.starts_with('/')).then(|| target.to_owned())
}

#[cfg(test)]
mod tests {
    use super::next_page;

    #[test]
    fn the_next_page_is_on_the_same_host() {
        let link = "</v2/app/referrers/sha256:0?n=2>; rel=\"next\"";
        assert_eq!(next_page(link).as_deref(), Some("/v2/app/referrers/sha256:0?n=2"));
        assert_eq!(next_page("<https://elsewhere/v2>; rel=\"next\""), None);
        assert_eq!(next_page(""), None);
    }
}
