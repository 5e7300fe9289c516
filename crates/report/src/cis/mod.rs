//! How a machine came out by the CIS benchmark, in one of the known formats, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`CisFormat::ALL`].

mod json;
mod junit;
mod table;

use std::io::{self, Write};

use plimsoll_kube::cis::{Assessed, State};

use crate::Style;
use crate::resources::Check;

/// A machine and how it came out.
#[derive(Debug)]
pub struct CisReport<'a> {
    /// What the machine is called.
    pub name: String,
    /// How it came out.
    pub found: &'a Assessed,
}

/// A way to write it.
#[derive(Debug, Clone, Copy)]
pub struct CisFormat {
    /// As `-o` takes it.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Writes the whole document.
    pub write: fn(&CisReport<'_>, &Style, &mut dyn Write) -> io::Result<()>,
}

impl CisFormat {
    /// The registry.
    pub const ALL: &'static [Self] = &[table::FORMAT, json::FORMAT, junit::FORMAT];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name == name)
    }
}

/// Where the benchmark can be had.
const SOURCE: &str = "https://www.cisecurity.org/benchmark/kubernetes";

/// What checks found, as reports in a cluster have it: those that passed or failed, not those that are
/// left to a person.
pub fn cis_checks<'a>(
    all: impl IntoIterator<Item = &'a (&'static plimsoll_kube::cis::Check, State)>,
) -> Vec<Check> {
    let judged = all.into_iter().filter(|(_, state)| matches!(state, State::Pass | State::Fail(_)));
    judged
        .map(|(check, state)| Check {
            id: format!("CIS-{}", check.id),
            title: check.title.to_owned(),
            why: format!("{SOURCE}, {}", check.id),
            severity: check.severity(),
            messages: state.said().into_iter().map(str::to_owned).collect(),
            remediation: check.remedy.to_owned(),
            success: *state == State::Pass,
        })
        .collect()
}
