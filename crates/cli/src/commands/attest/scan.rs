//! `plimsoll attest --scan`: a scan as the claim.

use std::path::PathBuf;

use plimsoll_advisory::database::Database;
use plimsoll_image::attached::Stored;
use plimsoll_model::Reference;
use plimsoll_supply::scan_claim::{self, cosign_vuln};
use plimsoll_supply::sign::predicate::Predicate;
use serde_json::Value;

use crate::commands::scan::open_database;
use crate::exit::{Usage, tell};
use crate::target::Reading;
use crate::{clock, scan_claim as claimed};

/// What is scanned with.
#[derive(Debug, clap::Args)]
pub(super) struct Scanning {
    /// Scan the image and claim what was found, with the digests of the advisories, of this
    /// program and of the inventory
    #[arg(long, conflicts_with = "predicate")]
    pub(super) scan: bool,

    /// With --scan: folder of the advisory database
    #[arg(long, value_name = "DIR", requires = "scan")]
    db: Option<PathBuf>,

    /// With --scan: judge what lock files in an image ask for as well, installed or not
    #[arg(long, requires = "scan")]
    declared: bool,
}

/// A scanner that is ready, and the form of its claims.
pub(super) struct Scanner<'a> {
    database: Database,
    is_vuln: bool,
    declared: bool,
    reading: &'a Reading,
}

impl Scanning {
    pub(super) fn ready<'a>(
        &self,
        kind: Option<&str>,
        reading: &'a Reading,
    ) -> anyhow::Result<Scanner<'a>> {
        let uri = kind.map(|name| Predicate::named(name).map_or(name, |it| it.uri));
        let is_vuln = match uri {
            None | Some(scan_claim::PREDICATE_TYPE) => false,
            Some(Predicate::VULN) => true,
            Some(other) => {
                let why = format!("a scan is attested as `scan` or `vuln`, and not as `{other}`");
                return Err(Usage(why).into());
            }
        };
        let database = open_database(self.db.clone())?;
        Ok(Scanner { database, is_vuln, declared: self.declared, reading })
    }
}

impl Scanner<'_> {
    /// The type and the claim about one image.
    pub(super) fn claim(
        &self,
        reference: &Reference,
        image: &Stored,
    ) -> anyhow::Result<(&'static str, Value)> {
        let digest = &image.descriptor.digest;
        let (reading, database) = (self.reading, &self.database);
        let claim =
            claimed::claim(reference, digest, reading, database, self.declared, clock::now())?;
        let count = claim.scan.findings.len();
        tell(&format!(
            "scanned {digest}: {count} finding{} in {} packages, scan {}",
            if count == 1 { "" } else { "s" },
            claim.scan.inventory.packages,
            claim.scan_digest.get("sha256").map(String::as_str).unwrap_or_default(),
        ));
        Ok(if self.is_vuln {
            (Predicate::VULN, cosign_vuln(&claim))
        } else {
            (scan_claim::PREDICATE_TYPE, claim.to_value())
        })
    }
}
