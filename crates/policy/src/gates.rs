//! The gates of one scan: how bad findings may be, how old the data, and whether all was read.
//!
//! Exit codes: 1 findings over the gate, 3 partial, 4 stale data. Where several gates fail,
//! [`Verdict::exit_code`] picks the one that makes the result itself doubtful.

use plimsoll_model::{
    AdvisoryData, Finding, GateReason, ProblemKind, Scan, Severity, Timestamp, Verdict,
};

const FINDINGS: u8 = 1;
const PARTIAL: u8 = 3;
const STALE: u8 = 4;

/// Clocks of feeds and machines differ by less than this; a date further ahead is wrong.
const CLOCK_SKEW_SECONDS: i64 = 86_400;

/// Which outcomes fail a scan. The default fails only what was not read whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gates {
    /// Fails on findings of this level or a worse one; suppressed ones do not count.
    pub fail_on: Option<Severity>,
    /// For the gates on findings, count only what an update repairs.
    pub only_fixed: bool,
    /// Fails on findings in CISA's catalogue of exploited weaknesses, whatever their level.
    pub fail_on_exploited: bool,
    /// Fails where the advisories are older than this many days, or of unknown age.
    pub max_data_age: Option<u64>,
    /// Fails where the scan was made, or its advisories were fetched, more than this many seconds
    /// ago, or at an unknown time. For scans that somebody else made.
    pub max_scan_age: Option<u64>,
    /// Lets a scan pass although packages may be missing.
    pub allow_partial: bool,
}

impl Gates {
    /// Judges a scan at the moment `now`.
    pub fn verdict(&self, scan: &Scan, now: Timestamp) -> Verdict {
        let mut failed = Vec::new();
        failed.extend(self.partial(scan));
        failed.extend(self.stale(&scan.data, now));
        failed.extend(self.old(scan, now));
        failed.extend(self.severity(&scan.findings));
        failed.extend(self.exploited(&scan.findings));
        Verdict { failed }
    }

    fn partial(&self, scan: &Scan) -> Option<GateReason> {
        let problems = || scan.inventory.problems.iter().filter(|p| p.kind == ProblemKind::Partial);
        let first = problems().next().filter(|_| !self.allow_partial)?;
        let more = problems().count() - 1;
        let place = if first.path.is_empty() {
            String::new()
        } else {
            format!("`{}`: ", first.path.escape_debug())
        };
        let others = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        // The message may quote the image, and the reason ends up on a terminal.
        let harmless = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        let message: String = first.message.chars().map(harmless).collect();
        let reason = format!("packages may be missing: {place}{message}{others}");
        Some(GateReason { gate: "partial".into(), reason, exit_code: PARTIAL })
    }

    /// Two things can be old: the newest record of all (a mirror that nobody feeds), and the
    /// last visit to one feed (`db update` that fails for it alone).
    fn stale(&self, data: &AdvisoryData, now: Timestamp) -> Option<GateReason> {
        let limit = self.max_data_age?;
        let days = plural(limit, "day");
        let horizon = now.as_unix().saturating_add(CLOCK_SKEW_SECONDS);
        let credible = |date: &Timestamp| date.as_unix() <= horizon;
        let age = |date: Timestamp| u64::try_from(date.days_until(now)).unwrap_or(0);
        let newest = data.feeds.iter().filter_map(|feed| feed.newest.filter(credible)).max();
        let reason = match newest {
            None => format!("the age of the advisories is unknown; at most {days} are allowed"),
            Some(latest) if age(latest) > limit => format!(
                "the newest advisory is of {}, {} old; at most {days} are allowed",
                latest.date(),
                plural(age(latest), "day")
            ),
            Some(_) => {
                let (fetched, feed) = data
                    .feeds
                    .iter()
                    .filter_map(|feed| Some((feed.fetched?, feed.name.as_str())))
                    .min()
                    .filter(|(date, _)| age(*date) > limit)?;
                format!(
                    "feed `{}` was last fetched {} ago; at most {days} are allowed",
                    feed.escape_debug(),
                    plural(age(fetched), "day")
                )
            }
        };
        Some(GateReason { gate: "stale-data".into(), reason, exit_code: STALE })
    }

    fn old(&self, scan: &Scan, now: Timestamp) -> Option<GateReason> {
        let limit = self.max_scan_age?;
        let fetched = scan.data.feeds.iter().filter_map(|feed| feed.fetched).min();
        let times = [
            ("the scan was made", scan.scanned_at),
            ("its advisories were fetched", fetched.or(scan.data.compiled)),
        ];
        let horizon = now.as_unix().saturating_add(CLOCK_SKEW_SECONDS);
        let reason = times.into_iter().find_map(|(what, time)| match time {
            None => Some(format!("{what} at an unknown time")),
            Some(time) if time.as_unix() > horizon => Some(format!("{what} in the future: {time}")),
            Some(time) => {
                let age = u64::try_from(now.as_unix() - time.as_unix()).unwrap_or(0);
                (age > limit)
                    .then(|| format!("{what} {} ago, and {} are allowed", span(age), span(limit)))
            }
        })?;
        Some(GateReason { gate: "stale-scan".into(), reason, exit_code: STALE })
    }

    fn severity(&self, findings: &[Finding]) -> Option<GateReason> {
        let limit = self.fail_on?;
        let over = self.counted(findings, |finding| finding.severity >= limit)?;
        let reason = format!("{over} of severity {limit} or worse");
        Some(GateReason { gate: "severity".into(), reason, exit_code: FINDINGS })
    }

    fn exploited(&self, findings: &[Finding]) -> Option<GateReason> {
        let known = |finding: &Finding| self.fail_on_exploited && finding.kev.is_some();
        let over = self.counted(findings, known)?;
        let reason = format!("{over} known to be exploited");
        Some(GateReason { gate: "exploited".into(), reason, exit_code: FINDINGS })
    }

    fn counted(&self, findings: &[Finding], over: impl Fn(&Finding) -> bool) -> Option<String> {
        let counts = |finding: &&Finding| {
            finding.suppressed.is_none()
                && (!self.only_fixed || finding.fix.nearest().is_some())
                && over(finding)
        };
        let count =
            u64::try_from(findings.iter().filter(counts).count()).ok().filter(|n| *n > 0)?;
        let word = if self.only_fixed { "fixable finding" } else { "finding" };
        Some(plural(count, word))
    }
}

/// Seconds in the largest unit of which there are two.
fn span(seconds: u64) -> String {
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute")];
    let fitting = units.into_iter().find(|(unit, _)| seconds >= 2 * unit);
    fitting.map_or_else(|| plural(seconds, "second"), |(unit, word)| plural(seconds / unit, word))
}

fn plural(count: u64, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}
