//! The same suite on both stores: what holds on SQLite holds on PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod bench;
mod estate;
mod layout;
mod queue;
mod rematch;
mod starter;

use std::sync::{Mutex, OnceLock};

use plimsoll_server::store::Store;
use plimsoll_testkit::Postgres;

pub(crate) use bench::{Bench, each};

/// One PostgreSQL for all tests of this program; `None` where there is none.
fn postgres() -> Option<String> {
    static SERVER: OnceLock<Option<Mutex<Postgres>>> = OnceLock::new();
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let server = SERVER.get_or_init(|| Postgres::start().map(Mutex::new)).as_ref()?;
    let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    Some(server.lock().unwrap().database(&format!("test{number}")))
}

async fn open(address: &str) -> Store {
    Store::open(address).await.unwrap()
}
