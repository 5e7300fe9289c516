//! Falcosidekick takes our alerts and hands on what they say.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use plimsoll_outputs::{Notice, Outputs, Overflow, Settings};
use plimsoll_runtime::alert::Alert;
use plimsoll_runtime::fields::Source;
use plimsoll_runtime::loader::Priority;
use serde_json::Value;

/// Ends the program with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Falcosidekick, which hands everything on to a web hook; none where it is not installed.
fn start(hook: &str) -> Option<(Running, u16)> {
    let port = free_port();
    let child = Command::new("falcosidekick")
        .env("LISTENADDRESS", "127.0.0.1")
        .env("LISTENPORT", port.to_string())
        .env("WEBHOOK_ADDRESS", hook)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let running = Running(child);
    let begin = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begin.elapsed() < Duration::from_mins(1), "falcosidekick does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    Some((running, port))
}

/// The body of the next request.
fn body(listener: &TcpListener) -> Value {
    let (mut connection, _) = listener.accept().unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut request = Vec::new();
    let mut bytes = [0; 4_096];
    loop {
        let length = connection.read(&mut bytes).unwrap();
        assert!(length > 0);
        request.extend_from_slice(&bytes[..length]);
        let text = String::from_utf8_lossy(&request);
        let Some((_, body)) = text.split_once("\r\n\r\n") else { continue };
        if let Ok(value) = serde_json::from_str(body) {
            connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
            return value;
        }
    }
}

#[test]
fn what_it_hands_on_is_what_the_alert_says() {
    let hook = TcpListener::bind("127.0.0.1:0").unwrap();
    let Some((_running, port)) = start(&format!("http://{}/", hook.local_addr().unwrap())) else {
        println!("skipped: falcosidekick is not installed");
        return;
    };
    let send = |json: bool, alert: &Alert| {
        let pairs = [
            "stdout_output.enabled=false".to_owned(),
            format!("json_output={json}"),
            "http_output.enabled=true".to_owned(),
            format!("http_output.url=http://127.0.0.1:{port}/"),
        ];
        let settings = Settings::read("", &pairs).unwrap();
        let said: Arc<Mutex<Option<String>>> = Arc::default();
        let into = Arc::clone(&said);
        let mut outputs = Outputs::new(&settings, Overflow::Wait, move |_, notice| {
            if let Notice::Failed(error) = notice {
                *into.lock().unwrap() = Some(error.to_string());
            }
        })
        .unwrap();
        outputs.send(alert.clone());
        outputs.end_within(Duration::from_mins(1));
        said.lock().unwrap().take()
    };
    for priority in [Priority::Emergency, Priority::Informational, Priority::Debug] {
        let alert = Alert {
            rule: "Read sensitive file".to_owned(),
            source: Source::Syscall,
            priority,
            tags: vec!["filesystem".to_owned(), "mitre".to_owned()],
            time: 1_700_000_000_123_456_789,
            host: "node-1".to_owned(),
            output: "22:13:20.123456789: a \"file\" was read".to_owned(),
            message: "a \"file\" was read".to_owned(),
            explanation: None,
            fields: [
                ("evt.time".to_owned(), 1_700_000_000_123_456_789_u64.into()),
                ("proc.name".to_owned(), "cat".into()),
                ("user.name".to_owned(), Value::Null),
            ]
            .into(),
        };
        assert_eq!(send(true, &alert), None);
        let got = body(&hook);
        assert_eq!(got["rule"], "Read sensitive file");
        assert_eq!(got["priority"], priority.name());
        assert_eq!(got["source"], "syscall");
        assert_eq!(got["hostname"], "node-1");
        assert_eq!(got["output"], alert.output);
        assert_eq!(got["time"], "2023-11-14T22:13:20.123456789Z");
        assert_eq!(got["tags"], serde_json::json!(["filesystem", "mitre"]));
        assert_eq!(got["output_fields"]["proc.name"], "cat");
        assert_eq!(got["output_fields"]["evt.time"], 1_700_000_000_123_456_789_u64);
        // A text is no alert to it, and we say so.
        let refused = send(false, &alert).unwrap();
        assert!(refused.contains("400"), "{refused}");
    }
}
