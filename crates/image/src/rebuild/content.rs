//! Why the content of files differs: the files alone are read once more, into two files without
//! names, and looked into there.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::cause;
use super::causes::{self, Pair};
use super::lockstep::{Differing, Stepped};
use super::tally::Tally;
use super::volatile;
use crate::content::FileSlice;
use crate::error::ImageError;
use crate::opened::OpenImage;

/// The largest file that is looked into: 512 MiB.
const MAX_FILE: u64 = 512 << 20;

/// All files of one layer that are looked into, on one side: 4 GiB on disk.
const MAX_ALL: u64 = 4 << 30;

/// Explains the content that differs between two layers.
pub(super) fn explain(
    one: &OpenImage,
    a: usize,
    other: &OpenImage,
    b: usize,
    stepped: &Stepped,
    tally: &mut Tally,
) -> Result<(), ImageError> {
    let mut open: HashMap<&str, &Differing> = HashMap::new();
    for file in &stepped.differing {
        match volatile::of(&file.path) {
            Some(cause) => tally.add(cause, &file.path, size(file, 0), size(file, 1)),
            None if file.sizes.iter().any(|size| *size > MAX_FILE) => {
                let (x, y) = (size(file, 0), size(file, 1));
                tally.add(&cause::CONTENT, &file.path, x, format!("{y}; too large to look into"));
            }
            None => {
                open.insert(&file.path, file);
            }
        }
    }
    for _ in 0..stepped.not_looked_into {
        tally.add(&cause::CONTENT, "(more files)", "", "");
    }
    if open.is_empty() {
        return Ok(());
    }
    let kept = [keep(one, a, &open)?, keep(other, b, &open)?];
    for file in &stepped.differing {
        if !open.contains_key(file.path.as_str()) {
            continue;
        }
        let (x, y) = (size(file, 0), size(file, 1));
        let [Some(first), Some(second)] = kept.each_ref().map(|kept| kept.get(&file.path)) else {
            tally.add(&cause::CONTENT, &file.path, x, y);
            continue;
        };
        let pair = Pair { path: &file.path, original: first, rebuilt: second, times: file.times };
        match causes::of(&pair).map_err(ImageError::Read)? {
            Some((cause, detail)) if detail.is_empty() => tally.add(cause, &file.path, x, y),
            Some((cause, detail)) => tally.add(cause, &file.path, x, format!("{y}; {detail}")),
            None => tally.add(&cause::CONTENT, &file.path, x, y),
        }
    }
    Ok(())
}

fn size(file: &Differing, side: usize) -> String {
    format!("{} bytes", file.sizes.get(side).copied().unwrap_or(0))
}

/// The files in `wanted` of one layer, as parts of one file on disk.
fn keep(
    image: &OpenImage,
    layer: usize,
    wanted: &HashMap<&str, &Differing>,
) -> Result<HashMap<String, FileSlice>, ImageError> {
    let mut out = tempfile::tempfile().map_err(ImageError::Read)?;
    let mut places: HashMap<String, (u64, u64)> = HashMap::new();
    let mut written = 0_u64;
    let mut failed = None;
    image.walk(layer, &mut |member| {
        let path = &member.entry.path;
        if !wanted.contains_key(path.as_str()) || places.contains_key(path) {
            return ControlFlow::Continue(());
        }
        if written.saturating_add(member.entry.size) > MAX_ALL {
            return ControlFlow::Break(());
        }
        match io::copy(&mut member.content.take(MAX_FILE), &mut out) {
            Ok(size) => {
                places.insert(path.clone(), (written, size));
                written += size;
                ControlFlow::Continue(())
            }
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    if let Some(error) = failed.or_else(|| out.flush().err()) {
        return Err(ImageError::Read(error));
    }
    let out: Arc<File> = Arc::new(out);
    let slice = |(at, len)| FileSlice::new(Arc::clone(&out), at, len);
    Ok(places.into_iter().map(|(path, place)| (path, slice(place))).collect())
}
