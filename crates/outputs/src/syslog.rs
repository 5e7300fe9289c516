//! The system's log, through its socket, as `syslog(3)` writes it (RFC 3164).

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use plimsoll_runtime::alert::Alert;
use plimsoll_runtime::loader::Priority;

use crate::{Channel, OutputError};

/// The facility of programs that run in the background.
const DAEMON: u8 = 3;
/// How many bytes a message may have; longer ones are cut.
const MAX_MESSAGE: usize = 8_000;

/// The system's log.
#[derive(Debug)]
pub(crate) struct Syslog {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Syslog {
    pub(crate) fn new(path: Option<PathBuf>) -> Result<Self, OutputError> {
        let path = path.unwrap_or_else(|| "/dev/log".into());
        let socket = UnixDatagram::unbound().map_err(OutputError::io("a socket"))?;
        Ok(Self { socket, path })
    }
}

/// The severity of a message: that of the same name.
fn severity(priority: Priority) -> u8 {
    match priority {
        Priority::Emergency => 0,
        Priority::Alert => 1,
        Priority::Critical => 2,
        Priority::Error => 3,
        Priority::Warning => 4,
        Priority::Notice => 5,
        Priority::Informational => 6,
        Priority::Debug => 7,
    }
}

impl Channel for Syslog {
    fn name(&self) -> &'static str {
        "syslog"
    }

    fn send(&mut self, alert: &Alert, line: &str) -> Result<(), OutputError> {
        let number = DAEMON * 8 + severity(alert.priority);
        let end = line.floor_char_boundary(MAX_MESSAGE);
        let line = line.get(..end).unwrap_or_default();
        let message = format!("<{number}>plimsoll[{}]: {line}", std::process::id());
        let what = format!("`{}`", self.path.display());
        let sent = self.socket.send_to(message.as_bytes(), &self.path);
        sent.map(|_| ()).map_err(OutputError::io(what))
    }
}
