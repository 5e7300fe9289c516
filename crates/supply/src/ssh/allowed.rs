//! The file of allowed signers: which keys sign for whom, for what and when.
//!
//! Source: ssh-keygen(1), section "ALLOWED SIGNERS", and OpenSSH's `sshsig.c` and `match.c`. A line
//! that is not understood is passed over, as there. Times without `Z` are in UTC, where OpenSSH
//! takes the machine's zone.

use plimsoll_model::Timestamp;

use super::key::Key;
use super::pattern::matches_list;
use super::signature::Signature;
use crate::error::Error;
use crate::moment::of_digits;

const WHAT: &str = "allowed signers";

/// The largest file, in bytes: 4 MiB.
const MAX_BYTES: usize = 4 << 20;

/// The longest line, in bytes: 64 KiB.
const MAX_LINE: usize = 64 << 10;

/// Who may sign.
#[derive(Debug, Clone, Default)]
pub struct AllowedSigners {
    lines: Vec<Line>,
    /// Lines that were passed over, and why.
    pub skipped: Vec<String>,
}

#[derive(Debug, Clone)]
struct Line {
    number: usize,
    principals: String,
    options: Options,
    key: Key,
}

#[derive(Debug, Clone, Default)]
struct Options {
    is_authority: bool,
    namespaces: Option<String>,
    valid_after: Option<u64>,
    valid_before: Option<u64>,
}

/// The line that lets a key sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Who signed: the certificate's names that the line lets pass, else the line's as it has them.
    pub principals: Vec<String>,
    /// The number of the line, from 1.
    pub line: usize,
}

impl AllowedSigners {
    /// Reads the file's text.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(Error::malformed(WHAT, format!("more than {MAX_BYTES} bytes")));
        }
        let mut found = Self::default();
        for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let number = at + 1;
            match Line::parse(number, line) {
                Ok(Some(line)) => found.lines.push(line),
                Ok(None) => {}
                Err(why) => found.skipped.push(format!("line {number}: {why}")),
            }
        }
        Ok(found)
    }

    /// How many lines let somebody sign.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether nobody may sign.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Says by which line the key of `signature` may sign for its namespace at `time`, or why by
    /// none. With `principal`, the line and the certificate must be for that one.
    pub fn judge(
        &self,
        signature: &Signature,
        principal: Option<&str>,
        time: Timestamp,
    ) -> Result<Grant, String> {
        let time = u64::try_from(time.as_unix()).unwrap_or_default();
        let mut reasons = Vec::new();
        for line in &self.lines {
            match line.judge(signature, principal, time) {
                None => {}
                Some(Ok(principals)) => return Ok(Grant { principals, line: line.number }),
                Some(Err(why)) => reasons.push(format!("line {}: {why}", line.number)),
            }
        }
        if !reasons.is_empty() {
            return Err(reasons.join("; "));
        }
        Err(format!("no line of {} is for {}", self.lines.len(), signature.key.describe()))
    }
}

impl Line {
    /// `principals [options] type key [comment]`; nothing of empty lines and comments.
    fn parse(number: usize, line: &[u8]) -> Result<Option<Self>, String> {
        if line.len() > MAX_LINE {
            return Err(format!("longer than {MAX_LINE} bytes"));
        }
        let text = std::str::from_utf8(line).map_err(|_| "not UTF-8")?.trim_matches(BLANK);
        if text.is_empty() || text.starts_with('#') {
            return Ok(None);
        }
        let (principals, rest) = first_word(text).ok_or("nothing behind the principals")?;
        let (options, key) = match Key::from_line(rest) {
            Ok(key) => (Options::default(), key),
            Err(error) => {
                let Some(end) = end_of_options(rest) else { return Err(error.to_string()) };
                let (options, rest) = rest.split_at(end);
                let options = Options::parse(options)?;
                (options, Key::from_line(rest).map_err(|error| error.to_string())?)
            }
        };
        if key.certificate().is_some() {
            return Err("a certificate, where the authority's key is due".into());
        }
        Ok(Some(Self { number, principals: principals.to_owned(), options, key }))
    }

    /// `None` where the line is for another key.
    fn judge(
        &self,
        signature: &Signature,
        principal: Option<&str>,
        time: u64,
    ) -> Option<Result<Vec<String>, String>> {
        let certificate = signature.key.certificate();
        let is_meant = match (self.options.is_authority, certificate) {
            (false, None) => signature.key.is_same_key(&self.key),
            (true, Some(certificate)) => certificate.authority().is_same_key(&self.key),
            _ => false,
        };
        if !is_meant {
            return None;
        }
        Some(self.principals_of(signature, principal, time))
    }

    fn principals_of(
        &self,
        signature: &Signature,
        principal: Option<&str>,
        time: u64,
    ) -> Result<Vec<String>, String> {
        let who = match (signature.key.certificate(), principal) {
            (None, None) => vec![self.principals.clone()],
            (None, Some(name)) => {
                if !matches_list(name, &self.principals) {
                    return Err(format!("the key is for `{}`", self.principals));
                }
                vec![name.to_owned()]
            }
            (Some(certificate), wanted) => {
                certificate.check(time)?;
                let names = certificate.principals.iter();
                let names: Vec<String> = names
                    .filter(|it| wanted.is_none_or(|wanted| *it == wanted))
                    .filter(|it| matches_list(it, &self.principals))
                    .cloned()
                    .collect();
                if names.is_empty() {
                    let found = certificate.principals.join(", ");
                    return Err(format!("the certificate is for {found}"));
                }
                names
            }
        };
        let options = &self.options;
        let is_for = |list: &String| matches_list(&signature.namespace, list);
        if !options.namespaces.as_ref().is_none_or(is_for) {
            return Err(format!("the key is not for the namespace `{}`", signature.namespace));
        }
        if options.valid_after.is_some_and(|after| time < after) {
            return Err("the key is not valid yet at the time of the signature".into());
        }
        if options.valid_before.is_some_and(|before| time > before) {
            return Err("the key was not valid any more at the time of the signature".into());
        }
        Ok(who)
    }
}

impl Options {
    /// `name` and `name="value"`, with commas between.
    fn parse(text: &str) -> Result<Self, String> {
        let mut found = Self::default();
        let mut rest = text;
        loop {
            let end = rest.find(['=', ',']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            let name = name.to_ascii_lowercase();
            if name == "cert-authority" && !after.starts_with('=') {
                found.is_authority = true;
                rest = after;
            } else {
                let quoted = after.strip_prefix("=\"").ok_or("an option that is not known")?;
                let (value, after) = unquoted(quoted).ok_or("a value without its second quote")?;
                found.set(&name, value)?;
                rest = after;
            }
            match rest.strip_prefix(',') {
                Some("") => return Err("options that end with a comma".into()),
                Some(more) => rest = more,
                None if rest.is_empty() => break,
                None => return Err("something behind an option".into()),
            }
        }
        match (found.valid_after, found.valid_before) {
            (Some(after), Some(before)) if before <= after => {
                Err("valid-before is not after valid-after".into())
            }
            _ => Ok(found),
        }
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        let is_second = match name {
            "namespaces" => self.namespaces.replace(value).is_some(),
            "valid-after" => self.valid_after.replace(moment(&value)?).is_some(),
            "valid-before" => self.valid_before.replace(moment(&value)?).is_some(),
            _ => return Err(format!("the option `{name}` is not known")),
        };
        if is_second { Err(format!("`{name}` twice")) } else { Ok(()) }
    }
}

const BLANK: [char; 3] = [' ', '\t', '\r'];

/// The principals, which may stand in quotes, and what is behind them.
fn first_word(text: &str) -> Option<(&str, &str)> {
    let (word, rest) = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => text.split_once(BLANK)?,
    };
    let rest = rest.trim_start_matches(BLANK);
    (!word.is_empty() && !rest.is_empty()).then_some((word, rest))
}

/// Where the first blank is that is not in quotes.
fn end_of_options(text: &str) -> Option<usize> {
    let (mut in_quotes, mut is_escaped) = (false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '"' if !is_escaped => in_quotes = !in_quotes,
            ' ' | '\t' if !in_quotes => return Some(at),
            _ => {}
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    None
}

/// A value up to its quote, where `\"` stands for one, and what is behind it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' if letters.peek().is_some_and(|(_, next)| *next == '"') => {
                letters.next();
                value.push('"');
            }
            _ => value.push(letter),
        }
    }
    None
}

/// `YYYYMMDD[HHMM[SS]][Z]` or `0x` with seconds since the epoch.
fn moment(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no time of the form YYYYMMDD[HHMM[SS]][Z]");
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).ok().filter(|it| *it > 0).ok_or_else(wrong);
    }
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || ![8, 12, 14].contains(&digits.len()) {
        return Err(wrong());
    }
    let time = of_digits(&format!("{digits:0<14}")).ok_or_else(wrong)?;
    u64::try_from(time.as_unix()).ok().filter(|it| *it > 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_lengths() {
        assert_eq!(moment("20240102"), Ok(1_704_153_600));
        assert_eq!(moment("20240102Z"), Ok(1_704_153_600));
        assert_eq!(moment("202401020304"), Ok(1_704_164_640));
        assert_eq!(moment("20240102030405Z"), Ok(1_704_164_645));
        assert_eq!(moment("0x10"), Ok(16));
        for wrong in ["", "2024", "20241301", "20240132", "2024-01-02", "0x0", "0xzz", "+2024010"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn options_are_those_of_ssh_keygen() {
        let read =
            Options::parse(r#"cert-authority,NAMESPACES="git,f\"ile",valid-after="20240102""#);
        let read = read.expect("options");
        assert!(read.is_authority);
        assert_eq!(read.namespaces.as_deref(), Some("git,f\"ile"));
        assert_eq!(read.valid_after, Some(1_704_153_600));
        for wrong in [
            "",
            "no-touch-required",
            "cert-authority,",
            "cert-authority=\"x\"",
            "namespaces=git",
            "namespaces=\"git",
            "namespaces=\"a\"b",
            "namespaces=\"a\",namespaces=\"b\"",
            "valid-after=\"20240102\",valid-before=\"20240101\"",
        ] {
            assert!(Options::parse(wrong).is_err(), "{wrong}");
        }
    }
}
