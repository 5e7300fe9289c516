//! Stops all responses: a file that is there, or a signal.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether responses are switched off.
#[derive(Debug, Clone)]
pub struct Switch {
    file: PathBuf,
    flag: Arc<AtomicBool>,
}

impl Switch {
    /// Off as long as the file is there, or the flag is set.
    pub fn new(file: PathBuf) -> Self {
        Self { file, flag: Arc::default() }
    }

    /// Makes the folder that the file is put into, where it is not there: for its owner alone.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn prepare(&self) -> io::Result<()> {
        let folder = self.file.parent().filter(|folder| *folder != Path::new(""));
        folder.map_or(Ok(()), |folder| DirBuilder::new().recursive(true).mode(0o700).create(folder))
    }

    /// For a handler of signals.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.flag)
    }

    /// Why nothing is done at the moment. A file that cannot be looked for counts as there.
    pub fn off(&self) -> Option<String> {
        if self.flag.load(Ordering::Relaxed) {
            return Some("switched off by a signal".to_owned());
        }
        let shown = self.file.display();
        match self.file.try_exists() {
            Ok(false) => None,
            Ok(true) => Some(format!("switched off by `{shown}`")),
            Err(error) => Some(format!("`{shown}` cannot be looked for: {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_the_file_is_made_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("run/plimsoll");
        let switch = Switch::new(inner.join("responses.off"));
        switch.prepare().unwrap();
        switch.prepare().unwrap();
        assert_eq!(std::fs::metadata(&inner).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(switch.off(), None);
        Switch::new("off".into()).prepare().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        assert!(Switch::new(folder.path().join("file/off")).prepare().is_err());
    }

    #[test]
    fn a_file_or_a_signal_switches_off() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("off");
        let switch = Switch::new(file.clone());
        assert_eq!(switch.off(), None);
        std::fs::write(&file, "").unwrap();
        assert!(switch.off().unwrap().contains("off"));
        std::fs::remove_file(&file).unwrap();
        switch.flag().store(true, Ordering::Relaxed);
        assert!(switch.off().unwrap().contains("signal"));
    }
}
