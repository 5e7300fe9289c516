//! The security score of an image: 100 less what its parts cost, each part with a bound and its reason.
//!
//! | part | at most | how much |
//! | --- | --- | --- |
//! | vulnerabilities | 60 | 60 × s ÷ (s + 20), where s adds up 10 for a critical finding, 4 for a high, 1 for a medium or unknown and 0.25 for a low one; three times that where it is known to be exploited, half where no fix exists, a quarter where its code was never loaded |
//! | configuration | 15 | 10 for a secret in a layer, 5 where the image runs as root |
//! | freshness | 10 | 10 where the base's distribution is out of support; else up to 5 for an image of 90 days to a year |
//! | provenance | 15 | 6 without a signature, 5 without provenance, half of that where one hangs on the image and was not verified; 4 without an SBOM |
//!
//! Each part only falls when what it counts falls, so that whoever mends a thing never lowers the score.
//! What is not known costs as much as what is not there, and is told as such.

use plimsoll_model::Severity;

/// Tenths of a point that each part may cost.
const VULNERABILITIES: u64 = 600;
const CONFIGURATION: u64 = 150;
const FRESHNESS: u64 = 100;
const PROVENANCE: u64 = 150;

/// A point of `s`, in the units that findings are added up in: an eighth of a low finding's quarter.
const UNIT: u64 = 32;
/// Where half of what vulnerabilities may cost is reached.
const HALF: u64 = 20 * UNIT;

/// From which age on an image costs something, and from which on no more.
const FRESH_DAYS: u64 = 90;
const STALE_DAYS: u64 = 365;

/// What is known of findings that cost the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Weight {
    /// How severe they are.
    pub severity: Severity,
    /// Somebody exploits them.
    pub exploited: bool,
    /// A version without them exists.
    pub fixable: bool,
    /// The image was watched, and their code never loaded.
    pub never_loaded: bool,
}

impl Weight {
    fn units(self) -> u64 {
        let units = match self.severity {
            Severity::Critical => 10 * UNIT,
            Severity::High => 4 * UNIT,
            Severity::Medium | Severity::Unknown => UNIT,
            Severity::Low => UNIT / 4,
            Severity::Negligible => 0,
        };
        let units = if self.exploited { units * 3 } else { units };
        let units = if self.fixable { units } else { units / 2 };
        if self.never_loaded { units / 4 } else { units }
    }
}

/// What is known of a statement about an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Evidence {
    /// Nobody looked.
    #[default]
    Unknown,
    /// There is none.
    Missing,
    /// One hangs on the image, by whomever.
    Attached,
    /// It was verified.
    Verified,
}

/// What is known of an image; `None` where nobody looked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Findings of vulnerabilities and how many of each weight.
    pub vulnerabilities: Vec<(Weight, u64)>,
    /// Secrets that were found.
    pub secrets: u64,
    /// It runs as root.
    pub runs_as_root: Option<bool>,
    /// The base's distribution is out of support.
    pub end_of_life: bool,
    /// Days since it was made.
    pub age_days: Option<u64>,
    /// Its signature.
    pub signature: Evidence,
    /// Its provenance.
    pub provenance: Evidence,
    /// It has an SBOM.
    pub sbom: Option<bool>,
}

/// A part of the score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is about.
    pub name: &'static str,
    /// Tenths of a point that it costs.
    pub lost: u64,
    /// Tenths of a point that it may cost.
    pub of: u64,
    /// Why it costs that much; empty where it costs nothing.
    pub reasons: Vec<String>,
}

/// The score and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// From 0 to 100; the higher the better.
    pub value: u8,
    /// Its parts, always the same four.
    pub parts: [Part; 4],
}

impl Score {
    /// The score of an image of which this is known.
    pub fn of(facts: &Facts) -> Self {
        let parts =
            [vulnerabilities(facts), configuration(facts), freshness(facts), provenance(facts)];
        let lost: u64 = parts.iter().map(|part| part.lost).sum();
        let value = 1000_u64.saturating_sub(lost) / 10;
        Self { value: u8::try_from(value).unwrap_or(100), parts }
    }
}

fn vulnerabilities(facts: &Facts) -> Part {
    let mut units = 0_u64;
    for (weight, count) in &facts.vulnerabilities {
        units = units.saturating_add(weight.units().saturating_mul(*count));
    }
    let whole = u128::from(units).saturating_add(u128::from(HALF));
    let lost = u128::from(VULNERABILITIES) * u128::from(units) / whole;
    let mut reasons = Vec::new();
    for severity in Severity::ALL {
        let of = |choose: fn(&Weight) -> bool| -> u64 {
            let own =
                facts.vulnerabilities.iter().filter(|(weight, _)| weight.severity == severity);
            own.filter(|(weight, _)| choose(weight))
                .fold(0, |sum, (_, count)| sum.saturating_add(*count))
        };
        let count = of(|weight| weight.units() > 0);
        if count == 0 {
            continue;
        }
        let mut reason = format!("{count} {}", severity.name());
        let more = [
            (of(|weight| weight.exploited), "exploited"),
            (of(|weight| !weight.fixable), "without a fix"),
            (of(|weight| weight.never_loaded), "never loaded"),
        ];
        let more: Vec<String> = more
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if !more.is_empty() {
            reason.push_str(" (");
            reason.push_str(&more.join(", "));
            reason.push(')');
        }
        reasons.push(reason);
    }
    Part {
        name: "vulnerabilities",
        lost: u64::try_from(lost).unwrap_or(VULNERABILITIES),
        of: VULNERABILITIES,
        reasons,
    }
}

fn configuration(facts: &Facts) -> Part {
    let mut part = Part { name: "configuration", lost: 0, of: CONFIGURATION, reasons: Vec::new() };
    if facts.secrets > 0 {
        part.cost(100, format!("{} secrets in its layers", facts.secrets));
    }
    part.missing(facts.runs_as_root.map(|is| !is), 50, "it runs as root", "which user it runs as");
    part
}

fn freshness(facts: &Facts) -> Part {
    let mut part = Part { name: "freshness", lost: 0, of: FRESHNESS, reasons: Vec::new() };
    if facts.end_of_life {
        part.cost(FRESHNESS, "its distribution is out of support".to_owned());
        return part;
    }
    match facts.age_days {
        Some(days) => {
            let over = days.clamp(FRESH_DAYS, STALE_DAYS) - FRESH_DAYS;
            let lost = 50 * over / (STALE_DAYS - FRESH_DAYS);
            if lost > 0 {
                part.cost(lost, format!("it is {days} days old"));
            }
        }
        None => part.cost(50, "its age is not known".to_owned()),
    }
    part
}

fn provenance(facts: &Facts) -> Part {
    let mut part = Part { name: "provenance", lost: 0, of: PROVENANCE, reasons: Vec::new() };
    part.unproven(facts.signature, 60, "signature", "a signature");
    part.unproven(facts.provenance, 50, "provenance", "provenance");
    part.missing(facts.sbom, 40, "it has no SBOM", "whether it has an SBOM");
    part
}

impl Part {
    fn cost(&mut self, tenths: u64, reason: String) {
        self.lost += tenths;
        self.reasons.push(reason);
    }

    fn unproven(&mut self, evidence: Evidence, tenths: u64, what: &str, one: &str) {
        match evidence {
            Evidence::Verified => {}
            Evidence::Attached => self.cost(tenths / 2, format!("its {what} was not verified")),
            Evidence::Missing => self.cost(tenths, format!("it has no {what}")),
            Evidence::Unknown => self.cost(tenths, format!("whether it has {one} is not known")),
        }
    }

    fn missing(&mut self, there: Option<bool>, tenths: u64, reason: &str, unknown: &str) {
        match there {
            Some(true) => {}
            Some(false) => self.cost(tenths, reason.to_owned()),
            None => self.cost(tenths, format!("{unknown} is not known")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Facts {
        Facts {
            runs_as_root: Some(false),
            age_days: Some(3),
            signature: Evidence::Verified,
            provenance: Evidence::Verified,
            sbom: Some(true),
            ..Facts::default()
        }
    }

    fn weight(severity: Severity) -> Weight {
        Weight { severity, exploited: false, fixable: true, never_loaded: false }
    }

    #[test]
    fn an_image_without_a_flaw_has_a_hundred_points_and_no_reasons() {
        let score = Score::of(&good());
        assert_eq!(score.value, 100);
        assert!(score.parts.iter().all(|part| part.lost == 0 && part.reasons.is_empty()));
    }

    #[test]
    fn the_formula_is_what_it_is_said_to_be() {
        let with = |vulnerabilities| Score::of(&Facts { vulnerabilities, ..good() }).value;
        // 60 × 10 ÷ (10 + 20)
        assert_eq!(with(vec![(weight(Severity::Critical), 1)]), 80);
        // 60 × 30 ÷ (30 + 20)
        let exploited = Weight { exploited: true, ..weight(Severity::Critical) };
        assert_eq!(with(vec![(exploited, 1)]), 64);
        // 60 × 5 ÷ (5 + 20)
        let unfixed = Weight { fixable: false, ..weight(Severity::Critical) };
        assert_eq!(with(vec![(unfixed, 1)]), 88);
        // 60 × 2.5 ÷ (2.5 + 20) = 6.67
        let unloaded = Weight { never_loaded: true, ..weight(Severity::Critical) };
        assert_eq!(with(vec![(unloaded, 1)]), 93);
        assert_eq!(with(vec![(weight(Severity::Critical), 1_000_000)]), 40);
        assert_eq!(with(vec![(weight(Severity::Negligible), 1_000_000)]), 100);
    }

    #[test]
    fn what_nobody_looked_at_costs_as_much_as_what_is_missing_and_is_told() {
        let unknown = Score::of(&Facts::default());
        let missing = Score::of(&Facts {
            runs_as_root: Some(true),
            age_days: Some(10_000),
            signature: Evidence::Missing,
            provenance: Evidence::Missing,
            sbom: Some(false),
            ..Facts::default()
        });
        assert_eq!((unknown.value, missing.value), (75, 75));
        assert_eq!(unknown.parts[3].reasons[0], "whether it has a signature is not known");
        assert_eq!(missing.parts[3].reasons[0], "it has no signature");
        let attached = Facts { signature: Evidence::Attached, ..good() };
        let attached = Score::of(&attached);
        assert_eq!(attached.value, 97);
        assert_eq!(attached.parts[3].reasons, ["its signature was not verified"]);
    }

    #[test]
    fn the_reasons_say_how_many_of_which_severity() {
        let exploited = Weight { exploited: true, ..weight(Severity::High) };
        let vulnerabilities = vec![(weight(Severity::High), 3), (exploited, 1)];
        let score = Score::of(&Facts { vulnerabilities, ..good() });
        assert_eq!(score.parts[0].reasons, ["4 high (1 exploited)"]);
    }
}
