//! What one look at a value tells: which tests it passes, and which rules it may concern.

use std::collections::HashMap;
use std::net::IpAddr;

use aho_corasick::{AhoCorasick, MatchKind};
use foldhash::fast::RandomState;

use super::compare::{Comparison, How, Which};
use crate::event::Value;

/// A value as the key of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key<'k> {
    Text(&'k [u8]),
    Number(i128),
    Address(IpAddr),
}

impl<'k> Key<'k> {
    pub(super) fn of(value: Value<'k>) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(Self::Text(bytes)),
            Value::Signed(number) => Some(Self::Number(number.into())),
            Value::Unsigned(number) => Some(Self::Number(number.into())),
            Value::Bool(is) => Some(Self::Number(is.into())),
            Value::Address(address) => Some(Self::Address(address)),
            Value::Double(_) => None,
        }
    }
}

/// The values that a test is true for, if it is for these and no other.
pub(super) fn keys(test: &Comparison) -> Option<Vec<Key<'_>>> {
    if test.which == Which::All {
        return None;
    }
    match &test.how {
        How::Texts(texts) => Some(texts.iter().map(|text| Key::Text(text)).collect()),
        How::Numbers(numbers) => Some(numbers.iter().map(|number| Key::Number(*number)).collect()),
        How::Addresses(addresses, networks) if networks.is_empty() => {
            Some(addresses.iter().map(|address| Key::Address(*address)).collect())
        }
        _ => None,
    }
}

/// What a value means.
#[derive(Debug, Default)]
pub(super) struct Meaning {
    /// The tests that are true for it, sorted.
    pub(super) tests: Vec<u32>,
    /// The rules that cannot hold without a value of this kind.
    pub(super) rules: Vec<u32>,
}

/// The meanings of all values that tests name.
#[derive(Debug, Default)]
pub(super) struct Table {
    texts: HashMap<Box<[u8]>, Meaning, RandomState>,
    numbers: HashMap<i128, Meaning, RandomState>,
    addresses: HashMap<IpAddr, Meaning, RandomState>,
    /// How long the texts are at least and at most: most values end there.
    lengths: Option<(usize, usize)>,
    pub(super) has_rules: bool,
}

impl Table {
    pub(super) fn entry(&mut self, key: Key<'_>) -> &mut Meaning {
        match key {
            Key::Text(text) => {
                let (least, most) = self.lengths.unwrap_or((usize::MAX, 0));
                self.lengths = Some((least.min(text.len()), most.max(text.len())));
                self.texts.entry(text.into()).or_default()
            }
            Key::Number(number) => self.numbers.entry(number).or_default(),
            Key::Address(address) => self.addresses.entry(address).or_default(),
        }
    }

    pub(super) fn get(&self, value: Value<'_>) -> Option<&Meaning> {
        match Key::of(value)? {
            Key::Text(text) => {
                let (least, most) = self.lengths?;
                if text.len() < least || text.len() > most {
                    return None;
                }
                self.texts.get(text)
            }
            Key::Number(number) => self.numbers.get(&number),
            Key::Address(address) => self.addresses.get(&address),
        }
    }
}

/// How a text has to have a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Anywhere,
    Begin,
    End,
}

/// The part that a text must have for a test to be true, if there is one.
pub(super) fn part(test: &Comparison) -> Option<(Part, &[u8])> {
    if test.which == Which::All {
        return None;
    }
    let found = match &test.how {
        How::Contains(finder) => (Part::Anywhere, finder.needle()),
        How::Starts(begin) => (Part::Begin, &**begin),
        How::Ends(end) => (Part::End, &**end),
        _ => return None,
    };
    (!found.1.is_empty()).then_some(found)
}

/// The rules that cannot hold without a part.
pub(super) type RulesByPart = HashMap<(Part, Box<[u8]>), Vec<u32>>;

/// Many parts sought at once.
#[derive(Debug)]
pub(super) struct Parts {
    automaton: AhoCorasick,
    /// By pattern: how it has to stand, and the rules that cannot hold without it.
    rules: Vec<(Part, Vec<u32>)>,
}

impl Parts {
    pub(super) fn new(parts: RulesByPart) -> Option<Self> {
        let mut patterns = Vec::with_capacity(parts.len());
        let mut rules = Vec::with_capacity(parts.len());
        for ((part, text), of) in parts {
            patterns.push(text);
            rules.push((part, of));
        }
        let automaton =
            AhoCorasick::builder().match_kind(MatchKind::Standard).build(patterns).ok()?;
        Some(Self { automaton, rules })
    }

    /// The rules that a text may concern, some of them several times.
    pub(super) fn rules_for(&self, text: &[u8], into: &mut Vec<u32>) {
        for found in self.automaton.find_overlapping_iter(text) {
            let Some((part, rules)) = self.rules.get(found.pattern().as_usize()) else { continue };
            let is_there = match part {
                Part::Anywhere => true,
                Part::Begin => found.start() == 0,
                Part::End => found.end() == text.len(),
            };
            if is_there {
                into.extend_from_slice(rules);
            }
        }
    }
}
