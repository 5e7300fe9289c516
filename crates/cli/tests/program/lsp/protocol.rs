//! The session itself: its beginning and end, and clients that do it wrong.

use serde_json::{Value, json};

use super::client::{Client, able};
use super::{FAULTY, URI, codes};
use crate::machine::Machine;

fn error(message: &Value) -> i64 {
    message["error"]["code"].as_i64().unwrap()
}

#[test]
fn the_session_begins_with_initialize_and_ends_with_exit() {
    let machine = Machine::new();
    let mut client = Client::started(&machine);
    assert_eq!(error(&client.ask("textDocument/hover", &json!({}))), -32002);
    client.open(URI, FAULTY);
    client.ask("initialize", &json!({ "capabilities": {} }));
    assert_eq!(error(&client.ask("initialize", &json!({ "capabilities": {} }))), -32600);
    assert_eq!(error(&client.ask("workspace/noSuchThing", &json!({}))), -32601);
    assert_eq!(error(&client.ask("textDocument/hover", &json!({}))), -32602);
    client.notify("$/noSuchThing", &json!({}));
    client.ask("shutdown", &Value::Null);
    assert_eq!(error(&client.ask("shutdown", &Value::Null)), -32600);
    client.notify("exit", &Value::Null);
    assert_eq!(client.exit_code(), 0);

    let (mut client, _) = Client::session(&machine, &able());
    client.notify("exit", &Value::Null);
    assert_eq!(client.exit_code(), 1);
    let (client, _) = Client::session(&machine, &able());
    assert_eq!(client.exit_code(), 1, "the client went away");
}

#[test]
fn what_is_malformed_is_told_and_ends_nothing() {
    let (mut client, _) = Client::session(&Machine::new(), &able());
    let huge = format!("X-Long: {}\r\n", "x".repeat(1 << 20));
    let deep = "[".repeat(50_000);
    let deep = format!("Content-Length: {}\r\n\r\n{deep}", deep.len());
    for (bytes, code) in [
        ("Content-Length: nine\r\n\r\n", -32700),
        (huge.as_str(), -32700),
        ("Content-Length: 3\r\n\r\n{,}", -32700),
        ("Content-Length: 4\r\n\r\n\u{fffd}x", -32700),
        (deep.as_str(), -32700),
        ("Content-Length: 2\r\n\r\n[]", -32600),
        ("Content-Length: 20\r\n\r\n{\"id\":{},\"method\":1}", -32600),
        ("Content-Type: none\r\n\r\n", -32700),
    ] {
        client.bytes(bytes.as_bytes());
        let answer = client.until(|message| message.get("error").is_some());
        assert_eq!((&answer["id"], error(&answer)), (&Value::Null, code), "{answer}");
    }
    client.notify("textDocument/didOpen", &json!({ "textDocument": 7 }));
    assert!(client.notified("window/logMessage")["message"].to_string().contains("didOpen"));
    client.change("file:///not/open", 2, &json!([]));
    assert!(client.notified("window/logMessage")["message"].to_string().contains("is not open"));
    client.open(URI, FAULTY);
    assert!(codes(&client.diagnostics(URI, 1)).contains(&"DL3020"));
    assert_eq!(client.ended(), 0);
}

#[test]
fn a_request_is_answered_once_also_where_it_is_cancelled() {
    let (mut client, _) = Client::session(&Machine::new(), &able());
    let text = FAULTY.repeat(200);
    client.open(URI, &text);
    let position = json!({ "line": 3, "character": 1 });
    let params = json!({ "textDocument": { "uri": URI }, "position": position });
    let ids: Vec<u64> = (0..20).map(|_| client.request("textDocument/hover", &params)).collect();
    for id in &ids {
        client.notify("$/cancelRequest", &json!({ "id": id }));
    }
    let mut cancelled = 0;
    for id in ids {
        let answer = client.until(|message| message["id"] == id);
        match answer.get("error") {
            Some(_) => {
                assert_eq!(error(&answer), -32800);
                cancelled += 1;
            }
            None => assert!(answer["result"]["contents"].is_object(), "{answer}"),
        }
    }
    assert!(cancelled > 0);
    client.notify("$/cancelRequest", &json!({ "id": "never asked" }));
    client.ask("shutdown", &Value::Null);
    let again = client.passed();
    assert!(
        again.iter().all(|message| message.get("id").is_none() || message.get("method").is_some())
    );
}

#[test]
fn versions_that_were_typed_over_are_not_judged_to_the_end() {
    let (mut client, _) = Client::session(&Machine::new(), &able());
    client.open(URI, FAULTY);
    let end = json!({ "line": 6, "character": 0 });
    for version in 2..=300 {
        let range = json!({ "start": end, "end": end });
        client.change(URI, version, &json!([{ "range": range, "text": "#\n" }]));
    }
    assert!(codes(&client.diagnostics(URI, 300)).contains(&"DL3020"));
    let versions: Vec<i64> = client
        .passed()
        .iter()
        .filter_map(|message| message["params"]["version"].as_i64())
        .collect();
    assert!(versions.is_sorted(), "{versions:?}");
    assert!(versions.len() < 299, "{versions:?}");
}

#[test]
fn what_is_no_dockerfile_or_too_long_is_left_alone() {
    let (mut client, _) = Client::session(&Machine::new(), &able());
    let yaml = json!({ "uri": URI, "languageId": "yaml", "version": 1, "text": "a: b\n" });
    let mut yaml = json!({ "textDocument": yaml });
    yaml["textDocument"]["uri"] = "file:///work/a.yaml".into();
    client.notify("textDocument/didOpen", &yaml);
    assert_eq!(client.diagnostics("file:///work/a.yaml", 1), [Value::Null; 0]);
    let params = json!({
        "textDocument": { "uri": "file:///work/a.yaml" }, "position": { "line": 0, "character": 0 },
    });
    assert_eq!(client.ask("textDocument/hover", &params)["result"], Value::Null);

    client.open(URI, &format!("FROM a\n{}", "# x\n".repeat(2 << 20)));
    assert_eq!(client.diagnostics(URI, 1), [Value::Null; 0]);
    assert!(client.notified("window/showMessage")["message"].to_string().contains("too long"));
    client.change(URI, 2, &json!([{ "text": FAULTY }]));
    assert!(codes(&client.diagnostics(URI, 2)).contains(&"DL3020"));
    client.notify("textDocument/didClose", &json!({ "textDocument": { "uri": URI } }));
    let closed = client.until(|message| {
        message["params"]["uri"] == URI && message["params"].get("version").is_none()
    });
    assert_eq!(closed["params"]["diagnostics"], json!([]));
    assert_eq!(client.ended(), 0);
}
