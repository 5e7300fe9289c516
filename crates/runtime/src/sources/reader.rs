//! A stream of JSON documents as events.

use std::io::{self, BufRead};

use super::documents::{Documents, Skipped};
use super::{ALL, Json, LogEvent};
use crate::event::{EventCode, Next, Stream};

/// The events of a stream.
#[derive(Debug)]
pub struct Reader<R> {
    documents: Documents<R>,
    parsed: std::vec::IntoIter<Result<LogEvent, Skipped>>,
    number: u64,
    first_time: Option<u64>,
    code: Option<EventCode>,
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

impl<R: BufRead> Reader<R> {
    /// Reads from a stream.
    pub fn new(input: R) -> Self {
        Self {
            documents: Documents::new(input),
            parsed: Vec::new().into_iter(),
            number: 0,
            first_time: None,
            code: EventCode::named("pluginevent"),
            current: None,
        }
    }

    /// The next event; none at the end of the stream.
    pub fn read(&mut self) -> io::Result<Option<Read>> {
        loop {
            match self.parsed.next() {
                Some(Ok(event)) => return Ok(Some(Read::Event(event))),
                Some(Err(skipped)) => return Ok(Some(Read::Skipped(skipped))),
                None => {
                    let mut results = Vec::new();
                    match self.documents.next()? {
                        None => return Ok(None),
                        Some(Err(skipped)) => return Ok(Some(Read::Skipped(skipped))),
                        Some(Ok((line, document))) => self.add(document, line, &mut results),
                    }
                    self.parsed = results.into_iter();
                }
            }
        }
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
                let code = (log.code)(&document).unwrap_or(code);
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
