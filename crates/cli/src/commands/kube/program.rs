//! Programs whose output is read: bounded in time and size.

use std::ffi::OsString;
use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may take.
const MAX_TIME: Duration = Duration::from_mins(2);
/// How much it may print, in bytes.
const MAX_PRINTED: u64 = 128 << 20;
/// How much of what it complains about is told, in bytes.
const MAX_SAID: u64 = 16 << 10;

/// Why a program printed nothing that counts.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// It is not there.
    #[error("it is not on the PATH")]
    Missing,
    /// It cannot be started, or read from.
    #[error("it cannot be run")]
    Broken(#[from] io::Error),
    /// It says why itself.
    #[error("{0}")]
    Said(String),
    /// It takes too long.
    #[error("it took longer than {} seconds", MAX_TIME.as_secs())]
    Slow,
    /// It prints too much.
    #[error("it printed more than {} MiB", MAX_PRINTED >> 20)]
    Long,
}

/// What a program prints.
pub(super) fn run(program: &str, arguments: &[OsString]) -> Result<String, Failed> {
    let started = Command::new(program)
        .args(arguments)
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match started {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Failed::Missing),
        started => started?,
    };
    let deadline = Instant::now() + MAX_TIME;
    let printed = collect(child.stdout.take(), MAX_PRINTED);
    let said = collect(child.stderr.take(), MAX_SAID);
    let ended = (|| {
        let left = deadline.saturating_duration_since(Instant::now());
        let printed = printed.recv_timeout(left).map_err(|_| Failed::Slow)?;
        if printed.len() as u64 > MAX_PRINTED {
            return Err(Failed::Long);
        }
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok((printed, status));
            }
            if Instant::now() >= deadline {
                return Err(Failed::Slow);
            }
            thread::sleep(Duration::from_millis(2));
        }
    })();
    if ended.is_err() {
        // It may have ended by itself meanwhile.
        let _ = child.kill();
        let _ = child.wait();
    }
    let (printed, status) = ended?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&printed).into_owned());
    }
    let said = said.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let clean = |line: &str| line.chars().filter(|letter| !letter.is_control()).collect::<String>();
    let lines: Vec<String> =
        said.lines().map(clean).filter(|line| !line.trim().is_empty()).collect();
    let said = lines.join("\n");
    let said = said.strip_prefix("Error: ").unwrap_or(&said);
    Err(Failed::Said(if said.is_empty() {
        format!("it ended with {status}")
    } else {
        said.to_owned()
    }))
}

/// The bytes of a pipe, one more than `most` where there are more; what follows is let go.
fn collect(pipe: Option<impl Read + Send + 'static>, most: u64) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let Some(mut pipe) = pipe else { return };
        let mut bytes = Vec::new();
        let _ = pipe.by_ref().take(most.saturating_add(1)).read_to_end(&mut bytes);
        // Nobody waits any longer where it took too long.
        let _ = sender.send(bytes);
        let _ = io::copy(&mut pipe, &mut io::sink());
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_says_of_its_failure_is_told() {
        let shell = |text: &str| run("sh", &["-c".into(), text.into()]);
        assert_eq!(shell("echo yes").unwrap(), "yes\n");
        let said = shell("echo 'Error: no such chart' >&2; exit 1").unwrap_err();
        assert_eq!(said.to_string(), "no such chart");
        assert!(shell("exit 3").unwrap_err().to_string().contains("exit status: 3"));
        assert!(matches!(run("no-such-program", &[]), Err(Failed::Missing)));
    }

    #[test]
    fn a_flood_is_cut_off() {
        assert!(matches!(run("yes", &[]), Err(Failed::Long)));
    }
}
