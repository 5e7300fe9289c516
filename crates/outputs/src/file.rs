//! A file, a line an alert; moved away and begun anew when it has its size.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use plimsoll_runtime::alert::Alert;

use crate::settings::FileSettings;
use crate::{Channel, OutputError};

/// A file.
#[derive(Debug)]
pub(crate) struct File {
    settings: FileSettings,
    open: Option<fs::File>,
}

impl File {
    pub(crate) fn new(settings: FileSettings) -> Result<Self, OutputError> {
        if settings.filename.as_os_str().is_empty() {
            let why = "`file_output` has no `filename`".to_owned();
            return Err(OutputError::Settings(why));
        }
        let mut own = Self { settings, open: None };
        own.open()?;
        Ok(own)
    }

    fn what(&self) -> String {
        format!("`{}`", self.settings.filename.display())
    }

    fn open(&mut self) -> Result<&mut fs::File, OutputError> {
        let what = self.what();
        let file = match self.open.take() {
            Some(file) => file,
            None => OpenOptions::new()
                .create(true)
                .append(true)
                .open(&self.settings.filename)
                .map_err(OutputError::io(what))?,
        };
        Ok(self.open.insert(file))
    }

    /// Moves the file to `NAME.1`, that to `NAME.2` and so on.
    fn rotate(&mut self) -> Result<(), OutputError> {
        let numbered = |number: u32| {
            let mut name = self.settings.filename.clone().into_os_string();
            name.push(format!(".{number}"));
            PathBuf::from(name)
        };
        for number in (1..self.settings.rotate_keep).rev() {
            let from = numbered(number);
            if from.exists() {
                fs::rename(from, numbered(number.saturating_add(1)))
                    .map_err(OutputError::io(self.what()))?;
            }
        }
        if self.settings.rotate_keep == 0 {
            fs::remove_file(&self.settings.filename)
        } else {
            fs::rename(&self.settings.filename, numbered(1))
        }
        .map_err(OutputError::io(self.what()))?;
        self.open = None;
        Ok(())
    }
}

impl Channel for File {
    fn name(&self) -> &'static str {
        "file"
    }

    fn send(&mut self, _: &Alert, line: &str) -> Result<(), OutputError> {
        let (what, limit) = (self.what(), self.settings.rotate_bytes);
        let file = self.open()?;
        let size = file.metadata().map_err(OutputError::io(what.clone()))?.len();
        let added = line.len() as u64;
        if limit > 0 && size > 0 && size.saturating_add(added) > limit {
            self.rotate()?;
        }
        // In one call, so that two writers do not mix their lines.
        let written = self.open()?.write_all(format!("{line}\n").as_bytes());
        if !self.settings.keep_alive {
            self.open = None;
        }
        written.map_err(OutputError::io(what))
    }
}
