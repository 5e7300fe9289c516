//! Steps of a history as words: `/bin/sh -c apt-get update && apt-get install git`.
//!
//! A history says what was run and not what was written, so that this is no shell's grammar: what
//! stands between `&&` is a command, and what stands between spaces is a word.

/// The commands of a step, each in words.
pub(super) fn commands(step: &str) -> Vec<Vec<&str>> {
    step.split("&&").map(|command| command.split_whitespace().collect()).collect()
}

/// Whether all of these are words of a command.
pub(super) fn has_all(command: &[&str], wanted: &[&str]) -> bool {
    wanted.iter().all(|word| command.contains(word))
}

/// Whether `apt` or `apt-get` is told to do this.
pub(super) fn is_apt(command: &[&str], action: &str) -> bool {
    command.contains(&action) && (command.contains(&"apt") || command.contains(&"apt-get"))
}

/// Words as a shell makes them, quotes taken away; what is quoted is one word.
pub(super) fn unquoted(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => word.get_or_insert_default().extend(letters.next()),
            '\'' => {
                let word = word.get_or_insert_default();
                word.extend(letters.by_ref().take_while(|it| *it != '\''));
            }
            '"' => {
                let word = word.get_or_insert_default();
                while let Some(letter) = letters.next().filter(|it| *it != '"') {
                    if letter == '\\' {
                        word.extend(letters.next());
                    } else {
                        word.push(letter);
                    }
                }
            }
            space if space.is_whitespace() => all.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    all.extend(word);
    all
}

#[cfg(test)]
mod tests {
    use super::unquoted;

    #[test]
    fn what_is_quoted_is_one_word() {
        assert_eq!(unquoted(r#"a  b="c d" 'e f'g "\"h" \ i"#), ["a", "b=c d", "e fg", "\"h", " i"]);
        assert_eq!(unquoted("'open"), ["open"]);
        assert!(unquoted("  ").is_empty());
    }
}
