//! What the screen looks like.

use ratatui::style::Color;

use super::sample::state;
use super::{buffer, press, screen};

/// The screen after some keys.
fn after(keys: &str, width: u16, height: u16) -> String {
    let mut state = state();
    // The first drawing tells how long a page is.
    screen(&mut state, width, height);
    press(&mut state, keys);
    screen(&mut state, width, height)
}

#[test]
fn an_image_is_opened() {
    insta::assert_snapshot!("opened_80", after("", 80, 24));
    insta::assert_snapshot!("opened_120", after("", 120, 40));
}

#[test]
fn a_layer_shows_what_it_does() {
    insta::assert_snapshot!("layer_80", after("jjjj<tab>l", 80, 24));
    insta::assert_snapshot!("layer_alone_120", after("jjjja<tab>", 120, 40));
}

#[test]
fn a_package_that_is_chosen_narrows_the_rest() {
    insta::assert_snapshot!("package_80", after("3/ssl<enter> ", 80, 24));
    insta::assert_snapshot!("package_120", after("3/ssl<enter> ", 120, 40));
}

#[test]
fn layers_files_packages_and_findings_open() {
    insta::assert_snapshot!("detail_image_80", after("<enter>", 80, 24));
    insta::assert_snapshot!("detail_layer_80", after("jj<enter>", 80, 24));
    insta::assert_snapshot!("detail_file_80", after("2/libssl.so<enter><enter>", 80, 24));
    insta::assert_snapshot!("detail_package_80", after("3<enter>", 80, 24));
    insta::assert_snapshot!("detail_finding_80", after("4<enter>", 80, 24));
}

#[test]
fn a_finding_is_explained_and_changes_are_previewed() {
    insta::assert_snapshot!("explain_80", after("4e", 80, 24));
    insta::assert_snapshot!("changes_80", after("f", 80, 24));
    insta::assert_snapshot!("changes_120", after("f", 120, 40));
}

#[test]
fn help_has_all_keys() {
    insta::assert_snapshot!("help_120", after("?", 120, 50));
}

#[test]
fn a_small_terminal_has_one_pane() {
    insta::assert_snapshot!("small_50", after("3", 50, 12));
}

#[test]
fn without_colours_all_is_still_told() {
    let mut state = state();
    press(&mut state, "jjjja");
    let plain = buffer(&mut state, 120, 40, false);
    assert!(plain.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    let coloured = buffer(&mut state, 120, 40, true);
    assert!(coloured.content.iter().any(|cell| cell.fg == Color::Green || cell.fg == Color::Red));
    let text = |buffer: &ratatui::buffer::Buffer| {
        buffer.content.iter().map(|cell| cell.symbol().to_owned()).collect::<String>()
    };
    assert_eq!(text(&plain), text(&coloured));
}
