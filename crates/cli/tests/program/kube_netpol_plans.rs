//! `plimsoll kube netpol test` and `suggest`: what is expected, and what is needed.

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
