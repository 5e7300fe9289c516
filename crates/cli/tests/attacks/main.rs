//! Known techniques of attackers, carried out in real containers: each has to raise the alert of the rule
//! that is for it, among Plimsoll's own rules as they are used where nobody names any.
//!
//! Where programs cannot be loaded into the kernel, or there is no Docker, it says so and passes.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    reason = "a test stops at the first surprise and says what it measured"
)]

mod machine;
mod ordinary;
mod profile;
mod table;

use std::collections::BTreeSet;
use std::time::Duration;

use plimsoll_runtime::defaults::FILES;
use plimsoll_runtime::loader::{Loader, Options};

use self::machine::{Docker, Watching, now};
use self::ordinary::{How, WORKS, Work};
use self::table::{ATTACKS, Where};

#[test]
fn every_rule_has_a_technique_that_it_is_for() {
    let mut loader = Loader::new(Options::default());
    for (name, text) in FILES {
        assert!(loader.load(name, text).is_loaded(), "{name}");
    }
    let rules: BTreeSet<&str> =
        loader.definitions().rules.iter().map(|rule| rule.name.as_str()).collect();
    let named: BTreeSet<&str> = ATTACKS.iter().map(|attack| attack.rule).collect();
    assert_eq!(named, rules);
}

#[test]
#[ignore = "attacks real containers: make test-sensor"]
fn every_technique_raises_the_alert_that_is_for_it() {
    let docker = match Docker::start() {
        Ok(docker) => docker,
        Err(why) => return println!("skipped: {why}"),
    };
    if let Err(why) = docker.target() {
        return println!("skipped: {why}");
    }
    // Of other rules it is only told how many techniques raise any alert: `RULES=a.yaml,b.yaml`.
    let others = std::env::var("RULES").unwrap_or_default();
    let others: Vec<&str> = others.split(',').filter(|file| !file.is_empty()).collect();
    let watching = match Watching::with(&others) {
        Ok(watching) => watching,
        Err(why) => return println!("skipped: {why}"),
    };
    let plain = docker.container(&[]);
    let privileged = docker.container(table::RIGHTS);
    // Addresses that are not private, at which the container itself listens.
    let addresses = "for a in 169.254.169.254 203.0.113.7; do ip address add $a/32 dev lo; done";
    docker.run(&["exec", &privileged, "sh", "-c", addresses]).unwrap();

    let wanted = std::env::var("ATTACKS").unwrap_or_default();
    let attacks: Vec<_> = ATTACKS.iter().filter(|attack| attack.name.contains(&wanted)).collect();
    let mut begun = Vec::new();
    for attack in &attacks {
        let container = if attack.at == Where::Privileged { &privileged } else { &plain };
        begun.push((now(), container));
        // What a call gives back does not matter, and many are forbidden.
        let terminal = if attack.at == Where::Terminal { "--tty=true" } else { "--tty=false" };
        let ended = docker.run(&["exec", terminal, container, "bash", "-c", attack.how]);
        if let Err(why) = ended
            && std::env::var_os("ATTACKS").is_some()
        {
            println!("{}: {why}", attack.name);
        }
    }
    let end = now();
    let (alerts, told) = watching.end();

    let mut missed = Vec::new();
    let mut fired = BTreeSet::new();
    for (at, attack) in attacks.iter().enumerate() {
        let (from, container) = begun[at];
        let until = begun.get(at + 1).map_or(end, |(next, _)| *next);
        let own = alerts
            .iter()
            .filter(|alert| alert.container == **container && (from..until).contains(&alert.time));
        let rules: Vec<&str> = own.map(|alert| alert.rule.as_str()).collect();
        fired.extend(rules.iter().copied());
        if rules.contains(&attack.rule) || !(others.is_empty() || rules.is_empty()) {
            println!("seen    {:<48} {}", attack.name, attack.rule);
        } else {
            println!("MISSED  {:<48} {}: {rules:?}", attack.name, attack.rule);
            missed.push(attack.name);
        }
    }
    if !wanted.is_empty() {
        for alert in &alerts {
            println!("{}: {}", alert.rule, alert.output);
        }
    }
    println!("{} of {} seen by {} rules", attacks.len() - missed.len(), attacks.len(), fired.len());
    assert!(missed.is_empty() || !others.is_empty(), "{missed:?}\n{told}");
    assert!(told.contains(" 0 lost"), "{told}");
}

/// The containers that a piece of work was done in, and whether it succeeded.
fn do_work(docker: &Docker, work: &Work) -> (Vec<String>, Result<String, String>) {
    let mounts = ordinary::mounts();
    let mounts: Vec<&str> = mounts.iter().map(String::as_str).collect();
    let network = if work.script.contains("apt-get") { "--network=host" } else { "--network=none" };
    let create = |command: &str| {
        let words =
            [&["create", network], &mounts[..], &["ordinary:12", "sh", "-c", command]].concat();
        docker.run(&words).unwrap()[..12].to_owned()
    };
    match work.how {
        How::Run => {
            let id = create(work.script);
            let ended = docker.run(&["start", "--attach", &id]);
            (vec![id], ended)
        }
        How::Exec | How::Service => {
            let (server, script) = work
                .script
                .split_once(" | ")
                .filter(|_| work.how == How::Service)
                .unwrap_or(("sleep 1000", work.script));
            let id = create(&format!("exec {server}"));
            docker.run(&["start", &id]).unwrap();
            let seconds = if work.how == How::Service { 3 } else { 0 };
            std::thread::sleep(Duration::from_secs(seconds));
            let ended = docker.run(&["exec", &id, "sh", "-c", script]);
            docker.run(&["rm", "--force", &id]).unwrap();
            (vec![id], ended)
        }
        How::Build => {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(
                folder.path().join("Dockerfile"),
                format!("FROM ordinary:12\n{}", work.script),
            )
            .unwrap();
            let ended =
                docker.run_in(folder.path(), &["build", "--network=host", "--no-cache", "."]);
            let told = ended.clone().unwrap_or_else(|why| why);
            let ids = told
                .lines()
                .filter_map(|line| line.split_once("Running in "))
                .map(|(_, id)| id.trim().to_owned());
            (ids.collect(), ended)
        }
    }
}

#[test]
#[ignore = "does the work of a day, with packages of Debian: make test-ordinary"]
fn ordinary_work_raises_no_alert() {
    let docker = match Docker::start() {
        Ok(docker) => docker,
        Err(why) => return println!("skipped: {why}"),
    };
    let image = match ordinary::image() {
        Ok(image) => image,
        Err(why) => return println!("skipped: {why}"),
    };
    docker.run(&["import", &image.display().to_string(), "ordinary:12"]).unwrap();
    let watching = match Watching::start() {
        Ok(watching) => watching,
        Err(why) => return println!("skipped: {why}"),
    };
    let wanted = std::env::var("WORKS").unwrap_or_default();
    let mut done = Vec::new();
    for work in WORKS.iter().filter(|work| work.name.contains(&wanted)) {
        let (ids, ended) = do_work(&docker, work);
        let state = if ended.is_ok() { "done" } else { "FAILED" };
        println!("{state:<7} {}", work.name);
        if let Err(why) = &ended {
            println!("{why}");
        }
        done.push((work.name, ids, ended.is_ok()));
    }
    let (alerts, told) = watching.end();
    let mut loud = Vec::new();
    for (name, ids, _) in &done {
        for alert in alerts.iter().filter(|alert| ids.contains(&alert.container)) {
            println!("ALERT   {name}: {}: {}", alert.rule, alert.output);
            loud.push((*name, alert.rule.as_str()));
        }
    }
    let failed: Vec<&str> = done.iter().filter(|(.., ok)| !ok).map(|(name, ..)| *name).collect();
    println!("{} pieces of work, {} failed, {} alerts", done.len(), failed.len(), loud.len());
    println!("{}", told.lines().find(|line| line.contains(" lost")).unwrap_or_default());
    assert!(loud.is_empty(), "{loud:?}");
    assert!(failed.is_empty(), "{failed:?}");
}
