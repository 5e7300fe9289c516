//! `--build`: one folder built twice with the builder that is there.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context as _;

use crate::exit::tell;

/// Two images in the daemon, which are removed in the end.
pub(super) struct Built {
    tags: [String; 2],
}

impl Built {
    pub(super) fn first(&self) -> String {
        let [first, _] = &self.tags;
        format!("docker:{first}")
    }

    pub(super) fn second(&self) -> String {
        let [_, second] = &self.tags;
        format!("docker:{second}")
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        // Where that fails an image stays that nobody else is hurt by.
        let _ = Command::new("docker")
            .args(["image", "rm", "--force"])
            .args(&self.tags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// Builds `folder` twice without a cache.
pub(super) fn build(
    folder: &Path,
    file: Option<&Path>,
    arguments: &[String],
) -> anyhow::Result<Built> {
    let own = std::process::id();
    let built = Built { tags: [1, 2].map(|run| format!("plimsoll-rebuild:{own}-{run}")) };
    for (run, tag) in built.tags.iter().enumerate() {
        tell(&format!("building `{}`, run {} of 2", folder.display(), run + 1));
        let mut command = Command::new("docker");
        command.args(["build", "--no-cache", "--tag", tag]);
        if let Some(file) = file {
            command.arg("--file").arg(file);
        }
        for argument in arguments {
            command.arg("--build-arg").arg(argument);
        }
        // What builders write is for people; stdout is for the result.
        let status = command
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(std::io::stderr())
            .status()
            .context("cannot run `docker`, which builds")?;
        anyhow::ensure!(status.success(), "`docker build` failed: {status}");
    }
    Ok(built)
}
