//! Documents that are signed themselves: lists of revoked certificates, from where a certificate
//! says that they are, and signatures beside a registry.
//!
//! They are fetched without TLS as well, as authorities serve their lists.
//! Source: RFC 5280, section 4.2.1.13.

use std::io::Read;

use plimsoll_supply::certificate::crl::{MAX_BYTES, RevocationList};
use reqwest::Url;

use crate::web::{Web, WitnessError};

impl Web {
    /// The list at `url`, of which nothing was checked.
    pub fn revocation_list(&self, url: &str) -> Result<RevocationList, WitnessError> {
        let useless = |why: String| WitnessError::Answer { url: url.to_owned(), why };
        let bytes = self.download(url, MAX_BYTES as u64)?;
        let bytes = bytes.ok_or_else(|| useless("there is none".into()))?;
        RevocationList::from_bytes(&bytes).map_err(|error| useless(error.to_string()))
    }

    /// A document of at most `most` bytes that is signed itself; none where there is none.
    pub fn download(&self, url: &str, most: u64) -> Result<Option<Vec<u8>>, WitnessError> {
        let wrong = |why: &str| WitnessError::Address { url: url.to_owned(), why: why.to_owned() };
        let parsed = Url::parse(url).map_err(|error| wrong(&error.to_string()))?;
        if !["http", "https"].contains(&parsed.scheme()) {
            return Err(wrong("it is fetched by HTTP only"));
        }
        let unreachable = |why| WitnessError::Unreachable { url: url.to_owned(), why };
        let response = self.get(&parsed).send().map_err(|error| unreachable(error.to_string()))?;
        let status = response.status().as_u16();
        if status == 404 {
            return Ok(None);
        }
        if !response.status().is_success() {
            let said = String::new();
            return Err(WitnessError::Refused { url: url.to_owned(), status, said });
        }
        let mut bytes = Vec::new();
        let read = response.take(most + 1).read_to_end(&mut bytes);
        read.map_err(|error| unreachable(error.to_string()))?;
        if bytes.len() as u64 > most {
            let why = format!("more than {most} bytes");
            return Err(WitnessError::Answer { url: url.to_owned(), why });
        }
        Ok(Some(bytes))
    }
}
