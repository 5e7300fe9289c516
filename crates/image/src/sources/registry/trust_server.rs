//! A server of Notary: the metadata of Docker Content Trust beside a registry.
//!
//! It is spoken to as a registry is, and as the same user. Source:
//! `storage/httpstore.go` of <https://github.com/theupdateframework/notary>.

use std::io::Read as _;

use plimsoll_model::ImageName;
use reqwest::header::HeaderMap;

use super::client::Client;
use super::{RegistryOptions, transport};
use crate::error::ImageError;

/// How often a document is asked for that breaks off.
const MAX_TRIES: u32 = 3;

/// What a server of Notary has of one repository.
pub struct TrustServer {
    client: Client,
    host: String,
}

impl TrustServer {
    /// The repository of `name` on the server `host`, with the port where it is not 443.
    pub fn new(
        host: &str,
        name: &ImageName,
        options: &RegistryOptions,
    ) -> Result<Self, ImageError> {
        let client = Client::on_trust_server(host, name, options)?;
        Ok(Self { client, host: host.to_owned() })
    }

    /// The document `path`, such as `root.json`, up to one byte more than `most`; `None` where
    /// the server has none.
    pub fn metadata(&self, path: &str, most: u64) -> Result<Option<Vec<u8>>, ImageError> {
        let place = format!("_trust/tuf/{path}");
        let mut tries = 0;
        loop {
            tries += 1;
            let response = match self.client.get(&place, &HeaderMap::new(), path) {
                Ok(response) => response,
                Err(ImageError::NotFound { .. }) => return Ok(None),
                Err(error) => return Err(error),
            };
            let mut bytes = Vec::new();
            match response.take(most.saturating_add(1)).read_to_end(&mut bytes) {
                Ok(_) => return Ok(Some(bytes)),
                Err(_) if tries < MAX_TRIES => {}
                Err(error) => {
                    let (host, what) = (self.host.clone(), path.to_owned());
                    let message = transport::causes(&error);
                    return Err(ImageError::Network { host, what, message });
                }
            }
        }
    }
}
