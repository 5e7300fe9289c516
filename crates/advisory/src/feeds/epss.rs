//! FIRST's exploit prediction scores: a line a CVE, of all CVEs.
//!
//! Format: <https://www.first.org/epss/data_stats>: gzip, a comment with the model and the day,
//! a line of names (`cve,epss,percentile`), then the scores.

use std::io::BufRead;
use std::io::{BufReader, Read};

use flate2::read::MultiGzDecoder;
use plimsoll_model::Timestamp;

use super::{Feed, FeedError, FeedFile, Intake, Source};
use crate::database::CveKey;

const URL: &str = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz";
/// About ten times what 400,000 scores take.
const MOST: u64 = 128 << 20;

/// Reads the scores.
#[derive(Debug)]
pub(super) struct Epss;

impl Feed for Epss {
    fn sources(&self) -> Vec<Source> {
        vec![Source::single("epss", "epss/epss_scores-current.csv.gz", URL)]
    }

    fn read(&self, files: &[FeedFile], intake: &mut Intake<'_>) -> Result<(), FeedError> {
        for file in files {
            // Read to the end before anything is believed: a cut file has no checksum.
            let inflated = MultiGzDecoder::new(BufReader::new(file.open()?)).take(MOST + 1);
            let text = super::whole(inflated, MOST, &file.path)?;
            let mut columns = false;
            for (number, line) in text.lines().enumerate() {
                let line = line.unwrap_or_default();
                if let Some(comment) = line.strip_prefix('#') {
                    intake.dated(score_date(comment));
                } else if columns {
                    add(&line, number + 1, intake);
                } else if line.trim_end() == "cve,epss,percentile" {
                    columns = true;
                } else {
                    return Err(file.broken(&"no line `cve,epss,percentile`"));
                }
            }
            if !columns {
                return Err(file.broken(&"no scores in it"));
            }
        }
        Ok(())
    }
}

/// From `model_version:v2025.03.14,score_date:2026-08-22T12:55:00Z`; the day is enough.
fn score_date(comment: &str) -> Option<Timestamp> {
    let date = comment.split(',').find_map(|field| field.trim().strip_prefix("score_date:"))?;
    date.get(..10)?.parse().ok()
}

fn add(line: &str, number: usize, intake: &mut Intake<'_>) {
    let share = |text: &str| text.parse::<f32>().ok().filter(|share| (0.0..=1.0).contains(share));
    let mut fields = line.trim_end().split(',');
    let mut scores = || -> Option<(CveKey, plimsoll_model::Epss)> {
        let cve = CveKey::of(fields.next()?)?;
        let (score, percentile) = (share(fields.next()?)?, share(fields.next()?)?);
        Some((cve, plimsoll_model::Epss { score, percentile }))
    };
    match scores() {
        Some((cve, epss)) => {
            intake.count(None);
            intake.enrichment.epss.insert(cve, epss);
        }
        None if line.trim().is_empty() => {}
        None => intake.reject(&format!("line {number}"), &format!("`{line}` is no score")),
    }
}
