//! What `set` and the words of `SHELL` switch on.

use super::tree::Tree;

/// Whether the shell stops at the first command that fails: `set -e` is somewhere in the text.
pub(super) fn stops_at_errors(tree: &Tree<'_>) -> bool {
    let by_shell = tree.text.shell.iter().skip(1).any(|word| has_letter(word, 'e'));
    by_shell || sets(tree, 'e', "errexit")
}

/// Whether the text has `set` with that letter or that name.
fn sets(tree: &Tree<'_>, letter: char, name: &str) -> bool {
    tree.calls_of(&["set"]).any(|call| {
        let words: Vec<_> = tree.arguments(call).map(|(_, text)| text).collect();
        words.iter().take_while(|word| word.starts_with('-')).any(|word| has_letter(word, letter))
            || words.windows(2).any(|pair| {
                matches!(pair, [flag, option] if flag.starts_with('-')
                    && flag.ends_with('o')
                    && option == name)
            })
    })
}

/// Whether the word is a group of short flags with that letter in it.
fn has_letter(word: &str, letter: char) -> bool {
    word.strip_prefix('-').is_some_and(|rest| !rest.starts_with('-') && rest.contains(letter))
}
