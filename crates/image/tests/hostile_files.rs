//! Every cataloguer, fed with what is made to break parsers, ends soon and without a panic.

use std::time::{Duration, Instant};

use plimsoll_image::cataloguer::{File, Found, Want};
use plimsoll_image::cataloguers;

const SIZE: usize = 1 << 17;

/// A path that the wish is for.
fn path(want: Want) -> String {
    match want {
        Want::Path(path) => path.into(),
        Want::Name("package.json") => "node_modules/a/package.json".into(),
        Want::Name(name @ ("desc" | "files")) => format!("var/lib/pacman/local/a-1-1/{name}"),
        Want::Name(name) => format!("srv/{name}"),
        Want::Suffix(end) => format!("srv/a{end}"),
        Want::In(folder, end) => format!("{folder}/a{end}"),
        Want::InNamed("default", end) => format!("usr/specifications/default/a{end}"),
        Want::InNamed(name, end) => format!("srv/{name}/a{end}"),
        Want::Executable => "usr/bin/a".into(),
    }
}

fn repeated(text: &str) -> Vec<u8> {
    text.as_bytes().iter().copied().cycle().take(SIZE).collect()
}

fn inputs() -> Vec<(&'static str, Vec<u8>)> {
    let nested = |head: &str, text: &str| [head.as_bytes().to_vec(), repeated(text)].concat();
    vec![
        ("nothing", Vec::new()),
        ("one long word", repeated("a")),
        ("nul bytes", repeated("\0")),
        ("open lists", repeated("[")),
        ("open maps", repeated("{\"a\":")),
        ("open maps in packages", nested("{\"packages\":", "{\"a\":")),
        ("open maps in dependencies", nested("{\"dependencies\":", "{\"dependencies\":{\"a\":")),
        ("open tables", nested("[[package]]\na = ", "[")),
        ("dotted keys", nested("[", "a.")),
        ("deep indentation", repeated("a:\n ")),
        ("open flow in YAML", nested("packages: ", "{a: ")),
        ("open elements", repeated("<a>")),
        ("open attributes", nested("<project ", "a='")),
        ("lines of one byte", repeated("a\n")),
        ("blank lines", repeated("\n")),
        ("continued lines", repeated("a\\\n")),
        ("colons", repeated(":")),
        ("quotes", repeated("\"")),
        ("words in brackets", repeated("a (1\n")),
        ("gems", nested("GEM\n  specs:\n    a (1)\n", "      b (1)\n")),
        ("ends of archives", repeated("PK\x05\x06")),
        ("entries of archives", repeated("PK\x01\x02")),
        ("no UTF-8", vec![0xFF; SIZE]),
    ]
}

#[test]
fn no_input_takes_a_cataloguer_down() {
    let inputs = inputs();
    let mut slow = Vec::new();
    for cataloguer in cataloguers::ALL {
        for want in cataloguer.wants() {
            let path = path(*want);
            for (what, content) in &inputs {
                let start = Instant::now();
                let mut found = Found::default();
                // Errors are as good as findings here.
                let _ = cataloguer.catalogue(&File::new(&path, content, true), &mut found);
                if start.elapsed() > Duration::from_secs(5) {
                    slow.push(format!(
                        "{} at {path}, {what}: {:?}",
                        cataloguer.name(),
                        start.elapsed()
                    ));
                }
            }
        }
    }
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}
