//! Python's versions: `[N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local]`.
//!
//! What PEP 440 rejects was published before it: such versions are older than all others and are
//! ordered as setuptools did it.
//!
//! Source: <https://packaging.python.org/specifications/version-specifiers/#version-scheme>.

use std::cmp::Ordering;

use super::{Why, digits};

pub(super) enum Version<'v> {
    Standard(Standard<'v>),
    Legacy(&'v str),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Standard<'v> {
    pub(super) epoch: &'v [u8],
    /// Digits with dots between them.
    pub(super) release: &'v [u8],
    /// 0 a, 1 b, 2 rc, and its number.
    pub(super) pre: Option<(u8, &'v [u8])>,
    pub(super) post: Option<&'v [u8]>,
    pub(super) dev: Option<&'v [u8]>,
    pub(super) local: Option<&'v [u8]>,
}

pub(super) fn parse(text: &str) -> Result<Version<'_>, Why> {
    let text = text.trim();
    if text.is_empty() {
        return Err("it is empty");
    }
    Ok(standard(text).map_or(Version::Legacy(text), Version::Standard))
}

pub(super) fn is_valid(text: &str) -> bool {
    standard(text.trim()).is_some()
}

/// `None` for what PEP 440 rejects.
pub(super) fn standard(text: &str) -> Option<Standard<'_>> {
    let mut rest = text.as_bytes();
    rest = rest.strip_prefix(b"v").or_else(|| rest.strip_prefix(b"V")).unwrap_or(rest);
    let mut version = Standard::default();
    let mut ahead = rest;
    let number = digits::take_number(&mut ahead);
    if digits::take_byte(&mut ahead, b'!') {
        version.epoch = Some(number).filter(|number| !number.is_empty())?;
        rest = ahead;
    }
    let start = rest;
    if digits::take_number(&mut rest).is_empty() {
        return None;
    }
    while let Some((b'.', mut after)) = rest.split_first()
        && !digits::take_number(&mut after).is_empty()
    {
        rest = after;
    }
    version.release = start.get(..start.len() - rest.len())?;
    const PRE: [(&[u8], u8); 8] = [
        (b"alpha", 0),
        (b"a", 0),
        (b"beta", 1),
        (b"b", 1),
        (b"preview", 2),
        (b"pre", 2),
        (b"rc", 2),
        (b"c", 2),
    ];
    if let Some((kind, number)) = labelled(&mut rest, &PRE) {
        version.pre = Some((kind, number));
    }
    const POST: [(&[u8], u8); 3] = [(b"post", 0), (b"rev", 0), (b"r", 0)];
    if let Some((_, number)) = labelled(&mut rest, &POST) {
        version.post = Some(number);
    } else if let Some((b'-', mut after)) = rest.split_first() {
        let number = digits::take_number(&mut after);
        if !number.is_empty() {
            (version.post, rest) = (Some(number), after);
        }
    }
    if let Some((_, number)) = labelled(&mut rest, &[(b"dev", 0)]) {
        version.dev = Some(number);
    }
    if let Some((b'+', local)) = rest.split_first() {
        let parts = local.split(|&byte| b".-_".contains(&byte));
        if !parts.clone().all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_alphanumeric))
        {
            return None;
        }
        (version.local, rest) = (Some(local), b"");
    }
    rest.is_empty().then_some(version)
}

/// `.rc1`, `-RC.1`, `rc`: a word of the list and its number, empty where it has none.
fn labelled<'v>(rest: &mut &'v [u8], words: &[(&[u8], u8)]) -> Option<(u8, &'v [u8])> {
    let mut ahead = *rest;
    let separator = |text: &mut &[u8]| {
        if text.first().is_some_and(|byte| b".-_".contains(byte)) {
            *text = text.get(1..).unwrap_or_default();
        }
    };
    separator(&mut ahead);
    let (word, kind) = words.iter().find(|(word, _)| {
        ahead.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
    })?;
    ahead = ahead.get(word.len()..)?;
    let mut after = ahead;
    separator(&mut after);
    let number = digits::take_number(&mut after);
    if number.is_empty() {
        // A mark behind the word belongs to what follows.
        *rest = ahead;
    } else {
        *rest = after;
    }
    Some((*kind, number))
}

pub(super) fn compare(a: &Version<'_>, b: &Version<'_>) -> Ordering {
    match (a, b) {
        (Version::Standard(a), Version::Standard(b)) => {
            public(a, b).then_with(|| local(a.local, b.local))
        }
        (Version::Legacy(_), Version::Standard(_)) => Ordering::Less,
        (Version::Standard(_), Version::Legacy(_)) => Ordering::Greater,
        (Version::Legacy(a), Version::Legacy(b)) => legacy(a).cmp(&legacy(b)),
    }
}

/// The order without local parts.
pub(super) fn public(a: &Standard<'_>, b: &Standard<'_>) -> Ordering {
    digits::compare(a.epoch, b.epoch)
        .then_with(|| super::semver::numbers(a.release, b.release))
        .then_with(|| {
            let (left, right) = (pre(a), pre(b));
            left.0.cmp(&right.0).then_with(|| digits::compare(left.1, right.1))
        })
        .then_with(|| match (a.post, b.post) {
            (Some(a), Some(b)) => digits::compare(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        })
        .then_with(|| match (a.dev, b.dev) {
            (Some(a), Some(b)) => digits::compare(a, b),
            (a, b) => b.is_some().cmp(&a.is_some()),
        })
}

/// A development version of the release itself is older than its pre-releases; no pre-release is
/// newer than all.
fn pre<'v>(version: &Standard<'v>) -> (u8, &'v [u8]) {
    match version.pre {
        Some((kind, number)) => (kind + 1, number),
        None if version.post.is_none() && version.dev.is_some() => (0, b""),
        None => (9, b""),
    }
}

/// Without a local part is older; numbers are newer than words.
fn local(a: Option<&[u8]>, b: Option<&[u8]>) -> Ordering {
    let (Some(a), Some(b)) = (a, b) else { return a.is_some().cmp(&b.is_some()) };
    let mut left = a.split(|byte| b".-_".contains(byte));
    let mut right = b.split(|byte| b".-_".contains(byte));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => match (digits::is_number(x), digits::is_number(y)) {
                (true, true) => digits::compare(x, y),
                (false, false) => x.to_ascii_lowercase().cmp(&y.to_ascii_lowercase()),
                (x, y) => x.cmp(&y),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// The key by which setuptools ordered versions before PEP 440.
///
/// Source: `packaging.version.LegacyVersion` of <https://github.com/pypa/packaging/tree/21.3>.
fn legacy(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let mut parts: Vec<String> = Vec::new();
    let mut rest = lower.as_str();
    while let Some(first) = rest.chars().next() {
        let is = |letter: char| match first {
            '0'..='9' => letter.is_ascii_digit(),
            'a'..='z' => letter.is_ascii_lowercase(),
            '.' | '-' => letter == first,
            _ => !letter.is_ascii_alphanumeric() && letter != '.' && letter != '-',
        };
        let single = first == '.' || first == '-';
        let end = if single { 1 } else { rest.find(|letter| !is(letter)).unwrap_or(rest.len()) };
        let (part, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        rest = after;
        let part = match part {
            "pre" | "preview" | "rc" => "c",
            "-" => "final-",
            "dev" => "@",
            "." => continue,
            other => other,
        };
        if first.is_ascii_digit() {
            parts.push(format!("{part:0>8}"));
            continue;
        }
        let part = format!("*{part}");
        if part.as_str() < "*final" {
            while parts.last().is_some_and(|last| last == "*final-") {
                parts.pop();
            }
        }
        while parts.last().is_some_and(|last| last == "00000000") {
            parts.pop();
        }
        parts.push(part);
    }
    while parts.last().is_some_and(|last| last == "00000000") {
        parts.pop();
    }
    parts.push("*final".to_owned());
    parts
}
