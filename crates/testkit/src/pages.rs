//! Pages of `docs/` that tests make.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Stops a test where a folder of `docs/` has not exactly these pages, by their names; with `UPDATE_DOCS`
/// in the environment it is written anew instead. `package` is whose test `pages` makes them.
pub fn assert_pages(folder: &str, wanted: &BTreeMap<String, String>, package: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(folder);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        if folder.is_dir() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in wanted {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let mut there: BTreeMap<String, String> = BTreeMap::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        there.insert(name, fs::read_to_string(path).unwrap());
    }
    let hint = format!("write them anew: UPDATE_DOCS=1 cargo test -p {package} --test pages");
    assert_eq!(wanted.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>(), "{hint}");
    for (name, text) in wanted {
        assert_eq!(Some(text), there.get(name), "{name}: {hint}");
    }
}
