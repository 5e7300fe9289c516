//! The stream of another sensor's events as the stream of a capture.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::FORMATS;
use super::auditd;
use super::report::Report;
use super::scribe::Scribe;
use crate::event::{Next, Stream};
use crate::scap::Limits;
use crate::sources::{Documents, Json, Skipped};
use crate::syscall::Capture;

/// Whether a document is an event of another sensor.
pub fn is_telemetry(document: &Json) -> bool {
    FORMATS.iter().any(|format| (format.is_event)(document))
}

/// Whether a text begins as a log of Linux's audit does.
pub fn is_audit(begin: &[u8]) -> bool {
    auditd::is_record(begin)
}

/// What cannot be translated, on its way to who asks for the next event.
type Told = Arc<Mutex<Skips>>;

/// Messages, and how many more there were than are kept.
#[derive(Debug, Default)]
struct Skips {
    messages: VecDeque<String>,
    more: u64,
}

/// So many messages wait at most.
const MOST_MESSAGES: usize = 1024;

impl Skips {
    fn add(&mut self, message: String) {
        if self.messages.len() < MOST_MESSAGES {
            self.messages.push_back(message);
        } else {
            self.more += 1;
        }
    }

    fn next(&mut self) -> Option<String> {
        self.messages.pop_front().or_else(|| {
            let more = std::mem::take(&mut self.more);
            (more > 0).then(|| format!("{more} more parts are no events"))
        })
    }
}

/// Events of another sensor, one after the other.
pub struct Translation<R: BufRead> {
    capture: Capture<Translator<R>>,
    told: Told,
}

impl<R: BufRead> Translation<R> {
    /// Reads events in JSON.
    ///
    /// # Errors
    /// Where nothing can be read.
    pub fn json(input: R) -> io::Result<Self> {
        Self::new(Reports::Json(Documents::new(input)))
    }

    /// Reads a log of Linux's audit.
    ///
    /// # Errors
    /// Where nothing can be read.
    pub fn audit(input: R) -> io::Result<Self> {
        Self::new(Reports::Audit(auditd::Log::new(input)))
    }

    fn new(reports: Reports<R>) -> io::Result<Self> {
        let told = Told::default();
        let translator = Translator {
            reports,
            scribe: Scribe::new()?,
            blocks: io::Cursor::default(),
            told: Arc::clone(&told),
            failure: None,
        };
        Ok(Self { capture: Capture::new(translator, Limits::default())?, told })
    }

    /// Records into a capture.
    pub fn record(&mut self, out: Box<dyn Write + Send>) {
        self.capture.record(out);
    }
}

impl<R: BufRead> Stream for Translation<R> {
    fn next(&mut self) -> io::Result<Option<Next<'_>>> {
        let Self { capture, told } = self;
        if let Some(skipped) = untold(told) {
            return Ok(Some(Next::Skipped(skipped)));
        }
        if let Some(call) = capture.next() {
            return Ok(Some(Next::Call(call)));
        }
        Ok(untold(told).map(Next::Skipped))
    }

    fn keep(&mut self) {
        self.capture.keep();
    }

    fn finish(&mut self) -> io::Result<()> {
        self.capture.finish()
    }
}

fn untold(told: &Told) -> Option<String> {
    told.lock().unwrap_or_else(PoisonError::into_inner).next()
}

enum Reports<R> {
    Json(Documents<R>),
    Audit(auditd::Log<R>),
}

impl<R: BufRead> Reports<R> {
    /// The next event; none at the end.
    fn next(&mut self) -> io::Result<Option<Result<Report, Skipped>>> {
        match self {
            Self::Audit(log) => log.next(),
            Self::Json(documents) => {
                let (line, document) = match documents.next()? {
                    None => return Ok(None),
                    Some(Err(skipped)) => return Ok(Some(Err(skipped))),
                    Some(Ok(found)) => found,
                };
                let format = FORMATS.iter().find(|format| (format.is_event)(&document));
                let unknown = || "no event of a sensor that is known".to_owned();
                let report =
                    format.map_or_else(|| Err(unknown()), |format| (format.report)(&document));
                Ok(Some(report.map_err(|why| Skipped { line, why })))
            }
        }
    }
}

/// What is read, as the bytes of a capture.
struct Translator<R> {
    reports: Reports<R>,
    scribe: Scribe,
    blocks: io::Cursor<Vec<u8>>,
    told: Told,
    /// Why no more can be read: told after what was read.
    failure: Option<io::Error>,
}

impl<R: BufRead> Read for Translator<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.blocks.read(into)?;
            if count > 0 || into.is_empty() {
                return Ok(count);
            }
            let begun = self.scribe.take()?;
            if !begun.is_empty() {
                self.blocks = io::Cursor::new(begun);
                continue;
            }
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            match self.reports.next() {
                Ok(None) => return Ok(0),
                Ok(Some(Ok(report))) => self.scribe.write(&report)?,
                Ok(Some(Err(Skipped { line, why }))) => {
                    let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
                    told.add(format!("line {line}: {why}"));
                }
                Err(failure) => self.failure = Some(failure),
            }
        }
    }
}
