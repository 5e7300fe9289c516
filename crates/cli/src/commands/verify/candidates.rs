//! What hangs on one image, each with its report, for questions about what it says.

use std::collections::BTreeMap;

use plimsoll_image::attached::Repository;
use plimsoll_model::Digest;
use plimsoll_supply::artefact::Artefact;
use plimsoll_supply::evidence::artefact;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{Policy, Report};
use serde_json::json;

use super::{Format, Verify, claims, print};
use crate::clock;
use crate::evidence::{self, Evidence};
use crate::exit::{Outcome, Usage, tell};

/// One candidate and what came of it.
pub(super) struct Candidate {
    /// What it is and where, for people.
    pub(super) name: String,
    /// What it must be about.
    pub(super) artefact: Artefact,
    /// Every check.
    pub(super) report: Report,
    /// The statement as it was signed, where it is one.
    pub(super) statement: Option<Vec<u8>>,
}

/// Verifies every attestation of a type that hangs on `subject`.
pub(super) fn attestations(
    repository: &Repository,
    subject: &Digest,
    predicate_type: &str,
    policy: &Policy,
    root: &TrustedRoot,
) -> anyhow::Result<Vec<Candidate>> {
    let all = evidence::collect(repository, subject)?;
    Ok(judged(&all, &repository.name(), subject, predicate_type, policy, root))
}

/// The same of what was collected before.
pub(super) fn judged(
    all: &[Evidence],
    repository: &str,
    subject: &Digest,
    predicate_type: &str,
    policy: &Policy,
    root: &TrustedRoot,
) -> Vec<Candidate> {
    let all = all.iter().filter(|it| it.predicate_type().as_deref() == Some(predicate_type));
    let candidate = |it: &Evidence| {
        let bundle = it.bundle().ok();
        Candidate {
            name: format!("{repository} ({})", it.place()),
            artefact: artefact(subject),
            report: it.judge(subject, &BTreeMap::new(), root, policy, clock::now()),
            statement: bundle.as_ref().and_then(claims::statement).map(<[u8]>::to_vec),
        }
    };
    all.map(candidate).collect()
}

impl Verify {
    /// Attestations of which policies must hold.
    ///
    /// They must hold of every one of the type, as in cosign: else whoever may write to the
    /// registry chooses which one is judged.
    pub(super) fn claimed(&self, root: &TrustedRoot) -> anyhow::Result<Outcome> {
        let policies = self.claims.load()?;
        let Some(wanted) = self.wanted()? else {
            let why = "a policy is about attestations: name which with `--type`, as `--type vuln`";
            return Err(Usage(why.into()).into());
        };
        let policy = self.signer.policy()?;
        let (_, repository) = self.repository()?;
        let subject = repository.subject()?.descriptor.digest;
        tell(&format!("{}@{subject}", repository.name()));
        let done = attestations(&repository, &subject, &wanted, &policy, root)?;
        let mut good = done.iter().filter(|it| it.report.verified).peekable();
        if good.peek().is_none() {
            return self.conclude(&done);
        }
        good.try_fold(Outcome::Clean, |outcome, one| {
            Ok(outcome.or(self.print_judged(one, &policies)?))
        })
    }

    /// One that holds is enough; where none does, all are shown.
    pub(super) fn conclude(&self, done: &[Candidate]) -> anyhow::Result<Outcome> {
        if let Some(good) = done.iter().find(|it| it.report.verified) {
            self.print(&good.name, &good.artefact, &good.report)?;
            return Ok(Outcome::Clean);
        }
        for bad in done {
            self.print(&bad.name, &bad.artefact, &bad.report)?;
        }
        if done.is_empty() {
            let what = self.kind.as_deref().unwrap_or("signature");
            tell(&format!(
                "refused: no {what} hangs on it; `plimsoll download list` shows what does"
            ));
        }
        Ok(Outcome::Gate(1))
    }

    /// Prints a verified attestation and what the policies say of it.
    pub(super) fn print_judged(
        &self,
        of: &Candidate,
        policies: &[claims::Loaded],
    ) -> anyhow::Result<Outcome> {
        let Some(statement) = &of.statement else {
            let why = format!("`{}` is signed itself, and policies are about statements", of.name);
            return Err(Usage(why).into());
        };
        let verdict = claims::judge(policies, statement)?;
        match self.format {
            Format::Text => {
                print::text(&of.name, &of.artefact, &of.report, self.explain)?;
                print::reasons(&verdict)?;
            }
            Format::Json => {
                print::json(&of.name, &of.artefact, &of.report, &json!({"policy": verdict}))?;
            }
        }
        Ok(if verdict.allowed { Outcome::Clean } else { Outcome::Gate(5) })
    }
}
