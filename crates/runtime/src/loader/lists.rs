//! Lists put in place of their names.
//!
//! After `resolve_list` of Falco's `rule_loader_compiler.cpp`: the text of a condition is changed
//! before it is parsed, so that a list can be a part of a list.

use std::collections::HashSet;

use super::code::ErrorCode;
use super::collector::Collector;
use super::context::Context;
use super::exceptions::quoted;
use super::item::Named;
use super::report::Failure;
use super::traced::{MAX_LENGTH, Traced};

/// How many values all lists may have once lists within them are in place.
const MAX_ITEMS: usize = 2_000_000;

/// A list that conditions may name.
#[derive(Debug)]
pub(super) struct List {
    pub(super) name: String,
    pub(super) items: Vec<String>,
    /// The items as a condition has them.
    text: String,
    pub(super) used: bool,
}

/// The lists with lists within them put in place, one level deep as in Falco.
pub(super) fn compile(collector: &Collector) -> Result<Named<List>, Failure> {
    let mut lists = Named::default();
    let mut used = Vec::new();
    let mut total = 0_usize;
    for list in collector.lists.iter() {
        let mut items = Vec::new();
        for item in &list.items {
            let inner = collector.lists.get(item);
            match inner.filter(|inner| inner.order.index < list.order.visibility) {
                Some(inner) => {
                    used.push(inner.name.clone());
                    items.extend(inner.items.iter().cloned());
                }
                None => items.push(item.clone()),
            }
            if total.saturating_add(items.len()) > MAX_ITEMS {
                let why = format!("the lists have more than {MAX_ITEMS} values");
                return Err(Failure::new(ErrorCode::Validate, why, list.context.clone()));
            }
        }
        total = total.saturating_add(items.len());
        let text = items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", ");
        let name = list.name.clone();
        lists.insert(&list.name, List { name, items, text, used: false });
    }
    for name in used {
        if let Some(list) = lists.get_mut(&name) {
            list.used = true;
        }
    }
    Ok(lists)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn is_delimiter(byte: u8) -> bool {
    is_blank(byte) || matches!(byte, b'(' | b')' | b',' | b'=')
}

fn words(text: &str) -> HashSet<&str> {
    text.split(|one: char| u8::try_from(one).is_ok_and(is_delimiter)).collect()
}

/// Puts every list in place of its name.
pub(super) fn resolve(
    condition: &mut Traced,
    lists: &mut Named<List>,
    context: &Context,
) -> Result<(), Failure> {
    let mut at = 0;
    while let Some(next) = next_used(condition.text(), lists, at) {
        let Some(list) = lists.nth_mut(next) else { break };
        if replace_all(condition, list) {
            list.used = true;
        }
        if condition.len() > MAX_LENGTH {
            let why = format!("the condition has more than {MAX_LENGTH} bytes with its lists");
            return Err(Failure::new(ErrorCode::Validate, why, context.clone()));
        }
        at = next.saturating_add(1);
    }
    Ok(())
}

/// The first list from `from` on whose name is a word of the condition.
fn next_used(condition: &str, lists: &Named<List>, from: usize) -> Option<usize> {
    let words = words(condition);
    let mut rest = lists.iter().enumerate().skip(from);
    let is_odd = |name: &str| name.bytes().any(is_delimiter) && condition.contains(name);
    rest.find(|(_, list)| words.contains(list.name.as_str()) || is_odd(&list.name))
        .map(|(at, _)| at)
}

fn replace_all(condition: &mut Traced, list: &List) -> bool {
    let mut used = false;
    let find = |text: &str, from: usize| {
        text.get(from..).and_then(|rest| rest.find(&list.name)).map(|at| at.saturating_add(from))
    };
    let mut next = find(condition.text(), 0);
    while let Some(found) = next {
        let bytes = condition.text().as_bytes();
        let (mut start, mut end) = (found, found.saturating_add(list.name.len()));
        let before = |start: usize| start.checked_sub(1).and_then(|at| bytes.get(at)).copied();
        let ends = |byte: Option<u8>| byte.is_none_or(is_delimiter);
        let mut from = found.saturating_add(1);
        if ends(before(start)) && ends(bytes.get(end).copied()) {
            while before(start).is_some_and(is_blank) {
                start = start.saturating_sub(1);
            }
            while bytes.get(end).copied().is_some_and(is_blank) {
                end = end.saturating_add(1);
            }
            // With nothing in its place a comma beside it goes as well.
            if list.text.is_empty() {
                if before(start) == Some(b',') {
                    start = start.saturating_sub(1);
                } else if bytes.get(end) == Some(&b',') {
                    end = end.saturating_add(1);
                }
            }
            let blank = if start > 0 { " " } else { "" };
            condition.replace(start..end, &format!("{blank}{} ", list.text));
            from = start.saturating_add(list.text.len()).saturating_add(2);
            used = true;
        }
        let text = condition.text();
        while from < text.len() && !text.is_char_boundary(from) {
            from = from.saturating_add(1);
        }
        next = find(text, from);
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loader::context::Place;

    fn resolved(condition: &str, lists: &[(&str, &[&str])]) -> String {
        let mut named = Named::default();
        for (name, items) in lists {
            let items: Vec<String> = items.iter().map(|item| (*item).to_owned()).collect();
            let text = items.iter().map(|item| quoted(item)).collect::<Vec<_>>().join(", ");
            named.insert(name, List { name: (*name).to_owned(), items, text, used: false });
        }
        let mut text = Traced::default();
        text.push(condition, Place { file: 0, offset: 0 });
        resolve(&mut text, &mut named, &Context::file("a", 0)).unwrap();
        text.text().to_owned()
    }

    #[test]
    fn a_list_stands_for_its_values_where_it_is_a_word() {
        let lists: [(&str, &[&str]); 2] = [("a", &["x", "y z"]), ("none", &[])];
        assert_eq!(resolved("f.g in (a)", &lists), "f.g in ( x, \"y z\" )");
        assert_eq!(resolved("f.g in (b, none)", &lists), "f.g in (b  )");
        assert_eq!(resolved("f.g in (none, b)", &lists), "f.g in (   b)");
        assert_eq!(resolved("fa.a in (ba, ab)", &lists), "fa.a in (ba, ab)");
    }
}
