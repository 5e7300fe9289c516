//! Alerts that were accepted are kept whatever happens to the database and to whoever accepted them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use plimsoll_server::auth::first;
use plimsoll_server::store::Store;
use plimsoll_testkit::Postgres;
use serde_json::json;

use crate::kills::{alert, stored_alerts};
use crate::{Process, Start, ask, until};

/// A key of the server whose store this is.
fn key(server: &Process, store: &str) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let token = runtime.block_on(async {
        let store = Store::connect(store).await.unwrap();
        let token = first::token(&store).await.unwrap();
        store.close().await;
        token
    });
    let wanted = json!({"name": "sensors", "role": "admin"}).to_string();
    let (status, made) = ask("POST", &server.url("/api/v1/keys"), Some(&token), &wanted).unwrap();
    assert_eq!(status, 201, "{made}");
    made["secret"].as_str().unwrap().to_owned()
}

#[test]
fn alerts_are_accepted_while_the_database_restarts_and_none_is_lost_or_doubled() {
    let Some(postgres) = Postgres::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let store = postgres.database("alerts");
    let start =
        Start { role: "api", store: Some(store.clone()), is_closed: true, ..Start::default() };
    let mut server = Process::start(folder.path(), "api", start);
    let key = key(&server, &store);
    let end = Arc::new(AtomicBool::new(false));
    let sender = {
        let (end, key, url) = (Arc::clone(&end), key.clone(), server.url("/falco"));
        std::thread::spawn(move || {
            let (mut accepted, mut unknown, mut number) = (Vec::new(), BTreeSet::new(), 0_u64);
            while !end.load(Ordering::SeqCst) {
                number += 1;
                match ask("POST", &url, Some(&key), &alert(number)) {
                    Some((202, _)) => accepted.push((number, Instant::now())),
                    Some((503 | 500, _)) => std::thread::sleep(Duration::from_millis(20)),
                    None => {
                        unknown.insert(number);
                        std::thread::sleep(Duration::from_millis(20));
                    }
                    other => panic!("{other:?}"),
                }
            }
            (accepted, unknown)
        })
    };
    std::thread::sleep(Duration::from_secs(2));

    // The database stops, and starts again.
    let stopped = Instant::now();
    postgres.stop();
    std::thread::sleep(Duration::from_secs(6));
    server.until_health("store", "unreachable");
    let started = Instant::now();
    postgres.resume();
    server.until_health("store", "ready");

    // It stops once more, and who accepted is killed before it is back.
    postgres.stop();
    std::thread::sleep(Duration::from_secs(3));
    server.kill();
    postgres.resume();
    server.resume();
    server.wait();
    std::thread::sleep(Duration::from_secs(1));
    // And once while all is well.
    server.kill();
    server.resume();
    server.wait();
    std::thread::sleep(Duration::from_secs(1));
    end.store(true, Ordering::SeqCst);
    let (accepted, unknown) = sender.join().unwrap();

    let meanwhile = accepted.iter().filter(|(_, at)| *at > stopped && *at < started).count();
    assert!(meanwhile > 20, "{meanwhile} were accepted while the database was away");
    let accepted: BTreeSet<u64> = accepted.into_iter().map(|it| it.0).collect();
    let stored = until("all are stored", Duration::from_mins(1), || {
        let stored = stored_alerts(&server, Some(&key));
        let found: BTreeSet<u64> = stored.iter().copied().collect();
        accepted.is_subset(&found).then_some(stored)
    });
    let found: BTreeSet<u64> = stored.iter().copied().collect();
    assert_eq!(found.len(), stored.len(), "none is stored twice");
    let known: BTreeSet<u64> = accepted.union(&unknown).copied().collect();
    assert!(found.is_subset(&known));
    eprintln!(
        "{} accepted, {meanwhile} of them while the database was away; {} stored",
        accepted.len(),
        stored.len()
    );
    // A key that never counted does not count because nobody can look it up.
    postgres.stop();
    let guessed = format!("plimsoll_{}_{}", "0".repeat(12), "A".repeat(43));
    let answer = ask("POST", &server.url("/falco"), Some(&guessed), &alert(0));
    assert!(answer.as_ref().is_none_or(|it| it.0 != 202), "{answer:?}");
}
