//! Certificates that somebody else renews: in files, or wherever a [`Source`] looks.

use std::sync::Arc;
use std::time::Duration;

use super::tls::{Certificates, TlsError};

/// A certificate with its key, in PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Pair {
    /// The certificate, and those between it and its authority.
    pub certificate: Vec<u8>,
    /// Its key.
    pub key: Vec<u8>,
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Pair")
            .field("certificate", &self.certificate.len())
            .finish_non_exhaustive()
    }
}

/// Where a certificate comes from; may wait for an answer from elsewhere.
pub type Source = Arc<dyn Fn() -> Result<Pair, String> + Send + Sync>;

/// Shows the certificate of a source, and asks every `pause` whether it is another. What cannot be
/// used is told, and the one of before stays.
pub async fn follow(
    certificates: Arc<Certificates>,
    source: Source,
    pause: Duration,
    tell: impl Fn(&str) + Send,
) {
    let mut shown: Option<Pair> = None;
    let mut told = String::new();
    loop {
        let ask = Arc::clone(&source);
        let found = tokio::task::spawn_blocking(move || ask()).await;
        let found = found.unwrap_or_else(|_| Err("it could not be read".into()));
        let result = match found {
            Ok(pair) if shown.as_ref() == Some(&pair) => Ok(false),
            Ok(pair) => {
                let result = certificates.show(&pair.certificate, &pair.key);
                shown = Some(pair);
                result.map(|()| true)
            }
            Err(why) => Err(TlsError(why)),
        };
        match result {
            Ok(true) => {
                tell("the certificate is a new one");
                told.clear();
            }
            Ok(false) => {}
            Err(error) => {
                let text = format!("the certificate of before stays: {error}");
                if text != told {
                    tell(&text);
                    told = text;
                }
            }
        }
        tokio::time::sleep(pause).await;
    }
}
