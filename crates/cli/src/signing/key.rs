//! Keys that a command line names: files, variables of the environment, tokens, servers.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use plimsoll_supply::key::{PrivateKey, PublicKey, TokenKey, TokenUri};
use plimsoll_supply::sign::Signer;
use plimsoll_witness::transit::{self, KeyName, Transit, TransitKey};
use zeroize::Zeroizing;

use super::password::PasswordSource;
use crate::exit::Usage;

/// The largest file with a key: 64 KiB.
const MAX_KEY: u64 = 64 << 10;

/// The signer that `--key` names: `FILE`, `env:VARIABLE`, a `pkcs11:` URI or `hashivault://NAME`.
pub(crate) fn signer(name: &str, password: PasswordSource) -> anyhow::Result<Box<dyn Signer>> {
    if name.starts_with("pkcs11:") {
        return Ok(Box::new(token(name, password)?));
    }
    if is_in_server(name) {
        return Ok(Box::new(in_server(name)?));
    }
    Ok(Box::new(private(name, password)?))
}

/// The key in a token, whose PIN is its password.
fn token(name: &str, password: PasswordSource) -> anyhow::Result<TokenKey> {
    let uri = TokenUri::parse(name)?;
    Ok(TokenKey::open(&uri, &password.read("the token (its PIN)")?)?)
}

/// Whether `--key` names a key in a server.
pub(crate) fn is_in_server(name: &str) -> bool {
    name.starts_with(transit::SCHEME)
}

/// The key in the server that the environment names.
pub(crate) fn in_server(name: &str) -> anyhow::Result<TransitKey> {
    let key = KeyName::parse(name).map_err(|error| Usage(error.to_string()))?;
    Ok(Transit::from_environment()?.open(&key)?)
}

/// The private key in a file or variable.
pub(crate) fn private(name: &str, password: PasswordSource) -> anyhow::Result<PrivateKey> {
    let text = text(name)?;
    let mut failure = None;
    let key = PrivateKey::from_pem(&text, || match password.read(name) {
        Ok(password) => Some(password),
        Err(error) => {
            failure = Some(error);
            None
        }
    });
    match (key, failure) {
        (Ok(key), _) => Ok(key),
        (Err(_), Some(failure)) => Err(failure),
        (Err(error), None) => Err(error).with_context(|| format!("`{name}` gives no private key")),
    }
}

/// The public key in a file or variable; of a private one its public half.
pub(crate) fn public(name: &str, password: PasswordSource) -> anyhow::Result<PublicKey> {
    if name.starts_with("pkcs11:") {
        return Ok(token(name, password)?.public().clone());
    }
    if is_in_server(name) {
        return Ok(in_server(name)?.public().clone());
    }
    let text = text(name)?;
    if text.contains("PRIVATE KEY-----") {
        return Ok(private(name, password)?.public().clone());
    }
    PublicKey::from_bytes(text.as_bytes()).with_context(|| format!("`{name}` gives no public key"))
}

fn text(name: &str) -> anyhow::Result<Zeroizing<String>> {
    if let Some(variable) = name.strip_prefix("env:").map(|rest| rest.trim_start_matches("//")) {
        let text = std::env::var(variable)
            .map_err(|_| Usage(format!("the variable `{variable}` holds no key in PEM")))?;
        return Ok(Zeroizing::new(text));
    }
    let mut text = Zeroizing::new(String::with_capacity(8 << 10));
    File::open(Path::new(name))
        .and_then(|file| file.take(MAX_KEY).read_to_string(&mut text))
        .with_context(|| format!("cannot read the key `{name}`"))?;
    Ok(text)
}
