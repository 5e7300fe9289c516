//! What matching needs of an advisory without inflating its record: id, feed and aliases.

use plimsoll_model::Advisory;

use super::DatabaseError;
use super::encoding::{Reader, put_varint};
use super::entry::{Texts, put_texts};
use super::strings::{Interner, Strings};

/// An advisory's ids, and where its record is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'d> {
    pub(super) id: &'d str,
    pub(super) feed: &'d str,
    /// Aliases, then upstream ids.
    pub(super) aliases: Texts<'d>,
    /// How many of them are upstream ids.
    upstream: usize,
    pub(super) block: u64,
    /// Offset in the inflated block.
    pub(super) offset: u64,
}

impl<'d> Head<'d> {
    pub(super) fn read(mut reader: Reader<'d>, strings: Strings<'d>) -> Option<Self> {
        let id = strings.read(&mut reader)?;
        let feed = strings.read(&mut reader)?;
        let upstream = usize::try_from(reader.varint()?).ok()?;
        let aliases = Texts::read(strings, &mut reader)?;
        let (block, offset) = (reader.varint()?, reader.varint()?);
        (upstream <= aliases.len()).then_some(Self { id, feed, aliases, upstream, block, offset })
    }

    /// Aliases and upstream ids apart.
    pub(super) fn split_aliases(&self) -> (Vec<String>, Vec<String>) {
        let mut aliases: Vec<String> = self.aliases.map(str::to_owned).collect();
        let upstream = aliases.split_off(aliases.len().saturating_sub(self.upstream));
        (aliases, upstream)
    }
}

/// Appends the head of an advisory whose record is at a place in a block.
pub(super) fn put(
    out: &mut Vec<u8>,
    texts: &mut Interner,
    advisory: &Advisory,
    (block, offset): (u64, u64),
) -> Result<(), DatabaseError> {
    put_varint(out, texts.intern(&advisory.id)?.into());
    put_varint(out, texts.intern(&advisory.feed)?.into());
    put_varint(out, advisory.upstream.len() as u64);
    let all: Vec<String> = advisory.aliases.iter().chain(&advisory.upstream).cloned().collect();
    put_texts(out, texts, &all)?;
    put_varint(out, block);
    put_varint(out, offset);
    Ok(())
}
