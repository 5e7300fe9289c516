//! `--pin`: the images that a file names, verified, and then named by their digests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context as _;
use plimsoll_build::syntax::Dockerfile;
use plimsoll_kube::manifest::Manifest;
use plimsoll_model::text::{Edit, Source, Span, apply};

use super::image::Verifier;
use super::listed;
use super::print::{self, Style, plain};
use crate::commands::lint::files::read;
use crate::exit::{Outcome, Usage, chain, tell};
use crate::output;

/// Verifies every image that a file names and writes the digests into it; where one does not
/// verify, the file stays as it is.
pub(super) fn run(
    file: &Path,
    verifier: &Verifier<'_>,
    style: Style<'_>,
) -> anyhow::Result<Outcome> {
    let shown = file.display().to_string();
    let bytes = read(file).with_context(|| format!("cannot read `{shown}`"))?;
    let before = String::from_utf8(bytes).map_err(|_| Usage(format!("`{shown}` is not UTF-8")))?;
    let (source, images) = images(file, &before)?;
    if images.is_empty() {
        return Err(Usage(format!("`{shown}` names no image")).into());
    }
    for (text, span) in &images {
        if text.contains('$') || text.contains("{{") {
            let place = source.position(span.start);
            let why = format!(
                "{shown}:{}:{}: which image `{text}` is stands nowhere: it cannot be verified",
                place.line, place.column
            );
            return Err(Usage(why).into());
        }
    }
    let names: BTreeSet<&String> = images.iter().map(|(text, _)| text).collect();
    let names: Vec<String> = names.into_iter().cloned().collect();
    let mut outcome = Outcome::Clean;
    let mut digests = BTreeMap::new();
    for (name, verdict) in names.iter().zip(listed::all(&names, verifier)?) {
        match verdict {
            Ok(verdict) => {
                print::verdict(&verdict, style)?;
                outcome = outcome.or(verdict.outcome());
                digests.insert(name.clone(), verdict.digest);
            }
            Err(error) => {
                tell(&format!("error: `{}`: {}", plain(name), chain(&error)));
                outcome = outcome.or(Outcome::Partial);
            }
        }
    }
    if outcome != Outcome::Clean {
        tell(&format!("`{shown}` stays as it is: not every image in it verifies"));
        return Ok(outcome);
    }
    let mut edits = BTreeSet::new();
    for (text, span) in images.iter().filter(|(text, _)| !text.contains('@')) {
        let Some(digest) = digests.get(text) else { continue };
        edits.insert(pinned(&source, text, *span, &digest.to_string()).ok_or_else(|| {
            let place = source.position(span.start);
            let place = format!("{shown}:{}:{}", place.line, place.column);
            Usage(format!("{place}: `{text}` is written in a way that is not edited"))
        })?);
    }
    let edits: Vec<Edit> = edits.into_iter().collect();
    if !edits.is_empty() {
        // A byte order mark is not part of the source's text.
        let mark = if before.starts_with('\u{feff}') { "\u{feff}" } else { "" };
        let after = format!("{mark}{}", apply(source.text(), &edits));
        output::write(Some(&shown), |out| out.write_all(after.as_bytes()))?;
    }
    tell(&format!("`{shown}`: {} of {} images pinned by digest", edits.len(), images.len()));
    Ok(Outcome::Clean)
}

/// The images that a file names, and where.
fn images(file: &Path, text: &str) -> Result<(Source, Vec<(String, Span)>), Usage> {
    let source = Source::new(text);
    let is_manifest = file
        .extension()
        .is_some_and(|end| ["yaml", "yml", "json"].iter().any(|own| end.eq_ignore_ascii_case(own)));
    if !is_manifest {
        let read = Dockerfile::parse(Source::new(text));
        return Ok((source, plimsoll_build::named_images(&read)));
    }
    let manifest = Manifest::parse(Source::new(text));
    if let Some(problem) = manifest.problems.first() {
        let place = manifest.source.position(problem.span.start);
        let place = format!("{}:{}:{}", file.display(), place.line, place.column);
        return Err(Usage(format!("{place}: {}", problem.kind)));
    }
    Ok((source, plimsoll_kube::named_images(&manifest)))
}

/// The edit that puts a digest behind a name; none where the name is not there letter by letter.
fn pinned(source: &Source, text: &str, span: Span, digest: &str) -> Option<Edit> {
    let written = source.slice(span);
    let flag = "from=";
    let in_flag = written.find(&format!("{flag}{text}")).map(|at| at.saturating_add(flag.len()));
    let at = in_flag.or_else(|| written.find(text))?;
    if in_flag.is_none() && written.get(at.checked_add(1)?..)?.contains(text) {
        return None;
    }
    let behind = u32::try_from(at.checked_add(text.len())?).ok()?;
    Some(Edit::insert(span.start.checked_add(behind)?, format!("@{digest}")))
}
