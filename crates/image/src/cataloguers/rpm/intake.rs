//! What the three kinds of rpm databases give: headers, made packages at once, and damage.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use plimsoll_model::{Hash, Package, PackageKind};

use crate::cataloguer::Found;
use crate::cataloguers::rpm::evr::{source_package, version};
use crate::cataloguers::rpm::header::{Header, Tag};
use crate::content::{ReadAt, read_exact_at};

/// Names and versions are short; longer ones are damage or malice.
const MAX_NAME: usize = 512;
/// The longest path that Linux knows.
const MAX_PATH: usize = 4096;
/// Provided names, needed names and owned files of all packages: a full desktop has a million.
const MAX_ENTRIES: usize = 2_000_000;
/// Bytes of owned paths and their owners' names in all: 256 MiB.
const MAX_PATH_BYTES: usize = 256 << 20;
/// Bytes of the names in resolved dependencies: 64 MiB.
const MAX_EDGE_BYTES: usize = 64 << 20;
/// Messages about damage; the rest is counted.
const MAX_MESSAGES: usize = 20;
/// Damaged places after which it is not worth to go on.
const HOPELESS: usize = 10_000;

/// Collects headers and damage while a database is read.
#[derive(Debug, Default)]
pub(super) struct Intake {
    packages: Vec<Installed>,
    entries: usize,
    path_bytes: usize,
    cut: bool,
    more_damage: usize,
    /// Where the database is damaged, in words.
    pub(super) damage: Vec<String>,
}

#[derive(Debug)]
struct Installed {
    package: Package,
    provides: Vec<String>,
    needs: Vec<String>,
    files: Vec<String>,
}

impl Intake {
    /// Records damage after which packages may be missing.
    pub(super) fn damaged(&mut self, what: impl Into<String>) {
        if self.damage.len() < MAX_MESSAGES {
            self.damage.push(what.into());
        } else {
            self.more_damage += 1;
        }
    }

    /// Whether so much is damaged that the rest cannot be worth reading.
    pub(super) fn is_hopeless(&self) -> bool {
        self.more_damage > HOPELESS
    }

    /// Takes in one package's header.
    pub(super) fn header(&mut self, blob: &[u8]) {
        let package = Header::parse(blob).and_then(|header| Ok((package(&header)?, header)));
        match package {
            // Keys for signatures are kept as packages, but nothing is installed with them.
            Ok((package, _)) if package.name == "gpg-pubkey" => {}
            Ok((package, header)) => {
                let provides = self.names(&header, Tag::ProvideName);
                let needs = self.names(&header, Tag::RequireName);
                let files = self.files(&package.name, &header);
                self.packages.push(Installed { package, provides, needs, files });
            }
            Err(why) => self.damaged(why),
        }
    }

    fn room(&mut self, path_bytes: usize) -> bool {
        self.entries += 1;
        self.path_bytes += path_bytes;
        let room = self.entries <= MAX_ENTRIES && self.path_bytes <= MAX_PATH_BYTES;
        self.cut |= !room;
        room
    }

    fn names(&mut self, header: &Header<'_>, tag: Tag) -> Vec<String> {
        let names = header.texts(tag).filter(|name| !name.is_empty() && name.len() <= MAX_PATH);
        names
            .take_while(|_| self.room(0))
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect()
    }

    /// Paths without a leading slash; folders are left out, because packages share them.
    fn files(&mut self, owner: &str, header: &Header<'_>) -> Vec<String> {
        let mut modes = header.numbers(Tag::FileModes);
        let mut is_file = || modes.next().is_none_or(|mode| mode & 0o170_000 != 0o040_000);
        let mut files = Vec::new();
        let mut take = |intake: &mut Self, folder: &[u8], name: &[u8]| {
            let length = folder.len() + name.len();
            if is_file() && length <= MAX_PATH {
                if !intake.room(length + owner.len()) {
                    return false;
                }
                let path = [String::from_utf8_lossy(folder), String::from_utf8_lossy(name)];
                files.push(path.concat().trim_start_matches('/').to_owned());
            }
            true
        };
        let folders: Vec<&[u8]> = header.texts(Tag::DirNames).take(MAX_ENTRIES).collect();
        for (name, folder) in header.texts(Tag::BaseNames).zip(header.numbers(Tag::DirIndexes)) {
            let folder = usize::try_from(folder).ok().and_then(|at| folders.get(at));
            if !folder.is_none_or(|folder| take(self, folder, name)) {
                return files;
            }
        }
        for path in header.texts(Tag::OldFileNames) {
            if !take(self, &[], path) {
                return files;
            }
        }
        files
    }

    /// Resolves what packages need to the packages that provide it, and hands all on.
    pub(super) fn finish(mut self, found: &mut Found) {
        if self.cut {
            self.damaged("too many files and dependencies: not all are kept");
        }
        let needs = self.resolve();
        for (installed, needs) in self.packages.into_iter().zip(needs) {
            let mut package = installed.package;
            package.depends_on = needs;
            let name = package.name.clone();
            found.owned.extend(installed.files.into_iter().map(|path| (name.clone(), path)));
            found.add(package);
        }
        for message in self.damage {
            found.partial(format!("the rpm database is damaged: {message}"));
        }
        if self.more_damage > 0 {
            found.partial(format!("and {} more places are damaged", self.more_damage));
        }
    }

    fn resolve(&self) -> Vec<Vec<String>> {
        let wanted: HashSet<&str> =
            self.packages.iter().flat_map(|p| &p.needs).map(String::as_str).collect();
        let mut providers: HashMap<&str, &str> = HashMap::new();
        for installed in &self.packages {
            let name = installed.package.name.as_str();
            let provided = installed.provides.iter().map(String::as_str);
            for provided in provided.filter(|provided| wanted.contains(provided)) {
                providers.entry(provided).or_insert(name);
            }
        }
        let mut owners: HashMap<&str, &str> = HashMap::new();
        let wanted: HashSet<&str> =
            wanted.iter().filter_map(|wanted| wanted.strip_prefix('/')).collect();
        for installed in &self.packages {
            let owned = installed.files.iter().map(String::as_str);
            for path in owned.filter(|path| wanted.contains(path)) {
                owners.entry(path).or_insert(&installed.package.name);
            }
        }
        let provider = |need: &String| {
            let by_path = need.strip_prefix('/').and_then(|path| owners.get(path));
            providers.get(need.as_str()).or(by_path).copied()
        };
        let mut room = MAX_EDGE_BYTES;
        let needs = |installed: &Installed| {
            let all: HashSet<&str> = installed.needs.iter().filter_map(provider).collect();
            let others = all.into_iter().filter(|name| *name != installed.package.name);
            let mut names: Vec<String> = others
                .take_while(|name| {
                    let left = room.checked_sub(name.len());
                    room = left.unwrap_or(0);
                    left.is_some()
                })
                .map(str::to_owned)
                .collect();
            names.sort_unstable();
            names
        };
        self.packages.iter().map(needs).collect()
    }
}

fn package(header: &Header<'_>) -> Result<Package, &'static str> {
    let short = |tag, why| header.text(tag).filter(|text| text.len() <= MAX_NAME).ok_or(why);
    let name = short(Tag::Name, "a header without a name")?;
    let stated = short(Tag::Version, "a header without a version")?;
    let release = short(Tag::Release, "a header without a release")?;
    let epoch = header.numbers(Tag::Epoch).next().unwrap_or(0);
    let mut package = Package::new(PackageKind::Rpm, name, version(epoch, &stated, &release));
    package.arch = header.text(Tag::Arch);
    package.source = header.text(Tag::SourceRpm).and_then(|file| source_package(&file, epoch));
    package.module = header.text(Tag::ModularityLabel);
    package.licenses = header.text(Tag::License).into_iter().collect();
    package.supplier = header.text(Tag::Vendor).or_else(|| header.text(Tag::Packager));
    let md5 = header.bytes(Tag::SigMd5).filter(|bytes| bytes.len() == 16);
    package.hashes.extend(md5.map(|bytes| Hash { algorithm: "md5".into(), hex: hex(bytes) }));
    Ok(package)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Pages of equal size, each handed out once, so that no chain or tree of them is endless.
pub(super) struct Pages<'c> {
    content: &'c dyn ReadAt,
    size: usize,
    used: Vec<u64>,
    /// Bytes that values may still have: together they are no larger than the file.
    room: u64,
}

impl<'c> Pages<'c> {
    /// Pages of `size` bytes, numbered from 0.
    pub(super) fn new(content: &'c dyn ReadAt, size: usize) -> Self {
        Self { content, size, used: Vec::new(), room: content.size() }
    }

    /// How many whole pages the file holds.
    pub(super) fn count(&self) -> u64 {
        self.content.size() / self.size as u64
    }

    /// Accounts for a value of `length` bytes, which shares them with no other.
    pub(super) fn spend(&mut self, length: usize) -> Result<(), &'static str> {
        self.room = self.room.checked_sub(length as u64).ok_or("its bytes are used twice")?;
        Ok(())
    }

    /// Whether the page was handed out already.
    pub(super) fn is_used(&self, number: u32) -> bool {
        let (word, bit) = place(number);
        self.used.get(word).is_some_and(|word| word & bit != 0)
    }

    /// The page's bytes, the first time that it is asked for.
    pub(super) fn take(&mut self, number: u32) -> Result<Vec<u8>, &'static str> {
        if u64::from(number) >= self.count() {
            return Err("page lies behind the end of the file");
        }
        if self.is_used(number) {
            return Err("page is used twice");
        }
        let (word, bit) = place(number);
        if self.used.len() <= word {
            self.used.resize(word + 1, 0);
        }
        if let Some(word) = self.used.get_mut(word) {
            *word |= bit;
        }
        let offset = u64::from(number) * self.size as u64;
        read_exact_at(self.content, offset, self.size).map_err(|_| "page cannot be read")
    }
}

fn place(number: u32) -> (usize, u64) {
    (usize::try_from(number / 64).unwrap_or(usize::MAX), 1 << (number % 64))
}
