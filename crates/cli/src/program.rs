//! Programs whose output is read: bounded in time and size.

use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// What a program may take of us.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) time: Duration,
    /// How much it may print, in bytes.
    pub(crate) printed: u64,
}

/// How much of what it complains about is told, in bytes.
const MAX_SAID: u64 = 16 << 10;

/// Why a program printed nothing that counts.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    /// It is not there.
    #[error("there is no such program")]
    Missing,
    /// It cannot be started, or read from.
    #[error("it cannot be run")]
    Broken(#[from] io::Error),
    /// It says why itself.
    #[error("{0}")]
    Said(String),
    /// It takes too long.
    #[error("it took longer than {0} seconds")]
    Slow(u64),
    /// It prints too much.
    #[error("it printed more than {} MiB", .0 >> 20)]
    Long(u64),
}

/// What a program prints. What it complains about is in the error, unless the command says where else
/// that goes.
pub(crate) fn run(command: &mut Command, bounds: Bounds) -> Result<String, Failed> {
    let slow = || Failed::Slow(bounds.time.as_secs());
    let mut child = match command.stdout(Stdio::piped()).spawn() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Failed::Missing),
        started => started?,
    };
    let deadline = Instant::now() + bounds.time;
    let printed = collect(child.stdout.take(), bounds.printed);
    let said = collect(child.stderr.take(), MAX_SAID);
    let ended = (|| {
        let left = deadline.saturating_duration_since(Instant::now());
        let printed = printed.recv_timeout(left).map_err(|_| slow())?;
        if printed.len() as u64 > bounds.printed {
            return Err(Failed::Long(bounds.printed));
        }
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok((printed, status));
            }
            if Instant::now() >= deadline {
                return Err(slow());
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

    fn run(program: &str, arguments: &[&str], time: u64) -> Result<String, Failed> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stderr(Stdio::piped());
        super::run(&mut command, Bounds { time: Duration::from_secs(time), printed: 1 << 20 })
    }

    #[test]
    fn what_a_program_says_of_its_failure_is_told() {
        let shell = |text: &str| run("sh", &["-c", text], 60);
        assert_eq!(shell("echo yes").unwrap(), "yes\n");
        let said = shell("echo 'Error: no such chart' >&2; exit 1").unwrap_err();
        assert_eq!(said.to_string(), "no such chart");
        assert!(shell("exit 3").unwrap_err().to_string().contains("exit status: 3"));
        assert!(matches!(run("no-such-program", &[], 60), Err(Failed::Missing)));
    }

    #[test]
    fn a_flood_and_a_program_that_does_not_end_are_cut_off() {
        assert!(matches!(run("yes", &[], 60), Err(Failed::Long(_))));
        assert!(matches!(run("sleep", &["60"], 1), Err(Failed::Slow(1))));
    }
}
