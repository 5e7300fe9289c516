//! What a policy says, what is wrong with one, and how long exceptions last.

use crate::GOOD;
use crate::machine::Machine;

const LATEST: &str = "FROM node:latest\nUSER node\nCMD [\"node\"]\n";

fn exception(expires: &str) -> String {
    format!(
        "[[gate.exceptions]]\nrule = \"dockerfile.pinned\"\nid = \"DL3007\"\npath = \"Dockerfile\"\n\
         owner = \"team@example.com\"\nreason = \"moves in March\"\nexpires = {expires}\n"
    )
}

#[test]
fn an_exception_lets_through_until_its_last_day_and_says_who_to_ask_then() {
    let machine = Machine::new();
    machine.write("Dockerfile", LATEST);
    machine.write("plimsoll.toml", exception("2026-01-02"));
    let gate = "gate --only dockerfile Dockerfile";
    let open = machine.run(gate).ended(0);
    assert!(open.out.contains("excepted  dockerfile.pinned"), "{}", open.said());
    assert!(
        open.out.contains("until 2026-01-02 by team@example.com: moves in March"),
        "{}",
        open.out
    );
    // 2026-01-03T00:00:00Z
    let closed = machine.run_with(&[("SOURCE_DATE_EPOCH", "1767398400")], gate).ended(5);
    assert!(
        closed.err.contains(
            "plimsoll.toml:1: the exception of DL3007 expired on 2026-01-02; ask team@example.com"
        ),
        "{}",
        closed.said()
    );
}

#[test]
fn an_exception_that_nothing_needs_is_told() {
    let machine = Machine::new();
    machine.write("Dockerfile", GOOD);
    machine.write("plimsoll.toml", exception("2026-03-31"));
    let ran = machine.run("gate --only dockerfile Dockerfile").ended(0);
    assert!(ran.err.contains("nothing needs the exception of DL3007"), "{}", ran.err);
}

#[test]
fn every_mistake_of_a_policy_is_told_with_its_line_and_what_was_meant() {
    let machine = Machine::new();
    machine.write(
        "plimsoll.toml",
        "[gate.finding]\nx = 1\n[gate.findings]\nseverity = \"hihg\"\nmax-data-age = 7\n\
         [gate.rules]\nsignature.sigend = \"deny\"\n[[gate.exceptions]]\nrule = \"base.age\"\n",
    );
    let ran = machine.run("gate .").ended(2);
    let told: Vec<&str> = ran.err.lines().collect();
    assert_eq!(
        told,
        [
            "error: plimsoll.toml:1:7: unknown table of `[gate]` `finding`: did you mean `findings`?",
            "error: plimsoll.toml:4:12: unknown value of `severity` `hihg`: did you mean `high`?",
            "error: plimsoll.toml:5:16: `max-data-age` is the number 7: expected a length of time, as \
             \"90m\", \"24h\" or \"7d\"",
            "error: plimsoll.toml:7:11: unknown rule `signature.sigend`: did you mean \
             `signature.signed`?",
            "error: plimsoll.toml:8:1: the exception has no `owner`",
            "error: plimsoll.toml:8:1: the exception has no `reason`",
            "error: plimsoll.toml:8:1: the exception has no `expires`",
        ]
    );
}

#[test]
fn the_nearest_policy_counts_and_the_tables_of_other_commands_are_theirs() {
    let machine = Machine::new();
    machine.write("app/Dockerfile", LATEST);
    machine.write("app/.git/HEAD", "");
    machine.write("plimsoll.toml", "[gate.rules]\ndockerfile.pinned = \"off\"\n");
    machine.write("app/plimsoll.toml", "[lint]\nignored = [\"DL3007\"]\n");
    let ran = machine.run("gate --only dockerfile app").ended(0);
    assert!(ran.out.contains("by plimsoll.toml"), "{}", ran.out);
    assert!(ran.err.is_empty(), "{}", ran.err);
    let inside = machine.command().current_dir(machine.path("app")).args(["gate", "."]).output();
    let inside = String::from_utf8(inside.unwrap().stderr).unwrap();
    assert!(inside.contains("there is no plimsoll.toml with a table [gate]"), "{inside}");
}

#[test]
fn rules_are_overruled_one_by_one_or_all_of_a_judge() {
    let machine = Machine::new();
    machine.write("Dockerfile", LATEST);
    machine.run("gate --only dockerfile --rule dockerfile.pinned=warn Dockerfile").ended(0);
    machine.run("gate --rule dockerfile.*=off --rule base.*=off Dockerfile").ended(0);
    for (arguments, told) in [
        ("--rule dockerfile.pinned", "not of the form RULE=EFFECT"),
        ("--rule dockerfile.pinned=stop", "`stop` is no effect: it is deny, warn or off"),
        ("--rule dockerfile.pined=off", "there is no rule `dockerfile.pined`"),
        ("--only dockerfil", "there is no judge `dockerfil`: there is dockerfile, findings"),
        ("-o xml", "unknown format `xml`: expected one of table, json, sarif, junit, markdown"),
    ] {
        let ran = machine.run(&format!("gate {arguments} Dockerfile")).ended(2);
        assert!(ran.err.contains(told), "{arguments}: {}", ran.err);
    }
}

#[test]
fn rules_are_listed_and_explained() {
    let machine = Machine::new();
    let list = machine.run("gate --list-rules").ended(0).out;
    assert!(list.contains("signature.signed         deny  Sign images"), "{list}");
    machine.write("plimsoll.toml", "[gate.rules]\nsignature.signed = \"warn\"\n");
    let list = machine.run("gate --list-rules").ended(0).out;
    assert!(list.contains("signature.signed         warn  Sign images"), "{list}");
    let page = machine.run("gate --explain=signature.signed").ended(0).out;
    assert!(page.contains("How it is mended: `plimsoll sign"), "{page}");
    let wrong = machine.run("gate --explain=signature.sign").ended(2);
    assert!(wrong.err.contains("--list-rules"), "{}", wrong.err);
    machine.write("Dockerfile", GOOD);
    let all = machine.run("gate --explain --only dockerfile Dockerfile").ended(0).out;
    assert!(all.contains("pass      dockerfile.pinned") && all.contains("why: `latest`"), "{all}");
    machine.run("gate --explain").ended(2);
}
