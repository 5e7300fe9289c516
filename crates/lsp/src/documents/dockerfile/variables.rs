//! Where a text names variables, as the builder finds them: `$name` and `${name…}`.

use std::ops::Range;

/// The variables that the builder sets itself.
///
/// <https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope> and
/// <https://docs.docker.com/reference/dockerfile/#predefined-args>.
const PREDEFINED: [(&str, &str); 16] = [
    ("TARGETPLATFORM", "platform of the image that is built, such as `linux/amd64`"),
    ("TARGETOS", "operating system of `TARGETPLATFORM`"),
    ("TARGETARCH", "architecture of `TARGETPLATFORM`"),
    ("TARGETVARIANT", "variant of `TARGETPLATFORM`, such as `v7`"),
    ("BUILDPLATFORM", "platform of the machine that builds"),
    ("BUILDOS", "operating system of `BUILDPLATFORM`"),
    ("BUILDARCH", "architecture of `BUILDPLATFORM`"),
    ("BUILDVARIANT", "variant of `BUILDPLATFORM`"),
    ("HTTP_PROXY", "proxy of the build; not in the image's history"),
    ("HTTPS_PROXY", "proxy of the build; not in the image's history"),
    ("FTP_PROXY", "proxy of the build; not in the image's history"),
    ("NO_PROXY", "hosts that need no proxy"),
    ("ALL_PROXY", "proxy of the build; not in the image's history"),
    ("BUILDKIT_INLINE_CACHE", "whether the image carries its build cache"),
    ("BUILDKIT_SYNTAX", "image of the frontend that reads the file"),
    ("SOURCE_DATE_EPOCH", "time that the builder writes into the image, in seconds"),
];

/// What a variable is that the builder sets.
pub(super) fn predefined(name: &str) -> Option<&'static str> {
    PREDEFINED.iter().find(|(known, _)| *known == name).map(|(_, about)| *about)
}

/// The names of variables in a text and where they stand in it. A `\$` is none, nor is anything
/// between single quotes.
pub(super) fn named(text: &str, escape: char) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut single = false;
    let mut double = false;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            _ if character == escape && !single => {
                characters.next();
            }
            '$' if !single => {
                let rest = text.get(at.saturating_add(1)..).unwrap_or_default();
                let brace = usize::from(rest.starts_with('{'));
                let name = rest.get(brace..).unwrap_or_default();
                let length = name_length(name);
                if length > 0 {
                    let start = at.saturating_add(1).saturating_add(brace);
                    found.push(start..start.saturating_add(length));
                }
            }
            _ => {}
        }
    }
    found
}

/// How many bytes at the start are the name of a variable.
pub(super) fn name_length(text: &str) -> usize {
    let is_name = |one: char| one.is_ascii_alphanumeric() || one == '_';
    if text.starts_with(|one: char| one.is_ascii_digit()) {
        return 0;
    }
    text.find(|one| !is_name(one)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_where_the_builder_expands() {
        let names = |text: &'static str| -> Vec<&str> {
            named(text, '\\').into_iter().map(|range| &text[range]).collect()
        };
        assert_eq!(names("$a/${b:-$c} \"'$d'\" $1 $"), ["a", "b", "c", "d"]);
        assert_eq!(names("\\$a '$b' $$"), [""; 0]);
    }
}
