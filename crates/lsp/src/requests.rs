//! The questions about a text, each a line of [`ALL`] and a function.

use lsp_types as lsp;
use lsp_types::{CodeActionKind, CodeActionOrCommand};
use serde::Serialize;
use serde_json::Value;

use crate::client::{FIX_ALL, Translation, parameters};
use crate::document::Document;
use crate::message::Failure;

/// Answers a question about a version of a text.
pub(crate) type Answer = fn(Asked<'_>, Value) -> Result<Value, Failure>;

/// The version that a question is about.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) document: &'a dyn Document,
    pub(crate) to: Translation<'a>,
}

/// The registry.
pub(crate) const ALL: &[(&str, Answer)] = &[
    ("textDocument/hover", hover),
    ("textDocument/codeAction", code_action),
    ("textDocument/documentSymbol", document_symbol),
    ("textDocument/definition", definition),
    ("textDocument/references", references),
    ("textDocument/completion", completion),
];

/// The answer to questions of that name.
pub(crate) fn named(method: &str) -> Option<Answer> {
    ALL.iter().find(|(name, _)| *name == method).map(|(_, answer)| *answer)
}

impl Asked<'_> {
    fn offset(&self, at: lsp::Position) -> usize {
        self.to.text.offset(at, self.to.client.encoding)
    }
}

fn value(result: impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(result).map_err(|_| Failure::internal())
}

fn hover(asked: Asked<'_>, params: Value) -> Result<Value, Failure> {
    let params: lsp::HoverParams = parameters(params)?;
    let at = asked.offset(params.text_document_position_params.position);
    value(asked.document.hover(at).map(|hover| asked.to.hover(hover)))
}

fn code_action(asked: Asked<'_>, params: Value) -> Result<Value, Failure> {
    let params: lsp::CodeActionParams = parameters(params)?;
    let only = params.context.only;
    // A wanted kind stands for all below it: `source` for `source.fixAll`.
    let wants = |kind: &CodeActionKind| {
        only.as_ref().is_none_or(|all| {
            all.iter().any(|wanted| {
                let below = kind.as_str().strip_prefix(wanted.as_str());
                below.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        })
    };
    let mut actions = Vec::new();
    if wants(&CodeActionKind::QUICKFIX) {
        let span = asked.to.text.span(params.range, asked.to.client.encoding);
        actions.extend(asked.document.actions(&span).iter().filter_map(|one| asked.to.action(one)));
    }
    if wants(&FIX_ALL) {
        actions.extend(asked.to.fix_all(&asked.document.mend()));
    }
    value(actions.into_iter().map(CodeActionOrCommand::CodeAction).collect::<Vec<_>>())
}

fn document_symbol(asked: Asked<'_>, _: Value) -> Result<Value, Failure> {
    value(asked.to.symbols(&asked.document.symbols()))
}

fn definition(asked: Asked<'_>, params: Value) -> Result<Value, Failure> {
    let params: lsp::GotoDefinitionParams = parameters(params)?;
    let at = asked.offset(params.text_document_position_params.position);
    value(asked.document.definition(at).map(|span| asked.to.location(&span)))
}

fn references(asked: Asked<'_>, params: Value) -> Result<Value, Failure> {
    let params: lsp::ReferenceParams = parameters(params)?;
    let at = asked.offset(params.text_document_position.position);
    let spans = asked.document.references(at, params.context.include_declaration);
    value(spans.iter().map(|span| asked.to.location(span)).collect::<Vec<_>>())
}

fn completion(asked: Asked<'_>, params: Value) -> Result<Value, Failure> {
    let params: lsp::CompletionParams = parameters(params)?;
    let at = asked.offset(params.text_document_position.position);
    let items = asked.document.completions(at);
    value(items.iter().map(|item| asked.to.completion(item)).collect::<Vec<_>>())
}
