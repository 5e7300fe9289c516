//! Who may do what on a server.

use std::path::PathBuf;

use anyhow::Context;
use plimsoll_server::auth::{Access, Tls, oidc};

/// Who may what
#[derive(Debug, clap::Args)]
pub(super) struct Accessing {
    /// Programs on this machine need a key, too
    #[arg(long)]
    require_auth: bool,

    /// Whoever reaches the server may see everything
    #[arg(long)]
    anonymous_read: bool,

    /// Whoever reaches the server may do everything; only on a loopback address
    #[arg(long, conflicts_with = "require_auth")]
    open: bool,

    /// Certificate that is shown, in PEM; read again when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// Its key, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// Who vouches for people, by OpenID Connect
    #[arg(long, value_name = "URL", requires_all = ["oidc_client", "public_address", "oidc_group"])]
    oidc_issuer: Option<String>,

    /// What the server is called there
    #[arg(long, value_name = "ID", requires = "oidc_issuer")]
    oidc_client: Option<String>,

    /// File with its secret there
    #[arg(long, value_name = "FILE", requires = "oidc_issuer")]
    oidc_secret_file: Option<PathBuf>,

    /// Where browsers reach this server, as `https://plimsoll.example`
    #[arg(long, value_name = "URL", requires = "oidc_issuer")]
    public_address: Option<String>,

    /// What a group may, as `ops=admin` or `shop=scanner:TEAM`; `*` is everybody
    #[arg(long, value_name = "GROUP=ROLE", requires = "oidc_issuer")]
    oidc_group: Vec<oidc::Group>,

    /// The claim that has the groups
    #[arg(long, value_name = "CLAIM", default_value = "groups")]
    oidc_groups_claim: String,

    /// The claim that has the name
    #[arg(long, value_name = "CLAIM", default_value = "email")]
    oidc_name_claim: String,

    /// What is asked for beside `openid`
    #[arg(long, value_name = "SCOPE", default_value = "email")]
    oidc_scope: Vec<String>,
}

impl Accessing {
    /// Whether clients have to speak TLS.
    pub(super) fn has_tls(&self) -> bool {
        self.tls_cert.is_some()
    }

    pub(super) fn settings(self, key_file: Option<PathBuf>) -> anyhow::Result<Access> {
        let client_secret = match &self.oidc_secret_file {
            Some(file) => {
                let text = std::fs::read_to_string(file);
                let text = text.with_context(|| format!("cannot read `{}`", file.display()))?;
                Some(text.trim().to_owned())
            }
            None => None,
        };
        let oidc = match (self.oidc_issuer, self.oidc_client, self.public_address) {
            (Some(issuer), Some(client_id), Some(public_address)) => Some(oidc::Settings {
                issuer,
                client_id,
                client_secret,
                public_address,
                scopes: self.oidc_scope,
                groups_claim: self.oidc_groups_claim,
                name_claim: self.oidc_name_claim,
                groups: self.oidc_group,
            }),
            _ => None,
        };
        let tls = self.tls_cert.zip(self.tls_key);
        Ok(Access {
            require_auth: self.require_auth,
            open: self.open,
            anonymous_read: self.anonymous_read,
            oidc,
            tls: tls.map(|(certificate, key)| Tls { certificate, key }),
            key_file,
        })
    }
}
