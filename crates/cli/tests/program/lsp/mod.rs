//! `plimsoll lsp`, as an editor meets it: the real program on two pipes.

mod client;
mod manifests;
mod neovim;
mod protocol;

use serde_json::{Value, json};

use self::client::{Client, able, edited, position};
use crate::machine::Machine;
use plimsoll_testkit::shared_records;

const URI: &str = "file:///work/Dockerfile";
const FAULTY: &str = "ARG V=12\nFROM debian:$V AS build\nRUN apt-get update && apt-get install -y curl\n\
                      ADD app.py /x\nFROM scratch\nCOPY --from=build /x /x\n";

fn codes(diagnostics: &[Value]) -> Vec<&str> {
    diagnostics.iter().map(|one| one["code"].as_str().unwrap()).collect()
}

/// The place of a word in [`FAULTY`], as the parameters of a request.
fn at(text: &str, word: &str) -> Value {
    let position = position(text, text.find(word).unwrap());
    json!({ "textDocument": { "uri": URI }, "position": position })
}

fn actions_at(client: &mut Client, text: &str, word: &str, only: Option<&str>) -> Vec<Value> {
    let start = position(text, text.find(word).unwrap());
    let mut context = json!({ "diagnostics": [] });
    if let Some(only) = only {
        context["only"] = json!([only]);
    }
    let params = json!({
        "textDocument": { "uri": URI }, "range": { "start": start, "end": start },
        "context": context,
    });
    client.ask("textDocument/codeAction", &params)["result"].as_array().unwrap().clone()
}

#[test]
fn what_an_editor_shows_is_what_lint_says_of_the_same_text() {
    let machine = Machine::new();
    let (mut client, _) = Client::session(&machine, &able());
    let mut compared = 0;
    for (number, record) in shared_records("lint/real-dockerfiles.jsonl").iter().enumerate() {
        // The program is started once for each: a part of them is enough.
        let text = record["dockerfile"].as_str().unwrap();
        if number % 8 != 0 || text.replace("\r\n", "").contains('\r') {
            continue;
        }
        let path = format!("{number}/Dockerfile");
        machine.write(&path, text);
        machine.write(&format!("{number}/.dockerignore"), "src\n*.md\n");
        let json = machine.run(&format!("lint -f json --no-fail {path}")).json();
        let expected: Vec<Value> = json
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                let place = |end: &str| {
                    let offset = one["span"][end]["offset"].as_u64().unwrap();
                    position(text, usize::try_from(offset).unwrap())
                };
                let level = one["level"].as_str().unwrap();
                let severity = 1 + ["error", "warning", "info", "style"]
                    .iter()
                    .position(|l| *l == level)
                    .unwrap();
                json!([
                    one["code"],
                    one["message"],
                    severity,
                    place("start"),
                    place("end"),
                    one["url"]
                ])
            })
            .collect();
        let uri = format!("file://{}", machine.path(&path).display());
        client.open(&uri, text);
        let shown: Vec<Value> = client
            .diagnostics(&uri, 1)
            .iter()
            .map(|one| {
                json!([
                    one["code"],
                    one["message"],
                    one["severity"],
                    one["range"]["start"],
                    one["range"]["end"],
                    one["codeDescription"]["href"]
                ])
            })
            .collect();
        assert_eq!(shown, expected, "{text}");
        compared += shown.len();
        client.notify("textDocument/didClose", &json!({ "textDocument": { "uri": uri } }));
    }
    println!("{compared} findings compared");
    assert_eq!(client.ended(), 0);
}

#[test]
fn a_finding_goes_when_its_edit_is_made() {
    let (mut client, _) = Client::session(&Machine::new(), &able());
    client.open(URI, FAULTY);
    assert!(codes(&client.diagnostics(URI, 1)).contains(&"DL3020"));
    let actions = actions_at(&mut client, FAULTY, "ADD", Some("quickfix"));
    let mending = &actions[0];
    assert_eq!(mending["isPreferred"], true, "{mending}");
    assert_eq!(mending["diagnostics"][0]["code"], "DL3020");
    let after = edited(FAULTY, mending);
    assert!(after.contains("COPY app.py /x"), "{after}");
    client.change(URI, 2, &json!([{ "text": after }]));
    assert!(!codes(&client.diagnostics(URI, 2)).contains(&"DL3020"));

    let ignoring = actions_at(&mut client, &after, "curl", None);
    let ignoring = ignoring.iter().find(|one| one["title"] == "Ignore DL3008 here").unwrap();
    let ignored = edited(&after, ignoring);
    assert!(ignored.contains("\n# hadolint ignore=DL3008\nRUN apt-get"), "{ignored}");
    client.change(URI, 3, &json!([{ "text": ignored }]));
    assert!(!codes(&client.diagnostics(URI, 3)).contains(&"DL3008"));
    assert_eq!(client.ended(), 0);
}

#[test]
fn fixing_all_is_what_lint_fix_does() {
    let machine = Machine::new();
    machine.write("Dockerfile", FAULTY);
    machine.run("lint --fix --no-fail Dockerfile").ended(0);
    let (mut client, _) = Client::session(&machine, &able());
    client.open(URI, FAULTY);
    let actions = actions_at(&mut client, FAULTY, "scratch", Some("source.fixAll"));
    assert_eq!(actions.len(), 1, "{actions:?}");
    assert_eq!(actions[0]["kind"], "source.fixAll.plimsoll");
    assert_eq!(edited(FAULTY, &actions[0]), machine.read("Dockerfile"));
    assert_ne!(machine.read("Dockerfile"), FAULTY);
}

#[test]
fn names_lead_to_their_definitions_and_are_explained() {
    let (mut client, _) = Client::session(&Machine::new(), &able());
    client.open(URI, FAULTY);
    let stage = client.ask("textDocument/definition", &at(FAULTY, "build /x"))["result"].clone();
    assert_eq!(stage["range"]["start"], position(FAULTY, FAULTY.find("build\n").unwrap()));
    let mut params = at(FAULTY, "V=12");
    params["context"] = json!({ "includeDeclaration": true });
    let found = client.ask("textDocument/references", &params)["result"].clone();
    assert_eq!(found.as_array().unwrap().len(), 2, "{found}");

    let mut hover = |word: &str| {
        let result = client.ask("textDocument/hover", &at(FAULTY, word));
        result["result"]["contents"]["value"].as_str().unwrap_or_default().to_owned()
    };
    assert!(hover("V AS").starts_with("**variable** `V` is `12`, by ARG in line 1"));
    assert!(hover("debian").contains("- Distribution: debian 12"));
    assert!(hover("build /x").starts_with("**stage** `build` (line 2), on `debian:12`"));
    let rule = hover("ADD");
    assert!(rule.starts_with("**ADD**: ") && rule.contains("[DL3020]("), "{rule}");

    let symbols = client.ask("textDocument/documentSymbol", &at(FAULTY, "ARG"))["result"].clone();
    let names: Vec<&str> =
        symbols.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["ARG", "build", "scratch"]);

    client.change(URI, 2, &json!([{ "text": format!("{FAULTY}COPY --from=") }]));
    let end = position(&format!("{FAULTY}COPY --from="), FAULTY.len() + 12);
    let params = json!({ "textDocument": { "uri": URI }, "position": end });
    let offered = client.ask("textDocument/completion", &params)["result"].clone();
    assert_eq!(offered[0]["label"], "build", "{offered}");
}

#[test]
fn columns_are_counted_as_the_editor_counts_them() {
    let text = "FROM a:1\r\nRUN echo \u{1f980}é && cd /x\r\nADD a /\r\n";
    for (encodings, chosen, column) in [
        (json!(["utf-16"]), "utf-16", 16),
        (json!(["utf-8", "utf-16"]), "utf-8", 19),
        (Value::Null, "utf-16", 16),
    ] {
        let mut capabilities = able();
        capabilities["general"] = json!({ "positionEncodings": encodings });
        let (mut client, result) = Client::session(&Machine::new(), &capabilities);
        assert_eq!(result["capabilities"]["positionEncoding"], chosen);
        client.open(URI, text);
        let all = client.diagnostics(URI, 1);
        let one = all.iter().find(|one| one["code"] == "DL3003").unwrap();
        assert_eq!(one["range"]["start"], json!({ "line": 1, "character": column }), "{one}");
        // The editor takes the command out, and puts one in with a character of two units.
        let range = json!({
            "start": { "line": 1, "character": column },
            "end": { "line": 1, "character": column + 5 },
        });
        let put = json!({
            "start": { "line": 2, "character": 0 }, "end": { "line": 2, "character": 3 },
        });
        client.change(
            URI,
            2,
            &json!([{ "range": range, "text": "true" }, { "range": put, "text": "COPY" }]),
        );
        let after = client.diagnostics(URI, 2);
        let left = codes(&after);
        assert!(!left.contains(&"DL3003") && !left.contains(&"DL3020"), "{left:?}");
        assert!(!left.contains(&"DL1000"), "{left:?}");
    }
}

#[test]
fn the_configuration_is_that_of_the_file_s_folder_and_is_read_anew() {
    let machine = Machine::new();
    machine.write("a/.hadolint.yaml", "ignored: [DL3020]\n");
    let uri = |folder: &str| format!("file://{}/Dockerfile", machine.path(folder).display());
    let (a, b) = (uri("a"), uri("b"));
    let (mut client, _) = Client::session(&machine, &able());
    let watching = client.until(|message| message["method"] == "client/registerCapability");
    assert!(watching.to_string().contains("**/.hadolint.yaml"), "{watching}");
    client.send(&json!({ "jsonrpc": "2.0", "id": watching["id"], "result": null }));
    client.open(&a, FAULTY);
    client.open(&b, FAULTY);
    assert!(!codes(&client.diagnostics(&a, 1)).contains(&"DL3020"));
    assert!(codes(&client.diagnostics(&b, 1)).contains(&"DL3020"));

    machine.write("a/.hadolint.yaml", "ignored: [DL3007]\n");
    let changed = json!({ "changes": [{ "uri": a, "type": 2 }] });
    client.notify("workspace/didChangeWatchedFiles", &changed);
    assert!(codes(&client.diagnostics(&a, 1)).contains(&"DL3020"));

    machine.write("a/.hadolint.yaml", "failure-threshold: loud\n");
    client.notify("workspace/didChangeWatchedFiles", &changed);
    let told = client.notified("window/showMessage");
    let message = told["message"].as_str().unwrap();
    assert!(message.contains(".hadolint.yaml") && message.contains("`loud`"), "{message}");
    assert_eq!(client.ended(), 0);
}
