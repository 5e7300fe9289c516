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

/// Whether a name tells which file it is, or that it is none: not where the folder is not known or
/// it is too long.
pub(super) fn is_whole(path: &[u8]) -> bool {
    const OTHERS: [&[u8]; 5] = [b"[", b"anon_inode:", b"pipe:[", b"socket:[", b"memfd:"];
    match path.first() {
        Some(b'/') => path.len() <= 4096 && path != b"/DIR_TOO_LONG/FILENAME_TOO_LONG",
        _ => OTHERS.iter().any(|other| path.starts_with(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_do_not_tell_the_file_are_not_whole() {
        for path in ["", "<NA>", "x.py", "../x.py", "/DIR_TOO_LONG/FILENAME_TOO_LONG"] {
            assert!(!is_whole(path.as_bytes()), "{path}");
        }
        for path in ["/x.py", "pipe:[1]", "anon_inode:[perf]", "[vdso]"] {
            assert!(is_whole(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn what_has_no_path_is_no_file() {
        assert_eq!(file(b"/lib/a.so (deleted)"), Some(&b"/lib/a.so"[..]));
        for path in ["[vdso]", "/memfd:x", "/dev/zero", "", "anon_inode:[perf]", "pipe:[1]"] {
            assert_eq!(file(path.as_bytes()), None, "{path}");
        }
    }
}
