//! Python packages that lie as archives: wheels (`.whl`) and eggs (`.egg`), ZIP both.
//!
//! Source: <https://packaging.python.org/en/latest/specifications/binary-distribution-format/>.

use crate::cataloguer::{CatalogueError, Cataloguer, File, Found, Want};
use crate::zip::{Zip, ZipError};

use super::python_metadata::metadata;

/// Reads wheels and eggs.
#[derive(Debug)]
pub(crate) struct PythonArchive;

/// Largest metadata that is read.
const MAX_METADATA: u64 = 4 << 20;

impl Cataloguer for PythonArchive {
    fn name(&self) -> &'static str {
        "python-archive"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want::Suffix(".whl"), Want::Suffix(".egg")]
    }

    fn catalogue(&self, file: &File<'_>, found: &mut Found) -> Result<(), CatalogueError> {
        let malformed = |error| match error {
            ZipError::Io(error) => CatalogueError::Io(error),
            error => CatalogueError::malformed("wheel or egg", error),
        };
        let zip = Zip::open(file.content()).map_err(malformed)?;
        for member in zip.members() {
            let member = member.map_err(malformed)?;
            let is_metadata = match member.name.split_once('/') {
                Some(("EGG-INFO", "PKG-INFO")) => true,
                Some((folder, "METADATA")) => folder.ends_with(".dist-info"),
                _ => false,
            };
            if is_metadata {
                let bytes = zip.read(&member, MAX_METADATA).map_err(malformed)?;
                found.add(metadata(&String::from_utf8_lossy(&bytes))?);
                return Ok(());
            }
        }
        found.skip(0, "the archive has no metadata");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use ::zip::ZipWriter;
    use ::zip::write::SimpleFileOptions;

    use super::*;
    use crate::cataloguer::listing;

    fn archive(name: &str) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(b"Name: a\nVersion: 1.2\n").unwrap();
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn wheels_and_eggs_say_what_they_are() {
        let shown = |path, member| listing(&PythonArchive, path, &archive(member));
        assert_eq!(shown("a-1.2-py3-none-any.whl", "a-1.2.dist-info/METADATA"), "pypi a 1.2\n");
        assert_eq!(shown("a-1.2-py3.10.egg", "EGG-INFO/PKG-INFO"), "pypi a 1.2\n");
        assert_eq!(shown("a.egg", "a/PKG-INFO"), "Skipped: the archive has no metadata\n");
    }

    proptest::proptest! {
        #[test]
        fn no_changed_byte_panics(at in 0..200_usize, value in proptest::num::u8::ANY) {
            let mut bytes = archive("EGG-INFO/PKG-INFO");
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
            listing(&PythonArchive, "a.egg", &bytes);
        }
    }
}
