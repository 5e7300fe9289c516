//! A survey of an image for those who build upon it: accounts, programs, links and bytes.
//!
//! It rides on the reading for packages, and only where it is asked for: the paths of a layer may
//! be millions, and a scan needs none of them. Of a file only its path and mode count, but for
//! three small ones whose text is kept, and for programs whose content is summed where that is
//! asked for.

use std::collections::HashMap;
use std::io;
use std::sync::LazyLock;

use plimsoll_model::{Content, Survey};
use sha2::{Digest as _, Sha256};

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::content::ReadAt;
use crate::hiding::Hiding;
use crate::layer::LayerInventory;

/// Programs and links of one layer that are kept.
const MAX_PATHS: usize = 200_000;

/// The most bytes of a text that are kept.
const MAX_TEXT: u64 = 1 << 20;

/// Bytes that are summed at once: 64 KiB.
const PIECE: usize = 64 << 10;

const PASSWD: &str = "etc/passwd";
const GROUP: &str = "etc/group";
const OS_RELEASE: &str = "etc/os-release";
const VENDOR_RELEASE: &str = "usr/lib/os-release";

/// What a survey found in one layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayerSurvey {
    /// Programs and links, each link with its target.
    pub paths: Vec<(String, Option<String>)>,
    /// What is in programs, by path; the last of a path counts.
    pub contents: Vec<(String, Content)>,
    /// Further names of programs, and of which file each is one.
    pub hard_links: Vec<(String, String)>,
    /// Texts by path.
    pub texts: Vec<(String, String)>,
    /// Bytes of its files.
    pub bytes: u64,
    /// There are more programs than are kept.
    pub is_cut: bool,
}

impl LayerSurvey {
    /// Takes a file in.
    pub(crate) fn file(&mut self, path: &str, mode: u32, size: u64) {
        self.bytes = self.bytes.saturating_add(size);
        if runs(path, mode) {
            self.put(path, None);
        }
    }

    /// Takes another name of a file in.
    pub(crate) fn hard_link(&mut self, path: &str, mode: u32, target: &str) {
        self.file(path, mode, 0);
        if runs(path, mode) && self.hard_links.len() < MAX_PATHS {
            self.hard_links.push((path.to_owned(), target.to_owned()));
        }
    }

    /// Takes in what is in a file; whether all of it could be read.
    pub(crate) fn content(&mut self, path: &str, file: &dyn ReadAt) -> io::Result<()> {
        if self.contents.len() < MAX_PATHS {
            self.contents.push((path.to_owned(), content_of(file)?));
        }
        Ok(())
    }

    /// Takes a symbolic link in.
    pub(crate) fn link(&mut self, path: &str, target: &str) {
        if lies_with_programs(path) || !path.contains('/') {
            self.put(path, Some(target.to_owned()));
        }
    }

    fn put(&mut self, path: &str, target: Option<String>) {
        if self.paths.len() < MAX_PATHS {
            self.paths.push((path.to_owned(), target));
        } else {
            self.is_cut = true;
        }
    }

    /// Takes in what another thread found in the same folder.
    pub(crate) fn append(&mut self, other: Self) {
        self.paths.extend(other.paths);
        self.contents.extend(other.contents);
        self.hard_links.extend(other.hard_links);
        self.texts.extend(other.texts);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.is_cut |= other.is_cut;
    }
}

/// Whether a file is taken for a program.
pub(crate) fn runs(path: &str, mode: u32) -> bool {
    mode & 0o111 != 0 || lies_with_programs(path)
}

fn content_of(file: &dyn ReadAt) -> io::Result<Content> {
    let mut sum = Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut size = 0_u64;
    loop {
        let read = file.read_at(&mut piece, size)?;
        let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        sum.update(bytes);
        size = size.saturating_add(bytes.len() as u64);
    }
    Ok(Content { size, sha256: sum.finalize().into() })
}

/// `usr/bin/env`, `lib/ld-musl-x86_64.so.1`.
fn lies_with_programs(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    folder.ends_with("bin") || folder == "busybox" || name.starts_with("ld-")
}

/// Keeps the texts that a survey needs.
#[derive(Debug)]
struct Texts;

impl Cataloguer for Texts {
    fn name(&self) -> &'static str {
        "survey"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Path(PASSWD), Want::Path(GROUP), Want::Path(OS_RELEASE), Want::Path(VENDOR_RELEASE)]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        if file.size() > MAX_TEXT {
            return Err(CatalogueError::TooLarge { size: file.size(), limit: MAX_TEXT });
        }
        found.text = Some(file.text()?);
        Ok(())
    }
}

/// All cataloguers, and the one for texts.
pub(crate) fn cataloguers() -> &'static [&'static dyn Cataloguer] {
    static WITH_TEXTS: LazyLock<Vec<&'static dyn Cataloguer>> = LazyLock::new(|| {
        let texts: &'static dyn Cataloguer = &Texts;
        crate::cataloguers::ALL.iter().copied().chain([texts]).collect()
    });
    &WITH_TEXTS
}

/// Puts the surveys of layers, bottom first, on top of each other; `None` where there was none.
pub(crate) fn merge(layers: &mut [LayerInventory]) -> Option<Survey> {
    let surveys: Vec<Option<LayerSurvey>> =
        layers.iter_mut().map(|layer| layer.survey.take()).collect();
    if surveys.iter().all(Option::is_none) {
        return None;
    }
    let paths: Vec<String> = surveys
        .iter()
        .flatten()
        .flat_map(|survey| {
            let texts = survey.texts.iter().map(|(path, _)| path);
            survey.paths.iter().map(|(path, _)| path).chain(texts).cloned()
        })
        .collect();
    let hiding = Hiding::new(paths.iter(), layers);
    let top = layers.len();
    let mut merged = Survey::default();
    let mut vendor = String::new();
    for (at, survey) in surveys.into_iter().enumerate() {
        let Some(survey) = survey else { continue };
        let stands = |path: &str| hiding.between(path, at, top).is_none();
        merged.unpacked = merged.unpacked.saturating_add(survey.bytes);
        merged.is_cut |= survey.is_cut;
        let mut of_layer: HashMap<String, Content> = survey.contents.into_iter().collect();
        for (path, target) in survey.hard_links {
            let below = || merged.contents.get(&target).copied();
            if let Some(content) = of_layer.get(&target).copied().or_else(below) {
                of_layer.insert(path, content);
            }
        }
        merged.contents.extend(of_layer.into_iter().filter(|(path, _)| stands(path)));
        for (path, target) in survey.paths.into_iter().filter(|(path, _)| stands(path)) {
            match target {
                Some(target) => merged.links.push((path, target)),
                None => merged.programs.push(path),
            }
        }
        for (path, text) in survey.texts.into_iter().filter(|(path, _)| stands(path)) {
            match path.as_str() {
                PASSWD => merged.passwd = text,
                GROUP => merged.group = text,
                OS_RELEASE => merged.os_release = text,
                _ => vendor = text,
            }
        }
    }
    if merged.os_release.is_empty() {
        merged.os_release = vendor;
    }
    merged.programs.sort_unstable();
    merged.programs.dedup();
    merged.links.sort_unstable();
    merged.links.dedup();
    Some(merged)
}

#[cfg(test)]
mod tests {
    use super::{LayerSurvey, content_of, merge};
    use crate::layer::{LayerInventory, path_hash};

    fn layer(files: &[(&str, u32)], texts: &[(&str, &str)], gone: &[&str]) -> LayerInventory {
        let mut survey = LayerSurvey::default();
        for (path, mode) in files {
            survey.file(path, *mode, 10);
        }
        for (path, text) in texts {
            survey.texts.push(((*path).to_owned(), (*text).to_owned()));
        }
        let mut layer = LayerInventory::default();
        layer.survey = Some(survey);
        let written =
            files.iter().map(|(path, _)| *path).chain(texts.iter().map(|(path, _)| *path));
        layer.names.extend(written.chain(gone.iter().copied()).map(path_hash));
        layer.sort();
        layer
    }

    #[test]
    fn a_later_layer_takes_programs_away_and_texts_over() {
        let mut layers = [
            layer(&[("bin/sh", 0o755), ("etc/motd", 0o644)], &[("etc/passwd", "old")], &[]),
            layer(&[("app/run", 0o755)], &[("etc/passwd", "new")], &["bin/sh"]),
        ];
        let survey = merge(&mut layers).unwrap();
        assert_eq!(survey.programs, ["app/run"]);
        assert_eq!(survey.passwd, "new");
        assert_eq!(survey.unpacked, 30);
    }

    #[test]
    fn the_content_of_a_program_is_that_of_the_last_layer_that_has_it() {
        let content = |text: &str| content_of(&text.as_bytes()).unwrap();
        let mut below = layer(&[("bin/a", 0o755), ("bin/b", 0o755), ("bin/c", 0o755)], &[], &[]);
        let mut above = layer(&[("bin/b", 0o755)], &[], &["bin/c"]);
        let found = below.survey.as_mut().unwrap();
        for path in ["bin/a", "bin/b", "bin/c"] {
            found.content(path, &"old".as_bytes()).unwrap();
        }
        found.hard_link("bin/linked", 0o755, "bin/a");
        let found = above.survey.as_mut().unwrap();
        found.content("bin/b", &"newer".as_bytes()).unwrap();
        found.hard_link("bin/far", 0o755, "bin/a");
        found.hard_link("bin/lost", 0o755, "bin/nothing");
        let survey = merge(&mut [below, above]).unwrap();
        let expected = [
            ("bin/a", content("old")),
            ("bin/b", content("newer")),
            ("bin/far", content("old")),
            ("bin/linked", content("old")),
        ];
        let expected = expected.map(|(path, content)| (path.to_owned(), content));
        assert_eq!(survey.contents, expected.into_iter().collect());
        assert_eq!(content("newer").size, 5);
        assert_eq!(content("").sha256.get(..4), Some(&[0xe3, 0xb0, 0xc4, 0x42][..]));
    }

    #[test]
    fn nothing_was_asked_nothing_is_told() {
        assert_eq!(merge(&mut [LayerInventory::default()]), None);
    }

    #[test]
    fn links_among_programs_are_kept_with_where_they_lead() {
        let mut survey = LayerSurvey::default();
        survey.link("bin", "usr/bin");
        survey.link("usr/bin/sh", "dash");
        survey.link("etc/mtab", "/proc/mounts");
        assert_eq!(survey.paths.len(), 2);
    }
}
