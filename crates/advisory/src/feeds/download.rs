//! Files over HTTP, kept in a folder so that the next time only changes are fetched.
//!
//! A file that has not changed is asked for with its `ETag` and answered with 304. One that was
//! cut off is continued where it ended, if the server still has the same one. A server that is
//! overloaded says how long to wait (`Retry-After`), which is done within reason.
//! TLS certificates are always checked.
//!
//! Source: RFC 9110, sections 8.8, 10.2.3, 13 and 14.

use std::cell::OnceCell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_model::Timestamp;
use reqwest::StatusCode;
use reqwest::blocking::{Client, Response};
use reqwest::header::{
    CONTENT_RANGE, ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    LAST_MODIFIED, RANGE, RETRY_AFTER,
};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// No feed is as large.
const MOST: u64 = 8 << 30;

/// How patient a download is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// Without a byte coming in.
    pub stall: Duration,
    /// How often a file is asked for before it is given up.
    pub attempts: u32,
    /// Before the second attempt; doubled before each further one.
    pub pause: Duration,
    /// A server that asks for a longer pause is given up.
    pub longest_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            attempts: 5,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_mins(2),
        }
    }
}

/// Why a file could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The server could not be reached, or fell silent.
    #[error("cannot fetch `{url}`: {why}")]
    Network {
        /// The address.
        url: String,
        /// What happened, with its causes.
        why: String,
    },
    /// The server refuses.
    #[error("cannot fetch `{url}`: the server answers {status}")]
    Status {
        /// The address.
        url: String,
        /// As `429 Too Many Requests`.
        status: String,
    },
    /// The server asks to come back later than anybody wants to wait.
    #[error("cannot fetch `{url}`: the server asks to wait {seconds} s")]
    Later {
        /// The address.
        url: String,
        /// How long.
        seconds: u64,
    },
    /// More bytes than any feed has.
    #[error("`{url}` is larger than {MOST} bytes")]
    TooLarge {
        /// The address.
        url: String,
    },
    /// A file on this machine could not be read or written.
    #[error("cannot access `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// What is kept beside a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    url: String,
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Kept {
    fn of(url: &str, headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| Some(headers.get(name)?.to_str().ok()?.to_owned());
        Self { url: url.into(), etag: text(ETAG), last_modified: text(LAST_MODIFIED) }
    }

    /// What a range is tied to. A weak tag does not promise the same bytes.
    fn strong(&self) -> Option<&str> {
        let etag = self.etag.as_deref().filter(|etag| !etag.starts_with("W/"));
        etag.or(self.last_modified.as_deref())
    }
}

/// Fetches into a folder.
pub(crate) struct Downloads<'d> {
    folder: PathBuf,
    patience: Patience,
    now: Timestamp,
    client: OnceCell<Client>,
    /// Told of bytes received and bytes in all.
    progress: &'d dyn Fn(u64, Option<u64>),
}

/// The answer to one attempt.
enum Attempt {
    Done(Option<PathBuf>),
    /// Worth another one, after a pause that the server may have asked for.
    Again(FetchError, Option<Duration>),
    /// No server was reached at all.
    Unreachable(FetchError),
}

/// How often a server is called that cannot be reached: without a network every feed would take as long
/// as all its attempts.
const CALLS: u32 = 3;

impl<'d> Downloads<'d> {
    pub(crate) fn new(
        folder: PathBuf,
        patience: Patience,
        now: Timestamp,
        progress: &'d dyn Fn(u64, Option<u64>),
    ) -> Self {
        Self { folder, patience, now, client: OnceCell::new(), progress }
    }

    /// Gets a file and when it was known to be current; `None` where the server has none.
    pub(crate) fn fetch(&self, url: &str) -> Result<Option<(PathBuf, Timestamp)>, FetchError> {
        fs::create_dir_all(&self.folder)
            .map_err(|source| FetchError::Io { path: self.folder.clone(), source })?;
        let mut pause = self.patience.pause;
        let mut attempts = 1;
        loop {
            match self.attempt(url)? {
                Attempt::Done(path) => return Ok(path.map(|path| (path, self.now))),
                Attempt::Again(error, _) if attempts >= self.patience.attempts => {
                    return Err(error);
                }
                Attempt::Unreachable(error) if attempts >= CALLS.min(self.patience.attempts) => {
                    return Err(error);
                }
                again => {
                    let asked = if let Attempt::Again(_, asked) = again { asked } else { None };
                    let wait = asked.unwrap_or(pause);
                    if wait > self.patience.longest_pause {
                        return Err(FetchError::Later { url: url.into(), seconds: wait.as_secs() });
                    }
                    std::thread::sleep(wait);
                    pause = pause.saturating_mul(2);
                    attempts += 1;
                }
            }
        }
    }

    fn attempt(&self, url: &str) -> Result<Attempt, FetchError> {
        let file = self.file(url, "data");
        let part = self.file(url, "part");
        let kept = read_kept(&file, url);
        let part_kept = read_kept(&part, url);
        let have = part.metadata().map_or(0, |metadata| metadata.len());
        let tied = part_kept.as_ref().and_then(Kept::strong).filter(|_| have > 0);

        let mut request = self.client(url)?.get(url);
        if let Some(tied) = tied {
            request = request.header(RANGE, format!("bytes={have}-")).header(IF_RANGE, tied);
        } else if let Some(kept) = kept.filter(|_| file.is_file()) {
            if let Some(etag) = kept.etag {
                request = request.header(IF_NONE_MATCH, etag);
            } else if let Some(date) = kept.last_modified {
                request = request.header(IF_MODIFIED_SINCE, date);
            }
        }
        let response = match request.send() {
            Ok(response) => response,
            Err(error) if error.is_connect() => {
                return Ok(Attempt::Unreachable(network(url, &error)));
            }
            Err(error) => return Ok(Attempt::Again(network(url, &error), None)),
        };
        match response.status() {
            StatusCode::NOT_MODIFIED => Ok(Attempt::Done(Some(file))),
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Attempt::Done(None)),
            StatusCode::PARTIAL_CONTENT if continues(&response, have) => {
                self.body(url, response, have)
            }
            StatusCode::OK => self.body(url, response, 0),
            // What is kept of it does not fit what the server has now.
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
                remove(&part)?;
                Ok(Attempt::Again(refused(url, response.status()), Some(Duration::ZERO)))
            }
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                let asked = self.retry_after(response.headers());
                Ok(Attempt::Again(refused(url, status), asked))
            }
            status => Err(refused(url, status)),
        }
    }

    /// Writes a body behind the bytes that are there already.
    fn body(&self, url: &str, mut response: Response, have: u64) -> Result<Attempt, FetchError> {
        let (file, part) = (self.file(url, "data"), self.file(url, "part"));
        let io = |source| FetchError::Io { path: part.clone(), source };
        let kept = Kept::of(url, response.headers());
        write_kept(&part, &kept)?;
        let mut out = OpenOptions::new()
            .create(true)
            .append(have > 0)
            .write(true)
            .truncate(have == 0)
            .open(&part)
            .map_err(io)?;
        let all = response.content_length().map(|rest| rest.saturating_add(have));
        let mut done = have;
        let mut buffer = vec![0; 128 << 10];
        loop {
            let read = match response.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) => return Ok(Attempt::Again(network(url, &error), None)),
            };
            out.write_all(buffer.get(..read).unwrap_or_default()).map_err(io)?;
            done = done.saturating_add(read as u64);
            if done > MOST {
                return Err(FetchError::TooLarge { url: url.into() });
            }
            (self.progress)(done, all);
        }
        if all.is_some_and(|all| done < all) {
            let why = format!("cut off at {done} bytes");
            return Ok(Attempt::Again(FetchError::Network { url: url.into(), why }, None));
        }
        out.sync_all().map_err(io)?;
        drop(out);
        // The tag goes first: should the process die in between, the old tag would vouch for the
        // new bytes; without any, the file is fetched again.
        remove(&kept_path(&file))?;
        fs::rename(&part, &file).map_err(io)?;
        write_kept(&file, &kept)?;
        remove(&kept_path(&part))?;
        Ok(Attempt::Done(Some(file)))
    }

    fn client(&self, url: &str) -> Result<&Client, FetchError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // It is one for the whole process; whoever was first has installed the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .connect_timeout(self.patience.connect)
            .timeout(self.patience.stall)
            .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| network(url, &error))?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Seconds, or a date.
    fn retry_after(&self, headers: &HeaderMap) -> Option<Duration> {
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let until = http_date(text)?.as_unix().saturating_sub(self.now.as_unix());
        Some(Duration::from_secs(u64::try_from(until).unwrap_or(0)))
    }

    fn file(&self, url: &str, kind: &str) -> PathBuf {
        self.folder.join(format!("{:016x}.{kind}", xxh3_64(url.as_bytes())))
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut fields = text.split_once(", ")?.1.split(' ');
    let (day, month, year, time) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let month = MONTHS.iter().position(|known| *known == month)? + 1;
    format!("{year}-{month:02}-{day}T{time}Z").parse().ok()
}

/// Whether the server goes on exactly where we are: `bytes 100-199/200`.
fn continues(response: &Response, have: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let start = range.and_then(|range| range.strip_prefix("bytes ")?.split_once('-'));
    start.is_some_and(|(start, _)| start.parse() == Ok(have))
}

fn network(url: &str, error: &(dyn std::error::Error + 'static)) -> FetchError {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    // The library says the address, which is in the message already.
    let why = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
    FetchError::Network { url: url.into(), why }
}

fn refused(url: &str, status: StatusCode) -> FetchError {
    FetchError::Status { url: url.into(), status: status.to_string() }
}

fn kept_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

/// What is kept beside a file, if it is about this address.
fn read_kept(file: &Path, url: &str) -> Option<Kept> {
    let kept: Kept = serde_json::from_reader(File::open(kept_path(file)).ok()?).ok()?;
    (kept.url == url).then_some(kept)
}

fn write_kept(file: &Path, kept: &Kept) -> Result<(), FetchError> {
    let path = kept_path(file);
    let json = serde_json::to_vec(kept).unwrap_or_default();
    fs::write(&path, json).map_err(|source| FetchError::Io { path, source })
}

fn remove(path: &Path) -> Result<(), FetchError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(FetchError::Io { path: path.into(), source })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_http_are_read() {
        let date = http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(date.to_string(), "1994-11-06T08:49:37Z");
        assert_eq!(http_date("soon"), None);
    }
}
