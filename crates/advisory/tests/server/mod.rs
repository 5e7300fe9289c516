//! A small HTTP server that misbehaves as told.
#![allow(
    clippy::unwrap_used,
    clippy::format_collect,
    reason = "a test stops at the first surprise"
)]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was asked.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    headers: Vec<(String, String)>,
}

impl Request {
    /// A header by its lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

type Headers = Vec<(&'static str, String)>;

/// What is answered.
pub(crate) enum Reply {
    Ok(Vec<u8>, Headers),
    Status(u16, Headers),
    /// Closes the connection after so many bytes of the body.
    Cut(Vec<u8>, usize, Headers),
    /// Falls silent after so many bytes.
    Stall(Vec<u8>, usize, Duration),
    /// The rest of the body, from the byte that was asked for.
    Range(Vec<u8>, Headers),
    /// The whole, after a while.
    Slow(Vec<u8>, Duration),
}

/// Serves until the test ends.
pub(crate) struct Server {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// `reply` gets the number of the request and the request.
    pub(crate) fn start(reply: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (seen, reply) = (Arc::clone(&requests), Arc::new(reply));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, reply) = (Arc::clone(&seen), Arc::clone(&reply));
                std::thread::spawn(move || {
                    let Some(request) = read(&stream) else { return };
                    let number = {
                        let mut seen = seen.lock().unwrap();
                        seen.push(request.clone());
                        seen.len() - 1
                    };
                    // Whoever has heard enough hangs up.
                    let _ = answer(&stream, &request, reply(number, &request));
                });
            }
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

/// Greets with a certificate that it has issued itself; says its address.
pub(crate) fn start_tls() -> String {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
        }
    });
    format!("localhost:{port}")
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let path = lines.next()?.ok()?.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Some(Request { path, headers })
}

fn answer(mut stream: &TcpStream, request: &Request, reply: Reply) -> std::io::Result<()> {
    let head = |status: u16, length: usize, headers: &Headers| {
        let extra: String =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!(
            "HTTP/1.1 {status} Status\r\nContent-Length: {length}\r\nConnection: close\r\n{extra}\r\n"
        )
    };
    match reply {
        Reply::Ok(body, headers) => {
            stream.write_all(head(200, body.len(), &headers).as_bytes())?;
            stream.write_all(&body)
        }
        Reply::Status(status, headers) => stream.write_all(head(status, 0, &headers).as_bytes()),
        Reply::Cut(body, at, headers) => {
            stream.write_all(head(200, body.len(), &headers).as_bytes())?;
            stream.write_all(&body[..at])
        }
        Reply::Stall(body, at, pause) => {
            stream.write_all(head(200, body.len(), &Vec::new()).as_bytes())?;
            stream.write_all(&body[..at])?;
            std::thread::sleep(pause);
            Ok(())
        }
        Reply::Slow(body, pause) => {
            std::thread::sleep(pause);
            stream.write_all(head(200, body.len(), &Vec::new()).as_bytes())?;
            stream.write_all(&body)
        }
        Reply::Range(body, mut headers) => {
            let range =
                request.header("range").and_then(|r| r.strip_prefix("bytes=")?.strip_suffix('-'));
            let start: usize = range.unwrap().parse().unwrap();
            headers.push((
                "Content-Range",
                format!("bytes {start}-{}/{}", body.len() - 1, body.len()),
            ));
            stream.write_all(head(206, body.len() - start, &headers).as_bytes())?;
            stream.write_all(&body[start..])
        }
    }
}
