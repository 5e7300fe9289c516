//! Names of users and teams, which stand in pages, logs and addresses.

use crate::api::Problem;

/// The most that a name may have.
const MOST: usize = 64;

/// A name of a user or a team: letters, digits and `._@-`.
pub(super) fn checked(what: &str, name: &str) -> Result<(), Problem> {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "._@-".contains(it);
    let is_good = !name.is_empty() && name.len() <= MOST && name.chars().all(is_plain);
    if is_good && name.starts_with(|it: char| it.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(Problem::bad_request(format!(
        "the name of a {what} is 1 to {MOST} letters, digits and `._@-`, and begins with a letter \
         or digit"
    )))
}

/// Free text of one line.
pub(super) fn line(what: &str, text: &str, most: usize) -> Result<(), Problem> {
    if text.chars().count() > most || text.chars().any(char::is_control) {
        return Err(Problem::bad_request(format!(
            "{what} is at most {most} characters without control characters"
        )));
    }
    Ok(())
}

/// Text of strangers for one line of a log.
pub fn shown(text: &str) -> String {
    text.chars().take(200).map(|it| if it.is_control() { '\u{fffd}' } else { it }).collect()
}
