//! `dockle`. The real one stands beside it in `golden/dockle.rs`.

use std::collections::BTreeMap;

use plimsoll_testkit::{Compression, Image, tar_with_modes};
use serde_json::{Value, json};

use crate::machine::Machine;

fn bad() -> Image {
    Image::new()
        .raw_layer(
            "/bin/sh -c #(nop) ADD file:00 in / ",
            tar_with_modes(&[
                ("etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\n"),
                ("etc/group", 0o644, "root:x:0:\n"),
                ("etc/shadow", 0o640, "root::1:0:::::\n"),
                ("usr/bin/su", 0o4755, "x"),
                ("usr/bin/wall", 0o2755, "x"),
                ("root/gone.jks", 0o600, "x"),
                ("srv/.git/config", 0o644, "x"),
                ("srv/.git/HEAD", 0o644, "x"),
            ]),
        )
        .layer(
            "RUN /bin/sh -c apt-get update && sudo apt-get dist-upgrade -y # buildkit",
            &[("app/.env", "A=b"), ("app/Dockerfile", "FROM x"), ("app/cert.log", "x")],
        )
        .layer("RUN /bin/sh -c rm /root/gone.jks # buildkit", &[("root/.wh.gone.jks", "")])
        .layer("ADD app.tgz /app # buildkit", &[])
        .layer("ENV DB_PASSWORD=hunter2", &[])
        .configured("User", json!("root"))
        .configured("Volumes", json!({"/proc": {}, "/data": {}}))
}

fn good() -> Image {
    Image::new()
        .layer(
            "/bin/sh -c #(nop) ADD file:00 in / ",
            &[
                ("etc/passwd", "root:x:0:0:::\n"),
                ("etc/group", "root:x:0:\n"),
                ("etc/shadow", "root:*:1:\n"),
            ],
        )
        .configured("Healthcheck", json!({"Test": ["CMD", "true"]}))
}

/// Images with much that dockle finds, with little, and with nothing but a file.
pub(crate) fn machine() -> Machine {
    let machine = Machine::new();
    machine.write("bad.tar", bad().docker_archive(Compression::Gzip));
    machine.write("good.tar", good().docker_archive(Compression::None));
    machine.write(
        "scratch.tar",
        Image::new().layer("COPY a", &[("a", "1")]).docker_archive(Compression::None),
    );
    machine
}

/// Level and number of alerts by code.
pub(crate) fn details(document: &Value) -> BTreeMap<String, (String, usize)> {
    let one = |it: &Value| {
        let text = |name: &str| it[name].as_str().unwrap().to_owned();
        (text("code"), (text("level"), it["alerts"].as_array().unwrap().len()))
    };
    document["details"].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn json_has_codes_levels_and_a_summary() {
    let machine = machine();
    let ran = machine.run("as dockle --input bad.tar -f json").ended(0);
    let document = ran.json();
    let found = details(&document);
    let of = |code: &str| found.get(code).map(|(level, count)| (level.as_str(), *count));
    for (code, expected) in [
        ("CIS-DI-0001", Some(("WARN", 1))),
        ("CIS-DI-0005", Some(("INFO", 1))),
        ("CIS-DI-0006", Some(("INFO", 1))),
        ("CIS-DI-0007", Some(("FATAL", 1))),
        ("CIS-DI-0008", Some(("INFO", 2))),
        ("CIS-DI-0009", Some(("FATAL", 1))),
        ("CIS-DI-0010", Some(("FATAL", 2))),
        ("DKL-DI-0001", Some(("FATAL", 1))),
        ("DKL-DI-0002", Some(("FATAL", 1))),
        ("DKL-DI-0003", Some(("WARN", 1))),
        ("DKL-DI-0004", None),
        ("DKL-DI-0005", Some(("FATAL", 1))),
        ("DKL-DI-0006", None),
        ("DKL-LI-0001", Some(("FATAL", 1))),
        ("DKL-LI-0002", Some(("FATAL", 1))),
        ("DKL-LI-0003", Some(("INFO", 2))),
    ] {
        assert_eq!(of(code), expected, "{code}: {}", ran.out);
    }
    let summary = json!({"fatal": 8, "warn": 2, "info": 4, "skip": 0, "pass": 2});
    assert_eq!(document["summary"], summary);
    assert!(document.get("image").is_none(), "a file has no name");
    assert!(!ran.out.contains("hunter2") && !ran.out.contains("gone.jks"), "{}", ran.out);
    let order: Vec<&str> = document["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["level"].as_str().unwrap())
        .collect();
    assert!(
        order.is_sorted_by_key(|level| ["FATAL", "WARN", "INFO"].iter().position(|it| it == level))
    );
}

#[test]
fn what_the_topmost_layer_says_of_a_file_counts_and_every_secret_is_masked() {
    let machine = Machine::new();
    let image = Image::new()
        .raw_layer(
            "ADD /",
            tar_with_modes(&[("usr/bin/su", 0o4755, "x"), ("usr/bin/a", 0o755, "x")]),
        )
        .raw_layer(
            "RUN chmod",
            tar_with_modes(&[("usr/bin/su", 0o755, "x"), ("usr/bin/a", 0o4755, "x")]),
        )
        .layer("ENV DB_PASSWORD=hunter2 API_SECRET=hunter3", &[]);
    machine.write("app.tar", image.docker_archive(Compression::None));
    let ran = machine.run("as dockle --input app.tar -f json").ended(0);
    let setuid = ran.json()["details"].as_array().unwrap().clone();
    let setuid =
        setuid.iter().find(|it| it["code"] == "CIS-DI-0008").unwrap()["alerts"].to_string();
    assert!(setuid.contains("usr/bin/a") && !setuid.contains("usr/bin/su"), "{setuid}");
    assert!(!ran.out.contains("hunter"), "{}", ran.out);
}

#[test]
fn the_exit_code_is_asked_for_from_a_level_on() {
    let machine = machine();
    machine.run("as dockle --input bad.tar").ended(0);
    machine.run("as dockle -exit-code 1 --input bad.tar").ended(1);
    machine.run("as dockle --exit-code 7 --exit-level fatal --input bad.tar").ended(7);
    machine.run("as dockle -c 1 --input good.tar").ended(0);
    machine.run("as dockle -c 1 -l info --input good.tar").ended(1);
    let variables = [("DOCKLE_EXIT_CODE", "3"), ("DOCKER_CONTENT_TRUST", "1")];
    machine.run_with(&variables, "as dockle -l info --input good.tar").ended(0);
    machine.run_with(&variables, "as dockle -l info --input bad.tar").ended(3);
    machine.run("as dockle").ended(1);
    machine.run("as dockle --input missing.tar").ended(1);
    let ran = machine.run("as dockle --nosuch x").ended(1);
    assert!(ran.err.contains("Plimsoll's own way: `plimsoll lint --help`"), "{}", ran.err);
}

#[test]
fn what_is_accepted_or_ignored_is_not_told() {
    let machine = machine();
    let of = |more: &str| {
        details(&machine.run(&format!("as dockle -f json --input bad.tar {more}")).ended(0).json())
    };
    let all = of("");
    assert!(!of("-i CIS-DI-0001,CIS-DI-0010").contains_key("CIS-DI-0010"));
    assert_eq!(of("-ak DB_PASSWORD")["CIS-DI-0010"].1, 1);
    assert!(!of("-ak DB_PASSWORD -af .env").contains_key("CIS-DI-0010"));
    assert_eq!(of("-sf cert.log")["CIS-DI-0010"].1, 3);
    assert_eq!(of("-se log")["CIS-DI-0010"].1, 3);
    assert_eq!(of("-sf cert.log -ae log")["CIS-DI-0010"].1, 2);
    machine.write(".dockleignore", "# known\nDKL-LI-0001\n\nCIS-DI-0008\n");
    let left = of("");
    assert_eq!(left.len(), all.len() - 2);
    let ran = machine.run("as dockle --debug --input bad.tar").ended(0);
    assert!(ran.out.contains("IGNORE\t- DKL-LI-0001: Avoid empty password\n"), "{}", ran.out);
}

#[test]
fn the_list_and_sarif_are_laid_out_as_dockles() {
    let machine = machine();
    let ran = machine.run("as dockle --input bad.tar").ended(0);
    assert!(
        ran.out.starts_with(
            "FATAL\t- CIS-DI-0007: Do not use update instructions alone in the Dockerfile\n\t* "
        ),
        "{}",
        ran.out
    );
    let ran = machine.run("as dockle --input scratch.tar").ended(0);
    assert!(ran.out.contains("SKIP\t- DKL-LI-0001: "), "{}", ran.out);
    machine.run("as dockle --input bad.tar -f sarif -o out.sarif").ended(0);
    let document = machine.json("out.sarif");
    let run = &document["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "Dockle");
    assert_eq!(run["results"][0]["level"], "error");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), run["results"].as_array().unwrap().len());
}
