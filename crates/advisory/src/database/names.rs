//! Package names in the one writing of their ecosystem, by which they are looked up.

use std::borrow::Cow;

use plimsoll_model::EcosystemName;

/// The canonical writing of a package's name.
///
/// - PyPI: <https://peps.python.org/pep-0503/#normalized-names>
/// - NuGet and Packagist do not tell upper from lower case.
/// - Swift packages are addresses, with or without scheme and `.git`.
/// - Everywhere else a name is written in one way only: npm's old names in capitals, Go's paths
///   and Maven's `group:artifact` are told apart by case.
///
/// ```
/// use plimsoll_advisory::database::canonical_name;
/// use plimsoll_model::EcosystemName;
/// assert_eq!(canonical_name(EcosystemName::PyPi, "Zope._Interface"), "zope-interface");
/// assert_eq!(canonical_name(EcosystemName::Go, "github.com/BurntSushi/toml"), "github.com/BurntSushi/toml");
/// ```
pub fn canonical_name(ecosystem: EcosystemName, name: &str) -> Cow<'_, str> {
    match ecosystem {
        EcosystemName::PyPi => pep_503(name),
        EcosystemName::NuGet | EcosystemName::Packagist => lower(name),
        EcosystemName::Swift => {
            let address = name.strip_prefix("https://").unwrap_or(name).trim_end_matches('/');
            lower(address.strip_suffix(".git").unwrap_or(address))
        }
        _ => Cow::Borrowed(name),
    }
}

fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

fn pep_503(name: &str) -> Cow<'_, str> {
    let is_separator = |b: u8| matches!(b, b'-' | b'_' | b'.');
    let plain = !name.bytes().any(|b| b.is_ascii_uppercase() || b == b'_' || b == b'.')
        && !name.contains("--");
    if plain {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len());
    for part in name.split(|c: char| u8::try_from(c).is_ok_and(is_separator)) {
        // Runs of separators leave empty parts; those at the ends stay as one `-` each.
        if !out.is_empty() && !out.ends_with('-') || part.is_empty() && out.is_empty() {
            out.push('-');
        }
        out.push_str(&part.to_ascii_lowercase());
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pypi_names_are_those_of_pep_503() {
        let by_pep = |name| canonical_name(EcosystemName::PyPi, name);
        for name in [
            "friendly-bard",
            "Friendly-Bard",
            "FRIENDLY-BARD",
            "friendly.bard",
            "friendly_bard",
            "friendly--bard",
            "FrIeNdLy-._.-bArD",
        ] {
            assert_eq!(by_pep(name), "friendly-bard", "{name}");
        }
        assert_eq!(by_pep("__odd__"), "-odd-");
    }

    #[test]
    fn case_counts_only_where_the_ecosystem_says_so() {
        assert_eq!(canonical_name(EcosystemName::NuGet, "Newtonsoft.Json"), "newtonsoft.json");
        assert_eq!(canonical_name(EcosystemName::Packagist, "Symfony/Http"), "symfony/http");
        assert_eq!(canonical_name(EcosystemName::Npm, "JSONStream"), "JSONStream");
        assert_eq!(
            canonical_name(EcosystemName::Swift, "https://github.com/Vapor/vapor.git"),
            "github.com/vapor/vapor"
        );
    }
}
