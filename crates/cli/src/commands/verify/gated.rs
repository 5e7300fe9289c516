//! Who signed an image and what hangs on it, for a gate that asks about both.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use plimsoll_image::attached::Registries;
use plimsoll_model::{Digest, ImageName};
use plimsoll_supply::key::PublicKey;
use plimsoll_supply::quorum::Trust;
use plimsoll_supply::trust::TrustedRoot;
use plimsoll_supply::verify::{IdentityPolicy, Pattern, Policy, Report, SignerSummary};

use super::admitted::reason;
use super::candidates;
use super::image::Verifier;
use super::rules::{self, Rules};
use crate::evidence::Evidence;
use crate::exit::Usage;

/// Who must have signed, as settings name him; files are seen from a folder.
#[derive(Debug, Default)]
pub(crate) struct Named {
    pub(crate) key: Option<String>,
    pub(crate) identity: Option<String>,
    pub(crate) identity_regexp: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) policy: Option<String>,
    pub(crate) trusted_root: Option<String>,
}

/// Those who may sign.
pub(crate) struct Signers {
    rules: Rules,
    root: TrustedRoot,
    registries: Arc<Registries>,
}

/// An attestation that somebody who may sign has signed.
pub(crate) struct Attested {
    pub(crate) who: String,
    pub(crate) statement: Vec<u8>,
    pub(crate) report: Report,
}

impl Named {
    /// The policy of the one signer that is named; `None` where a file of policies is, or nobody.
    fn one(&self, folder: &Path) -> anyhow::Result<Option<Policy>> {
        if let Some(key) = &self.key {
            let file = folder.join(key);
            let shown = file.display();
            let bytes = std::fs::read(&file).with_context(|| format!("cannot read `{shown}`"))?;
            let key = PublicKey::from_bytes(&bytes).with_context(|| format!("`{shown}`"))?;
            return Ok(Some(Policy::key(key)));
        }
        let subject = match (&self.identity, &self.identity_regexp) {
            (Some(text), _) => Pattern::Exact(text.clone()),
            (None, Some(regex)) => {
                Pattern::regex(regex).map_err(|error| Usage(error.to_string()))?
            }
            (None, None) => return Ok(None),
        };
        let Some(issuer) = &self.issuer else {
            let why = "`identity` says who signed, and nothing says who vouches for the name: set \
                       `issuer`";
            return Err(Usage(why.into()).into());
        };
        let issuer = Some(Pattern::Exact(issuer.clone()));
        let identity = IdentityPolicy { subject: Some(subject), issuer, extensions: Vec::new() };
        Ok(Some(Policy::identities(vec![identity])))
    }
}

impl Signers {
    /// Those who are named; `None` where nobody is.
    pub(crate) fn of(
        named: &Named,
        folder: &Path,
        registries: &Arc<Registries>,
    ) -> anyhow::Result<Option<Self>> {
        let trusted_root = named.trusted_root.as_ref().map(|file| folder.join(file));
        let rules = match (&named.policy, named.one(folder)?) {
            (Some(_), Some(_)) => {
                let why = "`policy` says who must have signed: leave `key` and `identity` out";
                return Err(Usage(why.into()).into());
            }
            (Some(file), None) => rules::file(&folder.join(file), trusted_root.is_some())?,
            (None, Some(policy)) => rules::one(policy, None, std::collections::BTreeMap::new()),
            (None, None) => return Ok(None),
        };
        let root = crate::trust::root(trusted_root.as_deref())?;
        Ok(Some(Self { rules, root, registries: Arc::clone(registries) }))
    }

    /// Who signed the image, or why nobody did who may.
    pub(crate) fn signature(&self, reference: &str) -> anyhow::Result<Result<String, String>> {
        let registries = Arc::clone(&self.registries);
        let verifier = Verifier {
            rules: &self.rules,
            root: &self.root,
            registries,
            cache: None,
            offline: false,
        };
        let verdict = verifier.verify(reference)?;
        if !verdict.passes {
            return Ok(Err(reason(&verdict, false)));
        }
        let groups = verdict.parts.iter().flat_map(|part| &part.judgement.groups);
        let signed = groups.flat_map(|group| &group.signed);
        let mut who: Vec<String> =
            signed.filter_map(|it| it.report.as_ref()?.signer.as_ref()).map(called).collect();
        who.sort();
        who.dedup();
        Ok(Ok(if who.is_empty() { "as its policy asks".into() } else { who.join(", ") }))
    }

    /// What hangs on the image of some types and holds, and why other such things do not.
    pub(crate) fn attested(
        &self,
        all: &[Evidence],
        repository: &str,
        name: Option<&ImageName>,
        digest: &Digest,
        kinds: &[&str],
    ) -> (Vec<Attested>, Vec<String>) {
        let (mut good, mut refused) = (Vec::new(), Vec::new());
        for asked in self.rules.asked(name, digest) {
            for authority in &asked.requirements.authorities {
                let Trust::Signers(policies) = &authority.trust else { continue };
                for (policy, kind) in
                    policies.iter().flat_map(|policy| kinds.iter().map(move |kind| (policy, kind)))
                {
                    for one in candidates::judged(all, repository, digest, kind, policy, &self.root)
                    {
                        match (one.report.verified, one.statement) {
                            (true, Some(statement)) => good.push(Attested {
                                who: one.report.signer.as_ref().map(called).unwrap_or_default(),
                                statement,
                                report: one.report,
                            }),
                            _ => refused.extend(one.report.failure().map(|step| {
                                format!("{} is {}, not {}", step.name, step.found, step.expected)
                            })),
                        }
                    }
                }
            }
        }
        (good, refused)
    }
}

/// A signer by its name, or by its key where it has none.
fn called(signer: &SignerSummary) -> String {
    let names: Vec<String> = signer.names.iter().map(|name| name.as_str().to_owned()).collect();
    match (names.is_empty(), &signer.issuer) {
        (true, _) => {
            format!("key {}", signer.key_sha256.get(..12).unwrap_or(&signer.key_sha256))
        }
        (false, Some(issuer)) => format!("{} by {issuer}", names.join(", ")),
        (false, None) => names.join(", "),
    }
}
