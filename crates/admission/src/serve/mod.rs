//! The server: TLS, HTTP, and bounds on what a client may cost.
//!
//! | what | bound |
//! | --- | --- |
//! | connections | [`Limits::connections`] |
//! | handshake, head of a request | five seconds each |
//! | a body | [`Limits::body`], all bodies together [`Limits::bodies`], and the time of the answer |
//! | an answer | the time that the API server gives, at most that of the settings |

mod connection;
mod reload;
mod routes;
mod tls;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;

pub use reload::{Pair, Source, follow};
pub use tls::{Certificates, TlsError};

use crate::engine::Engine;

/// What clients may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a body; the API server takes 3 MiB, and sends the object before as well.
    pub body: usize,
    /// Bytes of all bodies at a time.
    pub bodies: usize,
    /// Connections at a time.
    pub connections: usize,
    /// How long a handshake and the head of a request may take.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 8 << 20,
            bodies: 64 << 20,
            connections: 1024,
            patience: Duration::from_secs(5),
        }
    }
}

/// What every request sees.
pub(crate) struct Shared {
    pub(crate) engine: Arc<Engine>,
    pub(crate) limits: Limits,
    /// KiB that bodies may still have.
    pub(crate) bodies: Semaphore,
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) is_leaving: AtomicBool,
}

/// Answers until `end`, then finishes what was begun.
pub async fn serve(
    listener: TcpListener,
    engine: Arc<Engine>,
    certificates: Arc<Certificates>,
    limits: Limits,
    end: impl Future<Output = ()>,
) {
    let shared = Arc::new(Shared {
        engine,
        limits,
        bodies: Semaphore::new(limits.bodies >> 10),
        certificates,
        is_leaving: AtomicBool::new(false),
    });
    connection::accept(listener, shared, end).await;
}
