//! Trust policies: which signatures count for which repository, and what is demanded of them.
//!
//! Source: `specs/trust-store-trust-policy.md` of notaryproject/specifications, and
//! `verifier/trustpolicy` of notaryproject/notation-go, which says what is refused.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::name::Name;
use super::store::StoreKind;
use crate::error::Error;
use crate::json;

/// The only version of the document.
const VERSION: &str = "1.0";

/// What is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Check {
    /// The envelope is whole and its signature holds.
    Integrity,
    /// The signer is trusted.
    Authenticity,
    /// The certificates were valid when it was signed.
    AuthenticTimestamp,
    /// The signature has not expired.
    Expiry,
    /// No certificate was revoked.
    Revocation,
}

/// What happens where a check does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The signature is refused.
    Enforce,
    /// It is told, and the signature counts.
    Log,
    /// Nothing is checked.
    Skip,
}

/// How strict a policy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Everything is demanded.
    Strict,
    /// Times and revocation are only told of.
    Permissive,
    /// Only integrity is demanded.
    Audit,
    /// Nothing is verified.
    Skip,
}

impl Level {
    fn action(self, check: Check) -> Action {
        match (self, check) {
            (Self::Skip, _) => Action::Skip,
            (Self::Strict, _) | (_, Check::Integrity) | (Self::Permissive, Check::Authenticity) => {
                Action::Enforce
            }
            (Self::Permissive | Self::Audit, _) => Action::Log,
        }
    }
}

/// When a timestamp is demanded where authorities for timestamps are trusted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum VerifyTimestamp {
    /// Of each signature.
    #[default]
    Always,
    /// Of signatures with a certificate that has expired.
    AfterCertExpiry,
}

/// Who may sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identity {
    /// Every certificate that leads to a trust store.
    Any,
    /// Those whose subject has these attributes.
    Subject(Name),
    /// A kind that only plug-ins know, which matches nothing here.
    Foreign,
}

/// What is demanded for some repositories.
#[derive(Debug, Clone)]
pub struct Statement {
    /// What people call it.
    pub name: String,
    /// How strict it is.
    pub level: Level,
    /// When a timestamp is demanded.
    pub verify_timestamp: VerifyTimestamp,
    /// The trust stores by kind and name.
    pub stores: Vec<(StoreKind, String)>,
    /// Those who may sign, as the document says it.
    pub trusted: Vec<String>,
    pub(super) identities: Vec<Identity>,
    overrides: BTreeMap<Check, Action>,
    scopes: Vec<String>,
}

impl Statement {
    /// What happens where `check` does not hold.
    pub fn action(&self, check: Check) -> Action {
        self.overrides.get(&check).copied().unwrap_or_else(|| self.level.action(check))
    }

    /// Whether nothing is verified at all.
    pub fn skips(&self) -> bool {
        self.level == Level::Skip
    }
}

/// A document of statements.
#[derive(Debug, Clone)]
pub struct TrustPolicy {
    statements: Vec<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    version: String,
    #[serde(default)]
    trust_policies: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    name: String,
    signature_verification: Verification,
    #[serde(default)]
    trust_stores: Vec<String>,
    #[serde(default)]
    trusted_identities: Vec<String>,
    #[serde(default)]
    registry_scopes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    level: Level,
    #[serde(default, rename = "override")]
    overrides: BTreeMap<String, Action>,
    #[serde(default)]
    verify_timestamp: VerifyTimestamp,
}

/// The scope and the identity that stand for all.
const ANY: &str = "*";

impl TrustPolicy {
    /// Reads `trustpolicy.json`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let document: Document = json::document("trust policy", bytes)?;
        if document.version != VERSION {
            let why = format!("version `{}`, not {VERSION}", document.version);
            return Err(Error::unsupported("trust policy", why));
        }
        if document.trust_policies.is_empty() {
            return Err(broken("it has no statement in `trustPolicies`"));
        }
        let mut statements: Vec<Statement> = Vec::new();
        for written in document.trust_policies {
            let statement = Statement::read(written)?;
            if statements.iter().any(|other| other.name == statement.name) {
                return Err(broken(format!("two statements are called `{}`", statement.name)));
            }
            for scope in &statement.scopes {
                if statements.iter().any(|other| other.scopes.contains(scope)) {
                    return Err(broken(format!("two statements have the scope `{scope}`")));
                }
            }
            statements.push(statement);
        }
        Ok(Self { statements })
    }

    /// The statement for `scope`, which is `registry/repository`: the one that names it, else the
    /// one for all.
    pub fn statement_for(&self, scope: &str) -> Result<&Statement, Error> {
        if !is_scope(scope) {
            return Err(broken(format!("`{scope}` is no scope: `registry/repository` is")));
        }
        let with = |wanted: &str| {
            self.statements.iter().find(|it| it.scopes.iter().any(|scope| scope == wanted))
        };
        with(scope).or_else(|| with(ANY)).ok_or_else(|| {
            let scopes = self.statements.iter().flat_map(|it| &it.scopes);
            let scopes = scopes.map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(", ");
            broken(format!("no statement is for `{scope}`; there are those for {scopes}"))
        })
    }
}

impl Statement {
    fn read(written: Written) -> Result<Self, Error> {
        let Written { name, signature_verification: verification, .. } = written;
        if name.is_empty() {
            return Err(broken("a statement without a name"));
        }
        let wrong = |why: String| broken(format!("statement `{name}`: {why}"));
        let overrides = overrides(&verification).map_err(wrong)?;
        let (stores, trusted) = (&written.trust_stores, &written.trusted_identities);
        if verification.level == Level::Skip {
            if !stores.is_empty() || !trusted.is_empty() {
                return Err(wrong("it skips verification and yet names whom to trust".into()));
            }
        } else if stores.is_empty() || trusted.is_empty() {
            return Err(wrong("it needs `trustStores` and `trustedIdentities`".into()));
        }
        let stores = stores.iter().map(|it| StoreKind::split(it)).collect::<Result<_, _>>();
        let identities = identities(trusted).map_err(wrong)?;
        check_scopes(&written.registry_scopes).map_err(wrong)?;
        Ok(Self {
            level: verification.level,
            verify_timestamp: verification.verify_timestamp,
            stores: stores.map_err(wrong)?,
            identities,
            overrides,
            trusted: written.trusted_identities,
            scopes: written.registry_scopes,
            name,
        })
    }
}

fn overrides(verification: &Verification) -> Result<BTreeMap<Check, Action>, String> {
    if verification.level == Level::Skip && !verification.overrides.is_empty() {
        return Err("the level `skip` has nothing to override".into());
    }
    let read = |(name, action): (&String, &Action)| {
        let check = match (name.as_str(), action) {
            ("integrity", _) => return Err("`integrity` cannot be overridden".into()),
            ("authenticity" | "authenticTimestamp" | "expiry", Action::Skip) => {
                return Err(format!("`{name}` cannot be skipped"));
            }
            ("authenticity", _) => Check::Authenticity,
            ("authenticTimestamp", _) => Check::AuthenticTimestamp,
            ("expiry", _) => Check::Expiry,
            ("revocation", _) => Check::Revocation,
            _ => return Err(format!("`{name}` is nothing that can be overridden")),
        };
        Ok((check, *action))
    };
    verification.overrides.iter().map(read).collect()
}

fn identities(trusted: &[String]) -> Result<Vec<Identity>, String> {
    if trusted.len() > 1 && trusted.iter().any(|it| it == ANY) {
        return Err("the identity `*` stands alone".into());
    }
    let mut found = Vec::new();
    for text in trusted {
        let identity = match text.split_once(':') {
            _ if text == ANY => Identity::Any,
            None => return Err(format!("the identity `{text}` has no `:`")),
            Some(("x509.subject", name)) => {
                Identity::Subject(Name::parse(name).map_err(|error| error.to_string())?)
            }
            Some(_) => Identity::Foreign,
        };
        for other in &found {
            if let (Identity::Subject(one), Identity::Subject(other)) = (&identity, other)
                && (one.is_within(other) || other.is_within(one))
            {
                return Err(format!("the identity `{text}` overlaps with another"));
            }
        }
        found.push(identity);
    }
    Ok(found)
}

fn check_scopes(scopes: &[String]) -> Result<(), String> {
    if scopes.is_empty() {
        return Err("it has no scope in `registryScopes`".into());
    }
    if scopes.len() > 1 && scopes.iter().any(|scope| scope == ANY) {
        return Err("the scope `*` stands alone".into());
    }
    for (at, scope) in scopes.iter().enumerate() {
        if scope != ANY && !is_scope(scope) {
            return Err(format!("`{scope}` is no scope: `registry/repository` is"));
        }
        if scopes.iter().take(at).any(|other| other == scope) {
            return Err(format!("the scope `{scope}` is there twice"));
        }
    }
    Ok(())
}

/// Whether a text is a host, with a port or not, and the path of a repository.
fn is_scope(text: &str) -> bool {
    let Some((domain, path)) = text.split_once('/') else { return false };
    let (host, port) = domain.split_once(':').unwrap_or((domain, "0"));
    let is_label = |label: &str| {
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(inside)
    };
    host.split('.').all(is_label)
        && !port.is_empty()
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && path.split('/').all(is_component)
}

/// Small letters and digits, with one dot, one or two underscores or any dashes in between.
fn is_component(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut rest = text;
    loop {
        let length = rest.bytes().take_while(|byte| word(*byte)).count();
        let Some(after) = rest.get(length..).filter(|_| length > 0) else { return false };
        if after.is_empty() {
            return true;
        }
        let between = after.trim_start_matches(['.', '_', '-']);
        let separator = after.strip_suffix(between).unwrap_or_default();
        let dashes = !separator.is_empty() && separator.bytes().all(|byte| byte == b'-');
        if !dashes && ![".", "_", "__"].contains(&separator) {
            return false;
        }
        rest = between;
    }
}

fn broken(why: impl Into<String>) -> Error {
    Error::malformed("trust policy", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(fields: &str) -> String {
        format!(r#"{{"version": "1.0", "trustPolicies": [{{{fields}}}]}}"#)
    }

    const STORES: &str = r#""trustStores": ["ca:a"], "trustedIdentities": ["*"]"#;

    #[test]
    fn the_exact_scope_counts_before_the_one_for_all() {
        let text = format!(
            r#"{{"version": "1.0", "trustPolicies": [
            {{"name": "all", "registryScopes": ["*"], "signatureVerification": {{"level": "skip"}}}},
            {{"name": "one", "registryScopes": ["r.example:5000/a/b"], {STORES},
              "signatureVerification": {{"level": "permissive",
                "override": {{"expiry": "enforce", "revocation": "skip"}}}}}}]}}"#
        );
        let policy = TrustPolicy::parse(text.as_bytes()).expect("policy");
        let one = policy.statement_for("r.example:5000/a/b").expect("statement");
        assert_eq!(one.name, "one");
        let actions = [Check::Integrity, Check::Authenticity, Check::AuthenticTimestamp]
            .map(|check| one.action(check));
        assert_eq!(actions, [Action::Enforce, Action::Enforce, Action::Log]);
        assert_eq!(one.action(Check::Expiry), Action::Enforce);
        assert_eq!(one.action(Check::Revocation), Action::Skip);
        assert!(policy.statement_for("r.example:5000/a").expect("statement").skips());
        assert!(policy.statement_for("a").is_err());
    }

    #[test]
    fn a_document_that_notation_refuses_is_refused() {
        let level = r#""signatureVerification": {"level": "strict"}"#;
        let scope = r#""registryScopes": ["a/b"]"#;
        for (fields, why) in [
            (format!("{level}, {scope}, {STORES}"), "without a name"),
            (format!(r#""name": "n", {level}, {STORES}"#), "no scope"),
            (format!(r#""name": "n", {level}, {scope}"#), "needs `trustStores`"),
            (
                format!(r#""name": "n", {level}, "registryScopes": ["a/b*"], {STORES}"#),
                "is no scope",
            ),
            (
                format!(r#""name": "n", {level}, "registryScopes": ["*", "a/b"], {STORES}"#),
                "stands alone",
            ),
            (
                format!(
                    r#""name": "n", {scope}, {STORES},
                    "signatureVerification": {{"level": "strict", "override": {{"integrity": "log"}}}}"#
                ),
                "cannot be overridden",
            ),
            (
                format!(
                    r#""name": "n", {scope}, {STORES},
                    "signatureVerification": {{"level": "strict", "override": {{"expiry": "skip"}}}}"#
                ),
                "cannot be skipped",
            ),
            (
                format!(
                    r#""name": "n", {scope}, {STORES}, "signatureVerification": {{"level": "skip"}}"#
                ),
                "names whom to trust",
            ),
            (
                format!(
                    r#""name": "n", {level}, {scope}, "trustStores": ["x:a"],
                    "trustedIdentities": ["*"]"#
                ),
                "`x:a`",
            ),
            (
                format!(
                    r#""name": "n", {level}, {scope}, "trustStores": ["ca:a"],
                    "trustedIdentities": ["x509.subject:C=a,ST=b,O=c", "x509.subject:C=a,ST=b,O=c,L=d"]"#
                ),
                "overlaps",
            ),
        ] {
            let refused = TrustPolicy::parse(statement(&fields).as_bytes()).expect_err(why);
            assert!(refused.to_string().contains(why), "{refused}");
        }
        assert!(TrustPolicy::parse(br#"{"version": "2.0", "trustPolicies": []}"#).is_err());
        assert!(TrustPolicy::parse(br#"{"version": "1.0", "trustPolicies": []}"#).is_err());
    }

    #[test]
    fn a_scope_is_a_host_and_a_repository() {
        for good in ["a/b", "r.example.com/a-b/c__d/e.f", "localhost:5000/a---b", "A-1.b/c"] {
            assert!(is_scope(good), "{good}");
        }
        for bad in ["a", "/a", "a/", "a/B", "a/b..c", "a/b___c", "a/-b", "a:/b", "a:x/b", "-a/b"] {
            assert!(!is_scope(bad), "{bad}");
        }
    }
}
