//! The text of tags and commits, and what of it is signed.
//!
//! Order and number of the headers are held to what Git itself writes, so that no two readers see
//! two things in one object. Source: gitformat-signature(5); Git's `commit.c`, `gpg-interface.c`
//! and `fsck.c`.

use crate::error::Error;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A version of the whole tree.
    Commit,
    /// An annotated tag.
    Tag,
    /// A folder.
    Tree,
    /// A file.
    Blob,
}

impl Kind {
    /// As Git writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Tag => "tag",
            Self::Tree => "tree",
            Self::Blob => "blob",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Commit, Self::Tag, Self::Tree, Self::Blob].into_iter().find(|it| it.name() == name)
    }
}

/// An annotated tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The id of what it points to, in hexadecimal.
    pub target: String,
    /// What it points to.
    pub target_kind: Kind,
    /// What the tag calls itself, such as `v1.2`.
    pub name: String,
    /// Who says to have made it, and the seconds since the epoch that he claims.
    pub tagger: Option<(String, i64)>,
    /// What was signed.
    pub payload: Vec<u8>,
    /// The signature in its armour.
    pub signature: Option<Vec<u8>>,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The id of its tree, in hexadecimal.
    pub tree: String,
    /// Who says to have made it, and the seconds since the epoch that he claims.
    pub committer: (String, i64),
    /// What was signed.
    pub payload: Vec<u8>,
    /// The signature in its armour.
    pub signature: Option<Vec<u8>>,
}

/// First lines of signatures, wherever one may begin: a tag's last such line begins its signature.
const ARMOURS: [&[u8]; 4] = [
    b"-----BEGIN PGP SIGNATURE-----",
    b"-----BEGIN PGP MESSAGE-----",
    b"-----BEGIN SIGNED MESSAGE-----",
    b"-----BEGIN SSH SIGNATURE-----",
];

impl Tag {
    /// Reads a tag whose repository has ids of `digits` digits.
    pub fn parse(bytes: &[u8], digits: usize) -> Result<Self, Error> {
        let broken = |why: &str| Error::malformed("tag", why);
        let (signed, signature) = at_last_armour(bytes);
        let object = Split::of("tag", signed)?;
        let mut headers = object.headers.iter();
        let mut due = |name: &str| {
            let header = headers.next().filter(|it| it.name == name);
            header
                .ok_or_else(|| broken(&format!("`{name}` is not where it is due")))
                .map(|it| it.value)
        };
        let target = id(due("object")?, digits).ok_or_else(|| broken("`object` is no id"))?;
        let kind = Kind::named(due("type")?).ok_or_else(|| broken("`type` is none"))?;
        let name = due("tag")?;
        if name.is_empty() || name.contains(char::is_control) {
            return Err(broken("`tag` is no name"));
        }
        let tagger = match headers.next() {
            None => None,
            Some(header) if header.name == "tagger" => {
                Some(ident(header.value).ok_or_else(|| broken("`tagger` is not well formed"))?)
            }
            Some(_) => return Err(broken("a header that no tag has")),
        };
        if headers.next().is_some() {
            return Err(broken("a header behind `tagger`"));
        }
        Ok(Self {
            target: target.to_owned(),
            target_kind: kind,
            name: name.to_owned(),
            tagger,
            payload: object.payload,
            signature: signature.map(<[u8]>::to_vec),
        })
    }
}

impl Commit {
    /// Reads a commit whose repository has ids of `digits` digits.
    pub fn parse(bytes: &[u8], digits: usize) -> Result<Self, Error> {
        let broken = |why: &str| Error::malformed("commit", why);
        let object = Split::of("commit", bytes)?;
        let mut headers = object.headers.iter().peekable();
        let tree =
            headers.next().filter(|it| it.name == "tree").and_then(|it| id(it.value, digits));
        let tree = tree.ok_or_else(|| broken("`tree` is not where it is due, or no id"))?;
        while let Some(parent) = headers.next_if(|it| it.name == "parent") {
            id(parent.value, digits).ok_or_else(|| broken("`parent` is no id"))?;
        }
        let mut person = |name: &str| {
            let header = headers.next().filter(|it| it.name == name);
            let person = header.and_then(|it| ident(it.value));
            person.ok_or_else(|| {
                broken(&format!("`{name}` is not where it is due, or not well formed"))
            })
        };
        person("author")?;
        let committer = person("committer")?;
        let again = ["tree", "parent", "author", "committer"];
        if headers.any(|it| again.contains(&it.name)) {
            return Err(broken("a header that stands in the wrong place, or twice"));
        }
        // The name of the header says of which form of the repository's objects it is a signature.
        let own = if digits == SHA1_DIGITS { SHA1_SIGNATURE } else { SHA256_SIGNATURE };
        let mut signatures = object.signatures.into_iter().filter(|(name, _)| *name == own);
        let signature = signatures.next().map(|(_, value)| value);
        if signatures.next().is_some() {
            return Err(broken(&format!("`{own}` twice")));
        }
        Ok(Self { tree: tree.to_owned(), committer, payload: object.payload, signature })
    }
}

/// Digits of an id that is a SHA-1 digest.
pub(super) const SHA1_DIGITS: usize = 40;

const SHA1_SIGNATURE: &str = "gpgsig";
const SHA256_SIGNATURE: &str = "gpgsig-sha256";

struct Header<'a> {
    name: &'a str,
    /// The first line.
    value: &'a str,
}

/// An object taken apart.
struct Split<'a> {
    headers: Vec<Header<'a>>,
    signatures: Vec<(&'static str, Vec<u8>)>,
    /// Everything but the signatures in headers.
    payload: Vec<u8>,
}

impl<'a> Split<'a> {
    fn of(what: &'static str, bytes: &'a [u8]) -> Result<Self, Error> {
        let broken = |why: &str| Error::malformed(what, why);
        if bytes.contains(&0) {
            return Err(broken("a zero byte, behind which programs show nothing"));
        }
        let mut found = Self { headers: Vec::new(), signatures: Vec::new(), payload: Vec::new() };
        let mut rest = bytes;
        let mut in_signature = false;
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            let end = end.ok_or_else(|| broken("its headers do not end"))?;
            let (line, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            if line == b"\n" {
                found.payload.extend_from_slice(rest);
                return Ok(found);
            }
            rest = after;
            if let Some(more) = line.strip_prefix(b" ") {
                match found.signatures.last_mut().filter(|_| in_signature) {
                    Some((_, signature)) => signature.extend_from_slice(more),
                    None if found.headers.is_empty() => {
                        return Err(broken("it begins in the middle of a header"));
                    }
                    None => found.payload.extend_from_slice(line),
                }
                continue;
            }
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            let name = text.split(|byte| *byte == b' ').next().unwrap_or_default();
            let value =
                text.get(name.len() + 1..).ok_or_else(|| broken("a header without a value"))?;
            let own = [SHA1_SIGNATURE, SHA256_SIGNATURE];
            let own = own.into_iter().find(|it| it.as_bytes() == name);
            in_signature = own.is_some();
            if let Some(name) = own {
                found.signatures.push((name, [value, b"\n"].concat()));
                continue;
            }
            found.payload.extend_from_slice(line);
            let text = |bytes: &'a [u8]| std::str::from_utf8(bytes).ok();
            // Names of people may be in any encoding; they are only shown.
            let value = text(value).or_else(|| text(value.get(ascii_tail(value)..)?));
            let (name, value) =
                text(name).zip(value).ok_or_else(|| broken("a header's encoding"))?;
            found.headers.push(Header { name, value });
        }
        Ok(found)
    }
}

/// Where the last run of ASCII begins.
fn ascii_tail(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| !byte.is_ascii()).map_or(0, |at| at + 1)
}

/// An object, and the signature that begins with the last line that is the first of one.
fn at_last_armour(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut found = None;
    let mut at = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if ARMOURS.iter().any(|armour| line.starts_with(armour)) {
            found = Some(at);
        }
        at += line.len();
    }
    match found.and_then(|at| bytes.split_at_checked(at)) {
        Some((signed, signature)) => (signed, Some(signature)),
        None => (bytes, None),
    }
}

/// A whole id in lower-case hexadecimal.
pub(super) fn id(text: &str, digits: usize) -> Option<&str> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (text.len() == digits && text.bytes().all(is_digit)).then_some(text)
}

/// `Name <address> seconds zone`
fn ident(text: &str) -> Option<(String, i64)> {
    let (person, time) = text.rsplit_once("> ")?;
    let (seconds, zone) = time.split_once(' ')?;
    let is_number = |it: &str| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(seconds) || !zone.strip_prefix(['+', '-']).is_some_and(is_number) {
        return None;
    }
    Some((format!("{person}>"), seconds.parse().ok()?))
}
