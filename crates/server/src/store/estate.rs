//! What is said of the estate as a whole: counts, days, and what one change would mend.
//!
//! All of it is worked out at once and kept by whoever asks ([`Figures::of`]), because it looks at
//! every open finding.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use plimsoll_advisory::versions::Scheme;
use plimsoll_model::{Ecosystem, EcosystemName, PackageKind, Severity};
use plimsoll_policy::Weight;
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Row};

use super::registries::{EVIDENCE, SIGNATURE};
use super::summaries::{self, DAY};
use super::{Connection, Store, components, findings, images, postings, settings};
use crate::error::{Error, Result};
use crate::moment::{Millis, now};

/// Under which name figures are kept.
const KEPT: &str = "estate.figures";

/// How many changes are kept.
const CHANGES: usize = 500;

/// How many bases are looked at.
const BASES: i64 = 100;

/// How many images of a base say what all of them share.
const SAMPLE: usize = 64;

/// How many days are counted.
pub const DAYS: i64 = 90;

/// Figures that take longer than this are kept for programs that start later.
pub const QUICK: Duration = Duration::from_millis(40);

/// By what it is known whether figures are still true.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark(Vec<i64>);

/// The mark as of now.
pub async fn mark(connection: &mut Connection) -> Result<Mark> {
    let row = sqlx::query(
        "SELECT (SELECT COALESCE(MAX(id), 0) FROM finding_events), \
         (SELECT COALESCE(MAX(last_seen), 0) FROM images), \
         (SELECT COALESCE(MAX(seen), 0) FROM image_summaries), \
         (SELECT COALESCE(MAX(id), 0) FROM runtime_alerts), \
         (SELECT COALESCE(MAX(walked), 0) FROM registries)",
    )
    .fetch_one(connection)
    .await?;
    let mut found = vec![now() / DAY];
    for at in 0..5 {
        found.push(row.try_get(at)?);
    }
    Ok(Mark(found))
}

/// One change, and what it would mend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Type of the package.
    pub kind: String,
    /// Name of what is built: the source package of a distribution.
    pub name: String,
    /// The release that it is of; empty where it is of none.
    pub release: String,
    /// The versions that are there, oldest first where that is known.
    pub versions: Vec<String>,
    /// The version to go to.
    pub to: String,
    /// The components.
    pub components: Vec<i64>,
    /// The weaknesses that it mends, worst first.
    pub weaknesses: Vec<(String, i64)>,
    /// Weaknesses × images.
    pub clears: i64,
    /// Images that have it.
    pub images: u64,
    /// Known to be exploited.
    pub exploited: i64,
    /// Of `clears`: critical, high, medium, low, other.
    pub counts: [i64; 5],
    /// How much what it mends weighs, over all images.
    pub risk: i64,
}

/// A base, and what its images have from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// Digest of the bottom layer.
    pub key: String,
    /// What it is called.
    pub name: String,
    /// Images on it.
    pub images: i64,
    /// Open findings on what all of them have, with a fix.
    pub fixable: i64,
    /// Those without.
    pub unfixed: i64,
    /// `fixable` by severity.
    pub counts: [i64; 5],
    /// How much `fixable` weighs, over all images.
    pub risk: i64,
}

/// A day of findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// Days since 1970.
    pub day: i64,
    /// Findings that were opened or came back.
    pub opened: i64,
    /// Findings that were resolved.
    pub resolved: i64,
    /// Open at its end: critical, high, medium, low, other.
    pub open: [i64; 5],
    /// What sensors said, by [`Urgency`].
    pub alerts: [i64; 3],
}

/// Properties of images that a policy asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Properties {
    /// All of them.
    pub images: i64,
    /// Read in the last week.
    pub fresh: i64,
    /// Partly read.
    pub partial: i64,
    /// With an exploited weakness.
    pub exploited: i64,
    /// With a critical finding.
    pub critical: i64,
    /// With a finding that has a fix.
    pub fixable: i64,
    /// Of a distribution out of support.
    pub end_of_life: i64,
    /// That run as root.
    pub root: i64,
    /// Of which it is known whether they do.
    pub root_known: i64,
    /// Known by an SBOM alone.
    pub sboms: i64,
    /// Of which it is known when they were built.
    pub age_known: i64,
    /// Built within a year.
    pub young: i64,
    /// To which a tag of a registry under watch leads.
    pub tagged: i64,
    /// Of those, with a signature.
    pub signed: i64,
}

/// What is said of the estate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// As of when.
    pub at: Millis,
    /// By what it is known whether they are still true.
    pub mark: Mark,
    /// Components that images have.
    pub components: i64,
    /// Open findings on them: critical, high, medium, low, other.
    pub open: [i64; 5],
    /// Those with a fix.
    pub fixable: [i64; 5],
    /// Those that are exploited.
    pub exploited: i64,
    /// Properties of images.
    pub images: Properties,
    /// Images by score: 0–9, 10–19, … 90–100.
    pub scores: [i64; 10],
    /// The last days, oldest first.
    pub days: Vec<Day>,
    /// Changes, best first.
    pub changes: Vec<Change>,
    /// How many there are in all.
    pub all_changes: usize,
    /// Bases, best first.
    pub bases: Vec<Base>,
}

/// Where a severity stands in counts.
pub fn place(severity: i64) -> usize {
    match findings::severity_of(severity) {
        Severity::Critical => 0,
        Severity::High => 1,
        Severity::Medium => 2,
        Severity::Low => 3,
        Severity::Negligible | Severity::Unknown => 4,
    }
}

fn add(counts: &mut [i64; 5], severity: i64, count: i64) {
    if let Some(sum) = counts.get_mut(place(severity)) {
        *sum = sum.saturating_add(count);
    }
}

impl Figures {
    /// The figures as of now.
    pub async fn of(store: &Store) -> Result<Self> {
        let mut read = store.read().await?;
        let mut figures = Self { at: now(), mark: mark(&mut read).await?, ..Self::default() };
        figures.count(&mut read).await?;
        figures.days = days(&mut read, &figures.open).await?;
        let (changes, all) = changes(&mut read).await?;
        (figures.changes, figures.all_changes) = (changes, all);
        figures.bases = bases(&mut read).await?;
        Ok(figures)
    }

    /// The figures that were kept last, of whatever time; `None` where there are none that this
    /// program reads.
    pub async fn kept(store: &Store) -> Result<Option<Self>> {
        let text = settings::value(&mut *store.read().await?, KEPT).await?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Keeps them for a program that starts later.
    pub async fn keep(&self, store: &Store) -> Result<()> {
        let text = serde_json::to_string(self).map_err(|_| Error::Damaged("the figures"))?;
        let mut write = store.write().await?;
        settings::set(&mut write, KEPT, &text).await?;
        Ok(write.commit().await?)
    }

    /// Sees to it that there are some where they take long, so that nobody has to wait for the first.
    pub async fn ensure(store: &Store) -> Result<()> {
        if Self::kept(store).await?.is_some() {
            return Ok(());
        }
        let began = Instant::now();
        let figures = Self::of(store).await?;
        if began.elapsed() >= QUICK { figures.keep(store).await } else { Ok(()) }
    }

    async fn count(&mut self, read: &mut Connection) -> Result<()> {
        let rows = sqlx::query(
            "SELECT f.severity, CASE WHEN f.fix_state = 'fixed' THEN 1 ELSE 0 END AS fixable, f.kev, \
             COUNT(*) FROM findings f JOIN components c ON c.id = f.component_id \
             WHERE f.is_open = 1 AND c.images > 0 GROUP BY f.severity, fixable, f.kev",
        )
        .fetch_all(&mut *read)
        .await?;
        for row in rows {
            let (severity, count): (i64, i64) = (row.try_get(0)?, row.try_get(3)?);
            add(&mut self.open, severity, count);
            if row.try_get::<i64, _>(1)? != 0 {
                add(&mut self.fixable, severity, count);
            }
            if row.try_get::<i64, _>(2)? != 0 {
                self.exploited += count;
            }
        }
        self.components = sqlx::query("SELECT COUNT(*) FROM components WHERE images > 0")
            .fetch_one(&mut *read)
            .await?
            .try_get(0)?;
        let row = sqlx::query(
            "SELECT COUNT(*), COUNT(CASE WHEN last_seen >= $1 THEN 1 END), \
             COUNT(CASE WHEN partial = 1 THEN 1 END), COUNT(CASE WHEN source = 'sbom' THEN 1 END), \
             COUNT(CASE WHEN created > 86400000 THEN 1 END), \
             COUNT(CASE WHEN created > $2 THEN 1 END) FROM images",
        )
        .bind(now() - 7 * DAY)
        .bind(now() - 365 * DAY)
        .fetch_one(&mut *read)
        .await?;
        let it = &mut self.images;
        (it.images, it.fresh) = (row.try_get(0)?, row.try_get(1)?);
        (it.partial, it.sboms) = (row.try_get(2)?, row.try_get(3)?);
        (it.age_known, it.young) = (row.try_get(4)?, row.try_get(5)?);
        let text = format!(
            "SELECT COUNT(*), COUNT(CASE WHEN e.bits & {SIGNATURE} <> 0 THEN 1 END) \
             FROM ({EVIDENCE}) e JOIN images i ON i.digest = e.digest"
        );
        let row = sqlx::query(AssertSqlSafe(text)).fetch_one(&mut *read).await?;
        (it.tagged, it.signed) = (row.try_get(0)?, row.try_get(1)?);
        let row = sqlx::query(
            "SELECT COUNT(CASE WHEN exploited > 0 THEN 1 END), \
             COUNT(CASE WHEN critical > 0 THEN 1 END), COUNT(CASE WHEN fixable > 0 THEN 1 END), \
             COUNT(CASE WHEN end_of_life = 1 THEN 1 END), COUNT(CASE WHEN is_root = 1 THEN 1 END), \
             COUNT(is_root) FROM image_summaries",
        )
        .fetch_one(&mut *read)
        .await?;
        (it.exploited, it.critical, it.fixable) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        (it.end_of_life, it.root, it.root_known) =
            (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
        let rows = sqlx::query(
            "SELECT CASE WHEN score >= 90 THEN 9 ELSE score / 10 END AS band, COUNT(*) \
             FROM image_summaries GROUP BY band",
        )
        .fetch_all(read)
        .await?;
        for row in rows {
            let band = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0);
            if let Some(sum) = self.scores.get_mut(band) {
                *sum = row.try_get(1)?;
            }
        }
        Ok(())
    }
}

/// How urgent an alert is: 0 critical and above, 1 error and warning, 2 the rest.
pub fn urgency(priority: &str) -> usize {
    match priority.to_ascii_lowercase().as_str() {
        "emergency" | "alert" | "critical" => 0,
        "error" | "warning" => 1,
        _ => 2,
    }
}

async fn days(read: &mut Connection, open: &[i64; 5]) -> Result<Vec<Day>> {
    let today = now() / DAY;
    let mut by_day: BTreeMap<i64, (Day, [i64; 5])> = (today - DAYS + 1..=today)
        .map(|day| (day, (Day { day, ..Day::default() }, [0; 5])))
        .collect();
    let rows = sqlx::query(
        "SELECT e.at / 86400000 AS day, e.event, f.severity, COUNT(*) FROM finding_events e \
         JOIN findings f ON f.id = e.finding_id WHERE e.at >= $1 AND e.event <> 'changed' \
         GROUP BY day, e.event, f.severity",
    )
    .bind((today - DAYS + 1) * DAY)
    .fetch_all(&mut *read)
    .await?;
    for row in rows {
        let (event, severity): (String, i64) = (row.try_get(1)?, row.try_get(2)?);
        let count: i64 = row.try_get(3)?;
        let Some((day, grown)) = by_day.get_mut(&row.try_get(0)?) else { continue };
        if event == "resolved" {
            day.resolved += count;
            add(grown, severity, -count);
        } else {
            day.opened += count;
            add(grown, severity, count);
        }
    }
    let rows = sqlx::query(
        "SELECT day, priority, COUNT(*) FROM runtime_alerts WHERE day >= $1 GROUP BY day, priority",
    )
    .bind(today - DAYS + 1)
    .fetch_all(read)
    .await?;
    for row in rows {
        let priority: String = row.try_get(1)?;
        let Some((day, _)) = by_day.get_mut(&row.try_get(0)?) else { continue };
        if let Some(sum) = day.alerts.get_mut(urgency(&priority)) {
            *sum += row.try_get::<i64, _>(2)?;
        }
    }
    let mut left = *open;
    let mut found = Vec::with_capacity(by_day.len());
    for (mut day, grown) in by_day.into_values().rev() {
        day.open = left.map(|it| it.max(0));
        for (left, grown) in left.iter_mut().zip(grown) {
            *left -= grown;
        }
        found.push(day);
    }
    found.reverse();
    Ok(found)
}

/// What is changed: kind and name of a package, and the release that it is of.
type Changed = (PackageKind, String, String);

/// A change as it is gathered, how its versions are ordered, and the components that it has.
type Gathered = (Change, Scheme, HashSet<i64>);

struct Fix {
    component: i64,
    weakness: String,
    severity: i64,
    exploited: bool,
    to: String,
}

async fn changes(read: &mut Connection) -> Result<(Vec<Change>, usize)> {
    let rows = sqlx::query(
        "SELECT f.component_id, f.weakness, f.severity, f.kev, f.fixed_in FROM findings f \
         JOIN components c ON c.id = f.component_id \
         WHERE f.is_open = 1 AND f.fix_state = 'fixed' AND c.images > 0",
    )
    .fetch_all(&mut *read)
    .await?;
    let mut fixes = Vec::with_capacity(rows.len());
    for row in &rows {
        fixes.push(Fix {
            component: row.try_get(0)?,
            weakness: row.try_get(1)?,
            severity: row.try_get(2)?,
            exploited: row.try_get::<i64, _>(3)? != 0,
            to: row.try_get(4)?,
        });
    }
    drop(rows);
    let mut ids: Vec<i64> = fixes.iter().map(|fix| fix.component).collect();
    ids.sort_unstable();
    ids.dedup();
    let shown = components::shown(read, &ids).await?;
    let loaded = components::load(read, &ids).await?;
    let about: HashMap<i64, _> = loaded.into_iter().map(|it| (it.id, it.component)).collect();
    let mut groups: HashMap<Changed, Gathered> = HashMap::new();
    let mut levels: HashMap<Changed, BTreeMap<String, i64>> = HashMap::new();
    for fix in &fixes {
        let (Some(it), Some(shown)) = (about.get(&fix.component), shown.get(&fix.component)) else {
            continue;
        };
        let name = it.source.as_ref().map_or(&it.name, |source| &source.name);
        let release =
            it.release.as_ref().map(|it| format!("{} {}", it.id, it.version)).unwrap_or_default();
        let key = (it.kind, name.clone(), release.trim().to_owned());
        let ecosystem = it.release.as_ref().and_then(|it| it.ecosystem.as_ref());
        let (change, scheme, seen) = groups.entry(key.clone()).or_insert_with(|| {
            let change = Change {
                kind: it.kind.purl_type().to_owned(),
                name: name.clone(),
                release: key.2.clone(),
                versions: Vec::new(),
                to: fix.to.clone(),
                components: Vec::new(),
                weaknesses: Vec::new(),
                clears: 0,
                images: 0,
                exploited: 0,
                counts: [0; 5],
                risk: 0,
            };
            (change, scheme(it.kind, ecosystem), HashSet::new())
        });
        if scheme.compare(&fix.to, &change.to) == Ok(Ordering::Greater) {
            change.to.clone_from(&fix.to);
        }
        if seen.insert(fix.component) {
            change.components.push(fix.component);
            let version = it.source.as_ref().map_or(&it.version, |source| &source.version);
            if !change.versions.contains(version) {
                change.versions.push(version.clone());
            }
        }
        let weight = Weight {
            severity: findings::severity_of(fix.severity),
            exploited: fix.exploited,
            fixable: true,
            never_loaded: false,
        };
        change.risk += summaries::risk(&[(weight, 1)]).saturating_mul(shown.images);
        change.clears += shown.images;
        change.exploited += i64::from(fix.exploited);
        add(&mut change.counts, fix.severity, shown.images);
        let level = levels.entry(key).or_default().entry(fix.weakness.clone()).or_default();
        *level = (*level).max(fix.severity);
    }
    let all = groups.len();
    let mut found: Vec<_> = groups.into_iter().collect();
    found.sort_by(|(a_key, a), (b_key, b)| (b.0.risk, a_key).cmp(&(a.0.risk, b_key)));
    found.truncate(CHANGES);
    let mut changes = Vec::with_capacity(found.len());
    for (key, (mut change, scheme, _)) in found {
        change.versions.sort_by(|a, b| scheme.compare(a, b).unwrap_or(Ordering::Equal));
        let mut weaknesses: Vec<_> = levels.remove(&key).unwrap_or_default().into_iter().collect();
        weaknesses.sort_by(|a, b| (b.1, &b.0).cmp(&(a.1, &a.0)));
        change.weaknesses = weaknesses;
        change.images = postings::union(read, &change.components).await?.len();
        changes.push(change);
    }
    Ok((changes, all))
}

/// How versions of a package are ordered.
fn scheme(kind: PackageKind, ecosystem: Option<&Ecosystem>) -> Scheme {
    if let Some(ecosystem) = ecosystem {
        return Scheme::of(ecosystem.name());
    }
    match kind {
        PackageKind::Deb => Scheme::Dpkg,
        PackageKind::Apk => Scheme::Apk,
        PackageKind::Rpm => Scheme::Rpm,
        PackageKind::Npm => Scheme::of(EcosystemName::Npm),
        PackageKind::Pypi => Scheme::of(EcosystemName::PyPi),
        PackageKind::Golang => Scheme::of(EcosystemName::Go),
        PackageKind::Cargo => Scheme::of(EcosystemName::CratesIo),
        PackageKind::Maven => Scheme::of(EcosystemName::Maven),
        PackageKind::Gem => Scheme::of(EcosystemName::RubyGems),
        PackageKind::Composer => Scheme::of(EcosystemName::Packagist),
        PackageKind::Nuget => Scheme::of(EcosystemName::NuGet),
        _ => Scheme::SemverLenient,
    }
}

async fn bases(read: &mut Connection) -> Result<Vec<Base>> {
    let rows = sqlx::query(
        "SELECT base, MAX(base_name), COUNT(*) FROM image_summaries WHERE base <> '' \
         GROUP BY base ORDER BY COUNT(*) DESC, base LIMIT $1",
    )
    .bind(BASES)
    .fetch_all(&mut *read)
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let (key, name, images): (String, String, i64) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let shared = shared(read, &key).await?;
        let weights = summaries::weights(read, Some(&shared)).await?;
        let all = summaries::sum(&shared, &weights);
        let mut base = Base { key, name, images, fixable: 0, unfixed: 0, counts: [0; 5], risk: 0 };
        for (weight, count) in &all {
            let number = i64::try_from(*count).unwrap_or(i64::MAX);
            if weight.fixable {
                base.fixable += number;
                add(&mut base.counts, findings::severity_number(weight.severity), number);
                base.risk += summaries::risk(&[(*weight, *count)]).saturating_mul(images);
            } else {
                base.unfixed += number;
            }
        }
        found.push(base);
    }
    found.sort_by(|a, b| (b.risk, b.images, &a.key).cmp(&(a.risk, a.images, &b.key)));
    Ok(found)
}

/// What images on a base all have; where there is one alone, nobody can tell what it has from there.
async fn shared(read: &mut Connection, base: &str) -> Result<RoaringBitmap> {
    let rows = sqlx::query(
        "SELECT DISTINCT i.set_id FROM image_summaries s JOIN images i ON i.id = s.image_id \
         WHERE s.base = $1 LIMIT $2",
    )
    .bind(base)
    .bind(i64::try_from(SAMPLE).unwrap_or(0))
    .fetch_all(&mut *read)
    .await?;
    let ids: Vec<i64> = rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<Result<_>>()?;
    let sets = images::sets(read, &ids).await?;
    if sets.len() < 2 {
        return Ok(RoaringBitmap::new());
    }
    let all = sets.into_values().reduce(|all, set| all & set);
    Ok(all.unwrap_or_default())
}
