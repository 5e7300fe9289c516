//! A server of Notary: the metadata of Docker Content Trust beside a registry.
//!
//! It is spoken to as a registry is, and as the same user. Source:
//! `storage/httpstore.go` of <https://github.com/theupdateframework/notary>.

use plimsoll_model::ImageName;
use reqwest::header::HeaderMap;

use super::RegistryOptions;
use super::client::Client;
use crate::error::ImageError;

/// What a server of Notary has of one repository.
pub struct TrustServer {
    client: Client,
}

impl TrustServer {
    /// The repository of `name` on the server `host`, with the port where it is not 443.
    pub fn new(
        host: &str,
        name: &ImageName,
        options: &RegistryOptions,
    ) -> Result<Self, ImageError> {
        Ok(Self { client: Client::on_trust_server(host, name, options)? })
    }

    /// The document `path`, such as `root.json`, up to one byte more than `most`; `None` where
    /// the server has none.
    pub fn metadata(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>, ImageError> {
        let place = format!("_trust/tuf/{path}");
        match self.client.document(&place, &HeaderMap::new(), path, most) {
            Ok((_, bytes)) => Ok(Some(bytes)),
            Err(ImageError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
