//! A survey of an image for those who build upon it: accounts, programs, links and bytes.
//!
//! It rides on the reading for packages, and only where it is asked for: the paths of a layer may
//! be millions, and a scan needs none of them. Of a file only its path and mode count, but for
//! three small ones whose text is kept.

use std::sync::LazyLock;

use plimsoll_model::Survey;

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::hiding::Hiding;
use crate::layer::LayerInventory;

/// Programs and links of one layer that are kept.
const MAX_PATHS: usize = 200_000;

/// The most bytes of a text that are kept.
const MAX_TEXT: u64 = 1 << 20;

const PASSWD: &str = "etc/passwd";
const GROUP: &str = "etc/group";
const OS_RELEASE: &str = "etc/os-release";
const VENDOR_RELEASE: &str = "usr/lib/os-release";

/// What a survey found in one layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayerSurvey {
    /// Programs and links, each link with its target.
    pub paths: Vec<(String, Option<String>)>,
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
        if mode & 0o111 != 0 || lies_with_programs(path) {
            self.put(path, None);
        }
    }

    /// Takes a symbolic or hard link in.
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
        self.texts.extend(other.texts);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.is_cut |= other.is_cut;
    }
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
    use super::{LayerSurvey, merge};
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
