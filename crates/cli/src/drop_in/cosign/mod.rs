//! `cosign`.
//!
//! Source: <https://docs.sigstore.dev/cosign/>.

mod blob;
mod others;
mod sign;
mod tree;
mod verify;

use std::env;

use clap::{ArgMatches, CommandFactory, FromArgMatches};

use super::words::Words;
use super::{NEAR, Tool, scanned};
use crate::exit::{Codes, Outcome, Usage};

pub(super) const TOOL: Tool = Tool {
    name: "cosign",
    release: "3.1.3",
    own: "`plimsoll sign --help`, `plimsoll verify --help`, `plimsoll attest --help`, `plimsoll key --help`",
    variables: Some("COSIGN_"),
    has_go_switches: true,
    has_single_dashes: false,
    codes: Codes { usage: 1, failed: 1, partial: 1 },
    command: || {
        // The field is called as in our own commands, the flag as in cosign's.
        let plural =
            |command: clap::Command| command.mut_arg("annotations", |arg| arg.long("annotations"));
        Cosign::command().mut_subcommand("verify", plural)
    },
    others: others::ALL,
    ours: others::OURS,
    absent: others::ABSENT,
    settings: None,
    run: |matches: &ArgMatches| Cosign::from_arg_matches(matches)?.run(),
};

#[derive(Debug, clap::Parser)]
#[command(about = "cosign's command line, answered by Plimsoll", subcommand_required = true)]
struct Cosign {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a pair of keys, `cosign.key` and `cosign.pub`
    GenerateKeyPair {
        /// Name of the two files
        #[arg(long, value_name = "NAME", default_value = "cosign")]
        output_key_prefix: String,

        /// Make it in a server: <hashivault://NAME>
        #[arg(long, value_name = "URI", help_heading = NEAR)]
        kms: Option<String>,
    },
    /// Encrypt a key that another program made
    ImportKeyPair {
        /// The key
        #[arg(short, long, value_name = "FILE")]
        key: String,

        /// Name of the two files
        #[arg(short = 'o', long, value_name = "NAME", default_value = "import-cosign")]
        output_key_prefix: String,
    },
    /// Print the public half of a key
    PublicKey {
        /// The key
        #[arg(long, value_name = "KEY")]
        key: String,
    },
    /// Sign images
    Sign(Box<sign::Sign>),
    /// Sign a claim about images
    Attest(Box<sign::Attest>),
    /// Check who signed images
    Verify(Box<verify::Verify>),
    /// Check who attested something of an image
    VerifyAttestation(Box<verify::VerifyAttestation>),
    /// Sign a file
    SignBlob(Box<blob::SignBlob>),
    /// Check who signed a file
    VerifyBlob(Box<blob::VerifyBlob>),
    /// Sign a claim about a file
    AttestBlob(Box<blob::AttestBlob>),
    /// Check who attested something of a file
    VerifyBlobAttestation(Box<blob::VerifyBlobAttestation>),
    /// Fetch what is signed about an image
    Download {
        #[command(subcommand)]
        what: Download,
    },
    /// Show what hangs on an image
    Tree(tree::Tree),
    /// Say under which tag an image's signatures are kept
    Triangulate(tree::Triangulate),
    /// Fetch Sigstore's root of trust
    Initialize {
        /// A copy of the repository; a root of one's own is `plimsoll trust init`
        #[arg(long, value_name = "URL", help_heading = NEAR)]
        mirror: Option<String>,
    },
    /// Which release this is
    Version,
}

#[derive(Debug, clap::Subcommand)]
enum Download {
    /// Signatures, one a line
    Signature {
        /// The image
        #[arg(value_name = "IMAGE")]
        image: String,

        #[command(flatten)]
        registry: Registry,
    },
    /// Attestations, one a line
    Attestation {
        /// The image
        #[arg(value_name = "IMAGE")]
        image: String,

        /// Only of this type
        #[arg(long, value_name = "TYPE")]
        predicate_type: Option<String>,

        #[command(flatten)]
        registry: Registry,
    },
}

/// How registries are spoken to.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_field_names, reason = "cosign names its flags so")]
struct Registry {
    /// The registry has no TLS or a certificate nobody vouches for
    #[arg(long)]
    allow_insecure_registry: bool,

    /// The registry has no TLS
    #[arg(long)]
    allow_http_registry: bool,

    /// Certificates in PEM that registries are trusted by
    #[arg(long, value_name = "FILE")]
    registry_cacert: Option<String>,
}

impl Registry {
    /// Says so to a command of ours.
    fn add(&self, words: &mut Words, images: &[String]) {
        words.option("--ca-file", self.registry_cacert.as_deref());
        words.options("--insecure-registry", &self.insecure(images));
    }

    /// Registries that may be spoken to without TLS.
    fn insecure(&self, images: &[String]) -> Vec<String> {
        let any = self.allow_http_registry || self.allow_insecure_registry;
        let hosts = images.iter().filter_map(|image| host(image));
        hosts.filter(|host| any || scanned::is_here(host)).collect()
    }

    fn options(&self, images: &[String]) -> plimsoll_image::Options {
        let mut options = plimsoll_image::Options::default();
        options.registry.ca_files.extend(self.registry_cacert.iter().map(Into::into));
        options.registry.insecure.extend(self.insecure(images));
        options
    }
}

pub(super) fn host(image: &str) -> Option<String> {
    match image.parse() {
        Ok(plimsoll_model::Reference::Image { name, .. }) => Some(name.registry().to_owned()),
        _ => None,
    }
}

impl Cosign {
    fn run(self) -> anyhow::Result<Outcome> {
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        if let Some((name, own)) = others::VARIABLES.iter().find(|(name, _)| is_set(name)) {
            return Err(
                Usage(format!("cosign: the variable `{name}` is not read here: {own}")).into()
            );
        }
        match self.action {
            Action::GenerateKeyPair { output_key_prefix, kms } => Words::of(&["key", "generate"])
                .option("--output", Some(&output_key_prefix))
                .option("--kms", kms.as_deref())
                .run(),
            Action::ImportKeyPair { key, output_key_prefix } => Words::of(&["key", "import"])
                .option("--output", Some(&output_key_prefix))
                .last([&key])
                .run(),
            Action::PublicKey { key } => {
                Words::of(&["key", "public"]).option("--key", Some(&key)).run()
            }
            Action::Sign(command) => command.run(),
            Action::Attest(command) => command.run(),
            Action::Verify(command) => command.run(),
            Action::VerifyAttestation(command) => command.run(),
            Action::SignBlob(command) => command.run(),
            Action::VerifyBlob(command) => command.run(),
            Action::AttestBlob(command) => command.run(),
            Action::VerifyBlobAttestation(command) => command.run(),
            Action::Download { what: Download::Signature { image, registry } } => {
                hanging(&["download", "signature"], None, image, &registry)
            }
            Action::Download {
                what: Download::Attestation { image, predicate_type, registry },
            } => {
                let names = ["download", "attestation"];
                let outcome = hanging(&names, predicate_type.as_deref(), image, &registry)?;
                // cosign says nothing of it where there is none.
                Ok(if outcome == Outcome::Partial { Outcome::Clean } else { outcome })
            }
            Action::Tree(command) => command.run(),
            Action::Triangulate(command) => command.run(),
            Action::Initialize { mirror } => {
                Words::of(&["trust", "update"]).option("--mirror", mirror.as_deref()).run()
            }
            Action::Version => TOOL.print_version("GitVersion:    v"),
        }
    }
}

fn hanging(
    names: &[&str],
    kind: Option<&str>,
    image: String,
    registry: &Registry,
) -> anyhow::Result<Outcome> {
    let images = [image];
    let mut words = Words::of(names);
    registry.add(&mut words, &images);
    words.option("--type", kind).last(&images).run()
}
