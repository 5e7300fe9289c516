//! `cosign sign-blob`, `attest-blob`, and what verifies them.

use super::sign::{Signer, kind};
use crate::drop_in::NEAR;
use crate::drop_in::words::Words;
use crate::exit::{Outcome, Usage, tell};

/// A file.
#[derive(Debug, clap::Args)]
pub(super) struct SignBlob {
    /// The file
    #[arg(value_name = "FILE")]
    file: String,

    #[command(flatten)]
    signer: Signer,

    /// Where the bundle goes
    #[arg(long, value_name = "FILE")]
    bundle: Option<String>,

    /// Where the signature alone goes; without it and without a bundle, stdout
    #[arg(long, value_name = "FILE", alias = "output", conflicts_with = "bundle")]
    output_signature: Option<String>,

    /// A bundle is Sigstore's; false, which asks for cosign's older one, is refused beside `--bundle`
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = NEAR)]
    new_bundle_format: Option<bool>,
}

/// Refuses cosign's older bundle, of which there is none here.
fn check_form(new_bundle_format: Option<bool>, bundle: Option<&str>) -> Result<(), Usage> {
    if new_bundle_format == Some(false) && bundle.is_some() {
        let why = "cosign: `--new-bundle-format=false` with `--bundle` is not here: Sigstore's bundle without it";
        return Err(Usage(why.to_owned()));
    }
    Ok(())
}

impl SignBlob {
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        check_form(self.new_bundle_format, self.bundle.as_deref())?;
        let mut words = Words::of(&["sign"]);
        self.signer.add(&mut words);
        match (&self.bundle, &self.output_signature) {
            (Some(bundle), _) => words.option("--bundle", Some(bundle)),
            (None, place) => words.option("--signature", Some(place.as_deref().unwrap_or("-"))),
        };
        words.last([&format!("file:{}", self.file)]).run()
    }
}

/// Who must have signed a file, and what proves it.
#[derive(Debug, clap::Args)]
struct Signed {
    /// The public key
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// The bundle
    #[arg(long, value_name = "FILE")]
    bundle: Option<String>,

    /// The signature alone
    #[arg(long, value_name = "FILE")]
    signature: Option<String>,

    /// The name in the certificate
    #[arg(long, value_name = "NAME")]
    certificate_identity: Option<String>,

    /// A regular expression that matches somewhere in the name
    #[arg(long, value_name = "REGEX")]
    certificate_identity_regexp: Option<String>,

    /// Who vouched for it
    #[arg(long, value_name = "URL")]
    certificate_oidc_issuer: Option<String>,

    /// A regular expression that matches somewhere in the issuer
    #[arg(long, value_name = "REGEX")]
    certificate_oidc_issuer_regexp: Option<String>,

    /// One's own authority
    #[arg(long, value_name = "FILE")]
    certificate_chain: Option<String>,

    /// The authorities and logs to trust
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<String>,

    /// The repository of the workflow
    #[arg(long, value_name = "REPOSITORY")]
    certificate_github_workflow_repository: Option<String>,

    /// The reference of the workflow
    #[arg(long, value_name = "REF")]
    certificate_github_workflow_ref: Option<String>,

    /// The commit of the workflow
    #[arg(long, value_name = "SHA")]
    certificate_github_workflow_sha: Option<String>,

    /// The name of the workflow
    #[arg(long, value_name = "NAME")]
    certificate_github_workflow_name: Option<String>,

    /// The event that started the workflow
    #[arg(long, value_name = "EVENT")]
    certificate_github_workflow_trigger: Option<String>,

    /// No log is asked for; with a key none is here unless the bundle has an entry
    #[arg(long, alias = "private-infrastructure", help_heading = NEAR)]
    insecure_ignore_tlog: bool,

    /// The certificate need not be published
    #[arg(long)]
    insecure_ignore_sct: bool,
}

impl Signed {
    /// Verifies a file, and says so as cosign does.
    fn verify(&self, kind: Option<&str>, file: &String) -> anyhow::Result<Outcome> {
        let outcome = Words::of(&["verify"])
            .option("--type", kind)
            .option("--key", self.key.as_deref())
            .option("--bundle", self.bundle.as_deref())
            .option("--signature", self.signature.as_deref())
            .option("--certificate-identity", self.certificate_identity.as_deref())
            .option("--certificate-identity-regexp", self.certificate_identity_regexp.as_deref())
            .option("--certificate-oidc-issuer", self.certificate_oidc_issuer.as_deref())
            .option(
                "--certificate-oidc-issuer-regexp",
                self.certificate_oidc_issuer_regexp.as_deref(),
            )
            .option("--certificate-chain", self.certificate_chain.as_deref())
            .option("--trusted-root", self.trusted_root.as_deref())
            .option("--workflow-repository", self.certificate_github_workflow_repository.as_deref())
            .option("--workflow-ref", self.certificate_github_workflow_ref.as_deref())
            .option("--workflow-sha", self.certificate_github_workflow_sha.as_deref())
            .option("--workflow-name", self.certificate_github_workflow_name.as_deref())
            .option("--workflow-trigger", self.certificate_github_workflow_trigger.as_deref())
            .option("--certificate-logs", self.insecure_ignore_sct.then_some("0"))
            .option("--log-entries", self.insecure_ignore_tlog.then_some("0"))
            .last([file])
            .run()?;
        if outcome == Outcome::Clean {
            tell("Verified OK");
        }
        Ok(outcome)
    }
}

/// A file and who must have signed it.
#[derive(Debug, clap::Args)]
pub(super) struct VerifyBlob {
    /// The file
    #[arg(value_name = "FILE")]
    file: String,

    #[command(flatten)]
    signed: Signed,
}

impl VerifyBlob {
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        self.signed.verify(None, &self.file)
    }
}

/// A claim about a file.
#[derive(Debug, clap::Args)]
pub(super) struct AttestBlob {
    /// The file
    #[arg(value_name = "FILE")]
    file: String,

    #[command(flatten)]
    signer: Signer,

    /// What is claimed: a JSON document
    #[arg(long, value_name = "FILE")]
    predicate: String,

    /// What kind of claim it is, by cosign's name or a URI
    #[arg(long, value_name = "TYPE", default_value = "custom")]
    r#type: String,

    /// Where the bundle goes; without it, stdout
    #[arg(long, value_name = "FILE", help_heading = NEAR)]
    bundle: Option<String>,

    /// A bundle is Sigstore's; false, which asks for cosign's older one, is refused beside `--bundle`
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = NEAR)]
    new_bundle_format: Option<bool>,
}

impl AttestBlob {
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        check_form(self.new_bundle_format, self.bundle.as_deref())?;
        let mut words = Words::of(&["attest"]);
        self.signer.add(&mut words);
        words
            .option("--predicate", Some(&self.predicate))
            .option("--type", Some(kind(&self.r#type)))
            .option("--bundle", Some(self.bundle.as_deref().unwrap_or("-")));
        words.last([&format!("file:{}", self.file)]).run()
    }
}

/// A file, what is claimed of it, and by whom.
#[derive(Debug, clap::Args)]
pub(super) struct VerifyBlobAttestation {
    /// The file
    #[arg(value_name = "FILE")]
    file: String,

    #[command(flatten)]
    signed: Signed,

    /// What kind of claim it is, by cosign's name or a URI
    #[arg(long, value_name = "TYPE", default_value = "custom")]
    r#type: String,
}

impl VerifyBlobAttestation {
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        self.signed.verify(Some(kind(&self.r#type)), &self.file)
    }
}
