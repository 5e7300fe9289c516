//! What an outcome means to the shell: 0 clean, 2 usage, 3 failed or partial.

use std::io;
use std::process::ExitCode;

/// How a command ended, where it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All was read.
    Clean,
    /// Something that should have been read could not be.
    Partial,
}

/// A mistake in the arguments that clap cannot see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Tells the user what went wrong, and the shell whether anything did.
pub(crate) fn code(result: anyhow::Result<Outcome>) -> ExitCode {
    match result {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Partial) => ExitCode::from(3),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("error: {}", chain(&error)));
            ExitCode::from(if error.is::<Usage>() { 2 } else { 3 })
        }
    }
}

/// The error and its causes on one line, each said once: some messages end with their cause.
fn chain(error: &anyhow::Error) -> String {
    error.chain().skip(1).map(ToString::to_string).fold(error.to_string(), |said, cause| {
        if said.ends_with(&cause) { said } else { format!("{said}: {cause}") }
    })
}

/// Says something to the person, not to the pipe.
pub(crate) fn tell(line: &str) {
    use io::Write;
    // Nobody is left to be told that stderr is closed.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Whoever read our output has seen enough: `plimsoll sbom … | head`.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json =
            cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(io::ErrorKind::BrokenPipe)
    })
}
