//! Blobs in a bucket of S3, or of a service that speaks its protocol.
//!
//! Where it is and who asks is said by the variables that AWS's own programs read, so that no secret is
//! an argument: `AWS_ENDPOINT_URL` (or `AWS_ENDPOINT_URL_S3`), `AWS_REGION`, `AWS_ACCESS_KEY_ID`,
//! `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_CA_BUNDLE`; where there is no key, by what a
//! cluster, a container or a machine of AWS hands to its programs.
//!
//! Source: <https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html>.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{Certificate, ClientOptions, ObjectStore, RetryConfig};

use crate::error::{Error, Result};

/// How long a request may take.
const REQUEST: Duration = Duration::from_secs(30);

/// How long it is tried again: a bucket that is away is told as such, and jobs are put off.
const PATIENCE: Duration = Duration::from_secs(20);

/// What `s3://BUCKET/PREFIX` names.
pub(super) fn open(address: &str) -> Result<Arc<dyn ObjectStore>> {
    let (bucket, prefix) = parts(address)?;
    // The first one stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
    let endpoint = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint]
        .iter()
        .find_map(|key| builder.get_config_value(key));
    let is_plain = endpoint.as_ref().is_some_and(|it| it.starts_with("http://"));
    let mut client = ClientOptions::new()
        .with_allow_http(is_plain)
        .with_timeout(REQUEST)
        .with_connect_timeout(Duration::from_secs(5));
    for certificate in bundle()? {
        client = client.with_root_certificate(certificate);
    }
    let retry = RetryConfig { max_retries: 8, retry_timeout: PATIENCE, ..RetryConfig::default() };
    let store = builder.with_client_options(client).with_retry(retry).build()?;
    let store: Arc<dyn ObjectStore> = match prefix {
        None => Arc::new(store),
        Some(prefix) => Arc::new(PrefixStore::new(store, prefix)),
    };
    Ok(store)
}

/// Bucket and prefix of an address.
fn parts(address: &str) -> Result<(&str, Option<Path>)> {
    let refused = |why: &str| Error::Refused(format!("`{address}` {why}: `s3://BUCKET/PREFIX`"));
    let rest = address.strip_prefix("s3://").unwrap_or_default();
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.contains('@') {
        // It is not repeated: what stands before it may be a secret.
        return Err(Error::Refused(
            "keys of S3 are said by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and not in the \
             address"
                .into(),
        ));
    }
    let is_name = (3..=255).contains(&bucket.len())
        && bucket.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    if !is_name {
        return Err(refused("names no bucket"));
    }
    let prefix = prefix.trim_matches('/');
    if prefix.is_empty() {
        return Ok((bucket, None));
    }
    let path = Path::parse(prefix).map_err(|_| refused("has no prefix that can be used"))?;
    Ok((bucket, Some(path)))
}

/// The authorities that are trusted beside the system's.
fn bundle() -> Result<Vec<Certificate>> {
    let Some(path) = std::env::var_os("AWS_CA_BUNDLE").map(PathBuf::from) else {
        return Ok(Vec::new());
    };
    let text = std::fs::read(&path).map_err(|source| Error::Io {
        action: "read",
        path: path.clone(),
        source,
    })?;
    Certificate::from_pem_bundle(&text)
        .map_err(|error| Error::Refused(format!("`{}` (AWS_CA_BUNDLE): {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_bucket_and_maybe_a_prefix() {
        let prefix = |text: &str| Some(Path::from(text));
        assert_eq!(parts("s3://plimsoll").unwrap(), ("plimsoll", None));
        assert_eq!(parts("s3://plimsoll/").unwrap(), ("plimsoll", None));
        assert_eq!(parts("s3://plimsoll/a/b/").unwrap(), ("plimsoll", prefix("a/b")));
        for broken in ["s3://", "s3:///a", "s3://a b/c", "s3://bucket/a//b", "s3://bucket/../x"] {
            assert!(parts(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_key_in_the_address_is_refused_and_not_repeated() {
        let said = parts("s3://key:hunter2@bucket/a").unwrap_err().to_string();
        assert!(said.contains("AWS_ACCESS_KEY_ID") && !said.contains("hunter2"), "{said}");
    }
}
