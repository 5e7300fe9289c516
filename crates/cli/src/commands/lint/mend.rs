//! `--fix`: the new text to its place, or a diff to stdout.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use plimsoll_build::{Config, Environment, Fixed, Safety, Source, fix};

use super::files::is_stdin;
use crate::exit::tell;
use crate::output;

/// A file before and after.
pub(in crate::commands) struct Mended {
    pub(in crate::commands) path: PathBuf,
    pub(in crate::commands) before: String,
    pub(in crate::commands) after: String,
    /// The rule's id, the line, what was done.
    pub(in crate::commands) made: Vec<(&'static str, u32, String)>,
    /// A text as a difference may show it: where files of this kind have secrets, without them.
    pub(in crate::commands) shown: fn(&str) -> String,
}

impl Mended {
    pub(super) fn new(
        path: &Path,
        source: &Source,
        config: &Config,
        environment: &Environment,
        safety: Safety,
    ) -> Self {
        let before = format!("{}{}", source.byte_order_mark(), source.text());
        let Fixed { text: after, made } = fix(&before, config, environment, safety);
        Self { path: path.to_owned(), before, after, made, shown: str::to_owned }
    }

    pub(super) fn text(&self) -> &str {
        &self.after
    }

    /// Writes the file and says what was done, or shows the difference.
    pub(in crate::commands) fn deliver(&self, diff: bool) -> anyhow::Result<()> {
        let path = self.path.display();
        if diff {
            let (old, new) = ((self.shown)(&self.before), (self.shown)(&self.after));
            let text = similar::TextDiff::from_lines(&old, &new);
            let (before, after) = (format!("a/{path}"), format!("b/{path}"));
            let shown = text.unified_diff().header(&before, &after).to_string();
            output::stdout().write_all(shown.as_bytes())?;
            if old != self.before && !shown.is_empty() {
                tell(&format!("{path}: secrets are not shown: this difference may be no patch"));
            }
            return Ok(());
        }
        if is_stdin(&self.path) {
            output::stdout().write_all(self.after.as_bytes())?;
        } else if self.after != self.before {
            output::anew(&self.path, &self.after)
                .with_context(|| format!("cannot write `{path}`"))?;
        }
        for (rule, line, title) in &self.made {
            tell(&format!("{path}:{line} {rule}: {title}"));
        }
        Ok(())
    }
}
