//! Java archives: jar, war, ear and their kin, as deep as they are nested.
//!
//! Each archive is one package, and each library copied into it another. Only the directory of an
//! archive is read, and the few members that tell what it is: a nested archive that is stored is
//! read in place, one that is deflated is inflated into memory or, if large, a temporary file.

mod file_name;
mod identity;
mod known;
mod manifest;
pub(crate) mod pom;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::content::ReadAt;
use crate::zip::{Member, Zip, ZipError};

use file_name::FileName;
use identity::{Evidence, Project};
use manifest::Manifest;
use pom::Pom;

/// Reads Java archives.
#[derive(Debug)]
pub(crate) struct JavaArchive;

const ENDS: [&str; 11] =
    [".jar", ".war", ".ear", ".jpi", ".hpi", ".par", ".sar", ".lpkg", ".kar", ".nar", ".rar"];

/// Archives in archives.
const MAX_DEPTH: usize = 8;
/// Archives in one file, however they are nested.
const MAX_ARCHIVES: usize = 20_000;
/// Members in one file, however they are nested.
const MAX_MEMBERS: usize = 4_000_000;
/// Bytes that may be inflated for one file.
const MAX_INFLATED: u64 = 2 << 30;
/// Largest nested archive that is inflated into memory.
const IN_MEMORY: u64 = 8 << 20;
/// Largest manifest or project file that is read.
const MAX_METADATA: u64 = 4 << 20;
/// Folders below `META-INF/maven` that are read.
const MAX_PROJECTS: usize = 5_000;

impl Cataloguer for JavaArchive {
    fn name(&self) -> &'static str {
        "java-archive"
    }

    fn version(&self) -> u32 {
        2
    }

    fn wants(&self) -> &'static [Want] {
        const WANTS: [Want; ENDS.len()] = {
            let mut wants = [Want::Suffix(""); ENDS.len()];
            let mut at = 0;
            #[allow(
                clippy::indexing_slicing,
                reason = "evaluated by the compiler, over equal lengths"
            )]
            while at < ENDS.len() {
                wants[at] = Want::Suffix(ENDS[at]);
                at += 1;
            }
            wants
        };
        &WANTS
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let mut reading = Reading { found, archives: 0, members: 0, inflated: 0, is_cut: false };
        match reading.archive(file.path(), file.content(), 0) {
            Ok(()) => Ok(()),
            Err(ZipError::Io(error)) => Err(error.into()),
            // Other formats share the rarer endings, and an empty jar is used as a marker.
            Err(ZipError::NotZip) if file.size() == 0 || !is_jar(file.name()) => Ok(()),
            Err(error) => Err(CatalogueError::malformed("Java archive", error)),
        }
    }
}

/// The state of reading one file.
struct Reading<'f> {
    found: &'f mut Found,
    archives: usize,
    members: usize,
    inflated: u64,
    is_cut: bool,
}

/// Members that one archive is known by.
#[derive(Default)]
struct Interesting<'z> {
    manifest: Option<Member<'z>>,
    /// By folder below `META-INF/maven`: the properties, the project file.
    projects: BTreeMap<String, [Option<Member<'z>>; 2]>,
    nested: Vec<Member<'z>>,
}

impl Reading<'_> {
    fn archive(&mut self, place: &str, content: &dyn ReadAt, depth: usize) -> Result<(), ZipError> {
        self.archives = self.archives.saturating_add(1);
        let zip = Zip::open(content)?;
        let (mut evidence, interesting) = self.survey(place, &zip)?;
        if let Some(member) = &interesting.manifest {
            match zip.read(member, MAX_METADATA) {
                Ok(bytes) => evidence.manifest = Manifest::parse(&String::from_utf8_lossy(&bytes)),
                Err(error) => self.skip(place, &member.name, &error),
            }
        }
        // Of what was copied in, the short properties say enough.
        let file = FileName::of(place);
        let is_only = interesting.projects.len() == 1;
        for (folder, files) in &interesting.projects {
            let artifact = folder.rsplit('/').next().unwrap_or(folder);
            let is_own = is_only || file.is_of(artifact);
            evidence.projects.extend(self.project(place, &zip, folder, files, is_own));
        }
        self.found.packages.extend(evidence.packages(place));
        for member in &interesting.nested {
            self.nested(place, &zip, member, depth);
        }
        Ok(())
    }

    /// Looks at the names of all members once.
    fn survey<'z>(
        &mut self,
        place: &str,
        zip: &'z Zip<'_>,
    ) -> Result<(Evidence, Interesting<'z>), ZipError> {
        let mut evidence = Evidence::default();
        let mut seen = Interesting::default();
        for member in zip.members() {
            let member = match member {
                Ok(member) => member,
                Err(error) if self.members == 0 => return Err(error),
                Err(error) => {
                    self.found.partial(format!("{place}: {error}"));
                    break;
                }
            };
            self.members = self.members.saturating_add(1);
            if self.members > MAX_MEMBERS {
                self.cut("it has more members than are read");
                break;
            }
            let name = member.name.as_ref();
            if is_class(name) {
                evidence.is_java = true;
                if let Some(print) = known::fingerprint(name) {
                    evidence.has_jndi_lookup |= print.class == known::JNDI_LOOKUP;
                    if evidence.classes.iter().all(|(seen, _)| seen.artifact != print.artifact) {
                        evidence.classes.push((print, name.to_owned()));
                    }
                }
            } else if is_archive(name) {
                evidence.is_java = true;
                seen.nested.push(member);
            } else if name.eq_ignore_ascii_case("META-INF/MANIFEST.MF") {
                evidence.is_java = true;
                seen.manifest = Some(member);
            } else if let Some((folder, file)) = maven_file(name) {
                evidence.is_java = true;
                if seen.projects.len() < MAX_PROJECTS {
                    let files = seen.projects.entry(folder.to_owned()).or_default();
                    if let Some(slot) = files.get_mut(file) {
                        *slot = Some(member);
                    }
                }
            }
        }
        Ok((evidence, seen))
    }

    /// Reads one folder below `META-INF/maven`.
    fn project(
        &mut self,
        place: &str,
        zip: &Zip<'_>,
        folder: &str,
        files: &[Option<Member<'_>>; 2],
        is_own: bool,
    ) -> Option<Project> {
        let [properties, xml] = files;
        let mut text = |member: &Option<Member<'_>>| {
            let member = member.as_ref()?;
            match zip.read(member, MAX_METADATA) {
                Ok(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
                Err(error) => {
                    self.skip(place, &member.name, &error);
                    None
                }
            }
        };
        let mut coordinates = text(properties).map(|text| pom::properties(&text));
        let is_enough = coordinates.as_ref().is_some_and(|c| !c.version.is_empty()) && !is_own;
        let pom = if is_enough { None } else { text(xml).map(|text| Pom::parse(&text)) };
        let pom = match pom {
            Some(Ok(pom)) => Some(pom),
            Some(Err(error)) => {
                let name = xml.as_ref().map(|member| member.name.as_ref()).unwrap_or_default();
                self.found.skip(0, format!("{place}!/{name}: {error}"));
                None
            }
            None => None,
        };
        if let (None, Some(pom)) = (&coordinates, &pom) {
            // A parent or aggregator is metadata about other artefacts, not one itself.
            if pom.packaging == "pom" {
                return None;
            }
            coordinates = Some(pom.own.clone());
        }
        let mut coordinates = coordinates?;
        let mut parts = folder.rsplit('/');
        let (artifact, group) =
            (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        fill(&mut coordinates.artifact, pom.as_ref().map(|pom| &pom.own.artifact), artifact);
        fill(&mut coordinates.group, pom.as_ref().map(|pom| &pom.own.group), group);
        fill(&mut coordinates.version, pom.as_ref().map(|pom| &pom.own.version), "");
        let path = properties.as_ref().or(xml.as_ref()).map(|member| member.name.to_string())?;
        Some(Project { path, coordinates, pom })
    }

    fn nested(&mut self, outer: &str, zip: &Zip<'_>, member: &Member<'_>, depth: usize) {
        let place = format!("{outer}!/{}", member.name);
        if depth >= MAX_DEPTH || self.archives >= MAX_ARCHIVES {
            self.cut("archives are nested deeper or in larger number than is read");
            return;
        }
        let outcome = match zip.in_place(member) {
            Ok(Some(slice)) => self.archive(&place, &slice, depth + 1),
            Ok(None) => self.inflated(&place, zip, member, depth),
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => {}
            Err(ZipError::NotZip) if member.size == 0 || !is_jar(&place) => {}
            Err(error) => self.found.partial(format!("{place}: {error}")),
        }
    }

    fn inflated(
        &mut self,
        place: &str,
        zip: &Zip<'_>,
        member: &Member<'_>,
        depth: usize,
    ) -> Result<(), ZipError> {
        let left = MAX_INFLATED.saturating_sub(self.inflated);
        if member.size <= IN_MEMORY {
            let bytes = zip.read(member, left.min(IN_MEMORY))?;
            self.inflated = self.inflated.saturating_add(bytes.len() as u64);
            return self.archive(place, &bytes, depth + 1);
        }
        let mut file = io::BufWriter::with_capacity(1 << 16, tempfile::tempfile()?);
        let outcome = zip.read_to(member, left, &mut file);
        self.inflated = self.inflated.saturating_add(*outcome.as_ref().unwrap_or(&left));
        let size = outcome?;
        file.flush()?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        self.archive(place, &Spilled { file, size }, depth + 1)
    }

    fn skip(&mut self, place: &str, member: &str, error: &ZipError) {
        self.found.partial(format!("{place}!/{member}: {error}"));
    }

    /// Says once that something was left out.
    fn cut(&mut self, message: &str) {
        if !self.is_cut {
            self.found.partial(message);
        }
        self.is_cut = true;
    }
}

/// An archive that was inflated into a temporary file.
struct Spilled {
    file: fs::File,
    size: u64,
}

impl ReadAt for Spilled {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn size(&self) -> u64 {
        self.size
    }
}

fn fill(field: &mut String, better: Option<&String>, fallback: &str) {
    if field.is_empty() {
        better.filter(|value| !value.is_empty()).map_or(fallback, |value| value).clone_into(field);
    }
}

/// The Java machine itself wants this end in small letters.
#[allow(clippy::case_sensitive_file_extension_comparisons, reason = "as the machine does")]
fn is_class(name: &str) -> bool {
    name.ends_with(".class")
}

/// The one end that no other format shares.
fn is_jar(name: &str) -> bool {
    name.rsplit('.').next().is_some_and(|end| end.eq_ignore_ascii_case("jar"))
}

fn is_archive(name: &str) -> bool {
    let dot = name.rfind('.').and_then(|dot| name.get(dot..));
    dot.is_some_and(|end| ENDS.iter().any(|known| known.eq_ignore_ascii_case(end)))
}

/// Of `META-INF/maven/GROUP/ARTIFACT/pom.properties` the folder and which of the two files it is;
/// templates that lie deeper are none.
fn maven_file(name: &str) -> Option<(&str, usize)> {
    let (folder, file) = name.rsplit_once('/')?;
    let kind = match file {
        "pom.properties" => 0,
        "pom.xml" => 1,
        _ => return None,
    };
    let at = folder.find("META-INF/maven/")?;
    let starts = at == 0 || folder.get(..at)?.ends_with('/');
    let below = folder.get(at..)?.strip_prefix("META-INF/maven/")?;
    (starts && below.matches('/').count() == 1).then_some((folder, kind))
}

#[cfg(test)]
mod tests;
