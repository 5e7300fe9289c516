//! The pages of the fields in `docs/fields`: made from their tables, so that they cannot differ.
//!
//! `UPDATE_DOCS=1 cargo test -p plimsoll-runtime --test pages` writes them.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use plimsoll_runtime::fields::{self, CLASSES, Class, Field, Source};
use plimsoll_testkit::assert_pages;

fn code(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

fn names(sources: &[Source]) -> String {
    code(&sources.iter().map(|source| source.name()).collect::<Vec<_>>())
}

fn section(field: &Field) -> String {
    let name = field.name;
    let mut text = format!("\n<a id=\"{name}\"></a>\n\n## {name}\n\n{}\n\n", field.description);
    write!(text, "- Type: `{}`", field.type_name).unwrap();
    if let Some(argument) = field.argument() {
        let needs = if argument.required { "has to stand" } else { "may stand" };
        let form = argument.form.replace(" or ", "` or `");
        write!(text, "; `{form}` {needs} behind the name").unwrap();
    }
    writeln!(text, "\n- Operators: {}", code(&field.operators())).unwrap();
    if let Some(when) = field.when {
        writeln!(text, "- Has a value: {when}").unwrap();
    }
    let notes = field.notes();
    if !notes.is_empty() {
        writeln!(text, "- Flags: {}", notes.join("; ")).unwrap();
    }
    write!(text, "\n```yaml\ncondition: {}\n```\n", yaml(field.example)).unwrap();
    text
}

/// A condition as a value of YAML, in quotes where it would be read otherwise.
fn yaml(condition: &str) -> String {
    if condition.contains(": ") || condition.contains(" #") {
        return format!("'{condition}'");
    }
    condition.to_owned()
}

fn page(class: &'static Class) -> String {
    let sources: BTreeSet<&str> =
        class.fields().flat_map(Field::sources).map(Source::name).collect();
    let sources: Vec<&str> = sources.into_iter().collect();
    let links: Vec<String> =
        class.fields().map(|field| format!("[{0}](#{0})", field.name)).collect();
    let mut text = format!(
        "# {}\n\n{}\n\nSource: {}. Types and operators: [fields](README.md#types).\n\n{}\n",
        class.title,
        class.about,
        code(&sources),
        links.join(" · "),
    );
    for field in class.fields() {
        text.push_str(&section(field));
    }
    text
}

const HEAD: &str = "\
# Fields of rules

What conditions and outputs of rules may name, made from the tables that the rules are checked by.
`plimsoll rules fields NAME` prints one, `plimsoll rules fields` all. Each has an address of its own:
`proc.md#proc.name`.

A field without a value is neither equal nor unequal to anything, and is shown as `<NA>`.

| page | fields | source | |
| --- | --- | --- | --- |
";

const TYPES: &str = "
## Types

`exists` is there for every field. A comparison of a list holds as its operator says: `in` if all its
values are among those named, `intersects` if one is.

| type | operators |
| --- | --- |
";

fn index() -> String {
    let mut text = HEAD.to_owned();
    for class in &CLASSES {
        let sources: Vec<Source> = Source::ALL
            .into_iter()
            .filter(|source| class.fields().any(|field| field.sources().contains(source)))
            .collect();
        let (name, title, count) = (class.name, class.title, class.fields().count());
        let sources = names(&sources);
        writeln!(text, "| [{name}]({name}.md) | {count} | {sources} | {title} |").unwrap();
    }
    text.push_str(TYPES);
    let mut types: BTreeMap<String, String> = BTreeMap::new();
    for field in fields::all() {
        let list = if field.traits.list { ", a list" } else { "" };
        types
            .entry(format!("`{}`{list}", field.type_name))
            .or_insert_with(|| code(&field.operators()));
    }
    for (name, operators) in types {
        writeln!(text, "| {name} | {operators} |").unwrap();
    }
    text
}

#[test]
fn the_pages_say_what_the_tables_say() {
    let mut wanted: BTreeMap<String, String> =
        CLASSES.iter().map(|class| (format!("{}.md", class.name), page(class))).collect();
    wanted.insert("README.md".into(), index());
    assert_pages("fields", &wanted, "plimsoll-runtime");
}
