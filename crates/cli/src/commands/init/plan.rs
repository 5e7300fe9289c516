//! What is to be written: new files are, and what should be in files that are there is shown.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::exit::tell;
use crate::output;

/// One thing to be done.
#[derive(Debug)]
pub(super) enum Step {
    /// A file of its own.
    File { path: String, text: String },
    /// Something to be put into a file that is somebody else's: where it is not there, it is written
    /// as `text`; where it is, `hint` is shown.
    Part { path: String, text: String, hint: String },
}

/// All of it, in order.
pub(super) struct Plan<'r> {
    root: &'r Path,
    steps: Vec<Step>,
}

impl<'r> Plan<'r> {
    pub(super) fn new(root: &'r Path) -> Self {
        Self { root, steps: Vec::new() }
    }

    pub(super) fn add(&mut self, step: Step) {
        self.steps.push(step);
    }

    #[cfg(test)]
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether there is a file of that name already.
    fn has(&self, path: &str) -> bool {
        self.root.join(path).symlink_metadata().is_ok()
    }

    /// Writes what is not there and shows the rest.
    pub(super) fn carry_out(&self, dry_run: bool) -> anyhow::Result<()> {
        for step in &self.steps {
            let (path, text, hint) = match step {
                Step::File { path, text } => (path, text, None),
                Step::Part { path, text, hint } => (path, text, Some(hint)),
            };
            let target = self.root.join(path);
            let shown = target.strip_prefix("./").unwrap_or(&target).display().to_string();
            if self.has(path) {
                keep(&target, &shown, text, hint.map(String::as_str))?;
            } else if dry_run {
                tell(&format!("would write `{shown}`"));
                show(&shown, "", text)?;
            } else {
                write(&target, text).with_context(|| format!("cannot write `{shown}`"))?;
                tell(&format!("wrote `{shown}`"));
            }
        }
        Ok(())
    }
}

/// What is there stays; how it differs is shown.
fn keep(target: &Path, shown: &str, text: &str, hint: Option<&str>) -> anyhow::Result<()> {
    let there = fs::read_to_string(target).unwrap_or_default();
    if there == text {
        tell(&format!("`{shown}` is as it would be written"));
    } else if let Some(hint) = hint {
        let missing: Vec<&str> = hint.lines().filter(|line| !there.contains(line.trim())).collect();
        if missing.is_empty() {
            tell(&format!("`{shown}` has what it needs"));
            return Ok(());
        }
        tell(&format!("`{shown}` is there and stays as it is: add to it"));
        output::write(None, |out| out.write_all(hint.as_bytes()))?;
    } else {
        tell(&format!("`{shown}` is there and stays as it is; it would be written so"));
        show(shown, &there, text)?;
    }
    Ok(())
}

/// The difference, as a patch that `git apply` takes.
fn show(shown: &str, before: &str, after: &str) -> anyhow::Result<()> {
    let difference = similar::TextDiff::from_lines(before, after);
    let old = if before.is_empty() { "/dev/null".to_owned() } else { format!("a/{shown}") };
    let text = difference.unified_diff().header(&old, &format!("b/{shown}")).to_string();
    output::write(None, |out| out.write_all(text.as_bytes()))
}

/// Writes a file that is not there; one that came into being meanwhile, or a link that leads nowhere,
/// is not written over.
fn write(target: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = target.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(PathBuf::from(folder))?;
    }
    let mut file = fs::File::options().write(true).create_new(true).open(target)?;
    match file.write_all(text.as_bytes()) {
        Ok(()) => Ok(()),
        Err(error) => {
            // Half a file would pass for one that somebody wrote.
            match fs::remove_file(target) {
                Err(other) if other.kind() != ErrorKind::NotFound => Err(other),
                _ => Err(error),
            }
        }
    }
}
