//! Asks a webhook at a steady rate and says how long answers took, from the moment when each was due:
//! `load URL CA RATE SECONDS CONNECTIONS BODY…`. With a rate of 0, every body once, one after another.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement stops at the first surprise"
)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

type Stream = StreamOwned<ClientConnection, TcpStream>;

struct Target {
    address: String,
    path: String,
    config: Arc<ClientConfig>,
}

impl Target {
    fn connect(&self) -> Stream {
        let host = self.address.rsplit_once(':').unwrap().0.to_owned();
        let name = ServerName::try_from(host).unwrap();
        let connection = ClientConnection::new(Arc::clone(&self.config), name).unwrap();
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        StreamOwned::new(connection, stream)
    }

    /// Sends a review; whether it is allowed.
    fn ask(&self, stream: &mut Stream, body: &str) -> bool {
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.path,
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        stream.flush().unwrap();
        let mut read = Vec::new();
        let mut buffer = [0; 16 << 10];
        loop {
            let count = stream.read(&mut buffer).unwrap();
            assert!(count > 0, "the connection ended");
            read.extend_from_slice(&buffer[..count]);
            let text = String::from_utf8_lossy(&read);
            let Some((head, rest)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned)
            });
            let length: usize = length.unwrap().trim().parse().unwrap();
            if rest.len() >= length {
                assert!(head.starts_with("HTTP/1.1 200"), "{head}");
                return rest.contains("\"allowed\":true");
            }
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, authority, rate, seconds, connections, bodies @ ..] = arguments.as_slice() else {
        println!("load URL CA RATE SECONDS CONNECTIONS BODY…");
        return;
    };
    let (address, path) = url.strip_prefix("https://").unwrap().split_once('/').unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let target =
        Target { address: address.to_owned(), path: format!("/{path}"), config: Arc::new(config) };
    let bodies: Vec<String> =
        bodies.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let (rate, seconds): (u64, u64) = (rate.parse().unwrap(), seconds.parse().unwrap());
    let (mut times, allowed) = if rate == 0 {
        let mut stream = target.connect();
        let ask = |body: &String| {
            let began = Instant::now();
            let allowed = target.ask(&mut stream, body);
            (began.elapsed(), allowed)
        };
        let all: Vec<(Duration, bool)> = bodies.iter().map(ask).collect();
        let allowed = all.iter().filter(|(_, allowed)| *allowed).count();
        (all.into_iter().map(|(time, _)| time).collect(), allowed)
    } else {
        steady(&target, &bodies, rate, seconds, connections.parse().unwrap())
    };
    times.sort_unstable();
    let at = |share: f64| {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place among some thousand"
        )]
        let index = ((times.len() as f64 * share) as usize).min(times.len() - 1);
        times[index].as_secs_f64() * 1000.0
    };
    println!(
        "{{\"requests\": {}, \"allowed\": {allowed}, \"p50_ms\": {:.3}, \"p90_ms\": {:.3}, \"p99_ms\": \
         {:.3}, \"p999_ms\": {:.3}, \"max_ms\": {:.3}}}",
        times.len(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}

/// Every connection has its share of the rate. What comes late counts from when it was due, so that
/// waiting is not left out.
fn steady(
    target: &Target,
    bodies: &[String],
    rate: u64,
    seconds: u64,
    connections: u64,
) -> (Vec<Duration>, usize) {
    let begin = Instant::now() + Duration::from_millis(300);
    let share = |number: u64| {
        let mut stream = target.connect();
        let mut times = Vec::new();
        let mut allowed = 0;
        let mut turn = number;
        while turn < rate * seconds {
            let due = begin + Duration::from_nanos(1_000_000_000 / rate * turn);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let index = usize::try_from(turn).unwrap() % bodies.len();
            allowed += usize::from(target.ask(&mut stream, &bodies[index]));
            times.push(due.elapsed());
            turn += connections;
        }
        (times, allowed)
    };
    std::thread::scope(|scope| {
        let all: Vec<_> =
            (0..connections).map(|number| scope.spawn(move || share(number))).collect();
        let mut times = Vec::new();
        let mut allowed = 0;
        for one in all {
            let (own, passed) = one.join().unwrap();
            times.extend(own);
            allowed += passed;
        }
        (times, allowed)
    })
}
