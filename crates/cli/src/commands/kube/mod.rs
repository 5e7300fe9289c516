//! `plimsoll kube`: what may run in a cluster.

mod admit;
mod cis_node;
mod compliance;
mod effective;
mod files;
mod gated;
mod images;
mod import;
mod lint;
mod live;
mod netpol;
mod operator;
mod pages;
mod pss;
mod rbac;
mod rendered;
mod scan;
mod stream;

use crate::exit::Outcome;

pub(super) use gated::{Manifests, Said};

/// Judge what is to run in a Kubernetes cluster
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Kube {
    Admit(Box<admit::Admit>),
    CisNode(Box<cis_node::CisNode>),
    Import(Box<import::Import>),
    Lint(Box<lint::Lint>),
    #[command(subcommand)]
    Netpol(netpol::Netpol),
    Operator(Box<operator::Operator>),
    #[command(subcommand)]
    Pss(pss::Pss),
    #[command(subcommand)]
    Rbac(rbac::Rbac),
    Scan(Box<scan::ScanCommand>),
}

impl Kube {
    pub(crate) fn run(self) -> anyhow::Result<Outcome> {
        match self {
            Self::Admit(command) => command.run(),
            Self::CisNode(command) => command.run(),
            Self::Import(command) => command.run(),
            Self::Lint(command) => command.run(),
            Self::Netpol(command) => command.run(),
            Self::Operator(command) => command.run(),
            Self::Pss(command) => command.run(),
            Self::Rbac(command) => command.run(),
            Self::Scan(command) => command.run(),
        }
    }
}
