//! Standard output, a line an alert; why it was raised stands below in a text.

use std::io::{self, Write};

use plimsoll_runtime::alert::Alert;

use crate::{Channel, OutputError};

/// Standard output.
#[derive(Debug)]
pub(crate) struct Stdout {
    /// Alerts are objects, which have everything in them.
    pub(crate) json: bool,
}

impl Channel for Stdout {
    fn name(&self) -> &'static str {
        "stdout"
    }

    fn send(&mut self, alert: &Alert, line: &str) -> Result<(), OutputError> {
        let mut text = line.to_owned();
        if let Some(explanation) = alert.explanation.as_ref().filter(|_| !self.json) {
            for line in explanation.lines() {
                text.push('\n');
                text.push_str(&line);
            }
        }
        writeln!(io::stdout().lock(), "{text}").map_err(OutputError::io("standard output"))
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        io::stdout().lock().flush().map_err(OutputError::io("standard output"))
    }
}
