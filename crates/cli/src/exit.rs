//! What an outcome means to the shell: 0 clean, 1 findings over the gate, 2 usage, 3 failed or
//! partial, 4 stale advisory data, 5 denied by policy.

use std::io;
use std::process::ExitCode;

use clap::error::ErrorKind;

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

/// What a command's ends are called by another program's numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Codes {
    /// Wrong usage.
    pub(crate) usage: u8,
    /// It failed.
    pub(crate) failed: u8,
    /// Something could not be read.
    pub(crate) partial: u8,
}

impl Codes {
    /// Our own.
    const OWN: Self = Self { usage: 2, failed: 3, partial: 3 };
}

/// A mistake in the arguments that clap cannot see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Tells the user what went wrong, and the shell whether anything did.
pub(crate) fn code(result: anyhow::Result<Outcome>) -> ExitCode {
    ExitCode::from(code_of(result, Codes::OWN))
}

/// The same by another program's numbers.
pub(crate) fn code_of(result: anyhow::Result<Outcome>, codes: Codes) -> u8 {
    match result {
        Ok(Outcome::Partial) => codes.partial,
        Ok(outcome) => outcome.code(),
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => {
            tell(&format!("error: {}", chain(&error)));
            if error.is::<Usage>() { codes.usage } else { codes.failed }
        }
    }
}

/// Tells what clap found wrong in one line, with how the command is called; help is printed as it is.
pub(crate) fn refused(error: &clap::Error) -> u8 {
    if is_help(error) {
        let _ = error.print();
        return if error.use_stderr() { Codes::OWN.usage } else { 0 };
    }
    let said = paragraphs(error);
    let kept = said.iter().filter(|it| !it.starts_with("For more information"));
    let kept: Vec<String> = kept.map(|it| it.replacen("Usage:", "usage:", 1)).collect();
    tell(&kept.join("; "));
    Codes::OWN.usage
}

/// Whether somebody asked for help, or said nothing and gets it.
pub(crate) fn is_help(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// What clap says, a line each: the mistake, what may be meant, and how the command is called.
pub(crate) fn paragraphs(error: &clap::Error) -> Vec<String> {
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let joined = lines.split(|line| line.is_empty()).map(|lines| lines.join(" "));
    joined.filter(|paragraph| !paragraph.is_empty()).collect()
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
