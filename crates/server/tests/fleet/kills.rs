//! Whatever is killed at whatever time, no image is lost and none has two results.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::estate::{Outcome, results};
use crate::{Dice, Estate, Process, Start, ask, image, until};

/// Has images read without end: each is asked for until it is accepted.
struct Client {
    end: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Sent>,
    accepted: Arc<AtomicUsize>,
}

struct Sent {
    references: Vec<String>,
    /// Numbers of alerts that were accepted, and of those of which nobody knows.
    alerts: BTreeSet<u64>,
    unknown: BTreeSet<u64>,
}

impl Client {
    fn start(api: &Process, folder: PathBuf, pause: Duration) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let accepted = Arc::new(AtomicUsize::new(0));
        let (scans, alerts) = (api.url("/api/v1/scans"), api.url("/falco"));
        let (ended, counted) = (Arc::clone(&end), Arc::clone(&accepted));
        let thread = std::thread::spawn(move || {
            let mut sent =
                Sent { references: Vec::new(), alerts: BTreeSet::new(), unknown: BTreeSet::new() };
            let mut number = 0;
            while !ended.load(Ordering::SeqCst) {
                number += 1;
                let reference = image(&folder, number);
                let body = json!({"reference": reference}).to_string();
                until("it is accepted", Duration::from_mins(3), || {
                    let (status, _) = ask("POST", &scans, None, &body)?;
                    [200, 202].contains(&status).then_some(())
                });
                sent.references.push(reference);
                counted.fetch_add(1, Ordering::SeqCst);
                let number = number as u64;
                match ask("POST", &alerts, None, &alert(number)) {
                    Some((202, _)) => drop(sent.alerts.insert(number)),
                    Some((503, _)) => {}
                    other => {
                        assert!(other.as_ref().is_none_or(|it| it.0 >= 500), "{other:?}");
                        sent.unknown.insert(number);
                    }
                }
                std::thread::sleep(pause);
            }
            sent
        });
        Self { end, thread, accepted }
    }

    fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    fn finish(self) -> Sent {
        self.end.store(true, Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

pub(crate) fn alert(number: u64) -> String {
    json!({
        "priority": "Warning", "rule": "Made", "source": "syscall",
        "time": "2026-11-24T08:00:00.123456789Z", "output": format!("alert {number}"),
        "output_fields": {"proc.pid": number},
    })
    .to_string()
}

/// The numbers of the alerts in a store, one for each row.
pub(crate) fn stored_alerts(api: &Process, key: Option<&str>) -> Vec<u64> {
    let (mut numbers, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/runtime/alerts?limit=500{after}");
        let (status, page) = ask("GET", &api.url(&path), key, "").unwrap();
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().unwrap();
        numbers.extend(items.iter().map(|it| it["output_fields"]["proc.pid"].as_u64().unwrap()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return numbers,
        }
    }
}

fn check_alerts(api: &Process, sent: &Sent) {
    let numbers = until("all alerts are stored", Duration::from_mins(1), || {
        let numbers = stored_alerts(api, None);
        let found: BTreeSet<u64> = numbers.iter().copied().collect();
        sent.alerts.is_subset(&found).then_some(numbers)
    });
    let found: BTreeSet<u64> = numbers.iter().copied().collect();
    assert_eq!(found.len(), numbers.len(), "none is stored twice");
    let known: BTreeSet<u64> = sent.alerts.union(&sent.unknown).copied().collect();
    assert!(found.is_subset(&known));
    eprintln!("{} alerts accepted, {} stored", sent.alerts.len(), numbers.len());
}

/// Each image has been read, as often as it has jobs that are done, and no job is left or failed.
fn check_images(store: &str, sent: &Sent) {
    let began = Instant::now();
    let all: BTreeSet<&str> = sent.references.iter().map(String::as_str).collect();
    loop {
        let found = results(store);
        let left: Vec<_> = found.iter().filter(|(_, it)| it.other > 0).collect();
        if left.is_empty() && all.iter().all(|name| found.get(*name).is_some_and(|it| it.done > 0))
        {
            for (name, Outcome { done, stored, .. }) in &found {
                assert_eq!(done, stored, "{name}: as many results as jobs");
                assert!(all.contains(name.as_str()), "{name}");
            }
            let jobs: i64 = found.values().map(|it| it.done).sum();
            eprintln!("{} images, {jobs} jobs done, as many results", found.len());
            return;
        }
        assert!(began.elapsed() < Duration::from_mins(4), "left: {left:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn fleet_survives(kills: usize) {
    let Some(mut estate) = Estate::start(&[], 2) else {
        return alone_survives(kills);
    };
    let mut dice = Dice::new();
    let client =
        Client::start(estate.api(), estate.folder.path().to_owned(), Duration::from_millis(150));
    let mut killed = std::collections::BTreeMap::<String, usize>::new();
    let began = Instant::now();
    for _ in 0..kills {
        std::thread::sleep(Duration::from_millis(dice.below(500)));
        for server in &mut estate.servers {
            server.supervise();
        }
        let count = estate.servers.len() as u64;
        let at = dice.below(count + 3);
        let name = match at.checked_sub(count) {
            None => {
                let server = &mut estate.servers[usize::try_from(at).unwrap()];
                server.kill();
                server.resume();
                server.name.clone()
            }
            Some(0) => {
                estate.postgres.kill();
                estate.postgres.resume();
                "postgres".into()
            }
            Some(1) => match &mut estate.nats {
                Some(nats) => {
                    nats.kill();
                    nats.resume();
                    "nats".into()
                }
                None => "nothing".into(),
            },
            Some(_) => match &mut estate.s3 {
                Some(s3) => {
                    s3.kill();
                    s3.resume();
                    "s3".into()
                }
                None => "nothing".into(),
            },
        };
        *killed.entry(name).or_default() += 1;
    }
    eprintln!("{kills} kills in {:.0?}: {killed:?}", began.elapsed());
    // Whoever supervises them does so until the end.
    let until_all = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until_all && estate.servers.iter().any(|it| it.health().is_null()) {
        estate.servers.iter_mut().for_each(Process::supervise);
        std::thread::sleep(Duration::from_millis(200));
    }
    let sent = client.finish();
    check_images(&estate.store, &sent);
    check_alerts(estate.api(), &sent);
    let health = until("the fleet is well", Duration::from_mins(1), || {
        let health = estate.api().health();
        (health["status"] == "ok").then_some(health)
    });
    eprintln!("{health}");
}

/// Without PostgreSQL there is one server, which is killed.
fn alone_survives(kills: usize) {
    let mut dice = Dice::new();
    let folder = tempfile::tempdir().unwrap();
    let mut server = Process::start(folder.path(), "server", Start::default());
    let client = Client::start(&server, folder.path().to_owned(), Duration::from_millis(100));
    for _ in 0..kills {
        std::thread::sleep(Duration::from_millis(200 + dice.below(1_000)));
        server.kill();
        server.resume();
        server.wait();
    }
    until("something was accepted", Duration::from_mins(1), || {
        (client.accepted() > 0).then_some(())
    });
    let sent = client.finish();
    let file = format!("sqlite:{}", server.data().join("plimsoll.db").display());
    check_images(&file, &sent);
    check_alerts(&server, &sent);
}

#[test]
fn ten_kills_of_a_fleet_lose_nothing_and_double_nothing() {
    fleet_survives(10);
}

#[test]
fn ten_kills_of_a_server_alone_lose_nothing_and_double_nothing() {
    alone_survives(10);
}

#[test]
#[ignore = "it takes minutes: make test-all"]
fn two_hundred_kills_of_a_fleet_lose_nothing_and_double_nothing() {
    fleet_survives(200);
}

#[test]
fn each_role_does_its_part_and_no_other() {
    let Some(mut estate) = Estate::start(&[], 1) else { return };
    let folder = estate.folder.path().to_owned();
    let ids: Vec<i64> = (0..6).map(|number| estate.api().scan(&image(&folder, number))).collect();
    for id in ids {
        estate.api().done(id);
    }
    // Those that do not answer have no address for clients.
    let closed = |process: &Process| ask("GET", &process.url("/healthz"), None, "").is_none();
    assert!(estate.servers[1..].iter().all(closed));
    let scans = |process: &Process| process.metrics().contains("plimsoll_scans_total{");
    assert!(scans(&estate.servers[2]) && !estate.servers[..2].iter().any(scans));
    // Without a worker a job waits; one that comes does it.
    estate.servers[2].kill();
    let id = estate.api().scan(&image(&folder, 7));
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(estate.api().job(id)["state"], "waiting");
    estate.servers[2].resume();
    assert_eq!(estate.api().done(id)["attempt"], 1);
}

#[test]
fn calls_that_are_lost_are_made_again_and_without_nats_workers_look_themselves() {
    let Some(mut estate) = Estate::start(&[], 1) else { return };
    if estate.nats.is_none() {
        return;
    }
    let folder = estate.folder.path().to_owned();
    let prompt = |estate: &Estate, number| {
        let id = estate.api().scan(&image(&folder, number));
        let began = Instant::now();
        estate.api().done(id);
        began.elapsed()
    };
    prompt(&estate, 0);
    eprintln!("by a call: {:?}", prompt(&estate, 1));
    estate.nats.as_mut().unwrap().kill();
    eprintln!("without NATS: {:?}", prompt(&estate, 2));
    estate.api().until_health("queue", "unreachable");
    // It comes back, and knows nothing any more: neither calls nor who listens.
    let nats = estate.nats.as_mut().unwrap();
    nats.forget();
    nats.resume();
    estate.api().until_health("queue", "ready");
    prompt(&estate, 3);
    let took = (4..8).map(|number| prompt(&estate, number)).min().unwrap();
    eprintln!("by a call again: {took:?}");
}
