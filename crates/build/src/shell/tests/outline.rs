//! A syntax tree on one line. Commands stand in parentheses, parts of a word behind one another.

use crate::shell::{
    AndOr, AndOrOp, ArithmeticExpression, AssignmentValue, CaseTerminator, Command, Descriptor,
    List, Parameter, Part, Pipeline, Redirect, RedirectOperator, Script, SimpleCommand, Terminator,
    TestExpression, Word,
};

pub(super) fn outline(script: &Script, source: &str) -> String {
    let mut out = Outline { source, out: String::new() };
    out.list(&script.list);
    out.out.trim_end_matches(' ').to_owned()
}

struct Outline<'s> {
    source: &'s str,
    out: String,
}

impl Outline<'_> {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn list(&mut self, list: &List) {
        for (index, item) in list.items.iter().enumerate() {
            self.and_or(item);
            self.put(match item.terminator {
                Terminator::None => "",
                Terminator::Semicolon(_) => ";",
                Terminator::Background(_) => "&",
                Terminator::Newline(_) => "\n",
            });
            if index + 1 < list.items.len() {
                self.put(" ");
            }
        }
    }

    /// A list before a keyword, which stands apart from `;` alone.
    fn body(&mut self, list: &List, keyword: &str) {
        self.list(list);
        if self.out.ends_with(';') {
            self.put(" ");
        }
        self.put(keyword);
    }

    fn and_or(&mut self, and_or: &AndOr) {
        self.pipeline(&and_or.first);
        for (operator, _, pipeline) in &and_or.rest {
            self.put(if *operator == AndOrOp::And { " && " } else { " || " });
            self.pipeline(pipeline);
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        if pipeline.negated {
            self.put("!");
        }
        if pipeline.timed.is_some() {
            self.put("time ");
        }
        for (index, command) in pipeline.commands.iter().enumerate() {
            if index > 0 {
                self.put(" | ");
            }
            self.command(command);
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of command")]
    fn command(&mut self, command: &Command) {
        match command {
            Command::Simple(simple) => self.simple(simple),
            Command::Subshell(inner) => {
                self.put("sub(");
                self.list(&inner.body);
                self.put(")");
                self.redirects(&inner.redirects);
            }
            Command::Group(inner) => {
                self.put("{");
                self.list(&inner.body);
                self.put("}");
                self.redirects(&inner.redirects);
            }
            Command::If(inner) => {
                for (index, arm) in inner.arms.iter().enumerate() {
                    self.put(if index == 0 { "if" } else { "elif" });
                    self.body(&arm.condition, "then");
                    self.body(&arm.body, "");
                }
                if let Some(otherwise) = &inner.otherwise {
                    self.put("else");
                    self.body(otherwise, "");
                }
                self.put("fi");
                self.redirects(&inner.redirects);
            }
            Command::For(inner) | Command::Select(inner) => {
                self.put(if matches!(command, Command::For(_)) { "for " } else { "select " });
                self.put(&inner.name);
                if let Some(words) = &inner.words {
                    self.put(" in");
                    for word in words {
                        self.put(" ");
                        self.word(word);
                    }
                }
                self.put("; do");
                self.body(&inner.body, "done");
                self.redirects(&inner.redirects);
            }
            Command::ArithmeticFor(inner) => {
                self.put("for((");
                self.arithmetic(&inner.header);
                self.put(")); do");
                self.body(&inner.body, "done");
                self.redirects(&inner.redirects);
            }
            Command::While(inner) => {
                self.put(if inner.until { "until" } else { "while" });
                self.body(&inner.condition, "do");
                self.body(&inner.body, "done");
                self.redirects(&inner.redirects);
            }
            Command::Case(inner) => {
                self.put("case ");
                self.word(&inner.word);
                self.put(" in ");
                for item in &inner.items {
                    for (index, pattern) in item.patterns.iter().enumerate() {
                        if index > 0 {
                            self.put("|");
                        }
                        self.word(pattern);
                    }
                    self.put(") ");
                    self.body(
                        &item.body,
                        match item.terminator {
                            None => "",
                            Some((CaseTerminator::Break, _)) => ";;",
                            Some((CaseTerminator::FallThrough, _)) => ";&",
                            Some((CaseTerminator::Continue, _)) => ";;&",
                        },
                    );
                }
                self.put("esac");
                self.redirects(&inner.redirects);
            }
            Command::Function(inner) => {
                self.put(&inner.name);
                self.put("()");
                self.command(&inner.body);
            }
            Command::Test(inner) => {
                self.put("[[");
                if let Some(expression) = &inner.expression {
                    self.test(expression);
                }
                self.put("]]");
                self.redirects(&inner.redirects);
            }
            Command::Arithmetic(inner) => {
                self.put("((");
                self.arithmetic(&inner.expression);
                self.put("))");
                self.redirects(&inner.redirects);
            }
            Command::Coproc(inner) => {
                self.put("coproc ");
                self.command(&inner.body);
            }
        }
    }

    fn test(&mut self, expression: &TestExpression) {
        if let TestExpression::Word(word) = expression {
            return self.word(word);
        }
        self.put("(");
        match expression {
            TestExpression::Word(_) => {}
            TestExpression::Unary { operator, operand } => {
                self.put(operator.of(self.source));
                self.put(" ");
                self.word(operand);
            }
            TestExpression::Binary { left, operator, right } => {
                self.word(left);
                self.put(" ");
                self.put(operator.of(self.source));
                self.put(" ");
                self.word(right);
            }
            TestExpression::Not(_, inside) => {
                self.out.pop();
                self.put("!");
                self.test(inside);
                return;
            }
            TestExpression::And(left, _, right) => {
                self.test_pair(left, " && ", right);
            }
            TestExpression::Or(left, _, right) => {
                self.test_pair(left, " || ", right);
            }
            TestExpression::Parentheses(_, inside) => self.test(inside),
        }
        self.put(")");
    }

    /// The left one has no parentheses of its own, so that chains are easy to read.
    fn test_pair(&mut self, left: &TestExpression, operator: &str, right: &TestExpression) {
        let start = self.out.len();
        self.test(left);
        if !matches!(left, TestExpression::Word(_) | TestExpression::Not(..)) {
            self.out.pop();
            self.out.remove(start);
        }
        self.put(operator);
        self.test(right);
    }

    fn simple(&mut self, command: &SimpleCommand) {
        self.put("(");
        let start = self.out.len();
        for assignment in &command.assignments {
            self.gap(start);
            self.put(&assignment.name);
            if let Some(index) = &assignment.index {
                self.put("<");
                self.word(index);
                self.put(">");
            }
            self.put(if assignment.append { "+=" } else { "=" });
            match &assignment.value {
                AssignmentValue::Empty => {}
                AssignmentValue::Word(word) => self.word(word),
                AssignmentValue::Array(array) => self.words("(", &array.elements, " ", ")"),
            }
        }
        for word in &command.words {
            self.gap(start);
            self.word(word);
        }
        for redirect in &command.redirects {
            self.gap(start);
            self.redirect(redirect);
        }
        self.put(")");
    }

    fn gap(&mut self, start: usize) {
        if self.out.len() > start {
            self.put(" ");
        }
    }

    fn redirects(&mut self, redirects: &[Redirect]) {
        for redirect in redirects {
            self.put(" ");
            self.redirect(redirect);
        }
    }

    fn redirect(&mut self, redirect: &Redirect) {
        match redirect.descriptor {
            None => {}
            Some(Descriptor::Number(number)) => self.put(&number.to_string()),
            Some(Descriptor::Variable(_)) => self.put("{}"),
        }
        self.put(match redirect.operator {
            RedirectOperator::Read => "<",
            RedirectOperator::Write => ">",
            RedirectOperator::Append => ">>",
            RedirectOperator::ReadWrite => "<>",
            RedirectOperator::Clobber => ">|",
            RedirectOperator::DuplicateInput => "<&",
            RedirectOperator::DuplicateOutput => ">&",
            RedirectOperator::WriteBoth => "&>",
            RedirectOperator::AppendBoth => "&>>",
            RedirectOperator::Heredoc => "<<",
            RedirectOperator::HeredocStripped => "<<-",
            RedirectOperator::HereString => "<<<",
        });
        if let Some(heredoc) = &redirect.heredoc {
            self.put(&heredoc.delimiter);
            self.put("{");
            self.run(&heredoc.parts, "");
            self.put("}");
        } else {
            self.word(&redirect.target);
        }
    }

    fn word(&mut self, word: &Word) {
        // Expansions that are more than a name stand apart.
        let apart = |part: &Part| {
            !matches!(
                part,
                Part::Literal { .. }
                    | Part::Escaped { .. }
                    | Part::Glob { .. }
                    | Part::Tilde { .. }
                    | Part::ExtendedGlob { .. }
                    | Part::Array(_)
            )
        };
        let between = if word.parts.iter().any(apart) && word.parts.iter().any(|p| !apart(p)) {
            " "
        } else {
            ""
        };
        self.run(&word.parts, between);
    }

    fn run(&mut self, parts: &[Part], between: &str) {
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                self.put(between);
            }
            self.part(part);
        }
    }

    fn words(&mut self, open: &str, words: &[Word], between: &str, close: &str) {
        self.put(open);
        for (index, word) in words.iter().enumerate() {
            if index > 0 {
                self.put(between);
            }
            self.word(word);
        }
        self.put(close);
    }

    fn arithmetic(&mut self, expression: &ArithmeticExpression) {
        self.run(&expression.parts, "");
    }

    fn part(&mut self, part: &Part) {
        match part {
            Part::Escaped { char: '\n', .. } => self.put("\\n"),
            Part::Literal { span } | Part::Escaped { span, .. } | Part::Tilde { span } => {
                self.put(span.of(self.source));
            }
            Part::Glob { span, .. } => self.put(span.of(self.source)),
            Part::SingleQuoted { span } => {
                self.put(&format!("sq[{}]", span.of(self.source).trim_matches('\'')));
            }
            Part::AnsiC { .. } => {
                let word = Word { parts: vec![part.clone()], span: part.span() };
                self.put(&format!("ansi[{}]", word.text(self.source)));
            }
            Part::DoubleQuoted { parts, locale, .. } => {
                self.put(if *locale { "locale[" } else { "dq[" });
                self.run(parts, " ");
                self.put("]");
            }
            Part::Parameter(parameter) => self.parameter(parameter),
            Part::CommandSubstitution { script, backticks, .. } => {
                self.put(if *backticks { "`" } else { "$(" });
                self.list(script);
                self.put(if *backticks { "`" } else { ")" });
            }
            Part::ProcessSubstitution { script, output, .. } => {
                self.put(if *output { ">(" } else { "<(" });
                self.list(script);
                self.put(")");
            }
            Part::Arithmetic { expression, .. } => {
                self.put("arith[");
                self.arithmetic(expression);
                self.put("]");
            }
            Part::BraceExpansion { items, .. } => self.words("{", items, "|", "}"),
            Part::ExtendedGlob { span, alternatives } => {
                self.put(span.of(self.source).get(..1).unwrap_or_default());
                self.words("(", alternatives, "|", ")");
            }
            Part::Array(array) => self.words("(", &array.elements, " ", ")"),
        }
    }

    fn parameter(&mut self, parameter: &Parameter) {
        self.put(if parameter.braced { "${" } else { "$" });
        if parameter.length {
            self.put("#");
        }
        if parameter.indirect {
            self.put("!");
        }
        self.put(&parameter.name);
        if let Some(index) = &parameter.index {
            self.put("<");
            self.word(index);
            self.put(">");
        }
        if let Some(operator) = parameter.operator {
            let name = format!("{operator:?}");
            self.put(" ");
            self.put(name.split(' ').next().unwrap_or_default());
        }
        for word in [&parameter.word, &parameter.replacement].into_iter().flatten() {
            self.put("[");
            self.word(word);
            self.put("]");
        }
        if parameter.braced {
            self.put("}");
        }
    }
}
