//! Container security in one binary.
//!
//! Arguments enter; a result on stdout, talk on stderr and an exit code leave. All that is known
//! of images stands in other crates: here are only commands.
#![forbid(unsafe_code)]

mod base_image;
mod bill;
mod clock;
mod cluster;
mod commands;
#[cfg(test)]
mod documented;
mod drop_in;
mod duration;
mod evidence;
mod exit;
mod files;
mod git;
mod loaded;
mod monitor;
mod output;
mod package_registry;
mod paths;
mod program;
mod scan_claim;
mod service;
mod settings;
mod signing;
mod snyk_policy;
mod style;
mod target;
mod trust;
mod watch;

use clap::Parser;

/// That of musl has one lock for all threads.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Container security in one binary.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,
}

fn main() -> std::process::ExitCode {
    let mut words = std::env::args_os();
    if let Some(tool) = words.next().and_then(|program| drop_in::called(&program)) {
        return drop_in::run(tool, words.collect()).into();
    }
    match Cli::try_parse() {
        Ok(cli) => exit::code(cli.command.run()),
        Err(error) => exit::refused(&error).into(),
    }
}
