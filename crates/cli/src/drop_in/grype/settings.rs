//! `.grype.yaml`: what of it stands for flags.
//!
//! Source: <https://github.com/anchore/grype#configuration>.

use clap::ArgMatches;

use crate::drop_in::Settings;
use crate::drop_in::anchore::{FIRST_SOURCE, Program};

pub(super) const GRYPE: Program = Program {
    name: "grype",
    variables: "GRYPE_",
    flags: &[
        ("output", "output"),
        ("file", "file"),
        ("fail-on-severity", "fail-on"),
        ("only-fixed", "only-fixed"),
        ("only-notfixed", "only-notfixed"),
        // It is written as `ignore-states` and read as this.
        ("ignore-wontfix", "ignore-states"),
        ("platform", "platform"),
        ("from", "from"),
        ("default-image-pull-source", FIRST_SOURCE),
        ("exclude", "exclude"),
        ("search.scope", "scope"),
        ("name", "name"),
        ("distro", "distro"),
        ("output-template-file", "template"),
        ("vex-documents", "vex"),
        ("by-cve", "by-cve"),
        ("show-suppressed", "show-suppressed"),
        ("sort-by", "sort-by"),
        ("add-cpes-if-none", "add-cpes-if-none"),
    ],
    idle: &[
        "ignore",
        "check-for-app-update",
        "log",
        "dev",
        "pretty",
        "quiet",
        "timestamp",
        "db.auto-update",
        "db.update-available-timeout",
        "db.update-download-timeout",
        "db.max-update-check-frequency",
        "db.validate-by-hash-on-start",
    ],
};

/// The settings that stand for flags.
pub(super) fn read(matches: &ArgMatches) -> anyhow::Result<Settings> {
    if matches.subcommand_name().is_some() {
        return Ok(Settings::new());
    }
    GRYPE.settings(matches)
}
