//! Every simple command of a script and where it stands: in a substitution, a pipeline, a
//! condition, a function.

use super::ast::{AndOr, AndOrOp, Command, List, Part, Pipeline, Script, SimpleCommand};
use super::visit::{Visit, walk_command, walk_part, walk_simple_command};

/// A simple command and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct PlacedCommand<'a> {
    /// The command.
    pub command: &'a SimpleCommand,
    /// Where it stands.
    pub place: Place<'a>,
}

/// Where a command stands.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts that rules ask for by name")]
pub struct Place<'a> {
    /// The index in the script's own list of the item that holds the command.
    pub top: usize,
    /// The innermost list that holds it.
    pub list: &'a List,
    /// Its index in that list.
    pub index: usize,
    /// That item.
    pub and_or: &'a AndOr,
    /// The index of its pipeline in that item: 0 for `first`.
    pub pipeline_index: usize,
    /// Its pipeline.
    pub pipeline: &'a Pipeline,
    /// Its index in the pipeline.
    pub position: usize,
    /// What its exit status decides, in the innermost list or around it.
    pub condition: Option<Condition>,
    /// The innermost substitution around it.
    pub substitution: Option<Substitution>,
    /// Whether it is in the body of a function.
    pub in_function: bool,
    /// Whether it is in `( … )`, a substitution or a pipeline of several: what it sets is lost.
    pub in_subshell: bool,
    /// Whether it is in the body of a loop.
    pub in_loop: bool,
    /// Whether it is in the body of `if` or `case`, or behind `&&` or `||`: it may not run.
    pub is_conditional: bool,
    /// How many compound commands and substitutions are around it.
    pub depth: usize,
}

/// What the exit status of a command decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    /// It stands between `if` or `elif` and `then`.
    If,
    /// It stands between `while` or `until` and `do`.
    While,
    /// `&&` follows.
    And,
    /// `||` follows.
    Or,
    /// `!` is before it.
    Not,
}

/// How the output of a command becomes part of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Substitution {
    /// `$(…)` or backticks
    Command,
    /// `<(…)` or `>(…)`
    Process,
}

impl Place<'_> {
    /// Whether the command is the only one of its pipeline.
    pub fn is_alone(&self) -> bool {
        self.pipeline.commands.len() < 2
    }

    /// Whether it stands in the script's own list, in no compound command or substitution.
    pub const fn is_top_level(&self) -> bool {
        self.depth == 0
    }

    /// The operator behind its pipeline.
    pub fn next_operator(&self) -> Option<AndOrOp> {
        self.and_or.rest.get(self.pipeline_index).map(|(operator, ..)| *operator)
    }

    /// The operator before its pipeline.
    pub fn previous_operator(&self) -> Option<AndOrOp> {
        let before = self.pipeline_index.checked_sub(1)?;
        self.and_or.rest.get(before).map(|(operator, ..)| *operator)
    }
}

impl Script {
    /// Every simple command in source order, also those inside compound commands, functions,
    /// substitutions and heredocs. A command comes before those inside its words.
    pub fn simple_commands(&self) -> Vec<PlacedCommand<'_>> {
        let mut collector = Collector { found: Vec::new(), around: Around::default(), place: None };
        self.visit(&mut collector);
        let mut found = collector.found;
        if !found.is_sorted_by_key(|placed| placed.command.span.start) {
            found.sort_by_key(|placed| placed.command.span.start);
        }
        found
    }
}

/// What is around a list.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the facts of `Place`")]
struct Around {
    top: Option<usize>,
    condition: Option<Condition>,
    substitution: Option<Substitution>,
    in_function: bool,
    in_subshell: bool,
    in_loop: bool,
    is_conditional: bool,
    depth: usize,
}

struct Collector<'a> {
    found: Vec<PlacedCommand<'a>>,
    around: Around,
    place: Option<Place<'a>>,
}

impl<'a> Collector<'a> {
    /// Goes through `list`, around which is what `around` makes of what is around this place.
    fn inside(&mut self, list: &'a List, around: impl FnOnce(&mut Around)) {
        let outer = self.around;
        around(&mut self.around);
        self.list(list);
        self.around = outer;
    }
}

impl<'a> Visit<'a> for Collector<'a> {
    fn list(&mut self, list: &'a List) {
        let (around, place) = (self.around, self.place);
        for (index, and_or) in list.items.iter().enumerate() {
            let top = around.top.unwrap_or(index);
            let pipelines = std::iter::once(&and_or.first).chain(and_or.rest.iter().map(|r| &r.2));
            for (pipeline_index, pipeline) in pipelines.enumerate() {
                let next = and_or.rest.get(pipeline_index).map(|(operator, ..)| *operator);
                let own = match next {
                    Some(AndOrOp::And) => Some(Condition::And),
                    Some(AndOrOp::Or) => Some(Condition::Or),
                    None if pipeline.negated => Some(Condition::Not),
                    None => None,
                };
                let condition = own.or(around.condition);
                let in_subshell = around.in_subshell || pipeline.commands.len() > 1;
                let is_conditional = around.is_conditional || pipeline_index > 0;
                self.around =
                    Around { top: Some(top), condition, in_subshell, is_conditional, ..around };
                for (position, command) in pipeline.commands.iter().enumerate() {
                    self.place = Some(Place {
                        top,
                        list,
                        index,
                        and_or,
                        pipeline_index,
                        pipeline,
                        position,
                        condition,
                        substitution: around.substitution,
                        in_function: around.in_function,
                        in_subshell,
                        in_loop: around.in_loop,
                        is_conditional,
                        depth: around.depth,
                    });
                    self.command(command);
                }
            }
        }
        self.around = around;
        self.place = place;
    }

    fn simple_command(&mut self, command: &'a SimpleCommand) {
        if let Some(place) = self.place {
            self.found.push(PlacedCommand { command, place });
        }
        walk_simple_command(self, command);
    }

    fn command(&mut self, command: &'a Command) {
        let outer = self.around;
        self.around.depth = outer.depth.saturating_add(1);
        match command {
            Command::Simple(simple) => {
                self.around = outer;
                self.simple_command(simple);
            }
            Command::Subshell(subshell) => {
                self.inside(&subshell.body, |around| around.in_subshell = true);
                for redirect in &subshell.redirects {
                    self.redirect(redirect);
                }
            }
            Command::If(choice) => {
                for (index, arm) in choice.arms.iter().enumerate() {
                    self.inside(&arm.condition, |around| {
                        around.condition = Some(Condition::If);
                        around.is_conditional |= index > 0;
                    });
                    self.inside(&arm.body, |around| around.is_conditional = true);
                }
                if let Some(otherwise) = &choice.otherwise {
                    self.inside(otherwise, |around| around.is_conditional = true);
                }
                for redirect in &choice.redirects {
                    self.redirect(redirect);
                }
            }
            Command::While(each) => {
                self.inside(&each.condition, |around| around.condition = Some(Condition::While));
                self.inside(&each.body, |around| {
                    around.in_loop = true;
                    around.is_conditional = true;
                });
                for redirect in &each.redirects {
                    self.redirect(redirect);
                }
            }
            Command::For(_) | Command::Select(_) | Command::ArithmeticFor(_) => {
                // Words and redirects of a loop hold no commands but those of substitutions.
                self.around.in_loop = true;
                walk_command(self, command);
            }
            Command::Case(_) => {
                self.around.is_conditional = true;
                walk_command(self, command);
            }
            Command::Function(function) => {
                self.around.in_function = true;
                self.around.condition = None;
                self.command(&function.body);
            }
            Command::Coproc(_) => {
                self.around.in_subshell = true;
                walk_command(self, command);
            }
            Command::Group(_) | Command::Test(_) | Command::Arithmetic(_) => {
                walk_command(self, command);
            }
        }
        self.around = outer;
    }

    fn part(&mut self, part: &'a Part) {
        let (script, substitution) = match part {
            Part::CommandSubstitution { script, .. } => (script, Substitution::Command),
            Part::ProcessSubstitution { script, .. } => (script, Substitution::Process),
            _ => return walk_part(self, part),
        };
        let place = self.place;
        self.inside(script, |around| {
            around.substitution = Some(substitution);
            around.in_subshell = true;
            around.condition = None;
            around.depth = around.depth.saturating_add(1);
        });
        self.place = place;
    }
}

#[cfg(test)]
mod tests {
    use super::{Condition, Substitution};
    use crate::shell::{Dialect, parse};

    #[test]
    fn commands_come_in_source_order_with_their_place() {
        let text = "a | b && if c $(d); then e; fi; f() { g; }; (h) & while i <(j); do ! k; done";
        let script = parse(text, Dialect::Bash);
        assert_eq!(script.errors, []);
        let commands = script.simple_commands();
        let names: Vec<_> = commands.iter().filter_map(|c| c.command.name(text)).collect();
        assert_eq!(names, ["a", "b", "c", "d", "e", "g", "h", "i", "j", "k"]);
        let place = |name: &str| {
            let found = commands.iter().find(|c| c.command.name(text).as_deref() == Some(name));
            found.map(|c| c.place).ok_or_else(|| name.to_owned()).unwrap_or_else(|e| panic_on(&e))
        };
        assert_eq!((place("b").top, place("b").position, place("b").is_alone()), (0, 1, false));
        assert_eq!(place("a").condition, Some(Condition::And));
        assert!(place("a").in_subshell && !place("a").is_conditional);
        assert_eq!(place("c").condition, Some(Condition::If));
        assert_eq!(place("d").substitution, Some(Substitution::Command));
        assert_eq!(place("d").condition, None);
        assert!(place("e").is_conditional);
        assert!(place("g").in_function && place("g").top == 1);
        assert!(place("h").in_subshell && place("h").top == 2);
        assert_eq!(place("i").condition, Some(Condition::While));
        assert_eq!(place("j").substitution, Some(Substitution::Process));
        assert!(place("k").in_loop && place("k").condition == Some(Condition::Not));
    }

    fn panic_on<T>(name: &str) -> T {
        panic!("no command {name}")
    }
}
