//! A layer as a stream: inflated, hashed and catalogued at the same time.
//!
//! Of a large layer one thread inflates, one hashes the stored bytes and the caller's reads the
//! tar, with a few pieces between them; otherwise the last large layer of an image would leave
//! all cores but one idle. Where other layers keep the cores busy, one thread does it all.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use plimsoll_model::{Algorithm, Digest};
use sha2::Digest as _;

use crate::compression::inflate_at_most;

/// Bytes of one piece, stored or inflated.
const PIECE: usize = 256 << 10;

/// Pieces that wait between two threads.
const WAITING: usize = 4;

/// Hands the inflated bytes of `stored` to `reading`, then says which digest the stored bytes
/// have, in the algorithm of `like`; they are read to their end only if that is asked for.
/// With `in_parallel` threads of its own inflate and hash. More than `most` inflated bytes are an error.
pub(crate) fn inflated<T>(
    stored: impl Read + Send,
    like: Option<&Digest>,
    in_parallel: bool,
    most: u64,
    reading: impl FnOnce(&mut dyn BufRead) -> T,
) -> io::Result<(T, Option<String>)> {
    let hash = like.map(Hash::new);
    if !in_parallel {
        let mut stored = BufReader::with_capacity(PIECE / 4, Hashing { inner: stored, hash });
        let done = {
            let inflated = inflate_at_most(&mut stored, most)?;
            reading(&mut BufReader::with_capacity(PIECE / 4, inflated))
        };
        let mut stored = stored.into_inner();
        if stored.hash.is_some() {
            io::copy(&mut stored, &mut io::sink())?;
        }
        return Ok((done, stored.hash.map(Hash::text)));
    }
    std::thread::scope(|scope| {
        let (to_hash, hashing) = match hash {
            None => (None, None),
            Some(mut hash) => {
                let (to_hash, pieces) = sync_channel::<Arc<Vec<u8>>>(WAITING);
                let hashing = scope.spawn(move || {
                    for piece in pieces {
                        hash.update(&piece);
                    }
                    hash.text()
                });
                (Some(to_hash), Some(hashing))
            }
        };
        let (to_reading, pieces) = sync_channel(WAITING);
        let (give_back, used) = channel();
        let inflating = scope.spawn(move || {
            let mut stored = Shared::new(stored, to_hash);
            send_inflated(&mut stored, most, &to_reading, &used);
            drop(to_reading);
            stored.finish()
        });
        let done = reading(&mut Inflated { pieces, give_back, now: Vec::new(), at: 0 });
        // The reading side is closed by now, so the other two come to their end.
        let outcome = joined(inflating);
        let digest = hashing.map(joined);
        outcome.map(|()| (done, digest))
    })
}

fn joined<T>(handle: std::thread::ScopedJoinHandle<'_, T>) -> T {
    handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Inflates into pieces until the bytes end or nobody wants more.
fn send_inflated(
    stored: &mut (impl BufRead + Send),
    most: u64,
    to_reading: &SyncSender<io::Result<Vec<u8>>>,
    used: &Receiver<Vec<u8>>,
) {
    let mut inflated = match inflate_at_most(stored, most) {
        Ok(inflated) => inflated,
        Err(error) => {
            // Where nobody listens any more nobody needs to know.
            let _ = to_reading.send(Err(error));
            return;
        }
    };
    loop {
        let mut piece = used.try_recv().unwrap_or_default();
        piece.resize(PIECE, 0);
        let mut filled = 0;
        let mut outcome = Ok(());
        while let Some(room) = piece.get_mut(filled..).filter(|room| !room.is_empty()) {
            match inflated.read(room) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        let is_end = filled < PIECE;
        piece.truncate(filled);
        let is_closed = to_reading.send(Ok(piece)).is_err();
        if let Err(error) = outcome {
            let _ = to_reading.send(Err(error));
            return;
        }
        if is_end || is_closed {
            return;
        }
    }
}

/// Stored bytes that another thread hashes.
struct Shared<R> {
    inner: R,
    to_hash: Option<SyncSender<Arc<Vec<u8>>>>,
    now: Arc<Vec<u8>>,
    at: usize,
}

impl<R: Read> Shared<R> {
    fn new(inner: R, to_hash: Option<SyncSender<Arc<Vec<u8>>>>) -> Self {
        Self { inner, to_hash, now: Arc::default(), at: 0 }
    }

    /// Reads what is left, so that the hash is one of all bytes.
    fn finish(mut self) -> io::Result<()> {
        while self.to_hash.is_some() {
            let buffered = self.fill_buf()?.len();
            if buffered == 0 {
                break;
            }
            self.consume(buffered);
        }
        Ok(())
    }
}

impl<R: Read> Read for Shared<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: Read> BufRead for Shared<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at >= self.now.len() {
            let old = std::mem::take(&mut self.now);
            self.at = 0;
            // Room that the other thread has done with is used again.
            let mut piece = Arc::try_unwrap(old).unwrap_or_default();
            piece.resize(PIECE / 2, 0);
            let read = loop {
                match self.inner.read(&mut piece) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    outcome => break outcome?,
                }
            };
            piece.truncate(read);
            self.now = Arc::new(piece);
            if let Some(to_hash) = self.to_hash.as_ref().filter(|_| read > 0) {
                // The other end hangs up only by panicking, which is told when it is joined.
                let _ = to_hash.send(Arc::clone(&self.now));
            }
        }
        Ok(self.now.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

/// Inflated pieces, as they come from the other thread.
struct Inflated {
    pieces: Receiver<io::Result<Vec<u8>>>,
    give_back: Sender<Vec<u8>>,
    now: Vec<u8>,
    at: usize,
}

impl Read for Inflated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Inflated {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at >= self.now.len()
            && let Ok(piece) = self.pieces.recv()
        {
            // Nobody takes pieces back once all is inflated.
            let _ = self.give_back.send(std::mem::replace(&mut self.now, piece?));
            self.at = 0;
        }
        Ok(self.now.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount;
    }
}

/// The running hash of a layer, in its digest's algorithm.
enum Hash {
    Sha256(sha2::Sha256),
    Sha512(sha2::Sha512),
}

impl Hash {
    fn new(like: &Digest) -> Self {
        match like.algorithm() {
            Algorithm::Sha512 => Self::Sha512(sha2::Sha512::new()),
            _ => Self::Sha256(sha2::Sha256::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha512(hash) => hash.update(bytes),
        }
    }

    /// The digest as OCI writes it.
    fn text(self) -> String {
        let (name, bytes) = match self {
            Self::Sha256(hash) => ("sha256:", hash.finalize().to_vec()),
            Self::Sha512(hash) => ("sha512:", hash.finalize().to_vec()),
        };
        bytes.iter().fold(name.to_owned(), |text, byte| text + &format!("{byte:02x}"))
    }
}

/// Bytes that are hashed as they pass.
struct Hashing<R> {
    inner: R,
    hash: Option<Hash>,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if let Some(hash) = &mut self.hash {
            hash.update(buffer.get(..read).unwrap_or_default());
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn noise(len: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_le_bytes()[3]
        };
        (0..len).map(|_| next()).collect()
    }

    /// What each of the two ways says of the same bytes.
    fn both<T>(
        stored: &[u8],
        read: impl Fn(&mut dyn BufRead) -> T,
    ) -> [io::Result<(T, Option<String>)>; 2] {
        let like = Digest::sha256(&[0; 32]);
        [false, true].map(|in_parallel| inflated(stored, Some(&like), in_parallel, u64::MAX, &read))
    }

    #[test]
    fn bytes_and_digest_are_the_same_on_one_thread_and_on_three() {
        for len in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3_000_000] {
            let bytes = noise(len);
            let stored = gzip(&bytes);
            let expected = Digest::sha256(&sha2::Sha256::digest(&stored).into()).to_string();
            for outcome in both(&stored, |inflated| {
                let mut all = Vec::new();
                inflated.read_to_end(&mut all).map(|_| all)
            }) {
                let (all, digest) = outcome.unwrap();
                assert!(all.unwrap() == bytes);
                assert_eq!(digest.as_deref(), Some(expected.as_str()));
            }
        }
    }

    #[test]
    fn a_reader_that_stops_early_still_gets_the_digest_of_all() {
        let stored = gzip(&noise(5_000_000));
        let expected = Digest::sha256(&sha2::Sha256::digest(&stored).into()).to_string();
        for outcome in both(&stored, |inflated| inflated.fill_buf().map(<[u8]>::len)) {
            assert_eq!(outcome.unwrap().1.as_deref(), Some(expected.as_str()));
        }
    }

    #[test]
    fn what_comes_before_damage_is_read_and_the_damage_told() {
        let stored = gzip(&noise(5_000_000));
        for outcome in both(&stored[..stored.len() / 2], |inflated| {
            let mut all = Vec::new();
            let outcome = inflated.read_to_end(&mut all);
            (all.len(), outcome.is_err())
        }) {
            let (len, failed) = outcome.unwrap().0;
            assert!(failed && len > 2_000_000, "{len}");
        }
    }
}
