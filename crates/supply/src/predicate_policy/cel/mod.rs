//! One CEL expression about a statement.

mod explain;
mod meter;
mod text;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use ::cel::objects::{Key, Map};
use ::cel::parser::ParseErrors;
use ::cel::{Context, Env, IdedExpr, Value as Cel};
use plimsoll_model::Timestamp;
use serde_json::Value;

use self::explain::Explainer;
use self::meter::Meter;
use self::text::Text;
use super::{PolicyError, TIME, Verdict};

/// The names that an expression knows.
const NAMES: [&str; 5] = ["statement", "subject", "predicateType", "predicate", "now"];

/// An expression that can be evaluated.
struct Policy<'t> {
    expression: IdedExpr,
    text: Text<'t>,
    env: Env,
}

impl<'t> Policy<'t> {
    fn parse(name: &'t str, source: &'t str) -> Result<Self, PolicyError> {
        let malformed =
            |line, column, why| PolicyError::Malformed { name: name.to_owned(), line, column, why };
        // The optional syntax puts values into lists past the meter.
        let env = Env::stdlib().with_optional_support(false);
        text::check_depth(source).map_err(|(line, column, why)| malformed(line, column, why))?;
        let (expression, info) = env
            .parser()
            .parse_with_source_info(source)
            .map_err(|errors| first(&errors, source, malformed))?;
        let text = Text { name, source, info };
        let known = |variable: &&str| NAMES.contains(variable) || TYPES.contains(variable);
        if let Some(unknown) = text.unknown_variable(&expression, known) {
            let (line, column) = text.place(unknown.1);
            let why = format!("`{}` is unknown here: there are {}", unknown.0, NAMES.join(", "));
            return Err(malformed(line, column, why));
        }
        Ok(Self { expression, text, env })
    }
}

/// Types are values in CEL, and known by name.
const TYPES: [&str; 12] = [
    "bool",
    "bytes",
    "double",
    "duration",
    "int",
    "list",
    "map",
    "null_type",
    "string",
    "timestamp",
    "type",
    "uint",
];

fn first(
    errors: &ParseErrors,
    source: &str,
    malformed: impl Fn(usize, usize, String) -> PolicyError,
) -> PolicyError {
    let Some(error) = errors.errors.first() else {
        return malformed(1, 1, "no CEL expression".into());
    };
    // The parser's own places are of the grammar's: column 0 is the first, and an end is line 0.
    let at = |number: isize| usize::try_from(number).unwrap_or(0).max(1);
    let (line, column) = match error.pos {
        (line, column) if line > 0 => (at(line), at(column)),
        _ => (source.lines().count().max(1), 1),
    };
    let why = error.msg.lines().next().unwrap_or("no CEL expression");
    if why.contains("Recursion limit") {
        return malformed(line, column, "too deep: part it into several policies".into());
    }
    malformed(line, column, why.to_owned())
}

/// Whether it can be read.
pub(super) fn check(name: &str, source: &str) -> Result<(), PolicyError> {
    Policy::parse(name, source).map(drop)
}

/// Whether the expression is true of the statement, and else what of it is not.
pub(super) fn judge(
    name: &str,
    source: &str,
    statement: &Value,
    now: Timestamp,
) -> Result<Verdict, PolicyError> {
    let Policy { mut expression, text, env } = Policy::parse(name, source)?;
    let meter = Meter::new(Instant::now() + TIME);
    meter::insert(&mut expression);
    let mut context = Context::with_env(Arc::new(env));
    let bound = meter.bind(&mut context) && bind(&mut context, statement, now);
    if !bound {
        return Ok(Verdict::refused(vec![format!("{name}: the evaluator knows these names")]));
    }
    let outcome = context.resolve(&expression);
    if let Some(why) = meter.exhausted() {
        return Ok(Verdict::refused(vec![format!("{name}: stopped: {why}")]));
    }
    if outcome == Ok(Cel::Bool(true)) {
        return Ok(Verdict::allowed());
    }
    // Asking again costs what was paid before.
    meter.refill();
    let mut explainer = Explainer::new(&text);
    explainer.explain(&expression, &context);
    Ok(Verdict::refused(explainer.reasons))
}

fn bind(context: &mut Context<'_, '_>, statement: &Value, now: Timestamp) -> bool {
    let whole = value(statement);
    for field in ["subject", "predicateType", "predicate"] {
        let found = statement.get(field).map_or(Cel::Null, value);
        context.add_variable_from_value(field, found);
    }
    context.add_variable_from_value("statement", whole);
    // The one way to make a time without naming the library that the evaluator keeps times in.
    let time = Env::stdlib().parser().parse(&format!("timestamp('{now}')"));
    let Some(now) = time.ok().and_then(|time| context.resolve(&time).ok()) else { return false };
    context.add_variable_from_value("now", now);
    true
}

/// JSON as CEL: whole numbers are `int` where they fit, as people write them.
fn value(json: &Value) -> Cel {
    match json {
        Value::Null => Cel::Null,
        Value::Bool(it) => Cel::Bool(*it),
        Value::Number(it) => match (it.as_i64(), it.as_u64()) {
            (Some(number), _) => Cel::Int(number),
            (None, Some(number)) => Cel::UInt(number),
            (None, None) => Cel::Float(it.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(it) => Cel::String(Arc::new(it.clone())),
        Value::Array(items) => Cel::List(Arc::new(items.iter().map(value).collect())),
        Value::Object(fields) => {
            let entry =
                |(key, it): (&String, &Value)| (Key::String(Arc::new(key.clone())), value(it));
            let map: HashMap<Key, Cel> = fields.iter().map(entry).collect();
            Cel::Map(Map { map: Arc::new(map) })
        }
    }
}
