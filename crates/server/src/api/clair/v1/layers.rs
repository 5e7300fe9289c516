//! `/v1/layers`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::fault::Fault;
use super::{ENGINE, PROTOCOL, chain, shown, state};
use crate::api::Actor;
use crate::api::peer::Peer;
use crate::app::App;
use crate::error::Error;
use crate::jobs::{self, Chained, Layer};
use crate::queue::State as JobState;
use crate::store::{audit, foreign};

/// How long a client waits for a layer to be read.
const PATIENCE: Duration = Duration::from_secs(25);

/// How often is looked.
const LOOK: Duration = Duration::from_millis(50);

/// The longest name.
const MAX_NAME: usize = 512;

/// The longest address: signed ones have two thousand characters.
const MAX_PATH: usize = 16 << 10;

/// Headers of a layer.
const MAX_HEADERS: usize = 64;

#[derive(Debug, Deserialize)]
struct Envelope {
    #[serde(rename = "Layer")]
    layer: Option<Posted>,
}

/// A layer as it is posted. Go writes `null` for what is not there.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Posted {
    name: Option<String>,
    path: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    parent_name: Option<String>,
    format: Option<String>,
}

/// A layer that is posted, and can be read.
#[derive(Clone, PartialEq, Eq)]
pub struct NamedLayer {
    name: String,
    path: String,
    headers: BTreeMap<String, String>,
    parent: String,
    format: String,
}

impl std::fmt::Debug for NamedLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NamedLayer").field("name", &self.name).finish_non_exhaustive()
    }
}

impl NamedLayer {
    /// From what a client sent.
    ///
    /// # Errors
    /// A status, and what is wrong with it.
    pub fn parse(body: &[u8]) -> Result<Self, (StatusCode, String)> {
        let envelope: Envelope = serde_json::from_slice(body)
            .map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
        let Some(posted) = envelope.layer else { return bad("failed to provide layer") };
        let text = |value: Option<String>, what: &str, most: usize| match value {
            Some(value) if value.len() > most => {
                bad(&format!("the {what} is longer than {most} bytes"))
            }
            Some(value) if !value.is_empty() => Ok(value),
            _ => bad(&format!("could not process a layer which does not have a {what}")),
        };
        let it = Self {
            name: text(posted.name, "name", MAX_NAME)?,
            path: text(posted.path, "path", MAX_PATH)?,
            format: text(posted.format, "format", MAX_NAME)?,
            parent: posted.parent_name.unwrap_or_default(),
            headers: posted.headers.unwrap_or_default(),
        };
        if !it.path.starts_with("http://") && !it.path.starts_with("https://") {
            return bad("the path is neither http nor https");
        }
        if it.parent.len() > MAX_NAME || it.headers.len() > MAX_HEADERS || it.parent == it.name {
            return bad("the parent or the headers make no sense");
        }
        if it.name.chars().chain(it.parent.chars()).any(char::is_control) {
            return bad("a name has a control character");
        }
        if !matches!(it.format.as_str(), "Docker" | "docker" | "OCI") {
            let why = format!("`{}` is no format that is known: Docker is", short(&it.format));
            return Err((StatusCode::UNPROCESSABLE_ENTITY, why));
        }
        Ok(it)
    }
}

fn bad<T>(why: &str) -> Result<T, (StatusCode, String)> {
    Err((StatusCode::BAD_REQUEST, why.to_owned()))
}

fn short(text: &str) -> String {
    text.escape_debug().take(40).collect()
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    peer: Peer,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Fault> {
    let wanted = NamedLayer::parse(&body?)?;
    if !wanted.parent.is_empty() && chain::known(&app, &wanted.parent).await?.is_none() {
        return Err(Fault::bad_request(
            "worker: parent layer is unknown, it must be processed first",
        ));
    }
    let known = chain::known(&app, &wanted.name).await?;
    if known.is_none_or(|it| it.detail != wanted.parent) {
        let request = Chained {
            protocol: PROTOCOL.into(),
            name: wanted.name.clone(),
            parent: wanted.parent.clone(),
            state: state(),
            layer: Layer {
                digest: None,
                uri: wanted.path.clone(),
                headers: wanted.headers.iter().map(|(k, v)| (k.clone(), vec![v.clone()])).collect(),
            },
            client: peer.0,
        };
        let (job, _) = app.push(jobs::layer(&app.auth.seal, &request)?).await?;
        let mut write = app.store.write().await?;
        audit::note(&mut write, &actor.name, "index", &wanted.name, PROTOCOL).await?;
        write.commit().await.map_err(Error::from)?;
        read(&app, job).await?;
    }
    let mut layer = json!({
        "Name": wanted.name,
        "Path": wanted.path,
        "Format": wanted.format,
        "IndexedByVersion": ENGINE,
    });
    if let Some(layer) = layer.as_object_mut() {
        if !wanted.parent.is_empty() {
            layer.insert("ParentName".into(), wanted.parent.into());
        }
        if !wanted.headers.is_empty() {
            layer.insert("Headers".into(), json!(wanted.headers));
        }
    }
    Ok((StatusCode::CREATED, Json(json!({"Layer": layer}))).into_response())
}

/// Waits until a layer is read.
async fn read(app: &App, job: i64) -> Result<(), Fault> {
    let began = Instant::now();
    let failed = |why: String| Err(Fault(StatusCode::INTERNAL_SERVER_ERROR, why));
    loop {
        let status = app.queue.status(job).await?;
        let Some(status) = status else { return failed("the layer was not read".into()) };
        match status.state {
            JobState::Done => return Ok(()),
            JobState::Dead | JobState::Cancelled => return failed(status.error),
            // The next attempt may go well, but whoever waits should know what is wrong.
            JobState::Waiting if !status.error.is_empty() => return failed(status.error),
            JobState::Waiting | JobState::Running if began.elapsed() < PATIENCE => {
                tokio::time::sleep(LOOK).await;
            }
            JobState::Waiting | JobState::Running => {
                return failed("the layer is still being read: post it again".into());
            }
        }
    }
}

/// Whether a query names a flag: `?features&vulnerabilities`.
fn has(query: Option<&str>, flag: &str) -> bool {
    let parts = query.unwrap_or_default().split('&');
    parts.map(|part| part.split('=').next().unwrap_or_default()).any(|name| name == flag)
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let layers = chain::chain(&app, &name).await?.ok_or_else(Fault::not_found)?;
    let with_vulnerabilities = has(query.as_deref(), "vulnerabilities");
    let with_features = with_vulnerabilities || has(query.as_deref(), "features");
    let report = chain::report(&app, &layers).await?;
    let shown = shown::layer(&report, &layers, with_features, with_vulnerabilities);
    Ok(Json(json!({"Layer": shown})).into_response())
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(name): Path<String>,
) -> Result<StatusCode, Fault> {
    let gone = chain::above(&app, &name).await?;
    let mut write = app.store.write().await?;
    let mut was_there = false;
    for (at, layer) in gone.iter().enumerate() {
        let forgotten = foreign::forget(&mut write, PROTOCOL, layer).await?;
        was_there |= at == 0 && forgotten;
    }
    if !was_there {
        return Err(Fault::not_found());
    }
    audit::note(&mut write, &actor.name, "forget index", &name, PROTOCOL).await?;
    write.commit().await.map_err(Error::from)?;
    Ok(StatusCode::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(change: impl Fn(&mut serde_json::Value)) -> Result<NamedLayer, (StatusCode, String)> {
        let mut layer = json!({"Name": "a", "Path": "http://127.0.0.1/a/layer.tar",
            "Format": "Docker", "Headers": null, "ParentName": ""});
        change(&mut layer);
        NamedLayer::parse(json!({"Layer": layer}).to_string().as_bytes())
    }

    #[test]
    fn a_layer_has_a_name_a_path_and_a_format() {
        assert_eq!(posted(|_| {}).unwrap().name, "a");
        let status = |change: &dyn Fn(&mut serde_json::Value)| posted(change).unwrap_err().0;
        for field in ["Name", "Path", "Format"] {
            assert_eq!(status(&|it| it[field] = json!("")), StatusCode::BAD_REQUEST, "{field}");
            assert_eq!(status(&|it| it[field] = json!(1)), StatusCode::BAD_REQUEST, "{field}");
        }
        assert_eq!(status(&|it| it["Path"] = json!("/etc/passwd")), StatusCode::BAD_REQUEST);
        assert_eq!(status(&|it| it["ParentName"] = json!("a")), StatusCode::BAD_REQUEST);
        assert_eq!(status(&|it| it["Name"] = json!("a\nb")), StatusCode::BAD_REQUEST);
        assert_eq!(status(&|it| it["Format"] = json!("aci")), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(NamedLayer::parse(b"{}").unwrap_err().1, "failed to provide layer");
        let headers = json!({"Authorization": "Bearer x"});
        assert_eq!(posted(|it| it["Headers"] = headers.clone()).unwrap().headers.len(), 1);
    }

    #[test]
    fn flags_are_told_by_name() {
        assert!(has(Some("features&vulnerabilities"), "vulnerabilities"));
        assert!(has(Some("vulnerabilities=true"), "vulnerabilities"));
        assert!(!has(Some("novulnerabilities"), "vulnerabilities") && !has(None, "features"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in r#"([\[\]{}":,a-z/ ]|"Layer"|"Name"|\PC){0,60}"#) {
            let _ = NamedLayer::parse(text.as_bytes());
        }
    }
}
