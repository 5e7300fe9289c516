//! Which variables a script sets and reads.

use std::collections::BTreeMap;

use crate::Span;
use crate::shell::{Command, ParameterOperator, Part, Word};
use plimsoll_model::text::offset;

use super::splitting::{is_declaration, is_name};
use super::tree::{Call, Node, Tree};

/// What a script does with one variable.
#[derive(Debug, Clone, Copy, Default)]
struct Use {
    /// Where it is set at last, not counting what is set for one command.
    set: Option<Span>,
    /// Whether it is set in any way.
    assigned: bool,
    /// Where it is read first.
    read: Option<Span>,
    /// Whether it is exported or read by name.
    named: bool,
    /// Whether the script asks if it is empty, or has a default for it.
    guarded: bool,
}

/// What a script does with its variables.
#[derive(Debug)]
pub(super) struct Variables<'t, 'a> {
    tree: &'t Tree<'a>,
    uses: BTreeMap<&'a str, Use>,
}

impl<'t, 'a> Variables<'t, 'a> {
    /// Goes through a script.
    pub(super) fn of(tree: &'t Tree<'a>) -> Self {
        let mut all = Self { tree, uses: BTreeMap::new() };
        for (at, node) in tree.nodes() {
            match node {
                Node::Assignment(assignment) => {
                    let name = assignment.name_span.of(tree.source);
                    let for_command = matches!(tree.parent(at), Some((_, Node::Simple(command)))
                        if !command.words.is_empty());
                    all.set(name, assignment.name_span, !for_command);
                }
                Node::Command(Command::For(each) | Command::Select(each)) => {
                    let name = each.name_span.of(tree.source);
                    let keyword = Span::new(each.span.start, each.name_span.end);
                    all.set(name, keyword, true);
                }
                Node::Part(Part::Parameter(one)) => {
                    let name = one.name_span.of(tree.source);
                    let entry = all.uses.entry(name).or_default();
                    entry.read.get_or_insert(one.span);
                    match one.operator {
                        Some(ParameterOperator::Assign { .. }) => entry.assigned = true,
                        Some(
                            ParameterOperator::Default { .. }
                            | ParameterOperator::Alternative { .. }
                            | ParameterOperator::Require { .. },
                        ) => entry.guarded = true,
                        _ => {}
                    }
                }
                Node::Arithmetic(expression) => {
                    for part in &expression.parts {
                        if let Part::Literal { span } = part {
                            all.arithmetic(*span);
                        }
                    }
                }
                _ => {}
            }
        }
        for call in tree.calls() {
            all.call(call);
        }
        all
    }

    fn set(&mut self, name: &'a str, span: Span, lasts: bool) {
        let entry = self.uses.entry(name).or_default();
        entry.assigned = true;
        if lasts {
            entry.set = Some(span);
        }
    }

    /// Names in an arithmetic expression are variables.
    fn arithmetic(&mut self, span: Span) {
        let text = self.tree.of(span);
        let mut at = 0;
        for piece in text.split_inclusive(|one: char| !one.is_ascii_alphanumeric() && one != '_') {
            let name =
                piece.trim_end_matches(|one: char| !one.is_ascii_alphanumeric() && one != '_');
            if is_name(name) {
                let start = span.start.saturating_add(offset(at));
                let place = Span::new(start, start.saturating_add(offset(name.len())));
                let rest =
                    text.get(at.saturating_add(name.len())..).unwrap_or_default().trim_start();
                let entry = self.uses.entry(name).or_default();
                entry.read.get_or_insert(place);
                entry.assigned |= rest.starts_with('=') && !rest.starts_with("==");
            }
            at = at.saturating_add(piece.len());
        }
    }

    fn call(&mut self, call: &Call<'a>) {
        let tree = self.tree;
        let words = call.command.words.get(1..).unwrap_or_default();
        match call.name.as_ref() {
            "read" | "getopts" | "mapfile" | "readarray" => {
                for word in words {
                    let text = tree.of(word.span);
                    if is_name(text) {
                        self.set(text, word.span, true);
                    }
                }
            }
            "printf" => {
                if let [flag, name, ..] = words
                    && tree.of(flag.span) == "-v"
                {
                    self.set(tree.of(name.span), name.span, true);
                }
            }
            name if is_declaration(name) => {
                for word in words {
                    self.declare(name, word);
                }
            }
            "trap" | "eval" => {
                for word in words {
                    self.named_in(tree.of(word.span), call.name == "trap");
                }
            }
            "[" | "test" | "[[" => {
                let mut words = words.iter();
                while let Some(word) = words.next() {
                    match tree.of(word.span) {
                        "-v" => {
                            let name =
                                words.next().map(|word| tree.of(word.span)).unwrap_or_default();
                            self.uses.entry(name).or_default().named = true;
                        }
                        "-n" | "-z" if call.name == "[" => {
                            if let Some(word) = words.next() {
                                self.guard(word);
                            }
                        }
                        _ => {}
                    }
                }
                if let ([word, _], "[") =
                    (call.command.words.get(1..).unwrap_or_default(), &*call.name)
                {
                    self.guard(word);
                }
            }
            _ => {}
        }
    }

    fn declare(&mut self, builtin: &str, word: &'a Word) {
        let text = self.tree.of(word.span);
        let (name, has_value) = text
            .split_once('=')
            .map_or((text, false), |(name, _)| (name.trim_end_matches('+'), true));
        if !is_name(name) {
            return;
        }
        let end = word.span.start.saturating_add(offset(name.len()));
        if has_value || builtin != "export" {
            self.set(name, Span::new(word.span.start, end), has_value);
        }
        if builtin == "export" {
            self.uses.entry(name).or_default().named = true;
        }
    }

    /// The script asks whether the variable is empty.
    fn guard(&mut self, word: &'a Word) {
        let parts = match word.parts.as_slice() {
            [Part::DoubleQuoted { parts, .. }] => parts.as_slice(),
            parts => parts,
        };
        if let [Part::Parameter(one)] = parts {
            self.uses.entry(one.name_span.of(self.tree.source)).or_default().guarded = true;
        }
    }

    /// A text in quotes that the shell runs later.
    fn named_in(&mut self, text: &'a str, runs_it: bool) {
        if !runs_it {
            return;
        }
        for piece in text.split('$').skip(1) {
            let piece = piece.trim_start_matches('{');
            let end = piece
                .find(|one: char| !one.is_ascii_alphanumeric() && one != '_')
                .unwrap_or(piece.len());
            if let Some(name) = piece.get(..end).filter(|name| is_name(name)) {
                self.uses.entry(name).or_default().named = true;
            }
        }
    }

    /// Whether the script sets the variable.
    pub(super) fn is_assigned(&self, name: &str) -> bool {
        self.uses.get(name).is_some_and(|one| one.assigned)
    }

    /// What is set and never read, and where it is set at last.
    pub(super) fn unused(&self) -> impl Iterator<Item = (&'a str, Span)> {
        self.uses.iter().filter_map(|(name, one)| {
            let span = one.set?;
            let meant = one.read.is_some()
                || one.named
                || name.starts_with('_')
                || is_of_shell(name)
                || self.is_given(name);
            (!meant).then_some((*name, span))
        })
    }

    /// What is read and never set, and where it is read first.
    pub(super) fn unassigned(&self) -> impl Iterator<Item = (&'a str, Span)> {
        self.uses.iter().filter_map(|(name, one)| {
            let span = one.read?;
            let known = one.assigned
                || one.guarded
                || !is_name(name)
                || is_of_shell(name)
                || self.is_given(name);
            (!known).then_some((*name, span))
        })
    }

    /// A variable that is set and has nearly that name.
    pub(super) fn near(&self, name: &str) -> Option<&str> {
        let own = self.uses.iter().filter(|(_, one)| one.assigned).map(|(name, _)| *name);
        let mut near: Vec<&str> = own
            .chain(self.tree.scope.names())
            .chain(GIVEN)
            .filter(|known| known.len() > 3 && name.len() > 3 && is_one_apart(known, name))
            .collect();
        near.sort_unstable();
        near.first().copied()
    }

    /// Whether the build sets it.
    fn is_given(&self, name: &str) -> bool {
        GIVEN.contains(&name) || self.tree.scope.is_declared(name)
    }
}

/// What the builder sets where it is asked to.
pub(super) const GIVEN: [&str; 8] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// Whether the shell sets the variable or reads it itself.
fn is_of_shell(name: &str) -> bool {
    const NAMES: [&str; 49] = [
        "PATH",
        "IFS",
        "HOME",
        "PWD",
        "OLDPWD",
        "PS1",
        "PS2",
        "PS3",
        "PS4",
        "PROMPT_COMMAND",
        "LANG",
        "LANGUAGE",
        "TERM",
        "DISPLAY",
        "TZ",
        "SHELL",
        "USER",
        "LOGNAME",
        "MAIL",
        "ENV",
        "BASH_ENV",
        "CDPATH",
        "HISTFILE",
        "HISTSIZE",
        "OPTARG",
        "OPTIND",
        "OPTERR",
        "REPLY",
        "RANDOM",
        "SECONDS",
        "LINENO",
        "PPID",
        "UID",
        "EUID",
        "HOSTNAME",
        "OSTYPE",
        "SHLVL",
        "TMPDIR",
        "TMOUT",
        "GLOBIGNORE",
        "COLUMNS",
        "LINES",
        "FUNCNAME",
        "BASH_SOURCE",
        "BASHPID",
        "PIPESTATUS",
        "TIMEFORMAT",
        "IGNOREEOF",
        "COMPREPLY",
    ];
    NAMES.contains(&name) || name.starts_with("LC_") || name.starts_with("BASH_")
}

/// Whether one character more, less or other makes one name the other.
fn is_one_apart(left: &str, right: &str) -> bool {
    if left == right {
        return false;
    }
    let same = left.bytes().zip(right.bytes()).take_while(|(one, other)| one == other).count();
    let rest = |text: &str, skip: usize| text.get(same.saturating_add(skip)..).map(str::to_owned);
    rest(left, 1).is_some() && rest(left, 1) == rest(right, 1)
        || rest(left, 1).is_some() && rest(left, 1) == rest(right, 0)
        || rest(right, 1).is_some() && rest(left, 0) == rest(right, 1)
}
