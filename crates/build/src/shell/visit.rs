//! Goes through a syntax tree from front to back.
//!
//! Override what is of interest and call the `walk_…` function of the same name to go on inside.
//! Everything is met once, in the order it stands in its parent; a heredoc's body is met with its
//! redirect.

use super::ast::{
    AndOr, ArithmeticExpression, Array, Assignment, AssignmentValue, CaseItem, Command, Heredoc,
    List, Parameter, Part, Pipeline, Redirect, Script, SimpleCommand, TestExpression, Word,
};

/// What is done on the way.
#[allow(missing_docs, reason = "each method is named for the node that it meets")]
pub trait Visit<'a> {
    fn list(&mut self, list: &'a List) {
        walk_list(self, list);
    }
    fn and_or(&mut self, and_or: &'a AndOr) {
        walk_and_or(self, and_or);
    }
    fn pipeline(&mut self, pipeline: &'a Pipeline) {
        walk_pipeline(self, pipeline);
    }
    fn command(&mut self, command: &'a Command) {
        walk_command(self, command);
    }
    fn simple_command(&mut self, command: &'a SimpleCommand) {
        walk_simple_command(self, command);
    }
    fn assignment(&mut self, assignment: &'a Assignment) {
        walk_assignment(self, assignment);
    }
    fn array(&mut self, array: &'a Array) {
        walk_array(self, array);
    }
    fn redirect(&mut self, redirect: &'a Redirect) {
        walk_redirect(self, redirect);
    }
    fn heredoc(&mut self, heredoc: &'a Heredoc) {
        walk_heredoc(self, heredoc);
    }
    fn case_item(&mut self, item: &'a CaseItem) {
        walk_case_item(self, item);
    }
    fn test(&mut self, expression: &'a TestExpression) {
        walk_test(self, expression);
    }
    fn arithmetic(&mut self, expression: &'a ArithmeticExpression) {
        walk_arithmetic(self, expression);
    }
    fn word(&mut self, word: &'a Word) {
        walk_word(self, word);
    }
    fn part(&mut self, part: &'a Part) {
        walk_part(self, part);
    }
    fn parameter(&mut self, parameter: &'a Parameter) {
        walk_parameter(self, parameter);
    }
}

impl Script {
    /// Shows the whole tree to `visitor`.
    pub fn visit<'a>(&'a self, visitor: &mut impl Visit<'a>) {
        visitor.list(&self.list);
    }
}

/// Goes on with the commands of a list.
pub fn walk_list<'a, V: Visit<'a> + ?Sized>(visitor: &mut V, list: &'a List) {
    for item in &list.items {
        visitor.and_or(item);
    }
}

/// Goes on with the pipelines.
pub fn walk_and_or<'a, V: Visit<'a> + ?Sized>(visitor: &mut V, and_or: &'a AndOr) {
    visitor.pipeline(&and_or.first);
    for (_, _, pipeline) in &and_or.rest {
        visitor.pipeline(pipeline);
    }
}

/// Goes on with the commands of a pipeline.
pub fn walk_pipeline<'a, V: Visit<'a> + ?Sized>(visitor: &mut V, pipeline: &'a Pipeline) {
    for command in &pipeline.commands {
        visitor.command(command);
    }
}

/// Goes on with what is inside a command.
pub fn walk_command<'a, V: Visit<'a> + ?Sized>(visitor: &mut V, command: &'a Command) {
    let redirects: &[Redirect] = match command {
        Command::Simple(simple) => {
            visitor.simple_command(simple);
            &[]
        }
        Command::Subshell(subshell) => {
            visitor.list(&subshell.body);
            &subshell.redirects
        }
        Command::Group(group) => {
            visitor.list(&group.body);
            &group.redirects
        }
        Command::If(choice) => {
            for arm in &choice.arms {
                visitor.list(&arm.condition);
                visitor.list(&arm.body);
            }
            if let Some(otherwise) = &choice.otherwise {
                visitor.list(otherwise);
            }
            &choice.redirects
        }
        Command::For(each) | Command::Select(each) => {
            for word in each.words.iter().flatten() {
                visitor.word(word);
            }
            visitor.list(&each.body);
            &each.redirects
        }
        Command::ArithmeticFor(each) => {
            visitor.arithmetic(&each.header);
            visitor.list(&each.body);
            &each.redirects
        }
        Command::While(each) => {
            visitor.list(&each.condition);
            visitor.list(&each.body);
            &each.redirects
        }
        Command::Case(case) => {
            visitor.word(&case.word);
            for item in &case.items {
                visitor.case_item(item);
            }
            &case.redirects
        }
        Command::Function(function) => {
            visitor.command(&function.body);
            &[]
        }
        Command::Test(test) => {
            if let Some(expression) = &test.expression {
                visitor.test(expression);
            }
            &test.redirects
        }
        Command::Arithmetic(arithmetic) => {
            visitor.arithmetic(&arithmetic.expression);
            &arithmetic.redirects
        }
        Command::Coproc(coproc) => {
            if let Some(name) = &coproc.name {
                visitor.word(name);
            }
            visitor.command(&coproc.body);
            &[]
        }
    };
    for redirect in redirects {
        visitor.redirect(redirect);
    }
}

/// Goes on with assignments, words, redirects, in this order.
pub fn walk_simple_command<'a, V: Visit<'a> + ?Sized>(visitor: &mut V, command: &'a SimpleCommand) {
    for assignment in &command.assignments {
        visitor.assignment(assignment);
    }
    for word in &command.words {
        visitor.word(word);
    }
    for redirect in &command.redirects {
        visitor.redirect(redirect);
    }
}

/// Goes on with the index and the value.
pub fn walk_assignment<'a, V: Visit<'a> + ?Sized>(visitor: &mut V, assignment: &'a Assignment) {
    if let Some(index) = &assignment.index {
        visitor.word(index);
    }
    match &assignment.value {
        AssignmentValue::Empty => {}
        AssignmentValue::Word(word) => visitor.word(word),
        AssignmentValue::Array(array) => visitor.array(array),
    }
}

/// Goes on with the elements.
pub fn walk_array<'a, V: Visit<'a> + ?Sized>(visitor: &mut V, array: &'a Array) {
    for element in &array.elements {
        visitor.word(element);
    }
}

/// Goes on with the target and the heredoc.
pub fn walk_redirect<'a, V: Visit<'a> + ?Sized>(visitor: &mut V, redirect: &'a Redirect) {
    visitor.word(&redirect.target);
    if let Some(heredoc) = &redirect.heredoc {
        visitor.heredoc(heredoc);
    }
}

/// Goes on with the body.
pub fn walk_heredoc<'a, V: Visit<'a> + ?Sized>(visitor: &mut V, heredoc: &'a Heredoc) {
    for part in &heredoc.parts {
        visitor.part(part);
    }
}

/// Goes on with the patterns and the commands.
pub fn walk_case_item<'a, V: Visit<'a> + ?Sized>(visitor: &mut V, item: &'a CaseItem) {
    for pattern in &item.patterns {
        visitor.word(pattern);
    }
    visitor.list(&item.body);
}

/// Goes on with the operands.
pub fn walk_test<'a, V: Visit<'a> + ?Sized>(visitor: &mut V, expression: &'a TestExpression) {
    match expression {
        TestExpression::Word(word) | TestExpression::Unary { operand: word, .. } => {
            visitor.word(word);
        }
        TestExpression::Binary { left, right, .. } => {
            visitor.word(left);
            visitor.word(right);
        }
        TestExpression::Not(_, inside) | TestExpression::Parentheses(_, inside) => {
            visitor.test(inside);
        }
        TestExpression::And(left, _, right) | TestExpression::Or(left, _, right) => {
            visitor.test(left);
            visitor.test(right);
        }
    }
}

/// Goes on with the parts.
pub fn walk_arithmetic<'a, V: Visit<'a> + ?Sized>(
    visitor: &mut V,
    expression: &'a ArithmeticExpression,
) {
    for part in &expression.parts {
        visitor.part(part);
    }
}

/// Goes on with the parts.
pub fn walk_word<'a, V: Visit<'a> + ?Sized>(visitor: &mut V, word: &'a Word) {
    for part in &word.parts {
        visitor.part(part);
    }
}

/// Goes on with what is inside a part.
pub fn walk_part<'a, V: Visit<'a> + ?Sized>(visitor: &mut V, part: &'a Part) {
    match part {
        Part::Literal { .. }
        | Part::Escaped { .. }
        | Part::SingleQuoted { .. }
        | Part::AnsiC { .. }
        | Part::Tilde { .. } => {}
        Part::DoubleQuoted { parts, .. } | Part::Glob { parts, .. } => {
            for part in parts {
                visitor.part(part);
            }
        }
        Part::Parameter(parameter) => visitor.parameter(parameter),
        Part::CommandSubstitution { script, .. } | Part::ProcessSubstitution { script, .. } => {
            visitor.list(script);
        }
        Part::Arithmetic { expression, .. } => visitor.arithmetic(expression),
        Part::BraceExpansion { items, .. } | Part::ExtendedGlob { alternatives: items, .. } => {
            for item in items {
                visitor.word(item);
            }
        }
        Part::Array(array) => visitor.array(array),
    }
}

/// Goes on with the index and what the operator works with.
pub fn walk_parameter<'a, V: Visit<'a> + ?Sized>(visitor: &mut V, parameter: &'a Parameter) {
    for word in [&parameter.index, &parameter.word, &parameter.replacement].into_iter().flatten() {
        visitor.word(word);
    }
}
