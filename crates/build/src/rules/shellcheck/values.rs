//! Which variables, where they are read, surely hold one word: no blanks, no patterns, not empty.
//!
//! A script is gone through in the order it runs. Where ways meet, a variable holds one word only
//! if it does on each of them; a loop's body is entered with what the body itself may have set.

use std::collections::{BTreeMap, HashSet};

use crate::shell::visit::{
    Visit, walk_assignment, walk_command, walk_parameter, walk_simple_command,
};
use crate::shell::{
    AndOr, Assignment, AssignmentValue, Command, Function, List, Parameter, ParameterOperator,
    Part, Pipeline, SimpleCommand, Word,
};

use super::splitting::{is_declaration, is_name};

/// The parameters of a script, by where they start, that surely hold one word.
pub(super) fn single_words<'a>(
    list: &'a List,
    source: &'a str,
    declared: &dyn Fn(&str) -> bool,
) -> HashSet<u32> {
    let mut flow = Flow {
        source,
        declared,
        state: Some(BTreeMap::new()),
        functions: BTreeMap::new(),
        single: HashSet::new(),
    };
    flow.list(list);
    flow.single
}

/// How many variables are followed at a time; the others may hold anything.
const MAX_VARIABLES: usize = 256;

/// Variables that the shell itself sets to numbers.
const NUMBERS: [&str; 22] = [
    "#",
    "?",
    "$",
    "!",
    "-",
    "PPID",
    "UID",
    "EUID",
    "RANDOM",
    "SECONDS",
    "LINENO",
    "OPTIND",
    "COLUMNS",
    "LINES",
    "SHLVL",
    "BASHPID",
    "EPOCHSECONDS",
    "BASH_SUBSHELL",
    "SRANDOM",
    "HISTSIZE",
    "EPOCHREALTIME",
    "HISTFILESIZE",
];

/// What was set to one word (true) or something else; `None` where the script is never.
type State<'a> = Option<BTreeMap<&'a str, bool>>;

struct Flow<'a, 'd> {
    source: &'a str,
    declared: &'d dyn Fn(&str) -> bool,
    state: State<'a>,
    functions: BTreeMap<&'a str, &'a Function>,
    single: HashSet<u32>,
}

impl<'a> Flow<'a, '_> {
    fn is_single(&self, name: &str) -> bool {
        NUMBERS.contains(&name)
            || self.state.as_ref().is_none_or(|state| {
                state.get(name).copied().unwrap_or_else(|| (self.declared)(name))
            })
    }

    fn set(&mut self, name: &'a str, single: bool) {
        if let Some(state) = &mut self.state
            && (state.len() < MAX_VARIABLES || state.contains_key(name))
        {
            state.insert(name, single);
        }
    }

    /// Two ways meet: the present one and `other`.
    fn join(&mut self, other: State<'a>) {
        let Some(other) = other else { return };
        let Some(mine) = self.state.take() else {
            self.state = Some(other);
            return;
        };
        let mut joined = BTreeMap::new();
        for name in mine.keys().chain(other.keys()) {
            let of = |state: &BTreeMap<&str, bool>| {
                state.get(name).copied().unwrap_or_else(|| (self.declared)(name))
            };
            joined.insert(*name, of(&mine) && of(&other));
        }
        self.state = Some(joined);
    }

    /// Goes through what runs in a shell of its own: what it sets is lost.
    fn apart(&mut self, inside: impl FnOnce(&mut Self)) {
        let outer = self.state.clone();
        inside(self);
        self.state = outer;
    }

    /// A loop's body may run after itself.
    fn prepare_loop(&mut self, bodies: &[&'a List]) {
        let mut set = Assigned { source: self.source, names: BTreeMap::new() };
        for body in bodies {
            set.list(body);
        }
        for (name, always_single) in set.names {
            if !always_single {
                self.set(name, false);
            }
        }
    }

    fn one_loop(&mut self, condition: Option<&'a List>, body: &'a List) {
        self.prepare_loop(&[body]);
        if let Some(condition) = condition {
            self.list(condition);
        }
        let before = self.state.clone();
        self.list(body);
        self.join(before);
    }

    fn text_is_single(&self, part: &Part) -> bool {
        match part {
            Part::Literal { span } | Part::SingleQuoted { span } => is_plain(span.of(self.source)),
            Part::Escaped { char, .. } => !char.is_whitespace() && !is_pattern(*char),
            Part::DoubleQuoted { parts, .. } => parts.iter().all(|part| self.text_is_single(part)),
            Part::Parameter(parameter) => {
                parameter.operator.is_none()
                    && !parameter.length
                    && !parameter.indirect
                    && parameter.index.is_none()
                    && self.is_single(&parameter.name)
            }
            Part::Arithmetic { .. } | Part::Tilde { .. } | Part::BraceExpansion { .. } => true,
            _ => false,
        }
    }

    fn word_is_single(&self, word: &Word) -> bool {
        !is_empty(&word.parts, self.source)
            && word.parts.iter().all(|part| self.text_is_single(part))
    }

    fn assign(&mut self, assignment: &'a Assignment) {
        let name = assignment.name_span.of(self.source);
        let single = match &assignment.value {
            _ if assignment.index.is_some() => false,
            AssignmentValue::Empty => assignment.append && self.is_single(name),
            AssignmentValue::Word(word) => {
                let single = self.word_is_single(word);
                single && (!assignment.append || self.is_single(name))
            }
            AssignmentValue::Array(_) => false,
        };
        self.set(name, single);
    }

    fn call(&mut self, command: &'a SimpleCommand) {
        let source = self.source;
        let Some(word) = command.words.first() else {
            for assignment in &command.assignments {
                self.assign(assignment);
            }
            return;
        };
        let name = word.text(source);
        let arguments = command.words.iter().skip(1);
        match &*name {
            "exit" | "exec" if !command.words.is_empty() => {
                if name == "exit" || command.words.len() > 1 {
                    self.state = None;
                }
            }
            "return" => self.state = None,
            "read" | "unset" | "getopts" | "mapfile" | "readarray" => {
                for argument in arguments {
                    let text = argument.span.of(source);
                    if is_name(text) {
                        self.set(text, false);
                    }
                }
            }
            "printf" => {
                let mut words = arguments;
                if words.next().is_some_and(|word| word.span.of(source) == "-v")
                    && let Some(name) = words.next()
                {
                    self.set(name.span.of(source), false);
                }
            }
            name if is_declaration(name) => {
                let number = arguments.clone().any(|word| word.span.of(source) == "-i");
                for argument in arguments {
                    let text = argument.span.of(source);
                    let (variable, value) = text.split_once('=').unwrap_or((text, ""));
                    if !is_name(variable) {
                        continue;
                    }
                    if number {
                        self.set(variable, true);
                    } else if variable.len() < text.len() {
                        let single = !value.is_empty()
                            && value != "\"\""
                            && value != "''"
                            && argument.parts.iter().all(|part| self.text_is_single(part));
                        self.set(variable, single);
                    } else if name == "local" {
                        self.set(variable, false);
                    }
                }
            }
            name => {
                if let Some(function) = self.functions.get(name) {
                    let mut set = Assigned { source, names: BTreeMap::new() };
                    set.command(&function.body);
                    for (name, always_single) in set.names {
                        self.set(name, always_single);
                    }
                }
            }
        }
    }
}

impl<'a> Visit<'a> for Flow<'a, '_> {
    fn and_or(&mut self, and_or: &'a AndOr) {
        self.pipeline(&and_or.first);
        for (_, _, pipeline) in &and_or.rest {
            let before = self.state.clone();
            self.pipeline(pipeline);
            self.join(before);
        }
    }

    fn pipeline(&mut self, pipeline: &'a Pipeline) {
        match pipeline.commands.as_slice() {
            [command] => self.command(command),
            commands => {
                for command in commands {
                    self.apart(|flow| flow.command(command));
                }
            }
        }
    }

    fn command(&mut self, command: &'a Command) {
        match command {
            Command::Subshell(_) => self.apart(|flow| walk_command(flow, command)),
            Command::If(choice) => {
                let mut ends: Vec<State<'a>> = Vec::new();
                for arm in &choice.arms {
                    self.list(&arm.condition);
                    let other = self.state.clone();
                    self.list(&arm.body);
                    ends.push(std::mem::replace(&mut self.state, other));
                }
                if let Some(otherwise) = &choice.otherwise {
                    self.list(otherwise);
                }
                for end in ends {
                    self.join(end);
                }
                for redirect in &choice.redirects {
                    self.redirect(redirect);
                }
            }
            Command::For(each) | Command::Select(each) => {
                let words = each.words.as_deref().unwrap_or_default();
                for word in words {
                    self.word(word);
                }
                let single = each.words.is_some()
                    && words.iter().all(|word| {
                        self.word_is_single(word)
                            && !word
                                .parts
                                .iter()
                                .any(|part| matches!(part, Part::BraceExpansion { .. }))
                            && !matches!(word.parts.as_slice(), [Part::Parameter(_)])
                    });
                let before = self.state.clone();
                self.set(each.name_span.of(self.source), single);
                self.one_loop(None, &each.body);
                self.join(before);
                for redirect in &each.redirects {
                    self.redirect(redirect);
                }
            }
            Command::ArithmeticFor(each) => {
                self.arithmetic(&each.header);
                self.one_loop(None, &each.body);
            }
            Command::While(each) => {
                self.one_loop(Some(&each.condition), &each.body);
                for redirect in &each.redirects {
                    self.redirect(redirect);
                }
            }
            Command::Case(case) => {
                self.word(&case.word);
                let before = self.state.clone();
                let mut ends: Vec<State<'a>> = Vec::new();
                let mut complete = false;
                for item in &case.items {
                    self.state.clone_from(&before);
                    for pattern in &item.patterns {
                        complete |= pattern.span.of(self.source) == "*";
                        self.word(pattern);
                    }
                    self.list(&item.body);
                    ends.push(self.state.take());
                }
                self.state = if complete { None } else { before };
                for end in ends {
                    self.join(end);
                }
            }
            Command::Function(function) => {
                self.functions.insert(function.name_span.of(self.source), function);
                self.apart(|flow| flow.command(&function.body));
            }
            _ => walk_command(self, command),
        }
    }

    fn simple_command(&mut self, command: &'a SimpleCommand) {
        walk_simple_command(self, command);
        self.call(command);
    }

    fn assignment(&mut self, assignment: &'a Assignment) {
        walk_assignment(self, assignment);
    }

    fn parameter(&mut self, parameter: &'a Parameter) {
        let known = parameter.length
            || !parameter.indirect
                && parameter.index.is_none()
                && parameter.operator != Some(ParameterOperator::Names)
                && self.is_single(&parameter.name);
        if known {
            self.single.insert(parameter.span.start);
        }
        walk_parameter(self, parameter);
        if matches!(parameter.operator, Some(ParameterOperator::Assign { .. })) {
            let single = parameter.word.as_ref().is_some_and(|word| self.word_is_single(word));
            self.set(
                parameter.name_span.of(self.source),
                single && self.is_single(&parameter.name),
            );
        }
    }

    fn part(&mut self, part: &'a Part) {
        match part {
            Part::CommandSubstitution { .. } | Part::ProcessSubstitution { .. } => {
                self.apart(|flow| crate::shell::visit::walk_part(flow, part));
            }
            _ => crate::shell::visit::walk_part(self, part),
        }
    }
}

/// The variables that a piece of a script sets, and whether each is always set to a plain word.
struct Assigned<'a> {
    source: &'a str,
    names: BTreeMap<&'a str, bool>,
}

impl<'a> Assigned<'a> {
    fn add(&mut self, name: &'a str, single: bool) {
        if self.names.len() < MAX_VARIABLES || self.names.contains_key(name) {
            let all = self.names.entry(name).or_insert(true);
            *all = *all && single;
        }
    }
}

impl<'a> Visit<'a> for Assigned<'a> {
    fn command(&mut self, command: &'a Command) {
        match command {
            Command::Subshell(_) => {}
            Command::For(each) => {
                let words = each.words.as_deref().unwrap_or_default();
                let plain = |word: &Word| {
                    word.literal(self.source)
                        .is_some_and(|text| !text.is_empty() && is_plain(&text))
                };
                let single = each.words.is_some() && words.iter().all(plain);
                self.add(each.name_span.of(self.source), single);
                walk_command(self, command);
            }
            _ => walk_command(self, command),
        }
    }

    fn pipeline(&mut self, pipeline: &'a Pipeline) {
        if let [command] = pipeline.commands.as_slice() {
            self.command(command);
        }
    }

    fn simple_command(&mut self, command: &'a SimpleCommand) {
        let Some(name) = command.words.first() else {
            for assignment in &command.assignments {
                let single = match &assignment.value {
                    AssignmentValue::Word(word) => word.parts.iter().all(|part| {
                        !part.is_expanded() && is_plain(part.span().of(self.source))
                            || matches!(part, Part::Arithmetic { .. })
                    }),
                    _ => false,
                };
                self.add(assignment.name_span.of(self.source), single);
            }
            return;
        };
        if matches!(
            &*name.text(self.source),
            "read" | "unset" | "getopts" | "mapfile" | "readarray"
        ) {
            for word in command.words.iter().skip(1) {
                let text = word.span.of(self.source);
                if is_name(text) {
                    self.add(text, false);
                }
            }
        }
    }

    fn word(&mut self, _: &'a Word) {}
}

fn is_empty(parts: &[Part], source: &str) -> bool {
    parts.iter().all(|part| match part {
        Part::SingleQuoted { span } => span.of(source) == "''",
        Part::DoubleQuoted { parts, .. } => is_empty(parts, source),
        _ => false,
    })
}

fn is_plain(text: &str) -> bool {
    !text.contains(|one: char| one.is_whitespace() || is_pattern(one))
}

fn is_pattern(one: char) -> bool {
    matches!(one, '*' | '?' | '[')
}
