//! Keys as a terminal sends them.

use std::cell::Cell;

use ratatui::termion::event::{Event, Key as TermionKey, parse_event};

/// The longest sequence of one key. What is longer is none.
const MAX_SEQUENCE: usize = 32;

/// A key, or several at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Char(char),
    Ctrl(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
    /// One that means nothing here.
    Other,
}

/// Bytes of a terminal that are not yet keys.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    bytes: Vec<u8>,
}

impl Decoder {
    /// Takes bytes in.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next key. After a pause (`is_over`) what is there is all there is of it: a lone escape is
    /// the key of that name, and not the beginning of a sequence.
    pub(super) fn next(&mut self, is_over: bool) -> Option<Key> {
        let (first, rest) = self.bytes.split_first()?;
        if *first == ESCAPE && rest.is_empty() {
            return is_over.then(|| self.take(1, Key::Esc));
        }
        if *first == ESCAPE && rest.first() == Some(&ESCAPE) {
            return Some(self.take(1, Key::Esc));
        }
        let used = Cell::new(0);
        let mut bytes = rest.iter().inspect(|_| used.set(used.get() + 1)).map(|byte| Ok(*byte));
        let event = parse_event(*first, &mut bytes);
        let is_short = event.is_err() && used.get() == rest.len();
        if is_short && !is_over && self.bytes.len() < MAX_SEQUENCE {
            return None;
        }
        let key = match event {
            Ok(Event::Key(key)) => of_termion(key),
            _ => Key::Other,
        };
        Some(self.take(used.get() + 1, key))
    }

    fn take(&mut self, count: usize, key: Key) -> Key {
        self.bytes.drain(..count.min(self.bytes.len()));
        key
    }
}

const ESCAPE: u8 = 0x1b;

fn of_termion(key: TermionKey) -> Key {
    match key {
        TermionKey::Char('\n') => Key::Enter,
        TermionKey::Char('\t') => Key::Tab,
        TermionKey::Char(letter) => Key::Char(letter),
        TermionKey::Ctrl(letter) => Key::Ctrl(letter),
        TermionKey::Esc => Key::Esc,
        TermionKey::BackTab => Key::BackTab,
        TermionKey::Backspace => Key::Backspace,
        TermionKey::Up => Key::Up,
        TermionKey::Down => Key::Down,
        TermionKey::Left => Key::Left,
        TermionKey::Right => Key::Right,
        TermionKey::PageUp => Key::PageUp,
        TermionKey::PageDown => Key::PageDown,
        TermionKey::Home => Key::Home,
        TermionKey::End => Key::End,
        _ => Key::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(chunks: &[&[u8]]) -> Vec<Key> {
        let mut decoder = Decoder::default();
        let mut keys = Vec::new();
        for chunk in chunks {
            decoder.feed(chunk);
            keys.extend(std::iter::from_fn(|| decoder.next(false)));
        }
        keys.extend(std::iter::from_fn(|| decoder.next(true)));
        keys
    }

    #[test]
    fn what_terminals_send_is_told_apart() {
        assert_eq!(
            keys(&[b"q\x1b[A\x1b[Z\t\r\x7f\x03\x1b[5~\x1b[H"]),
            [
                Key::Char('q'),
                Key::Up,
                Key::BackTab,
                Key::Tab,
                Key::Enter,
                Key::Backspace,
                Key::Ctrl('c'),
                Key::PageUp,
                Key::Home,
            ]
        );
        assert_eq!(keys(&["ö漢".as_bytes()]), [Key::Char('ö'), Key::Char('漢')]);
    }

    #[test]
    fn a_sequence_in_two_parts_is_one_key_and_a_lone_escape_is_one_too() {
        assert_eq!(keys(&[b"\x1b", b"[B"]), [Key::Down]);
        assert_eq!(keys(&[b"\x1b"]), [Key::Esc]);
        assert_eq!(keys(&[b"\x1b\x1b"]), [Key::Esc, Key::Esc]);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_or_stay(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
            let mut decoder = Decoder::default();
            decoder.feed(&bytes);
            while decoder.next(true).is_some() {}
            proptest::prop_assert!(decoder.bytes.is_empty());
        }
    }
}
