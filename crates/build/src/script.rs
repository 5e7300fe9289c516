//! The shell texts of a Dockerfile: which shell reads them and where each character stands.

use crate::Span;
use crate::shell::{self, Dialect, Invocation, Place, Script};
use crate::stage::Stage;
use crate::syntax::{Arguments, Dockerfile, Instruction, Joined, Keyword};

/// How a command is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A shell reads it.
    Shell,
    /// A JSON array: no shell reads it. The text is its words with blanks between.
    Exec,
    /// `RUN <<EOF`: the lines of the here-document are the text.
    Heredoc,
}

/// A command of `RUN`, `CMD`, `ENTRYPOINT` or `HEALTHCHECK`.
#[derive(Debug, Clone)]
pub struct ShellText {
    /// The index of the instruction in the file; that of `ONBUILD` where it is triggered.
    pub instruction: usize,
    /// Which instruction.
    pub keyword: Keyword,
    /// Whether an `ONBUILD` holds it.
    pub onbuild: bool,
    /// The stage; `None` before the first.
    pub stage: Option<usize>,
    /// The first line of the instruction.
    pub line: u32,
    /// How it is written.
    pub form: Form,
    /// The text, lines joined.
    pub text: Joined,
    /// The text, parsed.
    pub script: Script,
    /// The words of the shell, as of `SHELL`; empty where it is the default.
    pub shell: Vec<String>,
}

impl ShellText {
    /// The place in the file of a place in the text.
    pub fn source_span(&self, span: Span) -> Span {
        self.text.source_span(span)
    }

    /// The programs that are run, in order.
    pub fn programs(&self) -> Vec<Program<'_>> {
        self.script
            .simple_commands()
            .into_iter()
            .filter_map(|placed| {
                let invocation = Invocation::new(placed.command, self.text.text())?;
                Some(Program { invocation, place: placed.place })
            })
            .collect()
    }
}

/// A program that is run, and where in its shell text it stands.
#[derive(Debug, Clone)]
pub struct Program<'a> {
    /// Its name and arguments.
    pub invocation: Invocation<'a>,
    /// In which list, pipeline, condition, function it stands.
    pub place: Place<'a>,
}

impl<'a> std::ops::Deref for Program<'a> {
    type Target = Invocation<'a>;

    fn deref(&self) -> &Invocation<'a> {
        &self.invocation
    }
}

/// All shell texts of a file, in order.
pub fn shell_texts(file: &Dockerfile, stages: &[Stage]) -> Vec<ShellText> {
    let mut texts = Vec::new();
    let mut shells: Vec<Vec<String>> = vec![Vec::new(); stages.len()];
    let mut before: Vec<String> = Vec::new();
    let mut stage: Option<usize> = None;
    for (index, instruction) in file.instructions.iter().enumerate() {
        let inner = instruction.triggered();
        match inner.keyword {
            Keyword::From if !instruction.is_onbuild() => {
                stage = Some(stage.map_or(0, |last| last.saturating_add(1)));
                let parent = stage.and_then(|stage| stages.get(stage)?.parent);
                let inherited = parent.and_then(|parent| shells.get(parent).cloned());
                if let Some(slot) = stage.and_then(|stage| shells.get_mut(stage)) {
                    *slot = inherited.unwrap_or_default();
                }
            }
            Keyword::Shell => {
                let words = inner.arguments.words().iter().map(|word| word.text.clone());
                let slot = stage.and_then(|stage| shells.get_mut(stage)).unwrap_or(&mut before);
                *slot = words.collect();
            }
            Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => {
                let shell = stage.and_then(|stage| shells.get(stage)).unwrap_or(&before);
                let Some((form, text)) = text_of(inner) else { continue };
                let dialect = dialect(file, instruction, shell, form, text.text());
                let script = shell::parse(text.text(), dialect);
                texts.push(ShellText {
                    instruction: index,
                    keyword: inner.keyword,
                    onbuild: instruction.is_onbuild(),
                    stage,
                    line: instruction.lines.0,
                    form,
                    text,
                    script,
                    shell: shell.clone(),
                });
            }
            _ => {}
        }
    }
    texts
}

fn text_of(instruction: &Instruction) -> Option<(Form, Joined)> {
    let mut arguments = &instruction.arguments;
    if let Arguments::Health(_, command) = arguments {
        arguments = command;
    }
    match arguments {
        Arguments::Exec(words) => {
            let mut text = Joined::default();
            for (index, word) in words.iter().enumerate() {
                if index > 0 {
                    text.push(" ", word.span.start);
                }
                text.push(&word.text, word.span.start.saturating_add(1));
            }
            Some((Form::Exec, text))
        }
        Arguments::Text(written) => {
            if let ([document], true) =
                (instruction.heredocs.as_slice(), is_only_heredoc(&written.text))
            {
                let mut text = Joined::default();
                let mut at = document.span.start;
                for line in document.content.split_inclusive('\n') {
                    let kept =
                        if document.strip_tabs { line.trim_start_matches('\t') } else { line };
                    let cut = line.len().saturating_sub(kept.len());
                    text.push(kept, at.saturating_add(plimsoll_model::text::offset(cut)));
                    at = at.saturating_add(plimsoll_model::text::offset(line.len()));
                }
                return Some((Form::Heredoc, text));
            }
            let mut text = match &instruction.arguments {
                Arguments::Health(kind, _) => {
                    let all = instruction.arguments_text.text();
                    let skip = all.get(kind.text.len()..).unwrap_or_default();
                    let skip = all.len().saturating_sub(skip.trim_start().len());
                    let end = plimsoll_model::text::offset(all.len());
                    instruction
                        .arguments_text
                        .part(Span::new(plimsoll_model::text::offset(skip), end))
                }
                _ => instruction.arguments_text.clone(),
            };
            for document in &instruction.heredocs {
                text.push("\n", document.span.start.saturating_sub(1));
                text.push(&document.content, document.span.start);
                text.push(&document.name, document.span.end);
            }
            Some((Form::Shell, text))
        }
        _ => None,
    }
}

/// Whether the line is one `<<EOF` and nothing else.
fn is_only_heredoc(line: &str) -> bool {
    line.trim_start_matches(|one: char| one.is_ascii_digit()).starts_with("<<")
        && !line.trim_start_matches(['<', '-']).trim().contains(char::is_whitespace)
}

fn dialect(
    file: &Dockerfile,
    instruction: &Instruction,
    shell: &[String],
    form: Form,
    text: &str,
) -> Dialect {
    if form == Form::Heredoc
        && let Some(dialect) = text.lines().next().and_then(Dialect::of_shebang)
    {
        return dialect;
    }
    let pragma = file.comments.get(instruction.comments.clone()).and_then(|comments| {
        comments.iter().rev().find_map(|comment| {
            comment.text.strip_prefix("hadolint")?.trim_start().strip_prefix("shell=")
        })
    });
    if let Some(pragma) = pragma {
        return Dialect::of_shell_command(&[pragma.trim()]);
    }
    let words: Vec<&str> = shell.iter().map(String::as_str).collect();
    if words.is_empty() { Dialect::Posix } else { Dialect::of_shell_command(&words) }
}
