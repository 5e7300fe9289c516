//! Paths put together as libsinsp does it: `sinsp_utils::concatenate_paths`.

/// The longest path, with the NUL that C puts behind it.
const MOST: usize = 1024;

/// What a path means in a folder, in a buffer of the longest. Only the path is normalised, not the
/// folder.
pub(crate) fn joined<'b>(folder: &[u8], path: &[u8], buffer: &'b mut [u8; MOST]) -> &'b [u8] {
    if folder.len() + path.len() + 1 > MOST {
        return b"/DIR_TOO_LONG/FILENAME_TOO_LONG";
    }
    let mut target = Target { bytes: buffer, len: 0 };
    let relative = path.first().is_some_and(|first| *first != b'/');
    if relative {
        for byte in folder {
            target.push(*byte);
        }
    }
    let empty_base = target.len == 0;
    let mut rest = path;
    while let Some((first, behind)) = rest.split_first() {
        let begins = target.len == 0 || target.last() == Some(b'/');
        rest = match (first, behind) {
            (b'.', [b'.', b'/', behind @ ..]) if begins => {
                target.leave();
                behind
            }
            (b'.', b".") if begins => {
                target.leave();
                &[]
            }
            (b'.', [b'/', behind @ ..]) if begins => behind,
            (b'.', []) if begins => &[],
            (b'/', behind) => {
                let doubled = target.last() == Some(b'/');
                if !doubled && (target.len > 0 || empty_base) {
                    target.push(b'/');
                }
                behind
            }
            (byte, behind) => {
                target.push(*byte);
                behind
            }
        };
    }
    if target.len > 1 && target.last() == Some(b'/') {
        target.len -= 1;
    }
    let len = target.len;
    buffer.get(..len).unwrap_or_default()
}

struct Target<'b> {
    bytes: &'b mut [u8; MOST],
    len: usize,
}

impl Target<'_> {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }

    fn last(&self) -> Option<u8> {
        self.bytes.get(self.len.checked_sub(1)?).copied()
    }

    /// Goes up to the folder above.
    fn leave(&mut self) {
        if self.len <= 1 {
            return;
        }
        self.len -= 1;
        while self.len >= 1 && self.last() != Some(b'/') {
            self.len -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(folder: &str, path: &str) -> String {
        let mut buffer = [0; MOST];
        let joined = joined(folder.as_bytes(), path.as_bytes(), &mut buffer);
        String::from_utf8(joined.to_vec()).unwrap()
    }

    #[test]
    fn paths_are_put_together_as_the_kernel_walks_them() {
        assert_eq!(path("/root/", "a"), "/root/a");
        assert_eq!(path("/root/", "./a/../b"), "/root/b");
        assert_eq!(path("/root/", "../../etc//passwd"), "/etc/passwd");
        assert_eq!(path("/root/", "/etc/./passwd/"), "/etc/passwd");
        assert_eq!(path("", "../a"), "a");
        assert_eq!(path("/", ".."), "/");
        assert_eq!(path("/a/", ""), "");
        assert_eq!(path("/a/", "..."), "/a/...");
        assert_eq!(path("/", "."), "/");
        assert_eq!(path("", "foo/../a"), "a");
        assert_eq!(path("/x/", &"a".repeat(1024)), "/DIR_TOO_LONG/FILENAME_TOO_LONG");
    }
}
