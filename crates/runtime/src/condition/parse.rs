//! From a text to its tree, by the grammar of Falco's conditions.
//!
//! The grammar stands in libsinsp's `filter/parser.h`, the reading in `filter/parser.cpp`; what is
//! accepted and what is said of the rest is theirs, to the position.

use std::fmt;

use super::ast::{
    Argument, Expr, ExprKind, Literal, Op, Operand, OperandKind, Pos, Right, RightKind,
};
use super::lex::Lexer;

/// Operators before a number.
const NUMBER_OPERATORS: [&str; 4] = ["<=", "<", ">=", ">"];
/// Operators before a text; those of letters need a blank.
const TEXT_OPERATORS: [&str; 12] = [
    "==",
    "=",
    "!=",
    "glob",
    "iglob",
    "contains",
    "icontains",
    "bcontains",
    "startswith",
    "bstartswith",
    "endswith",
    "regex",
];
/// Words between a text operator and a list.
const MODIFIERS: [&str; 3] = ["oneof", "anyof", "allof"];
/// Operators before a list.
const LIST_OPERATORS: [&str; 3] = ["intersects", "in", "pmatch"];
/// Transformers of fields, with the parenthesis that has to follow at once.
const TRANSFORMERS: [(&str, &str); 8] = [
    ("tolower(", "tolower"),
    ("toupper(", "toupper"),
    ("b64(", "b64"),
    ("basename(", "basename"),
    ("len(", "len"),
    ("join(", "join"),
    ("concat(", "concat"),
    ("getopt(", "getopt"),
];

/// Every operator of a comparison and `exists`, in Falco's order.
pub fn operators() -> impl Iterator<Item = &'static str> {
    ["exists"].into_iter().chain(NUMBER_OPERATORS).chain(TEXT_OPERATORS).chain(LIST_OPERATORS)
}

/// Every transformer, `val` first.
pub fn transformers() -> impl Iterator<Item = &'static str> {
    ["val"].into_iter().chain(TRANSFORMERS.map(|(_, name)| name))
}

impl Op {
    /// The operator of this name, with or without a modifier.
    pub fn named(name: &str) -> Option<Self> {
        let (name, modifier) = match name.split_once(' ') {
            Some((name, modifier)) => {
                (name, Some(MODIFIERS.into_iter().find(|known| *known == modifier)?))
            }
            None => (name, None),
        };
        operators().find(|known| *known == name).map(|name| Self { name, modifier })
    }

    /// Whether a list may follow: `in`, `intersects`, `pmatch`, and what has a modifier.
    pub fn takes_list(self) -> bool {
        LIST_OPERATORS.contains(&self.name) || self.modifier.is_some()
    }

    /// Whether it may have a modifier.
    pub fn may_be_modified(self) -> bool {
        TEXT_OPERATORS.contains(&self.name)
    }
}

/// What is wrong with a condition, in Falco's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong.
    pub message: String,
    /// Where reading ended.
    pub at: Pos,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {}, column {}", self.message, self.at.line, self.at.column)
    }
}

impl std::error::Error for ParseError {}

/// How deep a condition may be nested, in steps of the grammar: five for a pair of parentheses.
pub const DEFAULT_DEPTH: u32 = 100;
/// How deep the condition of a rule or macro may be nested.
pub const RULE_DEPTH: u32 = 1_000;

/// The tree of a condition.
pub fn parse(text: &str, depth: u32) -> Result<Expr, ParseError> {
    if text.is_empty() {
        let message = "filter input string is empty".to_owned();
        return Err(ParseError { message, at: Pos::START });
    }
    if nesting(text) <= SHALLOW {
        return whole(text, depth);
    }
    // Recursion as deep as Falco allows needs more stack than a thread is sure to have.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        match thread.spawn_scoped(scope, || whole(text, depth)) {
            Ok(parsing) => parsing.join().unwrap_or_else(|_| whole(text, DEFAULT_DEPTH)),
            Err(_) => whole(text, DEFAULT_DEPTH),
        }
    })
}

/// How deep parentheses may be nested where the caller's stack is used.
const SHALLOW: u32 = 12;
/// Bytes of stack for deeper ones.
const STACK: usize = 16 << 20;

/// How deep the parentheses of a text are nested at most; those in quotes count too.
fn nesting(text: &str) -> u32 {
    let mut now = 0_u32;
    let has_quotes = text.contains(['"', '\'']);
    text.bytes().fold(0, |most, byte| {
        now = match byte {
            b'(' => now.saturating_add(1),
            // One in quotes may close none that is open, so that this is no less than the truth.
            b')' if !has_quotes => now.saturating_sub(1),
            _ => now,
        };
        most.max(now)
    })
}

fn whole(text: &str, depth: u32) -> Result<Expr, ParseError> {
    run(text, depth, |parser| {
        let tree = parser.or()?;
        if parser.lex.at_end() {
            return Ok(tree);
        }
        let last = parser.lex.last.text();
        Err(format!("unexpected token after '{last}', expecting 'or', 'and'"))
    })
    .map(|(tree, _)| tree)
}

/// How deep transformers may be nested in an output.
const OPERAND_DEPTH: u32 = 60;

/// The field or transformer that a text begins with, and how many bytes it has.
pub fn parse_operand(text: &str) -> Result<(Operand, usize), ParseError> {
    let (operand, at) = run(text, OPERAND_DEPTH, |parser| {
        let at = parser.lex.pos;
        match parser.operand(at)? {
            Some(operand) => Ok(operand),
            None => Err(format!("unexpected token after '{}", parser.lex.last.text())),
        }
    })?;
    Ok((operand, at.index as usize))
}

fn run<T>(
    text: &str,
    depth: u32,
    read: impl FnOnce(&mut Parser<'_>) -> Step<T>,
) -> Result<(T, Pos), ParseError> {
    let mut parser = Parser { lex: Lexer::new(text), depth: 0, limit: depth };
    match read(&mut parser) {
        Ok(value) => Ok((value, parser.lex.pos)),
        Err(message) => Err(ParseError { message, at: parser.lex.pos }),
    }
}

struct Parser<'t> {
    lex: Lexer<'t>,
    depth: u32,
    limit: u32,
}

/// A part of the tree, or what is wrong at the cursor.
type Step<T> = Result<T, String>;

impl Parser<'_> {
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Step<T>) -> Step<T> {
        self.depth = self.depth.saturating_add(1);
        if self.depth >= self.limit {
            return Err(format!("exceeded max depth limit of {}", self.limit));
        }
        let result = read(self);
        self.depth = self.depth.saturating_sub(1);
        result
    }

    fn or(&mut self) -> Step<Expr> {
        self.deeper(|this| {
            let at = this.lex.pos;
            let children = this.chain("or", Self::and)?;
            Ok(together(children, at, ExprKind::Or))
        })
    }

    fn and(&mut self) -> Step<Expr> {
        self.deeper(|this| {
            let at = this.lex.pos;
            let children = this.chain("and", Self::not)?;
            Ok(together(children, at, ExprKind::And))
        })
    }

    fn chain(&mut self, word: &str, part: fn(&mut Self) -> Step<Expr>) -> Step<Vec<Expr>> {
        self.lex.blank();
        let mut children = vec![part(self)?];
        self.lex.blank();
        while self.lex.word(word) {
            let child = if self.lex.blank() {
                part(self)?
            } else if self.lex.word("(") {
                self.parenthesised()?
            } else {
                return Err(format!("expected blank or '(' after '{word}'"));
            };
            children.push(child);
            self.lex.blank();
        }
        Ok(children)
    }

    fn not(&mut self) -> Step<Expr> {
        self.deeper(|this| {
            let at = this.lex.pos;
            let mut negated = false;
            this.lex.blank();
            while this.lex.not() {
                negated = !negated;
            }
            let child = if this.lex.word("not(") {
                negated = !negated;
                this.parenthesised()?
            } else {
                this.check()?
            };
            if !negated {
                return Ok(child);
            }
            Ok(Expr { at, kind: ExprKind::Not(Box::new(child)) })
        })
    }

    /// What follows an opening parenthesis.
    fn parenthesised(&mut self) -> Step<Expr> {
        self.deeper(|this| {
            this.lex.blank();
            let child = this.or()?;
            this.lex.blank();
            this.closing("expected a ')' token")?;
            Ok(child)
        })
    }

    fn closing(&mut self, otherwise: &str) -> Step<()> {
        if self.lex.word(")") { Ok(()) } else { Err(otherwise.to_owned()) }
    }

    fn check(&mut self) -> Step<Expr> {
        self.deeper(|this| {
            let at = this.lex.pos;
            this.lex.blank();
            if this.lex.word("(") {
                return this.parenthesised();
            }
            if let Some(left) = this.operand(at)? {
                let kind = this.condition(left)?;
                return Ok(Expr { at, kind });
            }
            if this.lex.identifier() {
                return Ok(Expr { at, kind: ExprKind::Macro(this.token()) });
            }
            Err("expected a '(' token, a field check, or an identifier".to_owned())
        })
    }

    fn token(&self) -> String {
        self.lex.last.text().into_owned()
    }

    fn operand(&mut self, at: Pos) -> Step<Option<Operand>> {
        if self.lex.field_name() {
            return self.field(at).map(Some);
        }
        if let Some(by) = self.transformer() {
            self.lex.blank();
            return self.transformed(by, at).map(Some);
        }
        Ok(None)
    }

    fn transformer(&mut self) -> Option<&'static str> {
        TRANSFORMERS.iter().find(|(word, _)| self.lex.word(word)).map(|(_, name)| *name)
    }

    /// What follows a field's name, which is the last token.
    fn field(&mut self, at: Pos) -> Step<Operand> {
        self.deeper(|this| {
            let name = this.token();
            let argument = this.field_argument()?;
            Ok(Operand { at, kind: OperandKind::Field { name, argument } })
        })
    }

    fn field_argument(&mut self) -> Step<Option<Literal>> {
        if !self.lex.word("[") {
            return Ok(None);
        }
        if !self.lex.quoted()? && !self.lex.bare_argument() {
            let message = "expected a valid field argument: a quoted string or a bare string";
            return Err(message.to_owned());
        }
        let argument = self.lex.last.clone();
        if !self.lex.word("]") {
            return Err("expected a ']' token".to_owned());
        }
        Ok(Some(argument))
    }

    /// What follows a transformer and its parenthesis.
    fn transformed(&mut self, by: &'static str, at: Pos) -> Step<Operand> {
        self.deeper(|this| {
            this.lex.blank();
            let mut values = Vec::new();
            loop {
                values.push(this.argument()?);
                this.lex.blank();
                if !this.lex.word(",") {
                    break;
                }
            }
            this.lex.blank();
            this.closing("expected a ')' token closing the transformer")?;
            let argument = this.field_argument()?;
            Ok(Operand { at, kind: OperandKind::Transformed { by, values, argument } })
        })
    }

    fn argument(&mut self) -> Step<Argument> {
        let at = self.lex.pos;
        self.deeper(|this| {
            this.lex.blank();
            if this.lex.number() || this.lex.quoted()? {
                return Ok(Argument::Value(this.lex.last.clone()));
            }
            if this.lex.word("(") {
                return this.argument_list();
            }
            // Without the blank that may follow a transformer elsewhere: one is passed over anyway.
            match this.operand(at)? {
                Some(operand) => Ok(Argument::Operand(operand)),
                None => Err("expected field transformer argument: field, transformer, quoted \
                             string, number, or transformer list"
                    .to_owned()),
            }
        })
    }

    fn argument_list(&mut self) -> Step<Argument> {
        let mut values = Vec::new();
        self.lex.blank();
        if self.lex.word(")") {
            return Ok(Argument::List(values));
        }
        values.push(self.listed_argument()?);
        self.lex.blank();
        while self.lex.word(",") {
            self.lex.blank();
            values.push(self.listed_argument()?);
            self.lex.blank();
        }
        self.closing("expected ')'")?;
        Ok(Argument::List(values))
    }

    fn listed_argument(&mut self) -> Step<Argument> {
        let at = self.lex.pos;
        if let Some(operand) = self.operand(at)? {
            return Ok(Argument::Operand(operand));
        }
        if self.lex.quoted()? || self.lex.number() {
            return Ok(Argument::Value(self.lex.last.clone()));
        }
        Err("expected transformer list argument: field, transformer, quoted string, or number"
            .to_owned())
    }

    fn condition(&mut self, left: Operand) -> Step<ExprKind> {
        self.deeper(|this| {
            this.lex.blank();
            if this.lex.word("exists") {
                return Ok(ExprKind::Exists(left));
            }
            this.lex.blank();
            let (op, right) = if let Some(op) = this.lex.operator(&NUMBER_OPERATORS, false) {
                (Op::plain(op), this.number_value()?)
            } else if let Some(op) = this.lex.operator(&TEXT_OPERATORS, true) {
                this.text_operator(op)?
            } else if let Some(op) = this.lex.operator(&LIST_OPERATORS, false) {
                (Op::plain(op), this.list_value(true)?)
            } else {
                let known = quoted_names(operators());
                return Err(format!("expected a valid check operator: one of {known}"));
            };
            Ok(ExprKind::Check { left, op, right })
        })
    }

    fn text_operator(&mut self, name: &'static str) -> Step<(Op, Right)> {
        let is_word = name.starts_with(|first: char| first.is_ascii_alphabetic());
        let blank = is_word || self.lex.blank();
        let before = (self.lex.pos, self.lex.last.clone());
        if blank
            && let Some(modifier) = self.lex.operator(&MODIFIERS, true)
            && self.lex.list_follows()
        {
            let right = self.list_value(false)?;
            return Ok((Op { name, modifier: Some(modifier) }, right));
        }
        (self.lex.pos, self.lex.last) = before;
        Ok((Op::plain(name), self.text_value()?))
    }

    fn number_value(&mut self) -> Step<Right> {
        self.deeper(|this| {
            this.lex.blank();
            let at = this.lex.pos;
            if let Some(right) = this.right_operand()? {
                return Ok(right);
            }
            if this.lex.number() {
                return Ok(this.value(at));
            }
            let known = quoted_names(transformers());
            Err(format!("expected a number value or a field with a valid transformer: {known}"))
        })
    }

    fn value(&self, at: Pos) -> Right {
        Right { at, kind: RightKind::Value(self.lex.last.clone()) }
    }

    fn text_value(&mut self) -> Step<Right> {
        self.deeper(|this| {
            this.lex.blank();
            let at = this.lex.pos;
            if let Some(right) = this.right_operand()? {
                return Ok(right);
            }
            if this.lex.quoted()? || this.lex.bare_string() {
                return Ok(this.value(at));
            }
            let known = quoted_names(transformers());
            Err(format!("expected a string value or a field with a valid transformer: {known}"))
        })
    }

    fn listed_value(&mut self) -> Step<Literal> {
        self.deeper(|this| {
            this.lex.blank();
            if this.lex.quoted()? || this.lex.bare_string() {
                return Ok(this.lex.last.clone());
            }
            Err("expected a string value".to_owned())
        })
    }

    fn list(&mut self) -> Step<Option<Right>> {
        let at = self.lex.pos;
        if !self.lex.word("(") {
            return Ok(None);
        }
        self.lex.blank();
        let mut values = Vec::new();
        let depth = self.depth;
        if let Ok(first) = self.listed_value() {
            values.push(first);
            self.lex.blank();
            while self.lex.word(",") {
                values.push(self.listed_value()?);
                self.lex.blank();
            }
        }
        self.depth = depth;
        self.closing("expected a ')' token")?;
        Ok(Some(Right { at, kind: RightKind::List(values) }))
    }

    fn list_value(&mut self, or_field: bool) -> Step<Right> {
        self.deeper(|this| {
            this.lex.blank();
            let at = this.lex.pos;
            if let Some(list) = this.list()? {
                return Ok(list);
            }
            if or_field && let Some(right) = this.right_operand()? {
                return Ok(right);
            }
            if this.lex.identifier() {
                return Ok(this.value(at));
            }
            if !or_field {
                return Err("expected a list or an identifier".to_owned());
            }
            let known = quoted_names(transformers());
            Err(format!(
                "expected a list, an identifier, or a field with a valid transformer: {known}"
            ))
        })
    }

    /// `val(FIELD)` or a field that is transformed.
    fn right_operand(&mut self) -> Step<Option<Right>> {
        self.deeper(|this| {
            this.lex.blank();
            let at = this.lex.pos;
            let operand = if this.lex.word("val(") {
                this.lex.blank();
                let field_at = this.lex.pos;
                if !this.lex.field_name() {
                    return Err("expected a field within 'val' transformer".to_owned());
                }
                let field = this.field(field_at)?;
                this.lex.blank();
                this.closing("expected a ')' token closing the transformer")?;
                let argument = this.field_argument()?;
                let values = vec![Argument::Operand(field)];
                Operand { at, kind: OperandKind::Transformed { by: "val", values, argument } }
            } else if let Some(by) = this.transformer() {
                this.lex.blank();
                this.transformed(by, at)?
            } else {
                return Ok(None);
            };
            Ok(Some(Right { at, kind: RightKind::Operand(operand) }))
        })
    }
}

fn together(mut children: Vec<Expr>, at: Pos, kind: fn(Vec<Expr>) -> ExprKind) -> Expr {
    match children.pop() {
        Some(only) if children.is_empty() => only,
        Some(last) => {
            children.push(last);
            Expr { at, kind: kind(children) }
        }
        None => Expr { at, kind: kind(children) },
    }
}

fn quoted_names(names: impl Iterator<Item = &'static str>) -> String {
    names.map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}
