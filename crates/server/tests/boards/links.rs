//! Every link of a board or of an alert leads to a page that is there and does what its address says.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use plimsoll_model::Severity;
use plimsoll_server::app::App;
use plimsoll_server::{api, compliance, intake};
use serde_json::Value;

use crate::prometheus::{client, seeded};
use crate::{deploy, description};

/// What could break out of an address.
const RULE: &str = "Shell & root=1 in a container?";

/// Values that series of a label have.
fn values(label: &str) -> Vec<String> {
    match label {
        "severity" => Severity::ALL.iter().map(|it| it.name().to_owned()).collect(),
        "fix_state" => vec!["fixed".into(), "not_fixed".into()],
        "priority" => intake::PRIORITIES.iter().map(ToString::to_string).collect(),
        "policy" => compliance::ALL.iter().map(|it| it.name.to_owned()).collect(),
        "rule" => vec![RULE.into()],
        "source" => vec!["syscall".into()],
        "registry" => vec!["registry.example".into()],
        other => panic!("nobody says what `{other}` may be"),
    }
}

/// What alert rules name in their descriptions.
fn of_alerts() -> BTreeSet<String> {
    let rules = std::fs::read_to_string(deploy().join("prometheus/plimsoll.rules.yaml")).unwrap();
    let lines = rules.lines().filter(|line| line.trim_start().starts_with("description:"));
    let words = lines.flat_map(str::split_whitespace).filter(|word| word.starts_with('/'));
    words.map(|word| word.trim_end_matches(['.', ',', ':', '\'']).to_owned()).collect()
}

/// The addresses that a link has, with each value of its labels.
fn addresses(link: &str) -> Vec<String> {
    let Some((head, rest)) = link.split_once('{') else { return vec![link.to_owned()] };
    let (label, tail) = rest.split_once('}').unwrap();
    let tails = addresses(tail);
    let all = values(label).into_iter().flat_map(|value| {
        let value: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        tails.iter().map(move |tail| format!("{head}{value}{tail}")).collect::<Vec<_>>()
    });
    all.collect()
}

async fn example(folder: &Path) -> (Arc<App>, SocketAddr) {
    let app = seeded(folder).await;
    let lines = intake::PRIORITIES.iter().map(|priority| {
        format!("{{\"rule\":\"{RULE}\",\"priority\":\"{priority}\",\"source\":\"syscall\"}}\n")
    });
    app.intake.take(lines.collect::<String>().into_bytes()).await.unwrap();
    intake::drain(&app).await.unwrap();
    plimsoll_server::store::summaries::refresh(&app).await.unwrap();
    app.metrics.measure(&app).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let router = api::app(Arc::clone(&app));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (app, at)
}

async fn get(client: &reqwest::Client, at: SocketAddr, path: &str) -> (u16, String) {
    let answer = client.get(format!("http://{at}{path}")).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// How many rows the list of an address has; `None` where the address is refused.
async fn rows(client: &reqwest::Client, at: SocketAddr, path: &str) -> Option<usize> {
    let (status, body) = get(client, at, &format!("{path}&format=json")).await;
    if status == 400 {
        return None;
    }
    assert_eq!(status, 200, "{path}: {body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    Some(body["items"].as_array().unwrap().len())
}

#[test]
fn every_link_leads_to_what_it_says() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let (_app, at) = example(folder.path()).await;
        let client = client();
        let mut links = of_alerts();
        assert!(links.len() > 8, "{links:?}");
        for board in description::all() {
            links.extend(board.panels.iter().map(|it| it.page.to_owned()));
        }
        links.remove("");
        for link in &links {
            for address in addresses(link) {
                let (status, body) = get(&client, at, &address).await;
                assert_eq!(status, 200, "{link} as {address}: {body}");
            }
            // What is asked for by a parameter that is not listened to changes nothing.
            let Some((page, query)) = link.split_once('?') else { continue };
            let pairs: Vec<(&str, &str)> =
                query.split('&').filter_map(|pair| pair.split_once('=')).collect();
            for (name, _) in &pairs {
                let address = format!("{page}?{name}=nothing-is-like-this");
                let found = rows(&client, at, &address).await;
                assert!(found.is_none_or(|count| count == 0), "{address} is not listened to");
            }
        }
        for address in [
            "/findings?severity=critical&fix=fixed",
            "/runtime?priority=Critical",
            "/runtime?source=syscall",
            "/images?policy=no-critical-with-fix",
            "/images?q=registry.example",
        ] {
            assert!(rows(&client, at, address).await.is_some_and(|it| it > 0), "{address}");
        }
        assert_eq!(rows(&client, at, "/runtime?priority=critical").await, Some(3));
        assert_eq!(rows(&client, at, "/images?policy=no-known-exploited").await, Some(0));
        let rule = addresses("/runtime?rule={rule}");
        assert_eq!(rows(&client, at, &rule[0]).await, Some(intake::PRIORITIES.len()));
    });
}
