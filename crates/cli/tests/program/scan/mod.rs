//! `plimsoll scan`.

mod gates;
mod judgement;
mod looks;
mod reports;
mod same_bytes;
