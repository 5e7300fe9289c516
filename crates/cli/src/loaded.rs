//! Records of what is used of images, joined to the packages of one.

use std::path::{Path, PathBuf};

use anyhow::Context;
use plimsoll_image::ownership::Ownership;
use plimsoll_model::{Artifact, How, Inventory, Loaded, Scan};
use plimsoll_runtime::loaded::{Gap, Image, ImageUse, Record, Use};

use crate::exit::{Usage, tell};

/// Who maps what no call asks for.
const KERNEL: &str = "the kernel";

/// What an image is called by.
pub(crate) fn image(artifact: &Artifact) -> Image {
    let digits = |digest: &Option<plimsoll_model::Digest>| {
        digest.as_ref().map(|digest| digest.hex().to_owned()).unwrap_or_default()
    };
    Image {
        id: digits(&artifact.config_digest),
        digest: digits(&artifact.manifest_digest),
        name: artifact.names.first().unwrap_or(&artifact.reference).clone(),
    }
}

/// Reads records and puts them together.
pub(crate) fn read(paths: &[PathBuf]) -> anyhow::Result<Option<Record>> {
    let mut whole: Option<Record> = None;
    for path in paths {
        let record = read_one(path)?;
        match &mut whole {
            Some(whole) => whole.merge(record),
            None => whole = Some(record),
        }
    }
    Ok(whole)
}

fn read_one(path: &Path) -> anyhow::Result<Record> {
    use std::io::Read;
    let shown = path.display();
    let file = std::fs::File::open(path).with_context(|| format!("cannot read `{shown}`"))?;
    let mut bytes = Vec::new();
    let most = u64::try_from(plimsoll_runtime::loaded::MAX_RECORD).unwrap_or(u64::MAX);
    file.take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read `{shown}`"))?;
    Record::parse(&bytes).map_err(|why| Usage(format!("--loaded: `{shown}`: {why}")).into())
}

/// How each package of an inventory was used.
pub(crate) fn uses(inventory: &Inventory, used: &ImageUse) -> Vec<Option<Use>> {
    joined(&Ownership::new(inventory), inventory, used)
}

fn joined(ownership: &Ownership<'_>, inventory: &Inventory, used: &ImageUse) -> Vec<Option<Use>> {
    let mut packages: Vec<Option<Use>> = vec![None; inventory.packages.len()];
    let mut add = |at: usize, path: &str, one: &Use| {
        let one = Use { path: path.to_owned(), ..one.clone() };
        match packages.get_mut(at) {
            Some(Some(known)) => known.add(&one),
            Some(empty) => *empty = Some(one),
            None => {}
        }
    };
    for (path, one) in &used.files {
        ownership.of(path).into_iter().for_each(|at| add(at, path, one));
    }
    let executed = used.files.values().filter(|one| one.how == How::Executed);
    if let Some(first) = executed.min_by_key(|one| one.first) {
        let mapped = Use { how: How::Mapped, by: KERNEL.to_owned(), ..first.clone() };
        for (at, path) in ownership.loaders() {
            add(at, &format!("/{path}"), &mapped);
        }
    }
    packages
}

/// Says of each finding of a scan whether its package was loaded, and puts loaded code first among
/// those of one severity.
pub(crate) fn apply(record: &Record, scan: &mut Scan) {
    let image = image(&scan.inventory.artifact);
    let Some(used) = record.of(&image) else {
        let known: Vec<&str> = record.images.iter().map(|it| it.image.name.as_str()).collect();
        let known = known.join(", ");
        tell(&format!(
            "warning: nothing of this image was recorded, only of: {}",
            if known.is_empty() { "none".to_owned() } else { known.escape_debug().to_string() }
        ));
        for finding in &mut scan.findings {
            let why = "nothing of this image was recorded".to_owned();
            finding.loaded = Some(Loaded::NotObserved { why });
        }
        return;
    };
    let ownership = Ownership::new(&scan.inventory);
    let packages = joined(&ownership, &scan.inventory, &used);
    let states: Vec<Loaded> = scan
        .findings
        .iter()
        .map(|finding| {
            let at = usize::try_from(finding.package.index).unwrap_or(usize::MAX);
            let own = packages.get(at).and_then(Option::as_ref);
            let recorded = used.packages.get(&finding.package.purl);
            state(&ownership, &packages, at, own.or(recorded), &used)
        })
        .collect();
    for (finding, state) in scan.findings.iter_mut().zip(states) {
        finding.loaded = Some(state);
    }
    // Stable: what had one place before keeps its order.
    scan.findings.sort_by_key(|finding| {
        (std::cmp::Reverse(finding.severity), Loaded::rank(finding.loaded.as_ref()))
    });
    for gap in &used.gaps {
        tell(&format!("note: --loaded: {}", gap.describe()));
    }
}

fn state(
    ownership: &Ownership<'_>,
    packages: &[Option<Use>],
    at: usize,
    used: Option<&Use>,
    image: &ImageUse,
) -> Loaded {
    // Where only a package of the operating system tells the files of a language's, its use counts.
    let is_known = ownership.is_known(at);
    let owners = if is_known { &[][..] } else { ownership.owners(at) };
    let of_owner = || owners.iter().find_map(|at| packages.get(*at)?.as_ref());
    if let Some(used) = used.or_else(of_owner) {
        return Loaded::Loaded {
            how: used.how,
            path: used.path.clone(),
            by: used.by.clone(),
            first: used.first,
            last: used.last,
        };
    }
    let why = |why: &str| Loaded::NotObserved { why: why.to_owned() };
    if !is_known && !ownership.is_known_by_owners(at) {
        return why("which files the package has is not known");
    }
    if is_known && !ownership.has_code(at) {
        return why("the package has no file of a kind that is recorded");
    }
    let has_modules =
        ownership.has_modules(at) || owners.iter().any(|at| ownership.has_modules(*at));
    let hides = |gap: &&Gap| has_modules || !gap.is_of_interpreted();
    if let Some(gap) = image.gaps.iter().find(hides) {
        return why(gap.describe());
    }
    if image.windows.is_empty() {
        return why("no container of the image was watched");
    }
    Loaded::Never { windows: image.windows.clone() }
}
