//! Which names of the kernel's are paths of files.

/// The path of a file in a container, without what the kernel says behind one that was deleted; none
/// of what is no file.
pub(super) fn file(path: &[u8]) -> Option<&[u8]> {
    let path = path.strip_suffix(b" (deleted)").unwrap_or(path);
    let is_file = path.first() == Some(&b'/')
        && (2..=4096).contains(&path.len())
        && ![&b"/dev/"[..], b"/memfd:", b"/proc/", b"/sys/", b"/SYSV", b"/anon_hugepage"]
            .iter()
            .any(|other| path.starts_with(other));
    is_file.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_path_is_no_file() {
        assert_eq!(file(b"/lib/a.so (deleted)"), Some(&b"/lib/a.so"[..]));
        for path in ["[vdso]", "/memfd:x", "/dev/zero", "", "anon_inode:[perf]", "pipe:[1]"] {
            assert_eq!(file(path.as_bytes()), None, "{path}");
        }
    }
}
