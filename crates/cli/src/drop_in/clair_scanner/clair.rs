//! Clair's version 4 API, as far as it is asked here.
//!
//! Source: <https://quay.github.io/clair/reference/api.html>.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::Value;

use super::report::Found;
use crate::service::{Service, Silent};

/// How long an image may take to be read.
const PATIENCE: Duration = Duration::from_mins(10);

/// How long it waits between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// A Clair.
pub(super) struct Clair(Service);

/// It could not read the layers.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unread(String);

/// What it knows of an image.
pub(super) struct Read {
    pub(super) packages: usize,
    pub(super) found: Vec<Found>,
}

impl Clair {
    pub(super) fn at(address: &str) -> anyhow::Result<Self> {
        Ok(Self(Service::at(address, None)?))
    }

    pub(super) fn is_here(&self) -> bool {
        self.0.is_here()
    }

    /// Whether a Clair of version 4 is there, before any layer is copied.
    pub(super) fn answers(&self) -> anyhow::Result<()> {
        let at = self.0.shown();
        let answer = match self.0.get("/indexer/api/v1/index_state") {
            Ok(answer) => answer,
            Err(error) if error.is::<Silent>() => bail!(
                "clair-scanner: {error}: start `plimsoll serve` or Clair there, or name it by `--clair`; \
                 without either, `plimsoll scan` does the same"
            ),
            Err(error) => return Err(error),
        };
        match answer.status {
            404 => bail!(
                "clair-scanner: what answers at {at} is no Clair of version 4, nor `plimsoll serve`"
            ),
            _ if answer.is_good() => Ok(()),
            _ => bail!("clair-scanner: {at}: {}", answer.why()),
        }
    }

    /// Has an image read, and says by which digest it goes.
    pub(super) fn index(&self, manifest: &Value) -> anyhow::Result<String> {
        let hash = manifest.get("hash").and_then(Value::as_str).unwrap_or_default().to_owned();
        let answer =
            self.0.post("/indexer/api/v1/index_report", manifest.to_string().into_bytes())?;
        // It was read before.
        if answer.status == 412 {
            return Ok(hash);
        }
        if answer.status >= 500 {
            return Err(Unread(answer.why()).into());
        }
        if !answer.is_good() {
            bail!("clair-scanner: {}: {}", self.0.shown(), answer.why());
        }
        let until = Instant::now() + PATIENCE;
        let mut report = answer.body;
        loop {
            match text(&report, "state") {
                "IndexFinished" => return Ok(hash),
                "IndexError" => return Err(Unread(text(&report, "err").to_owned()).into()),
                _ if Instant::now() > until => {
                    bail!("clair-scanner: {} has not read the image in ten minutes", self.0.shown())
                }
                _ => {}
            }
            thread::sleep(PAUSE);
            let answer = self.0.get(&format!("/indexer/api/v1/index_report/{hash}"))?;
            report = match answer.status {
                404 => Value::Null,
                _ if answer.is_good() => answer.body,
                _ => return Err(Unread(answer.why()).into()),
            };
        }
    }

    /// What it says of an image that was read.
    pub(super) fn read(&self, hash: &str) -> anyhow::Result<Read> {
        let answer = self.0.get(&format!("/matcher/api/v1/vulnerability_report/{hash}"))?;
        if !answer.is_good() {
            bail!("clair-scanner: {}: {}", self.0.shown(), answer.why());
        }
        let report = &answer.body;
        let objects = |name: &str| report.get(name).and_then(Value::as_object);
        let packages = objects("packages");
        // Clair says of a weakness which package it is of, and of packages which weaknesses they have.
        let mut installed = std::collections::BTreeMap::new();
        for (package, ids) in objects("package_vulnerabilities").into_iter().flatten() {
            let package = packages.and_then(|all| all.get(package));
            for id in ids.as_array().into_iter().flatten().filter_map(Value::as_str) {
                installed.entry(id).or_insert(package);
            }
        }
        let found = objects("vulnerabilities").into_iter().flatten();
        let found = found.map(|(id, one)| {
            let named = one.get("package").unwrap_or(&Value::Null);
            let has_version = !text(named, "version").is_empty();
            let known = installed.get(id.as_str()).copied().flatten();
            let package = known.filter(|_| !has_version).unwrap_or(named);
            let dist = one.get("dist").or_else(|| one.get("distribution")).unwrap_or(&Value::Null);
            Found {
                featurename: text(package, "name").to_owned(),
                featureversion: text(package, "version").to_owned(),
                vulnerability: text(one, "name").to_owned(),
                namespace: text(dist, "did").to_owned(),
                description: text(one, "description").to_owned(),
                link: text(one, "links").to_owned(),
                severity: text(one, "normalized_severity").to_owned(),
                fixedby: text(one, "fixed_in_version").to_owned(),
            }
        });
        Ok(Read { packages: packages.map_or(0, serde_json::Map::len), found: found.collect() })
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
