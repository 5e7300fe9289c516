//! What lists of images are sorted and filtered by: one row an image, worked out from its components
//! and their findings.
//!
//! A row follows its image by the time of the last reading, findings by the number of the last event and
//! what hangs on the image by the last walk of a registry, so that a pass costs what has changed. Every day all rows are worked out once more, because
//! images age.

use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;

use plimsoll_model::{Inventory, Severity};
use plimsoll_policy::{Evidence, Facts, Score, Weight};
use roaring::RoaringBitmap;
use sqlx::{AssertSqlSafe, Row};

use super::images::{self, Image};
use super::registries::{ATTESTATION, BILL, EVIDENCE, SIGNATURE};
use super::{Connection, NUMBERS, chunks, facts, findings, joined, postings, rows, settings};
use crate::app::App;
use crate::catalogue;
use crate::error::Result;
use crate::moment::{self, Millis, now};

/// How far a pass has come: `DAY EVENT SEEN WALKED`.
const MARK: &str = "images.summarised";

/// A day.
pub const DAY: Millis = 86_400_000;

/// Stands for what hangs on an image to which no tag leads.
const UNTAGGED: i64 = -1;

/// How many images are written at a time.
const BATCH: usize = 2_000;

/// A transaction may be committed after a later one; images are looked at again for as long as this.
const OVERLAP: Millis = 30_000;

/// What is known of an image beside its findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// It runs as root.
    pub is_root: Option<bool>,
    /// Its distribution is out of support.
    pub end_of_life: bool,
    /// What tells its base from others; empty where it has none.
    pub base: String,
    /// What its base is called.
    pub base_name: String,
}

impl Known {
    /// From an inventory.
    pub fn of(app: &App, inventory: &Inventory) -> Self {
        let bottom = inventory.layers.first();
        let base = bottom.and_then(|it| it.diff_id.as_ref().or(it.digest.as_ref()));
        let label = |name: &str| {
            inventory.artifact.labels.iter().find(|(key, _)| key == name).map(|it| it.1.clone())
        };
        let distro = inventory.distro.as_ref();
        let named = label("org.opencontainers.image.base.name").or_else(|| {
            distro.map(|it| if it.name.is_empty() { it.id.clone() } else { it.name.clone() })
        });
        let current = app.advisories.current();
        let until = distro.and_then(|distro| current.database.end_of_life(distro));
        let user = inventory.artifact.user.split(':').next().unwrap_or_default();
        let is_image = base.is_some();
        Self {
            is_root: is_image.then_some(matches!(user, "" | "0" | "root")),
            end_of_life: until.is_some_and(|until| moment::of(until) < now()),
            base_name: if is_image { named.unwrap_or_default() } else { String::new() },
            base: base.map(ToString::to_string).unwrap_or_default(),
        }
    }
}

/// Findings that weigh the same, and how many.
pub type Weights = Vec<(Weight, u64)>;

/// What is known for a score; `evidence` is what hangs on the image, where a tag leads to it.
pub fn score_facts(image: &Image, known: &Known, evidence: Option<i64>, weights: Weights) -> Facts {
    let age = image.created.map(|created| now().saturating_sub(created).max(0) / DAY);
    Facts {
        vulnerabilities: weights,
        runs_as_root: known.is_root,
        end_of_life: known.end_of_life,
        age_days: age.and_then(|days| u64::try_from(days).ok()),
        // What hangs on an image is not verified here.
        signature: attached(evidence, SIGNATURE),
        provenance: attached(evidence, ATTESTATION),
        sbom: (image.source == "sbom")
            .then_some(true)
            .or_else(|| evidence.map(|bits| bits & BILL != 0)),
        ..Facts::default()
    }
}

fn attached(evidence: Option<i64>, bit: i64) -> Evidence {
    match evidence {
        None => Evidence::Unknown,
        Some(bits) if bits & bit == 0 => Evidence::Missing,
        Some(_) => Evidence::Attached,
    }
}

/// How much findings weigh together: that by which the worst image comes first.
pub fn risk(weights: &[(Weight, u64)]) -> i64 {
    let one = |(weight, count): &(Weight, u64)| {
        let level: u64 = match weight.severity {
            Severity::Critical => 80,
            Severity::High => 32,
            Severity::Medium | Severity::Unknown => 8,
            Severity::Low => 2,
            Severity::Negligible => 0,
        };
        let level = if weight.exploited { level * 3 } else { level };
        let level = if weight.fixable { level } else { level / 2 };
        level.saturating_mul(*count)
    };
    let sum = weights.iter().map(one).fold(0_u64, u64::saturating_add);
    i64::try_from(sum).unwrap_or(i64::MAX)
}

/// Open findings on these components, or on all, counted by weight.
pub async fn weights(
    connection: &mut Connection,
    ids: Option<&RoaringBitmap>,
) -> Result<HashMap<u32, Weights>> {
    let mut found: HashMap<u32, Weights> = HashMap::new();
    let select = "SELECT component_id, severity, kev, \
         CASE WHEN fix_state = 'fixed' THEN 1 ELSE 0 END AS fixable, COUNT(*) FROM findings \
         WHERE is_open = 1";
    let group = "GROUP BY component_id, severity, kev, fixable";
    let mut add = |row: &sqlx::any::AnyRow| -> Result<()> {
        let weight = Weight {
            severity: findings::severity_of(row.try_get(1)?),
            exploited: row.try_get::<i64, _>(2)? != 0,
            fixable: row.try_get::<i64, _>(3)? != 0,
            never_loaded: false,
        };
        let count = u64::try_from(row.try_get::<i64, _>(4)?).unwrap_or(0);
        let component = u32::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0);
        found.entry(component).or_default().push((weight, count));
        Ok(())
    };
    let Some(ids) = ids else {
        let text = format!("{select} {group}");
        for row in sqlx::query(AssertSqlSafe(text)).fetch_all(&mut *connection).await? {
            add(&row)?;
        }
        return Ok(found);
    };
    let ids: Vec<i64> = ids.iter().map(i64::from).collect();
    for part in ids.chunks(NUMBERS) {
        let text = format!("{select} AND component_id IN ({}) {group}", joined(part));
        let query = sqlx::query(AssertSqlSafe(text)).persistent(false);
        for row in query.fetch_all(&mut *connection).await? {
            add(&row)?;
        }
    }
    Ok(found)
}

/// The weights of an image that has these components.
pub fn sum(set: &RoaringBitmap, of: &HashMap<u32, Weights, impl BuildHasher>) -> Weights {
    let mut sums: HashMap<Weight, u64> = HashMap::new();
    for (weight, count) in set.iter().filter_map(|id| of.get(&id)).flatten() {
        *sums.entry(*weight).or_default() += count;
    }
    sums.into_iter().collect()
}

/// Brings all rows up to what is stored, and says how many were written.
pub async fn refresh(app: &App) -> Result<usize> {
    let mut read = app.store.read().await?;
    let mark = settings::value(&mut read, MARK).await?.unwrap_or_default();
    let mut mark = mark.split(' ').map(|it| it.parse::<i64>().unwrap_or(0));
    let (day, mut next) = (mark.next(), || mark.next().unwrap_or(0));
    let (event, seen, walked) = (next(), next(), next());
    let newest = sqlx::query(
        "SELECT (SELECT COALESCE(MAX(id), 0) FROM finding_events), \
         (SELECT COALESCE(MAX(last_seen), 0) FROM images), \
         (SELECT COALESCE(MAX(walked), 0) FROM registries)",
    )
    .fetch_one(&mut *read)
    .await?;
    let (last_event, last_seen): (i64, i64) = (newest.try_get(0)?, newest.try_get(1)?);
    let last_walk: i64 = newest.try_get(2)?;
    let today = now() / DAY;
    if day == Some(today) && event == last_event && seen == last_seen && walked == last_walk {
        return Ok(0);
    }
    let mut ids: BTreeSet<i64> = BTreeSet::new();
    if day == Some(today) {
        let rows = sqlx::query(
            "SELECT i.id FROM images i LEFT JOIN image_summaries s ON s.image_id = i.id \
             WHERE i.last_seen >= $1 AND (s.seen IS NULL OR s.seen <> i.last_seen)",
        )
        .bind(seen - OVERLAP)
        .fetch_all(&mut *read)
        .await?;
        for row in rows {
            ids.insert(row.try_get(0)?);
        }
        let rows = sqlx::query(
            "SELECT DISTINCT f.component_id FROM finding_events e \
             JOIN findings f ON f.id = e.finding_id WHERE e.id > $1 AND e.id <= $2",
        )
        .bind(event)
        .bind(last_event)
        .fetch_all(&mut *read)
        .await?;
        let components: Vec<i64> =
            rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<Result<_>>()?;
        ids.extend(postings::union(&mut read, &components).await?.iter().map(i64::from));
        if walked != last_walk {
            ids.extend(with_other_evidence(&mut read).await?);
        }
    } else {
        for row in sqlx::query("SELECT id FROM images").fetch_all(&mut *read).await? {
            ids.insert(row.try_get(0)?);
        }
    }
    drop(read);
    let ids: Vec<i64> = ids.into_iter().collect();
    let mut all: Option<HashMap<u32, Weights>> = None;
    for part in ids.chunks(BATCH) {
        batch(app, part, ids.len() > BATCH, &mut all).await?;
    }
    let mut write = app.store.write().await?;
    settings::set(&mut write, MARK, &format!("{today} {last_event} {last_seen} {last_walk}"))
        .await?;
    write.commit().await?;
    Ok(ids.len())
}

/// Images on which other things hang than when their rows were written.
async fn with_other_evidence(connection: &mut Connection) -> Result<Vec<i64>> {
    let text = format!(
        "SELECT s.image_id FROM ({EVIDENCE}) e JOIN images i ON i.digest = e.digest \
         JOIN image_summaries s ON s.image_id = i.id WHERE s.evidence <> e.bits"
    );
    let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(connection).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

async fn batch(
    app: &App,
    ids: &[i64],
    is_many: bool,
    all: &mut Option<HashMap<u32, Weights>>,
) -> Result<()> {
    let mut read = app.store.read().await?;
    let images = images::by_ids(&mut read, ids).await?;
    let known = known(&mut read, ids).await?;
    let digests: Vec<&str> = images.iter().map(|image| image.digest.as_str()).collect();
    let evidence = facts::evidence(&mut read, &digests).await?;
    let mut set_ids: Vec<i64> = images.iter().map(|image| image.set).collect();
    set_ids.sort_unstable();
    set_ids.dedup();
    let sets = images::sets(&mut read, &set_ids).await?;
    let mut of_batch = HashMap::new();
    if all.is_none() {
        if is_many {
            *all = Some(weights(&mut read, None).await?);
        } else {
            let union = sets.values().fold(RoaringBitmap::new(), |union, set| union | set);
            of_batch = weights(&mut read, Some(&union)).await?;
        }
    }
    drop(read);
    let weights = all.as_ref().unwrap_or(&of_batch);
    let mut lines: Vec<([i64; 14], Known)> = Vec::with_capacity(images.len());
    for image in &images {
        let known = match known.get(&image.id) {
            Some((seen, known)) if *seen == image.last_seen => known.clone(),
            _ if image.inventory.is_empty() => Known::default(),
            _ => match catalogue::head(app, &image.inventory).await {
                Ok(inventory) => Known::of(app, &inventory),
                Err(_) => Known::default(),
            },
        };
        let weights = sets.get(&image.set).map(|set| sum(set, weights)).unwrap_or_default();
        let evidence = evidence.get(&image.digest).copied();
        lines.push((line(image, &known, evidence, &weights), known));
    }
    let mut write = app.store.write().await?;
    for part in chunks(&lines, 16) {
        let text = format!(
            "INSERT INTO image_summaries (image_id, seen, score, risk, critical, high, medium, low, \
             other, fixable, exploited, evidence, is_root, end_of_life, base, base_name) VALUES {} \
             ON CONFLICT (image_id) DO UPDATE SET seen = excluded.seen, score = excluded.score, \
             risk = excluded.risk, critical = excluded.critical, high = excluded.high, \
             medium = excluded.medium, low = excluded.low, other = excluded.other, \
             fixable = excluded.fixable, exploited = excluded.exploited, \
             evidence = excluded.evidence, is_root = excluded.is_root, end_of_life = excluded.end_of_life, \
             base = excluded.base, base_name = excluded.base_name",
            rows(&write, part.len(), 16)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for (numbers, known) in part {
            let [head @ .., is_root, end_of_life] = numbers;
            for number in head {
                query = query.bind(*number);
            }
            query = query
                .bind(Some(*is_root).filter(|it| *it >= 0))
                .bind(*end_of_life)
                .bind(&known.base)
                .bind(&known.base_name);
        }
        query.execute(&mut *write).await?;
    }
    write.commit().await?;
    Ok(())
}

fn line(
    image: &Image,
    known: &Known,
    evidence: Option<i64>,
    weights: &[(Weight, u64)],
) -> [i64; 14] {
    let count = |choose: &dyn Fn(&Weight) -> bool| -> i64 {
        let own = weights.iter().filter(|(weight, _)| choose(weight)).map(|it| it.1);
        i64::try_from(own.fold(0, u64::saturating_add)).unwrap_or(i64::MAX)
    };
    let severe = |severity: Severity| count(&|weight| weight.severity == severity);
    let is_root = known.is_root.map_or(-1, i64::from);
    [
        image.id,
        image.last_seen,
        i64::from(Score::of(&score_facts(image, known, evidence, weights.to_vec())).value),
        risk(weights),
        severe(Severity::Critical),
        severe(Severity::High),
        severe(Severity::Medium),
        severe(Severity::Low),
        severe(Severity::Negligible) + severe(Severity::Unknown),
        count(&|weight| weight.fixable),
        count(&|weight| weight.exploited),
        evidence.unwrap_or(UNTAGGED),
        is_root,
        i64::from(known.end_of_life),
    ]
}

/// What is known already of these images, and as of which reading.
async fn known(connection: &mut Connection, ids: &[i64]) -> Result<HashMap<i64, (Millis, Known)>> {
    let mut found = HashMap::new();
    for part in ids.chunks(NUMBERS) {
        let text = format!(
            "SELECT image_id, seen, is_root, end_of_life, base, base_name FROM image_summaries \
             WHERE image_id IN ({})",
            joined(part)
        );
        let query = sqlx::query(AssertSqlSafe(text)).persistent(false);
        for row in query.fetch_all(&mut *connection).await? {
            let known = Known {
                is_root: row.try_get::<Option<i64>, _>(2)?.map(|it| it != 0),
                end_of_life: row.try_get::<i64, _>(3)? != 0,
                base: row.try_get(4)?,
                base_name: row.try_get(5)?,
            };
            found.insert(row.try_get(0)?, (row.try_get(1)?, known));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_verified_is_told_as_not_known_and_never_as_missing() {
        let image = Image {
            id: 1,
            digest: String::new(),
            reference: String::new(),
            source: "registry".into(),
            distro: String::new(),
            platform: String::new(),
            created: Some(now()),
            size: 0,
            partial: false,
            inventory: String::new(),
            set: 1,
            scans: 1,
            first_seen: 0,
            last_seen: 0,
        };
        let known = Known::default();
        let score = Score::of(&score_facts(&image, &known, None, Vec::new()));
        let reasons: Vec<&str> =
            score.parts.iter().flat_map(|part| &part.reasons).map(String::as_str).collect();
        for what in ["it has a signature", "it has provenance", "it has an SBOM"] {
            let said = format!("whether {what} is not known");
            assert!(reasons.contains(&said.as_str()), "{said}: {reasons:?}");
        }
        let tagged = score_facts(&image, &known, Some(SIGNATURE), Vec::new());
        assert_eq!(tagged.signature, Evidence::Attached);
        assert_eq!((tagged.provenance, tagged.sbom), (Evidence::Missing, Some(false)));
        let bill = Image { source: "sbom".into(), ..image };
        assert_eq!(score_facts(&bill, &known, None, Vec::new()).sbom, Some(true));
    }
}
