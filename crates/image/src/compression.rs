//! Layers as they are stored: plain, gzip or zstd, told apart by their first bytes.
//!
//! Media types are not trusted: registries and archives mislabel layers. What is inflated is
//! bounded by a ratio, so that a small file cannot become an endless one.

use std::io::{self, BufRead, Read};

/// How a layer is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// A plain tar.
    None,
    /// RFC 1952, any number of members.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Compression {
    /// What the first bytes say.
    pub fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// The largest ratio of inflated to stored bytes, once [`FREE`] bytes have come out. Real layers
/// of text reach 20; three million empty files reach about 100.
pub const MAX_RATIO: u64 = 200;

/// Bytes that come out before the ratio counts: 64 MiB.
pub const FREE: u64 = 64 << 20;

/// Bytes that come out of one layer at most: 1 TiB. Nobody's layer is a hundredth of it.
pub const MAX_TOTAL: u64 = 1 << 40;

/// Why reading a stream of compressed bytes was given up, inside an [`io::Error`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Excess {
    /// A few bytes become very many.
    #[error("decompression bomb: {out} bytes from {stored} are more than {MAX_RATIO} to 1")]
    Ratio {
        /// Bytes that came out.
        out: u64,
        /// Bytes that went in.
        stored: u64,
    },
    /// More bytes than anybody's layer has, or than whoever reads it allows.
    #[error("more than {most} bytes when inflated")]
    Total {
        /// The bound.
        most: u64,
    },
}

impl Excess {
    /// What is inside an error.
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

/// A reader of the uncompressed bytes of whatever `stored` holds, [`MAX_TOTAL`] at most.
pub fn inflate<'r>(stored: impl BufRead + Send + 'r) -> io::Result<Box<dyn Read + Send + 'r>> {
    inflate_at_most(stored, MAX_TOTAL)
}

/// The same with a bound of its own, which counts for plain bytes, too.
pub fn inflate_at_most<'r>(
    stored: impl BufRead + Send + 'r,
    most: u64,
) -> io::Result<Box<dyn Read + Send + 'r>> {
    let passed = Passed::default();
    let mut stored = Counting { inner: stored, passed: passed.clone() };
    Ok(match Compression::of(stored.fill_buf()?) {
        Compression::None => Box::new(Bounded { inner: stored, out: 0, most, passed }),
        Compression::Gzip => Box::new(Bounded {
            inner: flate2::bufread::MultiGzDecoder::new(stored),
            out: 0,
            most,
            passed,
        }),
        Compression::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(stored)?;
            // A window of 128 MiB is what `zstd --long=27` asks for; more is hostile.
            decoder.window_log_max(27)?;
            Box::new(Bounded { inner: decoder, out: 0, most, passed })
        }
    })
}

/// Stored bytes read so far, shared between the two ends of a decompressor.
#[derive(Debug, Clone, Default)]
struct Passed(std::sync::Arc<std::sync::atomic::AtomicU64>);

struct Counting<R> {
    inner: R,
    passed: Passed,
}

impl<R: BufRead> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.passed.0.fetch_add(read as u64, std::sync::atomic::Ordering::Relaxed);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counting<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.passed.0.fetch_add(amount as u64, std::sync::atomic::Ordering::Relaxed);
        self.inner.consume(amount);
    }
}

struct Bounded<R> {
    inner: R,
    out: u64,
    most: u64,
    passed: Passed,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.out += read as u64;
        let stored = self.passed.0.load(std::sync::atomic::Ordering::Relaxed);
        let excess = if self.out > FREE && self.out > stored.saturating_mul(MAX_RATIO) {
            Excess::Ratio { out: self.out, stored }
        } else if self.out > self.most {
            Excess::Total { most: self.most }
        } else {
            return Ok(read);
        };
        Err(io::Error::new(io::ErrorKind::InvalidData, excess))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn all(stored: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        inflate(stored)?.read_to_end(&mut out).map(|_| out)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn each_form_gives_the_same_bytes() {
        let bytes = b"layer ".repeat(1000);
        assert_eq!(all(&bytes).unwrap(), bytes);
        assert_eq!(all(&gzip(&bytes)).unwrap(), bytes);
        assert_eq!(all(&zstd::encode_all(bytes.as_slice(), 3).unwrap()).unwrap(), bytes);
        let two = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(all(&two).unwrap(), b"one two");
    }

    #[test]
    fn a_bomb_is_named_and_stopped() {
        let bomb = zstd::encode_all(io::repeat(0).take(200 << 20), 3).unwrap();
        let error = io::copy(&mut inflate(bomb.as_slice()).unwrap(), &mut io::sink()).unwrap_err();
        assert!(error.to_string().contains("decompression bomb"), "{error}");
        assert!(matches!(Excess::of(&error), Some(Excess::Ratio { .. })), "{error:?}");
    }

    #[test]
    fn a_bound_of_ones_own_counts_for_each_form() {
        let bytes = b"layer ".repeat(1000);
        let zstd = zstd::encode_all(bytes.as_slice(), 3).unwrap();
        for stored in [bytes.clone(), gzip(&bytes), zstd] {
            let count = |most| {
                let mut inflated = inflate_at_most(stored.as_slice(), most).unwrap();
                io::copy(&mut inflated, &mut io::sink())
            };
            assert_eq!(count(6000).unwrap(), 6000);
            let error = count(5999).unwrap_err();
            assert_eq!(Excess::of(&error), Some(&Excess::Total { most: 5999 }));
        }
    }

    #[test]
    fn a_cut_off_stream_is_an_error_and_not_an_end() {
        let stored = gzip(&b"layer ".repeat(1000));
        assert!(all(&stored[..stored.len() - 9]).is_err());
        let stored = zstd::encode_all(b"layer ".repeat(1000).as_slice(), 3).unwrap();
        assert!(all(&stored[..stored.len() - 5]).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(mut bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..500), form in 0..3) {
            let magic: &[u8] = match form { 0 => &[], 1 => &[0x1f, 0x8b, 8], _ => &[0x28, 0xb5, 0x2f, 0xfd] };
            bytes.splice(0..0, magic.iter().copied());
            let _ = all(&bytes);
        }
    }
}
