//! What a cataloguer is: which files it wants, and what it makes of one.
//!
//! A cataloguer is one file in `cataloguers/` and one line in [`crate::cataloguers::ALL`]. It
//! says as data which paths it wants, so that no code runs for the others, and it is handed one
//! file at a time: opening, limits, layers and error context are done once, for all, elsewhere.

use std::io;

use plimsoll_model::{Distro, Location, Package, Problem, ProblemKind};

use crate::content::{ReadAt, read_exact_at};

/// The most bytes that are read of a file which a cataloguer wants as a whole: 64 MiB.
pub const MAX_WHOLE_FILE: u64 = 64 << 20;

/// A reader of one kind of evidence.
pub trait Cataloguer: Send + Sync {
    /// Short name, as in `--select`: `dpkg`, `npm-lock`.
    fn name(&self) -> &'static str;

    /// Raised whenever the same file would give another result: part of the layer cache's key.
    fn version(&self) -> u32 {
        1
    }

    /// Which files it is handed.
    fn wants(&self) -> &'static [Want];

    /// Whether the file at `path` asks for packages (a lock file, a manifest) and does not show
    /// them installed.
    fn declares(&self, _path: &str) -> bool {
        false
    }

    /// Reads one file.
    ///
    /// Oddities that cost a line or an entry go to [`Found::skip`]; damage after which packages
    /// may be missing, to [`Found::partial`]. An error is for a file of which nothing can be
    /// said; it marks the result as partial too.
    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError>;
}

/// A wish for files, matched against the path from the root without a leading slash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// This path: `lib/apk/db/installed`.
    Path(&'static str),
    /// This file name in any folder: `package-lock.json`.
    Name(&'static str),
    /// Any path with this end, without regard to case: `.jar`, `.dist-info/METADATA`.
    Suffix(&'static str),
    /// A file directly in this folder, with this end: (`var/lib/dpkg/info`, `.list`).
    In(&'static str, &'static str),
    /// A file directly in any folder with this name, with this end: (`specifications`,
    /// `.gemspec`), (`requirements`, `.txt`).
    InNamed(&'static str, &'static str),
    /// Any ELF, PE or Mach-O file that is executable by mode or lies where programs lie.
    Executable,
}

/// One file, handed to a cataloguer.
pub struct File<'a> {
    path: &'a str,
    content: &'a dyn ReadAt,
    executable: bool,
}

impl<'a> File<'a> {
    /// A file at `path` (from the root, without a leading slash).
    pub fn new(path: &'a str, content: &'a dyn ReadAt, executable: bool) -> Self {
        Self { path, content, executable }
    }

    /// Path from the root, without a leading slash.
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The last part of the path.
    pub fn name(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// The path without its last part and without the slash before it; empty at the root.
    pub fn folder(&self) -> &'a str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Size in bytes.
    pub fn size(&self) -> u64 {
        self.content.size()
    }

    /// Whether the mode has an executable bit.
    pub fn is_executable(&self) -> bool {
        self.executable
    }

    /// Random access.
    pub fn content(&self) -> &'a dyn ReadAt {
        self.content
    }

    /// The whole file, refused above [`MAX_WHOLE_FILE`].
    pub fn bytes(&self) -> Result<Vec<u8>, CatalogueError> {
        let size = self.size();
        if size > MAX_WHOLE_FILE {
            return Err(CatalogueError::TooLarge { size, limit: MAX_WHOLE_FILE });
        }
        let len = usize::try_from(size).unwrap_or(usize::MAX);
        Ok(read_exact_at(self.content, 0, len)?)
    }

    /// The whole file as text; bytes that are no UTF-8 become U+FFFD, a byte-order mark goes.
    pub fn text(&self) -> Result<String, CatalogueError> {
        let bytes = self.bytes()?;
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").map(<[u8]>::to_vec).unwrap_or(bytes);
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }
}

/// What a cataloguer made of one file.
#[derive(Debug, Default)]
pub struct Found {
    /// Packages; those without a location get the file's own.
    pub packages: Vec<Package>,
    /// Files that an operating system's package owns: (package name, path without leading slash).
    pub owned: Vec<(String, String)>,
    /// What the file says of the distribution.
    pub distro: Option<Distro>,
    /// Extended support (Ubuntu Pro, ELTS) is enabled.
    pub extended_support: bool,
    /// The text of a file that a survey keeps.
    pub text: Option<String>,
    /// What was passed over or damaged; path and layer are filled in by the caller.
    pub problems: Vec<Problem>,
}

impl Found {
    /// Records a package.
    pub fn add(&mut self, package: Package) {
        self.packages.push(package);
    }

    /// Records a package that stands on a line (from 1) of the file.
    pub fn add_at(&mut self, file: &File<'_>, line: usize, mut package: Package) {
        let line = u32::try_from(line).ok();
        package.locations.push(Location { path: file.path().into(), layer: None, line });
        self.packages.push(package);
    }

    /// Records that `path` belongs to the operating system's package `name`.
    pub fn owns(&mut self, name: &str, path: &str) {
        self.owned.push((name.into(), path.trim_start_matches('/').into()));
    }

    /// An entry was odd and passed over; the rest of the file counts. `line` is from 1, or 0.
    pub fn skip(&mut self, line: usize, message: impl Into<String>) {
        self.problem(ProblemKind::Skipped, line, message.into());
    }

    /// Packages may be missing.
    pub fn partial(&mut self, message: impl Into<String>) {
        self.problem(ProblemKind::Partial, 0, message.into());
    }

    fn problem(&mut self, kind: ProblemKind, line: usize, message: String) {
        let line = u32::try_from(line).ok().filter(|&line| line > 0);
        self.problems.push(Problem { kind, path: String::new(), layer: None, line, message });
    }
}

/// Why nothing can be said of a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// It is larger than what is read as a whole.
    #[error("{size} bytes are more than the {limit} that are read of such a file")]
    TooLarge {
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// It is not in the format that its name promises.
    #[error("not a valid {format}: {message}")]
    Malformed {
        /// Name of the format: `package-lock.json`.
        format: &'static str,
        /// What is wrong, with line and column where known.
        message: String,
    },
    /// It could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl CatalogueError {
    /// A file that is not what its name promises.
    pub fn malformed(format: &'static str, error: impl std::fmt::Display) -> Self {
        Self::Malformed { format, message: error.to_string() }
    }
}

/// Runs one cataloguer over text or bytes and prints what it found, a line each: for tests.
///
/// ```
/// use plimsoll_image::cataloguer::{Cataloguer, CatalogueError, File, Found, Want, listing};
/// use plimsoll_model::{Package, PackageKind};
///
/// struct Lines;
/// impl Cataloguer for Lines {
///     fn name(&self) -> &'static str { "lines" }
///     fn wants(&self) -> &'static [Want] { &[Want::Name("names.txt")] }
///     fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
///         for (at, line) in file.text()?.lines().enumerate() {
///             found.add_at(file, at + 1, Package::new(PackageKind::Generic, line, "1"));
///         }
///         Ok(())
///     }
/// }
/// assert_eq!(listing(&Lines, "names.txt", b"a\nb\n"), "generic a 1 (line 1)\ngeneric b 1 (line 2)\n");
/// ```
pub fn listing(cataloguer: &dyn Cataloguer, path: &str, bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut found = Found::default();
    let content = bytes.to_vec();
    let outcome = cataloguer.catalogue(&File::new(path, &content, true), &mut found);
    let mut out = String::new();
    for package in &found.packages {
        let _ = write!(out, "{} {} {}", package.kind.purl_type(), package.name, package.version);
        if let Some(source) = &package.source {
            let _ = write!(out, " from {} {}", source.name, source.version);
        }
        if package.scope != plimsoll_model::Scope::Runtime {
            let _ = write!(out, " ({:?})", package.scope);
        }
        if let Some(line) = package.locations.first().and_then(|l| l.line) {
            let _ = write!(out, " (line {line})");
        }
        out.push('\n');
    }
    for problem in &found.problems {
        let line = problem.line.map(|l| format!(" line {l}")).unwrap_or_default();
        let _ = writeln!(out, "{:?}{line}: {}", problem.kind, problem.message);
    }
    if let Err(error) = outcome {
        let _ = writeln!(out, "error: {error}");
    }
    out
}
