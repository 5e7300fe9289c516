//! A service that wants to know who sends gets our certificate, and we want to know who it is.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use plimsoll_outputs::{Notice, Outputs, Overflow, Settings};
use plimsoll_runtime::alert::Alert;
use plimsoll_runtime::fields::Source;
use plimsoll_runtime::loader::Priority;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// An authority and what it has issued.
struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    fn issue(&self, name: &str) -> (CertificateDer<'static>, Vec<u8>) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.der().clone(), key.serialize_der())
    }
}

fn pem(path: &Path, kind: &str, bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let text = format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"));
    std::fs::write(path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Takes one connection from whoever has a certificate of this authority; gives the request.
fn serve(authority: &Authority) -> (String, JoinHandle<Option<String>>) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.certificate.clone()).unwrap();
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
        Arc::new(roots),
        Arc::clone(&provider),
    );
    let (certificate, key) = authority.issue("localhost");
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![certificate], PrivateKeyDer::try_from(key).unwrap())
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    let serving = std::thread::spawn(move || {
        let (connection, _) = listener.accept().unwrap();
        let session = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = rustls::StreamOwned::new(session, connection);
        let mut request = String::new();
        let mut bytes = [0; 4_096];
        while !request.trim_end().ends_with('}') {
            let length = stream.read(&mut bytes).ok().filter(|length| *length > 0)?;
            request.push_str(&String::from_utf8_lossy(&bytes[..length]));
        }
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        stream.write_all(answer.as_bytes()).unwrap();
        Some(request)
    });
    (url, serving)
}

fn alert() -> Alert {
    Alert {
        rule: "R".to_owned(),
        source: Source::Syscall,
        priority: Priority::Warning,
        tags: Vec::new(),
        time: 1,
        host: "h".to_owned(),
        output: "o".to_owned(),
        message: "m".to_owned(),
        explanation: None,
        fields: [("proc.name".to_owned(), "cat".into())].into(),
    }
}

/// What sending an alert with these settings comes to.
fn send(pairs: &[String]) -> Result<(), String> {
    let settings = Settings::read("", pairs).unwrap();
    let said: Arc<Mutex<Option<String>>> = Arc::default();
    let into = Arc::clone(&said);
    let mut outputs = Outputs::new(&settings, Overflow::Wait, move |_, notice| {
        if let Notice::Failed(error) = notice {
            *into.lock().unwrap() = Some(error.to_string());
        }
    })
    .map_err(|error| error.to_string())?;
    outputs.send(alert());
    outputs.end_within(Duration::from_mins(1));
    said.lock().unwrap().take().map_or(Ok(()), Err)
}

#[test]
fn both_sides_show_certificates() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, theirs) = (Authority::new(), Authority::new());
    let path = |name: &str| folder.path().join(name);
    let files = |authority: &Authority, name: &str| {
        let (certificate, key) = authority.issue("sender");
        let certificate = pem(&path(&format!("{name}.crt")), "CERTIFICATE", &certificate);
        (certificate, pem(&path(&format!("{name}.key")), "PRIVATE KEY", &key))
    };
    let trusted = pem(&path("ca.crt"), "CERTIFICATE", &ours.certificate);
    let untrusted = pem(&path("other.crt"), "CERTIFICATE", &theirs.certificate);
    let (known, stranger) = (files(&ours, "known"), files(&theirs, "stranger"));
    let pairs = |url: &str, authority: &str, own: Option<&(String, String)>| {
        let mut pairs = vec![
            "stdout_output.enabled=false".to_owned(),
            "json_output=true".to_owned(),
            "http_output.enabled=true".to_owned(),
            format!("http_output.url={url}"),
            format!("http_output.ca_cert={authority}"),
        ];
        if let Some((certificate, key)) = own {
            pairs.push("http_output.mtls=true".to_owned());
            pairs.push(format!("http_output.client_cert={certificate}"));
            pairs.push(format!("http_output.client_key={key}"));
        }
        pairs
    };

    let (url, serving) = serve(&ours);
    send(&pairs(&url, &trusted, Some(&known))).unwrap();
    assert!(serving.join().unwrap().unwrap().contains(r#""rule":"R""#));

    for (authority, own) in
        [(&trusted, None), (&trusted, Some(&stranger)), (&untrusted, Some(&known))]
    {
        let (url, serving) = serve(&ours);
        assert!(send(&pairs(&url, authority, own)).is_err());
        assert_eq!(serving.join().unwrap(), None, "the alert must not leave");
    }
    let broken = send(&pairs("https://localhost:1/", &known.1, Some(&known))).unwrap_err();
    assert!(broken.contains("known.key` has no certificate"), "{broken}");
}
