//! CISA's catalogue of known exploited vulnerabilities.
//!
//! Format: <https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities_schema.json>.

use plimsoll_model::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{Feed, FeedError, FeedFile, Intake, Source};
use crate::database::CveKey;

const URL: &str =
    "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json";
const MOST: u64 = 256 << 20;

/// Reads the catalogue.
#[derive(Debug)]
pub(super) struct Kev;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Catalogue {
    date_released: Option<String>,
    vulnerabilities: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(rename = "cveID")]
    cve: String,
    date_added: Timestamp,
    due_date: Option<String>,
    known_ransomware_campaign_use: Option<String>,
}

impl Feed for Kev {
    fn sources(&self) -> Vec<Source> {
        vec![Source::single("kev", "kev/known_exploited_vulnerabilities.json", URL)]
    }

    fn read(&self, files: &[FeedFile], intake: &mut Intake<'_>) -> Result<(), FeedError> {
        for file in files {
            let catalogue: Catalogue =
                serde_json::from_slice(&file.bytes(MOST)?).map_err(|error| file.broken(&error))?;
            intake.dated(catalogue.date_released.and_then(|date| date.parse().ok()));
            for (index, value) in catalogue.vulnerabilities.into_iter().enumerate() {
                let id = value.get("cveID").and_then(Value::as_str);
                let id = id.map_or_else(|| format!("vulnerabilities[{index}]"), str::to_owned);
                match Listed::deserialize(value) {
                    Ok(listed) if CveKey::of(&listed.cve).is_some() => add(listed, intake),
                    Ok(_) => intake.reject(&id, &"no CVE id"),
                    Err(error) => intake.reject(&id, &error),
                }
            }
        }
        Ok(())
    }
}

fn add(listed: Listed, intake: &mut Intake<'_>) {
    let kev = plimsoll_model::Kev {
        added: listed.date_added,
        due: listed.due_date.and_then(|date| date.parse().ok()),
        ransomware: listed.known_ransomware_campaign_use.as_deref() == Some("Known"),
    };
    intake.count(Some(kev.added));
    intake.enrichment.kev.insert(listed.cve, kev);
}
