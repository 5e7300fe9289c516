//! Clair's API, version 4.

use plimsoll_testkit::{Compression, Image, Reply, Served, Server};
use serde_json::{Value, json};

use crate::running::{client, image};
use crate::{Running, body, get, post};

/// A manifest and a server of its layers that wants to know who asks.
pub(crate) fn served() -> (Server, Value, String) {
    served_of(&image())
}

pub(crate) fn served_of(image: &Image) -> (Server, Value, String) {
    let layered = Served::new(image, Compression::Gzip);
    let (layers, hash) = (layered.layers.clone(), layered.root.clone());
    let server = Server::start(move |request| {
        if request.header("authorization") != Some("Bearer hunter2") {
            return Reply::new(401, "secret words");
        }
        layered.reply(request)
    });
    let layer = |digest: &String| {
        json!({"hash": digest, "uri": format!("http://{}/v2/x/blobs/{digest}", server.host()),
               "headers": {"Authorization": ["Bearer hunter2"]}})
    };
    let layers: Vec<Value> = layers.iter().map(layer).collect();
    let manifest = json!({"hash": hash, "layers": layers});
    (server, manifest, hash)
}

#[test]
fn a_manifest_is_indexed_and_its_report_says_what_is_known_now() {
    let running = Running::start();
    let (layers, manifest, hash) = served();
    let created = post(&running.url("/indexer/api/v1/index_report"), manifest.to_string());
    assert_eq!(created.status(), 201);
    let tag = created.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(created.headers()["location"], *format!("/indexer/api/v1/index_report/{hash}"));
    let index = body(created);
    assert_eq!((&index["state"], &index["success"]), (&json!("IndexFinished"), &json!(true)));
    let named = |name: &str| {
        let packages = index["packages"].as_object().unwrap();
        packages.iter().find(|it| it.1["name"] == name).map(|it| it.0.clone()).unwrap()
    };
    let (lodash, openssl) = (named("lodash"), named("libssl3"));
    assert_eq!(index["packages"][&openssl]["source"]["name"], "openssl");
    assert_eq!(index["distributions"]["1"]["version_code_name"], "bookworm");
    assert_eq!(index["environments"][&openssl][0]["package_db"], "var/lib/dpkg/status");
    assert_eq!(index["environments"][&openssl][0]["introduced_in"], manifest["layers"][0]["hash"]);
    assert_eq!(index["environments"][&lodash][0]["introduced_in"], manifest["layers"][1]["hash"]);

    let report = body(get(&running.url(&format!("/matcher/api/v1/vulnerability_report/{hash}"))));
    let ids = report["package_vulnerabilities"][&lodash].as_array().unwrap();
    let found: Vec<&Value> =
        ids.iter().map(|id| &report["vulnerabilities"][id.as_str().unwrap()]).collect();
    let pollution = found.iter().find(|it| it["name"] == "CVE-2019-10744").unwrap();
    assert_eq!(pollution["package"]["version"], "4.17.4");
    assert_eq!(pollution["fixed_in_version"], "4.17.12");
    assert_eq!(pollution["normalized_severity"], "Critical");

    // The image is known now: nobody fetches anything again.
    let asked = layers.requests().len();
    assert_eq!(
        post(&running.url("/indexer/api/v1/index_report"), manifest.to_string()).status(),
        201
    );
    let send = |method: reqwest::Method, path: &str| {
        client().request(method, running.url(path)).header("if-none-match", &tag)
    };
    let same = send(reqwest::Method::POST, "/indexer/api/v1/index_report");
    assert_eq!(same.body(manifest.to_string()).send().unwrap().status(), 412);
    assert_eq!(
        send(reqwest::Method::GET, "/indexer/api/v1/index_state").send().unwrap().status(),
        304
    );
    assert_eq!(layers.requests().len(), asked);

    let one = format!("/indexer/api/v1/index_report/{hash}");
    let deleted = client().delete(running.url("/indexer/api/v1/index_report"));
    let deleted =
        body(deleted.body(json!([hash, format!("sha256:{:064}", 7)]).to_string()).send().unwrap());
    assert_eq!(deleted, json!([hash]));
    assert_eq!(get(&running.url(&one)).status(), 404);
    assert_eq!(client().delete(running.url(&one)).send().unwrap().status(), 204);
    assert_eq!(
        get(&running.url(&format!("/matcher/api/v1/vulnerability_report/{hash}"))).status(),
        404
    );
}

#[test]
fn a_layer_that_is_another_one_or_elsewhere_fails_and_tells_nothing_of_it() {
    let running = Running::start();
    let (_layers, manifest, _) = served();
    let index = running.url("/indexer/api/v1/index_report");
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut manifest = manifest.clone();
        change(&mut manifest);
        // Another image, so that none is in the way of the other.
        let number = manifest["layers"].to_string().len();
        manifest["hash"] = json!(format!("sha256:{number:064}"));
        let answer = post(&index, manifest.to_string());
        (answer.status().as_u16(), body(answer)["message"].as_str().unwrap().to_owned())
    };
    let (status, why) = changed(&|it| it["layers"][0]["hash"] = json!(format!("sha256:{:064}", 9)));
    assert_eq!(status, 500);
    assert!(why.contains("404") || why.contains("wrong digest"), "{why}");
    let (status, why) = changed(&|it| it["layers"][1]["headers"] = Value::Null);
    assert_eq!(status, 500);
    assert!(why.contains("401") && !why.contains("secret"), "{why}");
    let (status, why) = changed(&|it| it["layers"][0]["uri"] = json!("http://10.255.255.1/layer"));
    assert_eq!(status, 500);
    assert!(why.contains("--allow-network 10.255.255.1"), "{why}");
    let (status, _) = changed(&|it| it["layers"][0]["uri"] = json!("file:///etc/passwd"));
    assert_eq!(status, 400);
    assert_eq!(post(&index, "{}").status(), 400);
}

#[test]
fn layers_that_could_not_be_had_are_looked_for_where_the_next_manifest_says() {
    let running = Running::start();
    let (_layers, manifest, _) = served();
    let index = running.url("/indexer/api/v1/index_report");
    let mut elsewhere = manifest.clone();
    elsewhere["layers"][0]["uri"] = json!("http://127.0.0.1:1/layer");
    assert_eq!(post(&index, elsewhere.to_string()).status(), 500);
    let answer = body(post(&index, manifest.to_string()));
    assert_eq!(answer["state"], "IndexFinished", "{answer}");
}

#[test]
fn a_client_behind_a_proxy_is_nobody_of_this_machine() {
    let running = Running::start();
    let (layers, manifest, _) = served();
    let request = client().post(running.url("/indexer/api/v1/index_report"));
    let answer = request.header("x-forwarded-for", "127.0.0.1").body(manifest.to_string()).send();
    assert_eq!(answer.unwrap().status(), 401);
    assert!(layers.requests().is_empty());
}
