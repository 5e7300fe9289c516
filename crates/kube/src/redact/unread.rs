//! The parts of a text that are no values: comments, and documents that could not be read.

use plimsoll_model::text::{Source, Span, offset};

use super::words::{is_secretive, secret_in};

/// What of them to hide. `leaves` are the places of what was read, in order.
pub(super) fn add(source: &Source, leaves: &[Span], hidden: &mut Vec<Span>) {
    let mut leaves = leaves.iter().peekable();
    let mut covered = 0;
    let mut line = 1;
    while line <= source.line_count() {
        let chunk = Chunk::new(source, line);
        let was_read = leaves.peek().is_some_and(|leaf| leaf.start < chunk.end);
        let is_suspect = !was_read && chunk.is_suspect(source);
        for line in chunk.first..chunk.behind {
            let all = source.line_span(line);
            while let Some(leaf) = leaves.next_if(|leaf| leaf.start < all.end) {
                covered = covered.max(leaf.end);
            }
            let start = all.start.max(covered);
            if start >= all.end {
                continue;
            }
            let tail = Span::new(start, all.end);
            let text = source.slice(tail);
            let from = if was_read {
                in_comment(text, chunk.is_secret)
            } else if is_suspect && !text.starts_with("---") {
                // Nobody knows what the value of an unread line belongs to.
                Some(behind_name(text, 0).unwrap_or(0))
            } else {
                None
            };
            if let Some(from) = from {
                hidden.push(Span::new(start.saturating_add(offset(from)), all.end));
            }
        }
        line = chunk.behind;
    }
}

/// Where in what follows the last value of a line something is to be hidden.
fn in_comment(text: &str, is_secret: bool) -> Option<usize> {
    let comment = text.find('#')?;
    if is_secret {
        return Some(behind_name(text, comment).unwrap_or(comment.saturating_add(1)));
    }
    secret_in(text)
}

/// What is behind the colon of a name, from a place on.
fn behind_name(text: &str, from: usize) -> Option<usize> {
    let colon = text.get(from..)?.find(':')?;
    Some(from.saturating_add(colon).saturating_add(1))
}

/// The lines of one document, as far as lines alone can tell.
struct Chunk {
    first: u32,
    /// The line behind its last.
    behind: u32,
    end: u32,
    /// Whether it has the words of a Secret.
    is_secret: bool,
}

impl Chunk {
    fn new(source: &Source, first: u32) -> Self {
        let mut behind = first;
        let mut chunk = Self { first, behind, end: 0, is_secret: false };
        while behind <= source.line_count() {
            let span = source.line_span(behind);
            let text = source.slice(span);
            if behind > first && text.starts_with("---") {
                break;
            }
            chunk.end = span.end;
            chunk.is_secret |= is_secret(text);
            behind = behind.saturating_add(1);
        }
        chunk.behind = behind;
        chunk
    }

    /// Whether something in it may be a secret.
    fn is_suspect(&self, source: &Source) -> bool {
        let mut lines = self.first..self.behind;
        self.is_secret || lines.any(|line| is_suspect(source.slice(source.line_span(line))))
    }
}

fn is_secret(line: &str) -> bool {
    if !line.contains("Secret") {
        return false;
    }
    let squashed: String = line.chars().filter(|one| !" \t\"'".contains(*one)).collect();
    squashed.contains("kind:Secret")
}

fn is_suspect(line: &str) -> bool {
    let is_word = |one: char| one.is_ascii_alphanumeric() || "_-.".contains(one);
    line.split(|one| !is_word(one)).any(is_secretive) || secret_in(line).is_some()
}
