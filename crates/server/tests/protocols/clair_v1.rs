//! Clair's API, version 1, layer by layer.

use plimsoll_testkit::{Compression, Reply, Served, Server};
use serde_json::{Value, json};

use crate::running::{client, image};
use crate::{Running, body, get, post};

/// A server of layers that wants to know who asks, and where they are.
fn served() -> (Server, Vec<String>) {
    let layered = Served::new(&image(), Compression::Gzip);
    let layers = layered.layers.clone();
    let server = Server::start(move |request| {
        if request.path.ends_with("/away") {
            return Reply::new(302, "").header("Location", "http://10.255.255.1/");
        }
        if request.header("authorization") != Some("Bearer hunter2") {
            return Reply::new(401, "secret words");
        }
        layered.reply(request)
    });
    let place = |digest: &String| format!("http://{}/v2/x/blobs/{digest}", server.host());
    let places = layers.iter().map(place).collect();
    (server, places)
}

fn layer(name: &str, parent: &str, path: &str) -> String {
    json!({"Layer": {"Name": name, "ParentName": parent, "Path": path, "Format": "Docker",
        "Headers": {"Authorization": "Bearer hunter2"}}})
    .to_string()
}

fn said(response: reqwest::blocking::Response) -> (u16, String) {
    let status = response.status().as_u16();
    (status, body(response)["Error"]["Message"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn an_image_comes_layer_by_layer_and_its_topmost_one_tells_of_all() {
    let running = Running::start();
    let (layers, places) = served();
    let url = running.url("/v1/layers");
    let (status, why) = said(post(&url, layer("top", "bottom", &places[1])));
    assert_eq!((status, why.contains("parent layer is unknown")), (400, true), "{why}");
    let made = post(&url, layer("bottom", "", &places[0]));
    assert_eq!(made.status(), 201);
    let made = body(made);
    assert_eq!(
        (&made["Layer"]["Name"], &made["Layer"]["IndexedByVersion"]),
        (&json!("bottom"), &json!(3))
    );
    assert_eq!(post(&url, layer("top", "bottom", &places[1])).status(), 201);
    let asked = layers.requests().len();
    assert_eq!(asked, 2, "each layer is fetched once");
    assert_eq!(post(&url, layer("top", "bottom", &places[1])).status(), 201);
    assert_eq!(layers.requests().len(), asked, "what is known is not fetched again");

    let bare = body(get(&running.url("/v1/layers/top")));
    assert_eq!(
        (&bare["Layer"]["NamespaceName"], &bare["Layer"]["ParentName"]),
        (&json!("debian:12"), &json!("bottom"))
    );
    assert_eq!(bare["Layer"]["Features"], Value::Null);
    let features = body(get(&running.url("/v1/layers/top?features")));
    let features = features["Layer"]["Features"].as_array().unwrap().clone();
    assert!(features.iter().all(|it| it["Vulnerabilities"].is_null()), "{features:?}");
    let openssl = features.iter().find(|it| it["Name"] == "openssl").unwrap();
    assert_eq!(
        (&openssl["NamespaceName"], &openssl["VersionFormat"], &openssl["AddedBy"]),
        (&json!("debian:12"), &json!("dpkg"), &json!("bottom"))
    );
    let whole = body(get(&running.url("/v1/layers/top?features&vulnerabilities")));
    let lodash =
        whole["Layer"]["Features"].as_array().unwrap().iter().find(|it| it["Name"] == "lodash");
    let lodash = lodash.unwrap();
    assert_eq!((&lodash["AddedBy"], &lodash["NamespaceName"]), (&json!("top"), &json!("npm")));
    let found = lodash["Vulnerabilities"].as_array().unwrap();
    let one = found.iter().find(|it| it["Name"] == "CVE-2019-10744").unwrap();
    assert_eq!((&one["FixedBy"], &one["Severity"]), (&json!("4.17.12"), &json!("Critical")));
    assert!(one["Link"].as_str().unwrap().starts_with("https://"), "{one}");
    let below = body(get(&running.url("/v1/layers/bottom?vulnerabilities")));
    assert!(!below.to_string().contains("lodash"), "{below}");

    // It is part of the estate.
    let images = body(get(&running.url("/api/v1/images")));
    assert!(images.to_string().contains("clair:v1/top"), "{images}");

    let delete = |name: &str| {
        client().delete(running.url(&format!("/v1/layers/{name}"))).send().unwrap().status()
    };
    assert_eq!(delete("bottom"), 200);
    assert_eq!(get(&running.url("/v1/layers/top")).status(), 404, "children go too");
    assert_eq!(delete("bottom"), 404);
}

#[test]
fn what_cannot_be_had_is_an_error_that_tells_nothing_of_it() {
    let running = Running::start();
    let (server, places) = served();
    let url = running.url("/v1/layers");
    let away = format!("http://{}/away", server.host());
    for path in ["http://10.255.255.1/layer.tar", &away] {
        let (status, why) = said(post(&url, layer("a", "", path)));
        assert_eq!(status, 500, "{path}");
        assert!(why.contains("--allow-network 10.255.255.1"), "{why}");
    }
    let unknown = json!({"Layer": {"Name": "b", "Path": places[0], "Format": "Docker"}});
    let (status, why) = said(post(&url, unknown.to_string()));
    assert_eq!(status, 500);
    assert!(why.contains("401") && !why.contains("secret words"), "{why}");
    assert_eq!(said(post(&url, layer("c", "", "/etc/passwd"))).0, 400);
    assert_eq!(said(post(&url, "{}")).1, "failed to provide layer");
    let odd = json!({"Layer": {"Name": "d", "Path": places[0], "Format": "aci"}});
    assert_eq!(said(post(&url, odd.to_string())).0, 422);
    assert_eq!(
        said(get(&running.url("/v1/layers/a"))),
        (404, "the resource cannot be found".into())
    );
    let forwarded = client().post(&url).header("x-forwarded-for", "127.0.0.1");
    let answer = forwarded.body(layer("e", "", &places[0])).send().unwrap();
    assert_eq!(answer.status(), 401, "a client behind a proxy is nobody of this machine");
}

#[test]
fn namespaces_and_their_vulnerabilities_are_read() {
    let running = Running::start();
    let (_server, places) = served();
    let url = running.url("/v1/layers");
    assert_eq!(post(&url, layer("bottom", "", &places[0])).status(), 201);
    assert_eq!(post(&url, layer("top", "bottom", &places[1])).status(), 201);
    assert_eq!(get(&running.url("/v1/layers/top?vulnerabilities")).status(), 200);
    let spaces = body(get(&running.url("/v1/namespaces")));
    let spaces = spaces["Namespaces"].as_array().unwrap();
    assert!(spaces.contains(&json!({"Name": "debian:12", "VersionFormat": "dpkg"})), "{spaces:?}");
    assert!(spaces.contains(&json!({"Name": "npm"})), "{spaces:?}");

    let list =
        |query: &str| get(&running.url(&format!("/v1/namespaces/npm/vulnerabilities{query}")));
    assert_eq!(said(list("")), (400, "must provide limit query parameter".into()));
    assert_eq!(said(list("?limit=-1")).0, 400);
    let all = Running::until("the image is posted", || {
        let all = body(list("?limit=100"));
        let all = all["Vulnerabilities"].as_array().unwrap().clone();
        (!all.is_empty()).then_some(all)
    });
    assert!(all.len() > 1 && all.iter().all(|it| it["NamespaceName"] == "npm"), "{all:?}");
    let (mut seen, mut page) = (Vec::new(), String::new());
    loop {
        let part = body(list(&format!("?limit=1{page}")));
        seen.extend(part["Vulnerabilities"].as_array().unwrap().iter().cloned());
        match part["NextPage"].as_str() {
            Some(next) => page = format!("&page={next}"),
            None => break,
        }
    }
    assert_eq!(seen, all);
    let one = running.url("/v1/namespaces/npm/vulnerabilities/CVE-2019-10744");
    let bare = body(get(&one));
    assert_eq!(
        (&bare["Vulnerability"]["Severity"], &bare["Vulnerability"]["FixedIn"]),
        (&json!("Critical"), &Value::Null)
    );
    let whole = body(get(&format!("{one}?fixedIn")));
    assert_eq!(whole["Vulnerability"]["FixedIn"][0]["Version"], "4.17.12", "{whole}");
    assert_eq!(body(get(&format!("{one}/fixes")))["Features"][0]["Name"], "lodash");
    let none = "/v1/namespaces/npm/vulnerabilities/CVE-1900-1";
    assert_eq!(get(&running.url(none)).status(), 404);
    let debian = body(get(&running.url("/v1/namespaces/debian:12/vulnerabilities?limit=9")));
    assert!(!debian.to_string().contains("CVE-2019-10744"), "{debian}");

    let notification = running.url("/v1/notifications/ec45ec87-bfc8-4129-a1c3-d2b82622175a");
    assert_eq!(said(get(&notification)).0, 400);
    assert_eq!(said(get(&format!("{notification}?limit=1"))).0, 404);
    assert_eq!(client().delete(&notification).send().unwrap().status(), 404);
}
