//! TLS by files, which may change while the server runs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use plimsoll_server::auth::{Access, Tls};
use plimsoll_server::serve;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::bench::settings;

struct Made {
    certificate: CertificateDer<'static>,
    pem: String,
    key: String,
}

fn made() -> Made {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    Made {
        certificate: made.cert.der().clone(),
        pem: made.cert.pem(),
        key: made.signing_key.serialize_pem(),
    }
}

/// Asks for `/healthz`; `None` where the certificate is another.
fn ask(address: SocketAddr, trusted: &CertificateDer<'static>) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    let head = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).ok()?;
    let mut text = Vec::new();
    // Whether the connection ended well is not what is looked at.
    let _ = stream.read_to_end(&mut text);
    Some(String::from_utf8(text).unwrap()).filter(|text| !text.is_empty())
}

#[test]
fn a_renewed_certificate_is_shown_without_a_restart_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let (first, second) = (made(), made());
    let write = |made: &Made| {
        std::fs::write(&certificate, &made.pem).unwrap();
        std::fs::write(&key, &made.key).unwrap();
    };
    write(&first);
    let tls = Tls { certificate: certificate.clone(), key: key.clone() };
    let access = Access { tls: Some(tls), ..Access::default() };
    let settings = settings(folder.path(), access);
    let (tell, told) = mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(serve(
            settings,
            Box::new(|line| eprintln!("{line}")),
            move |at| tell.send(at.clients.unwrap()).unwrap(),
            async { drop(stopped.await) },
        ))
    });
    let address = told.recv_timeout(Duration::from_mins(1)).unwrap();
    let answer = ask(address, &first.certificate).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("strict-transport-security"));
    assert!(ask(address, &second.certificate).is_none());

    std::fs::write(&certificate, "no certificate").unwrap();
    std::thread::sleep(Duration::from_secs(7));
    assert!(ask(address, &first.certificate).is_some(), "that of before stays");
    write(&second);
    let until = Instant::now() + Duration::from_secs(30);
    while ask(address, &second.certificate).is_none() {
        assert!(Instant::now() < until, "the new certificate is not shown");
        std::thread::sleep(Duration::from_millis(500));
    }
    stop.send(()).unwrap();
    server.join().unwrap().unwrap();
}

#[test]
fn whoever_is_slow_with_the_head_of_a_request_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path(), Access::default());
    let (tell, told) = mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(serve(
            settings,
            Box::new(|line| eprintln!("{line}")),
            move |at| tell.send(at.clients.unwrap()).unwrap(),
            async { drop(stopped.await) },
        ))
    });
    let address = told.recv_timeout(Duration::from_mins(1)).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(25))).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: ").unwrap();
    let began = Instant::now();
    let mut rest = Vec::new();
    let ended = stream.read_to_end(&mut rest);
    assert!(ended.is_ok() && began.elapsed() < Duration::from_secs(20), "{ended:?}");
    stop.send(()).unwrap();
    server.join().unwrap().unwrap();
}
