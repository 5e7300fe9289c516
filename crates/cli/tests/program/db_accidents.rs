//! What may happen to `plimsoll db update`, and that scans go on with the database there is.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::feeds::{HIGH, archive, osv, record};
use crate::machine::{Machine, UPDATE};
use crate::sample;

/// The scan works and finds what the advisories of before say.
fn still_works(machine: &Machine) {
    let scan = machine.run("scan docker-archive:app.tar").ended(0);
    assert!(scan.err.is_empty() && scan.out.contains("CVE-2025-1004"), "{}", scan.said());
}

#[test]
fn a_feed_that_is_cut_off_is_named_and_the_database_stays() {
    let machine = sample::machine();
    let whole = fs::read(machine.path("mirror/osv/npm/all.zip")).unwrap();
    machine.write("mirror/osv/npm/all.zip", &whole[..whole.len() / 2]);
    let update = machine.update("mirror").ended(3);
    assert!(update.err.contains("osv/npm"), "{}", update.err);
    still_works(&machine);
}

#[test]
fn another_mirror_lends_the_feed_that_is_cut_off() {
    let machine = sample::machine();
    let whole = fs::read(machine.path("mirror/osv/npm/all.zip")).unwrap();
    machine.write("broken/osv/npm/all.zip", &whole[..whole.len() / 2]);
    let update = machine.update("broken,mirror").ended(0);
    assert!(update.err.contains("note: osv/npm: "), "{}", update.err);
    still_works(&machine);
}

#[test]
fn a_broken_record_is_named_and_the_others_count() {
    let machine = sample::machine();
    let mut broken = record("GHSA-brok-enra-nge1", "npm", "lodash", Some("9"), HIGH);
    broken["affected"][0]["ranges"][0]["events"] = "none".into();
    let good = record("GHSA-good-good-good", "npm", "lodash", Some("9"), HIGH);
    let mut records = vec![broken, good];
    records.extend((0..4).map(|n| record(&format!("GHSA-{n}"), "npm", "x", None, HIGH)));
    osv(&machine, "npm", &records);
    let update = machine.update("mirror").ended(0);
    assert!(update.err.contains("left out: osv/npm: `GHSA-brok-enra-nge1`"), "{}", update.err);
    let scan = machine.run("scan docker-archive:app.tar").ended(0);
    assert!(scan.out.contains("GHSA-good-good-good"), "{}", scan.out);
    assert!(scan.out.contains("1 broken records are left out"), "{}", scan.out);
}

#[test]
fn of_two_updates_at_once_one_works_and_the_other_says_so() {
    let machine = sample::machine();
    let many: Vec<_> = (0..3000)
        .map(|n| record(&format!("GHSA-{n}"), "npm", &format!("p{n}"), Some("1.0.0"), HIGH))
        .collect();
    machine.write("large/osv/npm/all.zip", archive(&many));
    let start = || {
        let mut command = machine.command();
        command.args(UPDATE.split(' ')).arg("large,mirror");
        command.stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    let ended = [start(), start()].map(|child| child.wait_with_output().unwrap());
    let codes = ended.each_ref().map(|output| output.status.code().unwrap());
    let said = ended.map(|output| String::from_utf8(output.stderr).unwrap()).concat();
    assert!(codes.contains(&0), "{said}");
    assert!(codes == [0, 0] || said.contains("database is being updated by "), "{said}");
    machine.run("db status").ended(0);
}

#[test]
fn a_full_disk_leaves_the_database() {
    let machine = sample::machine();
    let Some(disk) = Disk::mounted(&machine.path("small")) else { return };
    machine.update("mirror --db small").ended(0);
    let many: Vec<_> = (0..20_000)
        .map(|n| record(&format!("GHSA-{n}"), "npm", &format!("package-{n}"), Some("1.0.0"), HIGH))
        .collect();
    osv(&machine, "npm", &many);
    let update = machine.update("mirror --db small").ended(3);
    assert!(update.err.contains("No space left on device"), "{}", update.err);
    let scan = machine.run("scan docker-archive:app.tar --db small").ended(0);
    assert!(scan.out.contains("CVE-2025-1004"), "{}", scan.said());
    let left: Vec<_> = fs::read_dir(machine.path("small")).unwrap().collect();
    assert!(left.len() <= 2, "{left:?}");
    drop(disk);
}

/// A file system of 1 MiB.
struct Disk(std::path::PathBuf);

impl Disk {
    /// Mounted at a new folder, or `None` and a word about it: only root may mount.
    fn mounted(at: &Path) -> Option<Self> {
        fs::create_dir(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(at);
        if mount.output().is_ok_and(|output| output.status.success()) {
            return Some(Self(at.into()));
        }
        println!("skipped: a small disk cannot be mounted here");
        None
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The folder goes with the test; a mount that stays would only hold memory.
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
