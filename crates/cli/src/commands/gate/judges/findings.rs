//! Known weaknesses, by the scan of an image or of a project's lock files.

use plimsoll_model::gate::{Effect, Place, Practice, Rule, Violation};
use plimsoll_model::{Finding, Scan, Severity, Timestamp};
use plimsoll_policy::Gates;
use plimsoll_policy::gate::{Answers, Key, Kind as Value, Page, Preset, Settings};

use super::super::target::Kind;
use super::{Ask, Judge};

pub(super) const JUDGE: Judge =
    Judge { page: &PAGE, kinds: &[Kind::Image, Kind::Folder], ask: judge };

const LEVELS: &[&str] = &["critical", "high", "medium", "low", "negligible", "unknown"];

static PAGE: Page = Page {
    name: "findings",
    title: "Known weaknesses in the packages of an image, or in what lock files ask for",
    rules: &[
        Rule {
            id: "findings.exploited",
            title: "Ship nothing that is known to be exploited",
            why: "What stands in CISA's catalogue is in use by attackers today, whatever its score.",
            fix: "Update the package; where there is no update, take it out or shield it.",
            practice: Practice::Scan,
            effect: Effect::Deny,
            exit_code: Rule::DENIED,
        },
        Rule {
            id: "findings.severity",
            title: "Ship no weakness as severe as `severity` that an update mends",
            why: "Most break-ins use weaknesses for which there was an update.",
            fix: "`plimsoll update` says which update mends what; `plimsoll scan` shows all findings.",
            practice: Practice::Scan,
            effect: Effect::Deny,
            exit_code: Rule::DENIED,
        },
        Rule {
            id: "findings.overdue",
            title: "Mend critical and high weaknesses within the days that were agreed",
            why: "An update that is put off for weeks is put off until somebody needs it.",
            fix: "Update now, or agree upon an exception with an owner and a last day.",
            practice: Practice::Updates,
            effect: Effect::Warn,
            exit_code: Rule::DENIED,
        },
        Rule {
            id: "findings.fresh",
            title: "Judge by advisories that are no older than `max-data-age`",
            why: "Old advisories know nothing of new weaknesses: a clean result says nothing.",
            fix: "`plimsoll db update`.",
            practice: Practice::Scan,
            effect: Effect::Deny,
            exit_code: Rule::STALE,
        },
    ],
    keys: &[
        Key {
            name: "severity",
            kind: Value::Choice(LEVELS),
            preset: Some(Preset::Text("high")),
            about: "From which severity on `findings.severity` counts",
        },
        Key {
            name: "only-fixed",
            kind: Value::Flag,
            preset: Some(Preset::Flag(true)),
            about: "Whether `findings.severity` counts only what an update mends",
        },
        Key {
            name: "max-data-age",
            kind: Value::Length,
            preset: Some(Preset::days(7)),
            about: "How old the advisories may be, in whole days",
        },
        Key {
            name: "critical-within",
            kind: Value::Length,
            preset: Some(Preset::days(7)),
            about: "For how long a critical weakness may stand that an update mends, from the day on \
                    which it was published",
        },
        Key {
            name: "high-within",
            kind: Value::Length,
            preset: Some(Preset::days(30)),
            about: "The same of a high one",
        },
    ],
};

fn judge(ask: &Ask<'_>, answers: &mut Answers) -> Result<(), String> {
    let scan = ask.target.scan()?;
    let settings = ask.settings();
    let name = ask.name();
    let days = settings.seconds("max-data-age").unwrap_or(0) / 86_400;
    let gates = Gates { max_data_age: Some(days), allow_partial: true, ..Gates::default() };
    let stale = gates.verdict(scan, ask.means.now).failed;
    let stale = stale.into_iter().map(|reason| Violation::new(reason.reason)).collect();
    let newest = scan.data.newest().map_or(String::new(), Timestamp::date);
    answers.judged("findings.fresh", name, stale, format!("newest advisory of {newest}"));
    if ask.target.kind == Kind::Folder && scan.inventory.packages.is_empty() {
        let why = "no lock file or package is in it";
        for rule in PAGE.rules {
            answers.not_asked(rule.id, name, why);
        }
        return Ok(());
    }
    let seen = format!("{} packages", scan.inventory.present().count());
    let partial = missing(scan);
    let in_files = ask.target.kind == Kind::Folder;
    for (rule, counts) in [
        ("findings.exploited", exploited as Counts),
        ("findings.severity", severe as Counts),
        ("findings.overdue", overdue as Counts),
    ] {
        let standing = scan.findings.iter().filter(|finding| finding.suppressed.is_none());
        let over = standing.filter(|finding| counts(finding, &settings, ask.means.now));
        let violations: Vec<Violation> = over.map(|it| violation(it, in_files)).collect();
        match &partial {
            // A finding stands, whatever else there may be.
            Some(why) if violations.is_empty() => answers.unknown(rule, name, why.clone()),
            _ => answers.judged(rule, name, violations, seen.clone()),
        }
    }
    Ok(())
}

type Counts = fn(&Finding, &Settings<'_>, Timestamp) -> bool;

fn exploited(finding: &Finding, _: &Settings<'_>, _: Timestamp) -> bool {
    finding.kev.is_some()
}

fn severe(finding: &Finding, settings: &Settings<'_>, _: Timestamp) -> bool {
    let limit = settings.text("severity").and_then(|text| text.parse().ok());
    let is_fixable = !settings.flag("only-fixed") || finding.fix.nearest().is_some();
    is_fixable && finding.severity >= limit.unwrap_or(Severity::High)
}

fn overdue(finding: &Finding, settings: &Settings<'_>, now: Timestamp) -> bool {
    let key = match finding.severity {
        Severity::Critical => "critical-within",
        Severity::High => "high-within",
        _ => return false,
    };
    let (Some(limit), Some(published)) = (settings.seconds(key), finding.published) else {
        return false;
    };
    let age = now.as_unix().saturating_sub(published.as_unix());
    finding.fix.nearest().is_some() && age > i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Why packages may be missing.
fn missing(scan: &Scan) -> Option<String> {
    let verdict = Gates::default().verdict(scan, Timestamp::from_unix(0));
    verdict.failed.into_iter().next().map(|reason| reason.reason)
}

fn violation(finding: &Finding, in_files: bool) -> Violation {
    let package = &finding.package;
    let exploited = if finding.kev.is_some() { ", exploited" } else { "" };
    let title =
        if finding.title.is_empty() { String::new() } else { format!(": {}", finding.title) };
    let message =
        format!("{} {} ({}{exploited}){title}", package.name, package.version, finding.severity);
    let violation = Violation::new(message).called(&finding.id);
    let violation = match finding.fix.nearest() {
        Some(version) => violation.mended_by(format!("update {} to {version}", package.name)),
        None => violation,
    };
    // A place inside an image is in no file that somebody could open.
    match package.locations.first().filter(|_| in_files) {
        Some(location) => violation.at(Place {
            file: location.path.clone(),
            line: location.line.unwrap_or(0),
            column: 0,
        }),
        None => violation,
    }
}
