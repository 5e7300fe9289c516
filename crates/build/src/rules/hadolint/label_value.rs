//! What a label's value must look like: times, addresses, versions, hashes, licences.

use crate::date::Date;

/// RFC 3986: a scheme, and behind it only characters of a URI; an authority has a sound port.
pub(super) fn is_url(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once(':') else { return false };
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    if !scheme.starts_with(|first: char| first.is_ascii_alphabetic()) || !scheme.bytes().all(sound)
    {
        return false;
    }
    let bytes = rest.as_bytes();
    let of_uri = bytes.iter().enumerate().all(|(at, byte)| match byte {
        b'%' => {
            let digits = bytes.get(at.saturating_add(1)..at.saturating_add(3));
            digits.is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
        }
        _ => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!&'()*+,;=$".contains(byte),
    });
    if !of_uri || rest.split('#').count() > 2 {
        return false;
    }
    let Some(behind) = rest.strip_prefix("//") else {
        return !rest.contains(['[', ']']);
    };
    let end = behind.find(['/', '?', '#']).unwrap_or(behind.len());
    let (authority, path) = behind.split_at_checked(end).unwrap_or((behind, ""));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let port = match host.strip_prefix('[') {
        Some(address) => match address.split_once(']') {
            Some((_, port)) => port.strip_prefix(':').unwrap_or(port),
            None => return false,
        },
        None if host.contains(['[', ']']) => return false,
        None => host.split_once(':').map_or("", |(_, port)| port),
    };
    port.bytes().all(|byte| byte.is_ascii_digit()) && !path.contains(['[', ']'])
}

/// RFC 3339: `2027-01-31T10:00:00Z`, with a fraction or an offset too.
pub(super) fn is_time(value: &str) -> bool {
    let Some((date, time)) = value.split_once(['T', 't']) else { return false };
    if date.parse::<Date>().is_err() {
        return false;
    }
    let clock = time.get(..8).unwrap_or_default();
    let rest = time.get(8..).unwrap_or_default();
    let offset = match rest.strip_prefix('.') {
        Some(fraction) => {
            let offset = fraction.trim_start_matches(|one: char| one.is_ascii_digit());
            if offset.len() == fraction.len() {
                return false;
            }
            offset
        }
        None => rest,
    };
    let [hours, minutes, seconds] = two_digits(clock);
    let sound_offset = matches!(offset, "Z" | "z")
        || offset.strip_prefix(['+', '-']).is_some_and(|offset| {
            let [hours, minutes] = two_digits(offset);
            hours <= 23 && minutes <= 59
        });
    hours <= 23 && minutes <= 59 && seconds <= 60 && sound_offset
}

/// Numbers of two digits with colons between; too large ones where the text is none such.
fn two_digits<const N: usize>(text: &str) -> [u8; N] {
    let mut numbers = [u8::MAX; N];
    if text.split(':').count() == N {
        for (slot, part) in numbers.iter_mut().zip(text.split(':')) {
            let sound = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            *slot = part.parse().ok().filter(|_| sound).unwrap_or(u8::MAX);
        }
    }
    numbers
}

/// An SPDX licence, or an expression of licences, none of them deprecated.
pub(super) fn is_licence(value: &str) -> bool {
    let Ok(expression) = spdx::Expression::parse(value) else { return false };
    expression.requirements().all(|one| one.req.license.id().is_none_or(|id| !id.is_deprecated()))
}

/// A git hash, as long as git writes it: whole, or at least seven characters of it.
pub(super) fn is_hash(value: &str) -> bool {
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    matches!(value.len(), 7..=40 | 64) && value.bytes().all(hexadecimal)
}

/// <https://semver.org>
pub(super) fn is_semver(value: &str) -> bool {
    let (rest, build) = value.split_once('+').map_or((value, None), |(a, b)| (a, Some(b)));
    let (core, before) = rest.split_once('-').map_or((rest, None), |(a, b)| (a, Some(b)));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let has_zeros = |part: &str| part.len() > 1 && part.starts_with('0');
    let is_word = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    core.split('.').count() == 3
        && core.split('.').all(|part| is_number(part) && !has_zeros(part))
        && before.is_none_or(|text| {
            text.split('.').all(|part| is_word(part) && !(is_number(part) && has_zeros(part)))
        })
        && build.is_none_or(|text| text.split('.').all(is_word))
}

/// The address of RFC 5322, without a name and comments around it.
pub(super) fn is_email(value: &str) -> bool {
    let Some((local, domain)) = value.trim().rsplit_once('@') else { return false };
    let atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let dotted = local.split('.').all(|part| !part.is_empty() && part.bytes().all(atom));
    let variable = local.contains("${") || local.starts_with('$');
    dotted && !variable && is_domain(domain) || is_quoted(local) && is_domain(domain)
}

fn is_quoted(local: &str) -> bool {
    let inner = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let inner = inner.or_else(|| local.strip_prefix("\\\"")?.strip_suffix("\\\""));
    inner.is_some_and(|inner| {
        !inner.contains('"') && inner.bytes().all(|byte| (b' '..0x7f).contains(&byte))
    })
}

fn is_domain(domain: &str) -> bool {
    if let Some(literal) = domain.strip_prefix('[') {
        let address = literal.strip_suffix(']').unwrap_or_default();
        let address = address.strip_prefix("IPv6:").unwrap_or(address);
        return address.parse::<std::net::IpAddr>().is_ok();
    }
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    domain.split('.').all(|label| {
        let sound = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        sound && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(is_valid: fn(&str) -> bool, good: &[&str], bad: &[&str]) {
        for value in good {
            assert!(is_valid(value), "{value} is taken");
        }
        for value in bad {
            assert!(!is_valid(value), "{value} is refused");
        }
    }

    #[test]
    fn urls_have_a_scheme_and_only_characters_of_a_uri() {
        let good = ["http://e.com", "mailto:a@b", "https://[::1]:80/", "urn:isbn:1", "http://"];
        let bad = ["e.com", "/a", "http://a b", "http://a/%zz", "1:b", "http://a:b/", "http://ü"];
        split(is_url, &good, &bad);
    }

    #[test]
    fn times_are_those_of_rfc_3339() {
        let good = ["2021-03-10T10:26:33.564595127+01:00", "2020-02-29t23:59:60z"];
        let bad = [
            "2021-02-29T00:00:00Z",
            "2021-03-10",
            "2021-03-10T24:00:00Z",
            "2021-03-10T10:26Z",
            "2021-03-10T10:26:33",
            "2021-03-10T10:26:33.Z",
            "2021-03-10T10:26:33+0100",
            "",
            "T",
        ];
        split(is_time, &good, &bad);
    }

    #[test]
    fn licences_are_current_identifiers() {
        split(is_licence, &["MIT", "MIT OR Apache-2.0"], &["mit", "GPL-3.0", "free", "", "$x"]);
    }

    #[test]
    fn hashes_and_versions_are_whole() {
        split(
            is_hash,
            &["2dbfae9", "43c572f1272b6b3171dd1db9e41b7027128ce080"],
            &["2dbfae", "HEAD"],
        );
        let bad = ["1.0", "v1.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.2.3.4", ""];
        split(is_semver, &["1.0.0", "2.0.1-rc1", "1.0.0-a.1+b-c"], &bad);
    }

    #[test]
    fn addresses_have_a_domain() {
        let good = ["a@b", "a.b+c@d.e", "\"a b\"@c.d", "a@[1.2.3.4]"];
        split(is_email, &good, &["a", "a@", ".a@b", "a@-b.c", "a@b..c", "A <a@b.c>", "é@b"]);
    }
}
