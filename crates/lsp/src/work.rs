//! The two threads that think: one judges texts, one answers questions.
//!
//! Of a text only the newest version that waits is judged, so that typing never waits for what was
//! typed before. What one of them fails at is lost alone: a panic is an answer, not an end.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::thread;

use serde_json::Value;

use crate::client::Client;
use crate::document::Problem;
use crate::frame::FrameError;
use crate::message::Failure;
use crate::open::Version;
use crate::requests::Answer;

/// What the server waits for.
pub(crate) enum Event {
    /// A message came.
    Message(Vec<u8>),
    /// Something came that is none.
    Malformed(FrameError),
    /// Nothing more will come.
    End,
    /// A text was judged.
    Judged(Judged),
    /// A question has its answer.
    Answered { id: Value, result: Result<Value, Failure> },
}

/// A text and what is wrong with it.
pub(crate) struct Judged {
    pub(crate) version: Arc<Version>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) complaint: Option<String>,
}

/// A question.
pub(crate) struct Question {
    pub(crate) id: Value,
    pub(crate) version: Arc<Version>,
    pub(crate) client: Client,
    pub(crate) answer: Answer,
    pub(crate) params: Value,
    /// Set where nobody waits for the answer.
    pub(crate) cancelled: Arc<AtomicBool>,
}

/// Where texts to judge and questions go.
pub(crate) struct Workers {
    pub(crate) texts: Sender<Arc<Version>>,
    pub(crate) questions: Sender<Question>,
}

impl Workers {
    /// Starts both; they end with what is returned here.
    pub(crate) fn start(events: &SyncSender<Event>) -> Self {
        let (texts, waiting) = channel();
        let out = events.clone();
        thread::spawn(move || judge(&waiting, &out));
        let (questions, waiting) = channel();
        let out = events.clone();
        thread::spawn(move || answer(&waiting, &out));
        Self { texts, questions }
    }
}

fn judge(texts: &Receiver<Arc<Version>>, events: &SyncSender<Event>) {
    let mut waiting: BTreeMap<String, Arc<Version>> = BTreeMap::new();
    loop {
        if waiting.is_empty() {
            let Ok(version) = texts.recv() else { return };
            waiting.insert(version.uri.to_string(), version);
        }
        waiting.extend(texts.try_iter().map(|version| (version.uri.to_string(), version)));
        let Some((_, version)) = waiting.pop_first() else { continue };
        let judged = catch_unwind(AssertUnwindSafe(|| {
            let document = version.document()?;
            Some((document.problems(), document.complaint()))
        }));
        let (problems, complaint) = judged.ok().flatten().unwrap_or_default();
        if events.send(Event::Judged(Judged { version, problems, complaint })).is_err() {
            return;
        }
    }
}

fn answer(questions: &Receiver<Question>, events: &SyncSender<Event>) {
    for Question { id, version, client, answer, params, cancelled } in questions {
        if cancelled.load(Ordering::Relaxed) {
            continue;
        }
        let result = catch_unwind(AssertUnwindSafe(|| match version.asked(client) {
            Some(asked) => answer(asked, params),
            None => Ok(Value::Null),
        }));
        let result = result.unwrap_or_else(|_| Err(Failure::internal()));
        if events.send(Event::Answered { id, result }).is_err() {
            return;
        }
    }
}
