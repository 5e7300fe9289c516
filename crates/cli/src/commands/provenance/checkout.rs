//! What git says of the folder that a build runs in, asked of the program `git`.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context as _;
use plimsoll_supply::provenance::generate::checkout::Checkout;

use crate::exit::Usage;

/// The working copy at `folder`.
pub(super) fn read(folder: &Path) -> anyhow::Result<Checkout> {
    let commit = git(folder, &["rev-parse", "--verify", "HEAD^{commit}"])?;
    let Some(commit) = commit else {
        let why = format!("`{}` is no checkout of a git repository", folder.display());
        return Err(Usage(why).into());
    };
    let branch = git(folder, &["symbolic-ref", "--quiet", "HEAD"])?;
    let reference = match branch {
        Some(branch) => branch,
        None => git(folder, &["describe", "--exact-match", "--tags", "HEAD"])?
            .map(|tag| format!("refs/tags/{tag}"))
            .unwrap_or_default(),
    };
    let remote = git(folder, &["config", "--get", "remote.origin.url"])?;
    let changed = git(folder, &["status", "--porcelain", "--untracked-files=normal"])?;
    let is_dirty = changed.is_some();
    let checkout = Checkout { commit, reference, remote, is_dirty };
    anyhow::ensure!(checkout.is_sound(), "git names no commit in `{}`", folder.display());
    Ok(checkout)
}

/// The first line that git prints; none where it prints nothing or says no.
fn git(folder: &Path, arguments: &[&str]) -> anyhow::Result<Option<String>> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        // A repository may name programs to run in its own configuration; these are never run.
        .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"])
        .arg("--no-optional-locks")
        .args(arguments)
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .context("cannot run `git`, which says what is checked out")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().unwrap_or_default().trim();
    Ok((output.status.success() && !line.is_empty()).then(|| line.to_owned()))
}
