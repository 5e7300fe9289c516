//! Alerts arrive in files, logs, programs and services as their settings say.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plimsoll_outputs::{Notice, Outputs, Overflow, Settings};
use plimsoll_runtime::alert::Alert;
use plimsoll_runtime::fields::Source;
use plimsoll_runtime::loader::Priority;

fn alert(message: &str) -> Alert {
    Alert {
        rule: "R".to_owned(),
        source: Source::Syscall,
        priority: Priority::Warning,
        tags: vec!["t".to_owned()],
        time: 1_700_000_000_123_456_789,
        host: "h".to_owned(),
        output: format!("22:13:20.123456789: Warning {message}"),
        message: message.to_owned(),
        explanation: None,
        fields: [("proc.name".to_owned(), "cat".into())].into(),
    }
}

/// Outputs, and what they say of alerts that do not arrive.
struct Sending {
    outputs: Outputs,
    said: Arc<Mutex<Vec<String>>>,
}

impl Sending {
    fn new(pairs: &[String]) -> Self {
        let mut all = vec!["stdout_output.enabled=false".to_owned()];
        all.extend_from_slice(pairs);
        let said: Arc<Mutex<Vec<String>>> = Arc::default();
        let into = Arc::clone(&said);
        let settings = Settings::read("", &all).unwrap();
        let outputs = Outputs::new(&settings, Overflow::Wait, move |channel, notice| {
            if let Notice::Failed(error) | Notice::Held(error) = notice {
                into.lock().unwrap().push(format!("{channel}: {error}"));
            }
        });
        Self { outputs: outputs.unwrap(), said }
    }

    /// Sends one and waits for what comes of it.
    fn send(&mut self, message: &str) -> Vec<String> {
        self.outputs.send(alert(message));
        assert!(self.outputs.settle(Duration::from_mins(1)));
        std::mem::take(&mut self.said.lock().unwrap())
    }

    fn end(&mut self) -> Vec<String> {
        self.outputs.end_within(Duration::from_mins(1));
        std::mem::take(&mut self.said.lock().unwrap())
    }
}

#[test]
fn a_file_is_moved_away_when_it_has_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.txt");
    let mut sending = Sending::new(&[
        "file_output.enabled=true".to_owned(),
        format!("file_output.filename={}", path.display()),
        "file_output.rotate_bytes=100".to_owned(),
        "file_output.rotate_keep=2".to_owned(),
    ]);
    for number in 0..9 {
        assert!(sending.send(&format!("number {number}")).is_empty());
    }
    let lines = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(lines("events.txt"), "22:13:20.123456789: Warning number 8\n");
    assert!(lines("events.txt.1").ends_with("number 7\n") && lines("events.txt.1").len() <= 100);
    assert!(lines("events.txt.2").ends_with("number 5\n"));
    assert!(!folder.path().join("events.txt.3").exists());
}

#[test]
fn the_log_gets_the_severity_of_the_priority() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let log = UnixDatagram::bind(&path).unwrap();
    let mut sending = Sending::new(&[
        "syslog_output.enabled=true".to_owned(),
        format!("syslog_output.socket={}", path.display()),
    ]);
    assert!(sending.send("hello").is_empty());
    let mut bytes = [0; 1_000];
    let length = log.recv(&mut bytes).unwrap();
    let text = std::str::from_utf8(&bytes[..length]).unwrap();
    assert!(text.starts_with("<28>plimsoll[") && text.ends_with("Warning hello"), "{text}");
}

#[test]
fn a_program_gets_the_alert_and_its_failure_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("got");
    for keep_alive in [false, true] {
        let mut sending = Sending::new(&[
            "program_output.enabled=true".to_owned(),
            format!("program_output.keep_alive={keep_alive}"),
            format!("program_output.program=cat >> {}", path.display()),
        ]);
        assert!(sending.send("one").is_empty());
        assert!(sending.send("two").is_empty());
        assert!(sending.end().is_empty());
    }
    assert_eq!(std::fs::read_to_string(path).unwrap().lines().count(), 4);
    let mut failing = Sending::new(&[
        "program_output.enabled=true".to_owned(),
        "program_output.program=exit 3".to_owned(),
    ]);
    let failed = failing.send("lost");
    assert!(failed[0].starts_with("program: "), "{failed:?}");
    assert_eq!(failing.outputs.lost().collect::<Vec<_>>(), [("program", 1)]);
}

/// One answer of a service, and what it was sent.
fn serve(status: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut request = String::new();
        let mut bytes = [0; 4_096];
        while !request.contains("\r\n\r\n") || !request.trim_end().ends_with('}') {
            let length = connection.read(&mut bytes).unwrap();
            assert!(length > 0, "{request}");
            request.push_str(&String::from_utf8_lossy(&bytes[..length]));
        }
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        connection.write_all(answer.as_bytes()).unwrap();
        request
    });
    (url, serving)
}

#[test]
fn a_service_gets_the_alert_as_falco_sends_it() {
    for (status, arrives) in [("200 OK", true), ("503 Service Unavailable", false)] {
        let (url, serving) = serve(status);
        let mut sending = Sending::new(&[
            "json_output=true".to_owned(),
            "http_output.enabled=true".to_owned(),
            format!("http_output.url={url}"),
        ]);
        assert_eq!(sending.send("hello").is_empty(), arrives);
        let request = serving.join().unwrap();
        assert!(request.starts_with("POST / HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("content-type: application/json"), "{request}");
        let body = request.split_once("\r\n\r\n").unwrap().1;
        assert_eq!(
            body,
            r#"{"hostname":"h","output":"22:13:20.123456789: Warning hello","output_fields":{"proc.name":"cat"},"priority":"Warning","rule":"R","source":"syscall","tags":["t"],"time":"2023-11-14T22:13:20.123456789Z"}"#
        );
    }
}

#[test]
fn what_would_not_be_safe_does_not_start() {
    let refused = |pairs: &[&str]| {
        let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
        let settings = Settings::read("", &pairs).unwrap();
        Outputs::new(&settings, Overflow::Wait, |_, _| {}).err().unwrap().to_string()
    };
    let on = "http_output.enabled=true";
    assert!(
        refused(&[on, "http_output.url=https://a", "http_output.insecure=true"])
            .contains("ca_cert")
    );
    assert!(refused(&[on, "http_output.url=file:///etc/passwd"]).contains("no address"));
    assert!(refused(&["program_output.enabled=true"]).contains("program"));
    assert!(refused(&["file_output.enabled=true"]).contains("filename"));
}
