//! `plimsoll kube netpol test` and `suggest`: what is expected, and what is needed.

use serde_json::json;

use crate::machine::Machine;

const SHOP: &str = "\
kind: Deployment
apiVersion: apps/v1
metadata: {namespace: shop, name: web}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, env: [
  {name: DATABASE_URL, value: 'postgres://shop@db/shop'}]}]}}}
---
kind: StatefulSet
apiVersion: apps/v1
metadata: {namespace: shop, name: db}
spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c}]}}}
---
kind: Service
apiVersion: v1
metadata: {namespace: shop, name: db}
spec: {selector: {app: db}, ports: [{port: 5432}]}
";

const EXPECT: &str = "\
expect:
  - name: the database serves the shop alone
    to: shop/db
    port: 5432
    only: shop/web
  - {from: shop/db, to: shop/web, port: 80, allowed: false}
";

fn machine() -> Machine {
    let machine = Machine::new();
    machine.write("shop.yaml", SHOP);
    machine.write("expect.yaml", EXPECT);
    machine
}

#[test]
fn what_is_not_as_expected_is_named() {
    let machine = machine();
    let ran = machine.run("kube netpol test --expect expect.yaml shop.yaml").ended(1);
    insta::assert_snapshot!(ran.out, @r"
    ok     the database serves the shop alone (expect.yaml:2)
    broken shop/db does not reach shop/web (expect.yaml:6)
             allowed: shop/db → shop/web TCP 80
    ");
}

#[test]
fn what_is_suggested_is_as_expected() {
    let machine = machine();
    let suggested = machine.run("kube netpol suggest shop.yaml").ended(0);
    assert_eq!(suggested.err, "1 flows are needed, and all of them are allowed\n");
    machine.write("policies.yaml", &suggested.out);
    machine.run("kube netpol test --expect expect.yaml shop.yaml policies.yaml").ended(0);
    insta::assert_snapshot!(suggested.out);
}

#[test]
fn what_comes_on_stdin_is_read_once() {
    let machine = machine();
    let from_file = machine.run("kube netpol suggest shop.yaml").ended(0).out;
    let from_stdin = machine.run_with_stdin("kube netpol suggest -", SHOP).ended(0).out;
    assert_eq!(from_stdin, from_file);
}

#[test]
fn observed_flows_are_allowed_and_no_others() {
    let machine = machine();
    machine.write(
        "flows.jsonl",
        "{\"from\": \"shop/db\", \"to\": \"shop/web\", \"port\": 80}\n\
         {\"from\": \"shop/db\", \"to\": \"203.0.113.9\", \"port\": 443, \"protocol\": \"TCP\"}\n",
    );
    let suggested = machine.run("kube netpol suggest --observed flows.jsonl shop.yaml").ended(0);
    machine.write("policies.yaml", &suggested.out);
    let files = "shop.yaml policies.yaml";
    let query = |ends: &str, code| {
        machine.run(&format!("kube netpol query {ends} {files}")).ended(code);
    };
    query("--from shop/db --to shop/web --port 80", 0);
    query("--from shop/db --to 203.0.113.9 --port 443", 0);
    query("--from shop/db --to 203.0.113.10 --port 443", 1);
    query("--from shop/web --to shop/db --port 5432", 1);
}

#[test]
fn a_flow_that_cannot_be_read_is_named_with_its_line() {
    let machine = machine();
    machine
        .write("flows.jsonl", "\n{\"from\": \"shop/db\", \"to\": \"shop/nobody\", \"port\": 80}\n");
    let ran = machine.run("kube netpol suggest --observed flows.jsonl shop.yaml").ended(2);
    assert!(ran.err.contains("flows.jsonl:2: there is no pod `shop/nobody`"), "{}", ran.err);
}

/// A connection as Tetragon tells it: of a pod, to an address.
fn connects(pod: &str, pid: u32, own: &str, to: &str, port: u16) -> String {
    let process = json!({
        "exec_id": format!("a{pid}"), "pid": pid, "uid": 0, "cwd": "/", "binary": "/app",
        "flags": "execve clone", "start_time": "2026-01-02T03:00:00.000000001Z",
        "pod": {"namespace": "shop", "name": pod, "container": {
            "id": format!("containerd://{pid:0<64}"), "name": "c",
            "image": {"id": "a@sha256:b", "name": "a:1"}, "start_time": "2026-01-02T02:59:00Z"}},
        "docker": format!("{pid:0<31}"), "tid": pid});
    let socket = json!({"family": "AF_INET", "type": "SOCK_STREAM", "protocol": "IPPROTO_TCP",
        "saddr": own, "daddr": to, "sport": 40112, "dport": port, "state": "TCP_SYN_SENT"});
    let time = "2026-01-02T03:00:05.030Z";
    let start = json!({"process_exec": {"process": process}, "node_name": "a", "time": time});
    let call = json!({"process_kprobe": {"process": process, "function_name": "tcp_connect",
        "args": [{"sock_arg": socket}]}, "node_name": "a", "time": time});
    format!("{start}\n{call}\n")
}

#[test]
fn what_a_sensor_saw_is_allowed_and_nothing_else() {
    let machine = Machine::new();
    let shop = SHOP
        .replace("spec: {selector: {app: db}", "spec: {clusterIP: 10.96.0.7, selector: {app: db}");
    machine.write("shop.yaml", shop);
    let log = connects("web-7d9c-x2", 700, "10.244.1.5", "10.96.0.7", 5432)
        + &connects("web-7d9c-x2", 700, "10.244.1.5", "203.0.113.7", 443)
        // The other end by the address that its own connection shows it to have.
        + &connects("db-0", 800, "10.244.1.9", "198.51.100.3", 443)
        + &connects("web-7d9c-x2", 700, "10.244.1.5", "10.244.1.9", 9187);
    machine.write("events.jsonl", log);
    let suggest = |file: &str| {
        let ran = machine.run(&format!("kube netpol suggest --observed {file} shop.yaml")).ended(0);
        assert!(ran.err.contains("4 flows are needed, and all of them are allowed"), "{}", ran.err);
        ran.out
    };
    let policies = suggest("events.jsonl");
    // A recording of the same is as good as the log.
    machine.write(
        "rules.yaml",
        "- rule: Connection\n  desc: c\n  condition: evt.type = connect\n  output: c\n  priority: INFO\n",
    );
    machine.run("watch -r rules.yaml --replay events.jsonl --write trace.scap").ended(0);
    assert_eq!(suggest("trace.scap"), policies);
    assert!(!policies.contains("10.96.0.7") && !policies.contains("10.244."), "{policies}");

    machine.write("policies.yaml", &policies);
    let query = |from: &str, to: &str, port: u16, code| {
        let ends = format!("--from {from} --to {to} --port {port}");
        machine.run(&format!("kube netpol query {ends} shop.yaml policies.yaml")).ended(code);
    };
    query("shop/web", "shop/db", 5432, 0);
    query("shop/web", "shop/db", 9187, 0);
    query("shop/web", "203.0.113.7", 443, 0);
    query("shop/db", "198.51.100.3", 443, 0);
    query("shop/web", "198.51.100.3", 443, 1);
    query("shop/db", "shop/web", 80, 1);
    query("shop/web", "shop/db", 22, 1);
}

#[test]
fn a_capture_without_pods_is_told_to_be_of_no_use() {
    let machine = machine();
    let log = connects("web-1", 700, "10.244.1.5", "203.0.113.7", 443);
    machine.write("events.jsonl", log.replace("\"pod\"", "\"was\""));
    let ran = machine.run("kube netpol suggest --observed events.jsonl shop.yaml").ended(2);
    assert!(
        ran.err.contains("`events.jsonl` has no connection of a pod, and some of other"),
        "{}",
        ran.err
    );
    machine.write(
        "audit.json",
        r#"{"kind":"Event","auditID":"1","verb":"get","stageTimestamp":"2026-01-02T03:00:00Z"}"#,
    );
    let ran = machine.run("kube netpol suggest --observed audit.json shop.yaml").ended(2);
    assert!(ran.err.contains("`audit.json` tells of no system calls"), "{}", ran.err);
}
