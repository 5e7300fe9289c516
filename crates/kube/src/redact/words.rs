//! Which names have secrets behind them, and which texts are secrets or have one in them.
//!
//! More is taken for a secret here than the rules report: what is hidden without need costs a
//! reader three stars, what is shown without need costs a password.

use crate::rules::secret::is_marked;

/// Parts of names whose values are hidden, without what separates words.
const PARTS: [&str; 17] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "authkey",
    "encryptionkey",
    "signingkey",
    "masterkey",
    "credential",
    "authorization",
    "cookie",
    "connectionstring",
];

/// The same at the end of names.
const ENDS: [&str; 4] = ["pass", "pwd", "dsn", "dockerconfigjson"];

/// Ends of names that say of a secret where or for how long it is, or what it is called.
const ABOUT: [&str; 16] = [
    "name",
    "names",
    "namespace",
    "ref",
    "file",
    "path",
    "dir",
    "mountpath",
    "seconds",
    "policy",
    "type",
    "version",
    "ttl",
    "enabled",
    "count",
    "size",
];

/// Values that say whether, not what.
const WHETHER: [&str; 8] = ["true", "false", "yes", "no", "on", "off", "none", "null"];

/// Whether what stands behind a name may be a secret.
pub(super) fn is_secretive(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|one| one.to_ascii_lowercase())
        .collect();
    (PARTS.iter().any(|part| plain.contains(part)) || ENDS.iter().any(|end| plain.ends_with(end)))
        && !ABOUT.iter().any(|end| plain.ends_with(end))
}

/// Whether a value behind such a name is one: not where it comes from, and not a flag.
pub(super) fn is_value(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    let refers = value.starts_with("$(") && value.ends_with(')');
    !value.is_empty() && !refers && !WHETHER.contains(&value.to_ascii_lowercase().as_str())
}

/// Where in a text the first secret begins that can be told by the text itself: a token with its
/// issuer's mark, a private key, a password in a URL, or one behind its name.
pub(super) fn secret_in(text: &str) -> Option<usize> {
    [marked(text), in_url(text), behind_a_name(text), behind_a_flag(text)]
        .into_iter()
        .flatten()
        .min()
}

fn is_word(one: char) -> bool {
    one.is_ascii_alphanumeric() || "_-.".contains(one)
}

/// The words of a text and where they begin.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = 0_usize;
    text.split(|one| !is_word(one)).map(move |word| {
        let at = rest;
        rest = at.saturating_add(word.len());
        // The character that ended the word may have several bytes.
        let skipped = text.get(rest..).and_then(|behind| behind.chars().next());
        rest = rest.saturating_add(skipped.map_or(0, char::len_utf8));
        (at, word)
    })
}

fn marked(text: &str) -> Option<usize> {
    let key = text.find("-----BEGIN").filter(|_| text.contains("PRIVATE KEY"));
    let token = || words(text).find(|(_, word)| is_marked(word)).map(|(at, _)| at);
    key.or_else(token)
}

/// `https://user:secret@host`
fn in_url(text: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| rest.find("://")) {
        let start = from.saturating_add(found).saturating_add(3);
        let rest = text.get(start..).unwrap_or_default();
        let end = rest.find(|one: char| one.is_whitespace() || "/?#\"'`".contains(one));
        let authority = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        if let Some((user, _)) = authority.rsplit_once('@')
            && let Some((name, password)) = user.split_once(':')
            && !password.is_empty()
        {
            return Some(start.saturating_add(name.len()).saturating_add(1));
        }
        from = start;
    }
    None
}

/// `password=x`, `password: x`, `"password":"x"`
fn behind_a_name(text: &str) -> Option<usize> {
    words(text).filter(|(_, word)| is_secretive(word)).find_map(|(at, word)| {
        let behind = text.get(at.saturating_add(word.len())..)?;
        let unquoted = behind.trim_start_matches(['"', '\'', '\\']);
        let value = unquoted.trim_start_matches([' ', '\t']);
        let value = if let Some(value) = value.strip_prefix('=') {
            value
        } else {
            let value = value.strip_prefix(':')?;
            // `image/token:1.2` is the tag of an image.
            let is_quoted = unquoted.len() < behind.len() || value.starts_with(['"', '\'', '\\']);
            let is_apart = value.starts_with([' ', '\t', '\n']);
            (is_apart || is_quoted).then_some(value)?
        };
        let value = value.trim_start_matches([' ', '\t']);
        let first = value.split(['\n', ' ', ',', ';', '&']).next().unwrap_or_default();
        is_value(first).then(|| text.len().saturating_sub(value.len()))
    })
}

/// `--password x`
fn behind_a_flag(text: &str) -> Option<usize> {
    words(text).filter(|(_, word)| is_flag(word)).find_map(|(at, word)| {
        let behind = text.get(at.saturating_add(word.len())..)?;
        let value = behind.trim_start_matches([' ', '\t']);
        let is_other = value.len() < behind.len() && !value.starts_with('-');
        (is_other && is_value(value)).then(|| text.len().saturating_sub(value.len()))
    })
}

/// Whether an argument is a flag whose value is the next one.
pub(super) fn is_flag(argument: &str) -> bool {
    argument.starts_with('-') && !argument.contains('=') && is_secretive(argument)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_names_about_them() {
        for name in ["password", "DB_PASSWORD", "apiKey", "spring.datasource.password", "DB_PASS"] {
            assert!(is_secretive(name), "{name}");
        }
        for name in ["secretName", "PASSWORD_FILE", "user", "tokenExpirationSeconds", "image"] {
            assert!(!is_secretive(name), "{name}");
        }
    }

    #[test]
    fn a_secret_is_found_where_it_begins() {
        for (text, secret) in [
            ("--db-password=hunter2", Some("hunter2")),
            ("mysql --password hunter2", Some("hunter2")),
            ("# password: hunter2", Some("hunter2")),
            ("{\"password\":\"hunter2\"}", Some("\"hunter2\"}")),
            ("postgres://web:hunter2@db/shop", Some("hunter2@db/shop")),
            ("key ghp_0123456789abcdef", Some("ghp_0123456789abcdef")),
            ("a\n-----BEGIN RSA PRIVATE KEY-----", Some("-----BEGIN RSA PRIVATE KEY-----")),
            ("registry.example.com/token:1.2", None),
            ("--token-ttl=1h --password-file=/run/x", None),
            ("password=$(DB_PASSWORD)", None),
            ("https://example.com:8443/@x", None),
            ("use a token", None),
        ] {
            assert_eq!(secret_in(text).and_then(|at| text.get(at..)), secret, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_secret_begins_at_a_character_of_any_text(text in "[\\PC\n]*(password|token)[=: \"]{0,3}\\PC*") {
            if let Some(at) = secret_in(&text) {
                prop_assert!(text.is_char_boundary(at));
            }
        }
    }
}
