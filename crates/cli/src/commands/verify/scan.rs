//! `plimsoll verify --scan`: whether an image may run, decided by a scan that somebody vouches for.
//! Nothing is scanned and no layer is opened, unless `--reproduce` asks for it.

use std::path::PathBuf;

use anyhow::Context as _;
use plimsoll_model::{Digest, GateReason, Reference, Scan, Severity, Timestamp};
use plimsoll_policy::Gates;
use plimsoll_supply::scan_claim::{PREDICATE_TYPE, ScanClaim, first_difference};
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::Policy;
use serde_json::{Value, json};

use super::candidates::{Candidate, attestations};
use super::{Format, Verify, claims, print};
use crate::commands::scan::open_database;
use crate::exit::{Outcome, Usage, tell};
use crate::{clock, duration, output, scan_claim};

/// A clock that is ahead of ours by less than this is a clock; more is a lie.
const CLOCK_SKEW_SECONDS: i64 = 300;

/// What a scan must say.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Scan")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Gated {
    /// Decide by the attested scan of the image, without scanning it
    #[arg(long, conflicts_with_all = ["kind", "bundle", "signature", "repo", "owner", "pypi_publisher", "npm_package", "require", "annotations"])]
    pub(super) scan: bool,

    /// Exit 4 where the scan was made, or its advisories were fetched, longer ago: 90m, 24h, 7d
    #[arg(long, value_name = "AGE", requires = "scan", value_parser = age)]
    max_age: Option<u64>,

    /// Exit 4 where the newest advisory of the scan is older than this many days
    #[arg(long, value_name = "DAYS", requires = "scan")]
    max_data_age: Option<u64>,

    /// Exit 1 where a finding is critical: `--fail-on critical`
    #[arg(long, requires = "scan", conflicts_with = "fail_on")]
    no_critical: bool,

    /// Exit 1 where a finding is at least this severe
    #[arg(long, value_name = "SEVERITY", requires = "scan")]
    fail_on: Option<Severity>,

    /// Exit 1 where a finding is known to be exploited
    #[arg(long, requires = "scan")]
    fail_on_exploited: bool,

    /// For the gates on findings, count only what an update repairs
    #[arg(long, requires = "scan")]
    only_fixed: bool,

    /// Scan again with the same advisories, and compare every byte
    #[arg(long, requires = "scan")]
    reproduce: bool,

    /// With --reproduce: folder of the advisory database
    #[arg(long, value_name = "DIR", requires = "reproduce")]
    db: Option<PathBuf>,
}

/// An age such as `90m`, `24h` or `7d`, in seconds.
fn age(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no age: expected a number and s, m, h or d, as 24h");
    duration::seconds(text).ok_or_else(wrong)
}

impl Gated {
    fn gates(&self) -> Gates {
        Gates {
            fail_on: self.fail_on.or(self.no_critical.then_some(Severity::Critical)),
            only_fixed: self.only_fixed,
            fail_on_exploited: self.fail_on_exploited,
            max_data_age: self.max_data_age,
            max_scan_age: self.max_age,
            ..Gates::default()
        }
    }
}

impl Verify {
    /// Verifies, reads and judges the newest scan that is attested.
    pub(super) fn scan(&self, policy: &Policy, root: &TrustedRoot) -> anyhow::Result<Outcome> {
        let policies = self.claims.load()?;
        let (reference, repository) = self.repository()?;
        let image = scan_claim::image(&repository, &self.reading.options()?)?.descriptor.digest;
        tell(&format!("{}@{image}", repository.name()));
        let all = attestations(&repository, &image, PREDICATE_TYPE, policy, root)?;
        let newest = newest(&all, &image, |candidate, why| {
            tell(&format!("passed over: {}: {why}", candidate.name));
        });
        let Some((claim, candidate)) = newest else {
            for bad in &all {
                self.print(&bad.name, &bad.artefact, &bad.report)?;
            }
            tell("refused: no scan that holds hangs on it; `plimsoll attest --scan` makes one");
            return Ok(Outcome::Gate(1));
        };
        let mut scan = claim.to_scan()?;
        scan.verdict = self.scan.gates().verdict(&scan, clock::now());
        let statement = candidate.statement.as_deref().unwrap_or_default();
        let judged = claims::judge(&policies, statement)?;
        if !judged.allowed {
            let reason = "a policy denies what the scan says".to_owned();
            scan.verdict.failed.push(GateReason { gate: "policy".into(), reason, exit_code: 5 });
        }
        self.print_scan(candidate, &claim, &scan, &judged)?;
        for reason in &scan.verdict.failed {
            tell(&format!("{}: {}", reason.gate, super::plain(&reason.reason)));
        }
        let outcome = Outcome::of_code(scan.verdict.exit_code());
        if self.scan.reproduce {
            return Ok(outcome.or(self.reproduce(&reference, &image, &claim)?));
        }
        Ok(outcome)
    }

    fn reproduce(
        &self,
        reference: &Reference,
        image: &Digest,
        claim: &ScanClaim,
    ) -> anyhow::Result<Outcome> {
        let database = open_database(self.scan.db.clone())?;
        let own = database.digest();
        let theirs = sha256(&claim.scan.database.digest);
        if own.hex() != theirs {
            tell(&format!(
                "not reproduced: the scan was made with the advisories {theirs}, and here are {}; \
                 `plimsoll db import` brings those of another machine",
                own.hex()
            ));
            return Ok(Outcome::Gate(4));
        }
        let declared = claim.scan.declared;
        let again = scan_claim::claim(
            reference,
            image,
            &self.reading,
            &database,
            declared,
            claim.scanned_on,
        )
        .context("the image could not be scanned again")?;
        if let Some(difference) = first_difference(claim, &again) {
            tell(&format!("not reproduced: {}", super::plain(&difference)));
            return Ok(Outcome::Gate(1));
        }
        if claim.scan_digest == again.scan_digest {
            tell(&format!("reproduced: the same bytes, {}", sha256(&claim.scan_digest)));
        } else {
            tell(&format!(
                "reproduced by another build of the program: all else is the same (theirs {}, \
                 this one {})",
                sha256(&claim.scan.scanner.digest),
                sha256(&again.scan.scanner.digest)
            ));
        }
        Ok(Outcome::Clean)
    }

    fn print_scan(
        &self,
        candidate: &Candidate,
        claim: &ScanClaim,
        scan: &Scan,
        judged: &plimsoll_supply::predicate_policy::Verdict,
    ) -> anyhow::Result<()> {
        let pass = scan.verdict.is_pass();
        match self.format {
            Format::Text => {
                let (name, report) = (&candidate.name, &candidate.report);
                print::text(name, &candidate.artefact, report, self.explain)?;
                print_text(claim, scan)?;
                print::reasons(judged)?;
                output::write(None, |out| {
                    writeln!(out, "{}", if pass { "scan passed" } else { "scan refused" })
                })
            }
            Format::Json => {
                let failed = scan.verdict.failed.iter().map(|reason| {
                    json!({
                        "gate": reason.gate,
                        "reason": reason.reason,
                        "exit_code": reason.exit_code,
                    })
                });
                let more = json!({
                    "scan": {"pass": pass, "failed": failed.collect::<Vec<Value>>()},
                    "policy": judged,
                });
                let (name, report) = (&candidate.name, &candidate.report);
                print::json(name, &candidate.artefact, report, &more)
            }
        }
    }
}

/// The newest claim of candidates whose signatures hold, and whose it is; why others cannot be used
/// is handed on.
pub(super) fn newest<'c>(
    all: &'c [Candidate],
    image: &Digest,
    mut passed_over: impl FnMut(&Candidate, String),
) -> Option<(ScanClaim, &'c Candidate)> {
    let mut newest: Option<(ScanClaim, &Candidate)> = None;
    for candidate in all {
        match usable(candidate, image) {
            Some(Ok(claim))
                if newest.as_ref().is_none_or(|(it, _)| it.scanned_on < claim.scanned_on) =>
            {
                newest = Some((claim, candidate));
            }
            Some(Err(why)) => passed_over(candidate, why),
            Some(Ok(_)) | None => {}
        }
    }
    newest
}

/// The claim of a candidate whose signature holds, or why it cannot be used.
fn usable(candidate: &Candidate, image: &Digest) -> Option<Result<ScanClaim, String>> {
    let statement = candidate.statement.as_ref().filter(|_| candidate.report.verified)?;
    let claim = match ScanClaim::in_statement(statement, image) {
        Ok(claim) => claim,
        Err(error) => return Some(Err(error.to_string())),
    };
    let horizon = clock::now().as_unix().saturating_add(CLOCK_SKEW_SECONDS);
    if claim.scanned_on.as_unix() > horizon {
        return Some(Err(format!("it was scanned in the future, {}", claim.scanned_on)));
    }
    Some(Ok(claim))
}

fn print_text(claim: &ScanClaim, scan: &Scan) -> anyhow::Result<()> {
    let ClaimLines { database, inventory, findings } = ClaimLines::of(claim, scan);
    let scanner = &claim.scan.scanner;
    let program =
        format!("{} {} sha256:{}", scanner.name, scanner.version, sha256(&scanner.digest));
    output::write(None, |out| {
        writeln!(out, "  scanned {} by {}", claim.scanned_on, super::plain(&program))?;
        for line in [database, inventory, findings] {
            writeln!(out, "  {}", super::plain(&line))?;
        }
        Ok(())
    })
}

struct ClaimLines {
    database: String,
    inventory: String,
    findings: String,
}

impl ClaimLines {
    fn of(claim: &ScanClaim, scan: &Scan) -> Self {
        let date = |time: Option<Timestamp>| {
            time.map_or_else(|| "at an unknown time".into(), |it| it.to_string())
        };
        let (database, times) = (&claim.scan.database, &claim.database_times);
        let starter = if database.starter { ", the starter set alone" } else { "" };
        let distro = claim.scan.distro.as_ref();
        let distro = distro.map_or_else(String::new, |it| format!(" of {} {}", it.id, it.version));
        let levels = Severity::ALL.into_iter().filter_map(|level| {
            let of_level =
                |it: &&plimsoll_model::Finding| it.severity == level && it.suppressed.is_none();
            let count = scan.findings.iter().filter(of_level).count();
            (count > 0).then(|| format!("{count} {level}"))
        });
        let levels: Vec<String> = levels.collect();
        let levels = if levels.is_empty() { "none".to_owned() } else { levels.join(", ") };
        Self {
            database: format!(
                "advisories sha256:{} ({} feeds), newest {}, fetched {}{starter}",
                sha256(&database.digest),
                database.feeds.len(),
                date(scan.data.newest()),
                date(times.fetched_on.or(times.compiled_on)),
            ),
            inventory: format!(
                "inventory sha256:{}, {} packages{distro}",
                sha256(&claim.scan.inventory.digest),
                claim.scan.inventory.packages,
            ),
            findings: format!("findings {levels}; {} undecided", scan.undecided.len()),
        }
    }
}

fn sha256(digest: &plimsoll_supply::scan_claim::DigestSet) -> &str {
    digest.get("sha256").map_or("", String::as_str)
}

/// What `--scan` needs of an image and not of a file.
pub(super) fn no_file(name: &str) -> Usage {
    Usage(format!("`{name}` is a file, and `--scan` is about an image"))
}
