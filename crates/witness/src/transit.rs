//! Keys in a server that signs: the transit engine of `HashiCorp` Vault and of `OpenBao`.
//!
//! A key is named as cosign names it, `hashivault://NAME`; `/versions/N` behind it names an older
//! version. Where the server is and who asks is in the environment, under the names that cosign and
//! the server's own client read. The token is kept out of messages and wiped when it is dropped.
//! Sources: <https://openbao.org/api-docs/secret/transit/>, `pkg/signature/kms/hashivault` of
//! sigstore/sigstore.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_supply::Error;
use plimsoll_supply::hash::HashAlgorithm;
use plimsoll_supply::key::{KeyKind, PublicKey, RsaPadding, Scheme};
use plimsoll_supply::sign::Signer;
use reqwest::blocking::RequestBuilder;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::web::{Answer, Web, WitnessError, address};

/// What the name of every such key begins with.
pub const SCHEME: &str = "hashivault://";

/// The kinds of keys that a server makes and that sign here, the default first.
pub const KINDS: &[&str] =
    &["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-2048", "rsa-3072", "rsa-4096"];

/// Which key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName {
    name: String,
    version: Option<u64>,
}

impl KeyName {
    /// Reads `hashivault://NAME` or `hashivault://NAME/versions/N`.
    pub fn parse(text: &str) -> Result<Self, WitnessError> {
        let wrong = |why: &str| WitnessError::Transit(format!("`{text}` names no key: {why}"));
        let rest = text.strip_prefix(SCHEME).ok_or_else(|| wrong("expected hashivault://NAME"))?;
        let (name, version) = match rest.split_once('/') {
            None => (rest, None),
            Some((name, version)) => {
                let number = version.strip_prefix("versions/").and_then(|it| it.parse().ok());
                let number = number.filter(|number| *number > 0);
                (name, Some(number.ok_or_else(|| wrong("expected /versions/NUMBER behind it"))?))
            }
        };
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let fits = name.bytes().all(|byte| is_word(byte) || b"-.".contains(&byte))
            && name.bytes().next().is_some_and(is_word)
            && name.bytes().last().is_some_and(is_word);
        if !fits {
            return Err(wrong("letters, digits, `_`, and between them `-` and `.`"));
        }
        Ok(Self { name: name.to_owned(), version })
    }

    /// The name without what is around it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}", self.name)?;
        self.version.map_or(Ok(()), |version| write!(f, "/versions/{version}"))
    }
}

/// A server, and as whom it is asked.
pub struct Transit {
    web: Web,
    base: String,
    engine: String,
    namespace: Option<String>,
    token: HeaderValue,
}

impl fmt::Debug for Transit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transit")
            .field("base", &self.base)
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

impl Transit {
    /// The server that the environment names: `VAULT_ADDR`, `VAULT_TOKEN` or `~/.vault-token`,
    /// `VAULT_NAMESPACE`, `VAULT_CACERT`, and the engine's place in `TRANSIT_SECRET_ENGINE_PATH`.
    pub fn from_environment() -> Result<Self, WitnessError> {
        Self::from_variables(|name| env::var(name).ok().filter(|text| !text.is_empty()))
    }

    /// The server that these variables name.
    pub fn from_variables(get: impl Fn(&str) -> Option<String>) -> Result<Self, WitnessError> {
        let wrong = |why: String| WitnessError::Transit(why);
        let base = get("VAULT_ADDR").ok_or_else(|| {
            wrong(
                "where the key's server is, is not said: set VAULT_ADDR, such as https://HOST:8200"
                    .into(),
            )
        })?;
        address(&base, "/v1/")?;
        if get("VAULT_SKIP_VERIFY").is_some_and(|text| text != "0" && text != "false") {
            let why = "VAULT_SKIP_VERIFY is set, and certificates are always verified: name the \
                       authority's certificate with VAULT_CACERT";
            return Err(wrong(why.into()));
        }
        let token = get("VAULT_TOKEN").map(Zeroizing::new).or_else(|| {
            let file = Path::new(&get("HOME")?).join(".vault-token");
            fs::read_to_string(file).ok().map(Zeroizing::new)
        });
        let token = token.ok_or_else(|| {
            wrong("no token for the key's server: set VAULT_TOKEN, or log in so that ~/.vault-token is written".into())
        })?;
        let mut token = HeaderValue::from_str(token.trim()).map_err(|_| {
            wrong("the token for the key's server has characters that none has".into())
        })?;
        token.set_sensitive(true);
        let engine = get("TRANSIT_SECRET_ENGINE_PATH").unwrap_or_else(|| "transit".into());
        let engine = engine.trim_matches('/').to_owned();
        let is_part = |part: &str| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !part.is_empty() && part != ".." && part.bytes().all(known)
        };
        if !engine.split('/').all(is_part) {
            return Err(wrong(format!(
                "TRANSIT_SECRET_ENGINE_PATH is `{engine}`, which is no path"
            )));
        }
        let web = match get("VAULT_CACERT") {
            None => Web::new()?,
            Some(file) => {
                let pem = fs::read(&file).map_err(|error| {
                    wrong(format!("VAULT_CACERT: cannot read `{file}`: {error}"))
                })?;
                Web::trusting(&pem)?
            }
        };
        Ok(Self { web, base, engine, namespace: get("VAULT_NAMESPACE"), token })
    }

    /// Makes a key of one of [`KINDS`]; one that is there already is left alone and an error.
    pub fn create(self, key: &KeyName, kind: &str) -> Result<TransitKey, WitnessError> {
        if key.version.is_some() {
            return Err(WitnessError::Transit(format!("`{key}`: a new key has no version yet")));
        }
        let path = format!("keys/{}", key.name);
        if self.read::<Value>(&path)?.is_some() {
            let why = format!("`{key}` is there already, and was left as it is");
            return Err(WitnessError::Transit(why));
        }
        self.write(&path, &json!({"type": kind}))?;
        self.open(key)
    }

    /// The key called `key`, in its newest version where none is named.
    pub fn open(self, key: &KeyName) -> Result<TransitKey, WitnessError> {
        #[derive(Deserialize)]
        struct Found {
            #[serde(rename = "type")]
            kind: String,
            latest_version: u64,
            keys: BTreeMap<String, Value>,
        }
        let place = || format!("the engine `{}` of {}", self.engine, self.base);
        let found: Option<Found> = self.read(&format!("keys/{}", key.name))?;
        let found =
            found.ok_or_else(|| WitnessError::Transit(format!("`{key}` is not in {}", place())))?;
        let version = key.version.unwrap_or(found.latest_version);
        let public = found.keys.get(&version.to_string()).ok_or_else(|| {
            let known: Vec<&str> = found.keys.keys().map(String::as_str).collect();
            let known = known.join(", ");
            WitnessError::Transit(format!("`{key}` is not in {}, which has {known}", place()))
        })?;
        let public = public.get("public_key").and_then(Value::as_str);
        let public = public.filter(|text| !text.is_empty()).ok_or_else(|| {
            WitnessError::Transit(format!("`{key}` is of type {}, which does not sign", found.kind))
        })?;
        let public = match found.kind.as_str() {
            // The 32 bytes alone, without the structure that names the algorithm.
            "ed25519" => STANDARD
                .decode(public)
                .map_err(|_| Error::malformed("public key", "no base64"))
                .and_then(|raw| PublicKey::from_ed25519(&raw))?,
            _ => PublicKey::from_pem(public)?,
        };
        Ok(TransitKey { server: self, name: key.name.clone(), version, public })
    }

    fn request(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.header("X-Vault-Token", self.token.clone());
        let request = request.header("X-Vault-Request", "true");
        match &self.namespace {
            Some(namespace) => request.header("X-Vault-Namespace", namespace),
            None => request,
        }
    }

    /// What is at `path` of the engine, if anything is.
    fn read<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, WitnessError> {
        let url = address(&self.base, &format!("/v1/{}/{path}", self.engine))?;
        let answer = Web::send(&url, self.request(self.web.get(&url)))?;
        if answer.status == 404 && refusal(&answer).is_empty() {
            return Ok(None);
        }
        self.data(answer, "read", path).map(Some)
    }

    fn write(&self, path: &str, body: &Value) -> Result<Value, WitnessError> {
        let url = address(&self.base, &format!("/v1/{}/{path}", self.engine))?;
        let request = self.request(self.web.post(&url)).header("Content-Type", "application/json");
        let answer = Web::send(&url, request.body(body.to_string()))?;
        if answer.status == 204 {
            return Ok(Value::Null);
        }
        self.data(answer, "update", path)
    }

    /// The data of an answer, or why there is none and what helps.
    fn data<T: DeserializeOwned>(
        &self,
        answer: Answer,
        right: &str,
        path: &str,
    ) -> Result<T, WitnessError> {
        #[derive(Deserialize)]
        struct Said<T> {
            data: T,
        }
        if answer.status.is_success() {
            return Ok(answer.json::<Said<T>>()?.data);
        }
        let mut said = refusal(&answer);
        let hint = match answer.status.as_u16() {
            403 => format!(
                "the token may not `{right}` `{}/{path}`, or is no longer valid",
                self.engine
            ),
            404 => format!("no engine is at `{}`: set TRANSIT_SECRET_ENGINE_PATH", self.engine),
            307 | 308 => format!(
                "it is not the active server: set VAULT_ADDR to {}",
                answer.location.as_deref().unwrap_or("that one")
            ),
            503 => "the server is sealed".to_owned(),
            _ => String::new(),
        };
        if !hint.is_empty() {
            said = if said.is_empty() { hint } else { format!("{said} ({hint})") };
        }
        let said: String = said.chars().filter(|letter| !letter.is_control()).take(300).collect();
        Err(WitnessError::Refused { url: answer.url, status: answer.status.as_u16(), said })
    }
}

/// The reasons in an answer; empty where it states none.
fn refusal(answer: &Answer) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        errors: Vec<String>,
    }
    answer.json::<Refusal>().map(|it| it.errors.join("; ")).unwrap_or_default()
}

/// A key in a server, which never leaves it.
#[derive(Debug)]
pub struct TransitKey {
    server: Transit,
    name: String,
    version: u64,
    public: PublicKey,
}

impl TransitKey {
    /// Which version it is.
    pub fn version(&self) -> u64 {
        self.version
    }

    fn ask(&self, scheme: Scheme, input: &[u8]) -> Result<Vec<u8>, Error> {
        let mut body = BTreeMap::from([
            ("input", json!(STANDARD.encode(input))),
            ("key_version", json!(self.version)),
        ]);
        let mut path = format!("sign/{}", self.name);
        if let Some(hash) = scheme.hash() {
            path.push_str(match hash {
                HashAlgorithm::Sha256 => "/sha2-256",
                HashAlgorithm::Sha384 => "/sha2-384",
                HashAlgorithm::Sha512 => "/sha2-512",
            });
            body.insert("prehashed", json!(true));
        }
        match scheme {
            Scheme::Rsa(RsaPadding::Pkcs1v15, _) => {
                body.insert("signature_algorithm", json!("pkcs1v15"));
            }
            Scheme::Rsa(RsaPadding::Pss, _) => {
                body.insert("signature_algorithm", json!("pss"));
                body.insert("salt_length", json!("hash"));
            }
            Scheme::Ecdsa(_) => {
                body.insert("marshaling_algorithm", json!("asn1"));
            }
            Scheme::Ed25519 | Scheme::Ed25519ph => {}
        }
        let failed = |why: String| Error::Signer(format!("`{SCHEME}{}`: {why}", self.name));
        let said =
            self.server.write(&path, &json!(body)).map_err(|error| failed(error.to_string()))?;
        let signature = said.get("signature").and_then(Value::as_str).unwrap_or_default();
        let own = format!("vault:v{}:", self.version);
        signature.strip_prefix(&own).and_then(|text| STANDARD.decode(text).ok()).ok_or_else(|| {
            failed(format!("the server answered no signature of version {}", self.version))
        })
    }

    fn misfit(&self, scheme: Scheme) -> Error {
        let kind = self.public.kind().name();
        Error::unsupported("signature", format!("{scheme} by an {kind} key in a server"))
    }
}

impl Signer for TransitKey {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature = match (self.public.kind(), scheme) {
            (KeyKind::Ed25519, Scheme::Ed25519) => self.ask(scheme, message)?,
            (_, Scheme::Ed25519 | Scheme::Ed25519ph) => return Err(self.misfit(scheme)),
            (_, Scheme::Ecdsa(hash) | Scheme::Rsa(_, hash)) => {
                self.sign_digest(scheme, &hash.digest(message))?
            }
        };
        self.public.verify_with(scheme, message, &signature)?;
        Ok(signature)
    }

    fn sign_digest(&self, scheme: Scheme, digest: &[u8]) -> Result<Vec<u8>, Error> {
        match (self.public.kind(), scheme) {
            (KeyKind::Ecdsa(_), Scheme::Ecdsa(hash)) if hash.len_bytes() == digest.len() => {
                let signature = self.ask(scheme, digest)?;
                self.public.verify_digest(scheme, digest, &signature)?;
                Ok(signature)
            }
            (KeyKind::Rsa, Scheme::Rsa(_, hash)) if hash.len_bytes() == digest.len() => {
                self.ask(scheme, digest)
            }
            _ => Err(self.misfit(scheme)),
        }
    }

    fn signs_digests(&self, scheme: Scheme) -> bool {
        matches!(scheme, Scheme::Ecdsa(_) | Scheme::Rsa(..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cosigns_with_a_version_behind_it_if_wanted() {
        let key = KeyName::parse("hashivault://release-key.v2").expect("name");
        assert_eq!((key.name(), key.version), ("release-key.v2", None));
        let key = KeyName::parse("hashivault://k/versions/3").expect("name");
        assert_eq!((key.name(), key.version), ("k", Some(3)));
        assert_eq!(key.to_string(), "hashivault://k/versions/3");
        for bad in [
            "hashivault://",
            "hashivault://-k",
            "hashivault://k/",
            "hashivault://k/versions/0",
            "hashivault://k/../../sys",
            "hashivault://k?x",
            "awskms://k",
        ] {
            assert!(KeyName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_the_environment_lacks_is_named_and_a_token_never_shown() {
        let of = |set: &[(&str, &str)]| {
            let set: BTreeMap<String, String> =
                set.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            Transit::from_variables(|name| set.get(name).cloned())
        };
        let here = ("VAULT_ADDR", "http://127.0.0.1:8200");
        let token = ("VAULT_TOKEN", "hvs.secret");
        assert!(of(&[]).expect_err("none").to_string().contains("VAULT_ADDR"));
        assert!(of(&[here]).expect_err("none").to_string().contains("VAULT_TOKEN"));
        let plain = of(&[("VAULT_ADDR", "http://vault.example:8200"), token]);
        assert!(plain.expect_err("no TLS").to_string().contains("without TLS"));
        let up = of(&[here, token, ("TRANSIT_SECRET_ENGINE_PATH", "a/../sys")]);
        assert!(up.expect_err("no path").to_string().contains("TRANSIT_SECRET_ENGINE_PATH"));
        let skip = of(&[here, token, ("VAULT_SKIP_VERIFY", "1")]);
        assert!(skip.expect_err("verified").to_string().contains("VAULT_CACERT"));
        let server = of(&[here, token]).expect("server");
        assert!(!format!("{server:?} {:?}", server.token).contains("secret"));
        let odd = of(&[here, ("VAULT_TOKEN", "hvs.se\u{7}cret")]).expect_err("no token");
        assert!(!odd.to_string().contains("cret"), "{odd}");
    }
}
