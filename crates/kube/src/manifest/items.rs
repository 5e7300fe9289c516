//! The items of a JSON list, one at a time out of a stream.
//!
//! A list of all pods of a large cluster has gigabytes: no more than one item of it is held, and what
//! stands around the items. What an item says is read elsewhere; here it is only found where it ends.

use std::io::{self, BufRead};

use plimsoll_model::text::Position;

use super::Manifest;

/// The longest item. The store of a cluster takes no object of more than 1.5 MiB unless told so.
const MAX_ITEM: usize = 16 << 20;

/// How much may stand around the items.
const MAX_ENVELOPE: usize = 1 << 20;

/// An item as it stands in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its text.
    pub bytes: Vec<u8>,
    /// Where it begins; columns are bytes.
    pub place: Position,
}

/// What stands around the items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// `List`, `PodList`; empty where it is missing.
    pub kind: String,
    /// What the next page is asked for by; empty on the last one.
    pub next: String,
    /// The version of what was listed; empty where it is missing.
    pub version: String,
}

/// Why a list cannot be read to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ItemsError {
    /// The stream broke.
    #[error("the list breaks off: {0}")]
    Stream(#[from] io::Error),
    /// It is something else.
    #[error("line {line}: {what}")]
    NoList {
        /// Where.
        line: u32,
        /// What is wrong.
        what: String,
    },
}

/// Reads a list. First all items, then what stands around them.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that was seen last")]
pub struct Items<R> {
    reader: R,
    line: u32,
    column: u32,
    /// What was read but the items.
    envelope: Vec<u8>,
    depth: u32,
    text: Quoted,
    /// Where the last text at the first level begins and ends in the envelope.
    last: (usize, usize),
    /// Whether a value follows, not a name.
    is_value: bool,
    within: bool,
    /// Whether an item, and no comma, came last.
    after_item: bool,
    after_comma: bool,
    count: u64,
}

/// Where in a quoted text the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoted {
    Outside,
    Inside,
    Escaped,
}

impl Quoted {
    /// Takes a byte; whether it is outside of all quotes.
    fn take(&mut self, byte: u8) -> bool {
        let (next, outside) = match (*self, byte) {
            (Self::Outside, b'"') => (Self::Inside, false),
            (Self::Outside, _) => (Self::Outside, true),
            (Self::Inside, b'"') => (Self::Outside, false),
            (Self::Inside, b'\\') => (Self::Escaped, false),
            (Self::Inside | Self::Escaped, _) => (Self::Inside, false),
        };
        *self = next;
        outside
    }
}

impl<R: BufRead> Items<R> {
    /// Reads from the beginning of the list.
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            line: 1,
            column: 1,
            envelope: Vec::new(),
            depth: 0,
            text: Quoted::Outside,
            last: (0, 0),
            is_value: false,
            within: false,
            after_item: false,
            after_comma: false,
            count: 0,
        }
    }

    /// The next item; `None` where there is none any more.
    #[allow(clippy::should_implement_trait, reason = "after an error nothing follows")]
    pub fn next(&mut self) -> Result<Option<Item>, ItemsError> {
        loop {
            let Some(byte) = self.byte()? else {
                if self.within || self.depth > 0 || self.envelope.is_empty() {
                    let end = io::Error::from(io::ErrorKind::UnexpectedEof);
                    return Err(ItemsError::Stream(end));
                }
                return Ok(None);
            };
            if !self.within {
                self.around(byte)?;
                continue;
            }
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => {}
                b',' if self.after_item => (self.after_item, self.after_comma) = (false, true),
                b']' if !self.after_comma => {
                    (self.within, self.after_item) = (false, false);
                    self.push(byte)?;
                }
                b'{' if !self.after_item => return self.item().map(Some),
                _ => return Err(self.wrong(format!("item {} is no object", self.count))),
            }
        }
    }

    /// What stands around the items, once all of them were read.
    pub fn envelope(&self) -> Result<Envelope, ItemsError> {
        let read = Manifest::from_json(&self.envelope).map_err(|what| self.wrong(what))?;
        let root = read.documents.first();
        let text = |path: &[&str]| {
            let found = root.and_then(|root| root.at(path)?.as_str());
            found.unwrap_or_default().to_owned()
        };
        let envelope = Envelope {
            kind: text(&["kind"]),
            next: text(&["metadata", "continue"]),
            version: text(&["metadata", "resourceVersion"]),
        };
        if !envelope.kind.ends_with("List") {
            return Err(self.wrong(format!("`{}` is no kind of a list", envelope.kind)));
        }
        Ok(envelope)
    }

    /// Takes a byte that is outside of the items.
    fn around(&mut self, byte: u8) -> Result<(), ItemsError> {
        let before = self.text;
        let at = self.envelope.len();
        self.push(byte)?;
        if !self.text.take(byte) {
            match (before, self.text) {
                (Quoted::Outside, _) if self.depth == 1 => self.last = (at, at),
                (_, Quoted::Outside) if self.depth == 1 => self.last.1 = at,
                _ => {}
            }
            return Ok(());
        }
        match byte {
            b'[' if self.depth == 1 && self.is_value && self.is_items() => self.within = true,
            b'{' | b'[' => self.depth = self.depth.saturating_add(1),
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b':' if self.depth == 1 => self.is_value = true,
            b',' if self.depth == 1 => self.is_value = false,
            _ => {}
        }
        Ok(())
    }

    /// Whether the name that came last is `items`.
    fn is_items(&self) -> bool {
        let (start, end) = self.last;
        self.envelope.get(start.saturating_add(1)..end) == Some(b"items")
    }

    /// Reads an item whose first brace was taken.
    fn item(&mut self) -> Result<Item, ItemsError> {
        let place = Position { line: self.line, column: self.column.saturating_sub(1) };
        let mut bytes = vec![b'{'];
        let (mut depth, mut text) = (1_u32, Quoted::Outside);
        while depth > 0 {
            let chunk = self.reader.fill_buf()?;
            if chunk.is_empty() {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            let mut used = 0_usize;
            for byte in chunk {
                used = used.saturating_add(1);
                (self.line, self.column) = after(*byte, self.line, self.column);
                if text.take(*byte) {
                    match byte {
                        b'{' | b'[' => depth = depth.saturating_add(1),
                        b'}' | b']' => depth = depth.saturating_sub(1),
                        _ => continue,
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            bytes.extend_from_slice(chunk.get(..used).unwrap_or_default());
            self.reader.consume(used);
            if bytes.len() > MAX_ITEM {
                return Err(self.wrong(format!("an item has more than {MAX_ITEM} bytes")));
            }
        }
        self.count = self.count.saturating_add(1);
        (self.after_item, self.after_comma) = (true, false);
        Ok(Item { bytes, place })
    }

    fn byte(&mut self) -> Result<Option<u8>, ItemsError> {
        let Some(byte) = self.reader.fill_buf()?.first().copied() else { return Ok(None) };
        self.reader.consume(1);
        (self.line, self.column) = after(byte, self.line, self.column);
        Ok(Some(byte))
    }

    fn push(&mut self, byte: u8) -> Result<(), ItemsError> {
        if self.envelope.len() >= MAX_ENVELOPE {
            return Err(self.wrong(format!("more than {MAX_ENVELOPE} bytes beside the items")));
        }
        self.envelope.push(byte);
        Ok(())
    }

    fn wrong(&self, what: String) -> ItemsError {
        ItemsError::NoList { line: self.line, what }
    }
}

/// Where one is after a byte.
fn after(byte: u8, line: u32, column: u32) -> (u32, u32) {
    if byte == b'\n' { (line.saturating_add(1), 1) } else { (line, column.saturating_add(1)) }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<(Vec<Item>, Envelope), ItemsError> {
        // A buffer of three bytes, so that everything is cut somewhere.
        let mut items = Items::new(BufReader::with_capacity(3, text.as_bytes()));
        let mut all = Vec::new();
        while let Some(item) = items.next()? {
            all.push(item);
        }
        let envelope = items.envelope()?;
        Ok((all, envelope))
    }

    #[test]
    fn items_come_one_by_one_with_their_places_and_then_what_stands_around_them() {
        let text = "{\n \"apiVersion\": \"v1\", \"metadata\": {\"items\": [1], \"continue\": \"c\", \
                    \"resourceVersion\": \"7\"},\n \"items\": [\n  {\"a\": \"}\\\"]\"},\n  {\"b\":\n \
                    [{}]}\n ],\n \"kind\": \"PodList\"\n}\n";
        let (items, envelope) = read(text).unwrap();
        let shown: Vec<_> = items
            .iter()
            .map(|item| {
                let text = std::str::from_utf8(&item.bytes).unwrap();
                (text, item.place.line, item.place.column)
            })
            .collect();
        assert_eq!(shown, [("{\"a\": \"}\\\"]\"}", 4, 3), ("{\"b\":\n [{}]}", 5, 3)]);
        let wanted = Envelope { kind: "PodList".into(), next: "c".into(), version: "7".into() };
        assert_eq!(envelope, wanted);
    }

    #[test]
    fn what_is_no_whole_list_is_refused() {
        for wrong in [
            "",
            "{",
            "{\"items\":[",
            "{\"items\":[{}",
            "{\"items\":[{}]",
            "{\"items\":[{},]}",
            "{\"items\":[{}{}],\"kind\":\"List\"}",
            "{\"items\":[,{}],\"kind\":\"List\"}",
            "{\"items\":[1],\"kind\":\"List\"}",
            "{\"items\":[],\"kind\":\"Pod\"}",
            "{\"items\":[{}],\"items\":[{}],\"kind\":\"List\"}",
            "{\"items\":[],\"kind\":\"List\"} {}",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_found_that_a_reader_of_all_does_not_find(
            text in "\\{\"items\":\\[(\\{\"a\":[\\[\\]{}\",1 \\\\]{0,6}\\},?){0,3}\\],\"kind\":\"List\"\\}"
        ) {
            if let Ok((items, _)) = read(&text)
                && items.iter().all(|item| Manifest::from_json(&item.bytes).is_ok())
            {
                let whole = Manifest::from_json(text.as_bytes()).unwrap();
                prop_assert_eq!(whole.documents[0].list("items").len(), items.len());
            }
        }
    }
}
