//! Which images a Dockerfile names, and where.

use plimsoll_model::text::Span;

use crate::stage::stages;
use crate::syntax::{Dockerfile, Mount};

/// Every image that stages are built on, copy from or mount, as written, with the place of the
/// argument or flag that names it.
pub fn named_images(file: &Dockerfile) -> Vec<(String, Span)> {
    let stages = stages(file);
    let mut found = Vec::new();
    for stage in &stages {
        if stage.parent.is_none() && !stage.is_scratch() && !stage.image.text.is_empty() {
            found.push((stage.image.text.clone(), stage.image.span));
        }
    }
    for instruction in &file.instructions {
        let instruction = instruction.triggered();
        for flag in &instruction.flags {
            let from = match flag.name() {
                "from" => flag.value().map(str::to_owned),
                "mount" => flag.value().and_then(|value| Mount::parse(value).ok()?.from),
                _ => None,
            };
            let is_stage = |name: &str| stages.iter().any(|stage| stage.is_called(name));
            let from = from.filter(|from| !from.is_empty() && from != "scratch" && !is_stage(from));
            found.extend(from.map(|from| (from, flag.span)));
        }
    }
    found.sort_by_key(|(_, span)| *span);
    found
}

#[cfg(test)]
mod tests {
    use plimsoll_model::text::Source;

    use super::*;

    #[test]
    fn bases_and_what_is_copied_or_mounted_from_are_images_unless_they_are_stages() {
        let text = "ARG V=1\nFROM a:1 AS one\nCOPY --from=b:2 /x /x\nRUN --mount=type=bind,from=c:3,\
                    target=/m x\nFROM one\nCOPY --from=one /x /x\nCOPY --from=0 /x /x\nFROM scratch\n";
        let file = Dockerfile::parse(Source::new(text));
        let names: Vec<String> = named_images(&file).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a:1", "b:2", "c:3"]);
    }
}
