//! Where the programs of alerts come from: the package, the layer and its instruction, and whether
//! the image is signed.

use std::path::Path;

use anyhow::Context;
use plimsoll_build::Source;
use plimsoll_build::syntax::Dockerfile;
use plimsoll_image::ownership::Ownership;
use plimsoll_model::Purl;
use plimsoll_report::instruction;
use plimsoll_runtime::loaded;
use plimsoll_runtime::syscall::SystemCall;
use plimsoll_runtime::why::Origin;

use super::image::Surveyed;
use crate::commands::lint::files::read;
use crate::commands::verify;
use crate::exit::Usage;

/// What is not known where nobody named a key.
const NOT_ASKED: &str = "not asked";

/// Knows the packages of an image.
pub(super) struct Origins<'i> {
    image: &'i Surveyed,
    ownership: Ownership<'i>,
    /// The lines of a Dockerfile's instructions, in the words of a build history.
    dockerfile: Option<(String, Vec<(String, u32)>)>,
    signature: String,
}

impl<'i> Origins<'i> {
    /// Of an image, perhaps with its Dockerfile and the key that it should be signed with.
    pub(super) fn new(
        image: &'i Surveyed,
        dockerfile: Option<&Path>,
        key: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let signature = match key {
            Some(key) => verify::signature_state(&image.reference, key)?,
            None => NOT_ASKED.to_owned(),
        };
        Ok(Self {
            image,
            ownership: Ownership::new(&image.inventory),
            dockerfile: dockerfile.map(instructions).transpose()?,
            signature,
        })
    }

    /// Where the program of an event comes from; none outside containers of the image.
    pub(super) fn of(&self, call: &SystemCall<'_>) -> Option<Origin> {
        let program = loaded::program(call)?;
        if !self.image.only.has(call) {
            return None;
        }
        let inventory = &self.image.inventory;
        let owners = self.ownership.of(&program);
        let package = owners.first().and_then(|at| inventory.packages.get(*at));
        let layer = package.and_then(|it| it.locations.first()?.layer);
        let made_by = layer
            .and_then(|at| inventory.layers.get(usize::try_from(at).ok()?))
            .map(|layer| instruction::of(&layer.created_by))
            .filter(|text| !text.is_empty());
        let line = made_by.as_ref().zip(self.dockerfile.as_ref()).and_then(|(made_by, known)| {
            let (file, instructions) = known;
            let words = normal(made_by);
            let (_, line) = instructions.iter().rev().find(|(text, _)| *text == words)?;
            Some(format!("{file}:{line}"))
        });
        Some(Origin {
            image: self.image.reference.clone(),
            program,
            package: package.map(|it| Purl::of(it, inventory.distro.as_ref()).to_string()),
            layer,
            instruction: made_by,
            line,
            signature: self.signature.clone(),
        })
    }
}

/// The instructions of a Dockerfile and their lines.
fn instructions(path: &Path) -> anyhow::Result<(String, Vec<(String, u32)>)> {
    let shown = path.display().to_string();
    let bytes = read(path).with_context(|| format!("cannot read `{shown}`"))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Usage(format!("--dockerfile: `{shown}` is no UTF-8 text")))?;
    let file = Dockerfile::parse(Source::new(&text));
    let instructions = file.instructions.iter().map(|it| {
        (normal(&format!("{} {}", it.keyword.name(), it.arguments_text.text())), it.lines.0)
    });
    Ok((shown, instructions.collect()))
}

/// Builders change the spaces of what they keep, and Docker's classic one writes a hash in the place
/// of what is copied: there the destination has to do.
fn normal(instruction: &str) -> String {
    let words: Vec<&str> = instruction.split_whitespace().collect();
    match words.as_slice() {
        [keyword @ ("COPY" | "ADD"), .., to] => format!("{keyword} {}", to.trim_end_matches('/')),
        _ => words.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn an_instruction_is_found_in_the_words_of_either_builder() {
        assert_eq!(normal("RUN apt-get update  &&   true"), "RUN apt-get update && true");
        assert_eq!(normal("ADD file:4b1be1de… in / "), normal("ADD root.tar /"));
        assert_eq!(normal("COPY a b /app/"), normal("COPY multi:4b1be1de… in /app"));
        assert_ne!(normal("COPY a /app"), normal("ADD a /app"));
    }
}
