//! Connections: taken, bounded, answered, and let go; over TLS where there is a certificate.
//!
//! | what | bound |
//! | --- | --- |
//! | connections | 1,024 at a time |
//! | handshake, head of a request | ten seconds each |
//! | a body, an answer | thirty seconds, by the API's own layer |

use std::convert::Infallible;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::Service;

use crate::app::App;
use crate::auth::{Peer, Tls};
use crate::error::{Error, Result};

const CONNECTIONS: usize = 1024;
const PATIENCE: Duration = Duration::from_secs(10);

/// How long those who are being answered may still be.
const FAREWELL: Duration = Duration::from_secs(14);

/// How long nobody is taken after one could not be.
const BREATH: Duration = Duration::from_millis(50);

/// How often it is looked whether the certificate is another.
const LOOK: Duration = Duration::from_secs(5);

/// The certificate that is shown, which may change while the server runs.
#[derive(Debug)]
pub(crate) struct Certificates {
    files: Tls,
    current: RwLock<(Vec<u8>, Arc<CertifiedKey>)>,
}

impl Certificates {
    /// Those of these files.
    pub(crate) fn open(files: &Tls) -> Result<Arc<Self>> {
        let current = RwLock::new(read(files)?);
        Ok(Arc::new(Self { files: files.clone(), current }))
    }

    /// Shows what is in the files now; says whether it is another. Where it cannot be used, that of
    /// before stays.
    fn refresh(&self) -> Result<bool> {
        let new = read(&self.files)?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let is_other = current.0 != new.0;
        *current = new;
        Ok(is_other)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).1))
    }
}

fn read(files: &Tls) -> Result<(Vec<u8>, Arc<CertifiedKey>)> {
    let bytes = |path: &std::path::Path| {
        std::fs::read(path).map_err(|source| Error::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })
    };
    let (certificate, key) = (bytes(&files.certificate)?, bytes(&files.key)?);
    let wrong = |path: &std::path::Path, why: &dyn std::fmt::Display| {
        Error::Refused(format!("`{}`: {why}", path.display()))
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&certificate)
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| wrong(&files.certificate, &error))?;
    if chain.is_empty() {
        return Err(wrong(&files.certificate, &"there is no certificate in PEM in it"));
    }
    let private = PrivateKeyDer::from_pem_slice(&key).map_err(|error| wrong(&files.key, &error))?;
    let provider = rustls::crypto::ring::default_provider();
    let certified = CertifiedKey::from_der(chain, private, &provider)
        .map_err(|error| wrong(&files.key, &format!("it does not fit the certificate: {error}")))?;
    Ok((certificate, Arc::new(certified)))
}

/// Follows the files until `end` is true.
pub(crate) async fn follow(
    certificates: Arc<Certificates>,
    app: Arc<App>,
    mut end: watch::Receiver<bool>,
) {
    let mut told = String::new();
    while !*end.borrow() {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = end.changed() => {}
        }
        let shown = Arc::clone(&certificates);
        let looked = tokio::task::spawn_blocking(move || shown.refresh()).await;
        match looked.map_err(Error::from).flatten() {
            Ok(true) => {
                app.tell("tls: the certificate is a new one");
                told.clear();
            }
            Ok(false) => {}
            Err(error) => {
                let text = format!("tls: the certificate of before stays: {error}");
                if text != told {
                    app.tell(&text);
                    told = text;
                }
            }
        }
    }
}

fn acceptor(certificates: Arc<Certificates>) -> Option<TlsAcceptor> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .ok()?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Some(TlsAcceptor::from(Arc::new(config)))
}

/// Answers until `end` is true.
pub(crate) async fn answer(
    listener: TcpListener,
    router: Router,
    tls: Option<Arc<Certificates>>,
    mut end: watch::Receiver<bool>,
) {
    let acceptor = tls.and_then(acceptor);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(256)
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(PATIENCE);
    let builder = Arc::new(builder);
    let graceful = GracefulShutdown::new();
    // An error says that whoever could end it is gone.
    let ended = async move { drop(end.wait_for(|it| *it).await) };
    tokio::pin!(ended);
    loop {
        let place = tokio::select! {
            () = &mut ended => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let Ok(place) = place else { break };
        let stream = tokio::select! {
            () = &mut ended => break,
            stream = listener.accept() => stream,
        };
        let Ok((stream, address)) = stream else {
            // No file descriptor is left, or the client has gone: the next one may be luckier.
            tokio::time::sleep(BREATH).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let peer = Peer { address, is_tls: acceptor.is_some() };
        let (acceptor, builder) = (acceptor.clone(), Arc::clone(&builder));
        let (router, watcher) = (router.clone(), graceful.watcher());
        tokio::spawn(async move {
            match acceptor {
                None => converse(&builder, stream, router, peer, watcher).await,
                Some(acceptor) => {
                    let handshake = tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await;
                    if let Ok(Ok(stream)) = handshake {
                        converse(&builder, stream, router, peer, watcher).await;
                    }
                }
            }
            drop(place);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(FAREWELL, graceful.shutdown()).await;
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    builder: &auto::Builder<TokioExecutor>,
    stream: S,
    router: Router,
    peer: Peer,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let mut router = router.clone();
        async move { answered(&mut router, request).await }
    });
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    // What goes wrong on a connection is its client's matter.
    let _ = watcher.watch(connection.into_owned()).await;
}

async fn answered(
    router: &mut Router,
    request: Request<Incoming>,
) -> std::result::Result<axum::response::Response, Infallible> {
    router.call(request).await
}
