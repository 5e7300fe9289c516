//! Who signs, and who else is told: what `sign` and `attest` have in common.

pub(crate) mod attestation;
pub(crate) mod key;
pub(crate) mod password;
mod witnesses;

use std::collections::BTreeMap;

use plimsoll_image::attached::{Artifact, Attached, FoundBy, Piece};
use plimsoll_supply::certificate::Certificate;
use plimsoll_supply::hash::HashAlgorithm;
use plimsoll_supply::key::{Curve, KeyKind, NewKey, PrivateKey, Scheme, pem};
use plimsoll_supply::sign::bundle::{self, Content, Identity, NewBundle};
use plimsoll_supply::sign::{self, Signer, simple};
use plimsoll_witness::Web;

use self::password::PasswordSource;
use self::witnesses::Witnesses;
use crate::clock;
use crate::exit::{Usage, tell};

/// Who signs.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Signing {
    /// Private key: a file in PEM, `env:VARIABLE`, or a `pkcs11:` URI
    #[arg(long, value_name = "KEY", env = "PLIMSOLL_KEY")]
    /// Private key: a file in PEM, `env:VARIABLE`, a `pkcs11:` URI, or `hashivault://NAME` in a server
    #[arg(long, value_name = "KEY", env = "PLIMSOLL_KEY")]
    key: Option<String>,

    #[command(flatten)]
    password: PasswordSource,

    #[command(flatten)]
    witnesses: Witnesses,
}

/// A signer that is ready: passwords were asked for, and what becomes public was agreed to.
pub(crate) struct Ready {
    signer: Box<dyn Signer>,
    /// The signer's certificate and those above it; none with a key.
    chain: Vec<Certificate>,
    witnesses: Witnesses,
    /// None where no service is asked, so that there is nothing to ask one with.
    web: Option<Web>,
}

impl Signing {
    /// Opens the key, or has a new one certified.
    pub(crate) fn ready(&self) -> anyhow::Result<Ready> {
        let witnesses = self.witnesses.clone();
        let web = witnesses.are_asked().then(Web::new).transpose()?;
        let (signer, chain): (Box<dyn Signer>, _) = match (&self.key, &web) {
            (Some(_), _) if witnesses.keyless => {
                return Err(Usage("`--keyless` has no use for a `--key`".into()).into());
            }
            (Some(key), _) => {
                witnesses.announce(None)?;
                (key::signer(key, self.password)?, Vec::new())
            }
            (None, Some(web)) => {
                let token = witnesses.token(web)?;
                witnesses.announce(Some(&token))?;
                let signer = Box::new(PrivateKey::generate(NewKey::Ecdsa(Curve::P256))?);
                let chain = witnesses.certify(web, &token, signer.as_ref())?;
                (signer, chain)
            }
            (None, None) => {
                return Err(Usage("neither `--key` nor `--keyless` is given".into()).into());
            }
        };
        Ok(Ready { signer, chain, witnesses, web })
    }
}

impl Ready {
    fn scheme(&self, is_envelope: bool) -> Scheme {
        let key = self.signer.public();
        if is_envelope
            && self.witnesses.log_is_first_version()
            && matches!(key.kind(), KeyKind::Ecdsa(_))
        {
            // Such a log checks every envelope by SHA-256, whatever the curve.
            return Scheme::Ecdsa(HashAlgorithm::Sha256);
        }
        sign::scheme(key, self.witnesses.log_keeps_digests(is_envelope))
    }

    /// Signs bytes that are kept elsewhere.
    pub(crate) fn message(&self, content: &mut dyn std::io::Read) -> anyhow::Result<Content> {
        Ok(sign::content(self.signer.as_ref(), self.scheme(false), content)?)
    }

    /// Signs a payload in an envelope.
    pub(crate) fn envelope(&self, kind: &str, payload: Vec<u8>) -> anyhow::Result<Content> {
        Ok(sign::envelope(self.signer.as_ref(), self.scheme(true), kind, payload)?)
    }

    /// The bundle around what was signed, with the word of every service that is to be asked.
    pub(crate) fn bundle(&self, content: Content) -> anyhow::Result<NewBundle> {
        let identity = match self.chain.first() {
            Some(leaf) => Identity::Certificate(leaf.der().to_vec()),
            None => Identity::Key(self.signer.public().clone()),
        };
        let scheme = self.scheme(matches!(content, Content::Envelope { .. }));
        let mut bundle = NewBundle::new(content, identity);
        if let Some(web) = &self.web {
            self.witnesses.vouch(web, scheme, &mut bundle)?;
        }
        Ok(bundle)
    }

    /// What a layer under cosign's tags says of what was signed.
    pub(crate) fn annotations(&self, bundle: &NewBundle) -> BTreeMap<String, String> {
        let above = self.chain.iter().skip(1).map(|it| pem::encode("CERTIFICATE", it.der()));
        simple::annotations(bundle, &above.collect::<String>())
    }
}

/// A bundle as the artifact that hangs on an image.
pub(crate) fn artifact(bundle: &NewBundle, predicate_type: &str) -> Artifact {
    let annotations = BTreeMap::from([
        ("dev.sigstore.bundle.content".to_owned(), "dsse-envelope".to_owned()),
        ("dev.sigstore.bundle.predicateType".to_owned(), predicate_type.to_owned()),
        ("org.opencontainers.image.created".to_owned(), clock::now().to_string()),
    ]);
    let piece = Piece {
        media_type: bundle::MEDIA_TYPE.into(),
        bytes: bundle.to_json().to_string().into_bytes(),
        annotations: BTreeMap::new(),
    };
    Artifact { artifact_type: bundle::MEDIA_TYPE.into(), pieces: vec![piece], annotations }
}

/// How what is signed is stored with an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Storage {
    /// A bundle that refers to the image, as cosign 3 writes it
    Referrer,
    /// Under a tag that is made of the image's digest, as every cosign reads it
    Tag,
    /// In both ways
    Both,
}

impl Storage {
    pub(crate) fn refers(self) -> bool {
        self != Self::Tag
    }

    pub(crate) fn tags(self) -> bool {
        self != Self::Referrer
    }
}

/// Says where something was stored.
pub(crate) fn told(name: &str, attached: &Attached) {
    let how = match &attached.by {
        FoundBy::Tag(tag) => format!("under the tag `{tag}`"),
        FoundBy::Layout => "in the layout's index".to_owned(),
        _ => "as a referrer".to_owned(),
    };
    tell(&format!("stored {name}@{} {how}", attached.digest));
}

/// `KEY=VALUE`, what a signer says of an image.
pub(crate) fn annotations(texts: &[String]) -> Result<BTreeMap<String, String>, Usage> {
    let pair = |text: &String| {
        let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty())?;
        Some((key.to_owned(), value.to_owned()))
    };
    texts
        .iter()
        .map(|text| {
            pair(text).ok_or_else(|| Usage(format!("`{text}` is no annotation: KEY=VALUE")))
        })
        .collect()
}
