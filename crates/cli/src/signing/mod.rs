//! Who signs, and who else is told: what `sign` and `attest` have in common.

pub(crate) mod key;
pub(crate) mod password;

use std::collections::BTreeMap;

use plimsoll_image::attached::{Artifact, Piece};
use plimsoll_supply::key::Scheme;
use plimsoll_supply::sign::bundle::{self, Content, Identity, NewBundle};
use plimsoll_supply::sign::{self, Signer};

use self::password::PasswordSource;
use crate::clock;

/// Who signs.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Signing {
    /// Private key: a file in PEM, or `env:VARIABLE`
    #[arg(long, value_name = "KEY", env = "PLIMSOLL_KEY")]
    key: String,

    #[command(flatten)]
    password: PasswordSource,
}

/// A signer that is ready: passwords were asked for.
pub(crate) struct Ready {
    signer: Box<dyn Signer>,
    scheme: Scheme,
}

impl Signing {
    /// Opens the key.
    pub(crate) fn ready(&self) -> anyhow::Result<Ready> {
        let signer = key::signer(&self.key, self.password)?;
        let scheme = sign::scheme(signer.public(), false);
        Ok(Ready { signer, scheme })
    }
}

impl Ready {
    /// Signs bytes that are kept elsewhere.
    pub(crate) fn message(&self, content: &mut dyn std::io::Read) -> anyhow::Result<Content> {
        Ok(sign::content(self.signer.as_ref(), self.scheme, content)?)
    }

    /// Signs a payload in an envelope.
    pub(crate) fn envelope(&self, kind: &str, payload: Vec<u8>) -> anyhow::Result<Content> {
        Ok(sign::envelope(self.signer.as_ref(), self.scheme, kind, payload)?)
    }

    /// The bundle around what was signed.
    pub(crate) fn bundle(&self, content: Content) -> NewBundle {
        NewBundle::new(content, Identity::Key(self.signer.public().clone()))
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
