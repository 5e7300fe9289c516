//! What the tools that look for vulnerabilities have in common: a target, read and judged.

use std::path::Path;

use anyhow::Context;
use plimsoll_image::Options;
use plimsoll_model::{Inventory, Platform, Reference, Scan, Transport};
use plimsoll_report::{Format, Style};
use plimsoll_supply::document;

use crate::commands::scan;
use crate::exit::{Usage, tell};
use crate::style::stdout_style;
use crate::{bill, clock, output, paths, target};

/// How images are read where nothing else is said.
pub(super) fn options(platform: Option<&str>) -> Result<Options, Usage> {
    let mut options =
        Options { cache: Some(paths::cache_dir().join("layers")), ..Options::default() };
    if let Some(platform) = platform {
        options.platform =
            platform.parse::<Platform>().map_err(|error| Usage(format!("--platform: {error}")))?;
    }
    Ok(options)
}

/// An image by its name, never a path.
pub(super) fn image(name: &str, transport: Transport) -> Result<Reference, Usage> {
    let name =
        name.parse().map_err(|error: plimsoll_model::ReferenceError| Usage(error.to_string()))?;
    Ok(Reference::Image { transport, name })
}

/// A file or folder with an image.
pub(super) fn stored(path: &str) -> Reference {
    let bare = path.rsplit_once(':').map_or(path, |(front, _)| front);
    let is_folder =
        Path::new(path).is_dir() || (!Path::new(path).exists() && Path::new(bare).is_dir());
    let transport = if is_folder { Transport::OciDir } else { Transport::DockerArchive };
    Reference::Path { transport, path: path.to_owned() }
}

/// Whether a registry is on this machine: all these tools speak to such a one without TLS.
pub(super) use plimsoll_image::sources::registry::is_loopback as is_here;

/// Allows the registry of an image to have no TLS where it is on this machine.
pub(super) fn reach(reference: &Reference, options: &mut Options) {
    if let Reference::Image { name, .. } = reference
        && is_here(name.registry())
    {
        options.registry.insecure.push(name.registry().to_owned());
    }
}

/// Reads what a reference names, and says what could not be read.
pub(super) fn read(reference: &Reference, options: &Options) -> anyhow::Result<Inventory> {
    let mut options = options.clone();
    reach(reference, &mut options);
    let inventory = target::read(reference, &options)?;
    target::tell_problems(&inventory);
    Ok(inventory)
}

/// The packages that an SBOM lists, and what could not be read of it; `-` is standard input.
pub(super) fn sbom(path: &str) -> anyhow::Result<Inventory> {
    let inventory = bill::read(path)?;
    target::tell_problems(&inventory);
    Ok(inventory)
}

/// What is known of it.
pub(super) fn judged(
    inventory: Inventory,
    database: Option<std::path::PathBuf>,
) -> anyhow::Result<Scan> {
    let database = scan::open_database(database)?;
    let source = inventory.artifact.source.as_str();
    let declared = source == "dir" || document::is_source(source);
    scan::matched(inventory, &database, declared, clock::now())
}

/// Writes a report to a file or to stdout.
pub(super) fn write(scan: &Scan, format: &Format, file: Option<&str>) -> anyhow::Result<()> {
    let style = if file.is_some() { Style::default() } else { stdout_style() };
    output::write(file, |out| (format.write)(scan, &style, out))
}

/// A format of ours that must be there.
pub(super) fn format(name: &str) -> anyhow::Result<Format> {
    Format::named(name).with_context(|| format!("there is no format `{name}`"))
}

/// Says that a command is older than the tool's present one, and what it is called now.
pub(super) fn dated(tool: &str, old: &str, new: &str) {
    tell(&format!("note: {tool}: `{old}` is dated: {new}"));
}

#[cfg(test)]
mod tests {
    use super::is_here;

    #[test]
    fn registries_of_this_machine_are_known_by_their_addresses() {
        for here in ["localhost:5000", "127.0.0.1:5000", "localhost", "[::1]:5000", "127.8.9.1"] {
            assert!(is_here(here), "{here}");
        }
        for elsewhere in ["docker.io", "localhost.example:5000", "10.0.0.1:5000", "registry:5000"] {
            assert!(!is_here(elsewhere), "{elsewhere}");
        }
    }
}
