//! Links by which the program is called as another.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::Context;

use super::TOOLS;
use crate::exit::{Usage, tell};

/// Makes a link in `folder` for each tool, or for those named; what is there already and no such
/// link stays as it is.
pub(crate) fn install(folder: &Path, names: &[String]) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("cannot say where this program is")?;
    if let Some(name) = names.iter().find(|name| super::named(name).is_none()) {
        return Err(Usage(super::unknown::unknown(name)).into());
    }
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    let wanted = |name: &str| names.is_empty() || names.iter().any(|it| it == name);
    for tool in TOOLS.iter().filter(|tool| wanted(tool.name)) {
        let link = folder.join(tool.name);
        let shown = link.display();
        match symlink(&program, &link) {
            Ok(()) => tell(&format!("{shown} -> {}", program.display())),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if fs::read_link(&link).is_ok_and(|to| to == program) {
                    tell(&format!("{shown} is there already"));
                } else {
                    let why =
                        format!("`{shown}` is there and no link to this program: move it away");
                    return Err(Usage(why).into());
                }
            }
            Err(error) => return Err(error).with_context(|| format!("cannot make `{shown}`")),
        }
    }
    Ok(())
}
