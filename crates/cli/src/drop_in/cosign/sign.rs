//! `cosign sign` and `cosign attest`.

use super::Registry;
use crate::drop_in::NEAR;
use crate::drop_in::words::Words;
use crate::exit::{Outcome, tell};

/// Who signs, and who is told.
#[derive(Debug, clap::Args)]
pub(super) struct Signer {
    /// Private key; without one the identity provider says who signs
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// Do not ask whether it may become public
    #[arg(short, long)]
    yes: bool,

    /// Publish in a log. With a key nothing is published here unless this or a log is named
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = NEAR)]
    tlog_upload: Option<bool>,

    /// The log
    #[arg(long, value_name = "URL")]
    rekor_url: Option<String>,

    /// The certificate authority
    #[arg(long, value_name = "URL")]
    fulcio_url: Option<String>,

    /// The timestamp authority
    #[arg(long, value_name = "URL")]
    timestamp_server_url: Option<String>,

    /// The identity provider
    #[arg(long, value_name = "URL")]
    oidc_issuer: Option<String>,

    /// As whom it is asked
    #[arg(long, value_name = "ID")]
    oidc_client_id: Option<String>,

    /// Identity token, or the file that holds it
    #[arg(long, value_name = "TOKEN")]
    identity_token: Option<String>,

    /// The authorities and logs to trust
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<String>,
}

/// Sigstore's public log, which cosign publishes in by default.
const PUBLIC_LOG: &str = "https://rekor.sigstore.dev";

impl Signer {
    pub(super) fn add(&self, words: &mut Words) {
        let log = match (&self.rekor_url, self.tlog_upload, &self.key) {
            (_, Some(false), _) => None,
            (Some(url), ..) => Some(url.as_str()),
            (None, Some(true), Some(_)) => Some(PUBLIC_LOG),
            _ => None,
        };
        if self.key.is_some() && self.rekor_url.is_none() && self.tlog_upload.is_none() {
            tell(
                "note: cosign: with a key nothing is published in a log here, which cosign's own `verify` asks \
                 for unless told `--insecure-ignore-tlog`: `--tlog-upload` publishes",
            );
        }
        words
            .option("--key", self.key.as_deref())
            .switch("--keyless", self.key.is_none())
            .switch("--yes", self.yes)
            .option("--log", log)
            .switch("--no-log", self.tlog_upload == Some(false))
            .option("--fulcio", self.fulcio_url.as_deref())
            .option("--timestamp", self.timestamp_server_url.as_deref())
            .option("--oidc-issuer", self.oidc_issuer.as_deref())
            .option("--oidc-client-id", self.oidc_client_id.as_deref())
            .option("--identity-token", self.identity_token.as_deref())
            .option("--trusted-root", self.trusted_root.as_deref());
    }
}

/// A tag moves; cosign says the same of it.
fn tell_of_tags(images: &[String]) {
    for image in images.iter().filter(|image| !image.contains('@')) {
        tell(&format!(
            "note: cosign: `{}` is a tag, which may move: the digest that it stands for now is signed",
            image.escape_debug()
        ));
    }
}

/// Images.
#[derive(Debug, clap::Args)]
pub(super) struct Sign {
    /// Images; files are not looked for
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,

    #[command(flatten)]
    signer: Signer,

    /// Something that the signer says of the image
    #[arg(short, long = "annotations", value_name = "KEY=VALUE")]
    annotations: Vec<String>,

    /// Sign every image of an index too
    #[arg(short, long)]
    recursive: bool,

    /// As a bundle that refers to the image; false: under cosign's older tag
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    new_bundle_format: Option<bool>,

    #[command(flatten)]
    registry: Registry,
}

/// Where it is kept.
fn storage(new_bundle_format: Option<bool>) -> Option<&'static str> {
    (new_bundle_format == Some(false)).then_some("tag")
}

impl Sign {
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        tell_of_tags(&self.images);
        let mut words = Words::of(&["sign"]);
        self.signer.add(&mut words);
        self.registry.add(&mut words, &self.images);
        words
            .options("--annotation", &self.annotations)
            .switch("--recursive", self.recursive)
            .option("--storage", storage(self.new_bundle_format));
        words.last(&self.images).run()
    }
}

/// A claim.
#[derive(Debug, clap::Args)]
pub(super) struct Attest {
    /// Images
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<String>,

    #[command(flatten)]
    signer: Signer,

    /// What is claimed: a JSON document
    #[arg(long, value_name = "FILE")]
    predicate: String,

    /// What kind of claim it is: slsaprovenance, slsaprovenance1, link, spdxjson, cyclonedx, vuln,
    /// openvex, custom or a URI
    #[arg(long, value_name = "TYPE", default_value = "custom")]
    r#type: String,

    /// As a bundle that refers to the image; false: under cosign's older tag
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    new_bundle_format: Option<bool>,

    #[command(flatten)]
    registry: Registry,
}

impl Attest {
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        tell_of_tags(&self.images);
        let mut words = Words::of(&["attest"]);
        self.signer.add(&mut words);
        self.registry.add(&mut words, &self.images);
        words
            .option("--predicate", Some(&self.predicate))
            .option("--type", Some(kind(&self.r#type)))
            .option("--storage", storage(self.new_bundle_format));
        words.last(&self.images).run()
    }
}

/// Our name for a type, where it differs.
pub(super) fn kind(name: &str) -> &str {
    match name {
        "slsaprovenance" => "slsaprovenance02",
        other => other,
    }
}
