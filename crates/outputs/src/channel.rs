//! A place that alerts go to, and all of them together.

use std::io;
use std::time::Duration;

use plimsoll_runtime::alert::{Alert, Style};

use crate::{Settings, file, http, program, stdout, syslog};

/// A place that alerts go to.
pub trait Channel {
    /// What it is called in messages.
    fn name(&self) -> &'static str;

    /// Hands over an alert; `line` is it as the settings want it written, without an end of line.
    fn send(&mut self, alert: &Alert, line: &str) -> Result<(), OutputError>;

    /// Hands over what is held back.
    fn flush(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
}

/// Why an alert did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// Reading or writing failed.
    #[error("{what}: {why}")]
    Io {
        /// What was done.
        what: String,
        /// The cause.
        why: io::Error,
    },
    /// A service did not take it.
    #[error("{url} {said}")]
    Refused {
        /// Which service.
        url: String,
        /// What it answered, or that it did not.
        said: String,
    },
    /// The settings of the channel cannot be used.
    #[error("{0}")]
    Settings(String),
}

impl OutputError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |why| Self::Io { what, why }
    }
}

/// All channels that are on.
pub struct Outputs {
    channels: Vec<(Box<dyn Channel>, u64)>,
    style: Style,
}

impl Outputs {
    /// Those of the settings; nothing is sent yet.
    pub fn new(settings: &Settings) -> Result<Self, OutputError> {
        let mut channels: Vec<Box<dyn Channel>> = Vec::new();
        if settings.stdout_output.enabled {
            channels.push(Box::new(stdout::Stdout { json: settings.json_output }));
        }
        if settings.file_output.enabled {
            channels.push(Box::new(file::File::new(settings.file_output.clone())?));
        }
        if settings.syslog_output.enabled {
            channels.push(Box::new(syslog::Syslog::new(settings.syslog_output.socket.clone())?));
        }
        if settings.program_output.enabled {
            channels.push(Box::new(program::Program::new(settings.program_output.clone())?));
        }
        if settings.http_output.enabled {
            let json = settings.json_output;
            channels.push(Box::new(http::Http::new(&settings.http_output, json, PATIENCE)?));
        }
        let channels = channels.into_iter().map(|channel| (channel, 0)).collect();
        Ok(Self { channels, style: settings.style() })
    }

    /// Hands an alert to every channel; gives what went wrong with which.
    pub fn send(&mut self, alert: &Alert) -> Vec<(&'static str, OutputError)> {
        let line = alert.line(&self.style);
        let mut failed = Vec::new();
        for (channel, lost) in &mut self.channels {
            if let Err(error) = channel.send(alert, &line) {
                *lost = lost.saturating_add(1);
                failed.push((channel.name(), error));
            }
        }
        failed
    }

    /// Hands over what is held back.
    pub fn flush(&mut self) -> Vec<(&'static str, OutputError)> {
        self.channels
            .iter_mut()
            .filter_map(|(channel, _)| Some((channel.name(), channel.flush().err()?)))
            .collect()
    }

    /// How many alerts did not arrive, by channel.
    pub fn lost(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.channels.iter().filter(|(_, lost)| *lost > 0).map(|(it, lost)| (it.name(), *lost))
    }
}

/// How long a service may take for one alert.
const PATIENCE: Duration = Duration::from_secs(5);
