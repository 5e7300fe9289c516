//! Which services are asked, and what becomes public by that: said before the first request.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Context;
use plimsoll_supply::certificate::Certificate;
use plimsoll_supply::key::Scheme;
use plimsoll_supply::sign::Signer;
use plimsoll_supply::sign::bundle::NewBundle;
use plimsoll_witness::oidc::{self, Token};
use plimsoll_witness::rekor::{self, Envelopes, Log, Version, Word};
use plimsoll_witness::{Web, fulcio, timestamp};

use crate::exit::{Usage, tell};
use crate::trust;

/// Services that vouch for a signature. With a key none is asked unless it is named.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Services")]
pub(crate) struct Witnesses {
    /// Sign without a key of one's own: an identity provider says who signs, a certificate
    /// authority certifies a key that lives for this run, and a log publishes it
    #[arg(long)]
    pub(crate) keyless: bool,

    /// Identity token, or the file that holds it [default: the environment's, else one that is
    /// granted in a browser]
    #[arg(long, value_name = "TOKEN|FILE", hide_env_values = true)]
    identity_token: Option<String>,

    /// Identity provider for the grant in a browser
    #[arg(long, value_name = "URL", default_value = oidc::PUBLIC_GOOD, env = "PLIMSOLL_OIDC_ISSUER")]
    oidc_issuer: String,

    /// Where the grant is given: `browser` on this machine, `device` on any by a code, `auto` here
    /// where there is a browser
    #[arg(long, value_name = "WAY", default_value = "auto", value_parser = ["auto", "browser", "device"])]
    oidc_flow: String,

    /// As whom the provider is asked
    #[arg(long, value_name = "ID", default_value = oidc::CLIENT)]
    oidc_client_id: String,

    /// Certificate authority
    #[arg(long, value_name = "URL", default_value = fulcio::PUBLIC_GOOD, env = "PLIMSOLL_FULCIO")]
    fulcio: String,

    /// Transparency log [default: none with a key, else Sigstore's public one]
    #[arg(long, value_name = "URL", env = "PLIMSOLL_LOG")]
    log: Option<String>,

    /// Interface of the log: 1, or 2 for tiles
    #[arg(
        long,
        value_name = "VERSION",
        env = "PLIMSOLL_LOG_VERSION",
        default_value = "1",
        value_parser = ["1", "2"]
    )]
    log_version: String,

    /// How a log of version 1 keeps attestations: `dsse` has their digests, `intoto` all of them
    #[arg(long, value_name = "KIND", default_value = "dsse", value_parser = ["dsse", "intoto"])]
    log_kind: String,

    /// Whose word is checked before it is written down, instead of the services of Sigstore's
    /// public instance
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,

    /// Publish in no log; nothing is sent to one
    #[arg(long, conflicts_with = "log")]
    no_log: bool,

    /// Timestamp authority of RFC 3161, several times if wanted
    #[arg(long, value_name = "URL", env = "PLIMSOLL_TIMESTAMP", value_delimiter = ',')]
    timestamp: Vec<String>,

    /// Do not ask whether it may become public
    #[arg(short, long)]
    yes: bool,
}

impl Witnesses {
    /// Where entries go, if anywhere.
    fn log(&self) -> Option<Log<'_>> {
        if self.no_log {
            return None;
        }
        let version = if self.log_version == "2" { Version::V2 } else { Version::V1 };
        let default = self.keyless.then_some(rekor::PUBLIC_GOOD);
        let envelopes = if self.log_kind == "intoto" { Envelopes::Intoto } else { Envelopes::Dsse };
        Some(Log { base: self.log.as_deref().or(default)?, version, envelopes })
    }

    /// Whether a log will check the signature by a digest alone.
    pub(crate) fn log_keeps_digests(&self, is_envelope: bool) -> bool {
        self.log().is_some_and(|log| log.version == Version::V2 || !is_envelope)
    }

    /// Whether there is a log, of version 1.
    pub(crate) fn log_is_first_version(&self) -> bool {
        self.log().is_some_and(|log| log.version == Version::V1)
    }

    /// Says what will be sent where, and asks a person whether that is wanted.
    pub(crate) fn announce(&self, token: Option<&Token>) -> anyhow::Result<()> {
        let mut lines = Vec::new();
        if let Some(token) = token {
            lines.push(format!(
                "  {}: certifies `{}` (as {} says); public certificate logs show this name",
                self.fulcio,
                token.subject().escape_debug(),
                token.issuer().escape_debug()
            ));
        }
        if let Some(log) = self.log() {
            let who =
                if token.is_some() { "the certificate with that name" } else { "the public key" };
            let what = match log.envelopes {
                Envelopes::Dsse => "the digest of what is signed",
                Envelopes::Intoto => "attestations as they are, of all else the digest",
            };
            lines.push(format!(
                "  {}: publishes for ever {what}, the signature and {who}",
                log.base
            ));
        }
        for authority in &self.timestamp {
            lines.push(format!(
                "  {authority}: learns the signature's digest and publishes nothing"
            ));
        }
        if lines.is_empty() {
            return Ok(());
        }
        tell("Sent to others:");
        for line in &lines {
            tell(line);
        }
        let is_public = token.is_some() || self.log().is_some();
        if self.yes || !is_public {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            let why = "nobody is here to agree that this becomes public: give `--yes`";
            return Err(Usage(why.into()).into());
        }
        let _ = write!(io::stderr(), "Go on? [y/N] ");
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).context("cannot read the answer")?;
        if matches!(answer.trim(), "y" | "Y" | "yes") {
            return Ok(());
        }
        Err(Usage("nothing was signed, and nothing was sent".into()).into())
    }

    /// Who is signing, as a provider says.
    pub(crate) fn token(&self, web: &Web) -> anyhow::Result<Token> {
        if let Some(given) = &self.identity_token {
            let text = match std::fs::read_to_string(given) {
                Ok(text) => zeroize::Zeroizing::new(text),
                Err(_) => zeroize::Zeroizing::new(given.clone()),
            };
            return Ok(Token::parse(&text)?);
        }
        if let Some(token) = oidc::ambient(web)? {
            return Ok(token);
        }
        let browser = (self.oidc_flow != "device").then(browser).flatten();
        if self.oidc_flow == "browser" || browser.is_some() {
            return Ok(oidc::browser(web, &self.oidc_issuer, &self.oidc_client_id, |place| {
                tell(&format!("Open {} in a browser here and log in", clean(place)));
                if let Some(program) = browser {
                    open(&program, place);
                }
            })?);
        }
        Ok(oidc::device(web, &self.oidc_issuer, &self.oidc_client_id, |place, code| {
            tell(&format!("Open {} and confirm the code {}", clean(place), clean(code)));
        })?)
    }

    /// A certificate for the signer's key; it, and those above it.
    pub(crate) fn certify(
        &self,
        web: &Web,
        token: &Token,
        signer: &dyn Signer,
    ) -> anyhow::Result<Vec<Certificate>> {
        Ok(fulcio::certify(web, &self.fulcio, token, signer)?)
    }

    /// Whether any service is asked at all.
    pub(crate) fn are_asked(&self) -> bool {
        self.keyless || self.log().is_some() || !self.timestamp.is_empty()
    }

    /// Has the signature stamped and published.
    pub(crate) fn vouch(
        &self,
        web: &Web,
        scheme: Scheme,
        bundle: &mut NewBundle,
    ) -> anyhow::Result<()> {
        for authority in &self.timestamp {
            let stamp = timestamp::stamp(web, authority, bundle.content.signature())?;
            bundle.timestamps.push(stamp);
        }
        if let Some(log) = self.log() {
            let root = trust::root(self.trusted_root.as_deref())?;
            if let Word::Unknown(id) = rekor::publish(web, log, scheme, &root, bundle)? {
                tell(&format!(
                    "warning: {} knows no log {id}: that {} keeps the entry is proven, and whether \
                     it signed that was not checked; name its key with `--trusted-root`",
                    root.origin, log.base
                ));
            }
        }
        Ok(())
    }
}

/// The program that shows a page to whoever sits here, if somebody does.
fn browser() -> Option<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
    if let Some(program) = set("BROWSER") {
        return Some(program);
    }
    if cfg!(target_os = "macos") {
        return set("SSH_CONNECTION").is_none().then(|| "open".to_owned());
    }
    set("WAYLAND_DISPLAY").or_else(|| set("DISPLAY")).map(|_| "xdg-open".to_owned())
}

/// Starts the browser; where it fails, the person has the address.
fn open(program: &str, place: &str) {
    let mut command = Command::new(program);
    let command = command.arg(place).stdin(Stdio::null()).stdout(Stdio::null());
    if let Ok(mut child) = command.stderr(Stdio::null()).spawn() {
        std::thread::spawn(move || child.wait());
    }
}

/// A stranger's words on one line.
fn clean(words: &str) -> String {
    words.chars().filter(|letter| !letter.is_control()).take(2000).collect()
}
