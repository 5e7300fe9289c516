//! An address that tells of health and gives the metrics, as Falco's web server does.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::Semaphore;

use crate::{Metrics, WebserverSettings};

/// Connections at once; others wait to be taken.
const MAX_CONNECTIONS: usize = 64;
/// How long a client may take for a request, and how long it may be silent.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long nobody is taken after one could not be.
const BREATH: Duration = Duration::from_millis(50);

/// Which paths are answered.
#[derive(Debug, Clone)]
struct Paths {
    health: String,
    has_metrics: bool,
}

/// Answers on an address from a thread of its own, as long as the process lives; gives the address, whose
/// port the system chose where it is 0.
///
/// # Errors
/// Where the address cannot be had.
pub fn serve(settings: &WebserverSettings, metrics: Arc<Metrics>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(settings.address()?)?;
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let paths = Arc::new(Paths {
        health: settings.k8s_healthz_endpoint.clone(),
        has_metrics: settings.prometheus_metrics_enabled,
    });
    std::thread::Builder::new().name("metrics".to_owned()).spawn(move || {
        runtime.block_on(async move {
            if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
                accept(&listener, &metrics, &paths).await;
            }
        });
    })?;
    Ok(address)
}

async fn accept(listener: &tokio::net::TcpListener, metrics: &Arc<Metrics>, paths: &Arc<Paths>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(BREATH).await;
            continue;
        };
        let (metrics, paths) = (Arc::clone(metrics), Arc::clone(paths));
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let response = answer(&request, &metrics, &paths);
                async move { Ok::<_, Infallible>(response) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .max_buf_size(16 * 1024)
                .serve_connection(TokioIo::new(stream), service);
            // What goes wrong on a connection is its client's matter.
            let _ = connection.await;
            drop(place);
        });
    }
}

fn answer<B>(request: &Request<B>, metrics: &Metrics, paths: &Paths) -> Response<String> {
    let path = request.uri().path();
    let is_health = path == paths.health;
    let known = is_health || (paths.has_metrics && path == "/metrics");
    if !known {
        return response(StatusCode::NOT_FOUND, "text/plain", "there is nothing here\n".to_owned());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let why = "only GET is answered\n".to_owned();
        let mut response = response(StatusCode::METHOD_NOT_ALLOWED, "text/plain", why);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    if is_health {
        return response(StatusCode::OK, "application/json", "{\"status\": \"ok\"}".to_owned());
    }
    response(StatusCode::OK, "text/plain; version=0.0.4", metrics.text())
}

fn response(status: StatusCode, kind: &'static str, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;

    fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn serving(has_metrics: bool) -> SocketAddr {
        let settings = WebserverSettings {
            listen_address: "127.0.0.1".to_owned(),
            listen_port: 0,
            prometheus_metrics_enabled: has_metrics,
            ..WebserverSettings::default()
        };
        serve(&settings, Arc::default()).unwrap()
    }

    #[test]
    fn health_and_metrics_are_told_and_nothing_else() {
        let address = serving(true);
        let get = |path: &str| {
            ask(address, &format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
        };
        assert!(get("/healthz").contains("200 OK"));
        assert!(get("/metrics").contains("plimsoll_runtime_events_total 0"));
        assert!(get("/").contains("404 Not Found"));
        let posted = "POST /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        assert!(ask(address, posted).contains("405 Method Not Allowed"));
    }

    #[test]
    fn metrics_that_are_not_asked_for_are_not_there() {
        let answer =
            ask(serving(false), "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert!(answer.contains("404 Not Found"), "{answer}");
    }

    #[test]
    fn who_says_nothing_does_not_keep_others_waiting() {
        let address = serving(true);
        let silent: Vec<_> =
            (0..MAX_CONNECTIONS - 1).map(|_| TcpStream::connect(address).unwrap()).collect();
        let get = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        assert!(ask(address, get).contains("200 OK"));
        drop(silent);
        let long = format!("GET /{} HTTP/1.1\r\n", "a".repeat(1 << 16));
        let mut stream = TcpStream::connect(address).unwrap();
        let _ = stream.write_all(long.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    }
}
