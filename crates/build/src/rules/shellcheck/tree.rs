//! A shell text as a flat list of nodes that know their parents.
//!
//! Rules ask what is around a word far more often than what is in it; and there are many rules, so
//! the tree is walked once and each rule reads lists.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::Span;
use crate::scope::Scope;
use crate::script::{Form, ShellText};
use crate::shell::{
    AndOr, ArithmeticExpression, Array, Assignment, AssignmentValue, CaseItem, Command, Dialect,
    Heredoc, List, Parameter, Part, Pipeline, Redirect, SimpleCommand, TestExpression, Word,
};
use crate::syntax::Keyword;

use super::values::single_words;

/// The index of a node.
pub(crate) type At = usize;

/// A node of the syntax tree.
#[derive(Debug, Clone, Copy)]
#[allow(dead_code, reason = "every node holds its part of the tree, asked for or not")]
pub(crate) enum Node<'a> {
    List(&'a List),
    AndOr(&'a AndOr),
    Pipeline(&'a Pipeline),
    Command(&'a Command),
    Simple(&'a SimpleCommand),
    Assignment(&'a Assignment),
    Redirect(&'a Redirect),
    Heredoc(&'a Heredoc),
    Word(&'a Word, Role),
    Part(&'a Part),
    Array(&'a Array),
    Arithmetic(&'a ArithmeticExpression),
    CaseItem(&'a CaseItem),
    Test(&'a TestExpression),
}

/// What a word is to its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A word of a simple command; 0 is its name.
    Argument(usize),
    /// What an assignment assigns.
    Value,
    /// An element of an array.
    Element,
    /// What a loop runs over.
    Item,
    /// What `case` compares.
    Subject,
    /// A pattern of `case`.
    Pattern,
    /// Where a redirect leads.
    Target,
    /// An operand in `[[ … ]]`.
    Operand,
    /// What follows the operator of `${x…}`.
    Alternative,
    /// In the brackets of `x[…]`.
    Index,
    /// One of `{a,b}` or `@(a|b)`.
    Choice,
}

#[derive(Debug, Clone, Copy)]
struct Entry<'a> {
    node: Node<'a>,
    parent: At,
}

/// A simple command, its place and its name.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    /// Its node.
    pub at: At,
    /// The command.
    pub command: &'a SimpleCommand,
    /// The base name of the program; empty where it is only known when it runs, or absent.
    pub name: Cow<'a, str>,
}

/// A shell text as a flat list of nodes.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    /// The text.
    pub text: &'a ShellText,
    /// The same as a string.
    pub source: &'a str,
    /// The variables that the instructions before it set.
    pub scope: Scope<'a>,
    /// Whether no shell could parse it: what the tree says of it is half the truth.
    pub broken: bool,
    single: HashSet<u32>,
    nodes: Vec<Entry<'a>>,
    calls: Vec<Call<'a>>,
    parts: Vec<At>,
}

impl<'a> Tree<'a> {
    /// Lists the nodes of a text; none where it is not a shell's of the POSIX family.
    pub(crate) fn new(text: &'a ShellText, scope: Scope<'a>) -> Option<Self> {
        let checked = text.keyword == Keyword::Run
            && text.form != Form::Exec
            && text.script.dialect.is_posix_family();
        if !checked {
            return None;
        }
        let source = text.text.text();
        let mut tree = Self {
            text,
            source,
            scope,
            broken: text.script.errors.iter().any(|error| error.kind.is_refused()),
            single: single_words(&text.script.list, source, &|name| scope.is_declared(name)),
            nodes: Vec::new(),
            calls: Vec::new(),
            parts: Vec::new(),
        };
        tree.list(&text.script.list, 0);
        Some(tree)
    }

    /// The place in the file of a span of the text.
    pub(crate) fn place(&self, span: Span) -> Span {
        self.text.source_span(span)
    }

    /// Whether the variable surely holds one word where it is read.
    pub(crate) fn is_single_word(&self, parameter: &Parameter) -> bool {
        self.single.contains(&parameter.span.start)
    }

    /// Whether it is read by a shell that has nothing but what POSIX asks for.
    pub(crate) fn is_plain_sh(&self) -> bool {
        matches!(self.dialect(), Dialect::Posix | Dialect::Dash)
    }

    /// Which shell reads it.
    pub(crate) fn dialect(&self) -> Dialect {
        self.text.script.dialect
    }

    /// All nodes; parents come before their children, and those in source order.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (At, Node<'a>)> {
        self.nodes.iter().enumerate().map(|(at, entry)| (at, entry.node))
    }

    /// The simple commands.
    pub(crate) fn calls(&self) -> &[Call<'a>] {
        &self.calls
    }

    /// The simple commands that run a program or builtin of one of these names.
    pub(crate) fn calls_of<'t>(&'t self, names: &'t [&str]) -> impl Iterator<Item = &'t Call<'a>> {
        self.calls.iter().filter(move |call| names.contains(&&*call.name))
    }

    /// The parts of words, also those within other parts.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (At, &'a Part)> {
        self.parts.iter().filter_map(|at| match self.node(*at)? {
            Node::Part(part) => Some((*at, part)),
            _ => None,
        })
    }

    /// The variables that are read by `$`.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (At, &'a Parameter)> {
        self.parts().filter_map(|(at, part)| match part {
            Part::Parameter(parameter) => Some((at, &**parameter)),
            _ => None,
        })
    }

    /// A node.
    pub(crate) fn node(&self, at: At) -> Option<Node<'a>> {
        self.nodes.get(at).map(|entry| entry.node)
    }

    /// What a node stands in.
    pub(crate) fn parent(&self, at: At) -> Option<(At, Node<'a>)> {
        let parent = self.nodes.get(at).filter(|_| at > 0)?.parent;
        Some((parent, self.node(parent)?))
    }

    /// What is around a node, from the inside out.
    pub(crate) fn ancestors(&self, at: At) -> impl Iterator<Item = (At, Node<'a>)> {
        let mut at = at;
        std::iter::from_fn(move || {
            let parent = self.parent(at)?;
            at = parent.0;
            Some(parent)
        })
    }

    /// The pipeline that a simple command is in, and its index there.
    pub(crate) fn pipeline_of(&self, call: &Call<'a>) -> Option<(&'a Pipeline, usize)> {
        let (_, Node::Command(command)) = self.parent(call.at)? else { return None };
        self.ancestors(call.at).find_map(|(_, node)| match node {
            Node::Pipeline(pipeline) => {
                let index = pipeline.commands.iter().position(|one| std::ptr::eq(one, command))?;
                Some((pipeline, index))
            }
            _ => None,
        })
    }

    /// The text of a span.
    pub(crate) fn of(&self, span: Span) -> &'a str {
        span.of(self.source)
    }

    /// The words of a command without its name.
    pub(crate) fn arguments(
        &self,
        call: &Call<'a>,
    ) -> impl Iterator<Item = (&'a Word, Cow<'a, str>)> {
        let source = self.source;
        call.command.words.iter().skip(1).map(move |word| (word, word.text(source)))
    }

    fn push(&mut self, node: Node<'a>, parent: At) -> At {
        let at = self.nodes.len();
        if matches!(node, Node::Part(_)) {
            self.parts.push(at);
        }
        self.nodes.push(Entry { node, parent });
        at
    }

    fn list(&mut self, list: &'a List, parent: At) {
        let at = self.push(Node::List(list), parent);
        for item in &list.items {
            let at = self.push(Node::AndOr(item), at);
            self.pipeline(&item.first, at);
            for (_, _, pipeline) in &item.rest {
                self.pipeline(pipeline, at);
            }
        }
    }

    fn pipeline(&mut self, pipeline: &'a Pipeline, parent: At) {
        let at = self.push(Node::Pipeline(pipeline), parent);
        for command in &pipeline.commands {
            self.command(command, at);
        }
    }

    fn command(&mut self, command: &'a Command, parent: At) {
        let at = self.push(Node::Command(command), parent);
        let redirects: &[Redirect] = match command {
            Command::Simple(simple) => {
                self.simple(simple, at);
                &[]
            }
            Command::Subshell(subshell) => {
                self.list(&subshell.body, at);
                &subshell.redirects
            }
            Command::Group(group) => {
                self.list(&group.body, at);
                &group.redirects
            }
            Command::If(choice) => {
                for arm in &choice.arms {
                    self.list(&arm.condition, at);
                    self.list(&arm.body, at);
                }
                if let Some(otherwise) = &choice.otherwise {
                    self.list(otherwise, at);
                }
                &choice.redirects
            }
            Command::For(each) | Command::Select(each) => {
                for word in each.words.iter().flatten() {
                    self.word(word, Role::Item, at);
                }
                self.list(&each.body, at);
                &each.redirects
            }
            Command::ArithmeticFor(each) => {
                self.arithmetic(&each.header, at);
                self.list(&each.body, at);
                &each.redirects
            }
            Command::While(each) => {
                self.list(&each.condition, at);
                self.list(&each.body, at);
                &each.redirects
            }
            Command::Case(case) => {
                self.word(&case.word, Role::Subject, at);
                for item in &case.items {
                    let at = self.push(Node::CaseItem(item), at);
                    for pattern in &item.patterns {
                        self.word(pattern, Role::Pattern, at);
                    }
                    self.list(&item.body, at);
                }
                &case.redirects
            }
            Command::Function(function) => {
                self.command(&function.body, at);
                &[]
            }
            Command::Test(test) => {
                if let Some(expression) = &test.expression {
                    self.test(expression, at);
                }
                &test.redirects
            }
            Command::Arithmetic(arithmetic) => {
                self.arithmetic(&arithmetic.expression, at);
                &arithmetic.redirects
            }
            Command::Coproc(coproc) => {
                self.command(&coproc.body, at);
                &[]
            }
        };
        for redirect in redirects {
            self.redirect(redirect, at);
        }
    }

    fn simple(&mut self, command: &'a SimpleCommand, parent: At) {
        let at = self.push(Node::Simple(command), parent);
        let name = command.words.first().and_then(|word| word.literal(self.source));
        let name = match name.unwrap_or_default() {
            Cow::Borrowed(name) => Cow::Borrowed(base_name(name)),
            Cow::Owned(name) => Cow::Owned(base_name(&name).to_owned()),
        };
        self.calls.push(Call { at, command, name });
        for assignment in &command.assignments {
            self.assignment(assignment, at);
        }
        for (index, word) in command.words.iter().enumerate() {
            self.word(word, Role::Argument(index), at);
        }
        for redirect in &command.redirects {
            self.redirect(redirect, at);
        }
    }

    fn assignment(&mut self, assignment: &'a Assignment, parent: At) {
        let at = self.push(Node::Assignment(assignment), parent);
        if let Some(index) = &assignment.index {
            self.word(index, Role::Index, at);
        }
        match &assignment.value {
            AssignmentValue::Empty => {}
            AssignmentValue::Word(word) => self.word(word, Role::Value, at),
            AssignmentValue::Array(array) => self.array(array, at),
        }
    }

    fn array(&mut self, array: &'a Array, parent: At) {
        let at = self.push(Node::Array(array), parent);
        for element in &array.elements {
            self.word(element, Role::Element, at);
        }
    }

    fn redirect(&mut self, redirect: &'a Redirect, parent: At) {
        let at = self.push(Node::Redirect(redirect), parent);
        self.word(&redirect.target, Role::Target, at);
        if let Some(heredoc) = &redirect.heredoc {
            let at = self.push(Node::Heredoc(heredoc), at);
            for part in &heredoc.parts {
                self.part(part, at);
            }
        }
    }

    fn test(&mut self, expression: &'a TestExpression, parent: At) {
        let at = self.push(Node::Test(expression), parent);
        match expression {
            TestExpression::Word(word) | TestExpression::Unary { operand: word, .. } => {
                self.word(word, Role::Operand, at);
            }
            TestExpression::Binary { left, right, .. } => {
                self.word(left, Role::Operand, at);
                self.word(right, Role::Operand, at);
            }
            TestExpression::Not(_, inside) | TestExpression::Parentheses(_, inside) => {
                self.test(inside, at);
            }
            TestExpression::And(left, _, right) | TestExpression::Or(left, _, right) => {
                self.test(left, at);
                self.test(right, at);
            }
        }
    }

    fn arithmetic(&mut self, expression: &'a ArithmeticExpression, parent: At) {
        let at = self.push(Node::Arithmetic(expression), parent);
        for part in &expression.parts {
            self.part(part, at);
        }
    }

    fn word(&mut self, word: &'a Word, role: Role, parent: At) {
        let at = self.push(Node::Word(word, role), parent);
        for part in &word.parts {
            self.part(part, at);
        }
    }

    fn part(&mut self, part: &'a Part, parent: At) {
        let at = self.push(Node::Part(part), parent);
        match part {
            Part::Literal { .. }
            | Part::Escaped { .. }
            | Part::SingleQuoted { .. }
            | Part::AnsiC { .. }
            | Part::Tilde { .. } => {}
            Part::DoubleQuoted { parts, .. } | Part::Glob { parts, .. } => {
                for part in parts {
                    self.part(part, at);
                }
            }
            Part::Parameter(parameter) => {
                if let Some(index) = &parameter.index {
                    self.word(index, Role::Index, at);
                }
                for word in [&parameter.word, &parameter.replacement].into_iter().flatten() {
                    self.word(word, Role::Alternative, at);
                }
            }
            Part::CommandSubstitution { script, .. } | Part::ProcessSubstitution { script, .. } => {
                self.list(script, at);
            }
            Part::Arithmetic { expression, .. } => self.arithmetic(expression, at),
            Part::BraceExpansion { items, .. } | Part::ExtendedGlob { alternatives: items, .. } => {
                for item in items {
                    self.word(item, Role::Choice, at);
                }
            }
            Part::Array(array) => self.array(array, at),
        }
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
