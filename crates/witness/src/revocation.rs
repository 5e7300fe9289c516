//! Lists of revoked certificates, from where a certificate says that they are.
//!
//! They are signed, so that they are fetched without TLS as well, as their authorities serve them.
//! Source: RFC 5280, section 4.2.1.13.

use std::io::Read;

use plimsoll_supply::certificate::crl::{MAX_BYTES, RevocationList};
use reqwest::Url;

use crate::web::{Web, WitnessError};

impl Web {
    /// The list at `url`, of which nothing was checked.
    pub fn revocation_list(&self, url: &str) -> Result<RevocationList, WitnessError> {
        let wrong = |why: &str| WitnessError::Address { url: url.to_owned(), why: why.to_owned() };
        let parsed = Url::parse(url).map_err(|error| wrong(&error.to_string()))?;
        if !["http", "https"].contains(&parsed.scheme()) {
            return Err(wrong("lists are fetched by HTTP only"));
        }
        let unreachable = |why| WitnessError::Unreachable { url: url.to_owned(), why };
        let response = self.get(&parsed).send().map_err(|error| unreachable(error.to_string()))?;
        let status = response.status();
        if !status.is_success() {
            let said = String::new();
            return Err(WitnessError::Refused { url: url.to_owned(), status: status.as_u16(), said });
        }
        let mut bytes = Vec::new();
        response
            .take(MAX_BYTES as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| unreachable(error.to_string()))?;
        RevocationList::from_bytes(&bytes)
            .map_err(|error| WitnessError::Answer { url: url.to_owned(), why: error.to_string() })
    }
}
