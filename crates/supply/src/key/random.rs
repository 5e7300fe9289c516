//! Random bytes from the operating system.

use std::fmt;

use ring::rand::{SecureRandom, SystemRandom};
use rsa::rand_core::{TryCryptoRng, TryRng};

use crate::error::Error;

/// `N` random bytes.
pub(super) fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
    Ok(bytes)
}

/// The operating system's source, in the shape that `rsa` asks for.
pub(super) struct Source;

/// The source has run dry.
#[derive(Debug)]
pub(super) struct Dry;

impl fmt::Display for Dry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Error::NoRandomness.fmt(f)
    }
}

impl std::error::Error for Dry {}

impl TryRng for Source {
    type Error = Dry;

    fn try_next_u32(&mut self) -> Result<u32, Dry> {
        bytes().map(u32::from_le_bytes).map_err(|_| Dry)
    }

    fn try_next_u64(&mut self) -> Result<u64, Dry> {
        bytes().map(u64::from_le_bytes).map_err(|_| Dry)
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Dry> {
        SystemRandom::new().fill(target).map_err(|_| Dry)
    }
}

impl TryCryptoRng for Source {}
