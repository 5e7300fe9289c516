//! The session: from `initialize` to `exit`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use lsp_types as lsp;
use lsp_types::{CodeActionKind, MessageType};
use serde_json::{Value, json};

use crate::client::{Client, FIX_ALL, parameters};
use crate::document::Project;
use crate::documents;
use crate::frame;
use crate::message::{Failure, Message, notification, request, response};
use crate::open::{Open, Version};
use crate::requests;
use crate::work::{Event, Judged, Question, Workers};

/// How many events wait before the reader waits too.
const MAX_EVENTS: usize = 64;
/// How many questions may be open at once.
const MAX_PENDING: usize = 1_000;
/// How many documents may be open at once.
const MAX_OPEN: usize = 10_000;

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// As the protocol has it: `shutdown`, then `exit`.
    Orderly,
    /// `exit` without `shutdown`, or the client went away.
    Abrupt,
}

/// Speaks with a client until it leaves.
pub fn serve(
    input: impl Read + Send + 'static,
    out: impl Write,
    project: Project,
) -> io::Result<Ending> {
    let (sender, events) = sync_channel(MAX_EVENTS);
    let workers = Workers::start(&sender);
    thread::spawn(move || listen(input, &sender));
    let mut server = Server {
        out,
        project: Arc::new(project),
        workers,
        phase: Phase::New,
        open: Open::new(),
        pending: BTreeMap::new(),
        told: BTreeSet::new(),
    };
    for event in events {
        if let Some(ending) = server.handle(event)? {
            return Ok(ending);
        }
    }
    Ok(Ending::Abrupt)
}

fn listen(input: impl Read, events: &SyncSender<Event>) {
    let mut input = BufReader::new(input);
    loop {
        let event = match frame::read(&mut input) {
            Ok(Some(Ok(bytes))) => Event::Message(bytes),
            Ok(Some(Err(error))) => Event::Malformed(error),
            // Who cannot be read any more has gone.
            Ok(None) | Err(_) => Event::End,
        };
        let ended = matches!(event, Event::End);
        if events.send(event).is_err() || ended {
            return;
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    New,
    Running(Client),
    ShutDown,
}

struct Server<W> {
    out: W,
    project: Arc<Project>,
    workers: Workers,
    phase: Phase,
    open: Open,
    /// The questions that wait for an answer, by their ids' text.
    pending: BTreeMap<String, Arc<AtomicBool>>,
    /// What the user was told, so as to be told once.
    told: BTreeSet<String>,
}

impl<W: Write> Server<W> {
    fn handle(&mut self, event: Event) -> io::Result<Option<Ending>> {
        match event {
            Event::End => return Ok(Some(Ending::Abrupt)),
            Event::Malformed(error) => {
                self.answer(&Value::Null, Err(Failure::parse(error.to_string())))?;
            }
            Event::Judged(judged) => self.publish(judged)?,
            Event::Answered { id, result } => {
                if self.pending.remove(&id.to_string()).is_some() {
                    self.answer(&id, result)?;
                }
            }
            Event::Message(bytes) => match Message::parse(&bytes) {
                Err((id, failure)) => self.answer(&id, Err(failure))?,
                Ok(Message::Response) => {}
                Ok(Message::Request { id, method, params }) => {
                    if let Some(result) = self.request(&id, &method, params) {
                        self.answer(&id, result)?;
                    }
                }
                Ok(Message::Notification { method, params }) => {
                    return self.notification(&method, params);
                }
            },
        }
        Ok(None)
    }

    fn send(&mut self, message: &Value) -> io::Result<()> {
        frame::write(&mut self.out, &serde_json::to_vec(message)?)
    }

    fn answer(&mut self, id: &Value, result: Result<Value, Failure>) -> io::Result<()> {
        self.send(&response(id, result))
    }

    /// The answer, unless it comes later.
    fn request(
        &mut self,
        id: &Value,
        method: &str,
        params: Value,
    ) -> Option<Result<Value, Failure>> {
        match (self.phase, method) {
            (Phase::New, "initialize") => Some(self.initialize(params)),
            (Phase::New, _) => Some(Err(Failure::not_initialized())),
            (Phase::ShutDown, _) => {
                Some(Err(Failure::invalid_request("only `exit` can follow `shutdown`")))
            }
            (Phase::Running(_), "initialize") => {
                Some(Err(Failure::invalid_request("the session is initialized already")))
            }
            (Phase::Running(_), "shutdown") => {
                self.phase = Phase::ShutDown;
                Some(Ok(Value::Null))
            }
            (Phase::Running(client), _) => match requests::named(method) {
                Some(answer) => self.ask(id, client, answer, params),
                None => Some(Err(Failure::method_not_found(method))),
            },
        }
    }

    fn initialize(&mut self, params: Value) -> Result<Value, Failure> {
        let params: lsp::InitializeParams = parameters(params)?;
        let client = Client::new(&params.capabilities);
        self.phase = Phase::Running(client);
        let result = lsp::InitializeResult {
            capabilities: capabilities(client),
            server_info: Some(lsp::ServerInfo {
                name: "plimsoll".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
        };
        serde_json::to_value(result).map_err(|_| Failure::internal())
    }

    fn ask(
        &mut self,
        id: &Value,
        client: Client,
        answer: requests::Answer,
        params: Value,
    ) -> Option<Result<Value, Failure>> {
        let uri = params.pointer("/textDocument/uri").and_then(Value::as_str).unwrap_or_default();
        let Some(version) = self.open.get(uri).cloned() else {
            return Some(Err(Failure::invalid_params(format!("`{uri}` is not open"))));
        };
        if self.pending.len() >= MAX_PENDING {
            return Some(Err(Failure::busy()));
        }
        let cancelled = Arc::new(AtomicBool::new(false));
        self.pending.insert(id.to_string(), Arc::clone(&cancelled));
        let question = Question { id: id.clone(), version, client, answer, params, cancelled };
        // The thread that answers lives as long as this one.
        let _ = self.workers.questions.send(question);
        None
    }

    fn notification(&mut self, method: &str, params: Value) -> io::Result<Option<Ending>> {
        let client = match (method, self.phase) {
            ("exit", Phase::ShutDown) => return Ok(Some(Ending::Orderly)),
            ("exit", _) => return Ok(Some(Ending::Abrupt)),
            (_, Phase::Running(client)) => client,
            _ => return Ok(None),
        };
        let done = match method {
            "initialized" if client.watches => return self.watch().map(|()| None),
            "$/cancelRequest" => {
                let id = params.get("id").cloned().unwrap_or_default();
                if let Some(cancelled) = self.pending.remove(&id.to_string()) {
                    cancelled.store(true, Ordering::Relaxed);
                    self.answer(&id, Err(Failure::cancelled()))?;
                }
                Ok(())
            }
            "textDocument/didOpen" => self.did_open(params),
            "textDocument/didChange" => self.did_change(params, client),
            "textDocument/didClose" => match self.did_close(params) {
                Ok(Some(uri)) => return self.publish_all(&uri, Vec::new(), None).map(|()| None),
                Ok(None) => Ok(()),
                Err(failure) => Err(failure),
            },
            // The file that was saved may configure others.
            "textDocument/didSave"
            | "workspace/didChangeWatchedFiles"
            | "workspace/didChangeConfiguration" => {
                self.judge_anew();
                Ok(())
            }
            _ => Ok(()),
        };
        if let Err(failure) = done {
            self.log(&format!("{method}: {failure}"))?;
        }
        Ok(None)
    }

    /// Asks to be told when a file that configures a kind of document changes.
    fn watch(&mut self) -> io::Result<()> {
        let names = documents::ALL.iter().flat_map(|kind| kind.configured_by);
        let watchers: Vec<Value> =
            names.map(|name| json!({ "globPattern": format!("**/{name}") })).collect();
        let registration = json!({
            "id": "plimsoll-configuration",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": { "watchers": watchers },
        });
        let params = json!({ "registrations": [registration] });
        self.send(&request("plimsoll-watch", "client/registerCapability", &params))
    }

    fn did_open(&mut self, params: Value) -> Result<(), Failure> {
        let params: lsp::DidOpenTextDocumentParams = parameters(params)?;
        let lsp::TextDocumentItem { uri, language_id, version, text } = params.text_document;
        if self.open.len() >= MAX_OPEN {
            return Err(Failure::busy());
        }
        let version = Version::new(uri, language_id, version, text, &self.project);
        self.put(version);
        Ok(())
    }

    fn did_change(&mut self, params: Value, client: Client) -> Result<(), Failure> {
        let params: lsp::DidChangeTextDocumentParams = parameters(params)?;
        let lsp::VersionedTextDocumentIdentifier { uri, version } = params.text_document;
        let Some(before) = self.open.get(uri.as_str()) else {
            return Err(Failure::invalid_params(format!("`{}` is not open", uri.as_str())));
        };
        let after = before.changed(version, &params.content_changes, client, &self.project);
        self.put(after);
        Ok(())
    }

    fn did_close(&mut self, params: Value) -> Result<Option<lsp::Uri>, Failure> {
        let params: lsp::DidCloseTextDocumentParams = parameters(params)?;
        let uri = params.text_document.uri;
        Ok(self.open.remove(uri.as_str()).map(|_| uri))
    }

    /// The configuration may have changed: nothing that was found counts any more.
    fn judge_anew(&mut self) {
        self.told.clear();
        let all: Vec<Arc<Version>> =
            self.open.values().map(|version| version.anew(&self.project)).collect();
        for version in all {
            self.put(version);
        }
    }

    fn put(&mut self, version: Arc<Version>) {
        self.open.insert(version.uri.to_string(), Arc::clone(&version));
        // The thread that judges lives as long as this one.
        let _ = self.workers.texts.send(version);
    }

    /// Shows what is wrong with a text, if it is still the one that the user sees.
    fn publish(&mut self, judged: Judged) -> io::Result<()> {
        let Judged { version, problems, complaint } = judged;
        let Phase::Running(client) = self.phase else { return Ok(()) };
        let is_current =
            self.open.get(version.uri.as_str()).is_some_and(|open| Arc::ptr_eq(open, &version));
        if !is_current {
            return Ok(());
        }
        let to = version.translation(client);
        let diagnostics = problems.iter().map(|problem| to.diagnostic(problem)).collect();
        self.publish_all(&version.uri, diagnostics, Some(version.number))?;
        if version.is_too_long() {
            let uri = version.uri.as_str();
            self.show(MessageType::WARNING, format!("{uri} is too long to be judged"))?;
        }
        match complaint {
            Some(complaint) => self.show(MessageType::ERROR, complaint),
            None => Ok(()),
        }
    }

    fn publish_all(
        &mut self,
        uri: &lsp::Uri,
        diagnostics: Vec<lsp::Diagnostic>,
        version: Option<i32>,
    ) -> io::Result<()> {
        let params = lsp::PublishDiagnosticsParams { uri: uri.clone(), diagnostics, version };
        let params = serde_json::to_value(params)?;
        self.send(&notification("textDocument/publishDiagnostics", &params))
    }

    /// Tells the user something, once.
    fn show(&mut self, kind: MessageType, message: String) -> io::Result<()> {
        if self.told.contains(&message) {
            return Ok(());
        }
        let params = json!({ "type": kind, "message": message });
        self.told.insert(message);
        self.send(&notification("window/showMessage", &params))
    }

    fn log(&mut self, message: &str) -> io::Result<()> {
        let params = json!({ "type": MessageType::WARNING, "message": message });
        self.send(&notification("window/logMessage", &params))
    }
}

fn capabilities(client: Client) -> lsp::ServerCapabilities {
    let text_document_sync = lsp::TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(lsp::TextDocumentSyncKind::INCREMENTAL),
        save: Some(lsp::TextDocumentSyncSaveOptions::Supported(true)),
        ..lsp::TextDocumentSyncOptions::default()
    };
    let code_actions = lsp::CodeActionOptions {
        code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, FIX_ALL]),
        ..lsp::CodeActionOptions::default()
    };
    let characters = ["$", "{", "=", "-"];
    lsp::ServerCapabilities {
        position_encoding: Some(client.encoding.kind()),
        text_document_sync: Some(lsp::TextDocumentSyncCapability::Options(text_document_sync)),
        hover_provider: Some(lsp::HoverProviderCapability::Simple(true)),
        code_action_provider: Some(lsp::CodeActionProviderCapability::Options(code_actions)),
        document_symbol_provider: Some(lsp::OneOf::Left(true)),
        definition_provider: Some(lsp::OneOf::Left(true)),
        references_provider: Some(lsp::OneOf::Left(true)),
        completion_provider: Some(lsp::CompletionOptions {
            trigger_characters: Some(characters.map(str::to_owned).to_vec()),
            ..lsp::CompletionOptions::default()
        }),
        ..lsp::ServerCapabilities::default()
    }
}
