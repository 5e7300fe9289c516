//! `plimsoll update`: what could be newer, what that clears, and what is written.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use plimsoll_testkit::{Compression, Image, Reply, Request, Served, Server};
use serde_json::json;

use crate::feeds::{HIGH, osv, record};
use crate::machine::{Machine, Ran};

/// An image of Alpine with a library of this version.
fn alpine(zlib: &str) -> Served {
    let release = "ID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME=\"Alpine Linux v3.22\"\n";
    let installed = format!("P:zlib\nV:{zlib}\nA:x86_64\n\n");
    let files = [("etc/os-release", release), ("lib/apk/db/installed", &*installed)];
    Served::new(&Image::new().layer("COPY / /", &files), Compression::Gzip)
}

/// A registry with the repository `base`: 1.0 and 1.1 of it, and 2.0.
struct Registry {
    server: Server,
    old: String,
    new: String,
}

fn registry() -> Registry {
    let (old, new) = (alpine("1.2.10-r0"), alpine("1.3.1-r2"));
    let (old_digest, new_digest) = (old.root.clone(), new.root.clone());
    let server = Server::start(move |request: &Request| {
        if request.path.ends_with("/tags/list?n=1000") {
            let tags = json!({"name": "base", "tags": ["1.0", "1.1", "1.1-rc1", "2.0", "latest"]});
            return Reply::new(200, tags.to_string());
        }
        let is_old = request.path.contains("/manifests/1.0") || request.path.contains(&old.root);
        let served = if is_old
            || old.blobs.keys().any(|it| request.path.contains(it.as_str()))
                && !new.blobs.keys().any(|it| request.path.contains(it.as_str()))
        {
            &old
        } else {
            &new
        };
        let reply = served.reply(request);
        if request.path.contains("/manifests/") && reply.status == 200 {
            let digest = if request.path.contains("/manifests/sha256:") {
                request.path.rsplit('/').next().unwrap_or_default().to_owned()
            } else {
                served.root.clone()
            };
            return reply.header("Docker-Content-Digest", digest);
        }
        reply
    });
    Registry { server, old: old_digest, new: new_digest }
}

/// A database that knows one thing.
fn advisories(machine: &Machine) {
    let zlib = record("CVE-2018-25032", "Alpine:v3.22", "zlib", Some("1.2.12-r0"), HIGH);
    osv(machine, "Alpine", &[zlib]);
    machine.update("mirror").ended(0);
}

fn update(machine: &Machine, registry: &Registry, arguments: &str) -> Ran {
    let host = registry.server.host();
    machine.run(&format!("update --insecure-registry {host} {arguments}"))
}

#[test]
fn a_base_image_goes_to_the_newest_tag_within_the_step_and_says_what_that_clears() {
    let (machine, registry) = (Machine::new(), registry());
    let host = registry.server.host();
    advisories(&machine);
    machine.write("Dockerfile", format!("FROM {host}/base:1.0 AS a # kept\nRUN x\n"));
    let ran = update(&machine, &registry, "-o json Dockerfile").ended(1).json();
    let proposal = &ran["proposals"][0];
    assert_eq!((&proposal["from"], &proposal["to"]), (&"1.0".into(), &"1.1".into()), "{ran:#}");
    assert_eq!(proposal["step"], "minor");
    assert_eq!(proposal["clears"]["gone"][0]["id"], "CVE-2018-25032", "{ran:#}");
    assert_eq!(proposal["clears"]["after"], 0);
    let major = update(&machine, &registry, "--no-scan --level major -o json Dockerfile").ended(1);
    assert_eq!(major.json()["proposals"][0]["to"], "2.0");

    let mode = || fs::metadata(machine.path("Dockerfile")).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(machine.path("Dockerfile"), fs::Permissions::from_mode(0o640)).unwrap();
    let written = update(&machine, &registry, "--write Dockerfile").ended(0);
    assert!(written.out.contains("clears 1 of 1"), "{}", written.out);
    assert_eq!(mode(), 0o640, "who may read it is who could before");
    let text = machine.read("Dockerfile");
    assert_eq!(text, format!("FROM {host}/base:1.1 AS a # kept\nRUN x\n"));
    update(&machine, &registry, "Dockerfile").ended(0);
}

#[test]
fn digests_follow_their_tags_and_are_added_where_that_is_asked_for() {
    let (machine, registry) = (Machine::new(), registry());
    let host = registry.server.host();
    let old = &registry.old;
    machine.write("Dockerfile", format!("FROM {host}/base:1.1@{old}\nFROM {host}/base:1.1\n"));
    let ran = update(&machine, &registry, "--no-scan -o json Dockerfile").ended(1).json();
    assert_eq!(ran["proposals"].as_array().unwrap().len(), 1, "{ran:#}");
    assert_eq!(ran["proposals"][0]["step"], "digest");
    update(&machine, &registry, "--no-scan --pin --write Dockerfile").ended(0);
    let pinned = format!("FROM {host}/base:1.1@{}\n", registry.new);
    assert_eq!(machine.read("Dockerfile"), pinned.repeat(2));
}

#[test]
fn manifests_compose_files_and_values_are_edited_where_they_say_it() {
    let (machine, registry) = (Machine::new(), registry());
    let host = registry.server.host();
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: a\n      image: \"{host}/base:1.0\" # why\n"
    );
    machine.write("deploy/pod.yaml", &pod);
    let compose = format!(
        "services:\n  a:\n    image: {host}/base:1.0\n  b:\n    build: .\n    image: {host}/base:1.0\n"
    );
    machine.write("compose.yaml", &compose);
    let values = format!(
        "image:\n  registry: {host}\n  repository: base\n  tag: '1.0'\nother: {{repository: x}}\n"
    );
    machine.write("chart/values.yaml", &values);
    machine.write("chart/Chart.yaml", format!("apiVersion: v2\nname: a\nversion: 1.0.0\ndependencies:\n- name: base\n  version: '1.0'\n  repository: oci://{host}\n- name: other\n  version: ^1\n  repository: https://charts.example\n"));
    let ran = update(&machine, &registry, "--no-scan --write .").ended(0);
    assert_eq!(machine.read("deploy/pod.yaml"), pod.replace("1.0", "1.1"), "{}", ran.said());
    assert_eq!(machine.read("compose.yaml"), compose.replacen("1.0", "1.1", 1));
    assert_eq!(machine.read("chart/values.yaml"), values.replace("1.0", "1.1"));
    assert!(machine.read("chart/Chart.yaml").contains("version: '1.1'"));
    assert!(ran.out.contains("only repositories of charts in a registry"), "{}", ran.out);
}

/// A git server of a real repository, as `git` itself advertises it.
fn git(machine: &Machine) -> Option<(Server, String, String)> {
    let run = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(machine.path(""))
            .env("HOME", machine.path(""))
            .envs([("GIT_AUTHOR_NAME", "a"), ("GIT_AUTHOR_EMAIL", "a@example.com")])
            .envs([("GIT_COMMITTER_NAME", "a"), ("GIT_COMMITTER_EMAIL", "a@example.com")])
            .output()
            .ok()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some(output.stdout)
    };
    let action = ["-C", "action"];
    run(&["init", "-q", "-b", "main", "action"])?;
    let mut commits = Vec::new();
    for tag in ["v4.1.0", "v4.2.0"] {
        run(&[&action[..], &["commit", "-q", "--allow-empty", "-m", tag]].concat())?;
        run(&[&action[..], &["tag", "-a", "-m", tag, tag]].concat())?;
        let id = run(&[&action[..], &["rev-parse", "HEAD"]].concat())?;
        commits.push(String::from_utf8(id).unwrap().trim().to_owned());
    }
    run(&[&action[..], &["tag", "v4"]].concat())?;
    let advertised =
        run(&["upload-pack", "--http-backend-info-refs", "--stateless-rpc", "action/.git"])?;
    let body = [b"001e# service=git-upload-pack\n0000".to_vec(), advertised].concat();
    let server = Server::start(move |request: &Request| {
        if request.path == "/org/action.git/info/refs?service=git-upload-pack" {
            return Reply::new(200, body.clone());
        }
        Reply::new(404, "")
    });
    Some((server, commits[0].clone(), commits[1].clone()))
}

#[test]
fn actions_are_pinned_to_the_commit_of_their_newest_release() {
    let machine = Machine::new();
    let Some((server, old, new)) = git(&machine) else {
        println!("skipped: there is no git");
        return;
    };
    let workflow = format!(
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: org/action@{old} # v4.1.0\n      \
         - uses: org/action/sub@v4\n      - uses: org/action@main\n      - uses: ./local\n      - run: echo\n"
    );
    machine.write(".github/workflows/ci.yml", &workflow);
    let server = format!("http://{}", server.host());
    let run = |arguments: &str| {
        machine.run_with(&[("GITHUB_SERVER_URL", &server)], &format!("update {arguments}"))
    };
    let ran = run("-o json .").ended(1).json();
    let proposals = ran["proposals"].as_array().unwrap();
    assert_eq!(proposals.len(), 2, "{ran:#}");
    assert_eq!(proposals[0]["to"], format!("{new} # v4.2.0"));
    assert_eq!((&proposals[1]["from"], &proposals[1]["step"]), (&"main".into(), &"pin".into()));
    run("--pin --write .").ended(0);
    let after = machine.read(".github/workflows/ci.yml");
    assert!(after.contains(&format!("- uses: org/action@{new} # v4.2.0\n")), "{after}");
    assert!(after.contains(&format!("- uses: org/action/sub@{new} # v4.2.0\n")), "{after}");
    assert_eq!(after.matches(&new).count(), 3, "{after}");
    run("--pin .").ended(0);
}

#[test]
fn packages_go_to_what_their_registries_and_advisories_name() {
    let machine = Machine::new();
    let server = Server::start(|request: &Request| match request.path.as_str() {
        "/simple/flask/" => {
            Reply::new(200, r#"{"versions": ["2.3.0", "2.3.3", "3.0.0", "3.1.0rc1"]}"#)
        }
        "/express" => Reply::new(200, r#"{"versions": {"4.17.1": {}, "4.21.2": {}, "5.0.0": {}}}"#),
        _ => Reply::new(404, "{}"),
    });
    advisories(&machine);
    machine.write("Dockerfile", "FROM alpine:3.22\nRUN apk add --no-cache zlib=1.2.10-r0 bash=5\nRUN npm install express@4.17.1\n");
    machine.write(
        "requirements.txt",
        "# ours\nflask==2.3.0 ; python_version > '3'  # web\nother>=1\n",
    );
    let url = format!("http://{}", server.host());
    let (pip, npm) = (format!("{url}/simple"), url);
    let variables = [("PIP_INDEX_URL", pip.as_str()), ("npm_config_registry", npm.as_str())];
    let run = |arguments: &str| {
        machine.run_with(&variables, &format!("update --only package,requirement {arguments}"))
    };
    let ran = run("-o json .").ended(1).json();
    let tos: Vec<&str> =
        ran["proposals"].as_array().unwrap().iter().map(|it| it["to"].as_str().unwrap()).collect();
    assert_eq!(tos, ["1.2.12-r0", "4.21.2", "2.3.3"], "{ran:#}");
    assert_eq!(ran["proposals"][0]["clears"]["gone"][0]["id"], "CVE-2018-25032");
    run("--write .").ended(0);
    let text = machine.read("Dockerfile");
    assert!(text.contains("zlib=1.2.12-r0 bash=5") && text.contains("express@4.21.2"), "{text}");
    let text = machine.read("requirements.txt");
    assert_eq!(text, "# ours\nflask==2.3.3 ; python_version > '3'  # web\nother>=1\n");
}

#[test]
fn what_nobody_answers_for_is_told_and_the_rest_is_still_proposed() {
    let (machine, registry) = (Machine::new(), registry());
    let host = registry.server.host();
    machine.write(
        "Dockerfile",
        format!("ARG V=1\nFROM {host}/base:1.0\nFROM 127.0.0.1:1/base:1.0\nFROM x:$V\n"),
    );
    let ran = update(&machine, &registry, "--no-scan -o json=u.json -o table .").ended(3);
    assert!(
        ran.err.contains("error: Dockerfile:3:6: `127.0.0.1:1/base` could not be looked up"),
        "{}",
        ran.err
    );
    assert!(ran.out.contains("a variable decides what it is"), "{}", ran.out);
    assert_eq!(machine.json("u.json")["proposals"].as_array().unwrap().len(), 1);
}

#[test]
fn files_that_are_missing_unreadable_or_something_else_are_told() {
    let machine = Machine::new();
    machine.write("notes.md", "FROM a:1\n");
    machine.write("Dockerfile", [0xff, 0xfe]);
    machine.write("compose.yaml", "services: [\n");
    machine.write("values.yaml", "a: &a {b: *a}\n");
    for (arguments, code, told) in [
        ("missing", 2, "there is no file or folder `missing`"),
        ("notes.md", 2, "nothing is known to be pinned in `notes.md`"),
        ("Dockerfile", 3, "it is not UTF-8"),
        ("--level huge .", 2, "expected one of digest, patch, minor, major"),
        ("--only images .", 2, "expected one of image, package"),
        ("-o xml .", 2, "unknown format `xml`"),
    ] {
        let ran = machine.run(&format!("update {arguments}")).ended(code);
        assert!(ran.err.contains(told), "{arguments}: {}", ran.said());
    }
    machine.run("update compose.yaml values.yaml").ended(0);
    fs::create_dir(machine.path("empty")).unwrap();
    let empty = machine.run("update empty").ended(0);
    assert_eq!(empty.out, "0 of 0 pins could be newer; all were looked up in 0 files\n");
}
