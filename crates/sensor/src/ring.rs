//! The ring of a processor, which the kernel fills and this empties: `BPF_MAP_TYPE_RINGBUF`.
//!
//! Its pages are mapped as the kernel's documentation says (`Documentation/bpf/ringbuf.rst`): one with
//! the position of the reader, one with that of the writer, then the data twice behind each other, so
//! that a record never has to be read in two pieces. The file is the only one with pointers.
#![allow(unsafe_code, reason = "what the kernel writes is read from memory that both share")]
#![allow(clippy::cast_ptr_alignment, reason = "pages and records are aligned, as each place says")]

use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use memmap2::{MmapOptions, MmapRaw};

/// The record is being written.
const BUSY: u32 = 1 << 31;
/// The record was given up.
const DISCARDED: u32 = 1 << 30;
/// Before each record: its length and two flags, and where its page is.
const HEAD: u64 = 8;

/// A ring that is mapped.
pub(crate) struct Ring {
    reader: MmapRaw,
    writer: MmapRaw,
    /// Bytes of data, a power of two.
    size: u64,
    page: usize,
    /// Where the reader is; only told to the kernel by `release`.
    position: u64,
    /// Up to where records are known to be there.
    known: u64,
}

impl Ring {
    /// Maps the ring of a map.
    ///
    /// # Errors
    /// Those of `mmap`.
    pub(crate) fn map(map: &impl AsRawFd, size: usize) -> io::Result<Self> {
        let page = rustix::param::page_size();
        let reader = MmapOptions::new().len(page).map_raw(map)?;
        let writer =
            MmapOptions::new().offset(page as u64).len(page + 2 * size).map_raw_read_only(map)?;
        Ok(Self { reader, writer, size: size as u64, page, position: 0, known: 0 })
    }

    /// Looks up to where the kernel has written.
    pub(crate) fn look(&mut self) {
        // SAFETY: the first eight bytes of the page are the writer's position, which the kernel
        // changes atomically; the mapping lives as long as `self` and pages are aligned.
        let written = unsafe { &*self.writer.as_ptr().cast::<AtomicU64>() };
        self.known = written.load(Ordering::Acquire);
    }

    /// How many bytes wait, of those that the last look has found.
    pub(crate) fn waiting(&self) -> u64 {
        self.known.wrapping_sub(self.position)
    }

    /// The next record; none where no whole one is there.
    pub(crate) fn peek(&mut self) -> Option<&[u8]> {
        loop {
            let left = self.waiting();
            // More than the ring has cannot be there: whatever says so is not believed.
            if left < HEAD || left > self.size {
                return None;
            }
            let at = usize::try_from(self.position & (self.size - 1)).ok()?;
            // SAFETY: `at` is below `size` and a multiple of eight, because records are; the head of
            // a record lies within the data, which begin a page behind the mapping's begin. The
            // kernel changes it atomically.
            let head = unsafe { &*self.writer.as_ptr().add(self.page + at).cast::<AtomicU32>() };
            let word = head.load(Ordering::Acquire);
            if word & BUSY != 0 {
                return None;
            }
            let length = u64::from(word & !(BUSY | DISCARDED));
            if length > self.size - HEAD || whole(length) > left {
                return None;
            }
            if word & DISCARDED != 0 {
                self.position = self.position.wrapping_add(whole(length));
                continue;
            }
            let length = usize::try_from(length).ok()?;
            // SAFETY: `at` is below `size` and the record not longer than it, so that it ends within
            // the data, which are mapped twice. The kernel does not write to a record that is not
            // busy until `release` has told it that it was read, for which `self` is borrowed alone.
            let record = unsafe {
                std::slice::from_raw_parts(self.writer.as_ptr().add(self.page + at + 8), length)
            };
            return Some(record);
        }
    }

    /// Leaves the record behind that `peek` has given.
    pub(crate) fn skip(&mut self, length: usize) {
        self.position = self.position.wrapping_add(whole(length as u64));
    }

    /// Gives the room of all records that were read back to the kernel.
    pub(crate) fn release(&mut self) {
        // SAFETY: the first eight bytes of the page are the reader's position, which only this
        // writes and the kernel reads atomically.
        let read = unsafe { &*self.reader.as_mut_ptr().cast::<AtomicU64>() };
        read.store(self.position, Ordering::Release);
    }
}

/// How much of the ring a record of this length takes.
fn whole(length: u64) -> u64 {
    (length + HEAD).next_multiple_of(8)
}
