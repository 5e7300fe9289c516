//! Compound commands: what a keyword or a parenthesis opens.

use super::ast::{
    ArithmeticCommand, ArithmeticFor, Case, CaseItem, CaseTerminator, Command, Coproc, For,
    Function, Group, If, IfArm, List, Redirect, SimpleCommand, Subshell, While, Word,
};
use super::cursor::{Closers, Parser};
use super::error::SyntaxErrorKind;
use super::expansion::{Close, nothing};
use super::list::Keyword;
use super::word::Context;
use crate::Span;

impl Parser<'_> {
    /// The command that `keyword` opens, of which nothing has been read.
    pub(super) fn compound(&mut self, keyword: Keyword, length: usize) -> Option<Command> {
        let start = self.pos;
        let opened = self.span(start, start.saturating_add(length));
        match keyword {
            Keyword::If => {
                self.bump(length);
                Some(self.if_command(start, opened))
            }
            Keyword::While | Keyword::Until => {
                self.bump(length);
                Some(self.while_command(start, opened, keyword == Keyword::Until))
            }
            Keyword::For => {
                self.bump(length);
                Some(self.for_command(start, opened))
            }
            Keyword::Select => {
                self.bump(length);
                Some(Command::Select(self.for_words(start, opened)))
            }
            Keyword::Case => {
                self.bump(length);
                Some(self.case_command(start, opened))
            }
            Keyword::OpenBrace => {
                self.bump(length);
                Some(self.group(start, opened))
            }
            Keyword::OpenTest => {
                self.bump(length);
                Some(self.test_command(start, opened))
            }
            Keyword::Function => {
                self.bump(length);
                self.function_keyword(start, opened)
            }
            Keyword::Coproc => {
                self.bump(length);
                self.coproc(start)
            }
            Keyword::Not => {
                self.error(
                    SyntaxErrorKind::UnexpectedKeyword,
                    opened,
                    "`!` stands before a whole pipeline only",
                );
                self.simple()
            }
            Keyword::Time => self.simple(),
            Keyword::Closing(_) => None,
        }
    }

    /// A list that may not be empty.
    fn body(&mut self, closers: Closers, opened: Span) -> List {
        let errors = self.errors.len();
        let list = self.list(closers);
        if list.items.is_empty() && self.errors.len() == errors {
            self.error_opened(SyntaxErrorKind::MissingCommand, opened, "no command stands in here");
        }
        list
    }

    /// Goes past the keyword that must stand here.
    fn expect(&mut self, word: &str, kind: SyntaxErrorKind, opened: Span) -> bool {
        let found = self.eat_keyword(word).is_some();
        if !found {
            self.error_opened(kind, opened, format!("`{word}` is missing here"));
        }
        found
    }

    /// The redirects behind a compound command.
    pub(super) fn redirects(&mut self) -> Vec<Redirect> {
        let mut redirects = Vec::new();
        loop {
            let end = self.pos;
            self.skip_blanks();
            let Some(redirect) = self.redirect() else {
                if self.comment_since(end) {
                    return redirects;
                }
                self.pos = end;
                return redirects;
            };
            redirects.push(redirect);
        }
    }

    /// Whether a comment was read behind `at`: going back would read it twice.
    fn comment_since(&self, at: usize) -> bool {
        let at = self.span(at, at);
        self.comments.last().is_some_and(|comment| comment.start >= at.start)
    }

    /// The end of what was read last, without the blanks behind it.
    fn end_of(at: Span, redirects: &[Redirect]) -> Span {
        redirects.iter().fold(at, |span, redirect| span.join(redirect.span))
    }

    fn if_command(&mut self, start: usize, opened: Span) -> Command {
        let mut arms = Vec::new();
        let mut otherwise = None;
        let (mut arm_start, mut arm_opened) = (start, opened);
        loop {
            let condition = self.body(Closers::THEN.and(Closers::FI), arm_opened);
            let then = self.span(self.pos, self.pos.saturating_add(4));
            let has_then = self.expect("then", SyntaxErrorKind::MissingThen, arm_opened);
            let closers = Closers::ELIF.and(Closers::ELSE).and(Closers::FI);
            let body = if has_then { self.body(closers, then) } else { self.list(closers) };
            arms.push(IfArm { condition, body, span: self.span_from(arm_start) });
            let before = self.pos;
            let Some(elif) = self.eat_keyword("elif") else { break };
            (arm_start, arm_opened) = (before, elif);
        }
        if let Some(keyword) = self.eat_keyword("else") {
            otherwise = Some(self.body(Closers::FI, keyword));
        }
        self.expect("fi", SyntaxErrorKind::MissingFi, opened);
        let own = self.span_from(start);
        let redirects = self.redirects();
        Command::If(If { arms, otherwise, span: Self::end_of(own, &redirects), redirects })
    }

    /// `do … done`, or the braces that shells take in its place behind `for`.
    fn loop_body(&mut self, opened: Span, braces: bool) -> List {
        self.skip_lines();
        let start = self.pos;
        if braces && self.eat_keyword("{").is_some() {
            let brace = self.span_from(start);
            let body = self.body(Closers::BRACE, brace);
            self.expect("}", SyntaxErrorKind::MissingBrace, brace);
            return body;
        }
        let keyword = self.span(start, start.saturating_add(2));
        let body = if self.expect("do", SyntaxErrorKind::MissingDo, opened) {
            self.body(Closers::DONE, keyword)
        } else {
            self.list(Closers::DONE)
        };
        self.expect("done", SyntaxErrorKind::MissingDone, opened);
        body
    }

    fn while_command(&mut self, start: usize, opened: Span, until: bool) -> Command {
        let condition = self.body(Closers::DO.and(Closers::DONE), opened);
        let body = self.loop_body(opened, false);
        let own = self.span_from(start);
        let redirects = self.redirects();
        Command::While(While {
            until,
            condition,
            body,
            span: Self::end_of(own, &redirects),
            redirects,
        })
    }

    fn for_command(&mut self, start: usize, opened: Span) -> Command {
        self.skip_blanks();
        if !self.at("((") {
            return Command::For(self.for_words(start, opened));
        }
        let parentheses = self.pos;
        self.bump(2);
        let header = self.arithmetic(parentheses, Close::Parentheses);
        self.skip_blanks();
        if self.peek() == Some(b';') {
            self.bump(1);
        }
        let body = self.loop_body(opened, true);
        let own = self.span_from(start);
        let redirects = self.redirects();
        Command::ArithmeticFor(ArithmeticFor {
            header,
            body,
            span: Self::end_of(own, &redirects),
            redirects,
        })
    }

    fn for_words(&mut self, start: usize, opened: Span) -> For {
        self.skip_blanks();
        let (mut name, mut name_span) = self.name();
        if name.is_empty()
            || !matches!(self.peek(), None | Some(b' ' | b'\t' | b'\n' | b';' | b'\\'))
        {
            let from = name_span.start;
            let rest = self.word(Context::Argument);
            name_span = Span::new(from, rest.span.end);
            self.error(SyntaxErrorKind::BadName, name_span, "a loop variable is a plain name");
            name = String::new();
        }
        let after_name = self.pos;
        self.skip_lines();
        let mut words = None;
        if self.eat_keyword("in").is_some() {
            let mut found = Vec::new();
            loop {
                self.skip_blanks();
                let word = self.word(Context::Argument);
                if word.span.is_empty() {
                    break;
                }
                found.push(word);
            }
            words = Some(found);
        } else if !self.comment_since(after_name) {
            self.pos = after_name;
            self.skip_blanks();
        }
        match self.peek() {
            Some(b';') => self.bump(1),
            Some(b'&' | b'|' | b'(' | b')' | b'<' | b'>') => {
                let here = self.char_here();
                self.error(
                    SyntaxErrorKind::UnexpectedOperator,
                    here,
                    "only words stand between `in` and the separator before `do`",
                );
                self.bump(1);
            }
            _ => {}
        }
        let body = self.loop_body(opened, true);
        let own = self.span_from(start);
        let redirects = self.redirects();
        For { name, name_span, words, body, span: Self::end_of(own, &redirects), redirects }
    }

    fn case_command(&mut self, start: usize, opened: Span) -> Command {
        self.skip_blanks();
        let mut word = self.word(Context::Argument);
        if word.span.is_empty() {
            word = nothing(self.here());
        }
        self.skip_lines();
        self.expect("in", SyntaxErrorKind::MissingIn, opened);
        let mut items = Vec::new();
        let closed = loop {
            self.skip_lines();
            if self.eat_keyword("esac").is_some() {
                break true;
            }
            let before = self.pos;
            if self.peek().is_none() {
                break false;
            }
            let Some(item) = self.case_item() else { break false };
            items.push(item);
            if self.pos == before {
                break false;
            }
        };
        if !closed {
            self.error_opened(SyntaxErrorKind::MissingEsac, opened, "`esac` is missing here");
        }
        let own = self.span_from(start);
        let redirects = self.redirects();
        Command::Case(Case { word, items, span: Self::end_of(own, &redirects), redirects })
    }

    fn case_item(&mut self) -> Option<CaseItem> {
        let start = self.pos;
        let mut patterns: Vec<Word> = Vec::new();
        if self.peek() == Some(b'(') {
            self.bump(1);
        }
        loop {
            self.skip_blanks();
            let pattern = self.word(Context::Value);
            if pattern.span.is_empty() {
                let here = self.char_here();
                self.error(SyntaxErrorKind::UnexpectedOperator, here, "a pattern is missing here");
            }
            patterns.push(pattern);
            self.skip_blanks();
            if self.peek() != Some(b'|') {
                break;
            }
            self.bump(1);
        }
        if self.peek() == Some(b')') {
            self.bump(1);
        } else {
            let opened = self.span_from(start);
            self.error_opened(
                SyntaxErrorKind::MissingParenthesis,
                opened,
                "the patterns of a branch end with `)`",
            );
            // Nothing tells where the branch begins, so the next one is looked for.
            let next = self.rest().windows(2).position(|pair| pair == b";;");
            self.bump(next.unwrap_or(self.rest().len()));
        }
        let body = self.list(Closers::BRANCH.and(Closers::ESAC));
        let before = self.pos;
        let terminator = if self.eat(";;&").is_some() {
            Some(CaseTerminator::Continue)
        } else if self.eat(";;").is_some() {
            Some(CaseTerminator::Break)
        } else if self.eat(";&").is_some() {
            Some(CaseTerminator::FallThrough)
        } else {
            None
        };
        let terminator = terminator.map(|kind| (kind, self.span_from(before)));
        if terminator.is_none() && !self.at("esac") {
            return None;
        }
        Some(CaseItem { patterns, body, terminator, span: self.span_from(start) })
    }

    fn group(&mut self, start: usize, opened: Span) -> Command {
        let body = self.body(Closers::BRACE, opened);
        self.expect("}", SyntaxErrorKind::MissingBrace, opened);
        let own = self.span_from(start);
        let redirects = self.redirects();
        Command::Group(Group { body, span: Self::end_of(own, &redirects), redirects })
    }

    /// `((…))` or `(…)`.
    pub(super) fn parentheses(&mut self) -> Command {
        let start = self.pos;
        if self.at("((") && self.is_arithmetic(start.saturating_add(2)) {
            self.bump(2);
            let expression = self.arithmetic(start, Close::Parentheses);
            let own = self.span_from(start);
            let redirects = self.redirects();
            return Command::Arithmetic(ArithmeticCommand {
                expression,
                span: Self::end_of(own, &redirects),
                redirects,
            });
        }
        self.bump(1);
        let opened = self.span_from(start);
        let outer = std::mem::replace(&mut self.closers, Closers::NONE);
        let body = self.body(Closers::PARENTHESIS, opened);
        self.closers = outer;
        if self.peek() == Some(b')') {
            self.bump(1);
        } else {
            self.error_opened(SyntaxErrorKind::MissingParenthesis, opened, "`)` is missing here");
        }
        let own = self.span_from(start);
        let redirects = self.redirects();
        Command::Subshell(Subshell { body, span: Self::end_of(own, &redirects), redirects })
    }

    fn function_keyword(&mut self, start: usize, opened: Span) -> Option<Command> {
        self.skip_blanks();
        let name = self.word(Context::Argument);
        if name.span.is_empty() {
            self.error_opened(SyntaxErrorKind::BadName, opened, "a function needs a name");
            return None;
        }
        self.skip_blanks();
        let mut parentheses = false;
        if self.peek() == Some(b'(') && self.parameters_follow() {
            parentheses = self.function_parentheses();
        }
        Some(self.function(start, &name, true, parentheses))
    }

    /// Reads `()`, or says that nothing may stand inside and reads to its end.
    pub(super) fn function_parentheses(&mut self) -> bool {
        let start = self.pos;
        self.bump(1);
        self.skip_blanks();
        if self.peek() == Some(b')') {
            self.bump(1);
            return true;
        }
        self.pos = start;
        let Some(end) = self.parenthesis_end() else {
            return false;
        };
        self.pos = end.saturating_add(1);
        let parameters = self.span_from(start);
        self.error(
            SyntaxErrorKind::FunctionParameters,
            parameters,
            "functions take their arguments as $1, $2, …: nothing stands between these parentheses",
        );
        true
    }

    /// A function whose name has been read.
    pub(super) fn function(
        &mut self,
        start: usize,
        name: &Word,
        keyword: bool,
        parentheses: bool,
    ) -> Command {
        let head = self.span_from(start);
        self.skip_lines();
        let compound = self.compound_starts();
        if !compound {
            self.error_opened(
                SyntaxErrorKind::MissingFunctionBody,
                head,
                "a function's body stands in `{ }`",
            );
        }
        let body = if self.command_starts() { self.command() } else { None };
        let body = body.unwrap_or_else(|| {
            Command::Simple(SimpleCommand { span: self.here(), ..SimpleCommand::default() })
        });
        Command::Function(Function {
            name: name.text(self.source).into_owned(),
            name_span: name.span,
            keyword,
            parentheses,
            span: head.join(body.span()),
            body: Box::new(body),
        })
    }

    fn coproc(&mut self, start: usize) -> Option<Command> {
        self.skip_blanks();
        let before = self.pos;
        let mut name = None;
        if self.keyword().is_none() && self.peek() != Some(b'(') {
            let word = self.word(Context::Argument);
            self.skip_blanks();
            if self.compound_starts() {
                name = Some(word);
            } else {
                self.pos = before;
            }
        }
        let body = if self.command_starts() { self.command() } else { None };
        let Some(body) = body else {
            let span = self.span_from(start);
            self.error(SyntaxErrorKind::MissingCommand, span, "no command stands behind `coproc`");
            return None;
        };
        Some(Command::Coproc(Coproc {
            name,
            span: self.span(start, start).join(body.span()),
            body: Box::new(body),
        }))
    }
}
