//! ID tokens: read by `jsonwebtoken`, whose signatures `ring` verifies.
//!
//! The key decides which algorithms may be used with it; `none` and those of shared secrets are not
//! there. Source: OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{
    Algorithm, DecodingKey, DecodingKeyKind, EncodingKey, Validation, decode, decode_header,
};
use ring::signature as ring_signature;
use serde_json::{Map, Value};

/// A token may have so many bytes.
const MOST: usize = 64 << 10;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: no_signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Has `ring` verify the signatures of this process.
pub(super) fn install() {
    // A second server in one process finds it there.
    let _ = PROVIDER.install_default();
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "`CryptoProvider` gives the type")]
fn no_signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    Err(ErrorKind::UnsupportedAlgorithm.into())
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    clippy::unnecessary_wraps,
    reason = "`CryptoProvider` gives the type"
)]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    Ok(Box::new(Ring { algorithm: *algorithm, key: key.clone() }))
}

/// Verifies by one key.
struct Ring {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl JwtVerifier for Ring {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Ring {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let failed = |_| signature::Error::new();
        if let DecodingKeyKind::RsaModulusExponent { n, e } = self.key.kind() {
            let parameters = match self.algorithm {
                Algorithm::RS256 => &ring_signature::RSA_PKCS1_2048_8192_SHA256,
                Algorithm::RS384 => &ring_signature::RSA_PKCS1_2048_8192_SHA384,
                Algorithm::RS512 => &ring_signature::RSA_PKCS1_2048_8192_SHA512,
                Algorithm::PS256 => &ring_signature::RSA_PSS_2048_8192_SHA256,
                Algorithm::PS384 => &ring_signature::RSA_PSS_2048_8192_SHA384,
                Algorithm::PS512 => &ring_signature::RSA_PSS_2048_8192_SHA512,
                _ => return Err(signature::Error::new()),
            };
            let key = ring_signature::RsaPublicKeyComponents { n, e };
            return key.verify(parameters, message, signature).map_err(failed);
        }
        let algorithm: &'static dyn ring_signature::VerificationAlgorithm = match self.algorithm {
            Algorithm::ES256 => &ring_signature::ECDSA_P256_SHA256_FIXED,
            Algorithm::ES384 => &ring_signature::ECDSA_P384_SHA384_FIXED,
            Algorithm::EdDSA => &ring_signature::ED25519,
            _ => return Err(signature::Error::new()),
        };
        let key = self.key.try_get_as_bytes().map_err(|_| signature::Error::new())?;
        let key = ring_signature::UnparsedPublicKey::new(algorithm, key);
        key.verify(message, signature).map_err(failed)
    }
}

/// What may be verified by a key.
fn algorithms(key: &Jwk) -> Vec<Algorithm> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};

    let by_kind = match &key.algorithm {
        AlgorithmParameters::RSA(_) => vec![RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => vec![ES256],
            EllipticCurve::P384 => vec![ES384],
            _ => Vec::new(),
        },
        AlgorithmParameters::OctetKeyPair(pair) => match pair.curve {
            EllipticCurve::Ed25519 => vec![EdDSA],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    let said = key.common.key_algorithm.as_ref().map(ToString::to_string);
    let fits =
        |algorithm: &Algorithm| said.as_ref().is_none_or(|said| *said == format!("{algorithm:?}"));
    by_kind.into_iter().filter(fits).collect()
}

/// The key that a token says it is signed by.
pub(super) fn key<'k>(token: &str, keys: &'k JwkSet) -> Option<&'k Jwk> {
    if token.len() > MOST {
        return None;
    }
    let header = decode_header(token).ok()?;
    let is_for_signatures =
        |key: &Jwk| !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
    let mut fitting = keys
        .keys
        .iter()
        .filter(|key| is_for_signatures(key) && algorithms(key).contains(&header.alg));
    match &header.kid {
        Some(id) => fitting.find(|key| key.common.key_id.as_ref() == Some(id)),
        // Without a name it has to be the only one.
        None => fitting.next().filter(|_| fitting.next().is_none()),
    }
}

/// The claims of a token that counts now by one of these keys, in a provider's JSON.
pub fn claims(
    token: &str,
    keys: &[u8],
    issuer: &str,
    client: &str,
) -> Result<Map<String, Value>, String> {
    install();
    let keys: JwkSet = serde_json::from_slice(keys).map_err(|error| error.to_string())?;
    let key = key(token, &keys).ok_or("it is signed by none of the keys")?;
    verified(token, key, issuer, client)
}

/// The claims of a token that this key signed, of this issuer, for this client, and good now.
pub(super) fn verified(
    token: &str,
    key: &Jwk,
    issuer: &str,
    client: &str,
) -> Result<Map<String, Value>, String> {
    let wrong = |error: Error| format!("the ID token does not count: {error}");
    let algorithms = algorithms(key);
    let mut validation = Validation::new(*algorithms.first().ok_or("the key is of no use")?);
    validation.algorithms = algorithms;
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[client]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    let key = DecodingKey::from_jwk(key).map_err(wrong)?;
    let claims = decode::<Map<String, Value>>(token, &key, &validation).map_err(wrong)?.claims;
    let is_for_several = claims.get("aud").and_then(Value::as_array).is_some_and(|it| it.len() > 1);
    let party = claims.get("azp").and_then(Value::as_str);
    if party.is_some_and(|party| party != client) || (is_for_several && party.is_none()) {
        return Err("the ID token was made for another client".into());
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use serde_json::json;

    use super::*;

    struct Signer {
        pair: EcdsaKeyPair,
        random: ring::rand::SystemRandom,
    }

    impl Signer {
        fn new() -> Self {
            install();
            let random = ring::rand::SystemRandom::new();
            let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let document = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
            let pair = EcdsaKeyPair::from_pkcs8(kind, document.as_ref(), &random).unwrap();
            Self { pair, random }
        }

        fn keys(&self) -> JwkSet {
            let point = self.pair.public_key().as_ref();
            let (x, y) =
                (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
            let key =
                json!({"kty": "EC", "crv": "P-256", "kid": "k", "alg": "ES256", "x": x, "y": y});
            serde_json::from_value(json!({"keys": [key]})).unwrap()
        }

        fn sign(&self, header: &Value, claims: &Value) -> String {
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let message = format!("{}.{}", part(header), part(claims));
            let signature = self.pair.sign(&self.random, message.as_bytes()).unwrap();
            format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
        }
    }

    fn claims() -> Value {
        json!({"iss": "https://id.example", "aud": "plimsoll", "sub": "7", "exp": 4_000_000_000_u64})
    }

    fn check(signer: &Signer, keys: &JwkSet, header: &Value, claims: &Value) -> Result<(), String> {
        let token = signer.sign(header, claims);
        let key = key(&token, keys).ok_or("no key")?;
        verified(&token, key, "https://id.example", "plimsoll").map(drop)
    }

    #[test]
    fn a_token_counts_for_its_client_issuer_and_time_alone() {
        let signer = Signer::new();
        let keys = signer.keys();
        let header = json!({"alg": "ES256", "kid": "k"});
        assert_eq!(check(&signer, &keys, &header, &claims()), Ok(()));
        for (name, value) in [
            ("iss", json!("https://evil.example")),
            ("iss", Value::Null),
            ("aud", json!("another")),
            ("aud", json!(["plimsoll", "another"])),
            ("exp", json!(1_000_000_000)),
            ("exp", json!("soon")),
            ("exp", Value::Null),
            ("sub", Value::Null),
            ("azp", json!("another")),
            ("nbf", json!(3_900_000_000_u64)),
        ] {
            let mut claims = claims();
            claims[name] = value.clone();
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            }
            assert!(check(&signer, &keys, &header, &claims).is_err(), "{name} {value}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_token_and_no_keys_panic(
            token in r"[A-Za-z0-9_.-]{0,120}|\PC{0,60}",
            keys in r#"(\PC{0,60}|\{"keys":\[\{"kty":"(RSA|EC|OKP|oct)","(n|x|crv|alg|kid)":"[A-Za-z0-9_-]{0,20}"\}\]\})"#,
        ) {
            let refused = super::claims(&token, keys.as_bytes(), "https://id.example", "plimsoll");
            proptest::prop_assert!(refused.is_err());
        }
    }

    #[test]
    fn the_key_decides_the_algorithm_and_a_stranger_signs_nothing() {
        let signer = Signer::new();
        let keys = signer.keys();
        for header in [
            json!({"alg": "none", "kid": "k"}),
            json!({"alg": "HS256", "kid": "k"}),
            json!({"alg": "RS256", "kid": "k"}),
            json!({"alg": "ES256", "kid": "other"}),
        ] {
            assert!(check(&signer, &keys, &header, &claims()).is_err(), "{header}");
        }
        let header = json!({"alg": "ES256", "kid": "k"});
        assert!(check(&Signer::new(), &keys, &header, &claims()).is_err(), "another's signature");
    }
}
