//! A place that alerts go to, and all of them together.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_runtime::alert::{Alert, Style};

use crate::lane::{Deadline, Item, Lane, Tell};
use crate::{Settings, file, http, program, stdout, syslog};

/// A place that alerts go to.
pub trait Channel: Send {
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

/// What is done with an alert for which a channel's queue has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// It is waited until there is room: nothing happens meanwhile that would be missed.
    Wait,
    /// The channel does not get it, which is counted.
    Drop,
}

/// What is told of a channel.
#[derive(Debug)]
pub enum Notice<'n> {
    /// An alert did not arrive.
    Failed(&'n OutputError),
    /// What was held back did not arrive.
    Held(&'n OutputError),
    /// The queue has no room for an alert: said of every one.
    NoRoom,
    /// The queue had no room for so many alerts: said once a second at most.
    Full(u64),
    /// So many alerts were still to be handed over when nobody waited any longer.
    GivenUp(u64),
}

/// All channels that are on, each with a thread and a queue of its own.
pub struct Outputs {
    lanes: Vec<Lane>,
    tell: Tell,
    style: Style,
}

impl Outputs {
    /// Those of the settings; nothing is sent yet. `tell` is called with the name of a channel and what
    /// there is to say of it, by several threads.
    pub fn new(
        settings: &Settings,
        overflow: Overflow,
        tell: impl Fn(&'static str, Notice<'_>) + Send + Sync + 'static,
    ) -> Result<Self, OutputError> {
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
        let tell: Tell = Arc::new(tell);
        let capacity = match settings.outputs_queue.capacity {
            0 => CAPACITY,
            capacity => capacity,
        };
        let start = |channel| Lane::start(channel, capacity, overflow, Arc::clone(&tell));
        let lanes: io::Result<Vec<Lane>> = channels.into_iter().map(start).collect();
        let lanes = lanes.map_err(OutputError::io("a thread for an output"))?;
        Ok(Self { lanes, tell, style: settings.style() })
    }

    /// Hands an alert to every channel's queue.
    pub fn send(&mut self, alert: Alert) {
        self.send_but(alert, None);
    }

    /// The same without the channel of this name.
    pub fn send_but(&mut self, alert: Alert, but: Option<&str>) {
        let line = alert.line(&self.style);
        let item = Arc::new(Item { alert, line });
        for lane in self.lanes.iter_mut().filter(|lane| but != Some(lane.name())) {
            lane.push(&item, &self.tell);
        }
    }

    /// Waits until every queue is empty; false where one is not within this time.
    pub fn settle(&self, patience: Duration) -> bool {
        let until = Deadline::At(Instant::now() + patience);
        self.lanes.iter().all(|lane| lane.settle(until))
    }

    /// Hands over what waits and what is held back, within this time, all channels together. What is
    /// left then is lost.
    pub fn end_within(&mut self, patience: Duration) {
        self.end(Deadline::At(Instant::now() + patience));
    }

    /// Hands over what waits and what is held back, unless nothing arrives for so long.
    pub fn end_when_idle(&mut self, patience: Duration) {
        self.end(Deadline::Idle(patience));
    }

    fn end(&mut self, until: Deadline) {
        for lane in &mut self.lanes {
            lane.close(&self.tell);
        }
        for lane in &self.lanes {
            if !lane.settle(until) {
                lane.give_up(&self.tell);
            }
        }
    }

    /// How many alerts did not arrive, by channel.
    pub fn lost(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.lanes.iter().map(|lane| (lane.name(), lane.lost())).filter(|(_, lost)| *lost > 0)
    }
}

/// How long a service may take for one alert.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many alerts may wait for a channel where the settings do not say it.
const CAPACITY: usize = 8_192;
