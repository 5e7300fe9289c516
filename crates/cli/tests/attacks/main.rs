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
mod table;

use std::collections::BTreeSet;

use plimsoll_runtime::defaults::FILES;
use plimsoll_runtime::loader::{Loader, Options};

use self::machine::{Docker, Watching, now};
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
fn every_technique_raises_the_alert_that_is_for_it() {
    let docker = match Docker::start() {
        Ok(docker) => docker,
        Err(why) => return println!("skipped: {why}"),
    };
    let watching = match Watching::start() {
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
        if rules.contains(&attack.rule) {
            println!("seen    {:<48} {}", attack.name, attack.rule);
        } else {
            println!("MISSED  {:<48} {}: {rules:?}", attack.name, attack.rule);
            missed.push(attack.name);
        }
    }
    if !wanted.is_empty() {
        alerts.iter().for_each(|alert| println!("{}: {}", alert.rule, alert.output));
    }
    println!("{} of {} seen by {} rules", attacks.len() - missed.len(), attacks.len(), fired.len());
    assert!(missed.is_empty(), "{missed:?}\n{told}");
    assert!(told.contains(" 0 lost"), "{told}");
}
