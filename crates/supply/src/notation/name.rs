//! Distinguished names, as trust policies compare them.
//!
//! An identity is trusted where each of its attributes is one of the certificate's subject. Country,
//! state and organisation are due on both sides, and no attribute may be there twice.
//! Source: `specs/trust-store-trust-policy.md` of notaryproject/specifications, `internal/pkix` of
//! notaryproject/notation-go, RFC 4514.

use std::collections::BTreeMap;

use crate::certificate::Certificate;
use crate::der::{self, Reader};
use crate::error::Error;

/// The attributes of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name(BTreeMap<String, String>);

/// The attributes that a name must have.
const DUE: [&str; 3] = ["C", "ST", "O"];

/// The last number of an identifier below 2.5.4, and the name of the attribute.
const KINDS: [(u8, &str); 9] = [
    (3, "CN"),
    (5, "SERIALNUMBER"),
    (6, "C"),
    (7, "L"),
    (8, "ST"),
    (9, "STREET"),
    (10, "O"),
    (11, "OU"),
    (17, "POSTALCODE"),
];

impl Name {
    /// Reads a name as RFC 4514 writes it.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        if text.contains("=#") {
            return Err(broken(text, "a value in hexadecimal is not read"));
        }
        let mut name = Self(BTreeMap::new());
        for part in split(text)? {
            let (kind, value) =
                part.split_once('=').ok_or_else(|| broken(text, "an attribute without `=`"))?;
            name.add(
                kind.trim(),
                unescape(value).ok_or_else(|| broken(text, "a bad escape"))?,
                text,
            )?;
        }
        name.complete(text)
    }

    /// The subject of a certificate.
    pub(super) fn of(certificate: &Certificate) -> Result<Self, Error> {
        let shown = certificate.subject();
        let mut name = Self(BTreeMap::new());
        let mut sets = Reader::only(certificate.subject_der(), der::SEQUENCE)?.reader();
        while !sets.is_empty() {
            let mut set = sets.expect(der::SET)?.reader();
            while !set.is_empty() {
                let mut pair = set.expect(der::SEQUENCE)?.reader();
                let oid = pair.expect(der::OID)?.content;
                let kind = match oid {
                    [0x55, 0x04, last] => KINDS.iter().find(|(number, _)| number == last),
                    _ => None,
                };
                let Some((_, kind)) = kind else {
                    let oid = der::dotted(oid).unwrap_or_default();
                    return Err(broken(&shown, &format!("the attribute {oid} is not compared")));
                };
                let value = pair.next()?;
                let texts = [der::UTF8_STRING, der::PRINTABLE_STRING, der::IA5_STRING, 0x14];
                let value = std::str::from_utf8(value.content)
                    .ok()
                    .filter(|_| texts.contains(&value.tag))
                    .ok_or_else(|| broken(&shown, "a value that is no text"))?;
                name.add(kind, value.to_owned(), &shown)?;
            }
        }
        name.complete(&shown)
    }

    /// Whether every attribute is one of `other` as well.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.0.iter().all(|(kind, value)| other.0.get(kind) == Some(value))
    }

    fn add(&mut self, kind: &str, value: String, whole: &str) -> Result<(), Error> {
        let kind = if kind == "S" { "ST" } else { kind };
        match self.0.insert(kind.to_owned(), value) {
            None => Ok(()),
            Some(_) => Err(broken(whole, &format!("`{kind}` is there twice"))),
        }
    }

    fn complete(self, whole: &str) -> Result<Self, Error> {
        match DUE.iter().find(|kind| self.0.get(**kind).is_none_or(String::is_empty)) {
            None => Ok(self),
            Some(kind) => Err(broken(whole, &format!("`{kind}` is missing: C, ST and O are due"))),
        }
    }
}

/// The attributes between commas that are not escaped.
fn split(text: &str) -> Result<Vec<String>, Error> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, parts.last_mut()) {
            ('+', _) => return Err(broken(text, "an attribute of several values")),
            (',' | ';', _) => parts.push(String::new()),
            ('\\', Some(part)) => {
                part.push(letter);
                part.extend(letters.next());
            }
            (_, Some(part)) => part.push(letter),
            (_, None) => {}
        }
    }
    Ok(parts)
}

/// A value without its escapes, and without blanks around it that are not escaped.
fn unescape(value: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut kept = 0;
    let mut letters = value.trim_start_matches(' ').chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            let next = letters.next()?;
            if let Some(high) = next.to_digit(16) {
                let low = letters.next()?.to_digit(16)?;
                bytes.push(u8::try_from(high << 4 | low).ok()?);
            } else {
                bytes.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
            }
            kept = bytes.len();
        } else {
            bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            if letter != ' ' {
                kept = bytes.len();
            }
        }
    }
    bytes.truncate(kept);
    String::from_utf8(bytes).ok()
}

fn broken(name: &str, why: &str) -> Error {
    Error::malformed("distinguished name", format!("`{name}`: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_within_another_that_says_more() {
        let whole = Name::parse("CN=a,OU=b,O=Example\\, Inc.,L=c,S=WA,C=US").expect("name");
        let some = Name::parse("C = US, ST=WA , O=Example\\2C Inc.").expect("name");
        assert!(some.is_within(&whole) && !whole.is_within(&some));
        assert!(!Name::parse("C=US,ST=WA,O=example").expect("name").is_within(&whole));
    }

    #[test]
    fn names_that_are_not_whole_or_not_clear_are_refused() {
        for (name, why) in [
            ("C=US,ST=WA", "`O` is missing"),
            ("C=US,ST=WA,O=a,O=b", "`O` is there twice"),
            ("C=US,ST=WA,O=a+OU=b", "several values"),
            ("C=US,ST=WA,O=#0c01", "hexadecimal"),
            ("C=US,ST=WA,O", "without `=`"),
            ("C=US,ST=WA,O=a\\", "bad escape"),
            ("C=US,S=WA,ST=WA,O=a", "`ST` is there twice"),
        ] {
            let refused = Name::parse(name).expect_err(name).to_string();
            assert!(refused.contains(why), "{refused}");
        }
    }
}
