//! What a client can show, and this crate's answers in the protocol's types.

use lsp_types as lsp;
use lsp_types::{
    CodeActionKind, CompletionItemKind, DiagnosticSeverity, DiagnosticTag, MarkupKind, SymbolKind,
};
use serde_json::Value;

use crate::document::{
    Action, Completion, Edit, Hover, Mark, Part, Problem, Severity, Span, Symbol,
};
use crate::text::{Encoding, Text};

/// What mends everything at once, as editors ask for it when a file is saved.
pub(crate) const FIX_ALL: CodeActionKind = CodeActionKind::new("source.fixAll.plimsoll");

/// What a client can show; what it does not say it can it is not sent.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "each is a capability of the protocol")]
pub(crate) struct Client {
    pub(crate) encoding: Encoding,
    markdown: bool,
    related: bool,
    links: bool,
    tags: bool,
    literals: bool,
    versioned_edits: bool,
    tree: bool,
    /// Files can be watched for us.
    pub(crate) watches: bool,
}

impl Client {
    pub(crate) fn new(capabilities: &lsp::ClientCapabilities) -> Self {
        let general = capabilities.general.as_ref();
        let document = capabilities.text_document.as_ref();
        let diagnostics = document.and_then(|document| document.publish_diagnostics.as_ref());
        let formats = document
            .and_then(|document| document.hover.as_ref())
            .and_then(|hover| hover.content_format.as_ref());
        let workspace = capabilities.workspace.as_ref();
        let yes = |flag: Option<bool>| flag.unwrap_or(false);
        Self {
            encoding: Encoding::chosen(
                general.and_then(|general| general.position_encodings.as_deref()),
            ),
            markdown: formats.is_none_or(|all| all.contains(&MarkupKind::Markdown)),
            related: yes(diagnostics.and_then(|known| known.related_information)),
            links: yes(diagnostics.and_then(|known| known.code_description_support)),
            tags: diagnostics.is_some_and(|known| known.tag_support.is_some()),
            literals: document
                .and_then(|document| document.code_action.as_ref())
                .is_some_and(|actions| actions.code_action_literal_support.is_some()),
            versioned_edits: yes(workspace
                .and_then(|workspace| workspace.workspace_edit.as_ref())
                .and_then(|edits| edits.document_changes)),
            tree: yes(document
                .and_then(|document| document.document_symbol.as_ref())
                .and_then(|symbols| symbols.hierarchical_document_symbol_support)),
            watches: yes(workspace
                .and_then(|workspace| workspace.did_change_watched_files)
                .and_then(|watching| watching.dynamic_registration)),
        }
    }
}

/// A version of a text on its way to a client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Translation<'a> {
    pub(crate) client: Client,
    pub(crate) text: &'a Text,
    pub(crate) uri: &'a lsp::Uri,
    pub(crate) version: i32,
}

impl Translation<'_> {
    pub(crate) fn region(self, span: &Span) -> lsp::Range {
        self.text.region(span, self.client.encoding)
    }

    pub(crate) fn location(self, span: &Span) -> lsp::Location {
        lsp::Location { uri: self.uri.clone(), range: self.region(span) }
    }

    pub(crate) fn diagnostic(self, problem: &Problem) -> lsp::Diagnostic {
        let related = problem.related.iter().map(|(span, message)| {
            let location = self.location(span);
            lsp::DiagnosticRelatedInformation { location, message: message.clone() }
        });
        let related: Vec<_> = related.collect();
        let href = problem.url.parse().ok().filter(|_| self.client.links);
        lsp::Diagnostic {
            range: self.region(&problem.span),
            severity: Some(match problem.severity {
                Severity::Error => DiagnosticSeverity::ERROR,
                Severity::Warning => DiagnosticSeverity::WARNING,
                Severity::Information => DiagnosticSeverity::INFORMATION,
                Severity::Hint => DiagnosticSeverity::HINT,
            }),
            code: Some(lsp::NumberOrString::String(problem.code.to_owned())),
            code_description: href.map(|href| lsp::CodeDescription { href }),
            source: Some("plimsoll".to_owned()),
            message: problem.message.clone(),
            related_information: Some(related).filter(|all| self.client.related && !all.is_empty()),
            tags: problem.mark.filter(|_| self.client.tags).map(|mark| {
                vec![match mark {
                    Mark::Deprecated => DiagnosticTag::DEPRECATED,
                    Mark::Unnecessary => DiagnosticTag::UNNECESSARY,
                }]
            }),
            data: None,
        }
    }

    pub(crate) fn hover(self, hover: Hover) -> lsp::Hover {
        let kind = if self.client.markdown { MarkupKind::Markdown } else { MarkupKind::PlainText };
        let contents = lsp::MarkupContent { kind, value: hover.text };
        lsp::Hover {
            range: Some(self.region(&hover.span)),
            contents: lsp::HoverContents::Markup(contents),
        }
    }

    fn text_edit(self, edit: &Edit) -> lsp::TextEdit {
        lsp::TextEdit { range: self.region(&edit.span), new_text: edit.text.clone() }
    }

    fn workspace_edit(self, edits: &[Edit]) -> lsp::WorkspaceEdit {
        let edits: Vec<lsp::TextEdit> = edits.iter().map(|edit| self.text_edit(edit)).collect();
        if self.client.versioned_edits {
            let text_document = lsp::OptionalVersionedTextDocumentIdentifier {
                uri: self.uri.clone(),
                version: Some(self.version),
            };
            let edits = edits.into_iter().map(lsp::OneOf::Left).collect();
            let edit = lsp::TextDocumentEdit { text_document, edits };
            return lsp::WorkspaceEdit {
                document_changes: Some(lsp::DocumentChanges::Edits(vec![edit])),
                ..lsp::WorkspaceEdit::default()
            };
        }
        lsp::WorkspaceEdit {
            changes: Some(std::iter::once((self.uri.clone(), edits)).collect()),
            ..lsp::WorkspaceEdit::default()
        }
    }

    /// A client that knows commands only gets none: there is no command to run.
    pub(crate) fn action(self, action: &Action) -> Option<lsp::CodeAction> {
        self.client.literals.then(|| lsp::CodeAction {
            title: action.title.clone(),
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: Some(vec![self.diagnostic(&action.problem)]),
            edit: Some(self.workspace_edit(&action.edits)),
            is_preferred: Some(action.preferred),
            ..lsp::CodeAction::default()
        })
    }

    pub(crate) fn fix_all(self, edits: &[Edit]) -> Option<lsp::CodeAction> {
        (self.client.literals && !edits.is_empty()).then(|| lsp::CodeAction {
            title: "Plimsoll: fix all that is safe".to_owned(),
            kind: Some(FIX_ALL),
            edit: Some(self.workspace_edit(edits)),
            ..lsp::CodeAction::default()
        })
    }

    pub(crate) fn symbols(self, symbols: &[Symbol]) -> lsp::DocumentSymbolResponse {
        if self.client.tree {
            return lsp::DocumentSymbolResponse::Nested(
                symbols.iter().map(|symbol| self.symbol(symbol)).collect(),
            );
        }
        let mut flat = Vec::new();
        self.flatten(symbols, None, &mut flat);
        lsp::DocumentSymbolResponse::Flat(flat)
    }

    #[allow(deprecated, reason = "the type has a field that is no more used, and no default")]
    fn symbol(self, symbol: &Symbol) -> lsp::DocumentSymbol {
        let children: Vec<_> = symbol.children.iter().map(|child| self.symbol(child)).collect();
        lsp::DocumentSymbol {
            name: symbol.name.clone(),
            detail: Some(symbol.detail.clone()).filter(|detail| !detail.is_empty()),
            kind: symbol_kind(symbol.part),
            tags: None,
            deprecated: None,
            range: self.region(&symbol.span),
            selection_range: self.region(&symbol.name_span),
            children: Some(children).filter(|children| !children.is_empty()),
        }
    }

    #[allow(deprecated, reason = "the type has a field that is no more used, and no default")]
    fn flatten(
        self,
        symbols: &[Symbol],
        container: Option<&str>,
        flat: &mut Vec<lsp::SymbolInformation>,
    ) {
        for symbol in symbols {
            flat.push(lsp::SymbolInformation {
                name: symbol.name.clone(),
                kind: symbol_kind(symbol.part),
                tags: None,
                deprecated: None,
                location: self.location(&symbol.span),
                container_name: container.map(str::to_owned),
            });
            self.flatten(&symbol.children, Some(&symbol.name), flat);
        }
    }

    pub(crate) fn completion(self, completion: &Completion) -> lsp::CompletionItem {
        lsp::CompletionItem {
            label: completion.label.clone(),
            kind: Some(match completion.part {
                Part::Section => CompletionItemKind::MODULE,
                Part::Command => CompletionItemKind::KEYWORD,
                Part::File => CompletionItemKind::FILE,
                Part::Variable => CompletionItemKind::VARIABLE,
                Part::Property => CompletionItemKind::PROPERTY,
            }),
            detail: Some(completion.detail.clone()).filter(|detail| !detail.is_empty()),
            // What was typed is compared with this, not with the label.
            filter_text: Some(completion.edit.text.clone()),
            text_edit: Some(lsp::CompletionTextEdit::Edit(self.text_edit(&completion.edit))),
            ..lsp::CompletionItem::default()
        }
    }
}

fn symbol_kind(part: Part) -> SymbolKind {
    match part {
        Part::Section => SymbolKind::MODULE,
        Part::Command => SymbolKind::FUNCTION,
        Part::File => SymbolKind::FILE,
        Part::Variable => SymbolKind::VARIABLE,
        Part::Property => SymbolKind::PROPERTY,
    }
}

/// The parameters of a request, or what is wrong with them.
pub(crate) fn parameters<P: serde::de::DeserializeOwned>(
    params: Value,
) -> Result<P, crate::message::Failure> {
    serde_json::from_value(params)
        .map_err(|error| crate::message::Failure::invalid_params(error.to_string()))
}
