//! The cases of cyclonus, with which network plugins are tested: all three verdicts of each probe,
//! by the query and by the matrix.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at the first surprise and says what it measured"
)]

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::time::Instant;

use flate2::read::GzDecoder;
use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::netpol::{Cluster, End, Flow, Matrix, Network, Protocol, Side};
use plimsoll_model::text::Source;
use plimsoll_testkit::shared;
use serde_json::{Value, json};

/// The objects of a step, as `kubectl get -o json` would list them.
fn manifest(case: &Value) -> Manifest {
    let list = |name: &str| case[name].as_array().cloned().unwrap_or_default();
    let namespaces = list("namespaces").into_iter().map(|one| {
        json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": one["name"], "labels": one["labels"]}})
    });
    let pods = list("pods").into_iter().map(|pod| {
        let ports: Vec<Value> = pod["ports"].as_array().unwrap().iter().map(|port| {
            json!({"name": port["container"], "image": "agnhost", "ports": [
                {"name": port["name"], "containerPort": port["port"], "protocol": port["protocol"]}
            ]})
        }).collect();
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": pod["namespace"], "name": pod["name"], "labels": pod["labels"]},
            "spec": {"containers": ports}, "status": {"podIP": pod["ip"]}})
    });
    let items: Vec<Value> = namespaces.chain(pods).chain(list("policies")).collect();
    let text = json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string();
    Manifest::parse(Source::new(text))
}

#[test]
fn every_probe_has_its_three_verdicts() {
    let Some(path) = shared("netpol/cases.jsonl.gz") else { return };
    let lines = BufReader::new(GzDecoder::new(File::open(path).unwrap())).lines();
    let (mut probes, mut wrong) = (0_u32, Vec::new());
    let mut took = std::time::Duration::ZERO;
    for line in lines {
        let case: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let manifest = manifest(&case);
        assert_eq!(manifest.problems, []);
        let start = Instant::now();
        let cluster = Cluster::of([("case.json", &manifest)]);
        assert_eq!(cluster.refused, [], "{}", case["id"]);
        let network = Network::new(&cluster);
        let mut matrix = Matrix::new(&network);
        for probe in case["probes"].as_array().unwrap() {
            let pod = |name: &str| {
                let found = network.pods_called(probe[name].as_str().unwrap());
                assert_eq!(found.len(), 1);
                found[0]
            };
            let (from, to) = (pod("from"), pod("to"));
            let port = u16::try_from(probe["port"].as_u64().unwrap()).unwrap();
            let protocol = Protocol::named(probe["protocol"].as_str().unwrap()).unwrap();
            let flow = Flow { from: End::Pod(from), to: End::Pod(to), port, protocol };
            let verdict = network.ask(flow);
            let asked = (verdict.allowed(), verdict.ingress.allowed(), verdict.egress.allowed());
            let row = matrix.row(to, port, protocol).unwrap();
            let in_row = (row.allows(from), row.ingress(from), row.egress(from));
            let is = |name: &str| probe[name].as_bool().unwrap();
            let wanted = (is("allowed"), is("ingress_allowed"), is("egress_allowed"));
            probes += 1;
            if asked != wanted || in_row != wanted {
                wrong.push(format!("{}: {probe}: asked {asked:?}, in row {in_row:?}", case["id"]));
            }
            // Every answer says why.
            for side in [&verdict.ingress, &verdict.egress] {
                match side {
                    Side::Allowed(by) => assert!(by.iter().all(|by| by.place.line == 1)),
                    Side::Denied(policies) => assert!(!policies.is_empty()),
                    Side::Open | Side::Decided(_) => {}
                    other => assert!(wrong.is_empty(), "{other:?}"),
                }
            }
        }
        for (number, pod) in cluster.pods.iter().enumerate() {
            for port in &pod.ports {
                let own = End::Pod(number);
                let flow = Flow { from: own, to: own, port: port.number, protocol: port.protocol };
                assert!(network.ask(flow).allowed(), "a pod always reaches itself");
                assert!(matrix.row(number, port.number, port.protocol).unwrap().allows(number));
            }
        }
        took += start.elapsed();
    }
    println!("{} of {probes} probes in {took:?}", probes as usize - wrong.len());
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    assert!(probes >= 72_588);
}
