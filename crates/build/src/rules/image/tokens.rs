//! Credentials that are known by their form, whatever they are called.
//!
//! Formats: <https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns>.

use crate::Span;
use plimsoll_model::text::offset;

/// A credential in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    /// Of what it is.
    pub(super) kind: &'static str,
    /// Where it stands in the text.
    pub(super) span: Span,
}

/// Credentials that begin with a text and go on with so many letters, digits and other bytes.
struct Format {
    kind: &'static str,
    prefix: &'static str,
    /// What may follow besides letters and digits.
    others: &'static [u8],
    least: usize,
    most: usize,
}

const fn format(
    kind: &'static str,
    prefix: &'static str,
    others: &'static [u8],
    least: usize,
    most: usize,
) -> Format {
    Format { kind, prefix, others, least, most }
}

const FORMATS: &[Format] = &[
    format("a GitHub token", "ghp_", b"", 36, 255),
    format("a GitHub token", "gho_", b"", 36, 255),
    format("a GitHub token", "ghu_", b"", 36, 255),
    format("a GitHub token", "ghs_", b"", 36, 255),
    format("a GitHub token", "ghr_", b"", 36, 255),
    format("a GitHub token", "github_pat_", b"_", 40, 255),
    format("a GitLab token", "glpat-", b"_-.", 20, 255),
    format("a GitLab token", "gldt-", b"_-.", 20, 255),
    format("a GitLab token", "glrt-", b"_-.", 20, 255),
    format("a Slack token", "xoxb-", b"-", 20, 255),
    format("a Slack token", "xoxp-", b"-", 20, 255),
    format("a Slack token", "xoxa-", b"-", 20, 255),
    format("a Slack token", "xoxr-", b"-", 20, 255),
    format("a Slack token", "xoxs-", b"-", 20, 255),
    format("a Slack token", "xapp-", b"-", 20, 255),
    format("a Stripe key", "sk_live_", b"", 20, 255),
    format("a Stripe key", "rk_live_", b"", 20, 255),
    format("an npm token", "npm_", b"", 36, 36),
    format("a PyPI token", "pypi-AgEI", b"_-", 50, 500),
    format("a Hugging Face token", "hf_", b"", 34, 40),
    format("an Anthropic key", "sk-ant-", b"_-", 40, 255),
    format("an OpenAI key", "sk-proj-", b"_-", 40, 255),
    format("a Google API key", "AIza", b"_-", 35, 35),
    format("a SendGrid key", "SG.", b"_-.", 60, 80),
    format("a DigitalOcean token", "dop_v1_", b"", 64, 64),
    format("a Docker Hub token", "dckr_pat_", b"_-", 27, 64),
    format("a Vault token", "hvs.", b"_-", 24, 255),
    format("a Shopify token", "shpat_", b"", 32, 32),
    format("an age key", "AGE-SECRET-KEY-1", b"", 58, 58),
];

/// What a placeholder has in it.
const PLACEHOLDERS: [&str; 8] =
    ["example", "xxxx", "your", "placeholder", "changeme", "000000", "dummy", "redacted"];

/// All credentials in a text, in order.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    for format in FORMATS {
        for (at, _) in text.match_indices(format.prefix) {
            let behind = text.get(at.saturating_add(format.prefix.len())..).unwrap_or_default();
            let length = run(behind, format.others, format.most.saturating_add(1));
            let value = behind.get(..length).unwrap_or_default();
            let fits = (format.least..=format.most).contains(&length);
            if fits && begins_word(text, at) && is_random(value) {
                found.push(token(format.kind, at, format.prefix.len().saturating_add(length)));
            }
        }
    }
    found.extend(web_tokens(text));
    found.extend(private_keys(text));
    found.extend(named(text));
    found.sort_by_key(|token| (token.span.start, u32::MAX.saturating_sub(token.span.end)));
    found.dedup_by(|next, before| before.span.end > next.span.start);
    found
}

fn token(kind: &'static str, at: usize, length: usize) -> Token {
    Token { kind, span: Span::new(offset(at), offset(at.saturating_add(length))) }
}

/// How many letters, digits and `others` a text begins with, up to a limit.
fn run(text: &str, others: &[u8], limit: usize) -> usize {
    let part = |one: &u8| one.is_ascii_alphanumeric() || others.contains(one);
    text.bytes().take(limit).take_while(part).count()
}

/// The beginning of a text, not longer than so many bytes.
fn beginning(text: &str, length: usize) -> &str {
    text.get(..text.floor_char_boundary(length)).unwrap_or(text)
}

/// The longest credential that is looked for, in bytes.
const LONGEST: usize = 2_048;

fn begins_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.bytes().next_back());
    !before.is_some_and(|one| one.is_ascii_alphanumeric() || one == b'_')
}

/// Whether a value looks drawn at random rather than typed as a placeholder.
fn is_random(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let mut seen: Vec<u8> = value.bytes().collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len() >= 8 && !PLACEHOLDERS.iter().any(|word| lower.contains(word))
}

/// JSON Web Tokens: three parts in base64, the first two of JSON objects.
fn web_tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("eyJ") {
        let rest = text.get(at..).unwrap_or_default();
        let length = run(rest, b"_-.", LONGEST);
        let parts: Vec<&str> = rest.get(..length).unwrap_or_default().split('.').collect();
        if let [head, body, signature] = parts.as_slice()
            && head.len() > 10
            && body.starts_with("eyJ")
            && signature.len() > 10
            && begins_word(text, at)
        {
            found.push(token("a JSON Web Token", at, length));
        }
    }
    found
}

/// Private keys in PEM, with something of the key behind the first line.
fn private_keys(text: &str) -> Vec<Token> {
    const LEAST: usize = 40;
    let mut found = Vec::new();
    for (at, _) in text.match_indices("-----BEGIN ") {
        let rest = beginning(text.get(at..).unwrap_or_default(), LONGEST);
        let Some(end) = beginning(rest, 40).find("PRIVATE KEY") else { continue };
        let body = rest.get(end..).unwrap_or_default();
        let Some(body) = body.split_once("-----").map(|(_, body)| body) else { continue };
        // Line ends may be written as they are, or as `\n`.
        let body = body.replace("\\n", "\n");
        let longest = body
            .split(|one: char| !one.is_ascii_alphanumeric() && !"+/=".contains(one))
            .take(24)
            .map(str::len)
            .max();
        if longest.is_some_and(|longest| longest >= LEAST) {
            let first = rest.find("KEY-----").map_or(end, |key| key.saturating_add(8));
            found.push(token("a private key", at, first));
        }
    }
    found
}

/// Credentials that only their name tells from other text of that form.
fn named(text: &str) -> Vec<Token> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for (name, kind, exact) in [
        ("aws_secret_access_key", "an AWS secret access key", Some(40)),
        ("aws_secret_key", "an AWS secret access key", Some(40)),
        (":_authtoken", "a registry token", None),
        (":_auth", "a registry password", None),
    ] {
        for (at, _) in lower.match_indices(name) {
            let behind = at.saturating_add(name.len());
            let rest = beginning(text.get(behind..).unwrap_or_default(), LONGEST);
            let between = rest
                .len()
                .saturating_sub(rest.trim_start_matches(['=', ':', ' ', '"', '\'']).len());
            let value = rest.get(between..).unwrap_or_default();
            let length = run(value, b"+/=_-.", LONGEST);
            let closed = !value.get(length..).is_some_and(|more| more.starts_with(['$', '{', '<']));
            let fits = match exact {
                Some(exact) => length == exact,
                None => length >= 16 && is_random(value.get(..length).unwrap_or_default()),
            };
            if (1..=4).contains(&between) && fits && closed {
                found.push(token(kind, behind.saturating_add(between), length));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::tokens;

    fn kinds(text: &str) -> Vec<&'static str> {
        tokens(text).into_iter().map(|token| token.kind).collect()
    }

    /// Put together here, so that no scanner of this repository takes them for real.
    fn random(length: usize) -> String {
        "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0xL".chars().cycle().take(length).collect()
    }

    #[test]
    fn credentials_are_known_by_their_form() {
        for (text, kind) in [
            (format!("X=ghp_{}", random(36)), "a GitHub token"),
            (format!("glpat-{}", random(20)), "a GitLab token"),
            (format!("'xoxb-1234567890-{}'", random(24)), "a Slack token"),
            (format!("//r/:_authToken={}", random(40)), "a registry token"),
            (format!("AWS_SECRET_ACCESS_KEY={}", random(40)), "an AWS secret access key"),
            (
                format!("aws configure set aws_secret_access_key {}", random(40)),
                "an AWS secret access key",
            ),
            (format!("eyJ{}.eyJ{}.{}", random(20), random(20), random(43)), "a JSON Web Token"),
            (format!("-----BEGIN RSA {} KEY-----\\n{}\\n", "PRIVATE", random(64)), "a private key"),
        ] {
            assert_eq!(kinds(&text), [kind], "{text}");
        }
    }

    #[test]
    fn placeholders_variables_and_identifiers_are_none() {
        for text in [
            "AWS_ACCESS_KEY_ID=AKIAQ4XJ2MZP7T3LDRNB",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "glpat-your-token-goes-in-here",
            "_authToken=${NPM_TOKEN}",
            "//registry.npmjs.org/:_authToken=$NPM_TOKEN",
            "AUTH_MODE=none KEY_ALIAS=release",
            "-----BEGIN PUBLIC KEY-----",
            "grep -q 'BEGIN PRIVATE KEY' /etc/ssl/key.pem",
            "sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d",
            "npm_config_cache=/tmp/npm",
            "eyJhbGciOiJIUzI1NiJ9",
        ] {
            assert!(kinds(text).is_empty(), "{text}: {:?}", kinds(text));
        }
    }
}
