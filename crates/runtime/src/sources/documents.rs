//! A stream of JSON documents: a document a line, several in one line, or one laid out over many.

use std::io::{self, BufRead};

use super::Json;

/// How many bytes one document may have.
const MAX_DOCUMENT: usize = 64 << 20;

/// A part of a stream that is no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The line that it is in, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub why: String,
}

/// The documents of a stream.
#[derive(Debug)]
pub(crate) struct Documents<R> {
    input: R,
    line: u64,
    /// What was read and not yet parsed.
    text: Vec<u8>,
    parsed: std::vec::IntoIter<Result<(u64, Json), Skipped>>,
    is_at_end: bool,
}

impl<R: BufRead> Documents<R> {
    pub(crate) fn new(input: R) -> Self {
        let parsed = Vec::new().into_iter();
        Self { input, line: 0, text: Vec::new(), parsed, is_at_end: false }
    }

    /// The next document with the line that it begins in, or what is none; nothing at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Result<(u64, Json), Skipped>>> {
        loop {
            match self.parsed.next() {
                Some(next) => return Ok(Some(next)),
                None if self.is_at_end => return Ok(None),
                None => self.fill()?,
            }
        }
    }

    /// Reads lines until they are whole documents.
    fn fill(&mut self) -> io::Result<()> {
        self.text.clear();
        let first = self.line.saturating_add(1);
        // A document over many lines is parsed anew only when it has doubled.
        let mut next_try = 0;
        loop {
            let room = MAX_DOCUMENT.saturating_sub(self.text.len());
            let mut limited = io::Read::take(&mut self.input, room as u64);
            let read = limited.read_until(b'\n', &mut self.text)?;
            self.line = self.line.saturating_add(1);
            self.is_at_end = read == 0 && room > 0;
            let is_over = read == 0 && room == 0;
            if !self.is_at_end && !is_over && self.text.len() < next_try {
                continue;
            }
            let mut results = Vec::new();
            let is_whole = self.parse(first, &mut results);
            if is_whole || self.is_at_end || is_over {
                if !is_whole {
                    let why = if is_over {
                        format!("a document has more than {MAX_DOCUMENT} bytes")
                    } else {
                        "the document has no end".to_owned()
                    };
                    results.push(Err(Skipped { line: first, why }));
                }
                self.parsed = results.into_iter();
                return Ok(());
            }
            next_try = self.text.len().saturating_mul(2);
        }
    }

    /// Parses what was read; false where a document is not at its end.
    fn parse(&mut self, line: u64, into: &mut Vec<Result<(u64, Json), Skipped>>) -> bool {
        for next in serde_json::Deserializer::from_slice(&self.text).into_iter::<Json>() {
            match next {
                Ok(document) => into.push(Ok((line, document))),
                Err(error) if error.is_eof() => {
                    into.clear();
                    return false;
                }
                Err(error) => {
                    let why = format!("no JSON: {error}");
                    into.push(Err(Skipped { line, why }));
                    break;
                }
            }
        }
        true
    }
}
