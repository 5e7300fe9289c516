//! What a second worker brings where images come slowly.

use std::time::{Duration, Instant};

use plimsoll_testkit::{Compression, Image, Served, Server};

use crate::{Estate, Process, until};

/// How long the registry takes for each answer.
const DELAY: Duration = Duration::from_millis(50);

const IMAGES: usize = 160;

fn served(number: usize) -> Served {
    let own = format!(r#"{{"name":"own-{number}","version":"1.0.0"}}"#);
    let image = Image::new()
        .layer("FROM debian:12", &[("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n")])
        .layer("COPY . /app", &[("app/node_modules/own/package.json", own.as_str())]);
    Served::new(&image, Compression::Gzip)
}

/// How long a number of workers take, each of which reads an image at a time, and how much of a processor
/// they have meanwhile.
fn measure(workers: usize) -> Option<(Duration, Duration)> {
    let all: Vec<Served> = (0..IMAGES).map(served).collect();
    let registry = Server::start(move |request| {
        std::thread::sleep(DELAY);
        let number = request.path.split("/image-").nth(1).and_then(|it| it.split('/').next());
        match number.and_then(|it| it.parse::<usize>().ok()).and_then(|it| all.get(it)) {
            Some(served) => served.reply(request),
            None => plimsoll_testkit::Reply::new(200, "{}"),
        }
    });
    let host = registry.host();
    let estate = Estate::start(std::slice::from_ref(&host), workers)?;
    let processor = || -> Duration { estate.servers[2..].iter().map(Process::processor).sum() };
    let (began, before) = (Instant::now(), processor());
    for number in 0..IMAGES {
        estate.api().scan(&format!("registry:{host}/image-{number}:1"));
    }
    until("all are read", Duration::from_mins(5), || {
        let found = estate.results();
        let done = found.values().filter(|it| it.done == 1 && it.stored == 1).count();
        (done == IMAGES).then_some(())
    });
    Some((began.elapsed(), processor().checked_sub(before).unwrap()))
}

/// `cargo test --release -p plimsoll-server --test fleet -- --ignored --nocapture speed`
#[test]
#[ignore = "it measures: docs/benchmarks.md"]
fn a_second_worker_where_the_registry_is_slow() {
    let (Some((one, one_cpu)), Some((two, two_cpu))) = (measure(1), measure(2)) else { return };
    let ratio = one.as_secs_f64() / two.as_secs_f64();
    let delay = DELAY.as_millis();
    eprintln!(
        "{IMAGES} images, {delay} ms an answer: one worker {one:.1?} ({one_cpu:.1?} of a processor), \
         two {two:.1?} ({two_cpu:.1?}): {ratio:.2} times as fast"
    );
    assert!(ratio >= 1.8, "{ratio}");
}
