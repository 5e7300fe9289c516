//! Addresses as they may be published.

/// An address without what may be a secret: the user and password before the host, and the query. A
/// fragment stays, for BuildKit names a reference of git there. `git@host:path` is
/// `ssh://host/path`.
pub fn without_credentials(address: &str) -> String {
    let address = address.trim();
    // The name of a package has an `@` for its version, and a query that belongs to it.
    if address.starts_with("pkg:") {
        return address.to_owned();
    }
    let is_scheme =
        |text: &str| text.bytes().all(|it| it.is_ascii_alphanumeric() || b"+-.".contains(&it));
    let Some((scheme, rest)) = address.split_once("://").filter(|(scheme, _)| is_scheme(scheme))
    else {
        return short_form(address);
    };
    // The last `@` before the path: a password may have one too.
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    // A password with a slash in it is malformed, and still a password.
    let (authority, path) = match path.split_once('@') {
        Some((_, after)) if authority.contains(':') && !is_port(authority) => {
            let end = after.find(['/', '?', '#']).unwrap_or(after.len());
            after.split_at(end)
        }
        _ => (authority, path),
    };
    let host = authority.rsplit('@').next().unwrap_or(authority);
    let (path, fragment) = path.split_once('#').map_or((path, None), |(a, b)| (a, Some(b)));
    let path = path.split('?').next().unwrap_or_default();
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{scheme}://{host}{path}{fragment}")
}

/// Whether what stands behind the last colon of an authority without a user is a port.
fn is_port(authority: &str) -> bool {
    authority.contains('@')
        || authority.rsplit_once(':').is_some_and(|(_, port)| {
            !port.is_empty() && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// `user@host:path` as git takes it; anything else is a path on this machine, of which only the
/// last part is told.
fn short_form(address: &str) -> String {
    let rest = match (address.find('@'), address.find(':')) {
        // A user with a password, which may have any letter in it.
        (Some(at), Some(colon)) if colon < at => address.rsplit('@').next().unwrap_or_default(),
        (Some(at), _) if !address.get(..at).unwrap_or_default().contains('/') => {
            address.get(at + 1..).unwrap_or_default()
        }
        _ => address,
    };
    match rest.split_once(':') {
        Some((host, path)) if !host.contains('/') => {
            format!("ssh://{host}/{}", path.trim_start_matches('/'))
        }
        _ => {
            let name = rest.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            format!("file:{name}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_leave_and_the_rest_stays() {
        for (address, published) in [
            ("https://user:pass@host/a.git", "https://host/a.git"),
            ("https://token@host:8443/a", "https://host:8443/a"),
            ("https://u:p@ss@host/a", "https://host/a"),
            ("https://u:pa/ss@host/a", "https://host/a"),
            ("https://host/a?access_token=x#refs/heads/main", "https://host/a#refs/heads/main"),
            ("https://host/a@v1", "https://host/a@v1"),
            ("https://host:443/a@v1", "https://host:443/a@v1"),
            ("git@github.com:org/repo.git", "ssh://github.com/org/repo.git"),
            ("ssh://git@host/a", "ssh://host/a"),
            ("/home/someone/repo/", "file:repo"),
            (
                "pkg:docker/alpine@3.20?platform=linux%2Famd64",
                "pkg:docker/alpine@3.20?platform=linux%2Famd64",
            ),
        ] {
            assert_eq!(without_credentials(address), published, "{address}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_password_never_stays(user in "[a-z]{1,8}", password in "[A-Z]{12}", host in "[a-z]{1,8}", path in "[a-z/]{0,12}") {
            for address in [
                format!("https://{user}:{password}@{host}/{path}"),
                format!("https://{password}@{host}/{path}"),
                format!("git+https://{user}:{password}@{host}/{path}#main"),
                format!("{user}:{password}@{host}:{path}"),
                format!("https://{host}/{path}?key={password}"),
            ] {
                let published = without_credentials(&address);
                proptest::prop_assert!(!published.contains(&password), "{} {}", address, published);
            }
        }

        #[test]
        fn no_text_panics(address in "\\PC{0,60}") {
            without_credentials(&address);
        }
    }
}
