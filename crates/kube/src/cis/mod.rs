//! The machines of a cluster by the CIS Kubernetes Benchmark: the files and arguments of the control
//! plane, of etcd and of the kubelet.
//!
//! The numbers are those of version 1.12 of the benchmark, in the order in which kube-bench has them
//! (<https://github.com/aquasecurity/kube-bench/tree/main/cfg/cis-1.12>); the words are our own. A check
//! that the benchmark calls manual passes where what it asks for can be seen, and is otherwise left to a
//! person. Of what is not on the machine nothing is said.
//!
//! To add a check: a line of its chapter's table. To add a chapter: its file, and a line of [`Chapter::ALL`].

mod api_server;
mod control_plane_files;
mod control_plane_settings;
mod controller_manager;
mod etcd;
mod facts;
mod judge;
mod kube_proxy;
mod kubelet;
mod kubelet_files;
mod program;
mod scheduler;

pub use facts::{Facts, File, Machine, Process};
pub use judge::{Check, State};
pub use program::{Program, Role};

/// The version of the benchmark.
pub const BENCHMARK: &str = "cis-1.12";

/// A chapter of the benchmark.
#[derive(Debug)]
pub struct Chapter {
    /// `1.1`.
    pub id: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// Its checks in order.
    pub checks: &'static [Check],
}

impl Chapter {
    /// The registry.
    pub const ALL: &'static [&'static Self] = &[
        &control_plane_files::CHAPTER,
        &api_server::CHAPTER,
        &controller_manager::CHAPTER,
        &scheduler::CHAPTER,
        &etcd::CHAPTER,
        &control_plane_settings::CHAPTER,
        &kubelet_files::CHAPTER,
        &kubelet::CHAPTER,
        &kube_proxy::CHAPTER,
    ];
}

/// How a machine came out.
#[derive(Debug)]
pub struct Assessed {
    /// Every check in order.
    pub checks: Vec<(&'static Check, State)>,
    /// Which parts of Kubernetes are on it, and where that was seen.
    pub parts: Vec<(Role, String)>,
}

impl Assessed {
    /// How many checks came out so: `pass`, `fail`, `manual`, `absent`, `unread`.
    pub fn count(&self, word: &str) -> usize {
        self.checks.iter().filter(|(_, state)| state.word() == word).count()
    }
}

/// Judges a machine.
pub fn assess(machine: &dyn Machine) -> Assessed {
    let facts = Facts::of(machine);
    let all = Chapter::ALL.iter().flat_map(|chapter| chapter.checks);
    let checks = all.map(|check| (check, check.judge(&facts))).collect();
    Assessed { checks, parts: facts.parts() }
}

/// Judges one program by its arguments: a static pod, of which no file is seen.
pub fn assess_program(program: &Program) -> Vec<(&'static Check, State)> {
    let all = Chapter::ALL.iter().flat_map(|chapter| chapter.checks);
    let own = all.filter(|check| check.role() == Some(program.role));
    own.map(|check| (check, check.judge_program(program))).collect()
}

#[cfg(test)]
mod tests;
