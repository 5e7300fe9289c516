//! What is counted of an answer, for metrics.

use plimsoll_kube::pss::{Policy, Profile, Version};

use crate::review::Request;
use crate::settings::Mode;

/// What a policy said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It allows it.
    Allow,
    /// It forbids it.
    Deny,
}

impl Decision {
    /// As metrics have it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

/// An evaluation of a policy: the labels of `pod_security_evaluations_total`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluated {
    /// What it said.
    pub decision: Decision,
    /// `baseline`.
    pub level: &'static str,
    /// `v1.30`, `latest`.
    pub version: String,
    /// For which of the three.
    pub mode: Mode,
}

/// What is counted of one answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Policies that were evaluated.
    pub evaluations: Vec<Evaluated>,
    /// Whether somebody was exempt.
    pub exempt: bool,
    /// Errors, and whether each kept the pod from being judged.
    pub errors: Vec<bool>,
    /// Rules of our own that were violated.
    pub violations: Vec<(&'static str, Mode)>,
    /// What could not be decided.
    pub undecided: Vec<&'static str>,
}

impl Tally {
    pub(crate) fn evaluation(
        &mut self,
        _: &Request<'_>,
        decision: Decision,
        policy: Policy,
        mode: Mode,
    ) {
        let is_open = policy.profile == Profile::Privileged;
        let version = match policy.version {
            Version::Minor(_) if !is_open => policy.version.to_string(),
            _ => "latest".to_owned(),
        };
        self.evaluations.push(Evaluated { decision, level: policy.profile.name(), version, mode });
    }

    pub(crate) fn exemption(&mut self, _: &Request<'_>) {
        self.exempt = true;
    }

    pub(crate) fn error(&mut self, _: &Request<'_>, fatal: bool) {
        self.errors.push(fatal);
    }
}
