//! Who we are by a program that the kubeconfig names, to a real API server: by a token, which is asked
//! for anew once it is not taken any more, and by a certificate. How it is reached, where a kubeconfig
//! says so.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::scan::{document, scan};
use crate::server::{Cluster, file};

/// A kubeconfig whose user logs in by a script beside it.
fn kubeconfig(cluster: &Cluster, version: &str, script: &str) -> PathBuf {
    let path = cluster.kubeconfig("program");
    let program = cluster.at("login.sh");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut config: Value = serde_json::from_str(&file(&path)).unwrap();
    config["users"][0]["user"] = json!({"exec": {
        "apiVersion": format!("client.authentication.k8s.io/{version}"),
        "command": "./login.sh", "args": ["one", "two"], "interactiveMode": "Never",
        "provideClusterInfo": true, "env": [{"name": "FOLDER", "value": cluster.at("")}]}});
    std::fs::write(&path, config.to_string()).unwrap();
    path
}

fn prints(version: &str, status: &str) -> String {
    let answer = format!(
        r#"{{"apiVersion":"client.authentication.k8s.io/{version}","kind":"ExecCredential","status":{status}}}"#
    );
    format!("cat <<END\n{answer}\nEND")
}

#[test]
fn a_program_gives_a_token_and_is_asked_again_where_that_is_not_taken() {
    let flags = ["--disable-admission-plugins", "ServiceAccount,PodSecurity"];
    let Some(cluster) = Cluster::start(&flags) else { return };
    cluster.namespace("shop", &[]);
    for version in ["v1", "v1beta1"] {
        // The first token is none; `1` is then there for the second run.
        let status = r#"{"token":"$token"}"#;
        let script = format!(
            "test \"$*\" = 'one two' || exit 1\ncase \"$KUBERNETES_EXEC_INFO\" in *'\"server\":\"{}\"'*) ;; *) exit 2; esac\n\
             token=wrong; test -e \"$FOLDER/{version}\" && token=a-token-for-tests\necho run >> \"$FOLDER/{version}\"\n{}",
            cluster.url,
            prints(version, status)
        );
        let found = scan(&kubeconfig(&cluster, version, &script), &["--skip-images", "-o", "json"]);
        let found = document(&found, 0);
        assert!(found["server"]["version"].as_str().unwrap().starts_with("v1."), "{found:#}");
        assert_eq!(file(&cluster.at(version)), "run\nrun\n");
    }

    let none =
        scan(&kubeconfig(&cluster, "v1", "echo log in first >&2; exit 1"), &["--skip-images"]);
    let said = String::from_utf8_lossy(&none.stderr).into_owned();
    assert_eq!(none.status.code(), Some(3), "{said}");
    assert!(said.contains("login.sh`: log in first"), "{said}");
}

fn openssl(folder: &Path, arguments: &str) {
    let ran = Command::new("openssl")
        .current_dir(folder)
        .args(arguments.split_whitespace())
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn a_program_gives_a_certificate() {
    let folder = TempDir::new().unwrap();
    let own = folder.path();
    std::fs::write(own.join("ext"), "extendedKeyUsage = clientAuth\n").unwrap();
    openssl(
        own,
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -subj /CN=ca -days 2",
    );
    openssl(
        own,
        "req -newkey rsa:2048 -nodes -keyout me.key -out me.csr -subj /O=system:masters/CN=me",
    );
    openssl(
        own,
        "x509 -req -in me.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile ext -out me.crt -days 2",
    );
    let authority = own.join("ca.crt").display().to_string();
    let flags = ["--client-ca-file", authority.as_str()];
    let Some(cluster) = Cluster::start(&flags) else { return };
    cluster.namespace("shop", &[]);
    let text = |name: &str| Value::from(file(&own.join(name))).to_string();
    let status = format!(
        r#"{{"clientCertificateData":{},"clientKeyData":{}}}"#,
        text("me.crt"),
        text("me.key")
    );
    let script = prints("v1", &status).replace("<<END", "<<'END'");
    let found = scan(&kubeconfig(&cluster, "v1", &script), &["--skip-images", "-o", "json"]);
    let found = document(&found, 0);
    assert_eq!(found["missing"], json!([]), "{found:#}");
    let namespaces = found["namespaces"].as_array().unwrap();
    assert!(namespaces.iter().any(|one| one["name"] == "shop"), "{found:#}");
}

/// A proxy that connects whoever asks, and counts them.
fn proxy() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(client.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            let target = first.split(' ').nth(1).unwrap().to_owned();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            assert!(first.starts_with("CONNECT "), "{first}");
            count.fetch_add(1, Ordering::Relaxed);
            let server = TcpStream::connect(target).unwrap();
            let mut back = client.try_clone().unwrap();
            back.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            for (mut from, mut to) in [(client, server.try_clone().unwrap()), (server, back)] {
                std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            }
        }
    });
    (address, asked)
}

#[test]
fn its_certificate_may_have_another_name_and_it_may_be_behind_a_proxy() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    let path = cluster.admin();
    let config: Value = serde_json::from_str(&file(&path)).unwrap();
    let with = |more: Value| {
        let mut config = config.clone();
        let of = config["clusters"][0]["cluster"].as_object_mut().unwrap();
        of.extend(more.as_object().unwrap().clone());
        std::fs::write(&path, config.to_string()).unwrap();
        scan(&path, &["--skip-images", "-o", "json"])
    };
    for name in ["kubernetes.default.svc", "kubernetes"] {
        let found = with(json!({ "tls-server-name": name }));
        assert_eq!(document(&found, 0)["missing"], json!([]), "{name}");
    }
    let other = with(json!({"tls-server-name": "shop.example"}));
    let said = String::from_utf8_lossy(&other.stderr).into_owned();
    assert_eq!(other.status.code(), Some(3), "{said}");
    assert!(said.contains("certificate"), "{said}");

    let (address, asked) = proxy();
    let found = with(json!({ "proxy-url": address }));
    assert_eq!(document(&found, 0)["missing"], json!([]));
    assert!(asked.load(Ordering::Relaxed) > 0);
    let odd = with(json!({"proxy-url": "ftp:// no"}));
    let said = String::from_utf8_lossy(&odd.stderr).into_owned();
    assert_eq!(odd.status.code(), Some(3), "{said}");
    assert!(said.contains("proxy-url: ftp:// no"), "{said}");
}
