//! The kinds of files that things are pinned in, one file each.
//!
//! To add one: write its file, name its module here, and add it to [`ALL`].

mod chart;
mod compose;
mod dockerfile;
mod manifest;
mod requirements;
mod values;
mod workflow;

use std::path::Path;

use plimsoll_kube::manifest::{Manifest, Node, Value};
use plimsoll_model::gate::Place;
use plimsoll_model::text::Span;
use plimsoll_model::update::PinKind;

use super::files::File;
use super::pin::{Form, Pin};

/// A kind of file.
pub(super) struct Kind {
    /// Whether a path is one, by its name and the folders that it is in.
    is: fn(&Names) -> bool,
    /// What is pinned in it.
    pins: fn(&File) -> Vec<Pin>,
}

/// The registry; of several kinds that a path could be, the first is meant.
static ALL: &[Kind] = &[
    workflow::KIND,
    dockerfile::KIND,
    compose::KIND,
    chart::KIND,
    values::KIND,
    requirements::KIND,
    manifest::KIND,
];

/// The names of a path, in lower case.
struct Names {
    file: String,
    /// The whole path with `/` between names.
    path: String,
}

impl Names {
    fn of(path: &Path) -> Self {
        let file = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        Self { file, path: path.to_string_lossy().to_ascii_lowercase() }
    }

    fn is_yaml(&self) -> bool {
        [".yaml", ".yml"].iter().any(|end| self.file.ends_with(end))
    }
}

fn kind_of(path: &Path) -> Option<&'static Kind> {
    let names = Names::of(path);
    ALL.iter().find(|kind| (kind.is)(&names))
}

/// Whether something may be pinned in a file.
pub(super) fn is_known(path: &Path) -> bool {
    kind_of(path).is_some()
}

/// What is pinned in a file.
pub(super) fn pins(file: &File) -> Vec<Pin> {
    kind_of(&file.path).map(|kind| (kind.pins)(file)).unwrap_or_default()
}

/// An image as a whole reference, where it stands letter by letter.
fn image(file: &File, text: &str, span: Span) -> Option<Pin> {
    let written = file.source.slice(span);
    let at = match written.find(&format!("from={text}")) {
        Some(at) => at.checked_add("from=".len())?,
        None => written.find(text)?,
    };
    let span = part(span, at, text.len())?;
    let (name, version) = split(text);
    Some(pin(file, PinKind::Image, name, version, span, Form::Reference))
}

/// A reference without its version, and its version: the tag, the digest, or both.
fn split(text: &str) -> (&str, &str) {
    let (named, _) = text.split_once('@').unwrap_or((text, ""));
    let start = named.rfind('/').map_or(0, |at| at.saturating_add(1));
    let colon = named.get(start..).and_then(|last| last.find(':'));
    let end = colon.map_or(named.len(), |at| start.saturating_add(at));
    let name = text.get(..end).unwrap_or(text);
    (name, text.get(end..).unwrap_or_default().trim_start_matches([':', '@']))
}

fn pin(file: &File, kind: PinKind, name: &str, version: &str, span: Span, form: Form) -> Pin {
    let at = file.source.position(span.start);
    Pin {
        kind,
        file: file.number,
        place: Place { file: file.name.clone(), line: at.line, column: at.column },
        name: name.to_owned(),
        version: version.to_owned(),
        span,
        form,
    }
}

/// A part of a span, by its offset and length.
fn part(span: Span, at: usize, length: usize) -> Option<Span> {
    let start = span.start.checked_add(u32::try_from(at).ok()?)?;
    Some(Span::new(start, start.checked_add(u32::try_from(length).ok()?)?))
}

/// The text of a scalar, whatever it looks like, and its place without quotes.
fn scalar<'n>(file: &File, node: &'n Node) -> Option<(&'n str, Span)> {
    let Value::Scalar(scalar) = &node.value else { return None };
    let text: &str = &scalar.text;
    if text.is_empty() {
        return None;
    }
    let at = file.source.slice(node.span).find(text)?;
    Some((text, part(node.span, at, text.len())?))
}

/// What is pinned in the mappings of a YAML file, each asked by itself.
fn of_mappings(file: &File, of: fn(&File, &Node) -> Option<Pin>) -> Vec<Pin> {
    let manifest = Manifest::parse(file.source.clone());
    let mut found = Vec::new();
    for document in &manifest.documents {
        visit(document, 0, &mut |node| found.extend(of(file, node)));
    }
    found
}

/// Every mapping of a document, in order; `depth` bounds what nests.
fn visit<'n>(node: &'n Node, depth: u32, take: &mut dyn FnMut(&'n Node)) {
    const MAX_DEPTH: u32 = 64;
    if depth > MAX_DEPTH {
        return;
    }
    let deeper = depth.saturating_add(1);
    match &node.value {
        Value::Mapping(mapping) => {
            take(node);
            for field in mapping.fields.iter().filter(|field| !field.merged) {
                visit(&field.value, deeper, take);
            }
        }
        Value::Sequence(sequence) => {
            for item in &sequence.items {
                visit(item, deeper, take);
            }
        }
        Value::Scalar(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_split_before_its_version() {
        for (text, name, version) in [
            ("node:20", "node", "20"),
            ("node", "node", ""),
            ("localhost:5000/node", "localhost:5000/node", ""),
            ("localhost:5000/a/node:1@sha256:ab", "localhost:5000/a/node", "1@sha256:ab"),
            ("node@sha256:ab", "node", "sha256:ab"),
        ] {
            assert_eq!(split(text), (name, version), "{text}");
        }
    }

    #[test]
    fn files_are_known_by_their_names() {
        for path in [
            "Dockerfile",
            "docker-compose.prod.yml",
            "compose.yaml",
            ".github/workflows/ci.yml",
            "action.yml",
            "charts/a/Chart.yaml",
            "charts/a/values-prod.yaml",
            "requirements.txt",
            "deploy/web.yaml",
        ] {
            assert!(is_known(Path::new(path)), "{path}");
        }
        for path in ["README.md", "package-lock.json", "main.rs", "Cargo.toml"] {
            assert!(!is_known(Path::new(path)), "{path}");
        }
    }
}
