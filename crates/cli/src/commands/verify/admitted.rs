//! Images judged for admission: who signed them, what a scan says, how old their base is.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use plimsoll_admission::settings::{Base, Images, Scan};
use plimsoll_admission::{ImageJudge, ImageRule, ImageVerdict, ImageViolation};
use plimsoll_image::Options;
use plimsoll_image::attached::{Registries, Repository};
use plimsoll_model::{Digest, ImageName};
use plimsoll_policy::Gates;
use plimsoll_supply::image_policy::NoMatch;
use plimsoll_supply::quorum::{Judgement, Trust};
use plimsoll_supply::scan_claim::{PREDICATE_TYPE, ScanClaim};
use plimsoll_supply::trust::TrustedRoot;

use super::base_age::{BaseAge, base_age};
use super::image::{Verdict, Verifier};
use super::rules::{self, Rules};
use super::{candidates, scan, vex};
use crate::evidence::{self, Evidence};
use crate::{clock, scan_claim};

/// Judges images by what hangs on them.
pub(crate) struct Judge {
    signature: Option<Arc<Rules>>,
    scan: Option<(Arc<Rules>, Gates)>,
    base: Option<Base>,
    root: Arc<TrustedRoot>,
    registries: Arc<Registries>,
    options: Options,
}

impl Judge {
    /// One that asks what the settings say; files that they name are seen from `folder`.
    pub(crate) fn new(
        images: &Images,
        folder: &Path,
        trusted_root: Option<&Path>,
        options: Options,
    ) -> anyhow::Result<Self> {
        let file =
            |name: &str| rules::file(&folder.join(name), trusted_root.is_some()).map(Arc::new);
        let gates = |scan: &Scan| Gates {
            fail_on: scan.fail_on,
            only_fixed: scan.only_fixed,
            fail_on_exploited: scan.fail_on_exploited,
            max_scan_age: Some(scan.max_age.0.as_secs()),
            ..Gates::default()
        };
        let scan = images.scan.as_ref();
        let scan = scan.map(|scan| anyhow::Ok((file(&scan.policy)?, gates(scan)))).transpose()?;
        Ok(Self {
            signature: images.signature.as_ref().map(|it| file(&it.policy)).transpose()?,
            scan,
            base: images.base,
            root: Arc::new(crate::trust::root(trusted_root)?),
            registries: Arc::new(Registries::new(options.clone())),
            options,
        })
    }

    fn repository(&self, name: &ImageName) -> anyhow::Result<Repository> {
        Ok(self.registries.of(name)?)
    }

    fn judged(&self, image: &str, digest: &Digest) -> anyhow::Result<ImageVerdict> {
        let name: ImageName = image.parse()?;
        let pinned: ImageName =
            if name.digest().is_some() { name } else { format!("{image}@{digest}").parse()? };
        let mut verdict = ImageVerdict { digest: digest.clone(), violations: Vec::new() };
        if let Some(rules) = &self.signature {
            self.signed(rules, &pinned, &mut verdict)?;
        }
        if let Some((rules, gates)) = &self.scan
            && let Some(why) = self.scanned(rules, gates, &pinned)?
        {
            verdict.violations.push(ImageViolation { rule: ImageRule::Scan, why, warns: false });
        }
        if let Some(base) = self.base
            && let Some(why) = self.aged(base, &pinned)?
        {
            verdict.violations.push(ImageViolation { rule: ImageRule::Base, why, warns: false });
        }
        Ok(verdict)
    }

    fn signed(&self, rules: &Rules, name: &ImageName, to: &mut ImageVerdict) -> anyhow::Result<()> {
        let verifier = Verifier {
            rules,
            root: &self.root,
            registries: Arc::clone(&self.registries),
            cache: None,
            offline: false,
        };
        let found = verifier.verify(&format!("registry:{name}"))?;
        let violation = |why, warns| ImageViolation { rule: ImageRule::Signature, why, warns };
        if !found.passes {
            to.violations.push(violation(reason(&found, false), false));
        } else if found.unmatched == Some(NoMatch::Warn)
            || found.parts.iter().any(|part| part.warns && !part.judgement.verified)
        {
            to.violations.push(violation(reason(&found, true), true));
        }
        Ok(())
    }

    /// Why the newest scan that somebody vouches for does not do.
    fn scanned(
        &self,
        rules: &Rules,
        gates: &Gates,
        name: &ImageName,
    ) -> anyhow::Result<Option<String>> {
        let repository = self.repository(name)?;
        let image = scan_claim::image(&repository, &self.options)?.descriptor.digest;
        let mut newest: Option<ScanClaim> = None;
        let mut said = Vec::new();
        let mut statements = Vec::new();
        let mut collected: Option<Vec<Evidence>> = None;
        for asked in rules.asked(Some(name), &image) {
            for authority in &asked.requirements.authorities {
                let Trust::Signers(policies) = &authority.trust else { continue };
                for policy in policies {
                    let all = match &mut collected {
                        Some(all) => all,
                        none => none.insert(evidence::collect(&repository, &image)?),
                    };
                    let judged = |kind: &str| {
                        candidates::judged(
                            all,
                            &repository.name(),
                            &image,
                            kind,
                            policy,
                            &self.root,
                        )
                    };
                    let scans = judged(PREDICATE_TYPE);
                    let found = scan::newest(&scans, &image, |_, why| said.push(why));
                    if let Some((claim, _)) = found
                        && newest.as_ref().is_none_or(|it| it.scanned_on < claim.scanned_on)
                    {
                        newest = Some(claim);
                    }
                    for kind in vex::PREDICATE_TYPES {
                        let good = judged(kind).into_iter().filter(|it| it.report.verified);
                        statements.extend(good.filter_map(|it| it.statement));
                    }
                }
            }
        }
        let Some(claim) = newest else {
            let odd = said.first().map_or(String::new(), |why| format!(": {why}"));
            return Ok(Some(format!("has no scan that somebody asked for vouches for{odd}")));
        };
        let mut scan = claim.to_scan()?;
        vex::apply(&statements, &mut scan);
        let verdict = gates.verdict(&scan, clock::now());
        let failed = verdict.failed.iter().map(|it| it.reason.as_str()).collect::<Vec<_>>();
        Ok((!failed.is_empty())
            .then(|| format!("does not pass by its scan: {}", failed.join(", "))))
    }

    /// Why what the image is built on is too old.
    fn aged(&self, wanted: Base, name: &ImageName) -> anyhow::Result<Option<String>> {
        let repository = self.repository(name)?;
        let stored = scan_claim::image(&repository, &self.options)?;
        let (base, created) = match base_age(&stored, &self.registries, &self.options)? {
            BaseAge::Unsaid => return Ok(Some("does not say what it is built on".into())),
            BaseAge::Odd(why) => return Ok(Some(why)),
            BaseAge::Of(base, created) => (base, created),
        };
        let age = clock::now().as_unix().saturating_sub(created.as_unix());
        let limit = i64::try_from(wanted.max_age.0.as_secs()).unwrap_or(i64::MAX);
        Ok((age > limit).then(|| {
            let days = age / 86_400;
            format!("is built on `{base}` of {}, {days} days old", created.date())
        }))
    }
}

impl ImageJudge for Judge {
    fn resolve(&self, image: &str) -> Result<Digest, String> {
        let resolved = || -> anyhow::Result<Digest> {
            let name: ImageName = image.parse()?;
            Ok(self.repository(&name)?.subject()?.descriptor.digest)
        };
        resolved().map_err(|error| crate::exit::chain(&error))
    }

    fn judge(&self, image: &str, digest: &Digest) -> Result<ImageVerdict, String> {
        let judged = self.judged(image, digest).with_context(|| format!("`{image}`"));
        judged.map_err(|error| crate::exit::chain(&error))
    }
}

/// Why an image does not hold, in one line.
pub(super) fn reason(verdict: &Verdict, warning: bool) -> String {
    if verdict.unmatched.is_some() {
        return "is one that no policy is for".into();
    }
    let failed =
        verdict.parts.iter().filter(|part| part.warns == warning && !part.judgement.verified);
    let all: Vec<String> = failed
        .map(|part| {
            let name = part.policy.as_deref().unwrap_or("policy");
            format!("policy {name}: {}", lacks(&part.judgement))
        })
        .collect();
    format!("does not hold by {}", all.join("; "))
}

fn lacks(judgement: &Judgement) -> String {
    let mut all = Vec::new();
    for group in judgement.groups.iter().filter(|group| group.counted < group.needed) {
        let missing = group.missing.join(", ");
        all.push(format!("{} of {} signers, without {missing}", group.counted, group.needed));
    }
    for claim in judgement.claims.iter().filter(|claim| claim.signed.is_empty()) {
        all.push(format!("no claim {} by {}", claim.predicate_type, claim.by.join(" or ")));
    }
    let first = judgement.refused.first();
    if let Some((refused, step)) = first.and_then(|it| Some((it, it.report.failure()?))) {
        let (place, found) = (&refused.place, &step.found);
        all.push(format!("{place}: {} is {found}, not {}", step.name, step.expected));
    } else if judgement.refused.is_empty() {
        all.push("nothing else hangs on it".into());
    }
    all.join("; ")
}
