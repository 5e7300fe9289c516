//! A stream of JSON documents as events: a document a line, several in one line, or one laid out
//! over many.

use std::io::{self, BufRead};

use super::{ALL, Json, LogEvent};
use crate::event::{EventCode, Next, Stream};

/// How many bytes one document may have.
const MAX_DOCUMENT: usize = 64 << 20;

/// The events of a stream.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    line: u64,
    /// What was read and not yet parsed.
    text: Vec<u8>,
    parsed: std::vec::IntoIter<Result<LogEvent, Skipped>>,
    number: u64,
    first_time: Option<u64>,
    code: Option<EventCode>,
    is_at_end: bool,
    current: Option<LogEvent>,
}

/// What is read: an event, or what is none.
#[derive(Debug)]
pub enum Read {
    /// An event.
    Event(LogEvent),
    /// A part of the stream that is passed over.
    Skipped(Skipped),
}

/// A part of the stream that is no event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// The line that it is in, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub why: String,
}

impl<R: BufRead> Reader<R> {
    /// Reads from a stream.
    pub fn new(input: R) -> Self {
        Self {
            input,
            line: 0,
            text: Vec::new(),
            parsed: Vec::new().into_iter(),
            number: 0,
            first_time: None,
            code: EventCode::named("pluginevent"),
            is_at_end: false,
            current: None,
        }
    }

    /// The next event; none at the end of the stream.
    pub fn read(&mut self) -> io::Result<Option<Read>> {
        loop {
            match self.parsed.next() {
                Some(Ok(event)) => return Ok(Some(Read::Event(event))),
                Some(Err(skipped)) => return Ok(Some(Read::Skipped(skipped))),
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
    fn parse(&mut self, line: u64, into: &mut Vec<Result<LogEvent, Skipped>>) -> bool {
        let text = std::mem::take(&mut self.text);
        let mut documents = Vec::new();
        let mut is_whole = true;
        for next in serde_json::Deserializer::from_slice(&text).into_iter::<Json>() {
            match next {
                Ok(document) => documents.push(document),
                Err(error) if error.is_eof() => is_whole = false,
                Err(error) => {
                    let why = format!("no JSON: {error}");
                    into.push(Err(Skipped { line, why }));
                    break;
                }
            }
        }
        self.text = text;
        if is_whole {
            let before = into.split_off(0);
            for document in documents {
                self.add(document, line, into);
            }
            into.extend(before);
        }
        is_whole
    }

    fn add(&mut self, document: Json, line: u64, into: &mut Vec<Result<LogEvent, Skipped>>) {
        if let Json::Array(items) = document {
            for item in items {
                self.add_one(item, line, into);
            }
            return;
        }
        match ALL.iter().find_map(|log| (log.batch)(&document)) {
            Some(items) => {
                for item in items.iter().cloned() {
                    self.add_one(item, line, into);
                }
            }
            None => self.add_one(document, line, into),
        }
    }

    fn add_one(&mut self, document: Json, line: u64, into: &mut Vec<Result<LogEvent, Skipped>>) {
        let skipped = |why: &str| Err(Skipped { line, why: why.to_owned() });
        let (Some(log), Some(code)) = (ALL.iter().find(|log| (log.is_event)(&document)), self.code)
        else {
            into.push(skipped("no event of a log that is known"));
            return;
        };
        match (log.time)(&document) {
            Err(why) => into.push(skipped(why)),
            Ok(time) => {
                self.number = self.number.saturating_add(1);
                let first_time = *self.first_time.get_or_insert(time);
                let number = self.number;
                into.push(Ok(LogEvent { log, document, time, first_time, number, code }));
            }
        }
    }
}

impl<R: BufRead> Stream for Reader<R> {
    fn next(&mut self) -> io::Result<Option<Next<'_>>> {
        match self.read()? {
            None => Ok(None),
            Some(Read::Skipped(Skipped { line, why })) => {
                Ok(Some(Next::Skipped(format!("line {line}: {why}"))))
            }
            Some(Read::Event(event)) => {
                let event: &LogEvent = self.current.insert(event);
                Ok(Some(Next::Event(event)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event as _;

    fn read(text: &str) -> Vec<Result<u64, String>> {
        let mut reader = Reader::new(text.as_bytes());
        let mut all = Vec::new();
        while let Some(read) = reader.read().unwrap() {
            all.push(match read {
                Read::Event(event) => Ok(event.time()),
                Read::Skipped(skipped) => Err(format!("{}: {}", skipped.line, skipped.why)),
            });
        }
        all
    }

    const EVENT: &str =
        r#"{"kind":"Event","auditID":"1","stageTimestamp":"1970-01-01T00:00:01.000000Z"}"#;

    #[test]
    fn documents_stand_alone_in_lists_and_over_lines() {
        let second = Ok(1_000_000_000);
        assert_eq!(
            read(&format!("{EVENT}\n\n{EVENT}{EVENT}\n")),
            [second.clone(), second.clone(), second.clone()]
        );
        let list = format!(
            "{{\n\"kind\": \"EventList\",\n\"items\": [\n{EVENT},\n{EVENT}\n]\n}}\n{EVENT}"
        );
        assert_eq!(read(&list), [second.clone(), second.clone(), second.clone()]);
        assert_eq!(read(&format!("[{EVENT}]")), std::slice::from_ref(&second));
        let trail = r#"{"Records":[{"eventVersion":"1","eventName":"a","eventTime":"1970-01-01T00:00:01Z"}]}"#;
        assert_eq!(read(trail), [second]);
    }

    #[test]
    fn what_is_no_event_is_named_and_passed_over() {
        let text = format!("{{\"kind\": 0}}\nnonsense\n{EVENT}\n{{\"auditID\":\"2\"}}\n{{\"a\":");
        let all = read(&text);
        assert_eq!(all[0], Err("1: no event of a log that is known".to_owned()));
        assert!(all[1].as_ref().unwrap_err().starts_with("2: no JSON"));
        assert_eq!(all[2], Ok(1_000_000_000));
        assert_eq!(all[3], Err("4: it has no time in `stageTimestamp`".to_owned()));
        assert_eq!(all[4], Err("5: the document has no end".to_owned()));
        assert_eq!(all.len(), 5);
    }
}
