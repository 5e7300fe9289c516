//! Who must have signed, as flags say it.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use plimsoll_supply::certificate::{Authority, FulcioExtension};
use plimsoll_supply::key::PublicKey;
use plimsoll_supply::sign::Signer as _;
use plimsoll_supply::verify::{IdentityPolicy, Pattern, Policy};

use super::rules::Rules;
use super::{image, rules};
use crate::exit::Usage;
use crate::signing::{self, key};

/// Who must have signed.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Signer")]
pub(crate) struct Wanted {
    /// A public key: a file in PEM or DER, or `hashivault://NAME` in a server, which is asked for it
    #[arg(long, value_name = "KEY", conflicts_with_all = ["certificate_identity", "certificate_identity_regexp", "certificate_chain"])]
    key: Option<PathBuf>,

    /// Of an image: so many of the public keys in a PEM file, `2-of`, `any-of` or `all-of`; several
    /// of these must all be met, and a signer counts once
    #[arg(long, num_args = 2, value_names = ["COUNT-of", "FILE"], conflicts_with_all = ["key", "certificate_identity", "certificate_identity_regexp", "certificate_chain", "policy"])]
    require: Vec<String>,

    /// The file of policies about images, which say who must have signed.
    #[arg(skip)]
    pub(super) policy: Option<PathBuf>,

    /// Of an image: something that the signer must have said of it
    #[arg(short, long = "annotation", value_name = "KEY=VALUE", conflicts_with = "policy")]
    annotations: Vec<String>,

    /// The name in the certificate: an address, or the URI of a workflow
    #[arg(long, value_name = "NAME")]
    certificate_identity: Option<String>,

    /// A regular expression that matches somewhere in the name; anchor it with ^ and $
    #[arg(long, value_name = "REGEX", conflicts_with = "certificate_identity")]
    certificate_identity_regexp: Option<String>,

    /// Who vouched for the name
    #[arg(long, value_name = "URL")]
    certificate_oidc_issuer: Option<String>,

    /// A regular expression that matches somewhere in the issuer
    #[arg(long, value_name = "REGEX", conflicts_with = "certificate_oidc_issuer")]
    certificate_oidc_issuer_regexp: Option<String>,

    /// One's own authority: certificates in PEM, the root last; the name is optional then
    #[arg(long, value_name = "FILE")]
    certificate_chain: Option<PathBuf>,

    /// The repository of the workflow, such as `org/repo`
    #[arg(long, value_name = "REPOSITORY", alias = "certificate-github-workflow-repository")]
    workflow_repository: Option<String>,

    /// The reference of the workflow, such as `refs/heads/main`
    #[arg(long, value_name = "REF", alias = "certificate-github-workflow-ref")]
    workflow_ref: Option<String>,

    /// The commit of the workflow
    #[arg(long, value_name = "SHA", alias = "certificate-github-workflow-sha")]
    workflow_sha: Option<String>,

    /// The name of the workflow
    #[arg(long, value_name = "NAME", alias = "certificate-github-workflow-name")]
    workflow_name: Option<String>,

    /// The event that started the workflow
    #[arg(long, value_name = "EVENT", alias = "certificate-github-workflow-trigger")]
    workflow_trigger: Option<String>,

    /// Anything else that the certificate must say, such as `runnerEnvironment=github-hosted`
    #[arg(long, value_name = "NAME=VALUE")]
    certificate_extension: Vec<String>,

    /// How many transparency logs must have the signature [default: 1; with a key or one's own
    /// authority 1 where the bundle has entries]
    #[arg(long, value_name = "COUNT")]
    log_entries: Option<usize>,

    /// How many times of the signature must be vouched for [default: 1; with a key or one's own
    /// authority 0]
    #[arg(long, value_name = "COUNT")]
    times: Option<usize>,

    /// How many logs must have promised to publish the certificate [default: 1; with one's own
    /// authority 0]
    #[arg(long, value_name = "COUNT")]
    certificate_logs: Option<usize>,
}

impl Wanted {
    /// Whether a key is named.
    pub(super) fn by_key(&self) -> bool {
        self.key.is_some()
    }

    /// The name that the certificate must have, where one is given.
    pub(super) fn subject(&self) -> anyhow::Result<Option<Pattern>> {
        pattern(self.certificate_identity.as_ref(), self.certificate_identity_regexp.as_deref())
    }

    /// The issuer that must have vouched, where one is given by its exact name.
    pub(super) fn issuer(&self) -> Option<String> {
        self.certificate_oidc_issuer.clone()
    }

    /// Whether a server is asked for the key.
    pub(super) fn asks_a_server(&self) -> bool {
        self.key.as_ref().is_some_and(|key| key::is_in_server(&key.to_string_lossy()))
    }

    /// What the flags ask for about an image, for attestations of a type where one is given.
    pub(super) fn rules(&self, kind: Option<&str>, has_root: bool) -> anyhow::Result<Rules> {
        let kind = kind.map(image::predicate_type).transpose()?;
        if let Some(file) = &self.policy {
            if kind.is_some() {
                let why = "`--policy` says which attestations must be there: leave `--type` out";
                return Err(Usage(why.into()).into());
            }
            return rules::file(file, has_root);
        }
        let annotations = signing::annotations(&self.annotations)?;
        if kind.is_some() && !annotations.is_empty() {
            let why = "`--annotation` is what a signature says, and `--type` asks for none";
            return Err(Usage(why.into()).into());
        }
        if !self.require.is_empty() {
            return rules::several(&self.require, kind.as_deref(), annotations);
        }
        Ok(rules::one(self.policy()?, kind, annotations))
    }

    /// Whether anything is asked about a signer, even if it is not enough to ask for one.
    pub(super) fn is_given(&self) -> bool {
        let texts = [
            &self.certificate_oidc_issuer,
            &self.certificate_oidc_issuer_regexp,
            &self.workflow_repository,
            &self.workflow_ref,
            &self.workflow_sha,
            &self.workflow_name,
            &self.workflow_trigger,
        ];
        let counts = [&self.log_entries, &self.times, &self.certificate_logs];
        !self.is_one()
            || self.by_certificate()
            || self.by_key()
            || !self.annotations.is_empty()
            || !self.certificate_extension.is_empty()
            || texts.into_iter().any(Option::is_some)
            || counts.into_iter().any(Option::is_some)
    }

    /// Refuses a signer beside a file of policies, which names its own.
    pub(super) fn alone(&self) -> Result<(), Usage> {
        let Some(file) = &self.policy else { return Ok(()) };
        let flags = [
            ("--key", self.key.is_some()),
            ("--certificate-identity", self.certificate_identity.is_some()),
            ("--certificate-identity-regexp", self.certificate_identity_regexp.is_some()),
            ("--certificate-chain", self.certificate_chain.is_some()),
        ];
        match flags.iter().find(|(_, given)| *given) {
            Some((flag, _)) => {
                let file = file.display();
                Err(Usage(format!("`{file}` says who must have signed: leave `{flag}` out")))
            }
            None => Ok(()),
        }
    }

    /// Refuses what is only for images.
    pub(super) fn only_for_files(&self) -> Result<(), Usage> {
        let flags = [
            ("--require", self.require.is_empty()),
            ("--policy", self.policy.is_none()),
            ("--annotation", self.annotations.is_empty()),
        ];
        match flags.iter().find(|(_, absent)| !absent) {
            Some((flag, _)) => Err(Usage(format!("`{flag}` is for images, and this is a file"))),
            None => Ok(()),
        }
    }

    /// Which half of who must have signed is not said, where it is no key: the name first.
    pub(crate) fn lacks(&self) -> Option<&'static str> {
        let has =
            |exact: &Option<String>, regex: &Option<String>| exact.is_some() || regex.is_some();
        if self.by_key() {
            None
        } else if !has(&self.certificate_identity, &self.certificate_identity_regexp) {
            Some("identity")
        } else if !has(&self.certificate_oidc_issuer, &self.certificate_oidc_issuer_regexp) {
            Some("oidc-issuer")
        } else {
            None
        }
    }

    /// What the signer must have said of the image.
    pub(crate) fn annotations(&self) -> Result<std::collections::BTreeMap<String, String>, Usage> {
        signing::annotations(&self.annotations)
    }

    /// Whether a certificate is asked for.
    pub(super) fn by_certificate(&self) -> bool {
        let names = [&self.certificate_identity, &self.certificate_identity_regexp];
        names.into_iter().any(Option::is_some) || self.certificate_chain.is_some()
    }

    /// Whether one signer is asked for.
    pub(super) fn is_one(&self) -> bool {
        self.require.is_empty() && self.policy.is_none()
    }

    /// The policy that the flags amount to.
    pub(crate) fn policy(&self) -> anyhow::Result<Policy> {
        let mut policy = self.base()?;
        if let Some(count) = self.log_entries {
            policy.log_entries = Some(count);
        }
        if let Some(count) = self.times {
            policy.times = count;
        }
        if let Some(count) = self.certificate_logs {
            policy.certificate_logs = count;
        }
        Ok(policy)
    }

    fn base(&self) -> anyhow::Result<Policy> {
        if let Some(name) = self.key.as_ref().filter(|_| self.asks_a_server()) {
            let key = key::in_server(&name.to_string_lossy())?;
            return Ok(Policy::key(key.public().clone()));
        }
        if let Some(file) = &self.key {
            let shown = file.display();
            let bytes = fs::read(file).with_context(|| format!("cannot read `{shown}`"))?;
            let key = PublicKey::from_bytes(&bytes).with_context(|| format!("`{shown}`"))?;
            return Ok(Policy::key(key));
        }
        let identity = IdentityPolicy {
            subject: pattern(
                self.certificate_identity.as_ref(),
                self.certificate_identity_regexp.as_deref(),
            )?,
            issuer: pattern(
                self.certificate_oidc_issuer.as_ref(),
                self.certificate_oidc_issuer_regexp.as_deref(),
            )?,
            extensions: self.extensions()?,
        };
        if let Some(file) = &self.certificate_chain {
            let named = identity.subject.is_some()
                || identity.issuer.is_some()
                || !identity.extensions.is_empty();
            let identities = if named { vec![identity] } else { Vec::new() };
            return Ok(Policy::own_authority(authority(file)?, identities));
        }
        if identity.subject.is_none() || identity.issuer.is_none() {
            let why = "name who must have signed: --key FILE, or --certificate-identity NAME with \
                       --certificate-oidc-issuer URL, or --certificate-chain FILE for an authority \
                       of your own";
            return Err(Usage(why.into()).into());
        }
        Ok(Policy::identities(vec![identity]))
    }

    fn extensions(&self) -> anyhow::Result<Vec<(FulcioExtension, String)>> {
        let by_flag = [
            ("githubWorkflowRepository", &self.workflow_repository),
            ("githubWorkflowRef", &self.workflow_ref),
            ("githubWorkflowSHA", &self.workflow_sha),
            ("githubWorkflowName", &self.workflow_name),
            ("githubWorkflowTrigger", &self.workflow_trigger),
        ];
        let by_flag = by_flag.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        let by_name = self.certificate_extension.iter().map(|text| {
            text.split_once('=')
                .map(|(name, value)| (name, value.to_owned()))
                .ok_or_else(|| Usage(format!("`{text}` is not of the form NAME=VALUE")))
        });
        by_flag
            .map(Ok)
            .chain(by_name)
            .map(|pair| {
                let (name, value) = pair?;
                let extension = FulcioExtension::named(name).ok_or_else(|| {
                    let known: Vec<_> = FulcioExtension::ALL.iter().map(|it| it.name).collect();
                    Usage(format!("unknown extension `{name}`: {}", known.join(", ")))
                })?;
                Ok((extension, value))
            })
            .collect()
    }
}

fn pattern(exact: Option<&String>, regex: Option<&str>) -> anyhow::Result<Option<Pattern>> {
    match (exact, regex) {
        (Some(text), _) => Ok(Some(Pattern::Exact(text.clone()))),
        (None, Some(regex)) => {
            let pattern = Pattern::regex(regex).map_err(|error| Usage(error.to_string()))?;
            Ok(Some(pattern))
        }
        (None, None) => Ok(None),
    }
}

/// Roots are the certificates that issued themselves, else the last one.
fn authority(file: &std::path::Path) -> anyhow::Result<Authority> {
    let shown = file.display();
    let bytes = fs::read(file).with_context(|| format!("cannot read `{shown}`"))?;
    Authority::from_pem(&bytes).with_context(|| format!("`{shown}`"))
}
