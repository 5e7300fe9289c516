//! `WWW-Authenticate`: how a registry wants to be told who asks.
//!
//! Source: RFC 9110 section 11.6.1,
//! <https://distribution.github.io/distribution/spec/auth/token/>.

/// What a registry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User and password with every request.
    Basic,
    /// A token from the server at `realm`.
    Bearer {
        /// URL of the token server.
        realm: String,
        /// Name of the registry there.
        service: Option<String>,
        /// What the token must allow.
        scope: Option<String>,
    },
}

impl Challenge {
    /// The challenge to answer among all that the headers hold: a token rather than a password.
    pub(super) fn choose<'h>(headers: impl Iterator<Item = &'h str>) -> Option<Self> {
        let mut basic = None;
        for (scheme, parameters) in headers.flat_map(split) {
            let value = |name: &str| {
                parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
            };
            if scheme.eq_ignore_ascii_case("bearer")
                && let Some(realm) = value("realm")
            {
                return Some(Self::Bearer {
                    realm,
                    service: value("service"),
                    scope: value("scope"),
                });
            }
            if scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Self::Basic);
            }
        }
        basic
    }
}

type Parameters = Vec<(String, String)>;

/// Splits one header into challenges. A word without `=` behind it begins the next one.
fn split(header: &str) -> Vec<(String, Parameters)> {
    let mut challenges: Vec<(String, Parameters)> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
        let Some((word, behind)) = rest.split_at_checked(end) else { break };
        if word.is_empty() && behind.is_empty() {
            break;
        }
        if let Some(value) = behind.trim_start().strip_prefix('=') {
            let (value, behind) = value_of(value.trim_start());
            if let Some((_, parameters)) = challenges.last_mut() {
                parameters.push((word.to_ascii_lowercase(), value));
            }
            rest = behind;
        } else {
            challenges.push((word.to_owned(), Vec::new()));
            rest = behind;
        }
    }
    challenges
}

/// A token or a quoted string, and what stands behind it.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let (value, behind) = text.split_at_checked(end).unwrap_or((text, ""));
        return (value.to_owned(), behind);
    };
    let mut value = String::new();
    let mut letters = quoted.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' => value.extend(letters.next()),
            letter => value.push(letter),
        }
    }
    (value, letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(headers: &[&str]) -> Option<Challenge> {
        Challenge::choose(headers.iter().copied())
    }

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Challenge {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Challenge::Bearer { realm: realm.into(), service: owned(service), scope: owned(scope) }
    }

    #[test]
    fn a_token_is_chosen_before_a_password() {
        let docker = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull,push""#;
        let expected = Some(bearer(
            "https://auth.docker.io/token",
            Some("registry.docker.io"),
            Some("repository:library/nginx:pull,push"),
        ));
        assert_eq!(chosen(&[docker]), expected);
        assert_eq!(chosen(&["Basic realm=\"x\"", docker]), expected);
        assert_eq!(
            chosen(&[r#"basic realm="a, b=c" , BEARER realm=r"#]),
            Some(bearer("r", None, None))
        );
        assert_eq!(chosen(&["Basic realm=\"x\""]), Some(Challenge::Basic));
        assert_eq!(chosen(&["Negotiate", "Bearer"]), None);
        assert_eq!(
            chosen(&[r#"Bearer realm="a\"b", service = s"#]),
            Some(bearer("a\"b", Some("s"), None))
        );
    }

    proptest::proptest! {
        #[test]
        fn no_header_panics(header in "([ -~]|é){0,80}") {
            let _ = chosen(&[&header]);
        }
    }
}
