//! One image: what its reference stands for now, what hangs on it, and whether that is what is
//! asked for.

use std::collections::BTreeSet;
use std::sync::Arc;

use plimsoll_image::attached::{Registries, Repository};
use plimsoll_model::{Digest, Reference, ReferenceError};
use plimsoll_supply::bundle::Bundle;
use plimsoll_supply::error::Error;
use plimsoll_supply::image_policy::NoMatch;
use plimsoll_supply::predicate_policy::PredicatePolicies;
use plimsoll_supply::quorum::{Context, Judgement, judge, key};
use plimsoll_supply::sign::predicate::Predicate;
use plimsoll_supply::trust::TrustedRoot;

use super::cached::Cache;
use super::rules::{Asked, Rules};
use crate::clock;
use crate::evidence::{self, Evidence, Form, Listing};
use crate::exit::{Outcome, Usage};

/// What images are verified with; for many threads at a time.
pub(super) struct Verifier<'v> {
    pub(super) rules: &'v Rules,
    pub(super) root: &'v TrustedRoot,
    pub(super) registries: Arc<Registries>,
    /// Passes of before, where somebody wants them.
    pub(super) cache: Option<Cache>,
    /// Whether no registry may be asked.
    pub(super) offline: bool,
}

/// What came of an image.
pub(super) struct Verdict {
    /// As it was typed.
    pub(super) reference: String,
    /// Host and repository, or the folder.
    pub(super) repository: String,
    /// What the reference stood for.
    pub(super) digest: Digest,
    /// Whether it may be used.
    pub(super) passes: bool,
    /// What each policy says.
    pub(super) parts: Vec<Part>,
    /// What became of it because no policy is for it.
    pub(super) unmatched: Option<NoMatch>,
    /// Who signed, where that was verified before.
    pub(super) cached: Option<Vec<String>>,
    /// Whether a refusal is a policy's.
    pub(super) by_policy: bool,
}

/// What one policy says.
pub(super) struct Part {
    pub(super) policy: Option<String>,
    pub(super) warns: bool,
    pub(super) judgement: Judgement,
}

impl Verdict {
    pub(super) fn outcome(&self) -> Outcome {
        match (self.passes, self.by_policy) {
            (true, _) => Outcome::Clean,
            (false, false) => Outcome::Gate(1),
            (false, true) => Outcome::Gate(5),
        }
    }

    /// Host, repository and digest.
    pub(super) fn pinned(&self) -> String {
        format!("{}@{}", self.repository, self.digest)
    }
}

/// The predicate type that is called `name`.
pub(crate) fn predicate_type(name: &str) -> Result<String, Usage> {
    match Predicate::named(name) {
        Some(kind) => Ok(kind.uri.to_owned()),
        None if name.contains("://") => Ok(name.to_owned()),
        None => Err(Usage(format!("unknown type `{name}`: `plimsoll attest --help` lists them"))),
    }
}

/// Every bundle that refers to `subject`.
pub(super) fn bundles(
    repository: &Repository,
    subject: &Digest,
) -> anyhow::Result<Vec<Result<Bundle, Error>>> {
    let all = evidence::collect(repository, subject)?;
    let bundles = all.iter().filter(|it| it.form == Form::Bundle);
    Ok(bundles.map(Evidence::bundle).collect())
}

impl Verifier<'_> {
    /// Resolves a reference and verifies what it stands for.
    pub(super) fn verify(&self, text: &str) -> anyhow::Result<Verdict> {
        let reference: Reference =
            text.parse().map_err(|error: ReferenceError| Usage(error.to_string()))?;
        if self.offline && !matches!(reference, Reference::Path { .. }) {
            let why = format!("`{text}` is no file here, and `--offline` asks no registry");
            return Err(Usage(why).into());
        }
        let repository = self.registries.repository(&reference)?;
        let digest = repository.subject()?.descriptor.digest;
        let name = if let Reference::Image { name, .. } = &reference { Some(name) } else { None };
        let asked = self.rules.asked(name, &digest);
        let mut verdict = Verdict {
            reference: text.to_owned(),
            repository: repository.name(),
            digest,
            passes: false,
            parts: Vec::new(),
            unmatched: None,
            cached: None,
            by_policy: self.rules.is_policy(),
        };
        if asked.is_empty() {
            verdict.passes = self.rules.no_match() != NoMatch::Deny;
            verdict.unmatched = Some(self.rules.no_match());
        } else {
            self.search(repository, &asked, &mut verdict)?;
        }
        Ok(verdict)
    }

    /// Looks through what hangs on the image, first what refers to it, then tags, until all that
    /// is asked for is there.
    fn search(
        &self,
        repository: Repository,
        asked: &[Asked<'_>],
        verdict: &mut Verdict,
    ) -> anyhow::Result<()> {
        let mut places = vec![repository];
        for source in asked.iter().flat_map(|asked| asked.sources) {
            places.push(self.registries.of(source)?);
        }
        let requirements: Vec<[u8; 32]> =
            asked.iter().map(|asked| asked.requirements.digest()).collect();
        let mut evidence: Vec<Evidence> = Vec::new();
        let mut digests: BTreeSet<Digest> = BTreeSet::new();
        for listing in [Listing::referring, Listing::tagged] {
            let mut found = Vec::new();
            for place in &places {
                let listing = listing(place, &verdict.digest)?;
                digests.extend(listing.digests());
                found.push((place, listing));
            }
            let key = key(&verdict.digest, &digests, &self.root.digest, &requirements);
            if let Some(signers) = self.cache.as_ref().and_then(|cache| cache.find(&key)) {
                verdict.passes = true;
                verdict.cached = Some(signers);
                return Ok(());
            }
            for (place, listing) in found {
                evidence.extend(listing.read(place)?);
            }
            verdict.parts =
                asked.iter().map(|asked| self.part(asked, &evidence, verdict)).collect();
            if verdict.parts.iter().all(|part| part.judgement.verified) {
                verdict.passes = true;
                if let Some(cache) = &self.cache {
                    cache.keep(&key, &verdict.parts);
                }
                return Ok(());
            }
        }
        verdict.passes = verdict.parts.iter().all(|part| part.judgement.verified || part.warns);
        Ok(())
    }

    fn part(&self, asked: &Asked<'_>, evidence: &[Evidence], verdict: &Verdict) -> Part {
        let now = clock::now();
        let context = Context { root: self.root, now, conditions: &PredicatePolicies { now } };
        Part {
            policy: asked.policy.map(str::to_owned),
            warns: asked.warns,
            judgement: judge(evidence, &verdict.digest, asked.requirements, &context),
        }
    }
}
