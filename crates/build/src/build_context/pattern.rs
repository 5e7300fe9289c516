//! One pattern of a `.dockerignore`.
//!
//! `*` and `?` stand for characters of one name, `**` for folders too, `[a-z]` for one of a set.
//! After <https://github.com/moby/patternmatcher/blob/main/patternmatcher.go>, which makes regular
//! expressions of them and refuses what Go's `filepath.Match` refuses.

use std::iter::Peekable;
use std::str::Chars;

use super::Steps;

/// Why a pattern is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// `[` without an end, an empty set, a set with an open range.
    #[error("a set in `[…]` has no end, or holds nothing")]
    Set,
    /// A backslash as the last character.
    #[error("a backslash at the end escapes nothing")]
    Escape,
    /// `!` alone.
    #[error("nothing stands behind `!`")]
    Nothing,
}

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    /// `!`: what it matches is taken in again.
    pub(super) excepts: bool,
    /// Without `!`, cleaned.
    pub(super) text: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// No sign in it: the path itself.
    Exact,
    /// `a/**`: what begins so.
    Begins(String),
    /// `**/a`: what ends so.
    Ends(String),
    Signs(Vec<Sign>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Sign {
    Exactly(char),
    /// `?`
    One,
    /// `*`
    Name,
    /// `**/`
    Folders,
    /// `**` at the end.
    Rest,
    /// `[…]`: whether it is turned round, and its ranges.
    Set(bool, Vec<(char, char)>),
}

impl Pattern {
    /// Reads a line that is neither empty nor a comment.
    pub(super) fn parse(line: &str) -> Result<Self, PatternError> {
        let (mut excepts, rest) = match line.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, line),
        };
        let mut text = if rest.is_empty() { String::new() } else { clean(rest) };
        if text.len() > 1 && text.starts_with('/') {
            text.remove(0);
        }
        // The builder looks for `!` once more when the path is clean: `/!a` is `!a`.
        if !excepts && text.starts_with('!') {
            excepts = true;
            text.remove(0);
        }
        if text.is_empty() {
            return Err(PatternError::Nothing);
        }
        let kind = Kind::parse(&text)?;
        Ok(Self { excepts, text, kind })
    }

    /// Whether it leaves out all that is in the folder.
    pub(super) fn is_everything(&self) -> bool {
        !self.excepts && matches!(self.text.as_str(), "*" | "**" | "**/*")
    }

    /// Whether it matches a path; `None` where the steps are used up.
    pub(super) fn matches(&self, path: &str, steps: &mut Steps) -> Option<bool> {
        steps.take(1)?;
        Some(match &self.kind {
            Kind::Exact => path == self.text,
            Kind::Begins(start) => path.starts_with(start.as_str()),
            Kind::Ends(end) => {
                path.ends_with(end.as_str())
                    || end.strip_prefix('/').is_some_and(|whole| whole == path)
            }
            Kind::Signs(signs) => {
                let path: Vec<char> = path.chars().collect();
                return follow(signs, &path, steps);
            }
        })
    }
}

impl Kind {
    fn parse(text: &str) -> Result<Self, PatternError> {
        let mut signs = Vec::new();
        let mut form = Form::Exact;
        let mut characters = text.chars().peekable();
        let mut first = true;
        while let Some(character) = characters.next() {
            match character {
                '*' if characters.next_if_eq(&'*').is_some() => {
                    characters.next_if_eq(&'/');
                    let last = characters.peek().is_none();
                    form = match form {
                        _ if first => Form::Ends,
                        Form::Exact if last => Form::Begins,
                        _ => Form::Signs,
                    };
                    signs.push(if last { Sign::Rest } else { Sign::Folders });
                }
                '*' => signs.push(Sign::Name),
                '?' => signs.push(Sign::One),
                '\\' => {
                    form = Form::Signs;
                    signs.push(Sign::Exactly(characters.next().ok_or(PatternError::Escape)?));
                }
                '[' => signs.push(set(&mut characters)?),
                ']' => {
                    form = Form::Signs;
                    signs.push(Sign::Exactly(']'));
                }
                other => signs.push(Sign::Exactly(other)),
            }
            if matches!(signs.last(), Some(Sign::Name | Sign::One | Sign::Set(..))) {
                form = Form::Signs;
            }
            first = false;
        }
        Ok(match form {
            Form::Exact => Self::Exact,
            Form::Ends => Self::Ends(text.get(2..).unwrap_or_default().to_owned()),
            Form::Begins => {
                let end = text.len().saturating_sub(2);
                Self::Begins(text.get(..end).unwrap_or_default().to_owned())
            }
            Form::Signs => Self::Signs(signs),
        })
    }
}

/// What the signs read so far make of a pattern; the simple forms are compared as text.
enum Form {
    Exact,
    Begins,
    Ends,
    Signs,
}

/// Reads a set behind its `[`.
fn set(characters: &mut Peekable<Chars<'_>>) -> Result<Sign, PatternError> {
    let turned = characters.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && characters.next_if_eq(&']').is_some() {
            return Ok(Sign::Set(turned, ranges));
        }
        let low = member(characters)?;
        let high = if characters.next_if_eq(&'-').is_some() { member(characters)? } else { low };
        if high < low {
            return Err(PatternError::Set);
        }
        ranges.push((low, high));
    }
}

fn member(characters: &mut Peekable<Chars<'_>>) -> Result<char, PatternError> {
    match characters.next() {
        None | Some('-' | ']') => Err(PatternError::Set),
        Some('\\') => characters.next().ok_or(PatternError::Set),
        Some(other) => Ok(other),
    }
}

/// Whether the signs match the whole path: which beginnings of it the signs so far can have taken.
fn follow(signs: &[Sign], path: &[char], steps: &mut Steps) -> Option<bool> {
    let mut reach = vec![false; path.len().saturating_add(1)];
    *reach.first_mut()? = true;
    for sign in signs {
        steps.take(reach.len())?;
        let mut next = vec![false; reach.len()];
        let mut open = false;
        let mut any = false;
        for (at, slot) in next.iter_mut().enumerate() {
            let reached = reach.get(at).copied().unwrap_or(false);
            let before = at.checked_sub(1);
            let came = before.and_then(|before| reach.get(before)).copied().unwrap_or(false);
            let character = before.and_then(|before| path.get(before)).copied();
            *slot = match sign {
                Sign::Exactly(wanted) => came && character == Some(*wanted),
                Sign::One => came && character != Some('/'),
                Sign::Set(turned, ranges) => {
                    came && character.is_some_and(|one| {
                        ranges.iter().any(|(low, high)| (*low..=*high).contains(&one)) != *turned
                    })
                }
                Sign::Name => {
                    open = reached || open && character != Some('/');
                    open
                }
                Sign::Folders => {
                    let jumps = open && character == Some('/');
                    open |= reached;
                    reached || jumps
                }
                Sign::Rest => {
                    open |= reached;
                    open
                }
            };
            any |= *slot;
        }
        if !any {
            return Some(false);
        }
        reach = next;
    }
    reach.last().copied()
}

/// The shortest path that means the same, as Go's `filepath.Clean` makes it.
pub(super) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            other => parts.push(other),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}
