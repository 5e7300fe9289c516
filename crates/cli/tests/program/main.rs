//! The program as a person meets it: what it prints, which files it leaves, how it ends.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod alpine_roots;
mod bad_input;
mod base;
mod claims;
mod db_accidents;
mod drift;
mod explain;
mod feeds;
mod kube_admit_images;
mod kube_charts;
mod kube_cis_node;
mod kube_compliance;
mod kube_import;
mod kube_lint;
mod kube_netpol;
mod kube_netpol_long;
mod kube_netpol_plans;
mod kube_pss;
mod kube_rbac;
mod kube_scan;
mod kube_secrets;
mod lint;
mod lint_bases;
mod lint_context;
mod lint_formats;
mod lint_settings;
mod loaded;
mod lsp;
mod machine;
mod origin;
mod pre_commit;
mod profile;
mod reference;
mod respond;
mod rules;
mod runtimes;
mod sample;
mod scan;
mod sensor;
mod telemetry;
mod trust;
mod tui;
mod verify;
mod watch;
