//! Paths in an image.

/// `path` seen from `folder`, without `.`, `..` and doubled slashes; a slash at its end is dropped.
pub(super) fn absolute(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let both = if path.starts_with('/') { ["", path] } else { [folder, path] };
    for part in both.iter().flat_map(|path| path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The last part.
pub(super) fn file_name(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::absolute;

    #[test]
    fn paths_are_seen_from_the_working_folder() {
        assert_eq!(absolute("/app", "./bin/../server"), "/app/server");
        assert_eq!(absolute("/app", "/x//y/"), "/x/y");
        assert_eq!(absolute("/", "../.."), "/");
    }
}
