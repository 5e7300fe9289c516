//! Looks up what the estate is like.

use std::collections::{BTreeMap, HashMap};
use std::iter::Sum;
use std::sync::atomic::Ordering;

use plimsoll_model::{ImageName, Reference, Severity};
use roaring::RoaringBitmap;

use super::estate::Estate;
use super::histogram::Counts;
use super::labels;
use super::limits::cut;
use crate::app::App;
use crate::compliance::{self, Checks, Count, Facts};
use crate::error::Result;
use crate::moment::{Millis, now};
use crate::store::measures::{self, Alike, Known};
use crate::store::registries::{ATTESTATION, BILL, SIGNATURE};
use crate::store::{findings, images, registries, running};
use crate::triage::Sla;

const DAY: Millis = 24 * 60 * 60 * 1000;
const DAYS: [f64; 8] = [1.0, 7.0, 14.0, 30.0, 60.0, 90.0, 180.0, 365.0];
const SCORES: [f64; 10] = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0];
const SECONDS_A_DAY: f64 = 86_400.0;

/// How many images are looked at, at a time.
const BATCH: i64 = 5_000;

/// What is remembered from one look to the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The last event that was counted.
    event: i64,
    opened: i64,
    resolved: i64,
    reopened: i64,
}

fn day_bounds() -> Vec<f64> {
    DAYS.iter().map(|days| days * SECONDS_A_DAY).collect()
}

#[expect(clippy::cast_precision_loss, reason = "seconds and counts stay below 2^53")]
fn float(value: i64) -> f64 {
    value as f64
}

/// A share; `None` of nothing.
fn ratio(part: i64, whole: i64) -> Option<f64> {
    (whole != 0).then(|| float(part) / float(whole))
}

/// Looks at everything.
pub(super) async fn measure(app: &App, estate: &Estate, memory: &mut Memory) -> Result<()> {
    let at = now();
    events(app, estate, memory).await?;
    let sla = Sla::load(&mut *app.store.read().await?).await?;
    findings_now(app, estate, at, &sla).await?;
    coverage(app, estate).await?;
    images_now(app, estate, at, &sla).await
}

async fn events(app: &App, estate: &Estate, memory: &mut Memory) -> Result<()> {
    let (last, counts) = measures::events(&mut *app.store.read().await?, memory.event).await?;
    memory.event = last;
    let of = |event: findings::Event| counts.get(event.name()).copied().unwrap_or(0);
    memory.opened += of(findings::Event::Opened);
    memory.resolved += of(findings::Event::Resolved);
    memory.reopened += of(findings::Event::Reopened);
    for (counter, value) in [
        (&estate.opened, memory.opened),
        (&estate.resolved, memory.resolved),
        (&estate.reopened, memory.reopened),
    ] {
        counter.inner().store(u64::try_from(value).unwrap_or(0), Ordering::Relaxed);
    }
    Ok(())
}

async fn findings_now(app: &App, estate: &Estate, at: Millis, sla: &Sla) -> Result<()> {
    let mut read = app.store.read().await?;
    let ages = measures::ages(&mut read, at).await?;
    let overdue = measures::overdue(&mut read, at, sla).await?;
    drop(read);
    let mut by_severity: BTreeMap<i64, Counts> = BTreeMap::new();
    for (severity, days, count) in ages {
        let counts = by_severity.entry(severity).or_insert_with(|| Counts::new(&day_bounds()));
        counts.add(float(days) * SECONDS_A_DAY, u64::try_from(count).unwrap_or(0));
    }
    for severity in Severity::ALL {
        let of = labels(&[("severity", severity.name())]);
        let number = findings::severity_number(severity);
        let counts = by_severity.remove(&number).unwrap_or_else(|| Counts::new(&day_bounds()));
        estate.finding_age.get_or_create(&of).set(counts);
        estate.breaches.get_or_create(&of).set(overdue.get(&number).copied().unwrap_or(0));
    }
    Ok(())
}

async fn coverage(app: &App, estate: &Estate) -> Result<()> {
    let mut read = app.store.read().await?;
    let watched = registries::all(&mut read).await?;
    let mut scopes: Vec<(String, i64, i64)> = Vec::new();
    for registry in &watched {
        let (all, done) = registries::coverage(&mut read, registry.id).await?;
        scopes.push((format!("registry/{}", registry.name), all, done));
    }
    let places = running::coverage(&mut read).await?;
    let containers = running::containers(&mut read).await?;
    let scanned = images::count(&mut read).await?;
    let unread = measures::unread(&mut read).await?;
    drop(read);
    estate
        .registry_failures
        .set(i64::try_from(watched.iter().filter(|it| !it.error.is_empty()).count()).unwrap_or(0));
    estate.images.set(scanned.saturating_add(unread));
    estate.images_scanned.set(scanned);
    // Whatever is too much is the end of a list by name, and counted together.
    scopes.insert(0, ("all".into(), scanned.saturating_add(unread), scanned));
    scopes
        .extend(places.into_iter().map(|(place, all, done)| (format!("place/{place}"), all, done)));
    let (mut scopes, rest) = cut(scopes, estate.limits.coverage);
    let (mut containers, others) = cut(containers, estate.limits.containers);
    estate.swallowed.inc_by((rest.len() + others.len()) as u64);
    if !rest.is_empty() {
        let sum = |of: fn(&(String, i64, i64)) -> i64| rest.iter().map(of).sum();
        scopes.push(("other".into(), sum(|it| it.1), sum(|it| it.2)));
    }
    if !others.is_empty() {
        containers.push(("other".into(), others.iter().map(|it| it.1).sum()));
    }
    let _gate = estate.gate.lock().await;
    estate.containers.clear();
    for (place, count) in containers {
        estate.containers.get_or_create(&labels(&[("place", &place)])).set(count);
    }
    estate.coverage.clear();
    for (scope, all, done) in &scopes {
        // Where there is nothing, nothing was left out.
        let share = ratio(*done, *all).unwrap_or(1.0);
        estate.coverage.get_or_create(&labels(&[("scope", scope)])).set(share);
    }
    Ok(())
}

/// Sums over images.
#[derive(Default)]
struct Sums {
    scores: BTreeMap<String, Counts>,
    ages: Option<Counts>,
    base_ages: Option<Counts>,
    /// How many images there are, and how many of them pass, in the order of [`compliance::ALL`].
    images: i64,
    checks: Vec<Count>,
    /// Images that fail other policies than at the last look, by what they fail.
    changed: BTreeMap<i64, Vec<i64>>,
    evidence: [i64; 3],
    end_of_life: i64,
    /// Of how many registries scores are told.
    most_scores: usize,
    swallowed: u64,
}

async fn images_now(app: &App, estate: &Estate, at: Millis, sla: &Sla) -> Result<()> {
    let mut read = app.store.read().await?;
    let by_component = measures::by_component(&mut read, at, sla).await?;
    let burdens: HashMap<u32, Burden> = by_component
        .into_iter()
        .map(|(id, alike)| (id, alike.iter().map(Burden::of).sum::<Burden>()))
        .filter(|(_, burden)| *burden != Burden::default())
        .collect();
    // Most components weigh nothing: an image is asked for those alone that do.
    let heavy: RoaringBitmap = burdens.keys().copied().collect();
    let evidence = measures::evidence(&mut read).await?;
    let mut sums = Sums {
        ages: Some(Counts::new(&day_bounds())),
        base_ages: Some(Counts::new(&day_bounds())),
        checks: vec![Count::default(); compliance::ALL.len()],
        most_scores: estate.limits.scores,
        ..Sums::default()
    };
    let mut after = 0;
    loop {
        let batch = measures::images(&mut read, after, BATCH).await?;
        let Some((last, _)) = batch.last() else { break };
        after = *last;
        let mut sets: Vec<i64> = batch.iter().map(|(_, image)| image.set).collect();
        sets.sort_unstable();
        sets.dedup();
        let sets = images::sets(&mut read, &sets).await?;
        let mut weights: HashMap<i64, Burden> = HashMap::with_capacity(sets.len());
        for (id, set) in sets {
            let burden = (set & &heavy).iter().filter_map(|it| burdens.get(&it)).copied().sum();
            weights.insert(id, burden);
        }
        for (id, image) in &batch {
            let burden = weights.get(&image.set).copied().unwrap_or_default();
            let evidence = evidence.get(&image.digest).copied();
            let facts = sums.add(image, burden, evidence, at);
            let failed = compliance::failed(&facts);
            if image.failed.is_some_and(|before| before != failed) {
                sums.changed.entry(failed).or_default().push(*id);
            }
        }
    }
    drop(read);
    let checks = Checks::new(at, sums.images, &sums.checks);
    let changed = std::mem::take(&mut sums.changed);
    {
        let _gate = estate.gate.lock().await;
        sums.show(estate);
    }
    let mut write = app.store.write().await?;
    for (failed, images) in &changed {
        measures::set_failed(&mut write, *failed, images).await?;
    }
    checks.keep(&mut write).await?;
    write.commit().await?;
    Ok(())
}

/// What policies ask of open findings, summed over components.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Burden {
    exploited: i64,
    critical_fixable: i64,
    overdue: i64,
}

impl Burden {
    fn of(alike: &Alike) -> Self {
        let is_critical = findings::severity_of(alike.severity) == Severity::Critical;
        let count = |is_so: bool| if is_so { alike.count } else { 0 };
        Self {
            exploited: count(alike.exploited),
            critical_fixable: count(is_critical && alike.fixable),
            overdue: count(alike.overdue),
        }
    }
}

impl Sum for Burden {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, it| Self {
            exploited: sum.exploited.saturating_add(it.exploited),
            critical_fixable: sum.critical_fixable.saturating_add(it.critical_fixable),
            overdue: sum.overdue.saturating_add(it.overdue),
        })
    }
}

impl Sums {
    fn add(&mut self, image: &Known, burden: Burden, evidence: Option<i64>, at: Millis) -> Facts {
        // Reproducible builds say 1970: nobody knows how old these are.
        let age = image.created.filter(|it| *it > DAY).map(|it| at.saturating_sub(it).max(0));
        let supported = image.end_of_life.map(|end| end > at);
        let facts = Facts {
            exploited: burden.exploited,
            critical_fixable: burden.critical_fixable,
            overdue: burden.overdue,
            supported,
            runs_as_root: image.runs_as_root,
            age,
            signed: evidence.map(|bits| bits & SIGNATURE != 0),
            read: at.saturating_sub(image.last_seen),
            partial: image.partial,
        };
        self.images += 1;
        for (policy, count) in compliance::ALL.iter().zip(&mut self.checks) {
            count.add((policy.passes)(&facts));
        }
        for (sum, bit) in self.evidence.iter_mut().zip([SIGNATURE, ATTESTATION, BILL]) {
            *sum += i64::from(evidence.is_some_and(|bits| bits & bit != 0));
        }
        self.end_of_life += i64::from(supported == Some(false));
        if let (Some(age), Some(ages)) = (age, &mut self.ages) {
            ages.add(float(age / 1000), 1);
        }
        let past = image.end_of_life.map(|end| at.saturating_sub(end).max(0));
        if let (Some(past), Some(ages)) = (past, &mut self.base_ages) {
            ages.add(float(past / 1000), 1);
        }
        let Some(score) = image.score else { return facts };
        let scores = &mut self.scores;
        let mut name = registry_of(&image.reference);
        if scores.len() + 1 >= self.most_scores && !scores.contains_key(&name) {
            "other".clone_into(&mut name);
            self.swallowed += 1;
        }
        scores.entry(name).or_insert_with(|| Counts::new(&SCORES)).add(float(score), 1);
        facts
    }

    fn show(self, estate: &Estate) {
        estate.swallowed.inc_by(self.swallowed);
        estate.image_score.clear();
        for (registry, counts) in self.scores {
            estate.image_score.get_or_create(&labels(&[("registry", &registry)])).set(counts);
        }
        for (snapshot, counts) in
            [(&estate.image_age, self.ages), (&estate.base_image_age, self.base_ages)]
        {
            snapshot.set(counts.unwrap_or_default());
        }
        estate.compliance_score.clear();
        for (policy, count) in compliance::ALL.iter().zip(&self.checks) {
            for (status, count) in
                [("pass", count.passed), ("fail", count.failed), ("unknown", count.unknown)]
            {
                let of = labels(&[("policy", policy.name), ("status", status)]);
                estate.compliance_checks.get_or_create(&of).set(count);
            }
            // Of a policy of which nothing is known there is no share.
            if let Some(share) = ratio(count.passed, count.known()) {
                let of = labels(&[("policy", policy.name)]);
                estate.compliance_score.get_or_create(&of).set(share);
            }
        }
        let [signed, attested, bills] = self.evidence;
        estate.images_signed.set(signed);
        estate.images_with_provenance.set(attested);
        estate.images_with_sbom.set(bills);
        estate.images_eol_base.set(self.end_of_life);
    }
}

/// The registry of a reference; where it is of none, how it was read.
fn registry_of(reference: &str) -> String {
    match reference.parse::<Reference>() {
        Ok(Reference::Image { name, .. }) => ImageName::registry(&name).to_owned(),
        Ok(other) => other.transport().prefix().to_owned(),
        Err(_) => "none".into(),
    }
}
