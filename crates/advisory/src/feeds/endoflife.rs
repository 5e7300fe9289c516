//! When releases of distributions end, from endoflife.date.
//!
//! Format: API v0, <https://endoflife.date/docs/api/v0/>: a list of cycles for each product. A
//! date may be given as `true` or `false` where only that is known.

use plimsoll_model::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{Feed, FeedError, FeedFile, Intake, Part, Source};
use crate::database::PRODUCTS;

const URL: &str = "https://endoflife.date/api";
const MOST: u64 = 16 << 20;

/// Reads the products that are distributions.
#[derive(Debug)]
pub(super) struct EndOfLife;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cycle {
    #[serde(rename = "cycle")]
    number: Value,
    codename: Option<String>,
    release_date: Option<String>,
    latest_release_date: Option<String>,
    eol: Option<Value>,
    extended_support: Option<Value>,
}

impl Feed for EndOfLife {
    fn sources(&self) -> Vec<Source> {
        let part = |(_, product): &(&str, &str)| Part {
            path: format!("endoflife/api/{product}.json"),
            url: format!("{URL}/{product}.json"),
            probe: false,
        };
        vec![Source { name: "endoflife".into(), parts: PRODUCTS.iter().map(part).collect() }]
    }

    fn read(&self, files: &[FeedFile], intake: &mut Intake<'_>) -> Result<(), FeedError> {
        let mut first = None;
        for file in files {
            match cycles(file) {
                Ok(cycles) => add(&file.part, cycles, intake),
                Err(error) => {
                    intake.reject(&file.part, &error);
                    first.get_or_insert(error);
                }
            }
        }
        match first {
            Some(error) if intake.enrichment.end_of_life.is_empty() => Err(error),
            _ => Ok(()),
        }
    }
}

fn cycles(file: &FeedFile) -> Result<Vec<Value>, FeedError> {
    serde_json::from_slice(&file.bytes(MOST)?).map_err(|error| file.broken(&error))
}

fn add(path: &str, cycles: Vec<Value>, intake: &mut Intake<'_>) {
    let name = path.rsplit('/').next().unwrap_or(path);
    let product = name.strip_suffix(".json").unwrap_or(name);
    for (index, value) in cycles.into_iter().enumerate() {
        let cycle = match Cycle::deserialize(value) {
            Ok(cycle) => cycle,
            Err(error) => {
                intake.reject(&format!("{path}[{index}]"), &error);
                continue;
            }
        };
        let number = match &cycle.number {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => {
                intake.reject(&format!("{path}[{index}]"), &"`cycle` is no text");
                continue;
            }
        };
        let date = |text: &Option<String>| text.as_deref()?.parse::<Timestamp>().ok();
        let changed = date(&cycle.latest_release_date);
        // Where it is only known that it has ended, it was after the last release.
        let last = changed.or(date(&cycle.release_date));
        let end = |value: &Option<Value>| match value {
            Some(Value::String(text)) => text.parse().ok(),
            Some(Value::Bool(true)) => last.or(Some(Timestamp::from_unix(0))),
            _ => None,
        };
        let extended_end = match &cycle.extended_support {
            // `true` means here that there is some, not that it has ended.
            Some(Value::Bool(_)) => None,
            other => end(other),
        };
        intake.count(changed);
        intake.enrichment.end_of_life.push(crate::database::EndOfLife {
            product: product.into(),
            cycle: number,
            codename: cycle.codename.unwrap_or_default(),
            end: end(&cycle.eol),
            extended_end,
        });
    }
}
