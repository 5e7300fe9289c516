//! What an outcome means to the shell: 0 clean, 1 findings over the gate, 2 usage, 3 failed or
//! partial, 4 stale advisory data, 5 denied by policy.

use std::io;
use std::process::ExitCode;

/// How a command ended, where it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All was read.
    Clean,
    /// Something that should have been read could not be.
    Partial,
    /// A gate was not passed: its exit code.
    Gate(u8),
}

impl Outcome {
    /// The outcome of a verdict's exit code.
    pub(crate) fn of_code(code: u8) -> Self {
        if code == 0 { Self::Clean } else { Self::Gate(code) }
    }

    /// Of two outcomes the one that weighs more: partial, then stale, then a gate.
    pub(crate) fn or(self, other: Self) -> Self {
        let weight = |outcome: Self| match outcome.code() {
            3 => u8::MAX,
            code => code,
        };
        if weight(other) > weight(self) { other } else { self }
    }

    fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Partial => 3,
            Self::Gate(code) => code,
        }
    }
}

/// A mistake in the arguments that clap cannot see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Tells the user what went wrong, and the shell whether anything did.
pub(crate) fn code(result: anyhow::Result<Outcome>) -> ExitCode {
    match result {
        Ok(outcome) => ExitCode::from(outcome.code()),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("error: {}", chain(&error)));
            ExitCode::from(if error.is::<Usage>() { 2 } else { 3 })
        }
    }
}

/// The error and its causes on one line, each said once: some messages end with their cause.
pub(crate) fn chain(error: &anyhow::Error) -> String {
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
