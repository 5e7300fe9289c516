//! Where in its text an expression stands. The parser keeps for each node the token that made it,
//! such as the `==` of a comparison; from these the whole of it is put together again.

use ::cel::IdedExpr;
use ::cel::common::ast::{EntryExpr, Expr, SourceInfo};

use super::meter::without;

/// The deepest brackets and the most operators that an expression may have. The parser and the
/// evaluator recurse for each; the parser has its own bound on brackets, with a worse message.
const MAX_DEPTH: usize = 24;
const MAX_OPERATORS: usize = 4000;

/// A policy's text with the tokens of its nodes.
pub(super) struct Text<'t> {
    pub(super) name: &'t str,
    pub(super) source: &'t str,
    pub(super) info: SourceInfo,
}

impl Text<'_> {
    /// Line and column, from 1, of a byte.
    pub(super) fn place(&self, offset: usize) -> (usize, usize) {
        place(self.source, offset)
    }

    /// `NAME:LINE:COLUMN` of an expression.
    pub(super) fn at(&self, expression: &IdedExpr) -> String {
        let (start, _) = self.extent(expression).unwrap_or_default();
        let (line, column) = self.place(start);
        format!("{}:{line}:{column}", self.name)
    }

    /// An expression as it is written, on one line and cut short.
    pub(super) fn of(&self, expression: &IdedExpr) -> String {
        const MOST: usize = 160;
        let whole = self.extent(expression).and_then(|(start, end)| self.source.get(start..end));
        let whole = whole.unwrap_or(self.source);
        let line = whole.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(MOST) {
            Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
            None => line,
        }
    }

    /// The bytes of an expression.
    fn extent(&self, expression: &IdedExpr) -> Option<(usize, usize)> {
        let mut ends: Option<(usize, usize)> = None;
        each(expression, &mut |node| {
            let Some((start, stop)) = self.info.offset_for(node.id) else { return };
            let (start, stop) = (start as usize, stop as usize + 1);
            ends = Some(match ends {
                Some((first, last)) => (first.min(start), last.max(stop)),
                None => (start, stop),
            });
        });
        let (start, stop) = ends?;
        let start = self.name_before(start, without(expression));
        Some((start, closed(self.source, start, stop)))
    }

    /// A call's token is its bracket; its name stands before.
    fn name_before(&self, start: usize, expression: &IdedExpr) -> usize {
        let is_call = matches!(&expression.expr, Expr::Call(call)
            if call.target.is_none() && call.func_name.starts_with(|c: char| c.is_alphabetic()));
        let is_test = matches!(&expression.expr, Expr::Select(select) if select.test);
        let before = self.source.get(..start).unwrap_or_default();
        let is_bracket = self.source.get(start..).is_some_and(|rest| rest.starts_with('('));
        if !(is_call && is_bracket || is_test) {
            return start;
        }
        let before = if is_bracket { before } else { before.trim_end().trim_end_matches('(') };
        before.trim_end().trim_end_matches(is_word).len()
    }

    /// The first name that is neither `known` nor of a loop around it, and where it stands.
    pub(super) fn unknown_variable(
        &self,
        expression: &IdedExpr,
        known: impl Fn(&&str) -> bool,
    ) -> Option<(String, usize)> {
        let mut found = None;
        let mut bound = Vec::new();
        names(expression, &mut bound, &mut |node, name, bound| {
            let is_known =
                name.starts_with('@') || bound.iter().any(|it| it.as_str() == name) || known(&name);
            if !is_known && found.is_none() {
                let start = self.info.offset_for(node.id).map_or(0, |(start, _)| start as usize);
                found = Some((name.to_owned(), start));
            }
        });
        found
    }
}

/// Line and column, from 1, of a byte.
fn place(source: &str, offset: usize) -> (usize, usize) {
    let before = source.get(..offset).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The end of an expression whose last token ends at `stop`: behind the field's name, and behind
/// the brackets that were opened since `start`.
fn closed(source: &str, start: usize, stop: usize) -> usize {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut letters = source.get(start..).unwrap_or_default().char_indices().peekable();
    let mut after_dot = false;
    while let Some((at, letter)) = letters.next() {
        let offset = start + at;
        if offset >= stop && quote.is_none() && depth == 0 {
            let names = after_dot && (is_word(letter) || letter.is_whitespace());
            if !names {
                return offset;
            }
        }
        match (quote, letter) {
            (Some(_), '\\') => {
                letters.next();
            }
            (Some(open), _) if letter == open => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 && offset + 1 >= stop {
                    return offset + 1;
                }
            }
            _ => {}
        }
        after_dot = letter == '.' || after_dot && (is_word(letter) || letter.is_whitespace());
    }
    source.trim_end().len()
}

/// Calls `visit` with every node.
fn each(expression: &IdedExpr, visit: &mut impl FnMut(&IdedExpr)) {
    visit(expression);
    children(expression, &mut |child| each(child, visit));
}

fn children(expression: &IdedExpr, visit: &mut impl FnMut(&IdedExpr)) {
    match &expression.expr {
        Expr::Call(call) => {
            call.target.iter().for_each(|target| visit(target));
            call.args.iter().for_each(visit);
        }
        Expr::Comprehension(it) => {
            [&it.iter_range, &it.accu_init, &it.loop_cond, &it.loop_step, &it.result]
                .into_iter()
                .for_each(visit);
        }
        Expr::List(list) => list.elements.iter().for_each(visit),
        Expr::Map(map) => map.entries.iter().for_each(|entry| entry_parts(&entry.expr, visit)),
        Expr::Struct(it) => it.entries.iter().for_each(|entry| entry_parts(&entry.expr, visit)),
        Expr::Select(select) => visit(&select.operand),
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
    }
}

fn entry_parts(entry: &EntryExpr, visit: &mut impl FnMut(&IdedExpr)) {
    match entry {
        EntryExpr::StructField(field) => visit(&field.value),
        EntryExpr::MapEntry(entry) => {
            visit(&entry.key);
            visit(&entry.value);
        }
    }
}

/// Calls `visit` with every name and the names that loops around it bind.
fn names(
    expression: &IdedExpr,
    bound: &mut Vec<String>,
    visit: &mut impl FnMut(&IdedExpr, &str, &[String]),
) {
    match &expression.expr {
        Expr::Ident(name) => visit(expression, name, bound),
        Expr::Comprehension(it) => {
            names(&it.iter_range, bound, visit);
            names(&it.accu_init, bound, visit);
            let depth = bound.len();
            bound.push(it.iter_var.clone());
            bound.extend(it.iter_var2.clone());
            for part in [&it.loop_cond, &it.loop_step, &it.result] {
                names(part, bound, visit);
            }
            bound.truncate(depth);
        }
        _ => children(expression, &mut |child| names(child, bound, visit)),
    }
}

/// Refuses a text on which the parser would exhaust its stack, before it is parsed.
pub(super) fn check_depth(source: &str) -> Result<(), (usize, usize, String)> {
    let (mut depth, mut operators) = (0_usize, 0_usize);
    let mut quote = None;
    let mut letters = source.char_indices();
    while let Some((at, letter)) = letters.next() {
        // Counted in strings and comments as well: where those end is for the parser to say.
        operators += usize::from(".+-*/%!?<>=&|([{,".contains(letter));
        match (quote, letter) {
            (Some(_), '\\') => drop(letters.next()),
            (Some(open), _) if letter == open => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH || operators > MAX_OPERATORS {
            let (line, column) = place(source, at);
            let why = format!(
                "an expression of more than {MAX_DEPTH} brackets in each other or {MAX_OPERATORS} \
                 operators: part it into several policies"
            );
            return Err((line, column, why));
        }
    }
    Ok(())
}
