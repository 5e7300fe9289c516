//! `scan --monitor` and `snyk container monitor`: the inventory goes to `plimsoll serve`, which goes on matching it.

use std::io::{self, Write};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use plimsoll_model::Inventory;
use plimsoll_supply::Format;
use serde_json::{Value, json};

use crate::service::{Service, Silent};

/// The variable with the server's address.
const SERVER: &str = "PLIMSOLL_SERVER";

/// Where it is unless told otherwise.
const DEFAULT: &str = "http://127.0.0.1:6060";

/// Where Snyk's users keep what they are known by; ours begin so.
const TOKEN: &str = "SNYK_TOKEN";
const OURS: &str = "plimsoll_";

/// How long the server may take to take it in.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long it waits between two looks.
const PAUSE: Duration = Duration::from_millis(200);

/// An inventory that the server has.
pub(crate) struct Monitored {
    name: String,
    manager: &'static str,
    server: String,
    digest: String,
    /// Findings by severity, as the server counts them.
    findings: Value,
}

impl Monitored {
    /// Hands it over, and waits until the server has matched it: the one that is named, that of the
    /// variable, or one on this machine.
    pub(crate) fn hand_over(
        inventory: &Inventory,
        name: &str,
        manager: &'static str,
        server: Option<&str>,
    ) -> anyhow::Result<Self> {
        let address = std::env::var(SERVER).ok().filter(|it| !it.is_empty());
        let address = server.map(str::to_owned).or(address);
        let token = std::env::var(TOKEN).ok().filter(|token| token.starts_with(OURS));
        let key = std::env::var(crate::service::KEY).ok().or(token);
        let service = Service::at(address.as_deref().unwrap_or(DEFAULT), key)?;
        let server = service.shown();
        let format = Format::named("json").context("there is no format `json`")?;
        let mut document = Vec::new();
        (format.write)(inventory, &mut document)?;
        let query: String = reqwest::Url::parse_with_params("http://x/", [("name", name)])?
            .query()
            .unwrap_or_default()
            .to_owned();
        let answer = match service.post(&format!("/api/v1/sboms?{query}"), document) {
            Err(error) if error.is::<Silent>() => bail!(
                "{error}: images are monitored by `plimsoll serve`: start one, or say by {SERVER} where it is"
            ),
            other => other?,
        };
        if !answer.is_good() {
            bail!("{server} does not take the inventory: {}", answer.why());
        }
        let digest = taken_in(&service, answer.body)?;
        let image = service.get(&format!("/api/v1/images/{digest}"))?;
        let findings = image.body.get("findings").cloned().unwrap_or_default();
        Ok(Self { name: name.to_owned(), manager, server, digest, findings })
    }

    pub(crate) fn page(&self) -> String {
        format!("{}/images/{}", self.server, self.digest)
    }

    /// For people, as Snyk says it.
    pub(crate) fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "Monitoring {} ({})...\n", self.name, self.manager)?;
        if let Value::Object(counts) = &self.findings {
            let told: Vec<String> =
                counts.iter().map(|(level, count)| format!("{count} {level}")).collect();
            writeln!(out, "Known today: {}\n", told.join(", "))?;
        }
        writeln!(out, "Explore this snapshot at {}\n", self.page())?;
        writeln!(
            out,
            "The server goes on matching it: what becomes known later is told by its notifiers."
        )
    }

    /// For programs, as Snyk lays it out.
    pub(crate) fn json(&self) -> Value {
        json!({
            "ok": true,
            "packageManager": self.manager,
            "manageUrl": self.server,
            "id": self.digest,
            "uri": self.page(),
            "projectName": format!("docker-image|{}", self.name),
            "path": self.name,
            "isMonitored": true,
            "findings": self.findings,
        })
    }
}

/// Waits until a document is in the store, and says under which digest.
fn taken_in(service: &Service, mut scan: Value) -> anyhow::Result<String> {
    let text = |scan: &Value, name: &str| {
        scan.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let id = scan.get("id").and_then(Value::as_i64).context("the server's answer has no id")?;
    let until = Instant::now() + PATIENCE;
    loop {
        match text(&scan, "state").as_str() {
            "done" => return Ok(text(&scan, "digest")),
            "failed" | "cancelled" => {
                bail!("the server could not take it in: {}", text(&scan, "error"))
            }
            _ if Instant::now() > until => {
                bail!("the server has not taken it in yet: scan {id}")
            }
            _ => thread::sleep(PAUSE),
        }
        let answer = service.get(&format!("/api/v1/scans/{id}"))?;
        if !answer.is_good() {
            bail!("the server does not say how scan {id} stands: {}", answer.why());
        }
        scan = answer.body;
    }
}
