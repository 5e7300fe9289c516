//! Certificates of one's own: kept in a folder or a secret, renewed, and told to the API server.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_admission::rotation::{self, Kept};
use plimsoll_admission::serve::Pair;
use reqwest::Method;
use serde_json::{Value, json};

use crate::clock;
use crate::cluster::{Client, Failure};

/// How often it is tried to keep what another replica may keep as well.
const ATTEMPTS: u32 = 5;

/// Where certificates of one's own are.
pub(super) enum Kind {
    /// In files of a folder.
    Folder(PathBuf),
    /// In a secret of the cluster, so that every replica shows the same.
    Secret { client: Arc<Client>, namespace: String, name: String },
}

/// Certificates of one's own.
pub(super) struct Own {
    pub(super) kind: Kind,
    /// What the server is called.
    pub(super) hosts: Vec<String>,
    /// The webhook configurations that are to trust it.
    pub(super) webhooks: Option<String>,
    /// Whether there is one that changes pods: whoever may change that one may change any pod, so
    /// the right is not asked for in vain.
    pub(super) mutates: bool,
}

impl Own {
    /// The certificates by which the server is trusted; made where there are none.
    pub(super) fn bundle(&self) -> anyhow::Result<Vec<u8>> {
        let kept = self.renewed()?;
        rotation::bundle(&kept).map(<[u8]>::to_vec).context("no certificate was made")
    }

    /// What the server shows, renewed where it is time; before that, the API server is told.
    pub(super) fn pair(&self) -> anyhow::Result<Pair> {
        let kept = self.renewed()?;
        if let (Some(name), Kind::Secret { client, .. }) = (&self.webhooks, &self.kind)
            && let Some(bundle) = rotation::bundle(&kept)
        {
            patch(client, "validatingwebhookconfigurations", name, bundle)?;
            if self.mutates {
                patch(client, "mutatingwebhookconfigurations", name, bundle)?;
            }
        }
        rotation::pair(&kept).context("no certificate was made")
    }

    fn renewed(&self) -> anyhow::Result<Kept> {
        for _ in 0..ATTEMPTS {
            let (kept, version) = self.read()?;
            let Some(new) = rotation::renew(&kept, &self.hosts, clock::now())? else {
                return Ok(kept);
            };
            if self.write(&new, version.as_deref())? {
                return Ok(new);
            }
            // Another replica was first: what it kept is as good.
        }
        anyhow::bail!("others keep changing the secret")
    }

    /// What is kept, and which version of the secret that is.
    fn read(&self) -> anyhow::Result<(Kept, Option<String>)> {
        match &self.kind {
            Kind::Folder(folder) => {
                let mut kept = Kept::new();
                let entries = match fs::read_dir(folder) {
                    Ok(entries) => entries,
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                        return Ok((kept, None));
                    }
                    Err(error) => {
                        let shown = folder.display();
                        return Err(error).with_context(|| format!("cannot read `{shown}`"));
                    }
                };
                for entry in entries.flatten() {
                    if let (Ok(name), Ok(bytes)) =
                        (entry.file_name().into_string(), fs::read(entry.path()))
                    {
                        kept.insert(name, bytes);
                    }
                }
                Ok((kept, None))
            }
            Kind::Secret { client, namespace, name } => {
                let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
                let secret = match client.get_json(&path) {
                    Ok(secret) => secret,
                    Err(Failure::Said(404, _)) => return Ok((Kept::new(), None)),
                    Err(error) => return Err(error).context("the certificate's secret"),
                };
                let data = secret.get("data").and_then(Value::as_object);
                let data = data.into_iter().flatten();
                let kept = data.filter_map(|(name, value)| {
                    Some((name.clone(), STANDARD.decode(value.as_str()?).ok()?))
                });
                let version = secret.pointer("/metadata/resourceVersion").and_then(Value::as_str);
                Ok((kept.collect(), Some(version.unwrap_or_default().to_owned())))
            }
        }
    }

    /// Keeps it; whether nobody else has meanwhile.
    fn write(&self, kept: &Kept, version: Option<&str>) -> anyhow::Result<bool> {
        match &self.kind {
            Kind::Folder(folder) => {
                let shown = folder.display().to_string();
                let write = || -> std::io::Result<()> {
                    fs::create_dir_all(folder)?;
                    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
                    for (name, bytes) in kept {
                        let partial = folder.join(format!(".{name}.new"));
                        let mut options = fs::OpenOptions::new();
                        options.write(true).create(true).truncate(true).mode(0o600);
                        options.open(&partial)?.write_all(bytes)?;
                        fs::rename(&partial, folder.join(name))?;
                    }
                    Ok(())
                };
                write().with_context(|| format!("cannot write in `{shown}`"))?;
                Ok(true)
            }
            Kind::Secret { client, namespace, name } => {
                let data: serde_json::Map<String, Value> = kept
                    .iter()
                    .map(|(name, bytes)| (name.clone(), STANDARD.encode(bytes).into()))
                    .collect();
                let mut secret = json!({
                    "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
                    "metadata": {"name": name, "namespace": namespace}, "data": data,
                });
                let folder = format!("/api/v1/namespaces/{namespace}/secrets");
                let sent = match version {
                    None => client.send(&Method::POST, &folder, &secret),
                    Some(version) => {
                        if let Some(metadata) =
                            secret.get_mut("metadata").and_then(Value::as_object_mut)
                        {
                            metadata.insert("resourceVersion".into(), version.into());
                        }
                        client.send(&Method::PUT, &format!("{folder}/{name}"), &secret)
                    }
                };
                match sent {
                    Ok(_) => Ok(true),
                    Err(Failure::Said(409, _)) => Ok(false),
                    Err(error) => Err(error).context("the certificate's secret"),
                }
            }
        }
    }
}

/// Puts the bundle into every webhook of a configuration that has another one.
fn patch(client: &Client, kind: &str, name: &str, bundle: &[u8]) -> anyhow::Result<()> {
    let path = format!("/apis/admissionregistration.k8s.io/v1/{kind}/{name}");
    let configuration = match client.get_json(&path) {
        Ok(configuration) => configuration,
        // Nobody asks that question.
        Err(Failure::Said(404, _)) => return Ok(()),
        Err(error) => return Err(error).context("the webhook configuration"),
    };
    let bundle = STANDARD.encode(bundle);
    let webhooks = configuration.get("webhooks").and_then(Value::as_array);
    let mut changes = Vec::new();
    for (index, webhook) in webhooks.into_iter().flatten().enumerate() {
        let now = webhook.pointer("/clientConfig/caBundle").and_then(Value::as_str);
        if now != Some(&bundle) {
            let path = format!("/webhooks/{index}/clientConfig/caBundle");
            changes.push(json!({"op": "add", "path": path, "value": bundle}));
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    // What was read is what is changed.
    let version = configuration.pointer("/metadata/resourceVersion").cloned().unwrap_or_default();
    changes.insert(0, json!({"op": "test", "path": "/metadata/resourceVersion", "value": version}));
    client
        .send(&Method::PATCH, &path, &Value::Array(changes))
        .map(drop)
        .context("the webhook configuration")
}
