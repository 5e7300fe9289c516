//! The compiled program says of any event what a plain reading of the condition says.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::fmt::Write as _;

use plimsoll_runtime::condition::ast::{
    Expr, ExprKind, Literal, Op, Operand, OperandKind, RightKind,
};
use plimsoll_runtime::engine::{Engine, Matching};
use plimsoll_runtime::event::{Arena, Event, EventCode, FieldRef, Value, Values};
use plimsoll_runtime::fields::Source;
use plimsoll_runtime::loader::{Loader, Options};
use proptest::collection::vec;
use proptest::prelude::*;

/// An event of a system call with a few fields.
#[derive(Debug, Clone)]
struct Made {
    kind: &'static str,
    name: Option<&'static str>,
    path: Option<&'static str>,
    pid: Option<i64>,
    port: Vec<u16>,
    ancestors: Vec<&'static str>,
    is_write: Option<bool>,
}

impl Event for Made {
    fn source(&self) -> Source {
        Source::Syscall
    }

    fn code(&self) -> EventCode {
        EventCode::named(self.kind).unwrap()
    }

    fn time(&self) -> u64 {
        1_700_000_000_000_000_000
    }

    fn number(&self) -> u64 {
        7
    }

    fn field<'e>(&'e self, field: &FieldRef, arena: &'e Arena) -> Values<'e> {
        match field.name {
            "evt.type" => Values::text(Some(self.kind)),
            "proc.name" => Values::text(self.name),
            "fd.name" => Values::text(self.path),
            "proc.pid" => self.pid.map(Value::Signed).into(),
            "evt.is_open_write" => self.is_write.map(Value::Bool).into(),
            "fd.port" if self.port.is_empty() => Values::Absent,
            "fd.port" => {
                let ports = self.port.iter().map(|port| Value::Unsigned((*port).into()));
                Values::Many(arena.alloc_slice_fill_iter(ports))
            }
            "proc.aname" if self.ancestors.is_empty() => Values::Absent,
            "proc.aname" => {
                let names = self.ancestors.iter().map(|name| Value::text(name));
                Values::Many(arena.alloc_slice_fill_iter(names))
            }
            _ => Values::Absent,
        }
    }
}

/// What a plain reading of the condition says.
fn holds(expr: &Expr, event: &Made) -> bool {
    match &expr.kind {
        ExprKind::And(parts) => parts.iter().all(|part| holds(part, event)),
        ExprKind::Or(parts) => parts.iter().any(|part| holds(part, event)),
        ExprKind::Not(part) => !holds(part, event),
        ExprKind::Macro(_) => unreachable!("there are no macros"),
        ExprKind::Exists(left) => !texts(left, event).is_empty(),
        ExprKind::Check { left, op, right } => {
            let own = texts(left, event);
            let rights: Vec<String> = match &right.kind {
                RightKind::Value(Literal(bytes)) => vec![String::from_utf8(bytes.clone()).unwrap()],
                RightKind::List(all) => all.iter().map(|one| one.text().into_owned()).collect(),
                RightKind::Operand(other) => texts(other, event),
            };
            if own.is_empty() || matches!(right.kind, RightKind::Operand(_)) && rights.is_empty() {
                return false;
            }
            let both_ends =
                matches!(&left.kind, OperandKind::Field { name, .. } if name == "fd.port");
            if op.name == "!=" && both_ends {
                return own.iter().all(|one| compared(one, *op, &rights));
            }
            own.iter().any(|one| compared(one, *op, &rights))
        }
    }
}

fn compared(own: &str, op: Op, rights: &[String]) -> bool {
    let first = rights[0].as_str();
    let number = |text: &str| text.parse::<i64>();
    match op.name {
        "=" | "==" => own == first,
        "!=" => own != first,
        "in" | "intersects" => rights.iter().any(|one| one == own),
        "contains" => own.contains(first),
        "icontains" => own.to_ascii_lowercase().contains(&first.to_ascii_lowercase()),
        "startswith" => own.starts_with(first),
        "endswith" => own.ends_with(first),
        "<" => number(own).unwrap() < number(first).unwrap(),
        ">=" => number(own).unwrap() >= number(first).unwrap(),
        "pmatch" => rights.iter().any(|path| {
            let parts = |text: &str| -> Vec<String> {
                text.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
            };
            parts(own).starts_with(&parts(path))
        }),
        other => unreachable!("{other}"),
    }
}

fn texts(operand: &Operand, event: &Made) -> Vec<String> {
    let owned = |text: Option<&str>| text.map(str::to_owned).into_iter().collect();
    match &operand.kind {
        OperandKind::Field { name, .. } => match name.as_str() {
            "evt.type" => vec![event.kind.to_owned()],
            "proc.name" => owned(event.name),
            "fd.name" => owned(event.path),
            "proc.pid" => event.pid.iter().map(ToString::to_string).collect(),
            "evt.is_open_write" => event.is_write.iter().map(ToString::to_string).collect(),
            "fd.port" => event.port.iter().map(ToString::to_string).collect(),
            "proc.aname" => event.ancestors.iter().map(|one| (*one).to_owned()).collect(),
            other => unreachable!("{other}"),
        },
        OperandKind::Transformed { by, values, .. } => {
            let plimsoll_runtime::condition::ast::Argument::Operand(inner) = &values[0] else {
                unreachable!("only fields are transformed")
            };
            let own = texts(inner, event);
            own.into_iter()
                .map(|text| match *by {
                    "toupper" => text.to_ascii_uppercase(),
                    "basename" => text.rsplit('/').next().unwrap().to_owned(),
                    "len" => text.len().to_string(),
                    "val" => text,
                    other => unreachable!("{other}"),
                })
                .collect()
        }
    }
}

const NAMES: [&str; 5] = ["sh", "bash", "nginx", "cat", "ba"];
const PATHS: [&str; 6] = ["/etc/shadow", "/etc", "/etcx", "/var/run/a.sock", "sh", "/"];
const KINDS: [&str; 4] = ["open", "execve", "connect", "close"];

fn check() -> impl Strategy<Value = String> {
    let names = prop::sample::select(NAMES.as_slice());
    let paths = prop::sample::select(PATHS.as_slice());
    let kinds = prop::sample::select(KINDS.as_slice());
    let text_op = prop::sample::select(
        ["=", "!=", "contains", "startswith", "endswith", "icontains"].as_slice(),
    );
    prop_oneof![
        (text_op.clone(), names.clone()).prop_map(|(op, name)| format!("proc.name {op} {name}")),
        (text_op, paths.clone()).prop_map(|(op, path)| format!("fd.name {op} {path}")),
        vec(names.clone(), 1..4).prop_map(|all| format!("proc.name in ({})", all.join(", "))),
        vec(names.clone(), 1..4).prop_map(|all| format!("proc.aname in ({})", all.join(", "))),
        names.clone().prop_map(|name| format!("proc.aname != {name}")),
        vec(paths, 1..4).prop_map(|all| format!("fd.name pmatch ({})", all.join(", "))),
        kinds.clone().prop_map(|kind| format!("evt.type = {kind}")),
        kinds.clone().prop_map(|kind| format!("evt.type != {kind}")),
        vec(kinds, 1..3).prop_map(|all| format!("evt.type in ({})", all.join(", "))),
        (-2_i64..3).prop_map(|number| format!("proc.pid >= {number}")),
        (-2_i64..3).prop_map(|number| format!("proc.pid in ({number}, 2)")),
        (79_u16..82).prop_map(|port| format!("fd.port != {port}")),
        (79_u16..82).prop_map(|port| format!("fd.port in ({port}, 443)")),
        Just("evt.is_open_write = true".to_owned()),
        Just("proc.name exists".to_owned()),
        Just("proc.name = val(fd.name)".to_owned()),
        names.prop_map(|name| format!("toupper(proc.name) = {}", name.to_uppercase())),
        Just("basename(fd.name) in (shadow, a.sock)".to_owned()),
        (1_u32..6).prop_map(|length| format!("len(proc.name) < {length}")),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    check().prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" and "))),
            vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" or "))),
            inner.prop_map(|part| format!("not ({part})")),
        ]
    })
}

fn event() -> impl Strategy<Value = Made> {
    (
        prop::sample::select(KINDS.as_slice()),
        prop::option::of(prop::sample::select(NAMES.as_slice())),
        prop::option::of(prop::sample::select(PATHS.as_slice())),
        prop::option::of(-2_i64..3),
        vec(79_u16..82, 0..3),
        vec(prop::sample::select(NAMES.as_slice()), 0..3),
        prop::option::of(any::<bool>()),
    )
        .prop_map(|(kind, name, path, pid, port, ancestors, is_write)| Made {
            kind,
            name,
            path,
            pid,
            port,
            ancestors,
            is_write,
        })
}

fn loaded(conditions: &[String]) -> Loader {
    let mut text = String::new();
    for (at, condition) in conditions.iter().enumerate() {
        let _ = write!(
            text,
            "- rule: r{at}\n  desc: d\n  condition: \"{condition}\"\n  output: o\n  priority: INFO\n"
        );
    }
    let mut loader = Loader::new(Options::default());
    let report = loader.load("r.yaml", &text);
    assert!(report.is_loaded(), "{:?} {text}", report.errors);
    loader
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn program_and_plain_reading_agree(
        conditions in vec(condition(), 1..30),
        events in vec(event(), 1..20),
    ) {
        let loader = loaded(&conditions);
        let rules = &loader.definitions().rules;
        let mut all = Engine::new(rules, Matching::All);
        let mut first = Engine::new(rules, Matching::First);
        let (mut matched, mut one) = (Vec::new(), Vec::new());
        for event in &events {
            let expected: Vec<usize> = (0..rules.len())
                .filter(|at| holds(&rules[*at].condition, event))
                .collect();
            all.judge(event, &mut matched);
            prop_assert_eq!(&matched, &expected, "{:?}\n{:#?}", event, conditions);
            first.judge(event, &mut one);
            prop_assert_eq!(one.as_slice(), expected.get(..1).unwrap_or_default());
        }
    }
}

#[test]
fn deep_conditions_are_judged_without_depth() {
    // Each macro is nested in the next, so that the tree is nearly as deep as the loader allows.
    let mut text = "- macro: m0\n  condition: proc.name = sh\n".to_owned();
    for at in 1..=150 {
        let below = at - 1;
        let condition = if at % 2 == 0 {
            format!("(m{below} or proc.pid >= {})", at % 9)
        } else {
            format!("not (m{below} and not fd.name = {at})")
        };
        let _ = writeln!(text, "- macro: m{at}\n  condition: {condition}");
    }
    text.push_str("- rule: deep\n  desc: d\n  condition: evt.type = open and m150\n  output: o\n  priority: INFO\n");
    let mut loader = Loader::new(Options::default());
    let report = loader.load("r.yaml", &text);
    assert!(report.is_loaded(), "{:?}", report.errors.first().map(|error| &error.message));
    let rule = &loader.definitions().rules[0];
    let mut engine = Engine::new([rule], Matching::All);
    let mut matched = Vec::new();
    for name in NAMES {
        let event = Made {
            kind: "open",
            name: Some(name),
            path: Some("17"),
            pid: Some(-1),
            port: Vec::new(),
            ancestors: Vec::new(),
            is_write: None,
        };
        engine.judge(&event, &mut matched);
        assert_eq!(!matched.is_empty(), holds(&rule.condition, &event), "{name}");
    }
}
