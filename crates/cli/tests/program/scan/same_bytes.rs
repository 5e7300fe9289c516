//! The same input gives the same bytes, however it is read.

use std::collections::BTreeMap;
use std::fs;

use plimsoll_testkit::Compression;

use crate::machine::Machine;
use crate::sample;

/// Every report of a scan and every format of the inventory, by file name.
fn reports(machine: &Machine, threads: &str, flags: &str) -> BTreeMap<String, Vec<u8>> {
    let mut names = Vec::new();
    let mut run = |command: &str, formats: &mut dyn Iterator<Item = &'static str>| {
        let outputs: Vec<String> = formats
            .map(|format| {
                names.push(format!("{command}.{format}"));
                format!("-o {format}={command}.{format}")
            })
            .collect();
        let line = format!("{command} docker-archive:app.tar {flags} {}", outputs.join(" "));
        machine.run_with(&[("RAYON_NUM_THREADS", threads)], &line).ended(0);
    };
    let formats = plimsoll_report::Format::ALL.iter().filter(|format| !format.needs_loaded);
    run("scan", &mut formats.map(|format| format.name));
    run("sbom", &mut plimsoll_supply::Format::ALL.iter().map(|format| format.name));
    assert!(names.len() > 4, "{names:?}");
    names.into_iter().map(|name| (name.clone(), fs::read(machine.path(&name)).unwrap())).collect()
}

#[test]
fn twenty_runs_by_any_number_of_threads_are_alike() {
    let machine = sample::machine();
    let first = reports(&machine, "1", "--no-cache");
    for run in 0..20 {
        let threads = ["1", "2", "4", "7"][run % 4];
        let flags = if run % 2 == 0 { "--no-cache" } else { "" };
        let again = reports(&machine, threads, flags);
        for (name, bytes) in &first {
            assert!(
                *bytes == again[name],
                "{name} differs in run {run}: {threads} threads {flags}"
            );
        }
    }
}

#[test]
fn a_layer_from_the_cache_says_the_same_as_one_that_is_read() {
    let machine = sample::machine();
    let uncached = reports(&machine, "2", "--no-cache");
    assert!(!machine.path("cache/layers").exists());
    let first = reports(&machine, "2", "");
    assert!(machine.path("cache/layers").exists());
    let second = reports(&machine, "2", "");
    assert!(uncached == first && first == second);
}

#[test]
fn an_image_is_the_same_in_every_wrapping() {
    let machine = sample::machine();
    sample::image().write_oci_dir(Compression::Zstd, &machine.path("layout"));
    machine.write("oci.tar", sample::image().oci_archive(Compression::None));
    let findings = |reference: &str| {
        let scan = machine.run(&format!("scan {reference} -o json")).ended(0).json();
        (scan["findings"].clone(), scan["undecided"].clone(), scan["summary"].clone())
    };
    let first = findings("docker-archive:app.tar");
    assert_eq!(first.0.as_array().unwrap().len(), 4);
    assert_eq!(first, findings("oci-dir:layout"));
    assert_eq!(first, findings("oci-archive:oci.tar"));
}
