//! Patterns in which `*` stands for any characters, none among them.

/// Whether all of a text is as the pattern says.
///
/// A star takes as little as it can and more where the rest asks for it: only the last star is ever
/// tried again, so that the time is at most the product of both lengths.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut in_text) = (0_usize, 0_usize);
    let mut star: Option<(usize, usize)> = None;
    while let Some(letter) = text.get(in_text) {
        match (pattern.get(at), star) {
            (Some('*'), _) => {
                at = at.saturating_add(1);
                star = Some((at, in_text));
            }
            (Some(wanted), _) if wanted == letter => {
                at = at.saturating_add(1);
                in_text = in_text.saturating_add(1);
            }
            (_, Some((after, taken))) => {
                in_text = taken.saturating_add(1);
                at = after;
                star = Some((after, in_text));
            }
            (_, None) => return false,
        }
    }
    pattern.get(at..).is_some_and(|rest| rest.iter().all(|one| *one == '*'))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_is_any_characters_and_all_else_itself() {
        for (pattern, text) in [
            ("*", ""),
            ("a", "a"),
            ("a*", "abc"),
            ("*c", "abcabc"),
            ("a*b*c", "aXbYbc"),
            ("é*", "éa"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a", "ab"), ("*b", "abc"), ("a.c", "abc"), ("a?", "ab")]
        {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_cost_no_more_than_their_product() {
        let (pattern, text) = ("*a".repeat(2000), "a".repeat(1999));
        assert!(!matches(&pattern, &text));
    }

    proptest::proptest! {
        #[test]
        fn every_text_is_like_itself_and_like_a_star(text in "[^*]*") {
            proptest::prop_assert!(matches(&text, &text));
            let within = format!("*{text}*");
            proptest::prop_assert!(matches(&within, &text));
        }
    }
}
