//! Patterns against the answers of github.com/moby/patternmatcher 0.6.1.

use super::{BuildContext, IgnoreFile, IgnoreProblemKind, Steps};

/// Ignore files, paths that they leave out, and paths that they do not.
const ANSWERS: &[(&str, &[&str], &[&str])] = &[
    ("a/b\n", &["a/b", "a/b/c"], &["a", "b"]),
    ("/a\n", &["a", "a/x"], &["b/a"]),
    ("a/\n", &["a", "a/x"], &[]),
    ("  a \t\n# b\n#b\n", &["a"], &["b", " a"]),
    ("*.go\n", &["x.go", ".go"], &["d/x.go"]),
    ("**/*.go\n", &["x.go", "d/e/x.go", "x.go/y"], &[]),
    ("**/foo\n", &["foo", "a/foo", "foo/b"], &["a/xfoo"]),
    ("**foo\n", &["xfoo", "a/xfoo"], &["foox"]),
    ("foo/**\n", &["foo/x"], &["foo", "foox"]),
    ("foo**\n", &["foo", "foox/y"], &["fo"]),
    ("a/**/b\n", &["a/b", "a/x/y/b"], &["ab", "a/xb"]),
    ("**\n!a\n", &["b", "b/a"], &["a", "a/b"]),
    ("*\n!src\n!src/keep\n", &["lib"], &["src", "src/x"]),
    ("docs\n!docs/README.md\n", &["docs", "docs/x"], &["docs/README.md"]),
    ("!a\na\n", &["a"], &["b"]),
    ("a?c\n", &["abc"], &["ac", "a/c"]),
    ("[a-c]x\n[^a]y\n", &["ax", "by"], &["dx", "ay"]),
    ("a\\*b\n", &["a*b"], &["axb"]),
    ("a b\n", &["a b"], &["a"]),
    ("./a//b/../c\n", &["a/c"], &["a/b"]),
    ("../a\n", &["../a"], &["a"]),
    (".\n", &["."], &["a"]),
    ("/\n", &[], &["a"]),
    ("\u{feff}a\n", &["a"], &[]),
    ("a\r\nb\r\n", &["a", "b"], &[]),
    ("/!a\nb\n", &["b"], &["a"]),
    (
        ".git\nnode_modules\n**/.env\n",
        &[".git/config", "x/.env", "node_modules/a/b"],
        &[".github", "web/node_modules"],
    ),
    ("é*\n", &["été"], &["e"]),
    ("a*b*c\n", &["axxbyyc"], &["ac", "a/b/c"]),
    ("**/a/**\n", &["a/b", "x/a/b"], &["a", "x/a"]),
    ("a+(b)|{c}.$\n", &["a+(b)|{c}.$"], &["aab"]),
    ("***\n", &["a", "a/b"], &[]),
];

fn ignores(file: &IgnoreFile, path: &str) -> bool {
    file.ignores(path, &mut Steps::default()).unwrap()
}

#[test]
fn paths_are_left_out_as_the_builder_leaves_them_out() {
    for (text, out, kept) in ANSWERS {
        let file = IgnoreFile::parse(text.as_bytes());
        for path in *out {
            assert!(ignores(&file, path), "{text:?} leaves {path:?} out");
        }
        for path in *kept {
            assert!(!ignores(&file, path), "{text:?} keeps {path:?}");
        }
    }
}

#[test]
fn what_the_builder_refuses_is_named_with_its_line() {
    for wrong in ["!\n", "[a\n", "a\\\n", "[]a]\n", "[b-a]\n"] {
        let file = IgnoreFile::parse(format!("ok\n{wrong}").as_bytes());
        let problem = file.problems.first().unwrap();
        assert_eq!(problem.line, 2, "{wrong}");
        assert!(matches!(problem.kind, IgnoreProblemKind::Pattern(..)), "{problem:?}");
        assert!(ignores(&file, "ok"));
    }
    let long = format!("{}\nok\n", "x".repeat(70_000));
    let file = IgnoreFile::parse(long.as_bytes());
    assert_eq!(file.problems.first().unwrap().kind, IgnoreProblemKind::LineTooLong);
    assert!(ignores(&file, "ok"));
}

#[test]
fn a_hostile_file_is_bounded() {
    let many = "a*b*c*d\n".repeat(150_000);
    let file = IgnoreFile::parse(many.as_bytes());
    assert_eq!(file.problems.last().unwrap().kind, IgnoreProblemKind::TooMuch);
    let deep = "a/".repeat(2_000);
    let mut steps = Steps::default();
    assert_eq!(file.ignores(&deep, &mut steps), None, "the work is given up");
}

#[test]
fn the_known_files_are_found_by_their_paths() {
    let entries = ["b", "a", "a/x"].map(str::to_owned).to_vec();
    let context = BuildContext::new(None, entries, true);
    assert!(context.has("a/x") && !context.has("x"));
    assert_eq!(context.ignores("a", &mut Steps::default()), Some(false));
}

#[test]
fn a_folder_weighs_what_its_ignore_file_leaves_of_it() {
    let entries = ["a", "a/x", "a/y.log", "ab", "b"].map(str::to_owned).to_vec();
    let sizes = [("b", 1), ("a/x", 20), ("a/y.log", 300), ("ab", 4_000)];
    let sizes = sizes.map(|(path, size)| (path.to_owned(), size)).to_vec();
    let context = BuildContext::new(None, entries.clone(), true).with_sizes(sizes.clone());
    assert_eq!(
        ["a", "a/x", ".", "c"].map(|path| context.bytes(path)),
        [Some(320), Some(20), Some(4_321), None]
    );
    let ignore = Some(IgnoreFile::parse(b"**/*.log\n"));
    assert_eq!(context.with_ignore(ignore).bytes("a"), Some(20));
    let first_level = BuildContext::new(None, entries, false).with_sizes(sizes);
    assert_eq!(["a", "b"].map(|path| first_level.bytes(path)), [None, Some(1)]);
}

proptest::proptest! {
    #[test]
    fn no_file_panics(text in "[a-c/!*?\\[\\]^\\\\. #-]{0,30}(\n[a-c/!*?\\[\\]-]{0,10}){0,3}",
        path in "[a-c/.]{0,12}") {
        IgnoreFile::parse(text.as_bytes()).ignores(&path, &mut Steps::default()).unwrap();
    }
}
