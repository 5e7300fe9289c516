//! A `.dockerignore`: which files of the folder are no part of the build context.
//!
//! Lines are read as
//! <https://github.com/moby/patternmatcher/blob/main/ignorefile/ignorefile.go> reads them; the last
//! pattern that matches a path or a folder above it decides.

use super::Steps;
use super::pattern::{Pattern, PatternError, clean};

/// The longest file that is read, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// How many patterns are kept.
const MAX_PATTERNS: usize = 100_000;
/// The longest line that the builder reads, in bytes.
const MAX_LINE: usize = 64 * 1024 - 1;

/// What the builder would not take of a `.dockerignore`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoreProblem {
    /// The line, from 1.
    pub line: u32,
    /// What it is.
    pub kind: IgnoreProblemKind,
}

/// The kinds of problems of a `.dockerignore`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IgnoreProblemKind {
    /// Over the limit; the rest is not read.
    #[error("the file is longer than 1 MiB or has more than 100000 patterns; the rest is not read")]
    TooMuch,
    /// A line that the builder refuses.
    #[error("this line is longer than the 65535 bytes that the builder reads")]
    LineTooLong,
    /// A pattern that the builder refuses.
    #[error("the builder refuses the pattern `{0}`: {1}")]
    Pattern(String, PatternError),
}

/// A `.dockerignore`, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IgnoreFile {
    patterns: Vec<Pattern>,
    /// What is wrong with it; such a line counts for nothing.
    pub problems: Vec<IgnoreProblem>,
}

impl IgnoreFile {
    /// Reads a file; it never fails: see [`Self::problems`].
    pub fn parse(bytes: &[u8]) -> Self {
        let mut file = Self::default();
        let read = bytes.get(..MAX_BYTES).unwrap_or(bytes);
        let read = read.strip_prefix("\u{feff}".as_bytes()).unwrap_or(read);
        let mut number = 0_u32;
        for line in read.split(|one| *one == b'\n') {
            number = number.saturating_add(1);
            if line.starts_with(b"#") {
                continue;
            }
            if file.patterns.len() >= MAX_PATTERNS {
                file.problem(number, IgnoreProblemKind::TooMuch);
                return file;
            }
            if line.len() > MAX_LINE {
                file.problem(number, IgnoreProblemKind::LineTooLong);
                continue;
            }
            let line = String::from_utf8_lossy(line);
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            match Pattern::parse(line) {
                Ok(pattern) => file.patterns.push(pattern),
                Err(error) => {
                    let shown: String = line.chars().take(200).collect();
                    file.problem(number, IgnoreProblemKind::Pattern(shown, error));
                }
            }
        }
        if bytes.len() > MAX_BYTES {
            file.problem(number, IgnoreProblemKind::TooMuch);
        }
        file
    }

    fn problem(&mut self, line: u32, kind: IgnoreProblemKind) {
        if self.problems.len() < 100 {
            self.problems.push(IgnoreProblem { line, kind });
        }
    }

    /// Whether it has a pattern at all.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether a pattern takes in again (`!`) what another one leaves out.
    pub fn has_exceptions(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.excepts)
    }

    /// Whether a pattern leaves out all that is in the folder.
    pub fn ignores_everything(&self) -> bool {
        self.patterns.iter().any(Pattern::is_everything)
    }

    /// Whether a path of the folder, slashes between its parts, is left out; `None` where that
    /// would take more than the steps that are left.
    pub fn ignores(&self, path: &str, steps: &mut Steps) -> Option<bool> {
        let path = clean(path);
        let folders: Vec<&str> =
            path.match_indices('/').filter_map(|(at, _)| path.get(..at)).collect();
        let mut ignored = false;
        for pattern in &self.patterns {
            if pattern.excepts != ignored {
                continue;
            }
            let mut matches = pattern.matches(&path, steps)?;
            for folder in folders.iter().filter(|folder| !folder.is_empty()) {
                matches = matches || pattern.matches(folder, steps)?;
            }
            if matches {
                ignored = !pattern.excepts;
            }
        }
        Some(ignored)
    }
}
