//! Which values are secrets.

/// The last words of names whose values are secret.
const NAMES: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "api_key",
    "access_key",
    "secret_key",
    "private_key",
    "credentials",
    "auth_key",
    "encryption_key",
    "pwd",
];

/// The first characters of secrets that their issuers mark.
const PREFIXES: [&str; 12] = [
    "AKIA",
    "ASIA",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "sk_live_",
    "AIza",
    "-----BEGIN",
];

/// Whether a field of that name with that value gives a secret away.
pub(super) fn is_given_away(name: &str, value: &str) -> bool {
    is_marked(value) || is_secret_name(name) && is_literal(value)
}

/// Whether the issuer's mark is on it; a file with a private key is one too.
pub(crate) fn is_marked(value: &str) -> bool {
    let value = value.trim_start();
    PREFIXES.iter().any(|prefix| value.starts_with(prefix))
        && value.len() >= 16
        && !value.starts_with("-----BEGIN CERTIFICATE")
        && !value.starts_with("-----BEGIN PUBLIC")
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '.'], "_");
    NAMES.iter().any(|end| name.ends_with(end))
}

/// Whether it is the secret itself, not where it comes from: a reference, a path, a flag.
fn is_literal(value: &str) -> bool {
    let value = value.trim();
    let flags = ["true", "false", "yes", "no", "none", "null", "changeme"];
    !value.is_empty()
        && !value.starts_with(['/', '$', '{', '<', '*'])
        && !value.contains("://")
        && !flags.contains(&value.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_alone_gives_nothing_away() {
        assert!(is_given_away("DB_PASSWORD", "hunter2"));
        assert!(is_given_away("PLAIN", "ghp_0123456789abcdef"));
        assert!(!is_given_away("DB_PASSWORD", "$(OTHER)"));
        assert!(!is_given_away("TOKEN", "/var/run/token"));
        assert!(!is_given_away("PASSWORD_FILE", "hunter2"));
        assert!(!is_given_away("USE_TOKEN", "true"));
    }
}
