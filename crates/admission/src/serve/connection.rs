//! Connections: taken, bounded, answered, and let go.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::{Shared, routes, tls};

/// How long those who are being answered may still be.
const FAREWELL: Duration = Duration::from_secs(15);

/// How long nobody is taken after one could not be.
const BREATH: Duration = Duration::from_millis(50);

pub(super) async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    end: impl Future<Output = ()>,
) {
    let Ok(config) = tls::config(Arc::clone(&shared.certificates)) else { return };
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let places = Arc::new(Semaphore::new(shared.limits.connections));
    let router = routes::router(Arc::clone(&shared));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let patience = shared.limits.patience;
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(256)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(patience);
    let builder = Arc::new(builder);
    let graceful = GracefulShutdown::new();
    tokio::pin!(end);
    loop {
        let place = tokio::select! {
            () = &mut end => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        let stream = tokio::select! {
            () = &mut end => break,
            stream = listener.accept() => stream,
        };
        let Ok((stream, _)) = stream else {
            // No file descriptor is left, or the client has gone: the next one may be luckier.
            tokio::time::sleep(BREATH).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (acceptor, builder) = (acceptor.clone(), Arc::clone(&builder));
        let service = TowerToHyperService::new(router.clone());
        let watcher = graceful.watcher();
        tokio::spawn(async move {
            let handshake = tokio::time::timeout(patience, acceptor.accept(stream)).await;
            if let Ok(Ok(stream)) = handshake {
                let connection = builder.serve_connection(TokioIo::new(stream), service);
                // What goes wrong on a connection is its client's matter.
                let _ = watcher.watch(connection.into_owned()).await;
            }
            drop(place);
        });
    }
    shared.is_leaving.store(true, Ordering::Relaxed);
    drop(listener);
    let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
}
