//! Standard output, a line an alert.

use std::io::{self, Write};

use plimsoll_runtime::alert::Alert;

use crate::{Channel, OutputError};

/// Standard output.
#[derive(Debug)]
pub(crate) struct Stdout;

impl Channel for Stdout {
    fn name(&self) -> &'static str {
        "stdout"
    }

    fn send(&mut self, _: &Alert, line: &str) -> Result<(), OutputError> {
        writeln!(io::stdout().lock(), "{line}").map_err(OutputError::io("standard output"))
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        io::stdout().lock().flush().map_err(OutputError::io("standard output"))
    }
}
