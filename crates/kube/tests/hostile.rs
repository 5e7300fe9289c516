//! Files that mean no good: none panics, none takes long.
#![allow(clippy::print_stdout, reason = "a test says what it measured")]

use std::time::{Duration, Instant};

use plimsoll_kube::manifest::Manifest;
use plimsoll_kube::redact::redactions;
use plimsoll_kube::{Config, Estate, fix, hover, lint};
use plimsoll_model::text::{Safety, Source};
use proptest::prelude::*;

/// Everything that an editor or a command does with a file.
fn through_all(text: &[u8]) {
    let manifest = Manifest::parse(Source::from_bytes(text.to_vec()));
    let estate = Estate::of([&manifest]);
    for finding in lint(&manifest, &estate, &Config::default()) {
        assert!(finding.span.end as usize <= manifest.source.text().len());
        assert!(finding.span.start <= finding.span.end);
        let _ = hover(&manifest, finding.span.start);
    }
    for span in redactions(&manifest) {
        assert!(span.end as usize <= manifest.source.text().len());
    }
    let _ = fix(manifest.source.text(), &estate, &Config::default(), Safety::Unsafe);
}

/// Lines of manifests, in no order.
const LINES: [&str; 24] = [
    "apiVersion: v1",
    "kind: Pod",
    "kind: List",
    "items:",
    "- kind: Pod",
    "metadata: {annotations: {a: b}}",
    "spec:",
    "  spec:",
    "  template: &t",
    "  containers:",
    "  containers: *t",
    "  - name: a",
    "    securityContext:",
    "    securityContext: {}",
    "      privileged: true",
    "      capabilities: {add: [ALL]",
    "  <<: *t",
    "  hostNetwork: yes",
    "---",
    "...",
    "\t- x",
    "  securityContext: |",
    "    {{ x }}",
    "# comment",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        through_all(&bytes);
    }

    #[test]
    fn no_lines_of_manifests_panic(
        lines in proptest::collection::vec(proptest::sample::select(&LINES[..]), 0..25)
    ) {
        through_all(lines.join("\n").as_bytes());
    }

    #[test]
    fn a_cut_manifest_panics_nowhere(at in 0_usize..700) {
        let text = include_str!("samples/deployment.yaml");
        let cut = text.get(..at.min(text.len())).unwrap_or(text);
        through_all(cut.as_bytes());
        through_all(cut.replace('\n', "\r\n").as_bytes());
    }

    #[test]
    fn a_fix_of_lines_is_found_no_more(
        lines in proptest::collection::vec(proptest::sample::select(&LINES[..]), 0..25)
    ) {
        let text = format!("apiVersion: v1\nkind: Pod\nspec:\n{}\n", lines.join("\n"));
        let mend = |text: &str| {
            fix(text, &Estate::default(), &Config::default(), Safety::Unsafe).text
        };
        let once = mend(&text);
        prop_assert_eq!(mend(&once), once);
    }
}

#[test]
fn hostile_files_end_soon() {
    let pod = "apiVersion: v1\nkind: Pod\nspec:\n";
    let files = [
        format!("{pod}  containers:\n{}", "  - {}\n".repeat(100_000)),
        format!("{pod}  containers: &a [{}]\n  initContainers: *a\n", "{name: x},".repeat(50_000)),
        format!("{pod}{}", "  hostPID: true\n".repeat(100_000)),
        format!(
            "{pod}{}",
            (0..50_000).map(|n| format!("  x{n}: 1\n")).collect::<Vec<_>>().concat().repeat(2)
        ),
        format!("apiVersion: v1\nkind: ConfigMap\ndata:\n  x: |\n{}", "    y\n".repeat(1_000_000)),
        "kind: List\nitems:\n- ".repeat(20_000),
        "---\nkind: Pod\n".repeat(200_000),
        "x: [\n---\n".repeat(50_000),
        format!("kind: Secret\nx: [\n{}", "password: x\n".repeat(200_000)),
        format!("kind: Pod\nargs: [{}]\n", "--token, a,".repeat(100_000)),
        format!("kind: Pod\n{}", "# token=x password: y ://a:b@c\n".repeat(100_000)),
    ];
    for (index, text) in files.iter().enumerate() {
        let start = Instant::now();
        let manifest = Manifest::parse(Source::new(text.as_str()));
        let found = lint(&manifest, &Estate::of([&manifest]), &Config::default());
        let _ = redactions(&manifest);
        let took = start.elapsed();
        println!("{index}: {took:?}");
        assert!(took < Duration::from_secs(20), "file {index}: {took:?}, {}", found.len());
    }
}
