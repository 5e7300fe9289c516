//! Lists of requirements of pip's: `name==1.2`. A line with hashes is left to the tool that made them.
//!
//! <https://pip.pypa.io/en/stable/reference/requirements-file-format/>

use plimsoll_model::text::{Span, offset};
use plimsoll_model::update::PinKind;

use super::{Kind, Names, part, pin};
use crate::commands::update::files::File;
use crate::commands::update::pin::{Form, Pin};

pub(super) const KIND: Kind = Kind { is, pins };

fn is(names: &Names) -> bool {
    [".txt"].iter().any(|end| names.file.ends_with(end))
        && (names.file.starts_with("requirements")
            || names.path.contains("/requirements/")
            || names.path.starts_with("requirements/"))
}

fn pins(file: &File) -> Vec<Pin> {
    let text = file.source.text();
    // What a tool locked with hashes is for that tool to lock again.
    if text.contains("--hash=") {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut start = 0_usize;
    for line in text.split_inclusive('\n') {
        found.extend(of_line(file, line, start));
        start = start.saturating_add(line.len());
    }
    found
}

fn of_line(file: &File, line: &str, start: usize) -> Option<Pin> {
    let content = line.split(" #").next().unwrap_or(line);
    let (name, rest) = content.split_once("==")?;
    let name = name.trim().split('[').next()?.trim();
    let is_name = |one: char| one.is_ascii_alphanumeric() || "-._".contains(one);
    if name.is_empty() || !name.chars().all(is_name) {
        return None;
    }
    let version = rest.trim_start();
    let end = version
        .find(|one: char| !one.is_ascii_alphanumeric() && !".!+-_".contains(one))
        .unwrap_or(version.len());
    let (version, behind) = version.split_at_checked(end)?;
    // `==1.*` and several conditions are no pins.
    let behind = behind.trim_start();
    let is_exact = behind.is_empty() || behind.starts_with(';') || behind.starts_with('\\');
    if version.is_empty() || !is_exact {
        return None;
    }
    let at = start.checked_add(line.find("==")?)?.checked_add(2)?;
    let gap = rest.len().checked_sub(rest.trim_start().len())?;
    let whole = Span::new(0, offset(file.source.text().len()));
    let span = part(whole, at.checked_add(gap)?, version.len())?;
    Some(pin(file, PinKind::Requirement, name, version, span, Form::Requirement))
}
