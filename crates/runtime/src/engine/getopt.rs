//! `getopt(ARGUMENTS, "t:n")`: the options among the arguments of a process.
//!
//! After `sinsp_filter_multivalue_transformer_getopt`: `--` and the first word that is no option end
//! the reading, long options are passed over, an unknown one is `?`, a missing value is empty.

/// What comes of the arguments: of one option the last value, of all an option and its value each.
pub(super) fn read<'a>(
    arguments: &[&'a [u8]],
    options: &[u8],
    selected: Option<u8>,
    mut found: impl FnMut(&'a [u8]),
) {
    let known = |option: u8| {
        let at = options.iter().position(|one| *one == option && option != b':')?;
        Some(options.get(at.saturating_add(1)) == Some(&b':'))
    };
    let mut words = arguments.iter().copied();
    while let Some(word) = words.next() {
        let [b'-', letters @ ..] = word else { return };
        match letters {
            [] | b"-" => return,
            [b'-', ..] => continue,
            _ => {}
        }
        for (at, option) in letters.iter().enumerate() {
            let name = letters.get(at..at.saturating_add(1)).unwrap_or_default();
            let is_wanted = selected.is_none_or(|selected| selected == *option);
            match known(*option) {
                None if selected.is_none() => found(b"?"),
                Some(false) if is_wanted => found(name),
                None | Some(false) => {}
                Some(true) => {
                    let attached = letters.get(at.saturating_add(1)..).unwrap_or_default();
                    let value = if attached.is_empty() { words.next() } else { Some(attached) };
                    match value {
                        _ if !is_wanted => {}
                        None => found(b""),
                        Some(value) => {
                            if selected.is_none() {
                                found(name);
                            }
                            found(value);
                        }
                    }
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(arguments: &[&str], options: &str, selected: Option<u8>) -> Vec<String> {
        let arguments: Vec<&[u8]> = arguments.iter().map(|one| one.as_bytes()).collect();
        let mut values = Vec::new();
        read(&arguments, options.as_bytes(), selected, |value| {
            values.push(String::from_utf8_lossy(value).into_owned());
        });
        values
    }

    #[test]
    fn options_are_read_as_a_program_reads_them() {
        assert_eq!(all(&["-nt", "5", "file", "-x"], "t:nx", None), ["n", "t", "5"]);
        assert_eq!(all(&["-t5", "--long", "-q", "--", "-n"], "t:n", None), ["t", "5", "?"]);
        assert_eq!(all(&["-t"], "t:", None), [""]);
        assert_eq!(all(&["-n", "-t", "a", "-tb"], "t:n", Some(b't')), ["a", "b"]);
    }
}
