//! Images that mean harm, and keys of all kinds.

use plimsoll_model::{FileKind, LayerFiles, ListedFile, Listing, Scan};
use plimsoll_testkit::Image;
use proptest::prelude::*;

use super::super::keys::Key;
use super::super::state::State;
use super::super::tree::Tree;
use super::sample::{SCAN, scanned};
use super::{buffer, press};

/// Sets a title, clears the screen, turns the direction of writing.
const EVIL: &str = "a\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}b\u{9b}1m";

fn evil() -> Scan {
    let status = format!(
        "Package: {EVIL}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1{EVIL}\n"
    );
    let module = serde_json::json!({"name": format!("n{EVIL}"), "version": format!("1{EVIL}")});
    scanned(
        &Image::new()
            .layer(
                &format!("RUN {EVIL}"),
                &[
                    (
                        "etc/os-release",
                        &format!("ID=debian\nVERSION_ID=12\nPRETTY_NAME=\"{EVIL}\"\n"),
                    ),
                    ("var/lib/dpkg/status", &status),
                    (&format!("opt/{EVIL}"), "x"),
                    (&format!("opt/{EVIL}/node_modules/x/package.json"), &module.to_string()),
                ],
            )
            .layer("COPY", &[("opt/b", "x")]),
    )
}

#[test]
fn no_sequence_of_an_image_reaches_the_terminal() {
    let mut state = State::new(evil());
    for keys in [
        "",
        "<enter>",
        "<esc>j<enter>",
        "<esc>2+",
        "<enter>",
        "<esc>jj<enter>",
        "<esc> ",
        "3",
        "<enter>",
        "<esc> ",
        "4<enter>",
        "<esc>f",
        "<esc>/\u{202e}x<enter>",
    ] {
        press(&mut state, keys);
        let buffer = buffer(&mut state, 120, 40, true);
        for cell in &buffer.content {
            let has_harm = |letter: char| letter.is_control() || letter == '\u{202e}';
            assert!(!cell.symbol().chars().any(has_harm), "{:?} after {keys}", cell.symbol());
        }
    }
}

fn file(path: &str) -> ListedFile {
    ListedFile {
        path: path.into(),
        kind: FileKind::File,
        size: 1,
        mode: 0o644,
        uid: 0,
        gid: 0,
        link: "".into(),
    }
}

#[test]
fn what_lies_too_deep_is_counted_and_told() {
    let deep = vec!["a"; 300].join("/");
    let layer = LayerFiles { files: vec![file("a/b"), file(&deep)], bytes: 2, omitted: 7 };
    let listing = Listing { layers: vec![layer] };
    assert_eq!(Tree::of(&listing, 0, false).omitted, 8);
    let mut scan = SCAN.clone();
    scan.inventory.listing = Some(listing);
    let screen = super::screen(&mut State::new(scan), 120, 40);
    assert!(screen.contains("Files 1 and 8 that are not listed"), "{screen}");
}

#[test]
fn a_million_files_are_shown_and_no_more() {
    let files: Vec<ListedFile> = (0..1_000_100).map(|at| file(&format!("{at:07}"))).collect();
    let listing = Listing { layers: vec![LayerFiles { files, bytes: 1, omitted: 0 }] };
    let tree = Tree::of(&listing, 0, true);
    assert_eq!((tree.nodes.len(), tree.omitted), (1_000_000, 101));
}

fn any_key() -> impl Strategy<Value = Key> {
    let named = prop::sample::select(vec![
        Key::Enter,
        Key::Esc,
        Key::Tab,
        Key::BackTab,
        Key::Backspace,
        Key::Up,
        Key::Down,
        Key::Left,
        Key::Right,
        Key::PageUp,
        Key::PageDown,
        Key::Home,
        Key::End,
        Key::Other,
    ]);
    let useful: Vec<char> = "hjklgGnN/?efsaozq+-1234 ".chars().collect();
    prop_oneof![
        3 => named,
        6 => prop::sample::select(useful).prop_map(Key::Char),
        1 => any::<char>().prop_map(Key::Char),
        1 => prop::sample::select(vec!['b', 'f', 'u', 'd', 'l']).prop_map(Key::Ctrl),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_keys_at_any_size_panic(
        keys in prop::collection::vec(any_key(), 0..60),
        sizes in prop::collection::vec((0_u16..140, 0_u16..60), 1..4),
    ) {
        let mut state = State::new(SCAN.clone());
        for (at, key) in keys.into_iter().enumerate() {
            state.press(key);
            let (width, height) = sizes[at % sizes.len()];
            if at % 5 == 0 {
                buffer(&mut state, width, height, at % 2 == 0);
            }
        }
        for (width, height) in sizes {
            buffer(&mut state, width, height, true);
        }
    }
}
