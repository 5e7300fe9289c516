//! A scanner for Harbor: its Pluggable Scanner API, version 1.2.
//!
//! Harbor gives up on an answer after five seconds, so a scan is a job, and its report is asked for until
//! it is there. The base address to register is `http://SERVER/harbor`.
//!
//! Source: goharbor/pluggable-scanner-spec, `api/spec/scanner-adapter-openapi-v1.2.yaml`.
#![allow(clippy::indexing_slicing, reason = "fields of an object that is made right here")]

mod request;
mod vulnerabilities;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use plimsoll_supply::formats::Format;
use serde_json::{Value, json};

use super::peer::{self, Peer};
use super::{Actor, Module, Routes};
use crate::app::App;
use crate::catalogue::{self, Report};
use crate::error::Error;
use crate::jobs::{self, Done};
use crate::moment;
use crate::queue::State as JobState;
use crate::store::audit;

pub use request::ScanRequest;

pub(super) const MODULE: Module = Module { name: "harbor", routes };

const METADATA: &str = "application/vnd.scanner.adapter.metadata+json; version=1.1";
const ACCEPTED: &str = "application/vnd.scanner.adapter.scan.response+json; version=1.0";
const FAULT: &str = "application/vnd.scanner.adapter.error+json; version=1.0";
const OF_HARBOR: &str = "application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0";
const GENERIC: &str = "application/vnd.security.vulnerability.report; version=1.1";
const RAW: &str = "application/vnd.scanner.adapter.vuln.report.raw";
const SBOM: &str = "application/vnd.security.sbom.report+json; version=1.0";

/// What is read.
const MANIFESTS: [&str; 2] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// Bills that can be had, and our names for them.
const BILLS: [(&str, &str); 2] =
    [("application/spdx+json", "spdx-json"), ("application/vnd.cyclonedx+json", "cyclonedx-json")];

fn routes() -> Routes {
    Routes::new()
        .route("/harbor/api/v1/metadata", get(metadata))
        .route("/harbor/api/v1/scan", post(scan))
        .route("/harbor/api/v1/scan/{id}/report", get(report))
}

/// What went wrong, as Harbor shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault(StatusCode, String);

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(status, error.to_string())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        typed(self.0, FAULT, &json!({"error": {"message": self.1}}))
    }
}

fn typed(status: StatusCode, kind: &str, value: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, kind.to_owned())], value.to_string()).into_response()
}

fn scanner() -> Value {
    json!({"name": "Plimsoll", "vendor": "Plimsoll", "version": env!("CARGO_PKG_VERSION")})
}

async fn metadata(State(app): State<Arc<App>>) -> Response {
    let current = app.advisories.current();
    let mut properties = json!({
        "harbor.scanner-adapter/scanner-type": "os-package-vulnerability",
        "plimsoll/advisories-edition": current.edition,
    });
    let changed = std::fs::metadata(app.advisories.path()).and_then(|it| it.modified()).ok();
    let changed = changed.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    if let Some(changed) = changed {
        let at = moment::timestamp(moment::millis(changed)).to_string();
        properties["harbor.scanner-adapter/vulnerability-database-updated-at"] = at.into();
    }
    let bills: Vec<&str> = BILLS.iter().map(|it| it.0).collect();
    typed(
        StatusCode::OK,
        METADATA,
        &json!({
            "scanner": scanner(),
            "capabilities": [
                {
                    "type": "vulnerability",
                    "consumes_mime_types": MANIFESTS,
                    "produces_mime_types": [OF_HARBOR, GENERIC, RAW],
                },
                {
                    "type": "sbom",
                    "consumes_mime_types": MANIFESTS,
                    "produces_mime_types": [SBOM],
                    "additional_attributes": {"sbom_media_types": bills},
                },
            ],
            "properties": properties,
        }),
    )
}

async fn scan(
    State(app): State<Arc<App>>,
    actor: Actor,
    peer: Peer,
    body: Bytes,
) -> Result<Response, Fault> {
    let asked: ScanRequest = serde_json::from_slice(&body).map_err(|error| {
        Fault(StatusCode::BAD_REQUEST, format!("it is no scan request: {error}"))
    })?;
    let kind = &asked.artifact.mime_type;
    if !kind.is_empty() && !MANIFESTS.contains(&kind.as_str()) {
        return Err(Fault(StatusCode::NOT_IMPLEMENTED, format!("`{kind}` cannot be scanned")));
    }
    let request = asked.pull(peer.0);
    let job = jobs::pull(&app.auth.seal, &request)?;
    let target = job.key.clone();
    let (id, _) = app.push(job).await?;
    let mut write = app.store.write().await?;
    audit::note(&mut write, &actor.name, "scan", &target, "harbor").await?;
    write.commit().await.map_err(Error::from)?;
    Ok(typed(StatusCode::ACCEPTED, ACCEPTED, &json!({"id": id.to_string()})))
}

/// Which report is asked for, by the header that names it.
fn wanted(headers: &HeaderMap) -> Result<&'static str, Fault> {
    let said = peer::header(headers, "accept").unwrap_or_default();
    let name = |kind: &str| kind.split(';').next().unwrap_or_default().trim().to_owned();
    let asked = name(said.split(',').next().unwrap_or_default());
    if asked.is_empty() || asked == "*/*" || asked == "application/json" {
        return Ok(GENERIC);
    }
    let known = [OF_HARBOR, GENERIC, RAW, SBOM].into_iter().find(|kind| name(kind) == asked);
    known.ok_or_else(|| {
        Fault(StatusCode::NOT_IMPLEMENTED, format!("there is no report of `{asked}`"))
    })
}

async fn report(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let kind = wanted(&headers)?;
    let bill = if kind == SBOM { Some(bill(query.as_deref().unwrap_or_default())?) } else { None };
    let none = || Fault(StatusCode::NOT_FOUND, "there is no scan of this id".into());
    let number: i64 = id.parse().map_err(|_| none())?;
    let status = app.queue.status(number).await?.filter(|it| it.job.kind == jobs::PULL);
    let status = status.ok_or_else(none)?;
    match status.state {
        JobState::Done => {}
        JobState::Waiting | JobState::Running => {
            let place = format!("/harbor/api/v1/scan/{id}/report");
            let again = [("refresh-after", "1".to_owned()), ("location", place)];
            return Ok((StatusCode::FOUND, again).into_response());
        }
        JobState::Dead | JobState::Cancelled => {
            return Err(Fault(StatusCode::INTERNAL_SERVER_ERROR, status.error));
        }
    }
    let done: Done =
        serde_json::from_str(&status.result).map_err(|_| Error::Damaged("a result"))?;
    let found = catalogue::report(&app, &done.digest).await?.ok_or_else(none)?;
    let artifact = artifact(&status.job.key, &found);
    let value = match bill {
        Some((media_type, format)) => sbom(&found, &artifact, media_type, format)?,
        None => vulnerabilities::report(&found, &artifact),
    };
    Ok(typed(StatusCode::OK, kind, &value))
}

/// As a scan request names it.
fn artifact(key: &str, found: &Report) -> Value {
    let name = key.split('@').next().unwrap_or_default();
    let repository = name.split_once('/').map_or(name, |it| it.1);
    json!({"repository": repository, "digest": found.image.digest})
}

fn bill(query: &str) -> Result<(&'static str, Format), Fault> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let said = pairs.filter(|it| it.0 == "sbom_media_type").map(|it| unescaped(it.1)).next();
    let said = said.unwrap_or_default();
    let known = BILLS.iter().find(|it| it.0 == said);
    let format = known.and_then(|it| Some((it.0, Format::named(it.1)?)));
    format.ok_or_else(|| {
        let why =
            format!("`sbom_media_type` is `{said}`, and may be {} or {}", BILLS[0].0, BILLS[1].0);
        Fault(StatusCode::BAD_REQUEST, why)
    })
}

/// The two characters of these types that queries may escape; a bare `+` is itself, as Harbor sends it.
fn unescaped(text: &str) -> String {
    text.replace("%2F", "/").replace("%2f", "/").replace("%2B", "+").replace("%2b", "+")
}

fn sbom(
    found: &Report,
    artifact: &Value,
    media_type: &str,
    format: Format,
) -> Result<Value, Fault> {
    let mut bytes = Vec::new();
    (format.write)(&found.inventory, &mut bytes)
        .map_err(|error| Fault(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let document: Value = serde_json::from_slice(&bytes).map_err(|_| Error::Damaged("a bill"))?;
    Ok(json!({
        "generated_at": found.at,
        "artifact": artifact,
        "scanner": scanner(),
        "vendor_attributes": {},
        "media_type": media_type,
        "sbom": document,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_chosen_by_its_media_type_and_a_bill_by_the_query() {
        let accept = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("accept", text.parse().unwrap());
            wanted(&headers)
        };
        assert_eq!(accept(OF_HARBOR), Ok(OF_HARBOR));
        assert_eq!(accept("application/vnd.security.sbom.report+json;version=1.0"), Ok(SBOM));
        assert_eq!(wanted(&HeaderMap::new()), Ok(GENERIC));
        assert_eq!(accept("text/html").unwrap_err().0, StatusCode::NOT_IMPLEMENTED);
        assert_eq!(
            bill("sbom_media_type=application%2Fspdx%2Bjson").unwrap().0,
            "application/spdx+json"
        );
        assert_eq!(bill("sbom_media_type=application/spdx+json").unwrap().1.name, "spdx-json");
        assert_eq!(bill("").unwrap_err().0, StatusCode::BAD_REQUEST);
    }
}
