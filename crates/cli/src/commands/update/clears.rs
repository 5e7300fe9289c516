//! What an update does to known weaknesses: both sides are scanned, each once.

use std::cell::{OnceCell, RefCell};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;

use plimsoll_advisory::database::Database;
use plimsoll_advisory::matching::{Declared, match_inventory};
use plimsoll_model::update::Clears;
use plimsoll_model::{Distro, Finding, Inventory, Package, Severity};

use crate::commands::scan;
use crate::exit::{chain, tell};
use crate::target::Reading;

/// Scans of images and of single packages.
pub(super) struct Clearing {
    reading: Reading,
    db: Option<PathBuf>,
    reads_images: bool,
    database: OnceCell<Option<Database>>,
    images: RefCell<BTreeMap<String, Option<Known>>>,
}

/// What is known of one side: ids by package, with their severities.
#[derive(Debug, Clone, Default)]
struct Known(BTreeMap<(String, String), Severity>);

impl Clearing {
    pub(super) fn new(
        reading: Reading,
        db: Option<PathBuf>,
        reads_images: bool,
    ) -> anyhow::Result<Self> {
        reading.options()?;
        let (database, images) = (OnceCell::new(), RefCell::default());
        Ok(Self { reading, db, reads_images, database, images })
    }

    /// The advisories, unless only the starter set is there: by the famous few of it every update would
    /// look needless.
    fn database(&self) -> Option<&Database> {
        let open = || match scan::open_database(self.db.clone()) {
            Ok(database) if !database.data().starter => Some(database),
            Ok(_) => None,
            Err(error) => {
                tell(&format!("note: what is cleared is not known: {}", chain(&error)));
                None
            }
        };
        self.database.get_or_init(open).as_ref()
    }

    /// What it does to go from one image to another; `None` where either cannot be read.
    pub(super) fn images(&self, before: &str, after: &str) -> Option<Clears> {
        if !self.reads_images {
            return None;
        }
        self.database()?;
        Some(compared(&self.image(before)?, &self.image(after)?))
    }

    fn image(&self, reference: &str) -> Option<Known> {
        if let Some(known) = self.images.borrow().get(reference) {
            return known.clone();
        }
        let known = self.scanned(reference);
        self.images.borrow_mut().insert(reference.to_owned(), known.clone());
        known
    }

    fn scanned(&self, reference: &str) -> Option<Known> {
        let inventory = match self.reading.read(&format!("registry:{reference}")) {
            Ok(inventory) => inventory,
            Err(error) => {
                let why = chain(&error);
                let why = why.lines().next().unwrap_or_default();
                tell(&format!("note: what is cleared is not known: `{reference}`: {why}"));
                return None;
            }
        };
        self.matched(&inventory)
    }

    fn matched(&self, inventory: &Inventory) -> Option<Known> {
        let found = match_inventory(inventory, self.database()?, Declared::Counts).ok()?.findings;
        let standing = found.into_iter().filter(|finding| finding.suppressed.is_none());
        Some(Known(standing.map(|it| ((it.package.name, it.id), it.severity)).collect()))
    }

    /// The findings on one package, installed in a distribution where it is one of a distribution.
    pub(super) fn findings(
        &self,
        package: &Package,
        distro: Option<&Distro>,
    ) -> Option<Vec<Finding>> {
        let inventory = Inventory {
            distro: distro.cloned(),
            packages: vec![package.clone()],
            ..Inventory::default()
        };
        let found = match_inventory(&inventory, self.database()?, Declared::Counts).ok()?.findings;
        Some(found.into_iter().filter(|finding| finding.suppressed.is_none()).collect())
    }

    /// What it does to go from one version of a package to another.
    pub(super) fn package(
        &self,
        package: &Package,
        distro: Option<&Distro>,
        version: &str,
    ) -> Option<Clears> {
        let known = |package: &Package| -> Option<Known> {
            let found = self.findings(package, distro)?.into_iter();
            Some(Known(found.map(|it| ((it.package.name, it.id), it.severity)).collect()))
        };
        let newer = Package { version: version.to_owned(), ..package.clone() };
        Some(compared(&known(package)?, &known(&newer)?))
    }
}

fn compared(before: &Known, after: &Known) -> Clears {
    let only = |one: &Known, other: &Known| -> Vec<(Severity, String)> {
        let own = one.0.iter().filter(|(key, _)| !other.0.contains_key(*key));
        let ids: BTreeSet<(Reverse<Severity>, String)> =
            own.map(|((_, id), severity)| (Reverse(*severity), id.clone())).collect();
        ids.into_iter().map(|(severity, id)| (severity.0, id)).collect()
    };
    Clears {
        before: before.0.len(),
        after: after.0.len(),
        gone: only(before, after),
        new: only(after, before),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_and_what_is_new_stands_worst_first() {
        let known = |all: &[(&str, &str, Severity)]| {
            let all = all.iter();
            Known(
                all.map(|(name, id, level)| ((name.to_string(), id.to_string()), *level)).collect(),
            )
        };
        let before = known(&[
            ("a", "CVE-1", Severity::Low),
            ("b", "CVE-2", Severity::Critical),
            ("c", "CVE-3", Severity::High),
        ]);
        let after = known(&[("c", "CVE-3", Severity::High), ("d", "CVE-4", Severity::Medium)]);
        let cleared = compared(&before, &after);
        assert_eq!((cleared.before, cleared.after), (3, 2));
        let gone: Vec<&str> = cleared.gone.iter().map(|(_, id)| id.as_str()).collect();
        assert_eq!(gone, ["CVE-2", "CVE-1"]);
        assert_eq!(cleared.new, [(Severity::Medium, "CVE-4".to_owned())]);
    }
}
