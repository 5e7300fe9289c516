//! Requests that come again, and scans that are followed.

use serde_json::{Value, json};

use crate::{Bench, each};

async fn post(bench: &Bench, path: &str, key: &str, body: &Value) -> (u16, bool, Value) {
    let answer = bench
        .client
        .post(bench.url(path))
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    let is_replayed = answer.headers().contains_key("idempotency-replayed");
    if is_replayed {
        assert_eq!(answer.headers()["idempotency-replayed"], "true");
    }
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    (status, is_replayed, serde_json::from_str(&text).unwrap_or(json!(text)))
}

#[test]
fn a_request_with_a_key_is_done_once_however_often_it_comes() {
    each(&[], |bench| async move {
        let team = json!({"name": "shop", "repositories": ["r.example/shop/*"]});
        let first = post(&bench, "/api/v1/teams", "one", &team).await;
        assert_eq!((first.0, first.1), (201, false), "{first:?}");
        let again = post(&bench, "/api/v1/teams", "one", &team).await;
        assert_eq!((again.0, again.1, &again.2), (201, true, &first.2));
        assert_eq!(bench.ask("POST", "/api/v1/teams", team.clone()).await.0, 409, "without a key");
        let other = json!({"name": "bank", "repositories": []});
        let (status, _, body) = post(&bench, "/api/v1/teams", "one", &other).await;
        assert_eq!(status, 422, "{body}");
        assert!(body["detail"].as_str().unwrap().contains("another body"), "{body}");
        let elsewhere = json!({"name": "ci", "role": "scanner"});
        let made = post(&bench, "/api/v1/keys", "one", &elsewhere).await;
        assert_eq!((made.0, made.1), (201, false), "a key is of its address");
        let again = post(&bench, "/api/v1/keys", "one", &elsewhere).await;
        assert_eq!(again.2["secret"], made.2["secret"]);

        // What was refused for its own sake is refused again; what was taken may be free later.
        let wrong = json!({"name": "-rf", "repositories": []});
        assert_eq!(post(&bench, "/api/v1/teams", "two", &wrong).await.0, 400);
        assert!(post(&bench, "/api/v1/teams", "two", &wrong).await.1);
        assert_eq!(post(&bench, "/api/v1/teams", "three", &team).await.0, 409);
        assert_eq!(bench.ask("DELETE", "/api/v1/teams/shop", Value::Null).await.0, 204);
        assert_eq!(post(&bench, "/api/v1/teams", "three", &team).await.0, 201);
        assert_eq!(post(&bench, "/api/v1/teams", &"k".repeat(256), &team).await.0, 400);
        let described = bench.get("/api/v1/openapi.json").await;
        let parameters = &described["paths"]["/api/v1/scans"]["post"]["parameters"];
        assert!(parameters.to_string().contains("Idempotency-Key"), "{parameters}");
    });
}

#[test]
fn a_request_that_is_being_done_is_not_begun_again() {
    each(&[], |bench| async move {
        let team = json!({"name": "shop", "repositories": []});
        let many = (0..8).map(|_| post(&bench, "/api/v1/teams", "at once", &team));
        let all = futures_util::future::join_all(many).await;
        let fresh = all.iter().filter(|it| it.0 == 201 && !it.1).count();
        assert_eq!(fresh, 1, "{all:?}");
        assert!(all.iter().all(|it| it.0 == 201 || it.0 == 409), "{all:?}");
        let later = post(&bench, "/api/v1/teams", "at once", &team).await;
        assert_eq!((later.0, later.1), (201, true));
    });
}

#[test]
fn a_scan_is_followed_until_it_ends() {
    each(&[], |bench| async move {
        let bill = json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [
            {"type": "library", "name": "lodash", "version": "4.17.4", "purl": "pkg:npm/lodash@4.17.4"}]});
        let (_, scan) = bench.ask("POST", "/api/v1/sboms", bill).await;
        let follow = async |id: &Value| {
            let url = bench.url(&format!("/api/v1/scans/{id}/events"));
            let answer = bench.client.get(url).send().await.unwrap();
            assert_eq!(answer.headers()["content-type"], "text/event-stream");
            let text = tokio::time::timeout(std::time::Duration::from_secs(30), answer.text());
            let text = text.await.expect("the stream ends").unwrap();
            let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
            data.map(|it| serde_json::from_str::<Value>(it).unwrap()).collect::<Vec<_>>()
        };
        let states = follow(&scan["id"]).await;
        let last = states.last().unwrap();
        assert_eq!(
            (&last["state"], &last["components"]),
            (&json!("done"), &json!(1)),
            "{states:?}"
        );

        let absent = json!({"reference": "oci-dir:/nowhere/at/all"});
        let (_, scan) = bench.ask("POST", "/api/v1/scans", absent).await;
        let path = format!("/api/v1/scans/{}", scan["id"]);
        let cancelled = async {
            tokio::time::sleep(std::time::Duration::from_millis(700)).await;
            bench.ask("DELETE", &path, Value::Null).await.0
        };
        let (followed, answer) = tokio::join!(follow(&scan["id"]), cancelled);
        assert_eq!(answer, 200);
        assert_eq!(followed.last().unwrap()["state"], "cancelled", "{followed:?}");
        assert!(followed.len() > 1, "it was followed: {followed:?}");
        assert_eq!(bench.ask("GET", "/api/v1/scans/999/events", Value::Null).await.0, 404);
    });
}
