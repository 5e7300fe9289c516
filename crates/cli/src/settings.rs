//! Lines of `NAME = VALUE` under `[SECTION]`s, as npm and pip keep their settings.

use std::path::Path;

use crate::files;

/// The largest file of settings: 1 MiB.
const MAX_FILE: u64 = 1 << 20;

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Empty before the first.
    pub(crate) section: String,
    pub(crate) name: String,
    pub(crate) value: String,
}

/// The settings of a file; none where there is no such file.
pub(crate) fn read(file: &Path) -> Vec<Setting> {
    let bytes = files::read(file, MAX_FILE).unwrap_or_default();
    parse(&String::from_utf8_lossy(&bytes))
}

fn parse(text: &str) -> Vec<Setting> {
    let mut section = String::new();
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with([';', '#']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            name.trim().clone_into(&mut section);
        } else if let Some((name, value)) = line.split_once('=') {
            let value = value.trim();
            let quoted = value.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
            found.push(Setting {
                section: section.clone(),
                name: name.trim().to_owned(),
                value: quoted.unwrap_or(value).to_owned(),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_sections_and_quotes_are_known() {
        let found = parse("; a=1\nb = \"2\"\n[global]\nindex-url = https://x/?a=b\n# c=3\nd\n");
        let shown: Vec<String> =
            found.iter().map(|it| format!("{}/{}/{}", it.section, it.name, it.value)).collect();
        assert_eq!(shown, ["/b/2", "global/index-url/https://x/?a=b"]);
    }
}
