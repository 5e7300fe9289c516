//! Lines that wait on disk: files that are only appended to, each called by the place of its first byte.
//!
//! One thread writes. It takes all that waits, writes it, lets the disk settle once, and tells everybody.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use tokio::sync::{Notify, mpsc, oneshot};

use crate::error::{Error, Result};

/// How large a file gets.
const MAX_FILE: u64 = 64 << 20;

/// How much may wait: 4 GiB.
const MAX_WAITING: u64 = 4 << 30;

/// How much is written at one time.
const MAX_GROUP: usize = 8 << 20;

/// Requests that wait to be written.
const MAX_REQUESTS: usize = 4_096;

const END: &str = "ndjson";

struct Group {
    lines: Vec<u8>,
    written: oneshot::Sender<std::result::Result<(), String>>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    /// Place behind the last byte that is on disk.
    written: AtomicU64,
    /// Place up to which everything is in the store.
    drained: AtomicU64,
    news: Notify,
}

/// Lines on disk.
#[derive(Debug)]
pub struct Spool {
    shared: Arc<Shared>,
    id: String,
    requests: Option<mpsc::Sender<Group>>,
    thread: Option<JoinHandle<()>>,
}

impl Spool {
    /// Opens what is in a folder, which is made. What was written in part when somebody pulled the plug
    /// was never promised to anybody, and goes.
    pub fn open(folder: &Path) -> Result<Self> {
        let failed = |source| Error::Io { action: "open", path: folder.into(), source };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let id = identity(folder).map_err(failed)?;
        let (file, start, length) = last(folder).map_err(failed)?;
        let shared = Arc::new(Shared {
            folder: folder.into(),
            written: AtomicU64::new(start + length),
            drained: AtomicU64::new(
                files(folder).map_err(failed)?.first().map_or(start, |it| it.0),
            ),
            news: Notify::new(),
        });
        let (requests, inbox) = mpsc::channel(MAX_REQUESTS);
        let writer = Writer { shared: Arc::clone(&shared), file, start, length };
        let thread = std::thread::Builder::new().name("spool".into());
        let thread = thread.spawn(move || writer.run(inbox)).map_err(failed)?;
        Ok(Self { shared, id, requests: Some(requests), thread: Some(thread) })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.shared.folder
    }

    /// What it is called in the store.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Bytes that wait.
    pub fn waiting(&self) -> u64 {
        self.end().saturating_sub(self.shared.drained.load(Ordering::Acquire))
    }

    /// Place behind the last byte.
    pub fn end(&self) -> u64 {
        self.shared.written.load(Ordering::Acquire)
    }

    /// Waits for more.
    pub async fn news(&self) {
        self.shared.news.notified().await;
    }

    /// Writes lines; they are on disk when it returns.
    pub async fn append(&self, lines: Vec<u8>) -> std::result::Result<(), String> {
        let ended = || "the thread that writes has ended".to_owned();
        let (written, told) = oneshot::channel();
        let requests = self.requests.as_ref().ok_or_else(ended)?;
        requests.send(Group { lines, written }).await.map_err(|_| ended())?;
        told.await.map_err(|_| ended())?
    }

    /// Whole lines from a place on, at most about `most` bytes, and the place behind them. Where a file
    /// has gone, the next one's begin.
    pub fn read(&self, from: u64, most: usize) -> io::Result<(Vec<u8>, u64)> {
        let end = self.end();
        let files = files(&self.shared.folder)?;
        let Some((start, path)) =
            files.iter().rev().find(|it| it.0 <= from).or_else(|| files.first())
        else {
            return Ok((Vec::new(), from));
        };
        let next = files.iter().map(|it| it.0).find(|it| it > start);
        let from = from.max(*start);
        let stop = next.unwrap_or(end).min(end);
        if from >= stop {
            return match next {
                Some(next) if next < end => self.read(next, most),
                _ => Ok((Vec::new(), from)),
            };
        }
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from - start))?;
        let wanted = (stop - from).min(u64::try_from(most).unwrap_or(u64::MAX).max(1 << 20));
        let mut bytes = Vec::new();
        file.take(wanted).read_to_end(&mut bytes)?;
        // The rest of a line that was cut is read with the next part.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
        bytes.truncate(whole);
        let place = from + bytes.len() as u64;
        Ok((bytes, place))
    }

    /// Everything before a place is in the store: files before it go.
    pub fn drained(&self, place: u64) -> io::Result<()> {
        self.shared.drained.store(place, Ordering::Release);
        let files = files(&self.shared.folder)?;
        for pair in files.windows(2) {
            if let [(_, path), (next, _)] = pair
                && *next <= place
            {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // The thread ends when nobody can ask any more.
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Writer {
    shared: Arc<Shared>,
    file: File,
    start: u64,
    length: u64,
}

impl Writer {
    fn run(mut self, mut inbox: mpsc::Receiver<Group>) {
        let mut bytes = Vec::new();
        while let Some(first) = inbox.blocking_recv() {
            let mut told = vec![first.written];
            bytes.clear();
            bytes.extend_from_slice(&first.lines);
            while bytes.len() < MAX_GROUP
                && let Ok(next) = inbox.try_recv()
            {
                bytes.extend_from_slice(&next.lines);
                told.push(next.written);
            }
            let outcome = self.write(&bytes);
            for one in told {
                // Who does not wait any more need not know.
                let _ = one.send(outcome.clone());
            }
            self.shared.news.notify_one();
        }
    }

    fn write(&mut self, bytes: &[u8]) -> std::result::Result<(), String> {
        let waiting =
            (self.start + self.length).saturating_sub(self.shared.drained.load(Ordering::Acquire));
        if waiting + bytes.len() as u64 > MAX_WAITING {
            return Err(format!("{waiting} bytes wait for the store, and no more may"));
        }
        if self.length >= MAX_FILE {
            let start = self.start + self.length;
            self.file = create(&self.shared.folder, start).map_err(|error| error.to_string())?;
            (self.start, self.length) = (start, 0);
        }
        let written = self.file.write_all(bytes).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // What was written of it was promised to nobody.
            let _ = self.file.set_len(self.length);
            let _ = self.file.seek(SeekFrom::Start(self.length));
            return Err(error.to_string());
        }
        self.length += bytes.len() as u64;
        self.shared.written.store(self.start + self.length, Ordering::Release);
        Ok(())
    }
}

fn create(folder: &Path, start: u64) -> io::Result<File> {
    let path = folder.join(format!("{start:020}.{END}"));
    let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
    // That there is such a file must survive too.
    File::open(folder)?.sync_all()?;
    Ok(file)
}

/// Files by their places.
fn files(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_ours = path.extension().is_some_and(|it| it == END);
        let place = path.file_stem().and_then(|it| it.to_str()).and_then(|it| it.parse().ok());
        if let Some(place) = place.filter(|_| is_ours) {
            found.push((place, path));
        }
    }
    found.sort();
    Ok(found)
}

/// The last file, cut behind its last whole line and ready to be written on.
fn last(folder: &Path) -> io::Result<(File, u64, u64)> {
    let Some((start, path)) = files(folder)?.pop() else {
        return Ok((create(folder, 0)?, 0, 0));
    };
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1) as u64;
    file.set_len(whole)?;
    file.seek(SeekFrom::Start(whole))?;
    Ok((file, start, whole))
}

/// A name that no other spool has.
fn identity(folder: &Path) -> io::Result<String> {
    use std::hash::{BuildHasher as _, RandomState};
    let path = folder.join("id");
    match std::fs::read_to_string(&path) {
        Ok(id) if !id.trim().is_empty() => return Ok(id.trim().to_owned()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let random = |salt: u64| RandomState::new().hash_one((salt, std::process::id()));
    let id = format!("{:016x}{:016x}", random(1), random(2));
    std::fs::write(&path, &id)?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
    }

    #[test]
    fn what_was_promised_is_there_after_the_next_start_and_half_a_line_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        let id = spool.id().to_owned();
        runtime().block_on(spool.append(b"one\ntwo\n".to_vec())).unwrap();
        drop(spool);
        let path = files(folder.path()).unwrap()[0].1.clone();
        let mut torn = OpenOptions::new().append(true).open(&path).unwrap();
        torn.write_all(b"thr").unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        assert_eq!((spool.id(), spool.waiting()), (id.as_str(), 8));
        runtime().block_on(spool.append(b"four\n".to_vec())).unwrap();
        assert_eq!(spool.read(0, 100).unwrap(), (b"one\ntwo\nfour\n".to_vec(), 13));
        assert_eq!(spool.read(4, 100).unwrap(), (b"two\nfour\n".to_vec(), 13));
        assert_eq!(spool.read(13, 100).unwrap(), (Vec::new(), 13));
    }

    #[test]
    fn files_go_once_all_of_them_is_in_the_store() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path()).unwrap();
        let mut line = vec![b'x'; (MAX_FILE / 8) as usize];
        line.push(b'\n');
        for _ in 0..20 {
            runtime().block_on(spool.append(line.clone())).unwrap();
        }
        assert_eq!(files(folder.path()).unwrap().len(), 3);
        let (mut place, mut bytes) = (0, 0);
        loop {
            let (read, next) = spool.read(place, 9 << 20).unwrap();
            if read.is_empty() {
                break;
            }
            bytes += read.len();
            place = next;
            spool.drained(place).unwrap();
        }
        assert_eq!((bytes, place), (20 * line.len(), spool.end()));
        assert_eq!((files(folder.path()).unwrap().len(), spool.waiting()), (1, 0));
    }
}
