//! An output that is slow or hangs holds up nobody else, and what it does not get is counted.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use plimsoll_outputs::{Notice, Outputs, Overflow, Settings};
use plimsoll_runtime::alert::Alert;
use plimsoll_runtime::fields::Source;
use plimsoll_runtime::loader::Priority;

fn alert(message: &str) -> Alert {
    Alert {
        rule: "R".to_owned(),
        source: Source::Syscall,
        priority: Priority::Warning,
        tags: Vec::new(),
        time: 1,
        host: "h".to_owned(),
        output: message.to_owned(),
        message: message.to_owned(),
        explanation: None,
        fields: BTreeMap::new(),
    }
}

/// What was said of channels: how many alerts had no room, were told to have none, were given up.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Said {
    no_room: u64,
    full: u64,
    full_messages: u64,
    given_up: u64,
    failed: Vec<String>,
}

fn outputs(pairs: &[String], overflow: Overflow) -> (Outputs, Arc<Mutex<Said>>) {
    let mut all = vec!["stdout_output.enabled=false".to_owned()];
    all.extend_from_slice(pairs);
    let said: Arc<Mutex<Said>> = Arc::default();
    let into = Arc::clone(&said);
    let tell = move |_: &'static str, notice: Notice<'_>| {
        let mut said = into.lock().unwrap();
        match notice {
            Notice::Failed(error) | Notice::Held(error) => said.failed.push(error.to_string()),
            Notice::NoRoom => said.no_room += 1,
            Notice::Full(alerts) => {
                said.full += alerts;
                said.full_messages += 1;
            }
            Notice::GivenUp(alerts) => said.given_up += alerts,
        }
    };
    (Outputs::new(&Settings::read("", &all).unwrap(), overflow, tell).unwrap(), said)
}

/// A port that takes connections and never answers.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://x:SECRET@{}/", listener.local_addr().unwrap());
    (listener, url)
}

fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

fn soon(what: impl Fn() -> bool) -> Duration {
    let begin = Instant::now();
    while !what() {
        assert!(begin.elapsed() < Duration::from_secs(30), "it never came");
        std::thread::sleep(Duration::from_millis(1));
    }
    begin.elapsed()
}

#[test]
fn a_silent_service_holds_up_neither_the_others_nor_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts");
    let (_listener, url) = silent();
    let (mut outputs, said) = outputs(
        &[
            "http_output.enabled=true".to_owned(),
            format!("http_output.url={url}"),
            "file_output.enabled=true".to_owned(),
            format!("file_output.filename={}", path.display()),
        ],
        Overflow::Drop,
    );
    let begin = Instant::now();
    for number in 0..100 {
        outputs.send(alert(&number.to_string()));
    }
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    soon(|| lines(&path) == 100);
    // One more, alone: what a person waits for.
    outputs.send(alert("one more"));
    let delay = soon(|| lines(&path) == 101);
    assert!(delay < Duration::from_millis(500), "{delay:?}");
    let begin = Instant::now();
    outputs.end_within(Duration::from_millis(300));
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    assert_eq!(outputs.lost().collect::<Vec<_>>(), [("http", 101)]);
    assert_eq!(said.lock().unwrap().given_up, 101);
}

#[test]
fn what_a_full_queue_does_not_take_is_counted_and_told_once_a_second() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts");
    let (mut outputs, said) = outputs(
        &[
            "outputs_queue.capacity=3".to_owned(),
            "program_output.enabled=true".to_owned(),
            "program_output.keep_alive=false".to_owned(),
            "program_output.program=sleep 2".to_owned(),
            "file_output.enabled=true".to_owned(),
            format!("file_output.filename={}", path.display()),
        ],
        Overflow::Drop,
    );
    for number in 1..=50 {
        outputs.send(alert(&number.to_string()));
        soon(|| lines(&path) == number);
    }
    outputs.end_within(Duration::from_millis(100));
    let lost: BTreeMap<&str, u64> = outputs.lost().collect();
    assert_eq!(lost, BTreeMap::from([("program", 50)]));
    let said = said.lock().unwrap().clone();
    // One is with the program, three wait.
    assert_eq!(said.given_up, 4);
    assert_eq!((said.no_room, said.full), (46, 46));
    assert!(said.full_messages <= 4, "{said:?}");
}

#[test]
fn where_nothing_is_missed_meanwhile_it_is_waited_for_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts");
    let (mut outputs, said) = outputs(
        &[
            "outputs_queue.capacity=1".to_owned(),
            "program_output.enabled=true".to_owned(),
            format!("program_output.program=sleep 0.02; cat >> {}", path.display()),
        ],
        Overflow::Wait,
    );
    for number in 0..20 {
        outputs.send(alert(&number.to_string()));
    }
    outputs.end_when_idle(Duration::from_secs(30));
    assert_eq!(lines(&path), 20);
    assert_eq!(*said.lock().unwrap(), Said::default());
}

#[test]
fn an_end_without_news_comes_all_the_same() {
    let (mut outputs, said) = outputs(
        &["program_output.enabled=true".to_owned(), "program_output.program=sleep 5".to_owned()],
        Overflow::Wait,
    );
    outputs.send(alert("a"));
    let begin = Instant::now();
    outputs.end_when_idle(Duration::from_millis(200));
    assert!(begin.elapsed() < Duration::from_secs(3));
    assert_eq!(said.lock().unwrap().given_up, 1);
}

#[test]
fn what_is_said_of_a_service_has_no_key_in_it() {
    let refusing = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://x:SECRET@{}/SECRET?SECRET", refusing.local_addr().unwrap());
    let answering = std::thread::spawn(move || {
        let (mut connection, _) = refusing.accept().unwrap();
        let mut request = BufReader::new(connection.try_clone().unwrap());
        let mut line = String::new();
        while request.read_line(&mut line).unwrap() > 2 {
            line.clear();
        }
        std::io::Write::write_all(
            &mut connection,
            b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        )
        .unwrap();
    });
    let pairs =
        |url: &str| ["http_output.enabled=true".to_owned(), format!("http_output.url={url}")];
    let (mut first, said) = outputs(&pairs(&url), Overflow::Wait);
    first.send(alert("a"));
    first.end_within(Duration::from_secs(30));
    answering.join().unwrap();
    let failed = said.lock().unwrap().failed.clone();
    assert!(failed[0].contains("403") && !failed[0].contains("SECRET"), "{failed:?}");
    // Nobody listens there any more.
    let (mut second, said) = outputs(&pairs(&url), Overflow::Wait);
    second.send(alert("a"));
    second.end_within(Duration::from_secs(30));
    let failed = said.lock().unwrap().failed.clone();
    assert!(failed[0].contains("does not answer"), "{failed:?}");
    assert!(!failed[0].contains("SECRET"), "{failed:?}");
    let settings = Settings::read("", &pairs("ftp://x:SECRET@h/")).unwrap();
    let error = Outputs::new(&settings, Overflow::Wait, |_, _| {}).err().unwrap();
    assert!(!error.to_string().contains("SECRET"), "{error}");
}
