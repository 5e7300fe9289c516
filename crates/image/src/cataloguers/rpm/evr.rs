//! Epoch, version and release as one text, and the source package in a file name.

use plimsoll_model::SourcePackage;

/// `[epoch:]version-release`; an epoch of 0 is not written.
pub(super) fn version(epoch: u32, version: &str, release: &str) -> String {
    match epoch {
        0 => format!("{version}-{release}"),
        _ => format!("{epoch}:{version}-{release}"),
    }
}

/// What `name-version-release.src.rpm` says. The file name states no epoch; that of the binary
/// package is the source's in all but a few packages that set it per subpackage.
pub(super) fn source_package(file: &str, epoch: u32) -> Option<SourcePackage> {
    let stem = file.strip_suffix(".rpm")?;
    let (rest, release) = stem.rsplit_once('.')?.0.rsplit_once('-')?;
    let (name, stated) = rest.rsplit_once('-')?;
    let whole = !name.is_empty() && !stated.is_empty() && !release.is_empty();
    whole.then(|| SourcePackage { name: name.into(), version: version(epoch, stated, release) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_file_names_split_from_the_end() {
        let of =
            |file, epoch| source_package(file, epoch).map(|s| format!("{} {}", s.name, s.version));
        assert_eq!(of("gcc-c++-8.5.0-4.el8.src.rpm", 0).as_deref(), Some("gcc-c++ 8.5.0-4.el8"));
        assert_eq!(of("vim-8.0-1.nosrc.rpm", 2).as_deref(), Some("vim 2:8.0-1"));
        assert_eq!(of("(none)", 0), None);
        assert_eq!(of("-1-.src.rpm", 0), None);
    }
}
