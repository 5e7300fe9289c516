//! What keys do.

use plimsoll_testkit::Image;

use super::super::popup::Content;
use super::super::state::{Flow, Pane, State};
use super::sample::{self, state};
use super::{files, findings, packages, press, screen};

#[test]
fn all_is_shown_at_first() {
    let state = state();
    assert_eq!(packages(&state), ["lodash", "libssl3", "curl", "bash", "minimist"]);
    assert_eq!(
        findings(&state),
        [
            "CVE-2025-1004",
            "CVE-2025-1001",
            "CVE-2025-1006",
            "CVE-2025-1002",
            "CVE-2025-1005",
            "GHSA-aaaa-bbbb-cccc"
        ]
    );
    assert_eq!(files(&state), ["app", "etc", "usr", "var"]);
}

#[test]
fn the_layer_under_the_cursor_narrows_packages_and_findings() {
    let mut state = state();
    press(&mut state, "jj");
    assert_eq!((packages(&state), findings(&state)), (vec!["curl"], vec!["CVE-2025-1006"]));
    press(&mut state, "jj");
    assert_eq!(packages(&state), ["minimist"], "the layer that removed it tells so");
    assert!(findings(&state).is_empty());
    press(&mut state, "<esc>");
    assert_eq!(packages(&state).len(), 5);
}

#[test]
fn a_file_narrows_to_the_package_that_owns_it() {
    let mut state = state();
    press(&mut state, "2/libssl.so<enter> ");
    assert_eq!(packages(&state), ["libssl3"]);
    assert_eq!(findings(&state), ["CVE-2025-1001", "CVE-2025-1005"]);
    press(&mut state, "<esc>");
    assert_eq!(packages(&state).len(), 5);
}

#[test]
fn a_folder_narrows_to_what_lies_below_it() {
    let mut state = state();
    press(&mut state, "2/app<enter> ");
    assert_eq!(packages(&state), ["lodash"]);
    press(&mut state, " /bin<enter> ");
    assert_eq!(packages(&state), ["curl", "bash"], "lists of packages name the folder too");
}

#[test]
fn a_package_narrows_files_and_findings() {
    let mut state = state();
    press(&mut state, "3/curl<enter> ");
    assert_eq!(findings(&state), ["CVE-2025-1006"]);
    assert!(files(&state).contains(&"usr/bin/curl".to_owned()), "{:?}", files(&state));
    assert!(!files(&state).contains(&"usr/bin/bash".to_owned()));
    press(&mut state, " ");
    assert_eq!(findings(&state).len(), 6, "the same key takes it back");
}

#[test]
fn a_finding_narrows_to_the_packages_that_have_it() {
    let mut state = state();
    press(&mut state, "4/1002<enter> ");
    assert_eq!(packages(&state), ["bash"]);
    assert_eq!(findings(&state).len(), 6, "its own pane stays whole");
}

#[test]
fn choices_add_up_and_are_taken_back_one_by_one() {
    let mut state = state();
    press(&mut state, "j");
    press(&mut state, "3/libssl<enter> 4/1005<enter> ");
    assert_eq!(packages(&state), ["libssl3"]);
    press(&mut state, "<esc>");
    assert_eq!(packages(&state), ["libssl3", "bash"]);
    press(&mut state, "<esc><esc>");
    assert_eq!(packages(&state).len(), 5);
}

#[test]
fn only_what_can_be_repaired_is_shown_on_demand() {
    let mut state = state();
    press(&mut state, "o");
    assert_eq!(packages(&state), ["lodash", "libssl3", "curl"]);
    assert_eq!(findings(&state).len(), 4);
    press(&mut state, "o");
    assert_eq!(findings(&state).len(), 6);
}

#[test]
fn a_layer_alone_shows_what_it_adds_changes_and_removes() {
    let mut state = state();
    press(&mut state, "jjjja");
    let screen = screen(&mut state, 120, 40);
    for line in ["- ", "~ "] {
        assert!(screen.contains(line), "{screen}");
    }
    assert_eq!(
        files(&state),
        [
            "app",
            "app/node_modules",
            "app/node_modules/minimist",
            "app/node_modules/minimist/package.json",
            "app/server.js",
            "var",
            "var/cache",
            "var/cache/apt",
            "var/cache/apt/pkgcache.bin"
        ]
    );
    press(&mut state, "a");
    assert!(files(&state).contains(&"etc".to_owned()));
}

#[test]
fn bytes_that_later_layers_hide_are_wasted_by_the_layer_that_has_them() {
    let state = state();
    let wasted: Vec<u64> = state.contents.layers.iter().map(|layer| layer.wasted).collect();
    assert!(wasted[0] > 150 && wasted[0] < 250, "the database of packages is written anew");
    assert_eq!(wasted[1], 200_000);
    assert!(wasted[2] > 0 && wasted[2] < 200, "{wasted:?}");
    assert_eq!(wasted[3], 0);
}

#[test]
fn a_search_goes_round_and_into_closed_folders() {
    let mut state = state();
    press(&mut state, "2/curl<enter>");
    let first = state.files.chosen().map(|at| state.files.tree.path(at));
    assert_eq!(first.as_deref(), Some("usr/bin/curl"));
    press(&mut state, "n");
    let second = state.files.chosen().map(|at| state.files.tree.path(at));
    assert_eq!(second.as_deref(), Some("var/lib/dpkg/info/curl.list"));
    press(&mut state, "n");
    assert_eq!(state.files.chosen().map(|at| state.files.tree.path(at)), first);
    press(&mut state, "N");
    assert_eq!(state.files.chosen().map(|at| state.files.tree.path(at)), second);
    press(&mut state, "/no such file<enter>");
    assert_eq!(state.message.as_deref(), Some("nothing here has `no such file`"));
}

#[test]
fn folders_open_and_close() {
    let mut state = state();
    press(&mut state, "2l");
    assert_eq!(files(&state)[..3], ["app", "app/node_modules", "app/server.js"]);
    press(&mut state, "jh");
    assert_eq!(state.files.list.cursor, 0, "closing a closed folder goes to the one above");
    press(&mut state, "h");
    assert_eq!(files(&state), ["app", "etc", "usr", "var"]);
    press(&mut state, "+");
    assert!(files(&state).contains(&"app/node_modules/lodash/lodash.js".to_owned()));
    press(&mut state, "-");
    assert_eq!(files(&state).len(), 4);
}

#[test]
fn each_pane_has_orders_of_its_own() {
    let mut state = state();
    press(&mut state, "s");
    assert_eq!(state.layers.order, [0, 1, 2, 3], "by size the root is first");
    press(&mut state, "s");
    assert_eq!(state.layers.order[0], 1, "the cache is what is wasted most");
    press(&mut state, "3s");
    assert_eq!(packages(&state), ["bash", "curl", "libssl3", "lodash", "minimist"]);
    press(&mut state, "4s");
    assert_eq!(findings(&state)[0], "CVE-2025-1001", "it alone has a probability");
    press(&mut state, "ss");
    assert_eq!(findings(&state)[0], "CVE-2025-1001");
    press(&mut state, "2s");
    assert_eq!(files(&state)[0], "usr");
}

#[test]
fn panes_are_reached_by_tab_number_and_side() {
    let mut state = state();
    for (keys, pane) in [
        ("<tab>", Pane::Files),
        ("<tab><tab>", Pane::Findings),
        ("<tab>", Pane::Layers),
        ("<backtab>", Pane::Findings),
        ("h", Pane::Files),
        ("1l", Pane::Packages),
        ("<left>", Pane::Layers),
        ("4", Pane::Findings),
    ] {
        press(&mut state, keys);
        assert_eq!(state.focus, pane, "{keys}");
    }
}

#[test]
fn a_finding_is_explained_in_the_words_of_the_command() {
    let mut state = state();
    press(&mut state, "4e");
    let finding = state.findings.chosen().and_then(|at| state.contents.finding(at)).unwrap();
    let said = crate::commands::explain::explained(finding, &state.contents.scan.inventory.layers);
    let Some(Content::Text(lines)) = state.popup.as_ref().map(|popup| &popup.content) else {
        panic!("a text is open")
    };
    assert_eq!(lines.join("\n").trim(), said.trim());
    press(&mut state, "<esc>2e");
    assert_eq!(state.message.as_deref(), Some("there is no finding here to explain"));
}

#[test]
fn a_change_shows_what_it_clears() {
    let mut state = state();
    press(&mut state, "f");
    let Some(Content::Changes(changes)) = state.popup.as_ref().map(|popup| &popup.content) else {
        panic!("changes are open")
    };
    let told: Vec<(&str, usize)> =
        changes.iter().map(|change| (change.name.as_str(), change.clears.len())).collect();
    assert_eq!(
        told,
        [
            ("newer build of the base (layer #0, ADD file:01234567… in /)", 2),
            ("update openssl to 3.0.13-1~deb12u1", 2),
            ("update lodash to 4.17.12 in app/node_modules", 1),
            ("update curl to 7.88.1-10+deb12u5", 1),
        ]
    );
    press(&mut state, "j<enter>");
    assert_eq!(packages(&state), ["libssl3"]);
    assert_eq!(findings(&state), ["CVE-2025-1001", "CVE-2025-1005"]);
    press(&mut state, "<esc>3/bash<enter> f");
    assert_eq!(state.message.as_deref(), Some("nothing that is shown has a fix"));
}

#[test]
fn leaving_and_stopping() {
    for (keys, flow) in [
        ("q", Flow::Quit),
        ("<ctrl-c>", Flow::Quit),
        ("/a<ctrl-c>", Flow::Quit),
        ("?<ctrl-c>", Flow::Quit),
        ("?q", Flow::On),
        ("/q", Flow::On),
        ("<ctrl-z>", Flow::Suspend),
    ] {
        assert_eq!(press(&mut state(), keys), flow, "{keys}");
    }
}

#[test]
fn a_folder_is_one_layer() {
    let folder = tempfile::tempdir().unwrap();
    let module = folder.path().join("node_modules/lodash");
    std::fs::create_dir_all(&module).unwrap();
    let text = r#"{"name":"lodash","version":"4.17.4"}"#;
    std::fs::write(module.join("package.json"), text).unwrap();
    std::os::unix::fs::symlink("lodash", folder.path().join("node_modules/link")).unwrap();
    let mut state = State::new(sample::folder(folder.path()));
    press(&mut state, "jj2+");
    assert_eq!(packages(&state), ["lodash"]);
    assert_eq!(
        files(&state),
        [
            "node_modules",
            "node_modules/link",
            "node_modules/lodash",
            "node_modules/lodash/package.json"
        ]
    );
    assert!(screen(&mut state, 120, 40).contains("link → lodash"));
}

#[test]
fn an_image_without_anything_is_shown_too() {
    let mut state = State::new(sample::scanned(&Image::new().layer("CMD", &[])));
    press(&mut state, "j<enter><esc>2 <enter>l3 <enter>e4 <enter>ef/x<enter>nsao<esc>");
    assert!(screen(&mut state, 80, 24).contains("no finding"));
}
