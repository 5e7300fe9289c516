//! A finding in the words of the table.

use plimsoll_model::{Finding, FixState, Layer, Loaded, Severity};

use crate::style::Role;
use crate::{instruction, loaded, text};

/// From this probability on, FIRST's estimate is worth a reader's time.
pub(super) const EPSS_SHOWN: f32 = 0.1;

/// FIRST's estimate, where it is high enough to be shown.
pub(super) fn epss(finding: &Finding) -> Option<f32> {
    finding.epss.map(|epss| epss.score).filter(|score| (EPSS_SHOWN..=1.0).contains(score))
}

/// The cells of one finding, fit for a terminal but not yet shortened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) severity: Severity,
    pub(super) exploited: bool,
    pub(super) id: String,
    /// Packages that have it alike, each as often as there are copies of it.
    pub(super) packages: Vec<String>,
    pub(super) installed: String,
    pub(super) fixed: String,
    pub(super) fixed_role: Role,
    /// `#3 RUN apt-get …`; empty for folders.
    pub(super) layer: String,
    /// `never loaded since 2026-11-20`; empty where that was not asked.
    pub(super) loaded: String,
    pub(super) loaded_rank: u8,
    /// `KEV EPSS 94%`.
    pub(super) marks: String,
    pub(super) title: String,
}

impl Row {
    pub(super) fn of(finding: &Finding, layers: &[Layer]) -> Self {
        let (fixed, fixed_role) = fixed(&finding.fix);
        Self {
            severity: finding.severity,
            exploited: finding.kev.is_some(),
            id: text::one_line(&finding.id),
            packages: vec![text::one_line(&finding.package.name)],
            installed: text::one_line(&finding.package.version),
            fixed,
            fixed_role,
            layer: layer(finding, layers),
            loaded: loaded::short(finding),
            loaded_rank: Loaded::rank(finding.loaded.as_ref()),
            marks: marks(finding),
            title: text::one_line(&finding.title),
        }
    }

    /// What tells it from other rows; the package is not part of it, because the binary
    /// packages of one source have all their findings together.
    pub(super) fn key(&self) -> (Severity, &str, &str, &str, &str, &str, &str) {
        (
            self.severity,
            &self.id,
            &self.installed,
            &self.fixed,
            &self.layer,
            &self.loaded,
            &self.title,
        )
    }

    /// The packages, with the number of copies where there are several; equal ones are
    /// neighbours, because rows are sorted before they are folded.
    pub(super) fn names(&self) -> String {
        let mut names: Vec<(&str, usize)> = Vec::new();
        for package in &self.packages {
            match names.last_mut() {
                Some((name, times)) if name == package => *times += 1,
                _ => names.push((package, 1)),
            }
        }
        let shown = |(name, times): &(&str, usize)| match times {
            1 => (*name).to_owned(),
            _ => format!("{name} ({times}×)"),
        };
        names.iter().map(shown).collect::<Vec<_>>().join(", ")
    }
}

fn fixed(fix: &FixState) -> (String, Role) {
    let words = match fix {
        FixState::Fixed(versions) => {
            let nearest = versions.first().map(|version| text::one_line(version));
            return nearest
                .map_or_else(|| ("yes".into(), Role::Good), |version| (version, Role::Good));
        }
        FixState::WillNotFix => "will not fix",
        FixState::Deferred => "deferred",
        FixState::UnderInvestigation => "investigated",
        FixState::EndOfLife => "end of life",
        _ => "no fix",
    };
    (words.into(), Role::Faint)
}

fn layer(finding: &Finding, layers: &[Layer]) -> String {
    let Some(at) = finding.package.locations.first().and_then(|place| place.layer) else {
        return String::new();
    };
    let layer = usize::try_from(at).ok().and_then(|at| layers.get(at));
    let made_by = layer.map(|layer| instruction::of(&layer.created_by)).unwrap_or_default();
    format!("#{at} {made_by}").trim_end().to_owned()
}

fn marks(finding: &Finding) -> String {
    let mut marks = Vec::new();
    if finding.kev.is_some() {
        marks.push("KEV".to_owned());
    }
    if let Some(score) = epss(finding) {
        marks.push(format!("EPSS {:.0}%", score * 100.0));
    }
    marks.join(" ")
}
