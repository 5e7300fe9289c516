//! A shell text of any kind in every dialect: the parser ends, and its errors stand in the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_build::shell::{Dialect, parse};

fuzz_target!(|data: &[u8]| {
    let [dialect, text @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let dialect = Dialect::ALL[usize::from(*dialect) % Dialect::ALL.len()];
    let script = parse(text, dialect);
    let fits = |start: u32, end: u32| text.get(start as usize..end as usize).is_some();
    assert!(script.errors.iter().all(|error| fits(error.span.start, error.span.end)));
    assert!(script.comments.iter().all(|comment| fits(comment.start, comment.end)));
    for placed in script.simple_commands() {
        assert!(fits(placed.command.span.start, placed.command.span.end));
        for word in &placed.command.words {
            assert!(fits(word.span.start, word.span.end));
        }
    }
});
