//! Network policies of any bytes: read, worked out, asked and checked without a panic; every place
//! is one of the text, and the matrix says what the query says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::netpol::{Cluster, End, Flow, Matrix, Network, Protocol, check};
use plimsoll_model::text::Source;

fuzz_target!(|bytes: &[u8]| {
    let manifest = Manifest::parse(Source::from_bytes(bytes.to_vec()));
    let length = manifest.source.text().len();
    let cluster = Cluster::of([("fuzz.yaml", &manifest)]);
    for refused in &cluster.refused {
        assert!(refused.place.span.end as usize <= length);
    }
    let network = Network::new(&cluster);
    for (_, finding) in check(&network) {
        assert!(finding.span.end as usize <= length);
    }
    let mut matrix = Matrix::new(&network);
    let pods = cluster.pods.len().min(8);
    for to in 0..pods {
        for (port, protocol) in [(80, Protocol::TCP), (53, Protocol::UDP)] {
            let Some(row) = matrix.row(to, port, protocol) else { continue };
            for from in 0..pods {
                let flow = Flow { from: End::Pod(from), to: End::Pod(to), port, protocol };
                assert_eq!(network.ask(flow).allowed(), row.allows(from));
            }
        }
    }
});
