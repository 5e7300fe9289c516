//! What can go wrong in the server.

use std::path::PathBuf;

/// The error of this crate, by what whoever gets it can do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store did not answer or refused.
    #[error("the store failed: {0}")]
    Store(#[from] sqlx::Error),
    /// A change of the store's layout failed.
    #[error("the store cannot be brought to version {version} (`{name}`): {source}")]
    Migration {
        /// Number of the change.
        version: i64,
        /// Its name.
        name: &'static str,
        /// What the store said.
        source: sqlx::Error,
    },
    /// The store was written by a newer program.
    #[error(
        "the store is of version {found}, and this program knows {known}: use the newer program, \
         or another --store"
    )]
    Newer {
        /// Version of the store.
        found: i64,
        /// Newest version known here.
        known: i64,
    },
    /// `--store` names no store.
    #[error("`{0}` is no store: expected `sqlite:FILE` or `postgres://USER@HOST/DATABASE`")]
    NoStore(String),
    /// A folder or file.
    #[error("cannot {action} `{path}`: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Blobs could not be read or written.
    #[error("the blob store failed: {0}")]
    Blobs(#[from] object_store::Error),
    /// What calls workers.
    #[error("the queue: {0}")]
    Queue(String),
    /// Something that is stored is not what was written.
    #[error("{0} is damaged in the store")]
    Damaged(&'static str),
    /// The compiled advisories.
    #[error("the advisory database: {0}")]
    Advisories(#[from] plimsoll_advisory::database::DatabaseError),
    /// An image could not be read.
    #[error("{0}")]
    Image(#[from] plimsoll_image::ImageError),
    /// What was asked for makes no sense, and asking again will not change that.
    #[error("{0}")]
    Refused(String),
    /// Somebody could not be told.
    #[error("{0}")]
    Notice(String),
    /// Somebody else has the job meanwhile.
    #[error("job {0} was taken by another worker, or cancelled")]
    Taken(i64),
    /// Advisories changed in the middle of the work; it is to be done again.
    #[error("the advisories changed meanwhile")]
    Changed,
    /// The advisories of a job are not here.
    #[error("the advisories of edition `{0}` are not those that are here")]
    Elsewhere(String),
    /// Alerts could not be written down.
    #[error("the spool of alerts: {0}")]
    Spool(String),
    /// An address could not be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: std::net::SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// A mistake of the server's own.
    #[error("a mistake of plimsoll's own, please report it: {0}")]
    Panicked(String),
    /// A thread ended early.
    #[error("a thread of the server ended early: {0}")]
    Thread(#[from] tokio::task::JoinError),
}

impl Error {
    /// Whether the same may go well later.
    pub fn is_passing(&self) -> bool {
        !matches!(
            self,
            Self::Refused(_)
                | Self::Taken(_)
                | Self::NoStore(_)
                | Self::Newer { .. }
                | Self::Image(plimsoll_image::ImageError::TooLarge { .. })
        )
    }
}

/// What stands in the way of everything, whatever is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// There is no room left.
    Full,
    /// Nothing may be written.
    ReadOnly,
    /// The file is another's, or gone.
    Lost,
    /// It does not answer.
    Unreachable,
}

impl Outage {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read-only",
            Self::Lost => "lost",
            Self::Unreachable => "unreachable",
        }
    }

    /// What a file system says.
    pub fn of_io(error: &std::io::Error) -> Option<Self> {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Some(Self::Full),
            ErrorKind::ReadOnlyFilesystem => Some(Self::ReadOnly),
            _ => None,
        }
    }

    /// What a database says: numbers are SQLite's result codes, of which the last byte is the primary
    /// one, letters and digits PostgreSQL's conditions.
    ///
    /// Source: <https://www.sqlite.org/rescode.html>,
    /// <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    fn of_code(code: &str) -> Option<Self> {
        if code.len() == 5 {
            return match code.get(..2)? {
                _ if code == "53100" => Some(Self::Full),
                _ if code == "25006" => Some(Self::ReadOnly),
                // No connection, no memory or connection left, an operator at work, a deadlock.
                "08" | "53" | "57" | "58" | "40" => Some(Self::Unreachable),
                _ => None,
            };
        }
        let number: u32 = code.parse().ok()?;
        match (number, number & 0xff) {
            // SQLITE_READONLY_DBMOVED
            (1032, _) | (_, 14) => Some(Self::Lost),
            (_, 8) => Some(Self::ReadOnly),
            (_, 13) => Some(Self::Full),
            (_, 5 | 6 | 10) => Some(Self::Unreachable),
            _ => None,
        }
    }

    /// The first one that an error or what it comes of tells.
    fn of_sources(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            let found = error.downcast_ref::<std::io::Error>().and_then(Self::of_io);
            if found.is_some() {
                return found;
            }
            next = error.source();
        }
        None
    }
}

impl Error {
    /// What stands in the way, where it is not in what was asked for: the same goes well once that is
    /// over, so it counts for no attempt.
    pub fn outage(&self) -> Option<Outage> {
        match self {
            Self::Store(error) | Self::Migration { source: error, .. } => match error {
                sqlx::Error::Database(said) => said.code().and_then(|it| Outage::of_code(&it)),
                sqlx::Error::Io(error) => Some(Outage::of_io(error).unwrap_or(Outage::Unreachable)),
                sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::Tls(_) => Some(Outage::Unreachable),
                _ => None,
            },
            Self::Blobs(error) => Outage::of_sources(error).or(match error {
                object_store::Error::Generic { .. } => Some(Outage::Unreachable),
                object_store::Error::PermissionDenied { .. }
                | object_store::Error::Unauthenticated { .. } => Some(Outage::ReadOnly),
                _ => None,
            }),
            Self::Io { source, .. } => Outage::of_io(source),
            _ => None,
        }
    }

    /// Whether a job that ended so is put off without counting the attempt.
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Changed) || self.outage().is_some()
    }
}

/// What functions of this crate give back.
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_fault_of_a_job_is_told_by_its_code() {
        for (code, expected) in [
            ("53100", Some(Outage::Full)),
            ("25006", Some(Outage::ReadOnly)),
            ("57P01", Some(Outage::Unreachable)),
            ("40P01", Some(Outage::Unreachable)),
            ("23505", None),
            ("22021", None),
            ("13", Some(Outage::Full)),
            ("8", Some(Outage::ReadOnly)),
            ("1032", Some(Outage::Lost)),
            ("778", Some(Outage::Unreachable)),
            ("2067", None),
            ("x", None),
        ] {
            assert_eq!(Outage::of_code(code), expected, "{code}");
        }
    }

    #[test]
    fn a_full_disk_is_found_wherever_it_stands_in_an_error() {
        let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
        let error =
            Error::Blobs(object_store::Error::Generic { store: "test", source: Box::new(full()) });
        assert_eq!(error.outage(), Some(Outage::Full));
        let error = Error::Io { action: "write", path: "x".into(), source: full() };
        assert!(error.is_outage() && error.is_passing());
        assert_eq!(Error::Refused("no".into()).outage(), None);
    }
}
