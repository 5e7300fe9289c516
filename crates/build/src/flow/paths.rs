//! Paths of an image, made absolute and compared.

/// Longest path that is followed, in bytes.
const MOST_BYTES: usize = 4096;

/// A path as seen from a folder, without `.`, `..` and a slash at the end; `None` where a variable
/// or a substitution is in it, or where it starts from a folder that is not known.
pub(super) fn absolute(folder: Option<&str>, path: &str) -> Option<String> {
    let is_plain = !path.contains(['$', '`', '~', '\\', '{', '\n', '\0']);
    if path.is_empty() || path.len() > MOST_BYTES || !is_plain {
        return None;
    }
    let folder = if path.starts_with('/') { "" } else { folder? };
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let whole = format!("/{}", parts.join("/"));
    (whole.len() <= MOST_BYTES).then_some(whole)
}

/// Whether `path` is `folder` or lies in it.
pub(crate) fn is_within(path: &str, folder: &str) -> bool {
    match path.strip_prefix(folder) {
        Some(rest) => rest.is_empty() || rest.starts_with('/') || folder == "/",
        None => false,
    }
}

/// Whether a removal of `pattern`, in which `*` and `?` stand for parts of names, takes all of
/// `path` away.
pub(crate) fn covers(pattern: &str, path: &str) -> bool {
    let mut wanted = pattern.split('/');
    let mut names = path.split('/');
    loop {
        match (wanted.next(), names.next()) {
            (None, _) => return true,
            (Some(_), None) => return false,
            (Some(wanted), Some(name)) => {
                if !name_is_like(name, wanted) {
                    return false;
                }
            }
        }
    }
}

/// Whether a name is as a pattern of the shell wants it; sets in brackets match nothing.
fn name_is_like(name: &str, pattern: &str) -> bool {
    if name.starts_with('.') && pattern.starts_with(['*', '?']) {
        return false;
    }
    let (name, pattern) = (name.as_bytes(), pattern.as_bytes());
    let (mut at, mut of) = (0_usize, 0_usize);
    let mut retry: Option<(usize, usize)> = None;
    while at < name.len() {
        match pattern.get(of) {
            Some(b'*') => {
                retry = Some((at, of));
                of = of.saturating_add(1);
            }
            Some(wanted) if *wanted == b'?' || name.get(at) == Some(wanted) => {
                at = at.saturating_add(1);
                of = of.saturating_add(1);
            }
            _ => match retry {
                Some((from, star)) => {
                    at = from.saturating_add(1);
                    of = star.saturating_add(1);
                    retry = Some((at, star));
                }
                None => return false,
            },
        }
    }
    pattern.get(of..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

/// The last part of a path.
pub(crate) fn base_name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

/// Folders in which a command is found without a path.
pub(super) const COMMAND_FOLDERS: &[&str] =
    &["/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/busybox"];

/// Whether what comes into a folder may be a command, or lie below it as one.
pub(super) fn may_hold_commands(folder: &str) -> bool {
    COMMAND_FOLDERS.iter().any(|known| is_within(known, folder) || is_within(folder, known))
}

#[cfg(test)]
mod tests {
    use super::{absolute, covers, is_within};

    #[test]
    fn paths_are_made_absolute() {
        let seen = |path| absolute(Some("/app"), path);
        assert_eq!(seen("a/./b/../c/").as_deref(), Some("/app/a/c"));
        assert_eq!(seen("/x//y").as_deref(), Some("/x/y"));
        assert_eq!(seen("../../..").as_deref(), Some("/"));
        assert_eq!(seen("$HOME/x"), None);
        assert_eq!(absolute(None, "x"), None);
    }

    #[test]
    fn a_pattern_covers_what_lies_below_it() {
        assert!(covers("/tmp/*", "/tmp/a.tgz") && covers("/tmp/*", "/tmp/a/b"));
        assert!(covers("/tmp", "/tmp/a") && covers("/a/*.t?z", "/a/b.tgz"));
        assert!(!covers("/tmp/*", "/tmp") && !covers("/tmp/a", "/tmp/ab"));
        assert!(!covers("/tmp/*", "/tmp/.hidden") && covers("/a*b*c", "/axbxbxc"));
        assert!(is_within("/a/b", "/a") && is_within("/a", "/") && !is_within("/ab", "/a"));
    }
}
