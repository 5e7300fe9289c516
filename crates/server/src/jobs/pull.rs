//! Reads an image from a registry that a client names, with the credentials that it gives.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_image::RegistryOptions;
use plimsoll_model::Reference;
use serde::{Deserialize, Serialize};

use super::{Done, Handler};
use crate::app::App;
use crate::auth::seal::Seal;
use crate::catalogue::{self, ingest};
use crate::error::{Error, Result};
use crate::outward::host_name;
use crate::queue::{Job, NewJob};
use crate::registries;
use crate::store::foreign;

/// What jobs of this kind are called.
pub const KIND: &str = "pull";

/// The handler.
#[derive(Debug)]
pub(super) struct Puller;

/// Which image, and how its registry is asked.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull {
    /// Base address of the registry: `https://core.harbor.domain`.
    pub registry: String,
    /// `library/nginx`.
    pub repository: String,
    /// Digest of the manifest.
    pub digest: String,
    /// A tag of it; empty where none is known.
    #[serde(default)]
    pub tag: String,
    /// `Basic …`; empty where none is needed.
    #[serde(default)]
    pub authorization: String,
    /// Address of the client, which may be the registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<IpAddr>,
}

impl std::fmt::Debug for Pull {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pull")
            .field("registry", &self.registry)
            .field("repository", &self.repository)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

impl Pull {
    /// Host and port of the registry, and whether it speaks TLS.
    pub fn host(&self) -> Result<(String, bool)> {
        let wrong = || Error::Refused(format!("`{}` is no address of a registry", self.registry));
        let url = reqwest::Url::parse(&self.registry).map_err(|_| wrong())?;
        let host = url.host_str().ok_or_else(wrong)?;
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        match url.scheme() {
            "https" => Ok((host, true)),
            "http" => Ok((host, false)),
            _ => Err(wrong()),
        }
    }

    /// What is read.
    pub fn reference(&self) -> Result<Reference> {
        let (host, _) = self.host()?;
        let tag = if self.tag.is_empty() { String::new() } else { format!(":{}", self.tag) };
        let text = format!("registry:{host}/{}{tag}@{}", self.repository, self.digest);
        text.parse().map_err(|error| Error::Refused(format!("`{text}`: {error}")))
    }

    /// User and password.
    fn credentials(&self) -> Result<Option<(String, String)>> {
        if self.authorization.is_empty() {
            return Ok(None);
        }
        let basic =
            self.authorization.strip_prefix("Basic ").or(self.authorization.strip_prefix("basic "));
        let wrong = |why: &str| Error::Refused(format!("the registry's authorization {why}"));
        let basic = basic.ok_or_else(|| wrong("is not `Basic …`, the only kind that is spoken"))?;
        let decoded = STANDARD.decode(basic.trim()).map_err(|_| wrong("is no base64"))?;
        let decoded = String::from_utf8(decoded).map_err(|_| wrong("is no text"))?;
        let (user, password) = decoded.split_once(':').ok_or_else(|| wrong("has no password"))?;
        Ok(Some((user.to_owned(), password.to_owned())))
    }

    /// Whether it makes sense, without asking anybody.
    pub fn check(&self) -> Result<()> {
        self.reference()?;
        self.credentials().map(|_| ())
    }
}

/// A job that reads this image; one at a time for the same digest. Its payload has credentials, and is
/// sealed.
pub fn pull(seal: &Seal, request: &Pull) -> Result<NewJob> {
    request.check()?;
    let payload = super::sealed(seal, KIND, request)?;
    let (host, _) = request.host()?;
    let key = format!("{host}/{}@{}", request.repository, request.digest);
    Ok(NewJob { priority: 5, attempts: 3, host, ..NewJob::new(KIND, key, payload) })
}

#[async_trait]
impl Handler for Puller {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, app: &Arc<App>, job: &Job) -> Result<()> {
        let outcome = try_run(app, job).await;
        if let Err(error) = &outcome {
            super::forget_secrets(app, job, error, !error.is_passing()).await?;
        }
        outcome
    }
}

async fn try_run(app: &Arc<App>, job: &Job) -> Result<()> {
    let request: Pull = super::opened(&app.auth.seal, job)?;
    let reference = request.reference()?;
    if let Reference::Image { name, .. } = &reference
        && let Some((write, image)) =
            catalogue::name_known(app, name, &app.reading.platform).await?
    {
        let done = Done { digest: image.digest, components: 0, new: 0, partial: false };
        return finish(app, job, write, &done).await;
    }
    let (host, has_tls) = request.host()?;
    let outward = app.outward.and_to(request.client);
    let mut options = app.reading.clone();
    if let Some((user, password)) = request.credentials()? {
        options.registry = RegistryOptions {
            username: Some(user),
            password: Some(password),
            // Ours are for our own scans.
            auth_files: Vec::new(),
            ..options.registry
        };
    }
    if !has_tls {
        options.registry.insecure.push(host.clone());
    }
    options.registry = registries::paced(app, &host, options.registry).await?;
    let reading = move || {
        outward.check(host_name(&host))?;
        Ok::<_, Error>(plimsoll_image::read(&reference, &options)?)
    };
    let inventory = tokio::task::spawn_blocking(reading).await??;
    let (write, done) = ingest(app, &inventory).await?;
    let done = Done {
        digest: done.digest,
        components: done.components,
        new: done.new,
        partial: inventory.is_partial(),
    };
    finish(app, job, write, &done).await?;
    super::post(app).await?;
    Ok(())
}

async fn finish(app: &App, job: &Job, mut write: crate::store::Write, done: &Done) -> Result<()> {
    let result = serde_json::to_string(done).map_err(|_| Error::Damaged("a result"))?;
    foreign::scrub(&mut write, job.id).await?;
    app.queue.complete(&mut write, job, &result).await?;
    write.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(registry: &str, authorization: &str) -> Pull {
        Pull {
            registry: registry.into(),
            repository: "library/nginx".into(),
            digest: format!("sha256:{:064}", 1),
            tag: "1.27".into(),
            authorization: authorization.into(),
            client: None,
        }
    }

    #[test]
    fn a_registry_and_its_credentials_are_as_harbor_writes_them() {
        let asked = request("https://core.harbor.domain", "Basic cm9ib3QkaGFyYm9yOnM6M2NyZXQ=");
        assert_eq!(asked.host().unwrap(), ("core.harbor.domain".into(), true));
        assert_eq!(asked.credentials().unwrap(), Some(("robot$harbor".into(), "s:3cret".into())));
        assert_eq!(request("http://core:8080/", "").host().unwrap(), ("core:8080".into(), false));
        assert!(!format!("{asked:?}").contains("cm9ib3"));
        for wrong in ["", "core", "ftp://core", "https://"] {
            assert!(request(wrong, "").check().is_err(), "{wrong}");
        }
        for wrong in ["Bearer x", "Basic !", "Basic AAAA", "x"] {
            assert!(request("https://core", wrong).check().is_err(), "{wrong}");
        }
        let mut elsewhere = request("https://core", "");
        elsewhere.repository = "../../etc".into();
        assert!(elsewhere.check().is_err());
    }
}
