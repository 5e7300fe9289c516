//! A scan from a claim, as far as gates judge it.

use plimsoll_model::{
    AdvisoryData, AdvisoryRef, Digest, Distro, FeedStatus, Finding, FixState, Inventory, Kev,
    Location, PackageKind, PackageMatch, Problem, ProblemKind, Purl, Scan, Severity, Undecided,
};
use serde_json::Value;

use super::{
    ClaimedFinding, ClaimedScan, MAX_ITEMS, PREDICATE_TYPE, ScanClaim, canonical, digest_set,
    sha256_of,
};
use crate::error::Error;
use crate::intoto::Statement;

const WHAT: &str = "scan attestation";

impl ScanClaim {
    /// The claim in a statement whose signature was verified and that is about the image `of`.
    ///
    /// The claim must name the same image once more, and its digest must be that of its scan.
    pub fn in_statement(statement: &[u8], of: &Digest) -> Result<Self, Error> {
        let statement = Statement::parse(statement)?;
        if statement.predicate_type != PREDICATE_TYPE {
            return Err(Error::unsupported(WHAT, format!("`{}`", statement.predicate_type)));
        }
        Self::in_predicate(&statement.predicate, of)
    }

    fn in_predicate(predicate: &Value, of: &Digest) -> Result<Self, Error> {
        let claim: Self = serde::Deserialize::deserialize(predicate)
            .map_err(|error| Error::malformed(WHAT, error.to_string()))?;
        let scan = &claim.scan;
        let counts = [scan.findings.len(), scan.undecided.len(), scan.partial.len()];
        if counts.iter().any(|count| *count > MAX_ITEMS) {
            return Err(Error::malformed(WHAT, format!("a list of more than {MAX_ITEMS}")));
        }
        // Over the document itself: it may have fields that this version does not know.
        let own = sha256_of(&canonical(predicate.get("scan").unwrap_or(&Value::Null)));
        if claim.scan_digest != own {
            return Err(Error::malformed(
                WHAT,
                format!("`scanDigest` is {:?}, and `scan` has {own:?}", claim.scan_digest),
            ));
        }
        if scan.target.digest != digest_set(of) {
            let found = claim.target().map_or_else(|| "none".into(), |it| it.to_string());
            return Err(Error::malformed(WHAT, format!("it is of image {found}, not {of}")));
        }
        Ok(claim)
    }

    /// The scan for gates to judge: findings without their texts, packages without the inventory.
    pub fn to_scan(&self) -> Result<Scan, Error> {
        let scan = &self.scan;
        let problems = scan.partial.iter().map(|it| Problem {
            kind: ProblemKind::Partial,
            path: it.path.clone(),
            layer: None,
            line: None,
            message: it.message.clone(),
        });
        let inventory = Inventory {
            distro: scan.distro.as_ref().map(|it| Distro {
                id: it.id.clone(),
                version: it.version.clone(),
                end_of_life: it.end_of_life,
                ..Distro::default()
            }),
            problems: problems.collect(),
            ..Inventory::default()
        };
        let undecided = scan.undecided.iter().map(|it| Undecided {
            package: it.package.clone(),
            version: it.version.clone(),
            advisory: it.advisory.clone(),
            why: it.why.clone(),
        });
        Ok(Scan {
            inventory,
            findings: scan.findings.iter().map(finding).collect::<Result<_, _>>()?,
            undecided: undecided.collect(),
            data: self.data(),
            scanned_at: Some(self.scanned_on),
            ..Scan::default()
        })
    }

    fn data(&self) -> AdvisoryData {
        let ClaimedScan { database, .. } = &self.scan;
        let feeds = database.feeds.iter().map(|feed| FeedStatus {
            name: feed.name.clone(),
            source: String::new(),
            records: feed.records,
            rejected: 0,
            newest: feed.newest,
            fetched: self.database_times.fetched_on,
        });
        AdvisoryData {
            starter: database.starter,
            path: String::new(),
            compiled: self.database_times.compiled_on,
            feeds: feeds.collect(),
        }
    }
}

fn finding(claimed: &ClaimedFinding) -> Result<Finding, Error> {
    // A word that nobody knows must not count as none.
    let severity: Severity = claimed
        .severity
        .parse()
        .map_err(|_| Error::malformed(WHAT, format!("severity `{}`", claimed.severity)))?;
    let purl: Option<Purl> = claimed.package.purl.parse().ok();
    let kind = purl.and_then(|purl| {
        PackageKind::ALL.iter().copied().find(|kind| kind.purl_type() == purl.kind)
    });
    let fix = match claimed.fix.as_str() {
        "fixed" => FixState::Fixed(claimed.fixed_in.clone()),
        "will_not_fix" => FixState::WillNotFix,
        "deferred" => FixState::Deferred,
        "under_investigation" => FixState::UnderInvestigation,
        "end_of_life" => FixState::EndOfLife,
        _ => FixState::NotFixed,
    };
    let location = |path: &String| Location { path: path.clone(), layer: None, line: None };
    Ok(Finding {
        id: claimed.id.clone(),
        aliases: claimed.aliases.clone(),
        package: PackageMatch {
            index: u32::MAX,
            kind: kind.unwrap_or(PackageKind::Generic),
            name: claimed.package.name.clone(),
            version: claimed.package.version.clone(),
            purl: claimed.package.purl.clone(),
            locations: claimed.locations.iter().map(location).collect(),
        },
        severity,
        severity_source: claimed.severity_source.clone(),
        ratings: Vec::new(),
        fix,
        title: String::new(),
        description: String::new(),
        published: None,
        modified: None,
        references: Vec::new(),
        advisories: claimed
            .advisories
            .iter()
            .map(|it| AdvisoryRef {
                id: it.id.clone(),
                feed: it.feed.clone(),
                modified: it.modified,
            })
            .collect(),
        kev: claimed.exploited_since.map(|added| Kev { added, due: None, ransomware: false }),
        epss: None,
        evidence: Vec::new(),
        suppressed: claimed.suppressed.clone(),
        loaded: None,
    })
}
