//! How events find a rule: what it is filed under, and what it costs to ask it.

use std::collections::{BTreeMap, HashMap};

use super::graph::{Graph, Node};
use super::lookup::Part;
use super::program::{Atom, Program, covers};
use super::{Engine, OfSource};
use crate::events::EventCode;

/// How events of one type find a rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Filing {
    /// What an event needs one of to meet the rule; nothing where every event of the type meets it.
    pub under: Vec<Under>,
    /// The work of all comparisons, where a comparison of numbers is 1.
    pub cost: u32,
    /// How many comparisons there are.
    pub comparisons: usize,
    /// Those that cost most, with their cost.
    pub dear: Vec<(String, u32)>,
}

/// Values of a field that a rule is filed under.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Under {
    /// The field.
    pub field: String,
    /// `=`, `startswith`, `endswith` or `contains`.
    pub operator: &'static str,
    /// One of these.
    pub values: Vec<String>,
}

/// From which cost on a comparison is told by itself.
const DEAR: u32 = 8;

impl Engine {
    /// How events of a type find a rule, given by its number; none where it holds for none of them.
    pub fn filing(&mut self, rule: usize, code: EventCode) -> Option<Filing> {
        let rule = u32::try_from(rule).ok()?;
        let has = |own: &&mut OfSource| own.rules.iter().any(|it| it.number == rule);
        let own = self.sources.iter_mut().find(has)?;
        own.prepare(code);
        let program = own.programs.get(code.index())?.as_ref()?;
        filing(&own.graph, program, rule)
    }
}

fn filing(graph: &Graph, program: &Program, rule: u32) -> Option<Filing> {
    let at = program.rules.iter().position(|judged| judged.rule == rule)?;
    let root = program.rules.get(at)?.root;
    let mut seen = Vec::new();
    let is_always = u32::try_from(at).is_ok_and(|at| program.always.contains(&at));
    let mut under = Vec::new();
    if !is_always {
        let parts: Vec<Vec<u32>> =
            program.rules.iter().map(|judged| graph.parts(judged.root, &mut seen)).collect();
        let covers = covers(graph, &program.rules, &parts);
        under = sorted(graph, covers.into_iter().nth(at).flatten().unwrap_or_default());
    }
    let texts: HashMap<u32, &str> =
        graph.tests_by_text.iter().map(|(text, id)| (*id, text.as_str())).collect();
    let mut comparisons: Vec<(String, u32)> = graph
        .parts(root, &mut seen)
        .into_iter()
        .filter_map(|node| match graph.node(node) {
            Node::Test(id) => {
                let text = texts.get(id).copied().unwrap_or_default();
                Some((text.to_owned(), graph.test(*id)?.cost()))
            }
            _ => None,
        })
        .collect();
    let cost = comparisons.iter().fold(0_u32, |sum, (_, cost)| sum.saturating_add(*cost));
    let count = comparisons.len();
    comparisons.retain(|(_, cost)| *cost >= DEAR);
    comparisons.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    Some(Filing { under, cost, comparisons: count, dear: comparisons })
}

/// What a rule is filed under, by field and how it is compared.
fn sorted(graph: &Graph, atoms: Vec<Atom>) -> Vec<Under> {
    let mut all: BTreeMap<(String, &'static str), Vec<String>> = BTreeMap::new();
    for atom in atoms {
        let bytes = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (side, operator, value) = match &atom {
            Atom::Text(side, text) => (*side, "=", bytes(text)),
            Atom::Number(side, number) => (*side, "=", number.to_string()),
            Atom::Address(side, address) => (*side, "=", address.to_string()),
            Atom::Part(side, part, text) => {
                let operator = match part {
                    Part::Anywhere => "contains",
                    Part::Begin => "startswith",
                    Part::End => "endswith",
                };
                (*side, operator, bytes(text))
            }
        };
        let field = graph.sides.text(side).unwrap_or_default().to_owned();
        all.entry((field, operator)).or_default().push(value);
    }
    all.into_iter()
        .map(|((field, operator), mut values)| {
            values.sort();
            Under { field, operator, values }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Matching;
    use crate::loader::{Loader, Options};

    fn filings(conditions: &[&str], code: &str) -> Vec<Option<Filing>> {
        let rule = |(at, condition): (usize, &&str)| {
            format!(
                "- rule: r{at}\n  desc: d\n  condition: '{condition}'\n  output: o\n  priority: INFO\n"
            )
        };
        let text: String = conditions.iter().enumerate().map(rule).collect();
        let mut loader = Loader::new(Options::default());
        assert!(loader.load("a.yaml", &text).is_loaded());
        let rules = &loader.definitions().rules;
        let mut engine = Engine::new(rules, Matching::All);
        let code = EventCode::named(code).unwrap();
        (0..rules.len()).map(|at| engine.filing(at, code)).collect()
    }

    #[test]
    fn a_rule_is_filed_under_the_values_without_which_it_cannot_hold() {
        let found = filings(
            &[
                "evt.type = openat and proc.name in (b, a) and fd.name regex x.*y",
                "evt.type = openat and fd.num > 3",
                "evt.type = execve and proc.name = c",
            ],
            "openat",
        );
        let first = found[0].as_ref().unwrap();
        let under = Under {
            field: "proc.name".to_owned(),
            operator: "=",
            values: vec!["a".to_owned(), "b".to_owned()],
        };
        assert_eq!(first.under, [under]);
        assert_eq!((first.cost, first.comparisons), (32, 2));
        assert_eq!(first.dear, [("fd.name regex x.*y".to_owned(), 30)]);
        let second = found[1].as_ref().unwrap();
        assert!(second.under.is_empty());
        assert_eq!((second.cost, second.comparisons), (1, 1));
        assert_eq!(found[2], None, "it is about another type");
    }

    #[test]
    fn parts_of_texts_count_from_eight_rules_on() {
        let conditions: Vec<String> =
            (0..8).map(|at| format!("evt.type = openat and fd.name startswith /p{at}")).collect();
        let all: Vec<&str> = conditions.iter().map(String::as_str).collect();
        let found = filings(&all, "openat");
        assert_eq!(found[3].as_ref().unwrap().under[0].operator, "startswith");
        let found = filings(all.get(..7).unwrap(), "openat");
        assert!(found[3].as_ref().unwrap().under.is_empty());
    }
}
