//! No text makes the parser panic, lose its place, or take its time.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::Span;
use crate::shell::visit::{self, Visit};
use crate::shell::{
    AndOr, Command, Dialect, Heredoc, List, Parameter, Part, Pipeline, Redirect, SimpleCommand,
    SyntaxErrorKind, Word, parse,
};

const DIALECTS: [Dialect; 3] = [Dialect::Bash, Dialect::PowerShell, Dialect::Cmd];

const PIECES: &[&str] = &[
    "if a; then b; fi",
    "while a; do b; done",
    "for i in a; do b; done",
    "case a in b) c;; esac",
    "f() { a; }",
    "[[ a == b ]]",
    "((a))",
    "cat <<E\na $b\nE\n",
    "<<-'E'",
    "\nE\n",
    "$(a)",
    "`a`",
    "\\`",
    "${a:-b}",
    "$((a))",
    "<(a)",
    "a=(b)",
    "{a,b}",
    "@(a|b)",
    "[a-z]",
    "'a'",
    "\"a\"",
    "$'a'",
    "\\",
    "\\\n",
    "#",
    "&&",
    "||",
    "|",
    ";",
    "&",
    ";;",
    "(",
    ")",
    "{",
    "}",
    "[[",
    "]]",
    "((",
    "))",
    "$(",
    "${",
    "$((",
    "`",
    "'",
    "\"",
    "<<",
    "<<<",
    ">",
    "2>&1",
    "&>",
    "if",
    "then",
    "else",
    "elif",
    "fi",
    "do",
    "done",
    "case",
    "in",
    "esac",
    "for",
    "while",
    "function",
    "select",
    "coproc",
    "time",
    "!",
    " ",
    "\t",
    "\n",
    "\r\n",
    "a",
    "b=",
    "=",
    "*",
    "?",
    "[",
    "]",
    "~",
    "$",
    "$x",
    "é",
    "\u{a0}",
    "\u{201c}",
    "%A%",
    "^",
    "@'\n",
    "\n'@",
    "<#",
    "declare ",
    "x[",
    "]=",
];

/// Checks that what is met lies inside what it is met in.
struct Nesting<'s> {
    source: &'s str,
    around: Vec<Span>,
}

impl Nesting<'_> {
    fn inside(&mut self, span: Span, f: impl FnOnce(&mut Self)) {
        assert!(self.source.get(span.range()).is_some(), "{span:?} of {:?}", self.source);
        if let Some(around) = self.around.last() {
            assert!(around.contains(span), "{span:?} in {around:?} of {:?}", self.source);
        }
        self.around.push(span);
        f(self);
        self.around.pop();
    }
}

impl<'a> Visit<'a> for Nesting<'_> {
    fn list(&mut self, list: &'a List) {
        self.inside(list.span, |this| visit::walk_list(this, list));
    }
    fn and_or(&mut self, and_or: &'a AndOr) {
        self.inside(and_or.span, |this| visit::walk_and_or(this, and_or));
    }
    fn pipeline(&mut self, pipeline: &'a Pipeline) {
        self.inside(pipeline.span, |this| visit::walk_pipeline(this, pipeline));
    }
    fn command(&mut self, command: &'a Command) {
        self.inside(command.span(), |this| visit::walk_command(this, command));
    }
    fn simple_command(&mut self, command: &'a SimpleCommand) {
        self.inside(command.span, |this| visit::walk_simple_command(this, command));
    }
    fn redirect(&mut self, redirect: &'a Redirect) {
        self.inside(redirect.span, |this| visit::walk_redirect(this, redirect));
    }
    fn heredoc(&mut self, heredoc: &'a Heredoc) {
        let around = std::mem::take(&mut self.around);
        self.inside(heredoc.body_span, |this| visit::walk_heredoc(this, heredoc));
        self.around = around;
    }
    fn word(&mut self, word: &'a Word) {
        let _ = word.text(self.source);
        let mut end = word.span.start;
        for part in &word.parts {
            assert_eq!(part.span().start, end, "a gap in {word:?} of {:?}", self.source);
            end = part.span().end;
        }
        assert_eq!(end, word.span.end, "a gap in {word:?} of {:?}", self.source);
        self.inside(word.span, |this| visit::walk_word(this, word));
    }
    fn part(&mut self, part: &'a Part) {
        self.inside(part.span(), |this| visit::walk_part(this, part));
    }
    fn parameter(&mut self, parameter: &'a Parameter) {
        self.inside(parameter.name_span, |_| {});
        self.inside(parameter.span, |this| visit::walk_parameter(this, parameter));
    }
}

fn check(text: &str) {
    for dialect in DIALECTS {
        let script = parse(text, dialect);
        script.visit(&mut Nesting { source: text, around: Vec::new() });
        for span in script.errors.iter().flat_map(|e| [Some(e.span), e.opened]).flatten() {
            assert!(text.get(span.range()).is_some(), "{span:?} of {text:?}");
        }
        for comment in &script.comments {
            assert!(text.get(comment.range()).is_some(), "{comment:?} of {text:?}");
        }
        for found in script.simple_commands() {
            assert!(found.place.list.items.get(found.place.index).is_some());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_panics(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn no_pieces_of_shell_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..24)) {
        check(&pieces.concat());
    }

    #[test]
    fn no_characters_of_shell_panic(text in "[a-c(){}\\[\\]$`'\"<>&|;!#=*?~@+ \n\\\\é-]{0,40}") {
        check(&text);
    }
}

#[test]
fn nesting_ends_at_a_limit() {
    for (open, middle, close) in [
        ("$(", "a", ")"),
        ("\"$(", "a", ")\""),
        ("(", "a", ")"),
        ("{ ", "a", "; }"),
        ("`", "a", ""),
        ("${a:-", "b", "}"),
        ("$((", "1", "))"),
        ("if ", "a", "; then b; fi"),
        ("<(", "a", ")"),
        ("[[ ( ", "a", " ) ]]"),
        ("( ( ", "a", " )"),
        ("f() { ", "a", "; }"),
        ("{a,", "b", "}"),
        ("@(", "a", ")"),
        ("a=(", "b", ")"),
        ("! ", "a", ""),
        ("while a; do ", "a", "; done"),
        ("[[ ! ", "a", ""),
        ("${a[", "b", "]}"),
        ("coproc ", "a", ""),
        ("case a in b) ", "a", ";; esac"),
        ("function f ", "", ""),
        ("cat <<A\n$(", "a", ")"),
    ] {
        for times in [50, 199, 5_000, 20_000] {
            let text = format!("{}{middle}{}", open.repeat(times), close.repeat(times));
            check(&text);
        }
    }
    let deep = format!("{}a{}", "$(".repeat(5_000), ")".repeat(5_000));
    assert!(parse(&deep, Dialect::Bash).errors.iter().any(|e| e.kind == SyntaxErrorKind::TooDeep));
}

#[test]
fn long_texts_take_linear_time() {
    let started = Instant::now();
    for piece in [
        "a ",
        "a;",
        "'",
        "\"",
        "`",
        "$(",
        "$((",
        "((",
        "(",
        "{",
        "{a,",
        "[",
        "a[",
        "[[",
        "<<a ",
        "<<a\n",
        "a=(",
        "${",
        "${a[",
        "@(",
        "\\",
        "\\\n",
        "#",
        "\n",
        ")",
        "}",
        "fi ",
        "if ",
        "f(",
        "f(x ",
        "f() ",
        "$'",
        "$[",
        "case a in ",
        "! ",
        "a &",
        "é",
        "\u{a0}",
        "x[1",
        "{1..",
        "<(",
        "\"$((",
        "a|",
        "&&",
        "<<'",
        "(( a ) ",
        "$((a) ",
        "a=b ",
        "%",
        "@'\n",
        "<#",
        "\"`",
        "`\\`",
        "[!",
        "[[:",
        "{fd}",
        "1",
        "~",
        "*(",
        "declare a=(",
    ] {
        let text = piece.repeat(100_000 / piece.len());
        for dialect in DIALECTS {
            let script = parse(&text, dialect);
            assert!(script.errors.len() <= 100, "{piece:?}");
        }
    }
    // Quadratic time would be minutes.
    assert!(started.elapsed() < Duration::from_mins(1), "{:?}", started.elapsed());
}

#[test]
fn a_tree_has_a_limit() {
    for (dialect, piece) in [
        (Dialect::Bash, "a;"),
        (Dialect::Bash, "a=b "),
        (Dialect::Bash, "$a"),
        (Dialect::Bash, "\"$a\""),
        (Dialect::Bash, "a*"),
        (Dialect::Cmd, "a&"),
        (Dialect::PowerShell, "a;"),
    ] {
        let text = piece.repeat(600_000);
        let script = parse(&text, dialect);
        script.visit(&mut Nesting { source: &text, around: Vec::new() });
        let last = script.errors.last().map(|error| error.kind);
        assert_eq!(last, Some(SyntaxErrorKind::TooLong), "{piece:?}");
    }
}
