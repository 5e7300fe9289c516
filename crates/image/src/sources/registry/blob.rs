//! A blob as a stream that survives broken connections.
//!
//! Layers are catalogued while they arrive, so a broken download cannot begin anew: it is taken
//! up at the byte that was reached.

use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use plimsoll_model::Digest;
use reqwest::blocking::Response;
use reqwest::header::{CONTENT_RANGE, HeaderMap, HeaderValue, RANGE};

use super::client::Client;
use super::transport::causes;
use crate::error::ImageError;

/// How often a download may break without having come on by [`PROGRESS`].
const MAX_BREAKS: u32 = 6;

/// Bytes after which earlier breaks are forgiven: 4 MiB. Large layers break more often.
const PROGRESS: u64 = 4 << 20;

/// The wait before a download is taken up again; it grows with each time.
const WAIT: Duration = Duration::from_millis(200);

/// A blob, read in order. The reason of a failure goes to `failure`, because readers on the way
/// make a mere damaged layer of it.
pub(super) struct Blob<'c> {
    client: &'c Client,
    digest: Digest,
    /// As the manifest says; 0 is unknown.
    size: u64,
    position: u64,
    response: Option<Response>,
    breaks: u32,
    /// Where the first of these breaks was.
    broke_at: u64,
    failure: &'c Mutex<Option<ImageError>>,
    has_failed: bool,
}

impl<'c> Blob<'c> {
    /// Opens a blob of `size` bytes.
    pub(super) fn open(
        client: &'c Client,
        digest: &Digest,
        size: u64,
        failure: &'c Mutex<Option<ImageError>>,
    ) -> Result<Self, ImageError> {
        let mut blob = Self {
            client,
            digest: digest.clone(),
            size,
            position: 0,
            response: None,
            breaks: 0,
            broke_at: 0,
            failure,
            has_failed: false,
        };
        blob.connect()?;
        match blob.response.as_ref().and_then(Response::content_length) {
            Some(has) if size > 0 && has != size => {
                Err(blob.broken(&format!("the registry has {has} bytes of it")))
            }
            _ => Ok(blob),
        }
    }

    /// Asks for the bytes from `position` on.
    fn connect(&mut self) -> Result<(), ImageError> {
        let mut headers = HeaderMap::new();
        if self.position > 0
            && let Ok(range) = HeaderValue::from_str(&format!("bytes={}-", self.position))
        {
            headers.insert(RANGE, range);
        }
        let name = self.digest.to_string();
        let response = self.client.get(&format!("blobs/{name}"), &headers, &name)?;
        self.response = Some(response);
        let response = self.response.as_ref();
        if self.position > 0 && response.is_some_and(|r| r.status().as_u16() != 206) {
            self.pass_over();
            return Ok(());
        }
        let range =
            response.and_then(|r| r.headers().get(CONTENT_RANGE)).filter(|_| self.position > 0);
        let begins = range.and_then(|range| range.to_str().ok()).and_then(first_byte);
        if range.is_some() && begins != Some(self.position) {
            return Err(self.broken("the registry answers with other bytes than those asked for"));
        }
        Ok(())
    }

    /// The registry knows no ranges: what was read already goes by once more. Where it breaks
    /// off in this, the next read finds no connection and counts a break.
    fn pass_over(&mut self) {
        let again = self.response.as_mut().map(|response| response.take(self.position));
        let passed = again.map(|mut again| io::copy(&mut again, &mut io::sink()));
        if !passed.is_some_and(|passed| passed.is_ok_and(|passed| passed == self.position)) {
            self.response = None;
        }
    }

    fn broken(&self, message: &str) -> ImageError {
        ImageError::Network {
            host: self.client.registry().into(),
            what: self.digest.to_string(),
            message: format!("{message} (at byte {} of {})", self.position, self.size),
        }
    }

    /// One read; `Ok(0)` where the connection ended, rightly or not.
    fn read_once(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = match self.size {
            0 => u64::MAX,
            size => size.saturating_sub(self.position),
        };
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        match (self.response.as_mut(), buffer.get_mut(..wanted)) {
            (Some(response), Some(buffer)) => response.read(buffer),
            _ => Ok(0),
        }
    }

    fn read_or_resume(&mut self, buffer: &mut [u8]) -> Result<usize, ImageError> {
        loop {
            if buffer.is_empty() || (self.size > 0 && self.position >= self.size) {
                return Ok(0);
            }
            let why = match self.read_once(buffer) {
                Ok(0) if self.size == 0 => return Ok(0),
                Ok(0) => "the connection was closed".to_owned(),
                Ok(read) => {
                    self.position = self.position.saturating_add(read as u64);
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => causes(&error),
            };
            self.response = None;
            if self.breaks == 0 || self.position.saturating_sub(self.broke_at) > PROGRESS {
                self.breaks = 0;
                self.broke_at = self.position;
            }
            self.breaks += 1;
            if self.breaks > MAX_BREAKS {
                return Err(self.broken(&format!("the download broke {MAX_BREAKS} times: {why}")));
            }
            std::thread::sleep(WAIT.saturating_mul(self.breaks));
            self.connect()?;
        }
    }
}

impl Read for Blob<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.has_failed {
            return Err(io::Error::other("the download failed"));
        }
        self.read_or_resume(buffer).map_err(|error| {
            self.has_failed = true;
            let message = error.to_string();
            let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert(error);
            io::Error::other(message)
        })
    }
}

/// The first byte of `bytes 5-9/10`.
fn first_byte(range: &str) -> Option<u64> {
    range.trim().strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::first_byte;

    #[test]
    fn a_range_says_where_it_begins() {
        assert_eq!(first_byte("bytes 5-9/10"), Some(5));
        assert_eq!(first_byte("bytes */10"), None);
        assert_eq!(first_byte("5-9"), None);
    }
}
