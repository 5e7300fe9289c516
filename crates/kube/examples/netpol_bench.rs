//! How long all pairs and single queries take: `netpol_bench [PODS [POLICIES [PORTS]]]`.
//!
//! Pods of 50 namespaces with a label of their own each, policies of every sort. Prints times, the
//! count of pairs that are allowed, and the most memory that was used.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints what it measured")]

use std::fmt::Write;
use std::time::Instant;

use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::netpol::{Cluster, End, Flow, Matrix, Network, Protocol};
use plimsoll_model::text::Source;

const NAMESPACES: usize = 50;

fn main() {
    let mut sizes = std::env::args().skip(1).map(|one| one.parse::<usize>().unwrap());
    let pods = sizes.next().unwrap_or(10_000);
    let policies = sizes.next().unwrap_or(1_000);
    let ports = sizes.next().unwrap_or(10);

    let text = manifests(pods, policies, ports);
    let megabytes = text.len() >> 20;
    let start = Instant::now();
    let manifest = Manifest::parse(Source::new(text));
    assert!(manifest.problems.is_empty(), "{:?}", manifest.problems.first());
    let cluster = Cluster::of([("cluster.yaml", &manifest)]);
    assert!(cluster.refused.is_empty(), "{:?}", cluster.refused.first());
    drop(manifest);
    println!("read {megabytes} MB of manifests: {:?}", start.elapsed());

    let start = Instant::now();
    let network = Network::new(&cluster);
    let worked_out = start.elapsed();
    let mut matrix = Matrix::new(&network);
    let (mut allowed, mut pairs) = (0, 0);
    for to in 0..cluster.pods.len() {
        for port in cluster.pods.get(to).map(|pod| pod.ports.as_slice()).unwrap_or_default() {
            allowed += matrix.row(to, port.number, port.protocol).unwrap().count();
            pairs += cluster.pods.len();
        }
    }
    println!(
        "{pods} pods, {policies} policies, {ports} ports: all {pairs} pairs, {allowed} allowed, \
         in {:?} ({worked_out:?} of it to work out the policies); {} classes of receivers",
        start.elapsed(),
        matrix.classes()
    );

    let queries = 10_000;
    let (mut allowed, mut slowest) = (0, std::time::Duration::ZERO);
    let start = Instant::now();
    for query in 0..queries {
        let (from, to) = (query * 7_919 % pods, query * 104_729 % pods);
        let port = 8_000 + u16::try_from(query % ports).unwrap();
        let flow = Flow { from: End::Pod(from), to: End::Pod(to), port, protocol: Protocol::TCP };
        let start = Instant::now();
        allowed += usize::from(network.ask(flow).allowed());
        slowest = slowest.max(start.elapsed());
    }
    let mean = start.elapsed() / u32::try_from(queries).unwrap();
    println!("{queries} queries, {allowed} allowed: {mean:?} each, {slowest:?} the slowest");
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: unknown");
    println!("{peak}");
}

fn manifests(pods: usize, policies: usize, ports: usize) -> String {
    let mut text = String::new();
    for namespace in 0..NAMESPACES {
        writeln!(text, "apiVersion: v1\nkind: Namespace\nmetadata: {{name: n{namespace}, labels: {{team: t{}}}}}\n---", namespace % 7).unwrap();
    }
    let list = (0..ports).map(|port| format!("{{name: p{port}, containerPort: {}}}", 8_000 + port));
    let list = list.collect::<Vec<_>>().join(", ");
    for pod in 0..pods {
        let (namespace, app, tier) = (pod % NAMESPACES, pod / NAMESPACES % 40, pod % 3);
        writeln!(
            text,
            "apiVersion: v1\nkind: Pod\nmetadata: {{namespace: n{namespace}, name: pod{pod}, labels: {{app: a{app}, tier: t{tier}, pod: p{pod}}}}}\nspec: {{containers: [{{name: c, ports: [{list}]}}]}}\nstatus: {{podIP: 10.{}.{}.{}}}\n---",
            pod >> 16, pod >> 8 & 255, pod & 255
        )
        .unwrap();
    }
    for policy in 0..policies {
        let (namespace, app) = (policy % NAMESPACES, policy / NAMESPACES % 40);
        let subject = match policy % 10 {
            0 => "{}".to_owned(),
            1 => "{matchExpressions: [{key: tier, operator: NotIn, values: [t0]}]}".to_owned(),
            _ => format!("{{matchLabels: {{app: a{app}}}}}"),
        };
        let peer = match policy % 5 {
            0 => "{namespaceSelector: {matchLabels: {team: t3}}}".to_owned(),
            1 => format!("{{podSelector: {{matchLabels: {{app: a{}}}}}}}", (app + 1) % 40),
            2 => format!(
                "{{ipBlock: {{cidr: 10.0.{}.0/24, except: [10.0.{}.0/28]}}}}",
                policy % 256,
                policy % 256
            ),
            3 => format!(
                "{{namespaceSelector: {{}}, podSelector: {{matchExpressions: [{{key: app, operator: In, values: [a{}, a{}]}}]}}}}",
                app % 40,
                (app + 7) % 40
            ),
            _ => format!(
                "{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: n{}}}}}}}",
                (namespace + 1) % NAMESPACES
            ),
        };
        let port = match policy % 4 {
            0 => String::new(),
            1 => format!(", ports: [{{port: p{}}}]", policy % ports),
            2 => format!(
                ", ports: [{{port: {}, endPort: {}}}]",
                8_000 + policy % ports,
                8_000 + ports
            ),
            _ => ", ports: [{port: 8000}, {port: 8001}, {protocol: UDP, port: 53}]".to_owned(),
        };
        let egress = if policy % 2 == 0 {
            format!("\n  egress: [{{to: [{peer}]{port}}}]")
        } else {
            String::new()
        };
        writeln!(
            text,
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{namespace: n{namespace}, name: policy{policy}}}\nspec:\n  podSelector: {subject}\n  ingress: [{{from: [{peer}]{port}}}]{egress}\n---"
        )
        .unwrap();
    }
    text
}
