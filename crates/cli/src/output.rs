//! Where results go: `-o FORMAT` to stdout, `-o FORMAT=FILE` to a file that appears whole or not
//! at all.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context;

use crate::exit::Usage;

/// The `-o` arguments, each a format of a registry and its file, `None` for stdout.
pub(crate) fn parse<'t, F>(
    texts: &'t [String],
    named: impl Fn(&str) -> Option<F>,
    known: &[&'static str],
) -> Result<Vec<(F, Option<&'t str>)>, Usage> {
    let one = |text: &'t String| {
        let (name, file) =
            text.split_once('=').map_or((text.as_str(), None), |(name, file)| (name, Some(file)));
        let format = named(name).ok_or_else(|| {
            Usage(format!("unknown format `{name}`: expected one of {}", known.join(", ")))
        })?;
        if file == Some("") {
            return Err(Usage(format!("`{text}` names no file")));
        }
        Ok((format, file.filter(|file| *file != "-")))
    };
    let outputs: Vec<(F, Option<&'t str>)> = texts.iter().map(one).collect::<Result<_, _>>()?;
    let mut places = BTreeSet::new();
    match outputs.iter().find(|(_, place)| !places.insert(*place)) {
        None => Ok(outputs),
        Some((_, Some(file))) => {
            Err(Usage(format!("two reports would go to `{file}`: give each a file of its own")))
        }
        Some((_, None)) => {
            let why = "two reports would go to stdout: give all but one a file, `-o json=FILE`";
            Err(Usage(why.into()))
        }
    }
}

/// Stdout for a command that has a verdict: whoever reads it may go (`… | head`), and the verdict is the
/// same.
#[derive(Debug)]
pub(crate) struct Verdict(io::Stdout);

/// Stdout that swallows what nobody reads any more.
pub(crate) fn stdout() -> Verdict {
    Verdict(io::stdout())
}

fn even_unread<T>(result: io::Result<T>, otherwise: T) -> io::Result<T> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(otherwise),
        result => result,
    }
}

impl Write for Verdict {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        even_unread(self.0.write(bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        even_unread(self.0.flush(), ())
    }
}

/// Writes to stdout or to a file.
pub(crate) fn write(
    file: Option<&str>,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    let Some(file) = file else {
        let mut out = BufWriter::new(stdout());
        content(&mut out).and_then(|()| out.flush()).context("cannot write to stdout")?;
        return Ok(());
    };
    whole(Path::new(file), content).with_context(|| format!("cannot write `{file}`"))
}

/// Writes a file beside its place and moves it there once it is complete. What is no file (a pipe, a
/// device) is written to as it is: nothing may be put in its place.
pub(crate) fn whole(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    // A link is not replaced, but what it leads to.
    let known = fs::canonicalize(path).ok();
    let path = known.as_deref().unwrap_or(path);
    if fs::metadata(path).is_ok_and(|it| !it.is_file() && !it.is_dir()) {
        let mut out = BufWriter::new(fs::File::options().write(true).open(path)?);
        content(&mut out)?;
        return out.flush();
    }
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Asked first, because the error of the temporary file would name that file.
    fs::metadata(folder)?;
    let mut partial = tempfile::NamedTempFile::new_in(folder)?;
    // Its own errors would name a file that nobody knows.
    let mut out = BufWriter::new(partial.as_file_mut());
    content(&mut out)?;
    out.flush()?;
    drop(out);
    let partial = partial.into_temp_path();
    fs::set_permissions(&partial, std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    partial.persist(path).map_err(|error| error.error)
}

/// The same for a text file that is there, which keeps its permissions; a link is followed.
pub(crate) fn anew(path: &Path, text: &str) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let permissions = fs::metadata(&path)?.permissions();
    whole(&path, |out| out.write_all(text.as_bytes()))?;
    fs::set_permissions(&path, permissions)
}

/// Writes a JSON document, indented.
pub(crate) fn json(file: Option<&str>, document: &impl serde::Serialize) -> anyhow::Result<()> {
    write(file, |out| {
        serde_json::to_writer_pretty(&mut *out, document)?;
        writeln!(out)
    })
}

/// Text of elsewhere without control characters, which could rewrite what a terminal shows.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::fs::{FileTypeExt as _, symlink};

    use super::*;

    #[test]
    fn a_pipe_is_written_to_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = {
            let pipe = pipe.clone();
            std::thread::spawn(move || {
                let mut text = String::new();
                fs::File::open(pipe).unwrap().read_to_string(&mut text).unwrap();
                text
            })
        };
        whole(&pipe, |out| out.write_all(b"report")).unwrap();
        assert_eq!(reader.join().unwrap(), "report");
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    }

    #[test]
    fn a_link_stays_and_what_it_leads_to_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        symlink(&file, &link).unwrap();
        whole(&link, |out| out.write_all(b"new")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    }

    #[test]
    fn what_fails_leaves_the_file_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "old").unwrap();
        assert!(whole(&file, |_| Err(io::Error::other("full"))).is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
