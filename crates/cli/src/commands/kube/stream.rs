//! Long lists of objects in files: item by item, where a file as a whole would be too much.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::Context;
use plimsoll_kube::manifest::{Item, Items, Manifest};
use plimsoll_model::text::Source;
use rayon::prelude::*;

use super::files::{self, Candidate, Origin, Read, Reads};
use super::live::Incomplete;
use super::rendered::Rendering;
use crate::cluster::batch;
use crate::commands::lint::files::is_stdin;
use crate::exit::{Outcome, Usage, chain, tell};

/// A list that is longer is read item by item.
const LONG: u64 = 4 << 20;

/// Gives what is meant to `take`, manifest by manifest: each file is one, and so is each item of a
/// long list in JSON. Items of a list have the places of the list.
pub(super) fn each(
    named: &[PathBuf],
    rendering: &Rendering,
    take: &mut dyn FnMut(Read),
) -> anyhow::Result<()> {
    for candidate in files::find(named)? {
        let shown = candidate.path.display().to_string();
        one(candidate, rendering, take).with_context(|| format!("`{shown}` is not read"))?;
    }
    Ok(())
}

/// The same, but that a file which cannot be read is told of and costs no other.
pub(super) fn all(
    named: &[PathBuf],
    rendering: &Rendering,
    take: &mut dyn FnMut(Read),
) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::Clean;
    for candidate in files::find(named)? {
        match one(candidate, rendering, take) {
            Ok(()) => {}
            Err(error) if error.is::<Usage>() => return Err(error),
            Err(error) => {
                tell(&format!("error: {}", chain(&error)));
                outcome = outcome.or(Outcome::Partial);
            }
        }
    }
    Ok(outcome)
}

/// How much text of a list is kept where all of it is needed at once.
const MOST_KEPT: usize = 512 << 20;

/// What a file comes to, where all of it is needed at once.
pub(super) fn kept(candidate: Candidate, rendering: &Rendering) -> anyhow::Result<Reads> {
    let shown = candidate.path.display().to_string();
    let (mut manifests, mut length) = (Vec::new(), 0_usize);
    let read = one(candidate, rendering, &mut |read| {
        length = length.saturating_add(read.manifest.source.text().len());
        if length <= MOST_KEPT {
            manifests.push(read);
        }
    });
    let outcome = match read {
        Ok(()) => Outcome::Clean,
        // What could be read counts.
        Err(error) if error.is::<Incomplete>() => {
            tell(&format!("error: {}", chain(&error)));
            Outcome::Partial
        }
        Err(error) => return Err(error),
    };
    if length > MOST_KEPT {
        let why = format!(
            "`{shown}` has more than {} MiB of objects: `plimsoll kube scan` reads longer lists",
            MOST_KEPT >> 20
        );
        return Err(Usage(why).into());
    }
    Ok(Reads { manifests, outcome })
}

/// The same of one file.
pub(super) fn one(
    candidate: Candidate,
    rendering: &Rendering,
    take: &mut dyn FnMut(Read),
) -> anyhow::Result<()> {
    let path = candidate.path.clone();
    if candidate.is_cluster() {
        return rendering.cluster(take);
    }
    if candidate.is_rendered() {
        files::parse(candidate, rendering)?.into_iter().for_each(take);
        return Ok(());
    }
    if is_stdin(&path) {
        let mut input = io::stdin().lock();
        let mut head = Vec::new();
        input.by_ref().take(LONG).read_to_end(&mut head)?;
        if head.len() as u64 == LONG && is_object(&head) {
            return items(&path, BufReader::new(head.as_slice().chain(input)), take);
        }
        let bytes = files::rest(head, input)?;
        files::judge_bytes(candidate, bytes).into_iter().for_each(take);
        return Ok(());
    }
    let long = File::open(&path).and_then(|mut file| {
        let about = file.metadata()?;
        // What is no file cannot be begun anew.
        if !about.is_file() || about.len() < LONG {
            return Ok(None);
        }
        let mut head = [0; 64];
        let read = file.read(&mut head)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(is_object(head.get(..read).unwrap_or_default()).then_some(file))
    });
    let Ok(Some(file)) = long else {
        // What cannot be opened is told of by the reader of all files.
        files::parse(candidate, rendering)?.into_iter().for_each(take);
        return Ok(());
    };
    let mut began = false;
    let reader = BufReader::with_capacity(1 << 18, file);
    let read = items(&path, reader, &mut |read| {
        began = true;
        take(read);
    });
    // Documents of YAML may begin with a brace as well.
    if read.is_err() && !began {
        files::parse(candidate, rendering)?.into_iter().for_each(take);
        return Ok(());
    }
    read
}

/// Whether a text begins as an object of JSON does.
fn is_object(head: &[u8]) -> bool {
    head.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

fn items(path: &Path, reader: impl BufRead, take: &mut dyn FnMut(Read)) -> anyhow::Result<()> {
    let wrong = |why: String| Usage(format!("`{}`: {why}", path.display()));
    let mut items = Items::new(reader);
    let parse = |item: Item| {
        let line = item.place.line;
        Manifest::of_json(Source::from_bytes(item.bytes).beginning_at(item.place))
            .map_err(|why| format!("the item on line {line}: {why}"))
    };
    while let Some(batch) = batch(&mut items).map_err(|error| wrong(error.to_string()))? {
        let read: Vec<_> = batch.into_par_iter().map(parse).collect();
        for manifest in read {
            let manifest = manifest.map_err(wrong)?;
            take(Read { path: path.to_owned(), manifest, origin: Origin::List });
        }
    }
    items.envelope().map_err(|error| wrong(error.to_string()))?;
    Ok(())
}
