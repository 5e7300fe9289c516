//! One finding in `plimsoll.scan/v1`.

use plimsoll_model::{
    AdvisoryRef, EvidenceStep, Finding as Found, FixState, Inventory, Link, LinkKind, Loaded,
    Location, Package as Installed, PackageMatch, Rating as Rated, RatingKind,
};
use serde::Serialize;

use crate::application::Application;

#[derive(Debug, Serialize)]
pub(super) struct Finding<'s> {
    id: &'s str,
    aliases: &'s [String],
    severity: &'static str,
    severity_source: &'s str,
    ratings: Vec<Rating<'s>>,
    package: Package<'s>,
    fix: Fix<'s>,
    title: &'s str,
    description: &'s str,
    published: Option<String>,
    modified: Option<String>,
    references: Vec<Reference<'s>>,
    advisories: Vec<Advisory<'s>>,
    kev: Option<Kev>,
    epss: Option<Epss>,
    evidence: Vec<Evidence<'s>>,
    suppressed: Option<&'s str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loaded: Option<Loading<'s>>,
}

#[derive(Debug, Serialize)]
struct Loading<'s> {
    state: &'static str,
    how: Option<&'static str>,
    path: Option<&'s str>,
    by: Option<&'s str>,
    since: Option<String>,
    until: Option<String>,
    why: Option<&'s str>,
}

#[derive(Debug, Serialize)]
struct Rating<'s> {
    source: &'s str,
    kind: &'static str,
    value: &'s str,
    score: Option<f32>,
    severity: &'static str,
}

#[derive(Debug, Serialize)]
struct Package<'s> {
    kind: &'static str,
    name: &'s str,
    version: &'s str,
    purl: &'s str,
    arch: Option<&'s str>,
    source: Option<Source<'s>>,
    application: Option<String>,
    layer: Option<u32>,
    locations: Vec<Place<'s>>,
}

#[derive(Debug, Serialize)]
struct Source<'s> {
    name: &'s str,
    version: &'s str,
}

#[derive(Debug, Serialize)]
struct Place<'s> {
    path: &'s str,
    layer: Option<u32>,
    line: Option<u32>,
}

#[derive(Debug, Serialize)]
struct Fix<'s> {
    state: &'static str,
    versions: &'s [String],
}

#[derive(Debug, Serialize)]
struct Reference<'s> {
    kind: &'static str,
    url: &'s str,
}

#[derive(Debug, Serialize)]
struct Advisory<'s> {
    id: &'s str,
    feed: &'s str,
    modified: Option<String>,
}

#[derive(Debug, Serialize)]
struct Kev {
    added: String,
    due: Option<String>,
    ransomware: bool,
}

#[derive(Debug, Serialize)]
struct Epss {
    score: f32,
    percentile: f32,
}

#[derive(Debug, Serialize)]
struct Evidence<'s> {
    step: &'s str,
    says: &'s str,
}

impl<'s> Finding<'s> {
    pub(super) fn of(found: &'s Found, inventory: &'s Inventory) -> Self {
        Self {
            id: &found.id,
            aliases: &found.aliases,
            severity: found.severity.name(),
            severity_source: &found.severity_source,
            ratings: found.ratings.iter().map(rating).collect(),
            package: package(&found.package, inventory),
            fix: fix(&found.fix),
            title: &found.title,
            description: &found.description,
            published: found.published.map(|at| at.to_string()),
            modified: found.modified.map(|at| at.to_string()),
            references: found.references.iter().map(reference).collect(),
            advisories: found.advisories.iter().map(advisory).collect(),
            kev: found.kev.as_ref().map(|kev| Kev {
                added: kev.added.date(),
                due: kev.due.map(plimsoll_model::Timestamp::date),
                ransomware: kev.ransomware,
            }),
            epss: found
                .epss
                .filter(|epss| {
                    [epss.score, epss.percentile].iter().all(|n| (0.0..=1.0).contains(n))
                })
                .map(|epss| Epss { score: epss.score, percentile: epss.percentile }),
            evidence: found.evidence.iter().map(evidence).collect(),
            suppressed: found.suppressed.as_deref(),
            loaded: found.loaded.as_ref().map(loading),
        }
    }
}

/// Of what was loaded `since` and `until` are the first and the last use, else they are the watch.
fn loading(loaded: &Loaded) -> Loading<'_> {
    let nothing = Loading {
        state: "not_observed",
        how: None,
        path: None,
        by: None,
        since: None,
        until: None,
        why: None,
    };
    match loaded {
        Loaded::Loaded { how, path, by, first, last } => Loading {
            state: "loaded",
            how: Some(how.describe()),
            path: Some(path),
            by: Some(by),
            since: Some(first.to_string()),
            until: Some(last.to_string()),
            ..nothing
        },
        Loaded::NotObserved { why } => Loading { why: Some(why), ..nothing },
        never => match never.never() {
            Some((since, until)) => Loading {
                state: "never_loaded",
                since: Some(since.to_string()),
                until: Some(until.to_string()),
                ..nothing
            },
            None => nothing,
        },
    }
}

fn rating(rating: &Rated) -> Rating<'_> {
    Rating {
        source: &rating.source,
        kind: match rating.kind {
            RatingKind::CvssV2 => "cvss_v2",
            RatingKind::CvssV3 => "cvss_v3",
            RatingKind::CvssV4 => "cvss_v4",
            _ => "label",
        },
        value: &rating.value,
        score: rating.score.filter(|score| (0.0..=10.0).contains(score)),
        severity: rating.severity.name(),
    }
}

fn package<'s>(found: &'s PackageMatch, inventory: &'s Inventory) -> Package<'s> {
    let installed: Option<&Installed> = usize::try_from(found.index)
        .ok()
        .and_then(|at| inventory.packages.get(at))
        .filter(|package| package.kind == found.kind && package.name == found.name);
    Package {
        kind: found.kind.purl_type(),
        name: &found.name,
        version: &found.version,
        purl: &found.purl,
        arch: installed.and_then(|package| package.arch.as_deref()),
        source: installed
            .and_then(|package| package.source.as_ref())
            .map(|source| Source { name: &source.name, version: &source.version }),
        application: Application::of(found).path().map(str::to_owned),
        layer: found.locations.first().and_then(|place| place.layer),
        locations: found.locations.iter().map(place).collect(),
    }
}

fn place(location: &Location) -> Place<'_> {
    Place { path: &location.path, layer: location.layer, line: location.line }
}

fn fix(fix: &FixState) -> Fix<'_> {
    let (state, versions): (_, &[String]) = match fix {
        FixState::Fixed(versions) => ("fixed", versions),
        FixState::WillNotFix => ("will_not_fix", &[]),
        FixState::Deferred => ("deferred", &[]),
        FixState::UnderInvestigation => ("under_investigation", &[]),
        FixState::EndOfLife => ("end_of_life", &[]),
        _ => ("not_fixed", &[]),
    };
    Fix { state, versions }
}

fn reference(link: &Link) -> Reference<'_> {
    let kind = match link.kind {
        LinkKind::Advisory => "advisory",
        LinkKind::Fix => "fix",
        LinkKind::Report => "report",
        LinkKind::Evidence => "evidence",
        LinkKind::Package => "package",
        LinkKind::Web => "web",
    };
    Reference { kind, url: &link.url }
}

fn advisory(advisory: &AdvisoryRef) -> Advisory<'_> {
    Advisory {
        id: &advisory.id,
        feed: &advisory.feed,
        modified: advisory.modified.map(|at| at.to_string()),
    }
}

fn evidence(step: &EvidenceStep) -> Evidence<'_> {
    Evidence { step: &step.step, says: &step.says }
}
