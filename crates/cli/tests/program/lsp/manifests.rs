//! Kubernetes manifests in an editor.

use serde_json::{Value, json};

use super::client::{Client, able, edited, position};
use super::codes;
use crate::machine::Machine;

const URI: &str = "file:///work/pod.yaml";
const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: wéb\nspec:\n  hostPID: true\n  \
                   containers:\n  - name: a\n    image: a:1\n";

fn opened(client: &mut Client, text: &str) -> Vec<Value> {
    let document = json!({ "uri": URI, "languageId": "yaml", "version": 1, "text": text });
    client.notify("textDocument/didOpen", &json!({ "textDocument": document }));
    client.diagnostics(URI, 1)
}

#[test]
fn what_an_editor_shows_of_a_manifest_is_what_kube_lint_says() {
    let machine = Machine::new();
    machine.write("pod.yaml", POD);
    let said = machine.run("kube lint -f json --no-fail pod.yaml").json();
    let said: Vec<(&str, &str)> = said
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["code"].as_str().unwrap(), one["message"].as_str().unwrap()))
        .collect();
    let (mut client, _) = Client::session(&machine, &able());
    let shown = opened(&mut client, POD);
    let shown: Vec<(&str, &str)> = shown
        .iter()
        .map(|one| (one["code"].as_str().unwrap(), one["message"].as_str().unwrap()))
        .collect();
    assert_eq!(shown, said);
    assert!(shown.contains(&("hostNamespaces", "host namespaces (hostPID=true)")), "{shown:?}");
    assert_eq!(client.ended(), 0);
}

#[test]
fn a_field_is_explained_and_a_quick_fix_mends_it() {
    let (mut client, _) = Client::session(&Machine::new(), &able());
    assert!(codes(&opened(&mut client, POD)).contains(&"hostNamespaces"));
    let place = position(POD, POD.find("hostPID").unwrap());
    let document = json!({ "uri": URI });
    let hover =
        client.ask("textDocument/hover", &json!({ "textDocument": document, "position": place }));
    assert!(hover["result"]["contents"]["value"].as_str().unwrap().contains("hostNamespaces"));
    let value = position(POD, POD.find("true").unwrap());
    let params = json!({
        "textDocument": document, "range": { "start": value, "end": value },
        "context": { "diagnostics": [] },
    });
    let actions = client.ask("textDocument/codeAction", &params);
    let mending = &actions["result"][0];
    assert_eq!(mending["diagnostics"][0]["code"], "hostNamespaces", "{actions}");
    client.change(URI, 2, &json!([{ "text": edited(POD, mending) }]));
    assert!(!codes(&client.diagnostics(URI, 2)).contains(&"hostNamespaces"));
    assert_eq!(client.ended(), 0);
}
