//! Images by name: which source is asked, and in which order where the user did not say.
//!
//! A bare name is looked for in docker, in podman and at last in the registry. A source that has
//! the image but cannot read it ends the search: another copy might be another image.

use plimsoll_model::{ImageName, Inventory, Problem, ProblemKind, Transport};

use super::docker::Daemon;
use super::image::Reader;
use super::registry;
use crate::Options;
use crate::error::ImageError;

/// Reads the image called `name` and says which source had it.
pub fn read(
    transport: Transport,
    name: &ImageName,
    options: &Options,
    reader: &Reader<'_>,
) -> Result<(Inventory, &'static str), ImageError> {
    let (mut found, source, passed) =
        search(transport, options, name, |transport| one(transport, name, options, reader))?;
    found.problems.extend(passed);
    Ok((found, source))
}

fn one(
    transport: Transport,
    name: &ImageName,
    options: &Options,
    reader: &Reader<'_>,
) -> Result<(Inventory, &'static str), ImageError> {
    let of_daemon = |daemon: Daemon| {
        let inventory = daemon.read(name, &options.platform, &options.daemons, reader)?;
        Ok((inventory, daemon.name()))
    };
    match transport {
        Transport::Docker => of_daemon(Daemon::Docker),
        Transport::Podman => of_daemon(Daemon::Podman),
        Transport::Registry => {
            let inventory = registry::read(name, &options.platform, &options.registry, reader)?;
            Ok((inventory, Transport::Registry.prefix()))
        }
        _ => Err(not_opened(transport, name)),
    }
}

/// The error about a store that has no reader here.
pub(crate) fn not_opened(transport: Transport, name: &ImageName) -> ImageError {
    ImageError::Unsupported {
        what: format!("{}:{name}", transport.prefix()),
        why: "this store is not opened directly".into(),
        hint: "run `ctr images export FILE NAME` and read it with `oci-archive:FILE`",
    }
}

/// Asks the source that `transport` names, or each in turn, and says what was passed over.
pub(crate) fn search<T>(
    transport: Transport,
    options: &Options,
    name: &ImageName,
    one: impl Fn(Transport) -> Result<(T, &'static str), ImageError>,
) -> Result<(T, &'static str, Vec<Problem>), ImageError> {
    if transport != Transport::Auto {
        return one(transport).map(|(found, source)| (found, source, Vec::new()));
    }
    let mut tried = Vec::new();
    for transport in [Transport::Docker, Transport::Podman, Transport::Registry] {
        // Docker's absence is worth a word where nothing else answers; few people have both.
        if transport == Transport::Podman && !Daemon::Podman.is_there(&options.daemons) {
            continue;
        }
        match one(transport) {
            Ok((found, source)) => {
                return Ok((found, source, tried.iter().filter_map(passed_over).collect()));
            }
            Err(error @ (ImageError::NotFound { .. } | ImageError::NoDaemon { .. })) => {
                tried.push((transport.prefix(), error));
            }
            Err(error) if transport == Transport::Registry => {
                tried.push((transport.prefix(), error));
            }
            Err(error) => return Err(error),
        }
    }
    Err(ImageError::Nowhere { name: name.familiar(), tried })
}

/// A daemon that runs but could not be asked may have had another image of this name.
fn passed_over((source, error): &(&'static str, ImageError)) -> Option<Problem> {
    let ImageError::NoDaemon { address, message, absent: false, .. } = error else { return None };
    Some(Problem {
        kind: ProblemKind::Note,
        path: String::new(),
        layer: None,
        line: None,
        message: format!("{source} was not asked: `{address}`: {message}"),
    })
}
