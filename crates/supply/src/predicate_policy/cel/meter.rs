//! What an expression may cost. CEL always comes to an end, but a nested `map` can make that end
//! arbitrarily late and its lists arbitrarily long, and the evaluator itself does not count.
//!
//! So counting is written into the expression before it is evaluated: each turn of a loop pays one
//! unit, and what is put into a list or a map, or added to something, pays for its size.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use ::cel::common::ast::operators::{ADD, CONDITIONAL};
use ::cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue};
use ::cel::{Context, ExecutionError, IdedExpr, Value as Cel};

/// Turns of loops and sizes of values that one evaluation may pay for.
const BUDGET: u64 = 2_000_000;

/// Bytes of text that cost as much as one value in a list.
const BYTES: usize = 16;

/// Names that no one can write: the grammar has no `@` in an identifier.
const TICK: &str = "@tick";
const SIZED: &str = "@sized";

/// What is left to spend.
#[derive(Clone)]
pub(super) struct Meter {
    left: Arc<AtomicU64>,
    deadline: Instant,
}

impl Meter {
    pub(super) fn new(deadline: Instant) -> Self {
        Self { left: Arc::new(AtomicU64::new(BUDGET)), deadline }
    }

    pub(super) fn refill(&self) {
        self.left.store(BUDGET, Ordering::Relaxed);
    }

    /// Makes the functions known that [`insert`] calls.
    pub(super) fn bind(&self, context: &mut Context<'_, '_>) -> bool {
        let (tick, sized) = (self.clone(), self.clone());
        let tick = move || tick.pay(1).map(|()| Cel::Bool(true));
        let sized = move |value: Cel| sized.pay(weight(&value)).map(|()| value);
        context.add_function(TICK, tick).is_ok() && context.add_function(SIZED, sized).is_ok()
    }

    /// Why the evaluation was stopped. An error inside of `||` can vanish, so the result alone
    /// does not tell.
    pub(super) fn exhausted(&self) -> Option<String> {
        if self.left.load(Ordering::Relaxed) > 0 {
            return None;
        }
        Some(format!("more work or memory than {BUDGET} turns of loops and items of lists"))
    }

    fn pay(&self, cost: u64) -> Result<(), ExecutionError> {
        let left = self.left.load(Ordering::Relaxed);
        let rest = left.saturating_sub(cost);
        // Asking for the time costs more than a turn.
        let is_late = rest / 1024 != left / 1024 && Instant::now() > self.deadline;
        self.left.store(if is_late { 0 } else { rest }, Ordering::Relaxed);
        if rest == 0 || is_late {
            return Err(ExecutionError::function_error("limit", "the evaluation was stopped"));
        }
        Ok(())
    }
}

/// How many values and pieces of text a value holds.
fn weight(value: &Cel) -> u64 {
    let mut sum = 0_u64;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        sum += 1;
        match value {
            Cel::List(items) => open.extend(items.iter()),
            Cel::Map(map) => open.extend(map.map.values()),
            Cel::String(text) => sum += (text.len() / BYTES) as u64,
            Cel::Bytes(bytes) => sum += (bytes.len() / BYTES) as u64,
            _ => {}
        }
        if sum > BUDGET {
            break;
        }
    }
    sum
}

/// Writes the counting into an expression.
pub(super) fn insert(expression: &mut IdedExpr) {
    match &mut expression.expr {
        Expr::Call(call) => {
            call.target.iter_mut().for_each(|target| insert(target));
            call.args.iter_mut().for_each(insert);
            if call.func_name == ADD {
                call.args.iter_mut().for_each(pay_for_size);
            }
        }
        Expr::Select(select) => insert(&mut select.operand),
        Expr::List(list) => list.elements.iter_mut().for_each(|element| {
            insert(element);
            pay_for_size(element);
        }),
        Expr::Map(map) => map.entries.iter_mut().for_each(|entry| insert_entry(&mut entry.expr)),
        Expr::Struct(it) => it.entries.iter_mut().for_each(|entry| insert_entry(&mut entry.expr)),
        Expr::Comprehension(comprehension) => insert_loop(comprehension),
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
    }
}

fn insert_entry(entry: &mut EntryExpr) {
    match entry {
        EntryExpr::StructField(field) => {
            insert(&mut field.value);
            pay_for_size(&mut field.value);
        }
        EntryExpr::MapEntry(entry) => {
            insert(&mut entry.key);
            insert(&mut entry.value);
            pay_for_size(&mut entry.value);
        }
    }
}

fn insert_loop(comprehension: &mut ComprehensionExpr) {
    insert(&mut comprehension.iter_range);
    insert(&mut comprehension.accu_init);
    insert(&mut comprehension.loop_step);
    insert(&mut comprehension.result);
    // The evaluator appends in place only where condition and step keep their shape; there the
    // turn is paid for inside of the step.
    if !pay_inside(&mut comprehension.loop_step) {
        pay_for_turn(&mut comprehension.loop_cond, LiteralValue::Boolean(false.into()));
    }
}

/// Whether `step` is `accu + [item]`, or `guard ? accu + [item] : accu`, and pays now.
fn pay_inside(step: &mut IdedExpr) -> bool {
    let Expr::Call(call) = &mut step.expr else { return false };
    match (call.func_name.as_str(), call.args.as_mut_slice()) {
        (ADD, [accu, list]) if is_accumulator(accu) => {
            let Expr::List(list) = &mut list.expr else { return false };
            let Some(item) = list.elements.first_mut() else { return false };
            pay_for_turn(item, LiteralValue::Null);
            true
        }
        (CONDITIONAL, [guard, appends, _]) => {
            let is_paid = pay_inside(appends);
            if is_paid {
                pay_for_turn(guard, LiteralValue::Boolean(false.into()));
            }
            is_paid
        }
        _ => false,
    }
}

fn is_accumulator(expression: &IdedExpr) -> bool {
    matches!(&expression.expr, Expr::Ident(name) if name.starts_with('@'))
}

/// `@tick() ? expression : otherwise`.
fn pay_for_turn(expression: &mut IdedExpr, otherwise: LiteralValue) {
    let inner = std::mem::take(expression);
    let otherwise = IdedExpr { id: 0, expr: Expr::Literal(otherwise) };
    *expression = call(CONDITIONAL, vec![call(TICK, Vec::new()), inner, otherwise]);
}

/// `@sized(expression)`.
fn pay_for_size(expression: &mut IdedExpr) {
    let is_free = matches!(expression.expr, Expr::Literal(_)) || is_accumulator(expression);
    if !is_free && !pays(expression) && !is_appended(expression) {
        let inner = std::mem::take(expression);
        *expression = call(SIZED, vec![inner]);
    }
}

/// A list of one item that is appended: its item has paid already.
fn is_appended(expression: &IdedExpr) -> bool {
    matches!(&expression.expr, Expr::List(list) if list.elements.iter().all(pays))
}

fn pays(expression: &IdedExpr) -> bool {
    matches!(&expression.expr, Expr::Literal(_))
        || matches!(&expression.expr, Expr::Call(call) if call.func_name == SIZED)
}

/// What `expression` is without the counting around it.
pub(super) fn without(expression: &IdedExpr) -> &IdedExpr {
    match &expression.expr {
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
            (SIZED, [inner]) => without(inner),
            (CONDITIONAL, [tick, inner, _]) if is_tick(tick) => without(inner),
            _ => expression,
        },
        _ => expression,
    }
}

fn is_tick(expression: &IdedExpr) -> bool {
    matches!(&expression.expr, Expr::Call(call) if call.func_name == TICK)
}

fn call(function: &str, args: Vec<IdedExpr>) -> IdedExpr {
    let call = CallExpr { func_name: function.to_owned(), target: None, args };
    IdedExpr { id: 0, expr: Expr::Call(call) }
}
