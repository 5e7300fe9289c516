//! What containers run with, as text and for programs.

use std::io::{self, Write};

use plimsoll_kube::effective::{Origin, Setting};
use plimsoll_model::text::Source;
use serde_json::{Map, Value, json};

use crate::style::{Role, Style};
use crate::text::one_line;

/// A container and what it runs with.
#[derive(Debug)]
pub struct Effective<'a> {
    /// The file.
    pub path: &'a str,
    /// Its text.
    pub source: &'a Source,
    /// The container's line in it.
    pub line: u32,
    /// `shop/Deployment/web`.
    pub object: String,
    /// The list that it is in: `initContainers`.
    pub list: &'static str,
    /// Its name.
    pub name: &'a str,
    /// What it runs with.
    pub settings: Vec<Setting>,
}

/// A way to write them.
#[derive(Debug, Clone, Copy)]
pub struct EffectiveFormat {
    /// As `-f` takes it.
    pub name: &'static str,
    /// Writes the whole document.
    pub write: fn(&[Effective<'_>], &Style, &mut dyn Write) -> io::Result<()>,
}

impl EffectiveFormat {
    /// The registry.
    pub const ALL: &'static [Self] =
        &[Self { name: "text", write: text }, Self { name: "json", write: json }];

    /// The format of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name == name)
    }
}

/// The name and version of the layout.
const SCHEMA: &str = "plimsoll.effective-context/v1";

fn line(one: &Effective<'_>, setting: &Setting) -> Option<u32> {
    setting.span.map(|span| one.source.line(span.start))
}

fn text(all: &[Effective<'_>], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    for (number, one) in all.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        let place = style.paint(Role::Faint, &format!("{}:{}", one_line(one.path), one.line));
        let name = style.paint(Role::Strong, &one_line(one.name));
        writeln!(out, "{place} {}, {} {name}", one_line(&one.object), one.list)?;
        for setting in &one.settings {
            let origin = match (setting.origin, line(one, setting)) {
                (Origin::Default, _) => "by default".to_owned(),
                (origin, Some(line)) => format!("{}, line {line}", origin.name()),
                (origin, None) => origin.name().to_owned(),
            };
            let origin = style.paint(Role::Faint, &origin);
            writeln!(out, "  {:<26}{:<32}  {origin}", setting.name, one_line(&setting.value))?;
        }
    }
    Ok(())
}

fn json(all: &[Effective<'_>], _: &Style, out: &mut dyn Write) -> io::Result<()> {
    let container = |one: &Effective<'_>| {
        let setting = |setting: &Setting| {
            let value = json!({
                "value": setting.value,
                "from": setting.origin.name(),
                "line": line(one, setting),
            });
            (setting.name.to_owned(), value)
        };
        json!({
            "file": one.path,
            "line": one.line,
            "object": one.object,
            "list": one.list,
            "container": one.name,
            "settings": one.settings.iter().map(setting).collect::<Map<String, Value>>(),
        })
    };
    let containers: Vec<Value> = all.iter().map(container).collect();
    let document = json!({ "schema": SCHEMA, "containers": containers });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
