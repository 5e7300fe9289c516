//! Programs and libraries: which of their parts differ, and whether that is the build id alone.

use std::io;
use std::ops::Range;

use super::super::cause;
use super::super::differing::{all_within, merged, ranges};
use super::{Explained, Pair};
use crate::object_file::ObjectFile;

/// Parts that are named.
const NAMED: usize = 6;

/// Stretches that are looked at.
const MAX_RANGES: usize = 200_000;

/// Numbers that follow from the rest of the program, or from the folder that it was built in.
const IDS: &[&str] = &[".note.gnu.build-id", ".note.go.buildid", ".gnu_debuglink"];

pub(super) fn explain(pair: &Pair<'_>) -> io::Result<Explained> {
    if !pair.begins_with(b"\x7fELF")? {
        return Ok(None);
    }
    let Some(object) = ObjectFile::read(pair.original)? else { return Ok(None) };
    let Some(found) = ranges(pair.original, pair.rebuilt, MAX_RANGES)? else {
        return Ok(Some((&cause::CONTENT, "a program of other parts".into())));
    };
    let place =
        |part: &crate::object_file::Part| part.offset..part.offset.saturating_add(part.size);
    let ids = object.sections.iter().filter(|part| IDS.contains(&part.name.as_str()));
    if all_within(&found, &merged(ids.map(place).collect())) {
        return Ok(Some((&cause::BUILD_ID, String::new())));
    }
    let touched = |part: &&crate::object_file::Part| {
        let place = place(part);
        let overlaps = |range: &Range<u64>| range.start < place.end && place.start < range.end;
        part.size > 0 && found.iter().any(overlaps)
    };
    let parts: Vec<&str> =
        object.sections.iter().filter(touched).map(|part| part.name.as_str()).take(NAMED).collect();
    Ok((!parts.is_empty()).then(|| (&cause::CONTENT, format!("differs in {}", parts.join(" ")))))
}

#[cfg(test)]
mod tests {
    use super::super::testing::explained;
    use crate::object_file::ObjectFile;

    #[test]
    fn another_build_id_is_told_and_other_code_is_named_by_its_section() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let object = ObjectFile::read(&program).unwrap().unwrap();
        let changed = |section: &str| {
            let part = object.section(section).unwrap();
            let mut other = program.clone();
            let last = usize::try_from(part.offset + part.size - 1).unwrap();
            other[last] ^= 0xff;
            explained("bin/a", &program, &other, [0, 0]).unwrap()
        };
        if object.section(".note.gnu.build-id").is_some() {
            assert_eq!(changed(".note.gnu.build-id").0, "build-id");
        }
        let (id, detail) = changed(".text");
        assert_eq!((id, detail.as_str()), ("content", "differs in .text"));
    }
}
