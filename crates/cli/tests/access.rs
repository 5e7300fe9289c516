//! `plimsoll serve` is not open: its first token, keys, backup, and an API that nothing sent to it
//! brings down.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

struct Serving {
    child: Child,
    clients: String,
    /// What it said before it listened.
    said: String,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn plimsoll(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    command.current_dir(folder).env("PLIMSOLL_CACHE_DIR", folder.join("cache"));
    command
}

impl Serving {
    fn start(folder: &Path, more: &[&str]) -> Self {
        let mut child = plimsoll(folder)
            .args(["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"])
            .args(["--introspection", "127.0.0.1:0", "--db", "db"])
            .args(more)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let clients = loop {
            let line = lines.next().unwrap_or_else(|| panic!("it ended: {said}")).unwrap();
            if let Some(address) = line.strip_prefix("listening on http://") {
                break address.to_owned();
            }
            said.push_str(&line);
            said.push('\n');
        };
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, clients, said }
    }

    fn token(&self) -> String {
        let token = self.said.lines().map(str::trim).find(|line| line.starts_with("plimsoll_"));
        token.unwrap_or_else(|| panic!("no token: {}", self.said)).to_owned()
    }

    fn ask(&self, key: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.clients).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let body = body.to_string();
        let key = if key.is_empty() { String::new() } else { format!("x-api-key: {key}\r\n") };
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{key}\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.clients,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }
}

#[test]
fn the_first_minute_a_backup_and_a_server_made_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &["--require-auth"]);
    assert_eq!(serving.ask("", "GET", "/api/v1/images", &Value::Null).0, 401);
    let key = json!({"name": "ops", "role": "admin"});
    let (status, made) = serving.ask(&serving.token(), "POST", "/api/v1/keys", &key);
    assert_eq!(status, 201, "{made}");
    let key = made["secret"].as_str().unwrap().to_owned();
    assert_eq!(serving.ask(&key, "GET", "/api/v1/images", &Value::Null).0, 200);

    let run = |arguments: &[&str]| {
        let output = plimsoll(folder.path()).arg("serve").args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    };
    let said = run(&["backup", "all.tar.zst", "--data-dir", "data"]);
    assert!(said.contains("rows"), "{said}");
    let said = run(&["token", "--data-dir", "data"]);
    let token = said.lines().last().unwrap().trim();
    let user = json!({"name": "alice", "role": "viewer"});
    assert_eq!(serving.ask(token, "POST", "/api/v1/users", &user).0, 201);
    assert_eq!(serving.ask(token, "POST", "/api/v1/users", &user).0, 401);
    drop(serving);

    run(&["restore", "all.tar.zst", "--data-dir", "data2"]);
    std::fs::remove_dir_all(folder.path().join("data")).unwrap();
    std::fs::rename(folder.path().join("data2"), folder.path().join("data")).unwrap();
    let serving = Serving::start(folder.path(), &["--require-auth"]);
    assert!(!serving.said.contains("first start"), "{}", serving.said);
    assert_eq!(serving.ask(&key, "GET", "/api/v1/images", &Value::Null).0, 200);
}

#[test]
fn an_open_server_refuses_to_be_reached_from_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let output = plimsoll(folder.path())
        .args(["serve", "--open", "--listen", "0.0.0.0:0", "--data-dir", "data"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("--open lets everybody"), "{said}");
}

/// Where the Makefile puts openapi-python-client, beside the other programs.
fn generator() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).map(|folder| folder.join("openapi/bin"));
    folders.into_iter().find(|it| it.join("openapi-python-client").is_file())
}

#[test]
fn a_client_made_of_the_description_scans_lists_and_decides() {
    let Some(generator) = generator() else {
        return println!(
            "skipped: `openapi-python-client` is not there (make sign-peers brings it)"
        );
    };
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &["--require-auth"]);
    let key = json!({"name": "client", "role": "admin"});
    let (_, made) = serving.ask(&serving.token(), "POST", "/api/v1/keys", &key);
    let key = made["secret"].as_str().unwrap();
    let (status, description) = serving.ask(key, "GET", "/api/v1/openapi.json", &Value::Null);
    assert_eq!(status, 200);
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, description.to_string()).unwrap();
    let output = Command::new(generator.join("openapi-python-client"))
        .args(["generate", "--fail-on-warning", "--meta", "none", "--output-path"])
        .arg(folder.path().join("client"))
        .arg("--path")
        .arg(&file)
        .arg("--config")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/access/generator.yaml"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");

    let shop = folder.path().join("shop");
    std::fs::create_dir(&shop).unwrap();
    let lock = json!({"name": "shop", "lockfileVersion": 3, "packages": {
        "": {"name": "shop"}, "node_modules/lodash": {"version": "4.17.4"}}});
    std::fs::write(shop.join("package-lock.json"), lock.to_string()).unwrap();
    let output = Command::new(generator.join("python"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/access/client.py"))
        .arg(folder.path())
        .arg(format!("http://{}", serving.clients))
        .args([key, &format!("dir:{}", shop.display())])
        .env_remove("http_proxy")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "all of it\n");
}

#[test]
fn nothing_that_schemathesis_sends_is_a_failure_of_the_server() {
    if Command::new("schemathesis").arg("--version").output().is_err() {
        return println!("skipped: `schemathesis` is not there (pip install schemathesis)");
    }
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &[]);
    let key = json!({"name": "ops", "role": "admin"});
    let (_, made) = serving.ask(&serving.token(), "POST", "/api/v1/keys", &key);
    let header = format!("Authorization: Bearer {}", made["secret"].as_str().unwrap());
    let output = Command::new("schemathesis")
        .arg("run")
        .arg(format!("http://{}/api/v1/openapi.json", serving.clients))
        .args(["--header", &header, "--checks", "not_a_server_error"])
        .args(["--max-examples", "15", "--phases", "examples,coverage,fuzzing"])
        .args(["--request-timeout", "30"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(serving.ask("", "GET", "/healthz", &Value::Null).0, 200);
    // It guesses no name of what is there: whatever it has left is taken away, the key at last.
    let key = made["secret"].as_str().unwrap();
    let lists = ["scans", "notifiers", "registries", "triage", "teams", "users", "keys"];
    for list in lists {
        let (status, page) =
            serving.ask(key, "GET", &format!("/api/v1/{list}?limit=500"), &Value::Null);
        assert_eq!(status, 200, "{list}: {page}");
        for item in page["items"].as_array().unwrap() {
            let name = if item["id"].is_null() { &item["name"] } else { &item["id"] };
            if list == "keys" && *name == made["id"] {
                continue;
            }
            let name = name.as_str().map_or_else(|| name.to_string(), escaped);
            let path = format!("/api/v1/{list}/{name}");
            let (status, said) = serving.ask(key, "DELETE", &path, &Value::Null);
            assert!([200, 204, 404, 409].contains(&status), "{path}: {status} {said}");
        }
    }
    let own = format!("/api/v1/keys/{}", made["id"]);
    assert_eq!(serving.ask(key, "DELETE", &own, &Value::Null).0, 204);
    assert_eq!(serving.ask(key, "GET", "/api/v1/keys", &Value::Null).0, 401);
}

/// A name as a part of an address.
fn escaped(name: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    name.bytes().map(byte).collect()
}
