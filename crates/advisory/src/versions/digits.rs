//! Numbers as strings of digits, which have no largest value, and taking text apart.

use std::cmp::Ordering;

/// Compares two strings of ASCII digits by value; leading zeros do not count, empty is zero.
pub(super) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (without_zeros(a), without_zeros(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Without leading zeros.
pub(super) fn without_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|&&byte| byte == b'0').count();
    digits.get(zeros..).unwrap_or_default()
}

/// Whether a string of digits is there and has no other characters.
pub(super) fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// Takes off what fulfils a condition, from the front.
pub(super) fn take<'t>(text: &mut &'t [u8], want: impl Fn(u8) -> bool) -> &'t [u8] {
    let len = text.iter().take_while(|&&byte| want(byte)).count();
    let (taken, rest) = text.split_at_checked(len).unwrap_or((text, &[]));
    *text = rest;
    taken
}

/// Takes digits off, from the front.
pub(super) fn take_number<'t>(text: &mut &'t [u8]) -> &'t [u8] {
    take(text, |byte| byte.is_ascii_digit())
}

/// Takes off one mark, where it is the next.
pub(super) fn take_byte(text: &mut &[u8], mark: u8) -> bool {
    match text.split_first() {
        Some((&first, rest)) if first == mark => {
            *text = rest;
            true
        }
        _ => false,
    }
}

/// Text compared with its runs of digits taken as numbers: `a9` before `a10`.
pub(super) fn natural(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !a.is_empty() && !b.is_empty() {
        let word = |byte: u8| !byte.is_ascii_digit();
        let order = take(&mut a, word)
            .cmp(take(&mut b, word))
            .then_with(|| compare(take_number(&mut a), take_number(&mut b)));
        if order.is_ne() {
            return order;
        }
    }
    a.len().cmp(&b.len())
}

/// Compares text in which the case of ASCII letters does not count.
pub(super) fn ignoring_case(a: &[u8], b: &[u8]) -> Ordering {
    a.iter().map(u8::to_ascii_lowercase).cmp(b.iter().map(u8::to_ascii_lowercase))
}

/// One more than a string of digits says.
pub(super) fn next(digits: &str) -> String {
    let mut bytes = digits.as_bytes().to_vec();
    for byte in bytes.iter_mut().rev() {
        if *byte < b'9' {
            *byte += 1;
            return String::from_utf8(bytes).unwrap_or_default();
        }
        *byte = b'0';
    }
    bytes.insert(0, b'1');
    String::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length_compare_by_value() {
        let long = "9".repeat(10_000);
        assert_eq!(compare(b"007", b"7"), Ordering::Equal);
        assert_eq!(compare(long.as_bytes(), next(&long).as_bytes()), Ordering::Less);
        assert_eq!(next("199"), "200");
        assert_eq!(next(""), "1");
    }

    #[test]
    fn a_natural_order_counts() {
        assert_eq!(natural(b"p1-r9", b"p1-r10"), Ordering::Less);
        assert_eq!(natural(b".r1", b".r1"), Ordering::Equal);
    }
}
