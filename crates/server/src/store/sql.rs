//! Lists of values in SQL, which neither database takes as one value in the same way.

use super::Connection;

/// How many values a statement gets at most. SQLite goes through the names of all for each one that is
/// bound, so that eight times as many cost 64 times as much; a few hundred cost less than the statement.
const MOST: usize = 512;

/// `$from, …`: `count` of them.
pub(crate) fn in_list(from: usize, count: usize) -> String {
    let all: Vec<String> = (from..from + count).map(|at| format!("${at}")).collect();
    all.join(", ")
}

/// How many numbers stand in a statement at most.
pub(crate) const NUMBERS: usize = 4_096;

/// `1, 2, 3`: numbers as they are, which are read faster than bound; such a statement is not kept.
pub(crate) fn joined(numbers: &[i64]) -> String {
    let all: Vec<String> = numbers.iter().map(i64::to_string).collect();
    all.join(", ")
}

/// `($1, $2), ($3, $4), …`: rows of `width` values each, which are all that the statement binds. SQLite is
/// given values without names, which it need not look for.
pub(crate) fn rows(connection: &Connection, count: usize, width: usize) -> String {
    match connection.backend_name() {
        "SQLite" => vec![format!("({})", vec!["?"; width].join(",")); count].join(","),
        _ => numbered(count, width),
    }
}

fn numbered(count: usize, width: usize) -> String {
    let row = |row: usize| format!("({})", in_list(row * width + 1, width));
    (0..count).map(row).collect::<Vec<_>>().join(", ")
}

/// Parts of a list, each as long as a statement may have rows of `width` values.
pub(crate) fn chunks<T>(list: &[T], width: usize) -> std::slice::Chunks<'_, T> {
    list.chunks((MOST / width.max(1)).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_through() {
        assert_eq!(in_list(3, 2), "$3, $4");
        assert_eq!(numbered(2, 3), "($1, $2, $3), ($4, $5, $6)");
        assert_eq!(chunks(&[1; 2500], 1).count(), 5);
        assert_eq!(chunks(&[1; 65], 8).count(), 2);
    }
}
