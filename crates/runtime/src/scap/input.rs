//! The bytes of a capture as they would lie in the file without compression, a window at a time.

use std::io::{self, BufReader, Chain, Cursor, Read};

/// How much is read at once.
const CHUNK: usize = 256 * 1024;

/// A window over a stream: a run of bytes at its front can be looked at before it is used up.
pub(super) struct Input<R: Read> {
    source: Source<R>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Where in the uncompressed capture the window begins.
    offset: u64,
    ended: bool,
}

type Peeked<R> = BufReader<Chain<Cursor<Vec<u8>>, R>>;

enum Source<R: Read> {
    Plain(Chain<Cursor<Vec<u8>>, R>),
    Gzip(Box<flate2::bufread::MultiGzDecoder<Peeked<R>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, Peeked<R>>>),
}

impl<R: Read> Source<R> {
    fn open(mut reader: R) -> io::Result<Self> {
        let mut magic = Vec::with_capacity(4);
        reader.by_ref().take(4).read_to_end(&mut magic)?;
        let kind = magic.clone();
        let whole = Cursor::new(magic).chain(reader);
        Ok(match kind.as_slice() {
            [0x1f, 0x8b, ..] => {
                let peeked = BufReader::with_capacity(CHUNK / 4, whole);
                Self::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(peeked)))
            }
            [0x28, 0xb5, 0x2f, 0xfd] => {
                let peeked = BufReader::with_capacity(CHUNK / 4, whole);
                let mut decoder = zstd::stream::read::Decoder::with_buffer(peeked)?;
                // 128 MiB, what zstd itself accepts without being told to.
                decoder.window_log_max(27)?;
                Self::Zstd(Box::new(decoder))
            }
            _ => Self::Plain(whole),
        })
    }

    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(source) => source.read(into),
            Self::Gzip(source) => source.read(into),
            Self::Zstd(source) => source.read(into),
        }
    }
}

impl<R: Read> Input<R> {
    /// A capture that is plain or compressed with gzip or zstd.
    pub(super) fn open(reader: R) -> io::Result<Self> {
        let source = Source::open(reader)?;
        let buffer = vec![0; CHUNK];
        Ok(Self { source, buffer, start: 0, end: 0, offset: 0, ended: false })
    }

    /// How many bytes of the uncompressed capture have been used up.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next bytes: as many as asked for, fewer only at the end of the capture.
    ///
    /// # Errors
    /// Those of the reader, and broken compression.
    pub(super) fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        if self.end - self.start < count {
            self.fill(count)?;
        }
        Ok(self.held(count))
    }

    /// Bytes that an earlier `peek` brought.
    pub(super) fn held(&self, count: usize) -> &[u8] {
        let until = self.end.min(self.start.saturating_add(count));
        self.buffer.get(self.start..until).unwrap_or_default()
    }

    /// Uses up bytes that have been looked at.
    pub(super) fn consume(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += count as u64;
    }

    /// Leaves out so many bytes; false where the capture ends before.
    pub(super) fn skip(&mut self, mut count: u64) -> io::Result<bool> {
        while count > 0 {
            let step = usize::try_from(count).unwrap_or(CHUNK).min(CHUNK);
            let got = self.peek(step)?.len();
            if got == 0 {
                return Ok(false);
            }
            let used = got.min(step);
            self.consume(used);
            count -= used as u64;
        }
        Ok(true)
    }

    fn fill(&mut self, count: usize) -> io::Result<()> {
        // Only where the room behind gets short: what is held is moved once a buffer.
        let room = self.buffer.len() - self.start;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.start > 0 && room < count.max(CHUNK / 4) {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end - self.start < count && !self.ended {
            if self.buffer.len() < (self.start + count).max(self.end + 1) {
                // Grows with what is really there, not with what a length promises.
                let more = self.buffer.len().max(CHUNK);
                self.buffer.resize(self.buffer.len() + more, 0);
            }
            let Some(free) = self.buffer.get_mut(self.end..) else { break };
            match self.source.read(free) {
                Ok(0) => self.ended = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // What was read before the damage is still given out.
                    self.ended = true;
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}
